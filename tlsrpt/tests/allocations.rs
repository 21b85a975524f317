//! How much memory reading and writing take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use allocation_counter::{AllocationInfo, measure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, FlushCompress};
use tlsrpt::{
    Address, Compressor, Datagram, DatagramWriter, Detail, Document, Failure, FailureTexts, Policy,
    PolicyCode, PolicyType, ReadError, Reader, Report, ResultCode, ResultType, Summary, UtcDay,
    limits,
};

/// What a piece of work gives, and what it allocates.
fn of<T>(work: impl FnOnce() -> T) -> (T, AllocationInfo) {
    let mut result = None;
    let info = measure(|| result = Some(work()));
    (result.unwrap(), info)
}

/// A report of the size that a large sender writes: 187 policies of 20 failures, a megabyte.
fn large_report() -> Report<'static> {
    let day: UtcDay = "2026-11-20".parse().unwrap();
    let mut report = Report::new("Company-X", "sts@company-x.example", "5065427c-23d3", day.into());
    for i in 0..187_u64 {
        let domain = format!("d{i}.example.com");
        let details = (0..20_u64).map(|j| {
            let mut failure = Failure::new(ResultType::REGISTERED[(i + j) as usize % 11].clone());
            failure.sending_mta_ip = Some(Address::from("2001:db8::1").into_owned());
            failure.receiving_mx_hostname = Some(format!("mx{}.{domain}", j % 4).into());
            failure.receiving_mx_helo = failure.receiving_mx_hostname.clone();
            failure.receiving_ip = Some(Address::V4([203, 0, 113, j as u8].into()));
            failure.failure_reason_code = Some("X509_V_ERR_CERT_HAS_EXPIRED".into());
            Detail { failure, failed_session_count: 1 + (i * 31 + j * 17) % 500 }
        });
        let details: Vec<_> = details.collect();
        let failed = details.iter().map(|detail| detail.failed_session_count).sum();
        let lines = ["version: STSv1", "mode: enforce", "max_age: 604800"];
        let policy = Policy::new(PolicyType::STS, domain.clone())
            .strings(lines)
            .mx_hosts([format!("*.{domain}")]);
        report.push(policy, Summary { successful: i, failed }, details);
    }
    report
}

/// Gzip of 1 GiB of spaces. Its last checksum is wrong, but nobody comes as far as that.
fn bomb() -> Vec<u8> {
    let spaces = vec![b' '; 1 << 20];
    let mut compress = Compress::new(Compression::best(), false);
    let mut portion = || {
        let mut out = Vec::with_capacity(10_000);
        compress.compress_vec(&spaces, &mut out, FlushCompress::Sync).unwrap();
        out
    };
    let (first, second) = (portion(), portion());
    assert_eq!(second, portion(), "once the window is full of spaces, each portion is the same");
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    bytes.extend(first);
    bytes.extend(second.repeat(1_023));
    bytes.extend([3, 0]);
    bytes.extend([0; 8]);
    bytes
}

// checks: tlsrpt/P1
#[test]
fn reading_and_writing_stay_within_their_memory() {
    let report = large_report();
    let (json, stats) = of(|| report.to_json());
    assert!(json.len() > 1_000_000);
    assert_eq!(stats.count_total, 1, "a report is written in one allocation");

    let document = Document::open(json.as_bytes()).unwrap();
    let (reading, stats) = of(|| Reader::strict().read(&document));
    assert_eq!(reading.unwrap().report().to_json(), json);
    assert!(
        stats.count_total <= 300,
        "a report of 3,740 failures took {} allocations",
        stats.count_total
    );

    let bomb = bomb();
    let (result, stats) = of(|| Document::open(&bomb).map(|_| ()));
    assert_eq!(result, Err(ReadError::TooLarge));
    assert!(stats.bytes_max <= 1 << 20, "a bomb took {} bytes", stats.bytes_max);

    let mut mail =
        b"Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            .to_vec();
    for line in bomb.chunks(57) {
        mail.extend_from_slice(STANDARD.encode(line).as_bytes());
        mail.extend_from_slice(b"\r\n");
    }
    let (result, stats) = of(|| Reader::lenient().read_mail(&mail));
    assert_eq!(result.unwrap().reports, [Err(ReadError::TooLarge)]);
    assert!(stats.bytes_max <= 1 << 20, "a bomb by mail took {} bytes", stats.bytes_max);

    let mut writer = DatagramWriter::new();
    write_datagram(&mut writer);
    let (length, stats) = of(|| write_datagram(&mut writer));
    assert_eq!(stats.count_total, 0, "datagrams are written without allocation");
    assert!(length > 200);

    let nested = format!("{{\"x\":{}", "[".repeat(200_000));
    let (result, stats) = of(|| Datagram::read(nested.as_bytes()).is_err());
    assert!(result && stats.bytes_max < 10_000, "{stats:?}");
}

/// A mail of these reports, each a part: gzip as base64, JSON as it is.
fn mail(reports: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut mail = b"Content-Type: multipart/report; report-type=tlsrpt; boundary=b\n\n".to_vec();
    for report in reports.iter().map(AsRef::as_ref) {
        if report.starts_with(b"{") {
            mail.extend_from_slice(b"--b\nContent-Type: application/tlsrpt+json\n\n");
            mail.extend_from_slice(report);
        } else {
            mail.extend_from_slice(b"--b\nContent-Type: application/tlsrpt+gzip\n");
            mail.extend_from_slice(b"Content-Transfer-Encoding: base64\n\n");
            mail.extend_from_slice(STANDARD.encode(report).as_bytes());
        }
        mail.push(b'\n');
    }
    mail.extend_from_slice(b"--b--\n");
    mail
}

/// A report with these policies.
fn with_policies(policies: &str) -> String {
    format!(
        r#"{{"organization-name":"S","date-range":{{"start-datetime":"2026-11-20T00:00:00Z","end-datetime":"2026-11-20T23:59:59Z"}},"contact-info":"a@b.example","report-id":"1","policies":[{policies}]}}"#
    )
}

fn with_details(details: &str) -> String {
    with_policies(&format!(r#"{{"failure-details":[{details}]}}"#))
}

/// Gzip of the text, behind as many empty members as make its ratio look harmless.
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new();
    let mut bytes = compressor.gzip(b"").repeat(text.len() / 200 / 20 + 1);
    bytes.extend(compressor.gzip(text));
    bytes
}

/// The element so many times, with commas.
fn list(element: &str, times: usize) -> String {
    vec![element; times].join(",")
}

// checks: tlsrpt/P1
#[test]
fn one_mail_takes_no_more_memory_than_one_report() {
    let details = with_details(&list("{}", limits::DETAILS));
    let attack = mail(&vec![gzip(with_details(&list("{}", 1_000_000)).as_bytes()); 256]);
    let read = |mail: &[u8]| {
        let (reading, stats) = of(|| Reader::lenient().read_mail(mail).unwrap());
        assert!(stats.bytes_max <= 128 << 20, "reading took {} bytes", stats.bytes_max);
        assert!(stats.bytes_current <= 64 << 20, "{} bytes are kept", stats.bytes_current);
        reading.reports.into_iter().map(|report| report.map(drop)).collect::<Vec<_>>()
    };
    assert!(attack.len() < 7_000_000);
    let reports = read(&attack);
    assert_eq!(reports[0], Err(ReadError::TooManyDetails));
    assert!(reports[1..].iter().all(|report| *report == Err(ReadError::MailBudget)));
    // What one report may have is there, and no more: of octets, details, policies, strings.
    assert_eq!(
        read(&mail(&vec![details; 3])),
        [Ok(()), Err(ReadError::MailBudget), Err(ReadError::MailBudget)]
    );
    let policies = with_policies(&list("{}", limits::POLICIES));
    assert_eq!(read(&mail(&vec![policies; 2])), [Ok(()), Err(ReadError::MailBudget)]);
    let strings = list("\"\"", limits::STRINGS);
    let strings = format!(r#"{{"policy":{{"policy-type":"sts","policy-string":[{strings}]}}}}"#);
    let strings = with_policies(&strings);
    assert_eq!(read(&mail(&vec![strings; 2])), [Ok(()), Err(ReadError::MailBudget)]);
    let small = with_policies("");
    let mut large = with_policies("").into_bytes();
    large.resize(limits::INFLATED, b' ');
    let after = [large.clone(), small.clone().into_bytes()];
    assert_eq!(read(&mail(&after)), [Ok(()), Err(ReadError::MailBudget)]);
    large.pop();
    assert_eq!(read(&mail(&[large, small.into_bytes()])), [Ok(()), Err(ReadError::MailBudget)]);

    // Rows whose every text is of its own, in bytes that must be mended first.
    let texts = r#"{"result-type":"\n","receiving-mx-hostname":"\n","receiving-mx-helo":"\n","sending-mta-ip":"\n","receiving-ip":"\n","failure-reason-code":"\n","x":0}"#;
    let mut texts = with_details(&list(texts, limits::DETAILS)).into_bytes();
    assert!(texts.len() < limits::INFLATED);
    assert_eq!(read(&mail(&[&texts])), [Ok(())]);
    let at = texts.windows(3).position(|bytes| bytes == b"\"x\"").unwrap();
    texts[at + 1] = 0xff;
    texts.resize(limits::INFLATED - 2, b' ');
    assert_eq!(read(&mail(&[&texts])), [Ok(())]);
    texts.resize(limits::INFLATED, b' ');
    assert_eq!(read(&mail(&[&texts])), [Err(ReadError::TooLarge)], "a mended byte has three");
    // Names without a meaning, and parameters of the multipart.
    let names: String = (0..200_000).map(|number| format!(",\"{number:x}\":0")).collect();
    let names = with_policies("").replace("\"S\"", &format!("\"S\"{names}"));
    assert!(names.len() < limits::INFLATED);
    assert_eq!(read(&mail(&[&names])), [Ok(())]);
    let mut parameters = "Content-Type: multipart/report; boundary=b".to_string();
    (0..15_000).for_each(|_| parameters.push_str(";a="));
    let part = "--b\nContent-Type: application/tlsrpt+json\n\n{}\n".repeat(256);
    let parameters = format!("{parameters}\n\n{part}");
    assert_eq!(read(parameters.as_bytes()).len(), 256);
}

fn write_datagram(writer: &mut DatagramWriter) -> usize {
    writer.begin(b"example.net", b"v=TLSRPTv1; rua=mailto:a@b.example");
    writer.begin_policy(PolicyCode::TLSA, Some(b"mx.example.net")).unwrap();
    writer.add_string(b"3 1 1 00AA").unwrap();
    let mut texts = FailureTexts::default();
    texts.receiving_mx_helo = Some(b"bad\xff\r\nbytes");
    writer.add_failure(ResultCode(201), &texts).unwrap();
    writer.end_policy(1).unwrap();
    writer.end().unwrap().len()
}
