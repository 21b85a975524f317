//! The program `conformance testee`, over its standard input and output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use conformance::run::exceptions::Exceptions;
use conformance::run::{External, Limits, Report, run};
use conformance::vector::{load, own_directory};
use serde_json::{Value, json};

#[test]
fn the_program_answers_each_line_before_the_next_is_sent() {
    let mut testee = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .arg("testee")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = testee.stdin.take().unwrap();
    let mut stdout = BufReader::new(testee.stdout.take().unwrap());
    for line in ["not json", r#"{"id": "a", "op": "no.such"}"#, ""] {
        writeln!(stdin, "{line}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let expected = match line.starts_with('{') {
            true => json!({"id": "a", "verdict": "unsupported"}),
            false => json!({"id": null, "verdict": "bad-request", "reason": "not-json"}),
        };
        assert_eq!(answer, expected);
    }
    drop(stdin);
    assert!(testee.wait().unwrap().success());
}

#[test]
fn the_program_passes_every_vector_over_its_standard_output() {
    let files = load(&own_directory()).unwrap();
    let command = format!("{} testee", env!("CARGO_BIN_EXE_conformance"));
    let mut testee = External::new(command, Limits::default());
    let report = Report::new(&run(&mut testee, &files, None), &Exceptions::default(), None);
    assert!(report.is_as_expected(), "\n{report}");
    assert_eq!(report.total().unsupported, 0);
}
