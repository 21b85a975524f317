use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::*;
use crate::limits;
use crate::report::{Address, Failure};
use crate::result::{PolicyType, ResultType};
use crate::tally::{Counted, DatagramRefused, Outcome, Refused, Tally, Writer};
use crate::time::unix;

const G1: &str = r#"{"dpv": "1","d": "Example.COM.","pr": "v=TLSRPTv1; rua=mailto:a@b.example","policies":[{"policy-type":9,"t":0,"f":0}]}"#;
const G2: &str = r#"{"dpv": "1","d": "example.net","pr": "v=TLSRPTv1; rua=https://r.example/x,mailto:a@b.example","policies":[{"policy-type":1,"policy-domain": "mx.example.net","policy-string":["3 1 1 00AA"],"failure-details":[{"c":304,"s": "192.0.2.1","n": "mx.example.net","r": "2001:db8::1"}],"t":1,"f":1},{"policy-type":2,"policy-domain": "example.net","policy-string":["version: STSv1"],"t":0,"f":0}]}"#;
const G3: &str = "eyJkcHYiOiAiMSIsImQiOiAiZS5leGFtcGxlIiwicHIiOiAidj1UTFNSUFR2MTtydWE9bWFpbHRvOmFAYi5leGFtcGxlIiwicG9saWNpZXMiOlt7InBvbGljeS10eXBlIjo5LCJwb2xpY3ktZG9tYWluIjogImUuZXhhbXBsZSIsImZhaWx1cmUtZGV0YWlscyI6W3siYyI6MjA1LCJzIjogIiIsIm4iOiAibXguZS5leGFtcGxlIiwiaCI6ICJteC5lLmV4YW1wbGUgRVNNVFBcclxuU1RBUlRUTFNcclxuXCJxXFxcdTAwMDFcdTAwN2YiLCJyIjogIjE5OC41MS4xMDAuNyIsImEiOiAiY2Fmw6kiLCJmIjogImJhZP8gYnl0ZSJ9XSwidCI6MSwiZiI6MX1dfQ==";

fn g3() -> Vec<u8> {
    STANDARD.decode(G3).unwrap()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_vectors_are_those_of_existing_clients() {
    assert_eq!(
        hash(G1.as_bytes()),
        "97896661212bd1fa5ea9c1ff9f735101b586e2491755cae8da6c091206da51d2"
    );
    assert_eq!(
        hash(G2.as_bytes()),
        "9a7f4be963338f6ffeb5ba679e206b80627fa986269a19ae593c8abef0b6cc5b"
    );
    assert_eq!(hash(&g3()), "ff52da5c87cdd849338afb724cd5f5b73c67642631c708a01e19f5c161f159ef");
}

#[test]
fn g1_is_written_byte_for_byte() {
    let mut writer = DatagramWriter::new();
    writer.begin(b"Example.COM.", b"v=TLSRPTv1; rua=mailto:a@b.example");
    writer.begin_policy(PolicyCode::NO_POLICY_FOUND, None).unwrap();
    writer.end_policy(0).unwrap();
    assert_eq!(writer.end().unwrap(), G1.as_bytes());
}

#[test]
fn g2_is_written_byte_for_byte() {
    let mut writer = DatagramWriter::new();
    // What was begun before is forgotten.
    writer.begin(b"x", b"y");
    writer.begin_policy(PolicyCode(77), Some(b"z")).unwrap();
    writer.begin(b"example.net", b"v=TLSRPTv1; rua=https://r.example/x,mailto:a@b.example");
    writer.begin_policy(PolicyCode::TLSA, Some(b"mx.example.net")).unwrap();
    let texts = FailureTexts {
        sending_mta_ip: Some(b"192.0.2.1"),
        receiving_mx_hostname: Some(b"mx.example.net"),
        receiving_ip: Some(b"2001:db8::1"),
        ..FailureTexts::default()
    };
    // Failures and strings may be added in any order.
    writer.add_failure(ResultCode(304), &texts).unwrap();
    writer.add_string(b"3 1 1 00AA").unwrap();
    writer.end_policy(1).unwrap();
    writer.begin_policy(PolicyCode::STS, Some(b"example.net")).unwrap();
    writer.add_string(b"version: STSv1").unwrap();
    writer.end_policy(0).unwrap();
    assert_eq!(writer.end().unwrap(), G2.as_bytes());
}

#[test]
fn g3_is_written_with_u_fffd() {
    let mut writer = DatagramWriter::new();
    writer.begin(b"e.example", b"v=TLSRPTv1;rua=mailto:a@b.example");
    writer.begin_policy(PolicyCode::NO_POLICY_FOUND, Some(b"e.example")).unwrap();
    let texts = FailureTexts {
        sending_mta_ip: Some(b""),
        receiving_mx_hostname: Some(b"mx.e.example"),
        receiving_mx_helo: Some(b"mx.e.example ESMTP\r\nSTARTTLS\r\n\"q\\\x01\x7f"),
        receiving_ip: Some(b"198.51.100.7"),
        additional_information: Some(b"caf\xc3\xa9"),
        failure_reason_code: Some(b"bad\xff byte"),
    };
    writer.add_failure(ResultCode(205), &texts).unwrap();
    writer.end_policy(1).unwrap();
    let bytes = writer.end().unwrap();
    assert_eq!(bytes.len(), 312);
    assert_eq!(hash(bytes), "fb0e61d404c94369ae4357df20ef75b7affcdc1f13e90bbbfde5d2ea900fce98");
}

#[test]
fn numbers_are_written_as_given() {
    let mut writer = DatagramWriter::new();
    writer.begin(b"", b"");
    writer.begin_policy(PolicyCode(i32::MIN), None).unwrap();
    writer.add_mx_host(b"\x08\x0c\t").unwrap();
    writer.add_mx_host(b"").unwrap();
    writer.add_failure(ResultCode(-7), &FailureTexts::default()).unwrap();
    writer.end_policy(i32::MAX).unwrap();
    let expected = r#"{"dpv": "1","d": "","pr": "","policies":[{"policy-type":-2147483648,"mx-host":["\b\f\t",""],"failure-details":[{"c":-7}],"t":1,"f":2147483647}]}"#;
    assert_eq!(writer.end().unwrap(), expected.as_bytes());
}

#[test]
fn steps_out_of_order_are_refused() {
    let mut writer = DatagramWriter::new();
    assert_eq!(writer.begin_policy(PolicyCode::STS, None), Err(OrderError::NoRequest));
    assert_eq!(writer.end(), Err(OrderError::NoRequest));
    writer.begin(b"d", b"r");
    assert_eq!(writer.end(), Err(OrderError::NoPolicy));
    assert_eq!(writer.add_string(b""), Err(OrderError::NoPolicy));
    assert_eq!(writer.add_mx_host(b""), Err(OrderError::NoPolicy));
    assert_eq!(writer.end_policy(0), Err(OrderError::NoPolicy));
    let texts = FailureTexts::default();
    assert_eq!(writer.add_failure(ResultCode(201), &texts), Err(OrderError::NoPolicy));
    writer.begin_policy(PolicyCode::STS, None).unwrap();
    assert_eq!(writer.begin_policy(PolicyCode::STS, None), Err(OrderError::InsidePolicy));
    assert_eq!(writer.end(), Err(OrderError::InsidePolicy));
}

#[test]
fn g1_is_read() {
    let datagram = Datagram::read(G1.as_bytes()).unwrap();
    assert_eq!(datagram.domain().as_ref(), "example.com");
    assert_eq!(datagram.record().uris()[0].to_string(), "mailto:a@b.example");
    let [outcome] = datagram.policies() else { panic!() };
    assert_eq!(outcome.policy.policy_type, PolicyType::NO_POLICY_FOUND);
    assert_eq!((outcome.outcome, outcome.failures.len()), (Outcome::Success, 0));
    assert_eq!(datagram.quirks(), []);
}

#[test]
fn g2_is_read() {
    let datagram = Datagram::read(G2.as_bytes()).unwrap();
    let [tlsa, sts] = datagram.policies() else { panic!() };
    assert_eq!(tlsa.policy.strings, ["3 1 1 00AA"]);
    assert_eq!((tlsa.outcome, sts.outcome), (Outcome::Failure, Outcome::Success));
    let failure = Failure {
        sending_mta_ip: Address::exact("192.0.2.1"),
        receiving_mx_hostname: Some("mx.example.net".into()),
        receiving_ip: Address::exact("2001:db8::1"),
        ..Failure::new(ResultType::TLSA_INVALID)
    };
    assert_eq!(tlsa.failures, [failure]);
    let session = Datagram::read(G2.as_bytes()).unwrap().into_session(unix(5));
    let mut writer = DatagramWriter::new();
    assert_eq!(writer.session(&session).unwrap(), G2.as_bytes());
}

#[test]
fn g3_is_read_with_u_fffd() {
    let bytes = g3();
    let datagram = Datagram::read(&bytes).unwrap();
    assert_eq!(datagram.quirks(), [DatagramQuirk::NotUtf8]);
    let failure = &datagram.policies()[0].failures[0];
    assert_eq!(failure.sending_mta_ip, None);
    assert_eq!(failure.failure_reason_code.as_deref(), Some("bad\u{fffd} byte"));
    let helo = "mx.e.example ESMTP\r\nSTARTTLS\r\n\"q\\\u{1}\u{7f}";
    assert_eq!(failure.receiving_mx_helo.as_deref(), Some(helo));
}

// checks: tlsrpt/S6
#[test]
fn old_clients_write_no_version() {
    let old = G1.replace(r#""dpv": "1","#, "");
    assert!(Datagram::read(old.as_bytes()).is_ok());
    let other = G1.replace(r#""t":0,"f":0"#, r#" "f" : 0 , "x":{"y":[null,1.5,true,-1]}"#);
    assert!(Datagram::read(other.as_bytes()).is_ok());
    let unknown = G2.replace("\"c\":304", "\"c\":901");
    let datagram = Datagram::read(unknown.as_bytes()).unwrap();
    let failure = &datagram.policies()[0].failures[0];
    assert_eq!(failure.result_type, ResultType::VALIDATION_FAILURE);
    assert_eq!(failure.failure_reason_code.as_deref(), Some("collector code 901"));
    let differs = G1.replace("\"t\":0", "\"t\":3");
    let datagram = Datagram::read(differs.as_bytes()).unwrap();
    assert_eq!(datagram.quirks(), [DatagramQuirk::FailureCount]);
}

fn word(bytes: impl AsRef<[u8]>) -> &'static str {
    Datagram::read(bytes.as_ref()).map_or_else(DatagramError::word, |_| "read")
}

#[test]
fn house_4_1_whole_or_not_at_all() {
    for (bytes, expected) in [
        ("", "empty"),
        ("{", "not-json"),
        ("x", "not-json"),
        (&G1[..117], "not-json"),
        ("1", "not-an-object"),
        ("-1", "not-an-object"),
        ("1.5", "not-an-object"),
        ("null", "not-an-object"),
        ("true", "not-an-object"),
        ("\"x\"", "not-an-object"),
        ("[]", "not-an-object"),
        ("{}", "missing-member"),
    ] {
        assert_eq!(word(bytes), expected, "{bytes}");
    }
    for (from, to, expected) in [
        (r#""dpv": "1""#, r#""dpv": "2""#, "version"),
        (r#""dpv": "1""#, r#""dpv": 1"#, "wrong-type"),
        (r#""dpv": "1""#, r#""dpv": "1","dpv": "1""#, "duplicate-member"),
        (r#""dpv": "1""#, r#""x":0,"x":0"#, "duplicate-member"),
        (r#""dpv": "1""#, r#""x":{"y":0,"y":0}"#, "duplicate-member"),
        (r#""d": "Example.COM.","#, "", "missing-member"),
        (r#""Example.COM.""#, "null", "wrong-type"),
        ("Example.COM.", "", "domain"),
        ("Example.COM.", ".", "domain"),
        ("Example.COM.", "example.com..", "domain"),
        ("Example.COM.", r"a\nb", "domain"),
        ("Example.COM.", r"a\u0000", "domain"),
        ("Example.COM.", "192.0.2.1", "domain"),
        ("Example.COM.", r"\ud800", "not-json"),
        (r#""pr": "v=TLSRPTv1; rua=mailto:a@b.example","#, "", "missing-member"),
        ("mailto:a@b.example", "", "record"),
        ("v=TLSRPTv1; rua=mailto:a@b.example", "", "record"),
        (r#"[{"policy-type":9,"t":0,"f":0}]"#, "[]", "no-policy"),
        (r#"[{"policy-type":9,"t":0,"f":0}]"#, "[1]", "wrong-type"),
        (r#"[{"policy-type":9,"t":0,"f":0}]"#, "{}", "wrong-type"),
        (r#","policies":[{"policy-type":9,"t":0,"f":0}]"#, "", "missing-member"),
        (r#""policy-type":9,"#, "", "missing-member"),
        (r#""policy-type":9"#, r#""policy-type":3"#, "policy-type"),
        (r#""policy-type":9"#, r#""policy-type":-1"#, "policy-type"),
        (r#""policy-type":9"#, r#""policy-type":9.0"#, "wrong-type"),
        (r#""policy-type":9"#, r#""policy-type":99999999999"#, "wrong-type"),
        (r#""policy-type":9"#, r#""policy-type":9,"policy-domain":".""#, "domain"),
        (r#""policy-type":9"#, r#""policy-type":9,"policy-domain":null"#, "wrong-type"),
        (r#""policy-type":9"#, r#""policy-type":9,"policy-string":"x""#, "wrong-type"),
        (r#""policy-type":9"#, r#""policy-type":9,"mx-host":[null]"#, "wrong-type"),
        (r#""policy-type":9"#, r#""policy-type":9,"failure-details":[{}]"#, "missing-member"),
        (r#""policy-type":9"#, r#""policy-type":9,"failure-details":[{"c":"x"}]"#, "wrong-type"),
        (
            r#""policy-type":9"#,
            r#""policy-type":9,"failure-details":[{"c":201,"s":1}]"#,
            "wrong-type",
        ),
        (
            r#""policy-type":9"#,
            r#""policy-type":9,"failure-details":[{"c":201,"c":201}]"#,
            "duplicate-member",
        ),
        (r#","f":0"#, "", "missing-member"),
        (r#""f":0"#, r#""f":2"#, "final-result"),
        (r#""f":0"#, r#""f":-1"#, "wrong-type"),
        (r#""f":0"#, r#""f":0.5"#, "wrong-type"),
        (r#""f":0"#, r#""f":1e999"#, "not-json"),
        (r#""t":0"#, r#""t":-1"#, "wrong-type"),
        (r#""f":0}]}"#, r#""f":0}]} x"#, "trailing-bytes"),
    ] {
        assert!(G1.contains(from), "{from}");
        assert_eq!(word(G1.replacen(from, to, 1)), expected, "{to}");
    }
    let mut outside = G1.as_bytes().to_vec();
    outside.push(0xff);
    assert_eq!(word(&outside), "trailing-bytes");
    outside.insert(1, 0xff);
    assert_eq!(word(&outside), "not-json");
    let long = format!("{}.example", "x".repeat(250));
    assert_eq!(word(G1.replace("Example.COM.", &long)), "domain");
}

// checks: tlsrpt/P1
#[test]
fn limits_of_datagrams() {
    let padded = |size: usize| format!("{G1}{}", " ".repeat(size - G1.len()));
    assert_eq!(word(padded(limits::DATAGRAM)), "read");
    assert_eq!(word(padded(limits::DATAGRAM + 1)), "too-long");
    let nested = |depth| {
        G1.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(depth), "]".repeat(depth)), 1)
    };
    assert_eq!(word(nested(limits::DATAGRAM_DEPTH - 1)), "read");
    assert_eq!(word(nested(limits::DATAGRAM_DEPTH)), "too-deep");
    assert_eq!(word(nested(100_000)), "too-deep");
    let listed = |element: &str, count: usize| vec![element; count].join(",");
    let policies = |count| {
        G1.replace(r#"{"policy-type":9,"t":0,"f":0}"#, &listed(r#"{"policy-type":9,"f":0}"#, count))
    };
    assert_eq!(word(policies(limits::DATAGRAM_POLICIES)), "read");
    assert_eq!(word(policies(limits::DATAGRAM_POLICIES + 1)), "too-many");
    for (name, element, max) in [
        ("failure-details", r#"{"c":201}"#, limits::DATAGRAM_FAILURES),
        ("policy-string", r#""x""#, limits::DATAGRAM_STRINGS),
        ("mx-host", r#""x""#, limits::DATAGRAM_STRINGS),
    ] {
        let with =
            |count| G1.replace("\"t\":0", &format!("\"{name}\":[{}]", listed(element, count)));
        assert_eq!(word(with(max)), "read", "{name}");
        assert_eq!(word(with(max + 1)), "too-many", "{name}");
    }
    let text =
        |length| G1.replace("\"t\":0", &format!("\"policy-string\":[\"{}\"]", "x".repeat(length)));
    assert_eq!(word(text(limits::STRING)), "read");
    assert_eq!(word(text(limits::STRING + 1)), "string-too-long");
    let ignored =
        |length| G1.replace("\"t\":0", &format!("\"x\":\"\\n{}\"", "x".repeat(length - 1)));
    assert_eq!(word(ignored(limits::STRING)), "read");
    assert_eq!(word(ignored(limits::STRING + 1)), "string-too-long");
}

#[test]
fn datagrams_are_counted_as_their_sessions() {
    let now = unix(1_795_132_800);
    let mut fast = Tally::new(Writer::new("n", 1), 3);
    let mut slow = fast.clone();
    for bytes in [G1.as_bytes(), G2.as_bytes(), &g3(), G2.as_bytes()] {
        assert_eq!(fast.record_datagram(bytes, now), Ok(Counted::Counted));
        let session = Datagram::read(bytes).unwrap().into_session(now);
        assert_eq!(slow.record(&session, now), Ok(Counted::Counted));
    }
    let day = fast.days().next().unwrap();
    assert_eq!(fast.day(day), slow.day(day));
    assert_eq!(fast.day(day).unwrap().buckets(), 4);
    assert_eq!(fast.statistics(), slow.statistics());
}

#[test]
fn datagrams_that_are_dropped_are_counted_by_reason() {
    let now = unix(1_795_132_800);
    let mut tally = Tally::new(Writer::new("n", 1), 3).room(0);
    for (bytes, error) in [
        ("", DatagramError::Empty),
        ("{", DatagramError::NotJson { at: 0 }),
        (&G1.replace("Example.COM.", "."), DatagramError::Domain),
    ] {
        assert_eq!(
            tally.record_datagram(bytes.as_bytes(), now),
            Err(DatagramRefused::Malformed(error))
        );
    }
    let bad = G1.replace("mailto:a@b.example", "x");
    assert!(tally.record_datagram(bad.as_bytes(), now).is_err());
    let full = DatagramRefused::Refused(Refused::Full);
    assert_eq!(tally.record_datagram(G1.as_bytes(), now), Err(full));
    let malformed: Vec<_> = tally.malformed().collect();
    assert_eq!(malformed, [("domain", 1), ("empty", 1), ("not-json", 1), ("record", 1)]);
    assert_eq!(tally.statistics().full, 1);
}
