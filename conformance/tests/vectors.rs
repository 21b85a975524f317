//! All vectors: that they obey their format, and that our testee answers as they expect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use conformance::coverage::own_rules;
use conformance::operation::OPERATIONS;
use conformance::run::exceptions::Exceptions;
use conformance::run::{InProcess, Report, run};
use conformance::vector::{check, load, own_directory};
use serde_json::Value;

#[test]
fn every_file_obeys_the_format() {
    let problems = check(&load(&own_directory()).unwrap(), &own_rules().unwrap());
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
#[ignore = "needs the Debian package python3-jsonschema"]
fn every_file_obeys_the_schema_and_the_schema_refuses_what_is_none() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema.py");
    let output = Command::new("/usr/bin/python3").arg(program).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "\n{}", said.concat());
}

#[test]
fn the_schema_names_the_operations_verdicts_and_fields_of_the_protocol() {
    let schema = std::fs::read(own_directory().join("schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let words = |value: &Value| -> BTreeSet<String> {
        serde_json::from_value(value["enum"].clone()).unwrap()
    };
    let cases = schema["$defs"]["vector"]["oneOf"].as_array().unwrap();
    let in_schema: BTreeMap<String, _> = cases
        .iter()
        .map(|case| {
            let request = case["properties"]["request"]["$ref"].as_str().unwrap();
            let expect = &case["properties"]["expect"];
            let operation = request.strip_prefix("#/$defs/").unwrap();
            let verdicts = words(&expect["properties"]["verdict"]);
            (operation.to_owned(), (verdicts, words(&expect["propertyNames"])))
        })
        .collect();
    let owned = |word: &str| word.to_owned();
    let in_protocol: BTreeMap<String, _> = OPERATIONS
        .iter()
        .map(|operation| {
            let verdicts = operation.verdicts.iter();
            let fields = verdicts.clone().flat_map(|verdict| verdict.fields);
            let fields = fields.copied().chain(["verdict"]).map(owned).collect();
            let words = verdicts.map(|verdict| owned(verdict.word)).collect();
            (owned(operation.name), (words, fields))
        })
        .collect();
    assert_eq!(in_schema, in_protocol);
}

#[test]
fn every_rule_that_a_vector_or_test_names_exists() {
    let page = conformance::coverage::own_page().unwrap();
    assert!(page.contains("| mta-sts |"));
}
