extern crate std;
use std::format;
use std::vec::Vec;

use super::*;
use crate::ehlo::AuthMechanism;
use crate::reply::{LineEnds, Read, ReplyReader};

/// The reader after an EHLO reply with these texts.
fn read(texts: &[&str]) -> CapabilityReader {
    let mut lines = ReplyReader::new(LineEnds::Crlf);
    let mut reader = CapabilityReader::new();
    for (number, text) in texts.iter().enumerate() {
        let mark = if number + 1 == texts.len() { ' ' } else { '-' };
        let line = format!("250{mark}{text}\r\n");
        match lines.read(line.as_bytes()) {
            Ok(Read::Line { line, .. }) => reader.line(&line),
            other => panic!("{other:?}"),
        }
    }
    reader
}

fn in_clear(lines: &[&str]) -> Capabilities {
    read(&[&["mx.example"], lines].concat()).finish_in_clear()
}

fn warnings(lines: &[&str]) -> Vec<Warning> {
    in_clear(lines).warnings().iter().collect()
}

#[test]
fn c1_rfc5321_4_1_1_1_the_first_line_is_never_a_capability() {
    for texts in [&["STARTTLS"][..], &["STARTTLS", "SIZE"], &["starttls hello", "SIZE"]] {
        let reader = read(texts);
        assert!(!reader.finish_in_clear().has(Keyword::StartTls));
        assert!(reader.first_line_offers());
    }
    assert!(!read(&["mx.example STARTTLS", "SIZE"]).first_line_offers());
}

#[test]
fn c2_rfc3207_3_what_offers_starttls_and_what_does_not() {
    for line in ["STARTTLS", "starttls", "STARTTLS foo", "StartTLS "] {
        assert!(in_clear(&[line]).has(Keyword::StartTls), "{line}");
    }
    for line in ["STARTTLS=1", " STARTTLS", "STARTTLSX", "STARTTLS\t", "X STARTTLS", "STARTTL"] {
        assert!(!in_clear(&[line]).has(Keyword::StartTls), "{line}");
    }
}

#[test]
fn c3_house_of_repeated_values_the_first_counts() {
    let capabilities = in_clear(&["SIZE 5", "SIZE 9", "AUTH PLAIN", "AUTH LOGIN", "DSN", "DSN"]);
    assert!(capabilities.size().forbids(6));
    assert!(capabilities.auth().contains(AuthMechanism::Plain));
    assert!(!capabilities.auth().contains(AuthMechanism::Login));
    assert_eq!(capabilities.warnings().iter().collect::<Vec<_>>(), [Warning::Repeated]);
    assert_eq!(warnings(&["DSN", "DSN"]), []);
    let limits = in_clear(&["LIMITS RCPTMAX=1", "LIMITS RCPTMAX=2"]);
    assert_eq!(limits.limits().recipients.map(core::num::NonZero::get), Some(1));
}

#[test]
fn c4_rfc1870_4_a_size_that_is_no_number_is_unknown_and_warned_of() {
    for line in ["SIZE x", "SIZE 1 2", "SIZE 99999999999999999999"] {
        assert_eq!(in_clear(&[line]).size(), SizeLimit::Unknown);
        assert_eq!(warnings(&[line]), [Warning::SizeUnreadable]);
    }
    assert_eq!(in_clear(&["SIZE"]).size(), SizeLimit::Unknown);
    assert_eq!(warnings(&["SIZE"]), []);
    assert_eq!(in_clear(&["SIZE 0"]).size(), SizeLimit::NoFixedLimit);
}

#[test]
fn c5_rfc3030_3_binarymime_needs_chunking() {
    assert!(!in_clear(&["BINARYMIME"]).has(Keyword::BinaryMime));
    assert_eq!(warnings(&["BINARYMIME"]), [Warning::BinaryWithoutChunking]);
    assert!(in_clear(&["BINARYMIME", "CHUNKING"]).has(Keyword::BinaryMime));
}

#[test]
fn c5_rfc6531_3_1_smtputf8_counts_as_8bitmime_too() {
    assert!(in_clear(&["SMTPUTF8"]).has(Keyword::EightBitMime));
    assert_eq!(warnings(&["SMTPUTF8"]), [Warning::Utf8WithoutEightBit]);
    assert_eq!(warnings(&["SMTPUTF8", "8BITMIME"]), []);
}

#[test]
fn c5_the_old_way_of_writing_auth_is_read() {
    let auth = in_clear(&["AUTH=LOGIN PLAIN"]).auth();
    assert!(auth.contains(AuthMechanism::Login) && auth.contains(AuthMechanism::Plain));
}

#[test]
fn c6_rfc8689_2_requiretls_in_clear_is_ignored_with_a_warning() {
    assert!(!in_clear(&["REQUIRETLS"]).has(Keyword::RequireTls));
    assert_eq!(warnings(&["REQUIRETLS"]), [Warning::RequireTlsInClear]);
    assert!(read(&["mx", "REQUIRETLS"]).finish_in_tls().has(Keyword::RequireTls));
}

#[test]
fn smtp_t3_rfc3207_4_2_starttls_in_tls_is_ignored_with_a_warning() {
    let capabilities = read(&["mx", "STARTTLS", "SIZE"]).finish_in_tls();
    assert!(!capabilities.has(Keyword::StartTls));
    assert!(capabilities.warnings().contains(Warning::StartTlsInTls));
}

#[test]
fn a_line_without_keyword_is_ignored_with_a_warning() {
    for line in ["", "-x", "=", " SIZE 5", "\u{e9}"] {
        let capabilities = in_clear(&[line, "DSN"]);
        assert!(capabilities.has(Keyword::Dsn) && !capabilities.has(Keyword::Size));
        assert_eq!(warnings(&[line]), [Warning::NoKeyword], "{line:?}");
    }
    assert_eq!(warnings(&["LIMITS RCPTMAX=x"]), [Warning::LimitUnreadable]);
}
