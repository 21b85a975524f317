use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::mx::PatternError;

const HEAD: &str = "version: STSv1\nmode: enforce\nmax_age: 600\n";

fn read(body: impl AsRef<[u8]>, profile: Profile) -> Result<Policy, PolicyError> {
    let body = body.as_ref();
    let owned = Policy::parse(body, profile);
    let borrowed = PolicyRef::parse(body, profile);
    match (&owned, borrowed) {
        (Ok(owned), Ok(borrowed)) => {
            assert_eq!(mx(owned), borrowed.patterns().map(|mx| mx.to_string()).collect::<Vec<_>>());
            assert_eq!(borrowed.mode(), owned.mode());
            assert_eq!(borrowed.max_age(), owned.max_age());
            assert_eq!(borrowed.into_owned(), *owned);
            assert_eq!(owned.to_string().parse::<Policy>().as_ref(), Ok(owned));
        }
        (Err(error), Err(other)) => assert_eq!(*error, other),
        (owned, borrowed) => panic!("owned {owned:?}, borrowed {borrowed:?}"),
    }
    owned
}

/// The same in both profiles.
fn both(body: impl AsRef<[u8]>) -> Result<Policy, PolicyError> {
    let strict = read(&body, Profile::Rfc);
    assert_eq!(strict, read(&body, Profile::Interop));
    strict
}

fn mx(policy: &Policy) -> Vec<String> {
    policy.patterns().map(|pattern| pattern.to_string()).collect()
}

fn words(policy: &Policy) -> Vec<&'static str> {
    policy.deviations().iter().map(|deviation| deviation.what.word()).collect()
}

fn notes(policy: &Policy) -> Vec<&'static str> {
    policy.notes().iter().map(|note| note.what.word()).collect()
}

fn with_mx(mx: &str) -> String {
    format!("{HEAD}mx: {mx}\n")
}

fn with(line: &str) -> String {
    format!("{HEAD}mx: a.example\n{line}\n")
}

fn malformed(at: usize) -> Result<Policy, PolicyError> {
    Err(PolicyError::MalformedLine { at })
}

#[test]
fn a_conforming_policy_is_read() {
    let body = "version: STSv1\r\nmode:enforce\nmax_age: 1209600\r\nowner: Postmaster Müller\n\
                mx: mx1.example.org \nmx: *.mail.example.net";
    let policy = both(body).unwrap();
    assert_eq!(policy.mode(), Mode::Enforce);
    assert_eq!(policy.max_age(), Duration::from_secs(1_209_600));
    assert_eq!(mx(&policy), ["mx1.example.org", "*.mail.example.net"]);
    assert_eq!(words(&policy), [""; 0]);
    assert_eq!(notes(&policy), ["unknown-field"]);
    assert_eq!(policy.notes()[0].span, 47..72);
    assert_eq!(policy.to_string(), body);
    assert_eq!(policy.lines().count(), 6);
    assert_eq!(policy.lines().last(), Some("mx: *.mail.example.net"));
}

#[test]
fn p01_lines_end_with_lf_or_crlf() {
    assert_eq!(both(with_mx("a.example").replace('\n', "\r\n")).unwrap().mode(), Mode::Enforce);
    assert_eq!(both("version: STSv1\rmode: enforce\rmax_age: 1\rmx: a.example\r"), malformed(14));
    assert_eq!(both(format!("{HEAD}mx: a.example\r")), malformed(HEAD.len() + 13));
    assert_eq!(both(format!("{HEAD}mx: a.example\r\r\n")), malformed(HEAD.len() + 13));
    assert_eq!(both(with_mx("a.example").replacen("mode", "\u{feff}mode", 1)), malformed(15));
    assert_eq!(both(format!("\u{feff}{}", with_mx("a.example"))), malformed(0));
    assert_eq!(both(with("# comment")), malformed(HEAD.len() + 14));
    assert_eq!(both(with(" x: y")), malformed(HEAD.len() + 14));
    assert_eq!(both(with("\tmx: b.example")), malformed(HEAD.len() + 14));
}

#[test]
fn p01_blank_lines_are_deviations() {
    let trailing = format!("{}\n \t\r\n  ", with_mx("a.example"));
    assert_eq!(read(&trailing, Profile::Rfc), malformed(HEAD.len() + 14));
    let policy = read(&trailing, Profile::Interop).unwrap();
    assert_eq!(words(&policy), ["trailing-blank-line"; 3]);
    let between = format!("\n{HEAD}\nmx: a.example");
    assert_eq!(read(&between, Profile::Rfc), malformed(0));
    let policy = read(&between, Profile::Interop).unwrap();
    assert_eq!(words(&policy), ["blank-line"; 2]);
    assert_eq!(policy.lines().count(), 4);
    assert_eq!(both(format!("{}\r\r\n", with_mx("a.example"))), malformed(HEAD.len() + 14));
    assert_eq!(both(format!("{}\u{b}\n", with_mx("a.example"))), malformed(HEAD.len() + 14));
}

#[test]
fn p02_a_field_is_name_colon_value() {
    assert!(both("version:STSv1\nmode:\tenforce \t\nmax_age:  600\t\nmx:a.example").is_ok());
    assert_eq!(both(with("mode : none")), malformed(HEAD.len() + 14 + 4));
    assert_eq!(both(with("nothing")), malformed(HEAD.len() + 14 + 7));
    assert_eq!(both(with(": value")), malformed(HEAD.len() + 14));
}

#[test]
fn p03_names_and_values_are_case_sensitive() {
    assert_eq!(
        both("version: stsv1\nmode: none\nmax_age: 1"),
        Err(PolicyError::UnsupportedVersion { at: 9 })
    );
    assert_eq!(
        both("version: STSv1\nmode: Enforce\nmax_age: 1"),
        Err(PolicyError::UnknownMode { at: 21 })
    );
    assert_eq!(both("version: STSv1\nMode: none\nmax_age: 1"), Err(PolicyError::MissingMode));
    assert_eq!(both("Version: STSv1\nmode: none\nmax_age: 1"), Err(PolicyError::MissingVersion));
    assert_eq!(both(format!("{HEAD}MX: a.example")), Err(PolicyError::MissingMx));
    assert_eq!(both("version: STSv1\nmode: none\nMax_Age: 1"), Err(PolicyError::MissingMaxAge));
}

#[test]
fn p04_nothing_is_filled_in() {
    assert_eq!(both(""), Err(PolicyError::MissingVersion));
    assert_eq!(both("mode: none\nmax_age: 1"), Err(PolicyError::MissingVersion));
    assert_eq!(both("version: STSv1\nmax_age: 1"), Err(PolicyError::MissingMode));
    assert_eq!(both("version: STSv1\nmode: none"), Err(PolicyError::MissingMaxAge));
    assert_eq!(both(HEAD), Err(PolicyError::MissingMx));
    assert_eq!(both(HEAD.replace("enforce", "testing")), Err(PolicyError::MissingMx));
    let none = both(HEAD.replace("enforce", "none")).unwrap();
    assert_eq!(mx(&none), [""; 0]);
    let none = both(format!("{}mx: a.example", HEAD.replace("enforce", "none"))).unwrap();
    assert_eq!(mx(&none), ["a.example"]);
    assert!(both("mx: a.example\nmax_age: 1\nmode: testing\nversion: STSv1").is_ok());
}

#[test]
fn p05_max_age_is_1_to_10_digits_and_at_most_a_year() {
    let seconds = |max_age: &str| -> Result<_, PolicyError> {
        let policy = both(format!("version: STSv1\nmode: none\nmax_age: {max_age}\n"))?;
        Ok((policy.max_age().as_secs(), words(&policy)))
    };
    assert_eq!(seconds("0"), Ok((0, vec![])));
    assert_eq!(seconds("0000000001"), Ok((1, vec![])));
    assert_eq!(seconds("31557600"), Ok((31_557_600, vec![])));
    assert_eq!(seconds("31557601"), Ok((31_557_600, vec!["max-age-clamped"])));
    assert_eq!(seconds("9999999999"), Ok((31_557_600, vec!["max-age-clamped"])));
    for refused in ["", "-1", "+1", "1.5", "1e3", "1_000", "0x10", "1 000", "00000000001", "a"] {
        assert_eq!(seconds(refused).map(|_| ()).unwrap_err().reason(), "invalid-max-age");
    }
    assert_eq!(seconds("\u{661}").unwrap_err(), PolicyError::InvalidMaxAge { at: 35 });
}

#[test]
fn p06_patterns_are_domains_with_or_without_an_asterisk() {
    for refused in [
        "",
        "*",
        "*.",
        "a_b.example",
        "mx1.example.org mx2.example.org",
        "a.example,",
        "müller.example",
    ] {
        let error = both(with_mx(refused)).unwrap_err();
        assert!(
            matches!(error, PolicyError::InvalidMx { at, .. } if at == HEAD.len() + 4),
            "{error}"
        );
    }
    let cause = PatternError::InvalidByte(2);
    let at = HEAD.len() + 4;
    assert_eq!(both(with_mx("*.*.x")), Err(PolicyError::InvalidMx { at, cause }));
    let policy = both(with_mx("192.0.2.1")).unwrap();
    assert_eq!(mx(&policy), ["192.0.2.1"]);
    assert_eq!(notes(&policy), ["mx-is-address"]);
    assert!(!policy.allows(&"192.0.2.1".parse().unwrap()));
}

#[test]
fn p07_of_a_repeated_field_the_first_counts() {
    let policy = both(with("mode: what-ever")).unwrap();
    assert_eq!(policy.mode(), Mode::Enforce);
    assert_eq!(notes(&policy), ["duplicate-field"]);
    assert!(both(with("version: STSv2")).is_ok());
    assert_eq!(both(with("max_age: never")).unwrap().max_age(), Duration::from_secs(600));
    assert_eq!(both(with("mode:")), malformed(HEAD.len() + 14 + 5));
    assert_eq!(both(with("max_age:\t")), malformed(HEAD.len() + 14 + 9));
    assert_eq!(both(with("mode: a\tb")), malformed(HEAD.len() + 14 + 7));
    let error = both("mode: soft\nmode: enforce").unwrap_err();
    assert_eq!(error, PolicyError::UnknownMode { at: 6 });
    assert_eq!(mx(&both(with("mx: b.example")).unwrap()), ["a.example", "b.example"]);
    assert_eq!(both(with("mx: b_.example")).unwrap_err().reason(), "invalid-mx");
}

#[test]
fn p08_unknown_fields_are_well_formed() {
    for line in ["x: y", "x:y z", "x_-.9: a:b", "9: \u{2028}\u{85}\u{feff}", "x: {}"] {
        assert_eq!(notes(&both(with(line)).unwrap()), ["unknown-field"], "{line:?}");
    }
    let at = HEAD.len() + 14;
    assert_eq!(both(with("x:")), malformed(at + 2));
    assert_eq!(both(with("_x: y")), malformed(at));
    assert_eq!(both(with("-x: y")), malformed(at));
    assert_eq!(both(with(".x: y")), malformed(at));
    assert_eq!(both(with("é: y")), malformed(at));
    assert_eq!(both(with("x: a\tb")), malformed(at + 4));
    assert_eq!(both(with("x: a\u{b}mode: none")), malformed(at + 4));
    assert_eq!(both(with("x: a\u{7f}")), malformed(at + 4));
    assert_eq!(both(with("x: a\0")), malformed(at + 4));
    let name = "x".repeat(32);
    assert!(both(with(&format!("{name}: y"))).is_ok());
    assert_eq!(both(with(&format!("{name}x: y"))), malformed(at + 32));
    // Only LF ends a line, so these hide no field.
    let policy = both(with("x: a\u{85}mode: none\u{2028}mode: none")).unwrap();
    assert_eq!(policy.mode(), Mode::Enforce);
}

#[test]
fn p09_the_body_is_utf8() {
    let start = HEAD.len() + 14 + 3;
    for bad in [&b"\xc0\xaf"[..], b"\xed\xa0\x80", b"\xff", b"\xe9", b"\xf4\x90\x80\x80", b"\x80"] {
        let body = [with("x: ?").trim_end_matches("?\n").as_bytes(), bad].concat();
        assert_eq!(both(body), Err(PolicyError::NotUtf8 { at: start }), "{bad:?}");
    }
    let utf16: Vec<u8> = with_mx("a.example").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(both(utf16), malformed(1));
}

#[test]
fn s5_1_interop_takes_what_cannot_change_the_meaning() {
    let dotted = with_mx("*.mx1.example.org.");
    assert_eq!(read(&dotted, Profile::Rfc).unwrap_err().reason(), "invalid-mx");
    let policy = read(&dotted, Profile::Interop).unwrap();
    assert_eq!(words(&policy), ["mx-trailing-dot"]);
    assert_eq!(mx(&policy), ["*.mx1.example.org"]);
    assert!(policy.allows(&"a.mx1.example.org".parse().unwrap()));
    assert_eq!(both(with_mx("a.example..")).unwrap_err().reason(), "invalid-mx");
    for literal in ["2001:db8::1", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
        let beside = format!("{}mx: {literal}\n", with_mx("a.example"));
        assert_eq!(read(&beside, Profile::Rfc).unwrap_err().reason(), "invalid-mx");
        let policy = read(&beside, Profile::Interop).unwrap();
        assert_eq!(words(&policy), ["mx-address-literal"]);
        assert_eq!(mx(&policy), ["a.example"]);
        let alone = both(with_mx(literal)).unwrap_err();
        assert!(matches!(alone, PolicyError::InvalidMx { at, .. } if at == HEAD.len() + 4));
        let with_address = format!("{}mx: {literal}\n", with_mx("192.0.2.1"));
        assert_eq!(both(with_address).unwrap_err().reason(), "invalid-mx");
    }
    assert_eq!(both(with("mx: [mx1.example.org]")).unwrap_err().reason(), "invalid-mx");
}

#[test]
fn s5_2_the_first_fault_counts() {
    let large = "x".repeat(Policy::MAX_LEN + 1);
    assert_eq!(both(large.as_bytes()), Err(PolicyError::TooLarge { len: 65_537 }));
    let mut invalid = large.into_bytes();
    invalid[0] = 0xFF;
    assert_eq!(both(&invalid).unwrap_err().reason(), "too-large");
    invalid.pop();
    assert_eq!(both(&invalid).unwrap_err().reason(), "not-utf8");
    assert_eq!(both("nothing\nmode: what").unwrap_err().reason(), "malformed-line");
    assert_eq!(both("mode: what\nnothing").unwrap_err().reason(), "unknown-mode");
    assert_eq!(both("mx: _").unwrap_err().reason(), "invalid-mx");
    assert_eq!(both("mode: enforce\x01\n").unwrap_err(), PolicyError::MalformedLine { at: 13 });
}

#[test]
fn s3_3_a_body_has_65536_bytes() {
    let body = |len: usize| {
        let start = with_mx("a.example");
        format!("{start}x: {}", "y".repeat(len - start.len() - 3))
    };
    assert!(both(body(65_536)).is_ok());
    assert_eq!(both(body(65_537)), Err(PolicyError::TooLarge { len: 65_537 }));
}

#[test]
fn many_patterns_are_found_like_few() {
    let names: Vec<String> = (0..2_890)
        .map(|n| if n % 3 == 0 { format!("*.d{n}.example") } else { format!("MX{n}.example.org") })
        .collect();
    let body = names.iter().fold(HEAD.to_string(), |body, name| format!("{body}mx: {name}\n"));
    let policy = both(&body).unwrap();
    let borrowed = PolicyRef::parse(body.as_bytes(), Profile::Rfc).unwrap();
    assert_eq!(mx(&policy).len(), names.len());
    for n in 0..2_890 {
        let hosts =
            [format!("mx{n}.example.org"), format!("x.d{n}.example"), format!("d{n}.example")];
        let expected = [n % 3 != 0, n % 3 == 0, false];
        for (host, expected) in hosts.iter().zip(expected) {
            let host: HostName = host.parse().unwrap();
            assert_eq!(policy.allows(&host), expected, "{host}");
            if n % 100 < 3 {
                assert_eq!(borrowed.allows(&host), expected, "{host}");
            }
        }
    }
}

#[test]
fn patterns_that_share_a_bucket_are_told_apart() {
    let mut body = HEAD.to_string();
    for _ in 0..6_000 {
        body.push_str("mx:a.b\n");
    }
    body.push_str("mx:*.a.b\nmx:c.b\n");
    let policy = both(&body).unwrap();
    for (host, expected) in [("a.b", true), ("x.a.b", true), ("c.b", true), ("b.b", false)] {
        assert_eq!(policy.allows(&host.parse().unwrap()), expected, "{host}");
    }
}
