use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::gzip::Compressor;

/// A report that a strict reader takes, in canonical form.
const BASE: &str = concat!(
    r#"{"organization-name":"Sender","date-range":{"start-datetime":"2026-11-20T00:00:00Z","#,
    r#""end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"tls@sender.example","report-id":"1@x","#,
    r#""policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: testing"],"#,
    r#""policy-domain":"d.example","mx-host":["mx.d.example"]},"#,
    r#""summary":{"total-successful-session-count":5,"total-failure-session-count":3},"#,
    r#""failure-details":[{"result-type":"certificate-expired","sending-mta-ip":"2001:db8::1","#,
    r#""receiving-mx-hostname":"mx.d.example","receiving-mx-helo":"helo.d.example","#,
    r#""receiving-ip":"192.0.2.1","failed-session-count":2,"additional-information":"https://i.example/","#,
    r#""failure-reason-code":"E1"}]}]}"#
);

fn lenient(json: impl AsRef<[u8]>) -> Result<(String, Vec<&'static str>), &'static str> {
    let document = Document::open(json.as_ref()).map_err(ReadError::word)?;
    let reading = Reader::lenient().read(&document).map_err(ReadError::word)?;
    let quirks: Vec<_> = reading.quirks().iter().map(|quirk| quirk.word()).collect();
    // A strict reader refuses exactly what a lenient one calls a quirk, and the first of them.
    let strict = Reader::strict().read(&document).map_err(ReadError::word);
    assert_eq!(strict.map(|_| ()).err(), quirks.first().copied());
    let canonical = reading.report().to_json();
    assert_eq!(reading.clone().into_owned(), reading);
    if quirks.is_empty() {
        // What we write, a strict reader takes, and reads the same.
        let again = Document::open(canonical.as_bytes()).unwrap();
        assert_eq!(Reader::strict().read(&again).unwrap().report().to_json(), canonical);
    }
    Ok((canonical, quirks))
}

fn with(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "{from}");
    BASE.replacen(from, to, 1)
}

/// Replaces a part of the base report; what comes out has these quirks and this part.
fn quirk(from: &str, to: &str, quirks: &[&str], part: &str) {
    let (canonical, found) = lenient(with(from, to)).unwrap();
    assert_eq!(found, quirks, "{to}");
    assert!(canonical.contains(part), "{part} is not in {canonical}");
}

fn invalid(from: &str, to: &str, reason: &str) {
    assert_eq!(lenient(with(from, to)).map(|(_, quirks)| quirks), Err(reason), "{to}");
}

// checks: tlsrpt/J5, tlsrpt/J8
#[test]
fn a_canonical_report_comes_back_as_it_is() {
    assert_eq!(lenient(BASE), Ok((BASE.into(), vec![])));
}

// checks: tlsrpt/J3, tlsrpt/J4, tlsrpt/J12, tlsrpt/J18
#[test]
fn rfc8460_appendix_b_is_read() {
    let json = r#"{
        "organization-name": "Company-X",
        "date-range": {
          "start-datetime": "2016-04-01T00:00:00Z",
          "end-datetime": "2016-04-01T23:59:59Z"
        },
        "contact-info": "sts-reporting@company-x.example",
        "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
        "policies": [{
          "policy": {
            "policy-type": "sts",
            "policy-string": ["version: STSv1","mode: testing", "mx: *.mail.company-y.example","max_age: 86400"],
            "policy-domain": "company-y.example",
            "mx-host": "*.mail.company-y.example"
          },
          "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
          "failure-details": [{
            "result-type": "certificate-expired",
            "sending-mta-ip": "2001:db8:abcd:0012::1",
            "receiving-mx-hostname": "mx1.mail.company-y.example",
            "failed-session-count": 100
          }, {
            "result-type": "validation-failure",
            "sending-mta-ip": "198.51.100.62",
            "receiving-ip": "203.0.113.58",
            "receiving-mx-hostname": "mx-backup.mail.company-y.example",
            "failed-session-count": 3,
            "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED",
            "additional-information": "https://reports.company-x.example/report_info ? id = 5065427 c - 23 d3# StarttlsNotSupported "
          }]
        }]
      }"#;
    let (canonical, quirks) = lenient(json).unwrap();
    assert_eq!(quirks, ["mx-host-not-array", "additional-information-not-uri"]);
    assert!(canonical.contains(r#""sending-mta-ip":"2001:db8:abcd:12::1""#));
    assert!(canonical.contains(r#""mx-host":["*.mail.company-y.example"]"#));
}

// checks: tlsrpt/P1, tlsrpt/J0
#[test]
fn house_5_bytes() {
    let base = |quirks| Ok((BASE.to_string(), quirks));
    assert_eq!(lenient(format!("\u{feff}{BASE}")), base(vec!["byte-order-mark"]));
    assert_eq!(lenient(format!("{BASE}\0\0")), base(vec!["trailing-bytes"]));
    assert_eq!(lenient(format!("{BASE} x")), base(vec!["trailing-bytes"]));
    assert_eq!(lenient(format!("{BASE} \r\n\t")), base(vec![]));
    let latin = with("Sender", "S\u{1}nder").replace('\u{1}', "\\u0065").into_bytes();
    assert_eq!(lenient(&latin).unwrap().1, [""; 0]);
    let mut latin = BASE.as_bytes().to_vec();
    let at = BASE.find("Sender").unwrap();
    latin[at] = 0xff;
    let (canonical, quirks) = lenient(&latin).unwrap();
    assert_eq!(quirks, ["not-utf-8"]);
    assert!(canonical.contains("\"\u{fffd}ender\""));
    for (to, text) in [
        (r"\ud800", "\u{fffd}"),
        (r"\udc00x", "\u{fffd}x"),
        (r"\ud800A", "\u{fffd}A"),
        (r"\ud83d\ude00\ud83d", "\u{1f600}\u{fffd}"),
        (r"\\ud800\ud800", r"\\ud800�"),
    ] {
        quirk("Sender", to, &["lone-surrogate"], &format!("\"organization-name\":\"{text}\""));
    }
    quirk("Sender", "a\tb\u{1}", &["raw-control-character"], r#""a\tb\u0001""#);
    quirk("Sender", "\\\"\n", &["raw-control-character"], r#""\"\n""#);
    quirk(r#""report-id""#, r#""report-id":"0","report-id""#, &["duplicate-member"], r#""1@x""#);
    quirk(r#""report-id""#, r#""x":0,"x":0,"report-id""#, &["duplicate-member"], r#""1@x""#);
}

#[test]
fn house_5_the_last_of_duplicate_members_counts() {
    let d = &["duplicate-member"];
    quirk(
        r#""policies":"#,
        r#""policies":[{"policy":{"policy-type":"tlsa","policy-string":[],"policy-domain":"x"},"summary":{"total-successful-session-count":9,"total-failure-session-count":9}}],"policies":"#,
        d,
        r#""policies":[{"policy":{"policy-type":"sts""#,
    );
    quirk(
        r#""failure-details":"#,
        r#""failure-details":[{"result-type":"a","failed-session-count":1}],"failure-details":"#,
        d,
        r#""failure-details":[{"result-type":"certificate-expired""#,
    );
    quirk(
        r#""policy-string":"#,
        r#""policy-string":["x"],"policy-string":"#,
        d,
        r#"["version: STSv1","mode: testing"]"#,
    );
    quirk(r#""mx-host":"#, r#""mx-host":["x"],"mx-host":"#, d, r#"["mx.d.example"]"#);
    quirk(
        r#""total-failure-session-count":3"#,
        r#""total-failure-session-count":3,"total-failure-session-count":4"#,
        d,
        r#"count":4"#,
    );
    quirk(
        r#""failed-session-count":2"#,
        r#""failed-session-count":2,"failed-session-count":1"#,
        d,
        r#"failed-session-count":1"#,
    );
    quirk(
        r#""start-datetime":"#,
        r#""start-datetime":"2026-11-19T00:00:00Z","start-datetime":"#,
        d,
        "2026-11-20T00",
    );
    quirk(r#""summary":{"#, r#""summary":{"x":0,"x":1,"#, d, r#""summary":{"total"#);
}

// checks: tlsrpt/F4
#[test]
fn house_5_gzip() {
    let mut bytes = Compressor::new().gzip(BASE.as_bytes());
    assert_eq!(lenient(&bytes), Ok((BASE.into(), vec![])));
    bytes.push(0);
    assert_eq!(lenient(&bytes).unwrap().1, ["gzip-trailing-bytes"]);
    let at = bytes.len() - 2;
    bytes[at] ^= 1;
    assert_eq!(lenient(&bytes).unwrap().1, ["gzip-crc", "gzip-trailing-bytes"]);
    assert_eq!(lenient(&bytes[..at - 1]), Err("gzip-truncated"));
    bytes[2] = 0;
    assert_eq!(lenient(&bytes), Err("gzip-damaged"));
}

// checks: tlsrpt/J5, tlsrpt/J6
#[test]
fn house_5_head() {
    let name = r#""organization-name":"Sender","#;
    quirk(name, "", &["organization-name-missing"], r#""organization-name":"""#);
    quirk(
        name,
        r#""organization-name":null,"#,
        &["organization-name-missing"],
        r#""organization-name":"""#,
    );
    let contact = r#""contact-info":"tls@sender.example","#;
    quirk(contact, "", &["contact-info-missing"], r#""contact-info":"""#);
    for text in ["", "tls", "mailto:tls@sender.example,x@y", "tls@", "tls@sender.example "] {
        let part = format!(r#""contact-info":"{text}""#);
        quirk(contact, &format!("{part},"), &["contact-info-not-address"], &part);
    }
    quirk(r#""report-id":"1@x","#, "", &["report-id-missing"], r#""report-id":"""#);
    for (text, id) in [("17", "17"), ("-1", "-1"), ("1.5", "1.5"), ("true", "true")] {
        let part = format!(r#""report-id":"{id}""#);
        quirk(
            r#""report-id":"1@x""#,
            &format!(r#""report-id":{text}"#),
            &["report-id-not-string"],
            &part,
        );
    }
}

#[test]
fn house_5_what_the_caller_knows_stands_in() {
    let json = with(r#""report-id":"1@x","#, "").replace(r#""policy-domain":"d.example","#, "");
    let document = Document::open(json.as_bytes()).unwrap();
    let reader = Reader::lenient().report_id("2@y").report_domain("e.example");
    let reading = reader.read(&document).unwrap();
    assert_eq!(reading.quirks(), [Quirk::PolicyDomainMissing, Quirk::ReportIdMissing]);
    assert_eq!(reading.report().report_id(), "2@y");
    assert_eq!(reading.report().policies().next().unwrap().policy_domain(), "e.example");
    // What the report says itself counts.
    let document = Document::open(BASE.as_bytes()).unwrap();
    assert_eq!(reader.read(&document).unwrap().report().to_json(), BASE);
}

// checks: tlsrpt/J7
#[test]
fn house_5_dates() {
    let start = r#""2026-11-20T00:00:00Z""#;
    let same = r#""start-datetime":"2026-11-20T00:00:00Z""#;
    quirk(start, r#""2026-11-20T00:00:00""#, &["date-without-zone"], same);
    quirk(start, r#""2026-11-20 00:00:00Z""#, &["date-space-separator"], same);
    quirk(start, r#""2026-11-20 00:00:00""#, &["date-space-separator", "date-without-zone"], same);
    quirk(start, "1795132800", &["date-epoch-number"], same);
    quirk(start, "1795132800.5", &["date-epoch-number"], same);
    quirk(start, r#""2026-11-19T24:00:00Z""#, &["date-hour-24"], same);
    for text in ["2026-11-20t00:00:00z", "2026-11-20T00:00:00.123Z", "2026-11-20T02:00:00+02:00"] {
        quirk(start, &format!("\"{text}\""), &[], same);
    }
}

// checks: tlsrpt/J7, tlsrpt/S1
#[test]
fn house_3_both_spellings_of_the_end_are_one_window() {
    let end = r#""2026-11-20T23:59:59Z""#;
    for text in ["2026-11-21T00:00:00Z", "2026-11-20T23:59:60Z", "2026-11-20T23:59:59.999Z"] {
        quirk(end, &format!("\"{text}\""), &[], r#""end-datetime":"2026-11-20T23:59:59Z""#);
    }
    quirk(
        end,
        r#""2026-11-20T24:00:00Z""#,
        &["date-hour-24"],
        r#""end-datetime":"2026-11-20T23:59:59Z""#,
    );
    quirk(end, r#""2026-11-20T12:00:00Z""#, &[], r#""end-datetime":"2026-11-20T12:00:00Z""#);
}

// checks: tlsrpt/J8, tlsrpt/J9, tlsrpt/J11, tlsrpt/S5
#[test]
fn house_5_policies() {
    let json = BASE.replace("\"policies\":[", "\"policies\":");
    let json = json.strip_suffix("]}").unwrap().to_string() + "}";
    assert_eq!(lenient(json), Ok((BASE.into(), vec!["policies-not-array"])));
    let empty = with(BASE.split_once(r#""policies":["#).unwrap().1, "]}");
    assert_eq!(lenient(&empty), Ok((empty.clone(), vec![])));
    let policy = &BASE[BASE.find(r#""policy":{"#).unwrap()..BASE.find(r#""summary""#).unwrap()];
    for to in ["", r#""policy":null,"#] {
        quirk(
            policy,
            to,
            &["policy-missing"],
            r#"{"policy":{"policy-type":"","policy-domain":""},"#,
        );
    }
    let name = r#""policy-type":"sts","#;
    quirk(name, "", &["policy-type-missing"], r#""policy-type":"","policy-string":["version"#);
    quirk(name, r#""policy-type":"STS","#, &["policy-type-unknown"], r#""policy-type":"STS""#);
    let domain = r#""policy-domain":"d.example","#;
    quirk(domain, "", &["policy-domain-missing"], r#""policy-domain":"""#);
    quirk(domain, r#""policy-domain":"","#, &["policy-domain-missing"], r#""policy-domain":"""#);
    quirk(
        domain,
        r#""policy-domain":"é","#,
        &["policy-domain-not-ascii"],
        r#""policy-domain":"é""#,
    );
}

// checks: tlsrpt/J1, tlsrpt/J2, tlsrpt/J10
#[test]
fn house_5_policy_strings() {
    let strings = r#"["version: STSv1","mode: testing"]"#;
    for to in [
        r#""version: STSv1\r\nmode: testing\r\n""#,
        r#""version: STSv1; mode: testing;""#,
        r#""version: STSv1\nmode: testing""#,
    ] {
        quirk(strings, to, &["policy-string-not-array"], strings);
    }
    let packed = r#""[\"version: STSv1\",\"mode: testing\"]""#;
    quirk(strings, &format!("[{packed}]"), &["policy-string-nested-json"], strings);
    let both = ["policy-string-not-array", "policy-string-nested-json"];
    quirk(strings, packed, &both, strings);
    quirk(strings, r#"["[not json"]"#, &[], r#"["[not json"]"#);
    let missing = &["policy-string-missing"];
    let member = format!(r#""policy-string":{strings},"#);
    quirk(&member, "", missing, r#""policy-string":[]"#);
    quirk(strings, "null", missing, r#""policy-string":[]"#);
    quirk(strings, r#"["a",null]"#, missing, r#""policy-string":["a"]"#);
    quirk(strings, "[]", &[], r#""policy-string":[]"#);
    // Only tlsa and sts have strings.
    let json = BASE.replace("\"sts\"", "\"no-policy-found\"").replace(&member, "");
    let json = json.replace(r#","mx-host":["mx.d.example"]"#, "");
    assert_eq!(lenient(&json), Ok((json.clone(), vec![])));
}

// checks: tlsrpt/J12
#[test]
fn house_5_mx_hosts() {
    let hosts = r#""mx-host":["mx.d.example"]"#;
    quirk(hosts, r#""mx-host":"mx.d.example""#, &["mx-host-not-array"], hosts);
    quirk(&format!(",{hosts}"), "", &["mx-host-missing"], r#""mx-host":[]"#);
    quirk(hosts, r#""mx-host":null"#, &["mx-host-missing"], r#""mx-host":[]"#);
    let pattern = &["mx-host-pattern-key"];
    quirk(hosts, r#""mx-host-pattern":["mx.d.example"]"#, pattern, hosts);
    quirk(hosts, r#""mx-host":["mx.d.example"],"mx-host-pattern":["x"]"#, pattern, hosts);
    quirk(hosts, r#""mx-host":[]"#, &[], r#""mx-host":[]"#);
    // Those of another type are kept.
    let json = with(r#""sts""#, r#""tlsa""#);
    assert_eq!(lenient(&json), Ok((json.clone(), vec![])));
}

// checks: tlsrpt/J13, tlsrpt/J15
#[test]
fn house_5_counts() {
    let summary =
        r#""summary":{"total-successful-session-count":5,"total-failure-session-count":3},"#;
    let zero = r#""summary":{"total-successful-session-count":0,"total-failure-session-count":0}"#;
    quirk(summary, "", &["summary-missing"], zero);
    quirk(summary, r#""summary":null,"#, &["summary-missing"], zero);
    quirk(summary, r#""summary":{},"#, &["count-missing"], zero);
    let count = r#""failed-session-count":2"#;
    let is = |value: &str| format!(r#""failed-session-count":{value}"#);
    quirk(&format!(",{count}"), "", &["count-missing"], &is("0"));
    quirk(count, &is("null"), &["count-missing"], &is("0"));
    for (text, value) in
        [(r#""007""#, "7"), ("7.0", "7"), ("7e0", "7"), ("0.07E2", "7"), ("-0.0", "0")]
    {
        quirk(count, &is(text), &["count-not-integer"], &is(value));
    }
    quirk(count, &is("9007199254740991"), &[], &is("9007199254740991"));
    for (text, value) in [
        ("9007199254740992", "9007199254740992"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775807"),
        ("99999999999999999999999", "9223372036854775807"),
    ] {
        quirk(count, &is(text), &["count-too-large"], &is(value));
        let quirks = ["count-not-integer", "count-too-large"];
        quirk(count, &is(&format!("\"{text}\"")), &quirks, &is(value));
    }
    for text in
        ["-1", "1.5", "1e-1", r#""""#, r#""x""#, r#""-1""#, r#""1.0""#, "true", "[]", "{}", "1e999"]
    {
        invalid(count, &is(text), "bad-count");
    }
}

// checks: tlsrpt/J14, tlsrpt/J15, tlsrpt/S6
#[test]
fn house_5_details() {
    let details = &BASE[BASE.find(r#""failure-details":"#).unwrap()..BASE.len() - 3];
    let none = r#""total-failure-session-count":3}}]}"#;
    quirk(details, r#""failure-details":null"#, &["failure-details-null"], none);
    quirk(details, r#""failure-details":[]"#, &[], none);
    quirk(&format!(",{details}"), "", &[], none);
    let object = details.replace(":[", ":").replace("}]", "}");
    quirk(details, &object, &["failure-details-not-array"], details);
    let null = details.replace(":[", ":[null,");
    quirk(details, &null, &["failure-details-null-element"], details);
    let name = r#""result-type":"certificate-expired","#;
    quirk(name, "", &["result-type-missing"], r#""result-type":"","#);
    quirk(name, r#""result-type":"new-type","#, &[], r#""result-type":"new-type","#);
}

// checks: tlsrpt/J3, tlsrpt/J4, tlsrpt/J16, tlsrpt/J17, tlsrpt/J18, tlsrpt/J19
#[test]
fn house_5_addresses_and_texts_of_details() {
    let ip = r#","receiving-ip":"192.0.2.1""#;
    let is = |text: &str| format!(r#","receiving-ip":"{text}""#);
    for (text, clear) in [
        ("[2001:db8::1]", "2001:db8::1"),
        ("IPv6:2001:db8::1", "2001:db8::1"),
        ("192.0.2.1:25", "192.0.2.1"),
        ("192.0.2.1,192.0.2.2", "192.0.2.1"),
        ("mx.example", "mx.example"),
    ] {
        quirk(ip, &is(text), &["ip-not-address"], &is(clear));
    }
    quirk(ip, &is(""), &["ip-not-address"], r#""helo.d.example","failed-session-count""#);
    quirk(ip, r#","receiving-ip":null"#, &[], r#""helo.d.example","failed-session-count""#);
    quirk(ip, &is("2001:DB8:0:0:0:0:0:1"), &[], &is("2001:db8::1"));
    quirk("helo.d.example", r"a\r\nb", &["helo-multi-line"], r#""a\r\nb""#);
    let not_uri = &["additional-information-not-uri"];
    quirk("https://i.example/", "no uri", not_uri, r#""additional-information":"no uri""#);
    let key = &["additional-info-uri-key"];
    quirk(
        "additional-information",
        "additional-info-uri",
        key,
        r#""additional-information":"https:"#,
    );
    let code = r#""failure-reason-code":"E1""#;
    quirk("failure-reason-code", "failure-error-code", &["failure-error-code-key"], code);
    let not_string = &["failure-reason-code-not-string"];
    quirk(code, r#""failure-reason-code":7"#, not_string, r#""failure-reason-code":"7""#);
}

#[test]
fn house_5_quirks_come_in_order_and_once() {
    let json = with(r#""report-id":"1@x","#, "")
        .replace(r#""mx-host":["#, r#""mx-host-pattern":["#)
        .replace("\"2026-11-20T00:00:00Z\"", "1795132800")
        .replace("192.0.2.1", "x")
        .replace("2001:db8::1", "y");
    let expected =
        ["date-epoch-number", "mx-host-pattern-key", "ip-not-address", "report-id-missing"];
    assert_eq!(lenient(json).unwrap().1, expected);
}

#[test]
fn house_5_what_is_no_quirk() {
    quirk(r#""report-id""#, r#""more":{"a":[1,-2.5e3,true,null,"x"]},"report-id""#, &[], "");
    quirk(r#""policy-type""#, r#""x":0,"policy-type""#, &[], "");
    quirk(r#""total-failure"#, r#""x":0,"total-failure"#, &[], "");
    quirk(r#""result-type""#, r#""x":0,"result-type""#, &[], "");
    quirk(r#""start-datetime""#, r#""x":0,"start-datetime""#, &[], "");
    quirk(r#""summary""#, r#""x":0,"summary""#, &[], "");
}

// checks: tlsrpt/J7, tlsrpt/J8, tlsrpt/J13, tlsrpt/J15
#[test]
fn house_5_always_invalid() {
    for json in ["", " ", "{", "{]", "{\"a\":NaN}", "nul", "{}x{", "\u{feff}", "\0"] {
        let reason = if json == "{}x{" { "policies-missing" } else { "not-json" };
        assert_eq!(lenient(json).map(|_| ()), Err(reason), "{json}");
    }
    invalid("}]}]}", "},]}]}", "not-json");
    invalid(r#""failed-session-count":2"#, r#""failed-session-count":NaN"#, "not-json");
    invalid(r#""failed-session-count":2"#, r#""failed-session-count":02"#, "not-json");
    let utf16: Vec<u8> = BASE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(lenient(utf16).map(|_| ()), Err("not-json"));
    for json in ["[]", "null", "1", "-1", "1.5", "true", "\"x\""] {
        assert_eq!(lenient(json).map(|_| ()), Err("not-an-object"), "{json}");
    }
    let policies = &BASE[BASE.find(r#","policies""#).unwrap()..BASE.len() - 1];
    invalid(policies, "", "policies-missing");
    invalid(policies, r#","policies":null"#, "policies-missing");
    for value in ["1", "\"x\"", "[1]", "[[]]", "true"] {
        invalid(policies, &format!(r#","policies":{value}"#), "wrong-type");
    }
    let range =
        &BASE[BASE.find(r#""date-range""#).unwrap()..BASE.find(r#""contact-info""#).unwrap()];
    invalid(range, "", "date-range-missing");
    invalid(range, r#""date-range":null,"#, "date-range-missing");
    invalid(range, r#""date-range":{},"#, "date-range-missing");
    invalid(range, r#""date-range":"x","#, "wrong-type");
    invalid("2026-11-20T00:00:00Z", "2026-11-20", "bad-date");
    invalid("2026-11-20T00:00:00Z", "", "bad-date");
    invalid("\"2026-11-20T00:00:00Z\"", "-1", "bad-date");
    invalid("\"2026-11-20T00:00:00Z\"", "1e30", "date-range-inverted");
    invalid("2026-11-20T23:59:59Z", "2026-11-19T23:59:58Z", "date-range-inverted");
    for (from, to) in [
        ("\"Sender\"", "1"),
        ("\"1@x\"", "[]"),
        ("\"sts\"", "{}"),
        ("\"E1\"", "[]"),
        ("\"mx.d.example\"]", "1]"),
        ("\"192.0.2.1\"", "1"),
    ] {
        invalid(from, to, "wrong-type");
    }
}

#[test]
fn errors_say_where() {
    let error = |json: &str| Reader::lenient().read_owned(json.as_bytes()).unwrap_err();
    assert_eq!(error("{\n  x"), ReadError::NotJson { at: 4 });
    assert_eq!(error("\u{feff}{x"), ReadError::NotJson { at: 4 });
    assert!(matches!(error("{\"report-id\":[]}"), ReadError::WrongType { at: 12..=14 }));
}

// checks: tlsrpt/P1
#[test]
fn limits_of_depth_also_in_ignored_members() {
    let nested = |depth: usize| {
        let (open, close) = ("[{\"x\":".repeat(depth / 2), "}]".repeat(depth / 2));
        let (open, close) =
            if depth.is_multiple_of(2) { (open, close) } else { (open + "[", format!("]{close}")) };
        with(r#""report-id""#, &format!(r#""x":{open}{close},"report-id""#).replace(":}", ":0}"))
    };
    assert_eq!(lenient(nested(limits::DEPTH - 1)).unwrap().0, BASE);
    assert_eq!(lenient(nested(limits::DEPTH)).map(|_| ()), Err("too-deep"));
    assert_eq!(lenient(nested(100_000)).map(|_| ()), Err("too-deep"));
}

// checks: tlsrpt/P1
#[test]
fn limits_of_strings() {
    let long = |length| "x".repeat(length);
    let texts = ["Sender", "E1", "mode: testing", "sts"];
    for text in texts {
        assert!(lenient(with(text, &long(limits::STRING))).is_ok(), "{text}");
        invalid(text, &long(limits::STRING + 1), "string-too-long");
        invalid(text, &("\\n".to_string() + &long(limits::STRING)), "string-too-long");
    }
    let ignored = |length| format!(r#""x":{{"{}":"y"}},"report-id""#, long(length));
    assert!(lenient(with(r#""report-id""#, &ignored(limits::STRING))).is_ok());
    invalid(r#""report-id""#, &ignored(limits::STRING + 1), "string-too-long");
    let hosts = |length| format!(r#""mx-host":"{}""#, long(length));
    invalid(r#""mx-host":["mx.d.example"]"#, &hosts(limits::STRING + 1), "string-too-long");
}

// checks: tlsrpt/P1
#[test]
fn limits_of_policies_and_details() {
    let count = |element: &str, from: &str, count: usize| {
        let list = vec![element; count].join(",");
        Reader::lenient().read_owned(with(from, &list).as_bytes()).map_err(ReadError::word)
    };
    let policy = BASE.split_once(r#""policies":["#).unwrap().1.strip_suffix("]}").unwrap();
    assert!(count("{}", policy, limits::POLICIES).is_ok());
    assert_eq!(count("{}", policy, limits::POLICIES + 1), Err("too-many-policies"));
    let detail = BASE.split_once(r#""failure-details":["#).unwrap().1.strip_suffix("]}]}").unwrap();
    assert!(count("{}", detail, limits::DETAILS).is_ok());
    assert_eq!(count("{}", detail, limits::DETAILS + 1), Err("too-many-details"));
    let string = r#""version: STSv1","mode: testing""#;
    assert!(BASE.contains(string));
    // The MX pattern is one of them.
    assert!(count(r#""""#, string, limits::STRINGS - 1).is_ok());
    assert_eq!(count(r#""""#, string, limits::STRINGS), Err("too-many-strings"));
}

// checks: tlsrpt/P1
#[test]
fn limits_of_size() {
    let padded = |size: usize| format!("{BASE}{}", " ".repeat(size - BASE.len()));
    assert!(lenient(padded(limits::INFLATED)).is_ok());
    assert_eq!(lenient(padded(limits::INFLATED + 1)).map(|_| ()), Err("too-large"));
}

// checks: tlsrpt/S1, tlsrpt/S4
#[test]
fn house_5_anomalies() {
    let anomalies = |json: String| {
        let reading = Reader::strict().read_owned(json.as_bytes()).unwrap();
        reading.anomalies().to_vec()
    };
    assert_eq!(anomalies(BASE.into()), []);
    let more = with(r#""failed-session-count":2"#, r#""failed-session-count":4"#);
    assert_eq!(anomalies(more), [Anomaly::DetailExceedsTotal]);
    let details = &BASE[BASE.find(r#","failure-details""#).unwrap()..BASE.len() - 3];
    assert_eq!(anomalies(with(details, "")), [Anomaly::FailuresWithoutDetails]);
    let week = with("2026-11-20T00", "2026-11-14T00");
    assert_eq!(anomalies(week), [Anomaly::NotOneUtcDay]);
}

#[test]
fn strict_refuses_the_first_quirk_that_lenient_tells() {
    // What only the mending pass finds comes first, for the bytes are mended before the parser
    // that meets the date.
    let date = r#""end-datetime":"2026-11-20T23:59:59""#;
    for (member, first) in [
        ("\"x\":\"\u{1}\"", "raw-control-character"),
        (r#""x":"\ud800""#, "lone-surrogate"),
        (r#""x":"y""#, "date-without-zone"),
    ] {
        let json = with(r#""end-datetime":"2026-11-20T23:59:59Z""#, &format!("{date},{member}"));
        let (_, quirks) = lenient(json).unwrap();
        assert_eq!(quirks.first(), Some(&first));
        assert_eq!(quirks.last(), Some(&"date-without-zone"));
    }
}
