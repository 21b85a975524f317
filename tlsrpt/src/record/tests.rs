use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;

fn parse(text: &str) -> Result<Vec<String>, RecordError> {
    let record: Record = text.parse()?;
    assert_eq!(record.to_string(), text);
    assert_eq!(Record::try_from(text.as_bytes()), Ok(record.clone()));
    Ok(record.uris().iter().map(ToString::to_string).collect())
}

fn reason(text: &str) -> &'static str {
    parse(text).map_or_else(|error| NoRecord::from(error).word(), |_| "record")
}

const A: &str = "mailto:a@b.example";

// checks: tlsrpt/D2, tlsrpt/D3, tlsrpt/D5
#[test]
fn rfc8460_3_breaks_of_the_grammar_are_syntax_errors() {
    for text in [
        "",
        "v=TLSRPTv1",
        "v=TLSRPTv1;",
        "v=TLSRPTv1; ",
        " v=TLSRPTv1; rua=mailto:a@b.example",
        "V=TLSRPTv1; rua=mailto:a@b.example",
        "v=tlsrptv1; rua=mailto:a@b.example",
        "v=TLSRPTv1 rua=mailto:a@b.example",
        "v=TLSRPTv1,rua=mailto:a@b.example",
        "v=TLSRPTv1;; rua=mailto:a@b.example",
        "v=TLSRPTv1; rua=mailto:a@b.example;;",
        "v=TLSRPTv1; rua=mailto:a@b.example ",
        "v=TLSRPTv1; rua =mailto:a@b.example",
        "v=TLSRPTv1; rua= mailto:a@b.example",
        "v=TLSRPTv1; rua=",
        "v=TLSRPTv1; rua=mailto:a@b.example,",
        "v=TLSRPTv1; rua=,mailto:a@b.example",
        "v=TLSRPTv1; rua=mailto:a@b.example,,mailto:c@d.example",
        "v=TLSRPTv1; rua=mailto:a@b.example; foo",
        "v=TLSRPTv1; rua=mailto:a@b.example; foo=",
        "v=TLSRPTv1; rua=mailto:a@b.example; foo=a=b",
        "v=TLSRPTv1; rua=mailto:a@b.example; foo =b",
        "v=TLSRPTv1; rua=mailto:a@b.example; foo= b",
        "v=TLSRPTv1; rua=mailto:a@b.example; -foo=b",
        "v=TLSRPTv1; rua=mailto:a@b.example; =b",
        "v=TLSRPTv1; rua=mailto:a@b.example; fo/o=b",
        "v=TLSRPTv1; rua=mailto:a@b.example; foo=é",
    ] {
        assert_eq!(reason(text), "syntax", "{text}");
    }
}

// checks: tlsrpt/D2, tlsrpt/D3, tlsrpt/D5
#[test]
fn rfc8460_3_syntax_errors_say_where() {
    let at = |text: &str| match parse(text) {
        Err(RecordError::Syntax { at }) => at,
        other => panic!("{other:?}"),
    };
    assert_eq!(at("v=TLSRPTv2; rua=mailto:a@b.example"), 0);
    assert_eq!(at("v=TLSRPTv1; foo=a=b"), 17);
    assert_eq!(at("v=TLSRPTv1; rua=mailto:a@b.example "), 34);
    assert_eq!(at("v=TLSRPTv1; rua=mailto:a@b.example,"), 35);
    assert_eq!(Record::try_from(&b"v=TLSRPTv1; a=\xff"[..]), Err(RecordError::Syntax { at: 14 }));
}

// checks: tlsrpt/D2, tlsrpt/D3
#[test]
fn rfc8460_3_a_record_needs_a_rua_field() {
    assert_eq!(reason("v=TLSRPTv1; foo=bar"), "missing-rua");
    // Field names are case-sensitive, so this is an extension.
    assert_eq!(reason("v=TLSRPTv1; RUA=mailto:a@b.example"), "missing-rua");
}

// checks: tlsrpt/D4
#[test]
fn rfc8460_3_uris_that_are_none() {
    for uri in [
        "a@b.example",
        "mailto:",
        "mailto:a",
        "mailto:a@",
        "mailto:a@b.example!10m",
        "mailto:a!b@c.example",
        "mailto:a%40b@c@d.example",
        "mailto:a@b.example%2Cc@d.example",
        "mailto:a%2@b.example",
        "mailto:a b@c.example",
        "mailto:é@c.example",
        "https:",
        "https://",
        "https:///x",
        "https://:443/x",
        "https://user@/x",
        "https://r.example:x/",
        "https://r.example:65536/",
        "https://[::1/x",
        "https://r_.example-/x",
        "ftp://h/a!b",
        "1a:b",
    ] {
        let text = format!("v=TLSRPTv1; rua={A},{uri}");
        assert_eq!(reason(&text), "bad-uri", "{uri}");
        assert!(matches!(parse(&text), Err(RecordError::BadUri { at: 35, .. })), "{uri}");
    }
}

// checks: tlsrpt/D4
#[test]
fn rfc8460_3_each_reason_against_a_uri() {
    let error = |uri: &str| uri.parse::<ReportUri>().unwrap_err();
    assert_eq!(error("mailto:a@b.example!10m"), ReportUriError::Reserved('!'));
    assert_eq!(error("https://a.example/b;c"), ReportUriError::Reserved(';'));
    assert_eq!(error("nothing"), ReportUriError::NotUri);
    assert_eq!(error("mailto:nobody"), ReportUriError::Address);
    assert_eq!(error("https:nowhere"), ReportUriError::Host);
    assert_eq!(error("http://a.example"), ReportUriError::UnknownScheme);
}

// checks: tlsrpt/D4
#[test]
fn rfc8460_3_other_schemes_are_skipped() {
    assert_eq!(parse(&format!("v=TLSRPTv1; rua=ftp://h/x,{A}")).unwrap(), [A]);
    assert_eq!(reason("v=TLSRPTv1; rua=http://h.example/x"), "no-usable-rua");
}

// checks: tlsrpt/D2, tlsrpt/D5
#[test]
fn rfc8460_3_spaces_tabs_and_a_last_semicolon() {
    for text in [
        "v=TLSRPTv1;rua=mailto:a@b.example",
        "v=TLSRPTv1; rua=mailto:a@b.example;",
        "v=TLSRPTv1; rua=mailto:a@b.example ; \t",
        "v=TLSRPTv1;\t rua=mailto:a@b.example",
        "v=TLSRPTv1;foo=bar; rua=mailto:a@b.example;x.y-z_0=!\"#$%&'()*+,-./:<>?@[]^`{|}~",
        "v=TLSRPTv1; 0=b;rua=mailto:a@b.example",
    ] {
        assert_eq!(parse(text).unwrap(), [A], "{text}");
    }
}

// checks: tlsrpt/D3, tlsrpt/D4, tlsrpt/D5
#[test]
fn rfc8460_3_all_uris_of_all_rua_fields_count_in_order() {
    let text = "v=TLSRPTv1; rua=https://r.example/x?a=b , \tmailto:a@b.example; y=z; rua=mailto:c@d.example";
    let expected = ["https://r.example/x?a=b", A, "mailto:c@d.example"];
    assert_eq!(parse(text).unwrap(), expected);
}

// checks: tlsrpt/D2
#[test]
fn house_space_before_the_first_semicolon_is_tolerated() {
    let record: Record = "v=TLSRPTv1 \t;rua=mailto:a@b.example".parse().unwrap();
    assert_eq!(record.diagnostics(), [Diagnostic::SpaceBeforeSemicolon]);
    let record: Record = "v=TLSRPTv1; rua=mailto:a@b.example ;".parse().unwrap();
    assert_eq!(record.diagnostics(), []);
}

// checks: tlsrpt/D4
#[test]
fn house_header_fields_of_mailto_are_ignored() {
    let text = "v=TLSRPTv1; rua=mailto:a@b.example?subject=x,mailto:c@d.example?cc=e@f.example";
    let record: Record = text.parse().unwrap();
    assert_eq!(record.diagnostics(), [Diagnostic::MailtoHeadersIgnored]);
    assert_eq!(record.diagnostics()[0].to_string(), "mailto-headers-ignored");
    assert_eq!(record.uris()[0].target(), Target::Mail { address: "a@b.example" });
}

// checks: tlsrpt/D4
#[test]
fn house_canonical_uris() {
    for (uri, canonical, target) in [
        (
            "MAILTO:A%2bb@C.example",
            "mailto:A%2bb@C.example",
            Target::Mail { address: "A+b@C.example" },
        ),
        (
            "HTTPS://u:p@R.Example:8443/X%2c?y#z",
            "https://u:p@r.example:8443/X%2c?y#z",
            Target::Https { host: "r.example:8443", request_target: "/X%2c?y" },
        ),
        (
            "https://R.example",
            "https://r.example",
            Target::Https { host: "r.example", request_target: "/" },
        ),
        (
            "https://[2001:DB8::1]:443?q",
            "https://[2001:db8::1]:443?q",
            Target::Https { host: "[2001:db8::1]:443", request_target: "/?q" },
        ),
    ] {
        let parsed: ReportUri = uri.parse().unwrap();
        assert_eq!((parsed.to_string().as_str(), parsed.target()), (canonical, target));
        assert_eq!(canonical.parse(), Ok(parsed));
    }
}

// checks: tlsrpt/P1
#[test]
fn limits_of_size() {
    let base = "v=TLSRPTv1; rua=mailto:a@b.example; x=";
    let text = format!("{base}{}", "y".repeat(limits::RECORD - base.len()));
    assert_eq!(reason(&text), "record");
    let text = format!("{text}y");
    assert_eq!(reason(&text), "too-long");
    let bytes = Record::try_from(text.as_bytes());
    assert_eq!(bytes, Err(RecordError::TooLong { bytes: limits::RECORD + 1 }));
}

// checks: tlsrpt/P1
#[test]
fn limits_of_uris() {
    let list = |count| format!("v=TLSRPTv1; rua={A}{}", ",x:y".repeat(count - 1));
    assert_eq!(reason(&list(limits::URIS)), "record");
    assert_eq!(reason(&list(limits::URIS + 1)), "too-long");
}

// checks: tlsrpt/D5
#[test]
fn limits_of_extension_names() {
    let named = |length| format!("v=TLSRPTv1; rua={A}; {}=1", "n".repeat(length));
    assert_eq!(reason(&named(32)), "record");
    assert_eq!(reason(&named(33)), "syntax");
}

fn choose(records: &[&[&str]]) -> Result<Record, NoRecord> {
    Record::choose(records.iter().map(|strings| strings.iter()))
}

// checks: tlsrpt/D6, tlsrpt/D7
#[test]
fn rfc8460_3_one_record_of_the_answer_counts() {
    let ours: &[&str] = &["v=TLSRPTv1; ru", "a=mailto:a@b.example"];
    let others: [&[&str]; 4] =
        [&["v=spf1 -all"], &["v=TLSRPTv1"], &["v=TLSRPTv10; rua=mailto:a@b"], &[]];
    assert_eq!(choose(&[]), Err(NoRecord::Absent));
    assert_eq!(choose(&others), Err(NoRecord::Absent));
    assert_eq!(choose(&[ours, ours]), Err(NoRecord::Several));
    assert_eq!(choose(&[ours, &["v=TLSRPTv1 ;x"]]), Err(NoRecord::Several));
    let error = NoRecord::Invalid(RecordError::MissingRua);
    assert_eq!(choose(&[&["v=TLSRPTv1; a=b"]]), Err(error));
    let record = choose(&[others[0], ours, others[1]]).unwrap();
    assert_eq!(record.as_str(), "v=TLSRPTv1; rua=mailto:a@b.example");
}

#[test]
fn reasons_have_stable_words() {
    assert_eq!(NoRecord::Absent.word(), "no-record");
    assert_eq!(NoRecord::Several.word(), "several-records");
}

// checks: tlsrpt/D1
#[test]
fn records_are_published_as_they_are_read() {
    let uris: Vec<ReportUri> = vec![A.parse().unwrap(), "https://r.example/x".parse().unwrap()];
    let record = Record::publish(&uris).unwrap();
    assert_eq!(record.uris(), uris);
    assert!(Record::publish([]).is_err());
    let domain = DnsName::try_from("example.net").unwrap();
    assert_eq!(Record::owner_name(&domain), "_smtp._tls.example.net");
}
