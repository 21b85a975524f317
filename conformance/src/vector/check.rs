//! What every file of vectors must obey beyond its JSON form.

use std::collections::BTreeSet;

use core::fmt;

use serde_json::{Map, Value};

use super::{File, Level, Vector};
use crate::coverage::{self, RuleSet};
use crate::operation::Operation;

/// A vector that breaks a rule of the format.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The vector's id.
    pub id: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.what)
    }
}

/// All problems of `files`: ids that are repeated or do not begin with their document and section,
/// levels that none of the named `rules` has, requests that are incomplete or hold unknown fields, and
/// answers that no testee could give.
#[must_use]
pub fn check(files: &[File], rules: &[RuleSet]) -> Vec<Problem> {
    let binding = binding(rules);
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for file in files {
        for vector in &file.vectors {
            let mut say = |what: String| problems.push(Problem { id: vector.id.clone(), what });
            if !seen.insert(vector.id.as_str()) {
                say("this id is used twice".into());
            }
            check_place(file, vector, &mut say);
            check_text(vector, &mut say);
            check_level(vector, &binding, &mut say);
            check_request(file, vector, &mut say);
            check_expect(vector, &mut say);
        }
    }
    problems
}

fn check_place(file: &File, vector: &Vector, say: &mut impl FnMut(String)) {
    let folder = file.path.parent().and_then(|parent| parent.file_name());
    if folder.is_some_and(|folder| folder != file.spec.as_str()) {
        say(format!("its file is of {} and does not lie in a folder of that name", file.spec));
    }
    let prefix = format!("{}/{}/", file.spec, vector.section);
    match vector.id.strip_prefix(&prefix) {
        Some(name) if is_name(name) => {}
        Some(_) => say("the last part of the id is not lower-case words joined by hyphens".into()),
        None => say(format!("the id does not begin with {prefix}")),
    }
}

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !name.is_empty()
        && name.split(['-', '.', '_']).all(|word| word.chars().all(inner) && !word.is_empty())
}

fn check_text(vector: &Vector, say: &mut impl FnMut(String)) {
    for (name, text) in
        [("title", &vector.title), ("why", &vector.why), ("section", &vector.section)]
    {
        if text.trim().is_empty() {
            say(format!("{name} is empty"));
        }
    }
}

/// The names of the rules that bind: of level must.
fn binding(rules: &[RuleSet]) -> BTreeSet<String> {
    let of = |set: &RuleSet| -> Vec<String> {
        let binds = |rule: &&coverage::Rule| rule.level == coverage::Level::Must;
        set.rules.iter().filter(binds).map(|rule| set.name(rule)).collect()
    };
    rules.iter().flat_map(of).collect()
}

fn check_level(vector: &Vector, binding: &BTreeSet<String>, say: &mut impl FnMut(String)) {
    let is_bound = vector.rules.iter().any(|rule| binding.contains(rule));
    if vector.level == Level::Must && !is_bound {
        say("its level is must, and none of its rules is".into());
    }
}

fn check_request(file: &File, vector: &Vector, say: &mut impl FnMut(String)) {
    let name = vector.operation();
    let Some(operation) = Operation::find(name) else {
        return say(format!("there is no operation {name:?}"));
    };
    if !name.starts_with(file.subject.prefix()) {
        say(format!("{name} is not an operation of {}", file.subject.name()));
    }
    let mut fields = vector.request.clone();
    fields.remove("op");
    let given = Value::Object(fields);
    match (operation.round_trip)(given.clone()) {
        Ok(read) => unknown(&given, &read, "request", say),
        Err(error) => say(format!("the request is not one of {name}: {error}")),
    }
}

/// Names every field of `given` that is not in `read`, which is what the request's type has kept.
fn unknown(given: &Value, read: &Value, path: &str, say: &mut impl FnMut(String)) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (name, value) in given {
                match read.get(name) {
                    Some(kept) => unknown(value, kept, &format!("{path}.{name}"), say),
                    None => say(format!("{path}.{name} is unknown")),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => {
            for (at, (value, kept)) in given.iter().zip(read).enumerate() {
                unknown(value, kept, &format!("{path}[{at}]"), say);
            }
        }
        _ => {}
    }
}

fn check_expect(vector: &Vector, say: &mut impl FnMut(String)) {
    let Some(operation) = Operation::find(vector.operation()) else { return };
    let word = vector.expect.get("verdict").and_then(Value::as_str);
    let Some(word) = word else {
        return say("expect names no verdict".into());
    };
    match operation.verdict(word) {
        Some(verdict) => check_fields(&vector.expect, verdict.fields, word, say),
        None => say(format!("{} has no verdict {word:?}", operation.name)),
    }
}

fn check_fields(
    expect: &Map<String, Value>,
    fields: &[&str],
    word: &str,
    say: &mut impl FnMut(String),
) {
    for name in expect.keys() {
        if name != "verdict" && !fields.contains(&name.as_str()) {
            say(format!("an answer {word:?} has no field {name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(vector: Value) -> File {
        let file = json!({"crate": "mta-sts", "spec": "rfc8461", "vectors": [vector]});
        serde_json::from_value(file).unwrap()
    }

    fn good() -> Value {
        json!({
            "id": "rfc8461/3.1/short-id", "title": "an id of one letter", "section": "3.1",
            "level": "must", "why": "1 to 32 letters or digits", "rules": ["mta-sts/D05"],
            "request": {"op": "mta_sts.record", "txt": [["v=STSv1; id=a"]]},
            "expect": {"verdict": "record", "policy_id": "a"},
        })
    }

    fn checked(files: &[File]) -> Vec<Problem> {
        check(files, &coverage::own_rules().unwrap())
    }

    /// The problems of the good vector with the value at `pointer` replaced.
    fn problems(pointer: &str, value: Value) -> Vec<String> {
        let mut vector = good();
        *vector.pointer_mut(pointer).unwrap() = value;
        checked(&[file(vector)]).into_iter().map(|problem| problem.what).collect()
    }

    #[test]
    fn a_good_vector_has_no_problem() {
        assert_eq!(checked(&[file(good())]), []);
    }

    #[test]
    fn an_id_is_unique() {
        let what = checked(&[file(good()), file(good())]);
        assert_eq!(what.len(), 1);
        assert_eq!(what[0].what, "this id is used twice");
    }

    #[test]
    fn an_id_begins_with_document_and_section() {
        assert_eq!(problems("/id", json!("rfc8461/3.2/x")).len(), 1);
        assert_eq!(problems("/id", json!("rfc8461/3.1/")).len(), 1);
        assert_eq!(problems("/id", json!("rfc8461/3.1/A b")).len(), 1);
    }

    #[test]
    fn a_file_lies_in_the_folder_of_its_document() {
        let mut astray = file(good());
        astray.path = "vectors/rfc8460/3.1.json".into();
        assert_eq!(checked(&[astray]).len(), 1);
    }

    #[test]
    fn a_request_has_all_fields_and_no_unknown_one() {
        let unknown = json!({"op": "mta_sts.record", "txt": [], "text": 1});
        assert_eq!(problems("/request", unknown), ["request.text is unknown"]);
        assert_eq!(problems("/request", json!({"op": "mta_sts.record"})).len(), 1);
        let other = json!({"op": "tlsrpt.record", "txt": []});
        assert!(problems("/request", other)[0].contains("not an operation of mta-sts"));
        assert!(problems("/request", json!({"op": "x"}))[0].contains("no operation"));
    }

    #[test]
    fn an_unknown_field_is_found_at_every_depth() {
        let cached = json!({"id": "a", "fetched_at": 1, "body_b64": "", "note": 1});
        let mut vector = good();
        vector["request"] =
            json!({"op": "mta_sts.discover", "now": 1, "txt": "nonexistent", "cached": cached});
        vector["expect"] = json!({"verdict": "no-policy"});
        let what = checked(&[file(vector)]);
        assert_eq!(what[0].what, "request.cached.note is unknown");
    }

    #[test]
    fn an_expectation_is_part_of_a_possible_answer() {
        assert!(problems("/expect", json!({"policy_id": "a"}))[0].contains("no verdict"));
        assert!(problems("/expect", json!({"verdict": "found"}))[0].contains("no verdict"));
        let none = json!({"verdict": "none", "policy_id": "a"});
        assert_eq!(problems("/expect", none), ["an answer \"none\" has no field policy_id"]);
    }

    #[test]
    fn unknown_members_of_a_file_are_refused() {
        let mut vector = good();
        vector["note"] = json!("x");
        let file = json!({"crate": "mta-sts", "spec": "rfc8461", "vectors": [vector]});
        assert!(serde_json::from_value::<File>(file).is_err());
    }

    #[test]
    fn what_must_be_names_a_rule_that_must() {
        let unbound = ["its level is must, and none of its rules is"];
        assert_eq!(problems("/rules", json!([])), unbound);
        assert_eq!(problems("/rules", json!(["mta-sts/F04"])), unbound, "should");
        assert_eq!(problems("/rules", json!(["mta-sts/I1", "mta-sts/D09"])), unbound, "house");
        let none: [&str; 0] = [];
        assert_eq!(problems("/rules", json!(["mta-sts/I1", "mta-sts/D03"])), none);
        let mut vector = good();
        vector["rules"] = json!([]);
        for level in ["should", "may", "unclear"] {
            vector["level"] = json!(level);
            assert_eq!(checked(&[file(vector.clone())]), []);
        }
    }

    #[test]
    fn title_and_reason_are_given() {
        assert_eq!(problems("/why", json!(" ")), ["why is empty"]);
    }
}
