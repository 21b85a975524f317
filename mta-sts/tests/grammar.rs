//! Records and policies that a generator makes out of pieces of the grammar, read by the crate and by
//! a second recogniser that is written in another way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use mta_sts::{Policy, Profile, Record};

/// Texts in a run. `MTA_STS_TEXTS` sets another number.
const TEXTS: usize = 1_000_000;

fn texts() -> usize {
    std::env::var("MTA_STS_TEXTS").map_or(TEXTS, |texts| texts.parse().expect("a number"))
}

/// A generator of numbers that is the same in each run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// Usually the first, which conforms; else one of the others.
    fn mostly<'a>(&mut self, first: &'a str, others: &[&'a str]) -> &'a str {
        if self.below(8) == 0 { self.one_of(others) } else { first }
    }
}

fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    (1..=32).contains(&name.len())
        && bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// The id of a record, by cutting it at its semicolons.
fn id_of(record: &str) -> Option<String> {
    let wsp = [' ', '\t'];
    let mut fields: Vec<&str> = record.strip_prefix("v=STSv1;")?.split(';').collect();
    if fields.last()?.trim_matches(wsp).is_empty() {
        fields.pop();
    } else if fields.last()?.ends_with(wsp) {
        return None;
    }
    let mut id = None;
    for field in fields {
        let (name, value) = field.trim_matches(wsp).split_once('=')?;
        if name == "id" && id.is_none() {
            let fits = (1..=32).contains(&value.len()) && is_alphanumeric(value);
            id = fits.then(|| value.to_owned());
            id.as_ref()?;
        }
        let printable = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'=');
        if !is_name(name) || value.is_empty() || !printable {
            return None;
        }
    }
    id
}

fn record(numbers: &mut Numbers) -> String {
    let mut record = String::new();
    record.push_str(numbers.mostly("v=STSv1", &["V=STSv1", "v=STSv10", " v=STSv1", "v=STSv", ""]));
    for _ in 0..=numbers.below(4) {
        record.push_str(numbers.mostly("", &[" ", "\t ", ";"]));
        record.push_str(numbers.mostly(";", &["", ",", ";;"]));
        record.push_str(numbers.one_of(&["", " ", "\t"]));
        let others =
            ["note", "i", "idx", "ID", "x_-.9", "_x", "", "é", "n23456789012345678901234567890123"];
        record.push_str(if numbers.below(2) == 0 { "id" } else { numbers.one_of(&others) });
        record.push_str(numbers.mostly("=", &["", " =", "= ", "=="]));
        let long = ["a23456789012345678901234567890aB", "a23456789012345678901234567890aBc"];
        let others = ["", "a-b", "a b", "~!<>", "é", "a\u{7f}", long[0], long[1], "x"];
        record.push_str(numbers.mostly("a1B2", &others));
    }
    record.push_str(numbers.one_of(&["", "", ";", " ; ", " ", ";;", "\n"]));
    record
}

#[test]
fn s2_1_records_are_read_as_the_grammar_says() {
    let mut numbers = Numbers(0x853C_49E6_748F_EA9B);
    let mut accepted = 0;
    for _ in 0..texts() / 2 {
        let record = record(&mut numbers);
        let expected = id_of(&record);
        let read = Record::from_answer([[&record]], Profile::Rfc).ok();
        assert_eq!(read.map(|read| read.id().to_string()), expected, "{record:?}");
        accepted += usize::from(expected.is_some());
    }
    let share = accepted * 100 / (texts() / 2).max(1);
    assert!((5..95).contains(&share), "{share} % are accepted, so little is tested");
}

#[derive(Debug, Eq, PartialEq)]
struct Facts {
    mode: String,
    max_age: u64,
    mx: Vec<String>,
}

fn is_domain(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && is_alphanumeric(&label.replace('-', ""))
        })
}

/// What a policy says, by cutting it into lines and those at their colons.
fn facts_of(body: &str) -> Option<Facts> {
    let wsp = [' ', '\t'];
    let mut lines: Vec<&str> = body.split('\n').collect();
    let unfinished = lines.pop()?;
    let mut lines: Vec<&str> =
        lines.into_iter().map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    if !unfinished.is_empty() {
        lines.push(unfinished);
    }
    let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim_matches(wsp);
        if !is_name(name) || value.is_empty() || value.bytes().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        match name {
            "version" if version.is_none() => version = Some((value == "STSv1").then_some(())?),
            "mode" if mode.is_none() => {
                mode =
                    Some(["enforce", "testing", "none"].into_iter().find(|mode| *mode == value)?);
            }
            "max_age" if max_age.is_none() => {
                let digits = value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_digit());
                max_age = Some(digits.then(|| value.parse::<u64>().unwrap().min(31_557_600))?);
            }
            "mx" => {
                is_domain(value.strip_prefix("*.").unwrap_or(value)).then_some(())?;
                mx.push(value.to_ascii_lowercase());
            }
            _ => {}
        }
    }
    version?;
    let mode = mode?.to_owned();
    (mode == "none" || !mx.is_empty()).then_some(())?;
    Some(Facts { mode, max_age: max_age?, mx })
}

fn line(numbers: &mut Numbers, body: &mut String, name: &str, value: &str) {
    body.push_str(numbers.mostly("", &["", "", "", " ", "\u{feff}"]));
    body.push_str(name);
    body.push_str(numbers.mostly(":", &[":", ":", ":", " :", "", "::"]));
    body.push_str(numbers.one_of(&["", " ", "\t "]));
    body.push_str(value);
    body.push_str(numbers.one_of(&["", "", "", " ", "\t"]));
    body.push_str(
        numbers.mostly("\n", &["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r", "\n\n", "\r\r\n"]),
    );
}

fn policy(numbers: &mut Numbers) -> String {
    let mut body = String::new();
    let mut names = vec!["version", "mode", "max_age", "mx"];
    for _ in 0..numbers.below(4) {
        let more = ["mx", "mx", "mode", "version", "max_age", "note", "Mode", "-x", "x.y_z-9"];
        names.insert(numbers.below(names.len()), numbers.one_of(&more));
    }
    if numbers.below(8) == 0 {
        names.remove(numbers.below(names.len()));
    }
    names.rotate_left(numbers.below(4));
    for name in names {
        let value = match name {
            "version" => numbers.mostly("STSv1", &["STSv1", "STSv1", "STSv2", "stsv1", ""]),
            "mode" => {
                let mode = numbers.one_of(&["enforce", "testing", "none"]);
                numbers.mostly(mode, &[mode, mode, "None", "", "enforce x"])
            }
            "max_age" => {
                let seconds = numbers.one_of(&["0", "604800", "31557601", "9999999999"]);
                numbers.mostly(seconds, &[seconds, seconds, "-1", "00000000000", "1.5", "٣"])
            }
            "mx" => {
                let mx = numbers.one_of(&["mx1.Example.org", "*.example.net", "a", "192.0.2.1"]);
                let odd =
                    ["*", "a_b.org", "a.", ".a", "a-.b", "-a.b", "a--b.c", "é.org", "a b", "*.*.a"];
                if numbers.below(12) == 0 { numbers.one_of(&odd) } else { mx }
            }
            _ => numbers.mostly("some value", &["a:b", "é\u{85}\u{2028}", "", "a\tb", "a\u{b}b"]),
        };
        line(numbers, &mut body, name, value);
    }
    if numbers.below(4) == 0 {
        body.truncate(body.trim_end_matches(['\r', '\n']).len());
    }
    body
}

#[test]
fn s2_3_policies_are_read_as_the_grammar_says() {
    let mut numbers = Numbers(0xDA3E_39CB_94B9_5BDB);
    let mut accepted = 0;
    for _ in 0..texts() / 2 {
        let body = policy(&mut numbers);
        let expected = facts_of(&body);
        let read = Policy::parse(body.as_bytes(), Profile::Rfc).ok().map(|policy| Facts {
            mode: policy.mode().to_string(),
            max_age: policy.max_age().as_secs(),
            mx: policy.patterns().map(|pattern| pattern.to_string()).collect(),
        });
        assert_eq!(read, expected, "{body:?}");
        accepted += usize::from(expected.is_some());
        if expected.is_some() {
            // What the strict profile reads, the lenient one reads in the same way.
            let lenient = Policy::parse(body.as_bytes(), Profile::Interop).unwrap();
            assert_eq!(lenient.to_string(), body);
        }
    }
    let share = accepted * 100 / (texts() / 2).max(1);
    assert!((5..95).contains(&share), "{share} % are accepted, so little is tested");
}
