use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::*;

fn read(records: &[&[&str]], profile: Profile) -> Result<String, RecordError> {
    let records = records.iter().map(|strings| strings.iter());
    Record::from_answer(records, profile).map(|record| record.id().to_string())
}

fn both(records: &[&[&str]]) -> Result<String, RecordError> {
    let strict = read(records, Profile::Rfc);
    assert_eq!(strict, read(records, Profile::Interop), "{records:?}");
    strict
}

fn one(record: &str) -> Result<String, RecordError> {
    let whole = both(&[&[record]]);
    // D02: a split may fall anywhere, inside a word too.
    for at in 0..=record.len() {
        let (first, second) = record.split_at(at);
        assert_eq!(both(&[&[first, second]]), whole, "{record:?} split at {at}");
    }
    let bytes: Vec<&str> = record.split("").collect();
    assert_eq!(both(&[&bytes]), whole, "{record:?} byte by byte");
    whole
}

fn id(id: &str) -> Result<String, RecordError> {
    Ok(id.into())
}

fn invalid(at: usize, cause: RecordFault) -> Result<String, RecordError> {
    Err(RecordError::InvalidRecord { at, cause })
}

#[test]
fn d02_character_strings_are_joined_with_nothing_between() {
    assert_eq!(both(&[&["v=STSv1; note=rev.4 ; id=7f3c", "19ab;"]]), id("7f3c19ab"));
    assert_eq!(both(&[&["v=STS", "v1", ";i", "d", "=", "a"]]), id("a"));
    assert_eq!(both(&[&["", "v=STSv1;id=a", ""]]), id("a"));
    assert_eq!(both(&[&["v=STSv1; id=a", " b"]]), invalid(14, RecordFault::StraySpace));
}

#[test]
fn d03_other_records_are_dropped_and_one_must_be_left() {
    assert_eq!(both(&[]), Err(RecordError::NoRecord));
    assert_eq!(both(&[&[]]), Err(RecordError::NoRecord));
    assert_eq!(both(&[&["v=spf1 -all"], &["v=STSv1; id=a"], &["x"]]), id("a"));
    assert_eq!(both(&[&["v=STSv10; id=a"]]), Err(RecordError::NoRecord));
    assert_eq!(both(&[&["v=STSv1"]]), Err(RecordError::NoRecord));
    let two: &[&[&str]] = &[&["v=STSv1; id=a"], &["v=STSv1; id=a"]];
    assert_eq!(both(two), Err(RecordError::SeveralRecords));
    let malformed_first: &[&[&str]] = &[&["v=STSv1; nothing"], &["v=STSv1; id=a"]];
    assert_eq!(both(malformed_first), Err(RecordError::SeveralRecords));
    let malformed_last: &[&[&str]] = &[&["v=STSv1; id=a"], &["v=STSv1;"]];
    assert_eq!(both(malformed_last), Err(RecordError::SeveralRecords));
}

#[test]
fn d04_the_version_comes_first_and_a_field_follows() {
    assert_eq!(one("id=a; v=STSv1;"), Err(RecordError::NoRecord));
    assert_eq!(one(" v=STSv1; id=a"), Err(RecordError::NoRecord));
    assert_eq!(one("v=STSv1;"), invalid(8, RecordFault::MissingId));
    assert_eq!(one("v=STSv1;id=a"), id("a"));
    assert_eq!(one("v=STSv1; x=y; id=a"), id("a"));
    assert_eq!(one("v=STSv1;\t id=a"), id("a"));
}

#[test]
fn d05_ids_are_1_to_32_letters_and_digits() {
    assert_eq!(one("V=STSv1; id=a"), Err(RecordError::NoRecord));
    assert_eq!(one("v=stsv1; id=a"), Err(RecordError::NoRecord));
    assert_eq!(one("v=STSv1; ID=a"), invalid(13, RecordFault::MissingId));
    assert_eq!(one("v=STSv1; id="), invalid(12, RecordFault::InvalidId));
    assert_eq!(one("v=STSv1; id=;"), invalid(12, RecordFault::InvalidId));
    assert_eq!(one("v=STSv1; id= a"), invalid(12, RecordFault::InvalidId));
    assert_eq!(one("v=STSv1; id=a-b"), invalid(13, RecordFault::InvalidId));
    assert_eq!(one("v=STSv1; note=a"), invalid(15, RecordFault::MissingId));
    let longest = "a1".repeat(16);
    assert_eq!(one(&std::format!("v=STSv1; id={longest};")), id(&longest));
    assert_eq!(one(&std::format!("v=STSv1; id={longest}x;")), invalid(44, RecordFault::InvalidId));
}

#[test]
fn d06_extensions_have_their_own_grammar() {
    assert_eq!(one("v=STSv1; id=a; x=y"), id("a"));
    assert_eq!(one("v=STSv1; id=a; x = y"), invalid(16, RecordFault::InvalidName));
    assert_eq!(one("v=STSv1; id=a; x= y"), invalid(17, RecordFault::InvalidValue));
    assert_eq!(one("v=STSv1; id=a; x="), invalid(17, RecordFault::InvalidValue));
    assert_eq!(one("v=STSv1; id=a; x=y=z"), invalid(18, RecordFault::InvalidValue));
    assert_eq!(one("v=STSv1; id=a; x"), invalid(16, RecordFault::InvalidName));
    assert_eq!(one("v=STSv1; id=a; =y"), invalid(15, RecordFault::EmptyField));
    assert_eq!(one("v=STSv1; id=a; _x=y"), invalid(15, RecordFault::EmptyField));
    assert_eq!(one("v=STSv1; id=a; x_-.9=!:<>~"), id("a"));
    let longest = "x".repeat(32);
    assert_eq!(one(&std::format!("v=STSv1; {longest}=y; id=a")), id("a"));
    let one_more = std::format!("v=STSv1; {longest}x=y; id=a");
    assert_eq!(one(&one_more), invalid(41, RecordFault::InvalidName));
    let bytes = vec![vec![&b"v=STSv1; id=a; x=\x80"[..]]];
    assert!(matches!(
        Record::from_answer(bytes, Profile::Interop),
        Err(RecordError::InvalidRecord { at: 17, cause: RecordFault::InvalidValue })
    ));
}

#[test]
fn d07_of_a_repeated_field_the_first_counts() {
    assert_eq!(one("v=STSv1; id=ab; id=cd"), id("ab"));
    assert_eq!(one("v=STSv1; id=ab; id=a-b"), id("ab"));
    assert_eq!(one("v=STSv1; id=a-b; id=ab"), invalid(13, RecordFault::InvalidId));
    assert_eq!(one("v=STSv1; id=ab; id="), invalid(19, RecordFault::InvalidValue));
    assert_eq!(one("v=STSv1; id=ab; v=STSv2"), id("ab"));
    assert_eq!(one("v=STSv1; idx=no; id=ab; i=x; id-=x"), id("ab"));
}

#[test]
fn d08_at_most_one_delimiter_ends_the_record() {
    assert_eq!(one("v=STSv1; id=ab;"), id("ab"));
    assert_eq!(one("v=STSv1; id=ab ; "), id("ab"));
    assert_eq!(one("v=STSv1; id=ab;;"), invalid(15, RecordFault::EmptyField));
    assert_eq!(one("v=STSv1; id=ab; ;"), invalid(16, RecordFault::EmptyField));
    assert_eq!(one("v=STSv1; id=ab "), invalid(15, RecordFault::StraySpace));
    assert_eq!(one("v=STSv1;; id=ab"), invalid(8, RecordFault::EmptyField));
    assert_eq!(one("v=STSv1; id=ab x=y"), invalid(15, RecordFault::StraySpace));
    assert_eq!(one("v=STSv1; x=y z=y"), invalid(13, RecordFault::StraySpace));
}

#[test]
fn d09_space_before_the_semicolon_is_a_deviation() {
    let spaced: &[&[&str]] = &[&["v=STSv1 \t; id=ab"]];
    assert_eq!(read(spaced, Profile::Rfc), Err(RecordError::NoRecord));
    assert_eq!(read(spaced, Profile::Interop), id("ab"));
    let record = Record::from_answer([["v=STSv1 ;id=ab"]], Profile::Interop).unwrap();
    assert_eq!(record.deviation(), Some(Deviation::SpaceBeforeSemicolon));
    // Where the text of the RFC finds a record, the same one is found.
    assert_eq!(both(&[&["v=STSv1 ; id=a"], &["v=STSv1; id=b"]]), id("b"));
    let broken: &[&[&str]] = &[&["v=STSv1 ; id=a"], &["v=STSv1; id="]];
    assert_eq!(both(broken), invalid(12, RecordFault::InvalidId));
    let two: &[&[&str]] = &[&["v=STSv1 ; id=a"], &["v=STSv1 ; id=a"]];
    assert_eq!(read(two, Profile::Interop), Err(RecordError::SeveralRecords));
    assert_eq!(both(&[&["v=STSv1 x; id=a"]]), Err(RecordError::NoRecord));
    assert_eq!(both(&[&["v=STSv1 "]]), Err(RecordError::NoRecord));
}

#[test]
fn d11_ids_are_equal_byte_by_byte() {
    let id = |text: &str| text.parse::<PolicyId>().unwrap();
    assert_eq!(id("a1"), id("a1"));
    assert_ne!(id("a1"), id("A1"));
    assert_ne!(id("a"), id("a0"));
    assert_ne!(id("0"), id("00"));
}

#[test]
fn policy_ids_refuse_what_the_grammar_does() {
    assert_eq!("".parse::<PolicyId>(), Err(PolicyIdError::Length(0)));
    assert_eq!("a".repeat(33).parse::<PolicyId>(), Err(PolicyIdError::Length(33)));
    assert!("a".repeat(32).parse::<PolicyId>().is_ok());
    assert_eq!("ab-".parse::<PolicyId>(), Err(PolicyIdError::InvalidByte(2)));
    assert_eq!("é".parse::<PolicyId>(), Err(PolicyIdError::InvalidByte(0)));
}

#[test]
fn a_record_is_what_it_writes() {
    for text in ["v=STSv1; id=a;", "v=STSv1 ; id=a1;"] {
        let record: Record = text.parse().unwrap();
        assert_eq!(record.to_string(), text);
    }
}
