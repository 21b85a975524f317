//! Labels over a corpus of greetings and EHLO replies: every listed pattern is found, and no honest
//! keyword is taken for one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{Downgrade, Outcome, Requirement, Session};
use support::{config, ehlo_reply, speak};

const CORPUS: &str = include_str!("data/ehlo.txt");

struct Entry {
    label: String,
    greeting: String,
    lines: Vec<String>,
}

fn corpus() -> Vec<Entry> {
    let rows = CORPUS.lines().filter(|row| !row.starts_with('#'));
    let entry = |row: &str| {
        let fields: Vec<_> = row.split(" ; ").map(|field| field.replace("\\t", "\t")).collect();
        let [label, greeting, lines] = <[String; 3]>::try_from(fields).expect(row);
        Entry { label, greeting, lines: lines.split('|').map(str::to_string).collect() }
    };
    rows.map(entry).collect()
}

fn label(entry: &Entry, requirement: Requirement) -> (Option<Downgrade>, Option<Outcome>) {
    let mut session = Session::new(&config(requirement));
    let lines: Vec<_> = entry.lines.iter().map(String::as_str).collect();
    speak(&mut session, format!("220 {}\r\n", entry.greeting).as_bytes());
    speak(&mut session, ehlo_reply(&lines).as_bytes());
    (session.downgrade(), session.outcome())
}

// checks: smtp-starttls/L1
#[test]
fn every_reply_of_the_corpus_gets_its_label_and_no_other() {
    let corpus = corpus();
    assert!(corpus.len() >= 200, "{}", corpus.len());
    for entry in &corpus {
        let (label, _) = label(entry, Requirement::Opportunistic);
        let word = label.map_or("none", Downgrade::word);
        assert_eq!(word, entry.label, "{:?} {:?}", entry.greeting, entry.lines);
    }
}

// checks: smtp-starttls/L1
#[test]
fn no_label_ends_a_session_in_clear_where_tls_is_needed() {
    for entry in corpus() {
        for requirement in [Requirement::Encrypt, Requirement::Authenticate] {
            let (_, outcome) = label(&entry, requirement);
            assert_eq!(outcome, None, "STARTTLS is sent: {:?}", entry.lines);
        }
    }
}

// checks: smtp-starttls/L1
#[test]
fn every_label_of_an_ehlo_reply_is_in_the_corpus() {
    for word in ["none", "absent", "garbled", "masked-len-preserving", "banner-masked"] {
        assert!(corpus().iter().any(|entry| entry.label == word), "{word}");
    }
}
