use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::gzip::Compressor;
use crate::limits;
use crate::read::{Anomaly, Quirk, ReadError, Reader};
use crate::record::Record;
use crate::report::Policy;
use crate::result::PolicyType;
use crate::tally::{Outcome, PolicyOutcome, Reporter, Session, Tally, Writer};
use crate::time::{UtcDay, unix};

fn mail(plain: bool) -> Mail {
    let day: UtcDay = "2026-11-20".parse().unwrap();
    let record: Record = "v=TLSRPTv1; rua=mailto:tls@example.net".parse().unwrap();
    let mut tally = Tally::new(Writer::new("mx7", 1), 1);
    let policy = PolicyOutcome::new(Policy::new(PolicyType::NO_POLICY_FOUND, ""), Outcome::Success);
    let session =
        Session::new("example.net".try_into().unwrap(), &record, day.start()).policy(policy);
    tally.record(&session, day.start()).unwrap();
    let reporter = Reporter::new("Sender", "tls-reports@sender.example", "mx7").unwrap();
    let report = tally.day(day).unwrap().reports(&reporter, day).next().unwrap();
    if plain { Mail::plain(&report) } else { Mail::gzip(&report, &mut Compressor::new()) }
}

fn message(plain: bool) -> String {
    let unsigned = mail(plain).message("tls@example.net", unix(1_795_220_000)).unwrap();
    String::from_utf8(unsigned.message().to_vec()).unwrap()
}

// checks: tlsrpt/M1, tlsrpt/M2, tlsrpt/M3, tlsrpt/M4
#[test]
fn rfc8460_5_3_the_header_of_a_report() {
    let text = message(false);
    let (header, _) = text.split_once("\r\n\r\n").unwrap();
    let unfolded = header.replace("\r\n ", " ");
    let id = unfolded.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
    assert!(id.starts_with("<20261120.example.net.") && id.ends_with("@sender.example>"), "{id}");
    for line in [
        "From: <tls-reports@sender.example>",
        "To: <tls@example.net>",
        "Date: Sat, 21 Nov 2026 00:13:20 +0000",
        &format!("Subject: Report Domain: example.net Submitter: sender.example Report-ID: {id}"),
        "TLS-Report-Domain: example.net",
        "TLS-Report-Submitter: sender.example",
        "TLS-Required: No",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(unfolded.lines().any(|other| other == line), "{line}");
    }
    assert!(unfolded.contains("Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary="));
    assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 200));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

// checks: tlsrpt/M1, tlsrpt/M2, tlsrpt/M3, tlsrpt/F2, tlsrpt/F3, tlsrpt/H1
#[test]
fn rfc8460_5_3_what_we_write_we_read_strictly() {
    for plain in [false, true] {
        let text = message(plain);
        let reading = Reader::strict().read_mail(text.as_bytes()).unwrap();
        assert_eq!(reading.quirks(), []);
        let [Ok(report)] = &reading.reports[..] else { panic!("{:?}", reading.reports) };
        assert_eq!((report.quirks(), report.anomalies()), (&[][..], &[][..]));
        assert_eq!(report.report().policies().next().unwrap().summary().successful, 1);
        assert_eq!(reading.report_domain.unwrap().as_ref(), "example.net");
        assert_eq!(reading.submitter.unwrap().as_ref(), "sender.example");
        assert_eq!(reading.subject.unwrap().report_id, report.report().report_id());
        // The media type says whether it is gzip.
        let suffix = if plain { "json" } else { "gzip" };
        assert_eq!(mail(plain).post().content_type, format!("application/tlsrpt+{suffix}"));
        assert!(text.contains(&format!("application/tlsrpt+{suffix};\r\n name=\"sender.example!")));
    }
    assert_eq!(mail(true).post().body[0], b'{');
    assert!(mail(true).file_name().to_string().ends_with(".json"));
    assert!(mail(false).file_name().to_string().ends_with(".json.gz"));
}

#[test]
fn addresses_that_are_none_are_refused() {
    for to in ["", "a", "a@b.example!10m", "a@b.example\r\nBcc: c@d.example", "é@b.example"] {
        let result = mail(true).message(to, unix(0)).map(|_| ());
        assert_eq!(result, Err(MailTextError::Recipient), "{to}");
    }
}

const SIGNATURE: &str = "DKIM-Signature: v=1; a=ed25519-sha256; d=Sender.example; s=k;\r\n \
    h=From:To:Date:Subject:Message-ID:MIME-Version:Content-Type:\r\n \
    TLS-Report-Domain:TLS-Report-Submitter; bh=aGFzaA==; b=c2ln\r\n bmF0dXJl\r\n";

// checks: tlsrpt/M2, tlsrpt/M5
#[test]
fn rfc8460_3_a_mail_needs_its_signature() {
    let unsigned = mail(false).message("tls@example.net", unix(0)).unwrap();
    assert_eq!(unsigned.requirement().domain.as_ref(), "sender.example");
    assert_eq!(unsigned.requirement().service, "tlsrpt");
    let error = |from: &str, to: &str| {
        let signature = SIGNATURE.replacen(from, to, 1);
        unsigned.clone().sign(&signature).map(|_| ()).unwrap_err()
    };
    assert_eq!(error("DKIM-Signature", "Signature"), SignatureError::NotAField);
    assert_eq!(error("bmF0dXJl\r\n", "bmF0dXJl"), SignatureError::NotAField);
    assert_eq!(error("\r\n bmF0", "\r\nX: bmF0"), SignatureError::NotAField);
    assert_eq!(error("c2ln\r\n", "c2ln\n"), SignatureError::NotAField);
    assert_eq!(error("Sender.example", "example"), SignatureError::Domain);
    assert_eq!(error("d=Sender.example; ", ""), SignatureError::Domain);
    assert_eq!(error("s=k;", "s=k; l=10;"), SignatureError::Length);
    assert_eq!(error("Subject:", ""), SignatureError::Header("Subject"));
    assert_eq!(error(":TLS-Report-Submitter", ""), SignatureError::Header("TLS-Report-Submitter"));
    assert_eq!(error("bh=aGFzaA==", "bh="), SignatureError::Empty);
    assert_eq!(error("b=c2ln", "x=c2ln"), SignatureError::Empty);
    let message = unsigned.message().to_vec();
    let signed = unsigned.sign(SIGNATURE).unwrap();
    assert_eq!(signed.message(), [SIGNATURE.as_bytes(), &message].concat());
    assert_eq!(signed.clone().into_message(), signed.message());
}

/// A report as strict readers take it, and the header around it.
const JSON: &str = r#"{"organization-name":"S","date-range":{"start-datetime":"2026-11-20T00:00:00Z","end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"a@sender.example","report-id":"1@sender.example","policies":[]}"#;
const HEAD: &str = "From: a@sender.example\nSubject: Report Domain: example.net\n Submitter: sender.example\n Report-ID: <1@sender.example>\nTLS-Report-Domain: example.net\nTLS-Report-Submitter: sender.example\n";

fn part(media_type: &str, body: &[u8]) -> String {
    let body = STANDARD.encode(body);
    format!("Content-Type: {media_type}\nContent-Transfer-Encoding: base64\n\n{body}\n")
}

fn multipart(media_type: &str, parts: &[&str]) -> String {
    let body: String = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
    format!("Content-Type: {media_type}; boundary=\"b\"\n\npreamble\n{body}--b--\nepilogue --b\n")
}

const REPORT: &str = "multipart/report; report-type=TLSRPT";

fn gz() -> Vec<u8> {
    Compressor::new().gzip(JSON.as_bytes())
}

/// The quirks of a mail that holds the report, which reads well.
fn quirks(mail: &str) -> Vec<&'static str> {
    let reading = Reader::lenient().read_mail(mail.as_bytes()).unwrap();
    assert!(
        reading.reports.iter().all(|report| report.as_ref().unwrap().report().to_json() == JSON)
    );
    let strict = Reader::strict().read_mail(mail.as_bytes());
    assert_eq!(strict.is_err(), !reading.quirks().is_empty());
    let crlf = mail.replace('\n', "\r\n");
    assert_eq!(Reader::lenient().read_mail(crlf.as_bytes()).unwrap().quirks(), reading.quirks());
    reading.quirks().iter().map(|quirk| quirk.word()).collect()
}

// checks: tlsrpt/M1, tlsrpt/M2
#[test]
fn house_5_mail_shapes() {
    let text = "Content-Type: text/plain\n\nhello\n";
    let json = part("application/tlsrpt+json", JSON.as_bytes());
    let gzip = part("application/tlsrpt+gzip", &gz());
    let whole = |body: &str| format!("{HEAD}{body}");
    let report = |parts: &[&str]| whole(&multipart(REPORT, parts));
    assert_eq!(quirks(&report(&[text, &gzip])), [""; 0]);
    assert_eq!(quirks(&report(&[text, &json])), [""; 0]);
    assert_eq!(quirks(&whole(&multipart("multipart/report", &[&json]))), ["report-type-missing"]);
    assert_eq!(
        quirks(&whole(&multipart("multipart/report; report-type=x", &[&json]))),
        ["report-type-missing"]
    );
    assert_eq!(quirks(&whole(&multipart("multipart/mixed", &[text, &json]))), ["mime-not-report"]);
    assert_eq!(quirks(&whole(&json)), ["mime-not-report"]);
    for other in ["application/gzip", "application/x-gzip", "application/octet-stream"] {
        assert_eq!(quirks(&report(&[text, &part(other, &gz())])), ["media-type"], "{other}");
    }
    for other in
        ["application/json", "text/plain; name=x.JSON", "application/octet-stream; name=\"x.json\""]
    {
        let odd = part(other, JSON.as_bytes());
        assert_eq!(quirks(&report(&[text, &odd])), ["media-type"], "{other}");
    }
    let disposition =
        part("text/plain\nContent-Disposition: attachment; filename=\"a;b.json\"", JSON.as_bytes());
    assert_eq!(quirks(&report(&[text, &disposition])), ["media-type"]);
    let swapped =
        [part("application/tlsrpt+json", &gz()), part("application/tlsrpt+gzip", JSON.as_bytes())];
    for part in &swapped {
        assert_eq!(quirks(&report(&[part])), ["media-type-mismatch"]);
    }
    let inner = multipart(REPORT, &[text, &json]).replace("--b", "--c").replace("\"b\"", "\"c\"");
    assert_eq!(
        quirks(&whole(&multipart("multipart/mixed", &[text, &inner]))),
        ["nested-multipart"]
    );
    let forwarded = format!(
        "Content-Type: message/rfc822\n\n{}",
        report(&[&json]).replace("--b", "--c").replace("\"b\"", "\"c\"")
    );
    assert_eq!(quirks(&multipart("multipart/mixed", &[text, &forwarded])), ["forwarded"]);
    assert_eq!(quirks(&report(&[&json, &gzip])), ["several-reports"]);
    let without = report(&[&json]).replace("TLS-Report-Submitter: sender.example\n", "");
    assert_eq!(quirks(&without), ["tls-report-header-missing"]);
    let other = report(&[&json]).replace("TLS-Report-Submitter: ", "TLS-Report-Submitter: sub.");
    let reading = Reader::lenient().read_mail(other.as_bytes()).unwrap();
    assert_eq!(reading.quirks(), [Quirk::SubmitterMismatch]);
}

#[test]
fn house_5_transfer_encodings() {
    let body = JSON.replace('=', "=3D").replace("\"policies\"", "=22pol=\nicies\"");
    let quoted = format!(
        "Content-Type: application/tlsrpt+json\nContent-Transfer-Encoding: Quoted-Printable\n\n{body}\n"
    );
    assert_eq!(quirks(&format!("{HEAD}{}", multipart(REPORT, &[&quoted]))), [""; 0]);
    let plain = format!("Content-Type: application/tlsrpt+json\n\n{JSON}\n");
    assert_eq!(quirks(&format!("{HEAD}{}", multipart(REPORT, &[&plain]))), [""; 0]);
}

// checks: tlsrpt/R3
#[test]
fn rfc8460_5_6_the_json_wins() {
    let anomalies = |from: &str, to: &str| {
        let name = "application/tlsrpt+json; name=\"sender.example!example.net!1795132800!1795219199.json\"";
        let mail = format!("{HEAD}{}", multipart(REPORT, &[&part(name, JSON.as_bytes())]));
        assert!(mail.contains(from));
        let reading = Reader::lenient().read_mail(mail.replacen(from, to, 1).as_bytes()).unwrap();
        reading.reports[0].as_ref().unwrap().anomalies().to_vec()
    };
    assert_eq!(anomalies("From", "From"), []);
    assert_eq!(anomalies("<1@", "<2@"), [Anomaly::SubjectMismatch]);
    assert_eq!(anomalies("Submitter: sender", "Submitter: x"), [Anomaly::SubjectMismatch]);
    assert_eq!(anomalies("1795132800!", "1795132801!"), [Anomaly::FilenameMismatch]);
    assert_eq!(anomalies("!1795219199", "!1795219200"), []);
    assert_eq!(anomalies("\"sender.example!", "\"x.example!"), [Anomaly::FilenameMismatch]);
}

#[test]
fn what_the_mail_knows_stands_in() {
    let json = JSON.replace(r#""report-id":"1@sender.example","#, "");
    let json = json.replace("[]", r#"[{"policy":{"policy-type":"no-policy-found"},"summary":{"total-successful-session-count":1,"total-failure-session-count":0}}]"#);
    let mail = format!(
        "{HEAD}{}",
        multipart(REPORT, &[&part("application/tlsrpt+json", json.as_bytes())])
    );
    let reading = Reader::lenient().read_mail(mail.as_bytes()).unwrap();
    let report = reading.reports[0].as_ref().unwrap().report();
    assert_eq!(report.report_id(), "1@sender.example");
    assert_eq!(report.policies().next().unwrap().policy_domain(), "example.net");
}

// checks: tlsrpt/M1
#[test]
fn mails_without_a_report() {
    let error = |mail: &str| Reader::lenient().read_mail(mail.as_bytes()).map(|_| ()).unwrap_err();
    for mail in [
        "",
        "Subject: x\n\nhello",
        "Content-Type: multipart/report\n\nx",
        "Content-Type: multipart/mixed; boundary=b\n\n--b--\n",
    ] {
        assert_eq!(error(mail), MailError::NoReport, "{mail}");
    }
    let octets = part("application/octet-stream", b"\x7fELF");
    assert_eq!(error(&octets), MailError::NoReport);
    let broken = format!("{HEAD}{}", multipart(REPORT, &[&part("application/tlsrpt+json", b"x")]));
    let reading = Reader::lenient().read_mail(broken.as_bytes()).unwrap();
    assert_eq!(reading.reports, [Err(ReadError::NotJson { at: 0 })]);
}

// checks: tlsrpt/P1
#[test]
fn limits_of_nesting() {
    let nested = |levels: usize| {
        let mut body = part("application/tlsrpt+json", JSON.as_bytes());
        for level in 0..levels {
            let boundary = format!("b{level}x");
            body = format!(
                "Content-Type: {REPORT}; boundary={boundary}\n\n--{boundary}\n{body}\n--{boundary}--\n"
            );
        }
        Reader::lenient()
            .read_mail(format!("{HEAD}{body}").as_bytes())
            .map(|reading| reading.reports.len())
    };
    assert_eq!(nested(limits::MIME_DEPTH), Ok(1));
    assert_eq!(nested(limits::MIME_DEPTH + 1), Err(MailError::TooDeep));
}

// checks: tlsrpt/P1
#[test]
fn limits_of_parts_headers_and_size() {
    let read = |mail: &str| {
        Reader::lenient().read_mail(mail.as_bytes()).map(|reading| reading.reports.len())
    };
    let json = part("application/tlsrpt+json", JSON.as_bytes());
    let many = |count: usize| {
        multipart(REPORT, &[&vec!["x: y\n\n"; count - 1][..], &[json.as_str()]].concat())
    };
    assert_eq!(read(&many(limits::MIME_PARTS)), Ok(1));
    assert_eq!(read(&many(limits::MIME_PARTS + 1)), Err(MailError::TooManyParts));
    let (head, body) = json.split_once("\n\n").unwrap();
    let header =
        |size: usize| format!("{head}\nX: {}\n\n{body}", "x".repeat(size - head.len() - 5));
    assert_eq!(read(&header(limits::MIME_HEADER)), Ok(1));
    assert_eq!(read(&header(limits::MIME_HEADER + 1)), Err(MailError::HeaderTooLong));
    let padded = |size: usize| format!("{json}={}", " ".repeat(size - json.len() - 1));
    assert_eq!(read(&padded(limits::MAIL)), Ok(1));
    assert_eq!(read(&padded(limits::MAIL + 1)), Err(MailError::TooLarge));
}

// checks: tlsrpt/M3
#[test]
fn rfc8460_5_3_subjects() {
    let subject = Subject::parse("Report Domain: a  Submitter:\tb Report-ID: <c@d>").unwrap();
    assert_eq!(
        (&*subject.report_domain, &*subject.submitter, &*subject.report_id),
        ("a", "b", "c@d")
    );
    for text in [
        "",
        "report domain: a Submitter: b Report-ID: <c@d>",
        "Report Domain: a Submitter: b Report-ID: c@d",
        "Report Domain: a Submitter: b Report-ID: <c@d> x",
    ] {
        assert_eq!(Subject::parse(text), None, "{text}");
    }
}
