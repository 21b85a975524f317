//! How much memory reading and writing take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use allocation_counter::{AllocationInfo, measure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, FlushCompress};
use tlsrpt::{
    Address, Datagram, DatagramWriter, Detail, Document, Failure, FailureTexts, Policy, PolicyCode,
    PolicyType, ReadError, Reader, Report, ResultCode, ResultType, Summary, UtcDay,
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
