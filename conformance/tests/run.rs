//! The program `conformance run`: what it prints, and its exit status.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// A folder of this test's own, with two vectors in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("run").join(name);
    // What another run has left.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("vectors/rfc8461")).unwrap();
    let vector = |name: &str, level: &str, id: &str| {
        json!({
            "id": format!("rfc8461/3.1/{name}"), "title": "a record", "section": "3.1",
            "level": level, "why": "it has the form of section 3.1",
            "request": {"op": "mta_sts.record", "txt": [[format!("v=STSv1; id={id}")]]},
            "expect": {"verdict": "record", "policy_id": "a"},
        })
    };
    let file = json!({
        "crate": "mta-sts", "spec": "rfc8461",
        "vectors": [vector("right", "must", "a"), vector("wrong", "should", "b")],
    });
    fs::write(folder.join("vectors/rfc8461/3.1.json"), file.to_string()).unwrap();
    folder
}

fn exceptions(folder: &Path, vectors: &[&str]) -> String {
    let path = folder.join("exceptions.json");
    let exception = json!({"vectors": vectors, "reason": "takes another id"});
    let file = json!({"testee": "x 1", "exceptions": [exception]});
    fs::write(&path, file.to_string()).unwrap();
    path.to_str().unwrap().into()
}

/// `conformance run` over the folder's vectors with these arguments.
fn conformance(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--vectors", folder.join("vectors").to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A testee that gives one answer to everything.
fn always(answer: &str) -> String {
    let program = r#"while read -r line; do id=${line#*\"id\":\"}; printf "%s\n" "{\"id\":\"${id%%\"*}\",ANSWER}"; done"#;
    format!("sh -c '{}'", program.replace("ANSWER", &answer.replace('"', "\\\"")))
}

#[test]
fn a_failure_is_listed_with_its_difference_and_is_status_1() {
    let folder = folder("failure");
    let output = conformance(&folder, &[]);
    let text = text(&output);
    assert_eq!(status(&output), Some(1), "{text}");
    let lines: Vec<Vec<&str>> =
        text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(lines.contains(&vec!["rfc8461", "3.1", "must", "1", "0", "0", "0"]), "{text}");
    assert!(lines.contains(&vec!["rfc8461", "3.1", "should", "0", "1", "0", "0"]), "{text}");
    assert!(lines.contains(&vec!["total", "1", "1", "0", "0"]), "{text}");
    assert!(text.contains("FAIL rfc8461/3.1/wrong\n     policy_id"), "{text}");
}

#[test]
fn an_exception_explains_a_failure_and_one_without_need_fails() {
    let folder = folder("exceptions");
    let path = exceptions(&folder, &["rfc8461/3.1/wrong"]);
    let output = conformance(&folder, &["--exceptions", &path]);
    assert_eq!(status(&output), Some(0), "{}", text(&output));
    for needless in ["rfc8461/3.1/right", "rfc8461/3.1/no-such-vector"] {
        let path = exceptions(&folder, &["rfc8461/3.1/wrong", needless]);
        let output = conformance(&folder, &["--exceptions", &path]);
        assert_eq!(status(&output), Some(1));
        assert!(text(&output).contains(&format!("UNNEEDED EXCEPTION {needless}")));
    }
}

#[test]
fn the_result_as_json_says_the_same() {
    let folder = folder("json");
    let output = conformance(&folder, &["--json"]);
    assert_eq!(status(&output), Some(1));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let counts = json!({"passed": 1, "failed": 1, "excepted": 0, "unsupported": 0});
    assert_eq!(result["total"], counts);
    assert_eq!(result["failures"][0]["id"], "rfc8461/3.1/wrong");
    assert_eq!(result["rows"][0]["level"], "must");
    assert_eq!(result["unneeded_exceptions"], json!([]));
}

#[test]
fn another_program_is_asked_over_its_standard_input_and_output() {
    let folder = folder("other");
    let right = always(r#""verdict":"record","policy_id":"a""#);
    let output = conformance(&folder, &["--testee", &right, "--name", "other"]);
    assert_eq!(status(&output), Some(0), "{}", text(&output));
    // What it lacks is counted and is no failure; our own testee may lack nothing.
    let none = always(r#""verdict":"unsupported""#);
    let output = conformance(&folder, &["--testee", &none, "--name", "other", "--json"]);
    assert_eq!(status(&output), Some(0));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["total"]["unsupported"], 2);
    let output = conformance(&folder, &["--testee", "false", "--name", "other"]);
    assert_eq!(status(&output), Some(1), "a program that ends has failed");
}

#[test]
fn one_document_is_run_by_its_name() {
    let folder = folder("spec");
    assert_eq!(status(&conformance(&folder, &["--spec", "rfc8461"])), Some(1));
    let output = conformance(&folder, &["--spec", "rfc8460"]);
    assert_eq!(status(&output), Some(2), "there is no such document");
    let own = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--spec", "rfc8689", "--json"])
        .output()
        .unwrap();
    let result: Value = serde_json::from_slice(&own.stdout).unwrap();
    let rows = result["rows"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["spec"] == "rfc8689"));
    assert_eq!(status(&own), Some(0));
}

#[test]
fn a_run_that_cannot_be_made_is_status_2() {
    let folder = folder("broken");
    assert_eq!(status(&conformance(&folder.join("none"), &[])), Some(2));
    assert_eq!(status(&conformance(&folder, &["--exceptions", "no/such/file.json"])), Some(2));
    fs::write(folder.join("exceptions.json"), "{}").unwrap();
    let path = folder.join("exceptions.json");
    let output = conformance(&folder, &["--exceptions", path.to_str().unwrap()]);
    assert_eq!(status(&output), Some(2));
    fs::write(folder.join("vectors/rfc8461/3.2.json"), "{\"crate\": 1}").unwrap();
    let output = conformance(&folder, &[]);
    assert_eq!(status(&output), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("3.2.json"));
}
