//! All vectors: that they obey their format, and that our testee answers as they expect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use conformance::operation::OPERATIONS;
use conformance::run::exceptions::Exceptions;
use conformance::run::{InProcess, Report, run};
use conformance::vector::{check, load, own_directory};
use serde_json::Value;

#[test]
fn every_file_obeys_the_format() {
    let problems = check(&load(&own_directory()).unwrap());
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

#[test]
fn our_testee_answers_every_vector_as_expected() {
    let files = load(&own_directory()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("exceptions/conformance.json");
    let exceptions = Exceptions::load_if_present(&path).unwrap();
    let report = Report::new(&run(&mut InProcess, &files, None), &exceptions, None);
    assert!(report.is_as_expected(), "\n{report}");
}

#[test]
fn the_schema_names_the_operations_and_verdicts_of_the_protocol() {
    let schema = std::fs::read(own_directory().join("schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let cases = schema["$defs"]["vector"]["oneOf"].as_array().unwrap();
    let in_schema: BTreeSet<(String, Vec<String>)> = cases
        .iter()
        .map(|case| {
            let request = case["properties"]["request"]["$ref"].as_str().unwrap();
            let words = case["properties"]["expect"]["properties"]["verdict"]["enum"].clone();
            let operation = request.strip_prefix("#/$defs/").unwrap();
            (operation.to_owned(), serde_json::from_value(words).unwrap())
        })
        .collect();
    let in_protocol = OPERATIONS
        .iter()
        .map(|operation| {
            let words = operation.verdicts.iter().map(|verdict| verdict.word.to_owned());
            (operation.name.to_owned(), words.collect())
        })
        .collect();
    assert_eq!(in_schema, in_protocol);
}

#[test]
fn every_rule_that_a_vector_or_test_names_exists() {
    let page = conformance::coverage::own_page().unwrap();
    assert!(page.contains("| mta-sts |"));
}
