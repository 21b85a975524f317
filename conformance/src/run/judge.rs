//! Whether an answer is the one expected.

use serde_json::{Map, Value};

use super::Strictness;

/// What came of a vector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The answer has every field that is expected.
    Passed,
    /// It has not; one line for each difference.
    Failed(Vec<String>),
    /// The testee lacks the operation.
    Unsupported,
}

/// Compares `answer` with the fields that are expected.
///
/// An expected `null` is met by an absent field. A testee that is not ours may leave out the fields
/// that hold words of ours, or set them to `null`. Of `capabilities` only [`CAPABILITIES`] count.
#[must_use]
pub fn judge(expect: &Map<String, Value>, answer: &Value, strictness: Strictness) -> Outcome {
    if answer.get("verdict").is_some_and(|verdict| verdict == "unsupported") {
        return match strictness {
            Strictness::Own => Outcome::Failed(vec!["the operation is not supported".into()]),
            Strictness::Other => Outcome::Unsupported,
        };
    }
    let differences: Vec<String> = expect
        .iter()
        .filter_map(|(name, wanted)| difference(name, wanted, answer.get(name), strictness))
        .collect();
    if differences.is_empty() {
        return Outcome::Passed;
    }
    Outcome::Failed(with_detail(differences, answer))
}

/// Fields that hold words of this project's own choice, or what a testee need not know.
const OUR_WORDS: &[&str] =
    &["reason", "deviations", "quirks", "anomalies", "diagnostics", "downgrade", "dsn"];

/// The keywords that are compared where an answer lists `capabilities`. What else a client knows is
/// its own affair.
pub const CAPABILITIES: &[&str] = &[
    "8BITMIME",
    "AUTH",
    "BINARYMIME",
    "CHUNKING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "LIMITS",
    "PIPELINING",
    "REQUIRETLS",
    "SIZE",
    "SMTPUTF8",
    "STARTTLS",
];

fn difference(
    name: &str,
    wanted: &Value,
    found: Option<&Value>,
    strictness: Strictness,
) -> Option<String> {
    let compared =
        found.map(|found| if name == "capabilities" { named(found) } else { found.clone() });
    match compared.unwrap_or_default() {
        found if found == *wanted => None,
        Value::Null if OUR_WORDS.contains(&name) && strictness == Strictness::Other => None,
        Value::Null => Some(format!("{name}: expected {wanted}, found nothing")),
        found => Some(format!("{name}: expected {wanted}, found {found}")),
    }
}

/// The capabilities of an answer that are compared.
fn named(found: &Value) -> Value {
    let Value::Array(words) = found else { return found.clone() };
    let is_named = |word: &&Value| match word {
        Value::String(word) => CAPABILITIES.contains(&word.as_str()),
        // No capability, so it is told.
        _ => true,
    };
    words.iter().filter(is_named).cloned().collect()
}

/// Adds what the answer says about itself: the reason, or what was wrong with the request.
fn with_detail(mut differences: Vec<String>, answer: &Value) -> Vec<String> {
    for name in ["reason", "detail"] {
        let told = differences.iter().any(|difference| difference.starts_with(name));
        if let (Some(text), false) = (answer.get(name).and_then(Value::as_str), told) {
            differences.push(format!("the answer's {name} is {text:?}"));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(expect: Value, answer: Value, strictness: Strictness) -> Outcome {
        judge(expect.as_object().unwrap(), &answer, strictness)
    }

    #[test]
    fn every_expected_field_is_compared_and_no_other() {
        let answer = json!({"verdict": "record", "id": "a", "deviations": []});
        let expect = json!({"verdict": "record", "id": "a"});
        assert_eq!(judged(expect, answer.clone(), Strictness::Own), Outcome::Passed);
        let expect = json!({"verdict": "record", "id": "b"});
        let failed = Outcome::Failed(vec![r#"id: expected "b", found "a""#.into()]);
        assert_eq!(judged(expect, answer, Strictness::Own), failed);
    }

    #[test]
    fn an_absent_field_is_null() {
        let answer = json!({"verdict": "skip"});
        let expect = json!({"verdict": "skip", "base": null});
        assert_eq!(judged(expect, answer.clone(), Strictness::Own), Outcome::Passed);
        let expect = json!({"verdict": "skip", "base": "x"});
        assert!(matches!(judged(expect, answer, Strictness::Other), Outcome::Failed(_)));
    }

    #[test]
    fn only_others_may_leave_the_reason_out() {
        let answer = json!({"verdict": "none"});
        let expect = json!({"verdict": "none", "reason": "no-record"});
        assert_eq!(judged(expect.clone(), answer.clone(), Strictness::Other), Outcome::Passed);
        assert!(matches!(judged(expect.clone(), answer, Strictness::Own), Outcome::Failed(_)));
        let answer = json!({"verdict": "none", "reason": "other"});
        assert!(matches!(judged(expect, answer, Strictness::Other), Outcome::Failed(_)));
    }

    #[test]
    fn only_others_may_have_no_word_for_stripping_or_a_bounce() {
        for name in ["downgrade", "dsn"] {
            let expect = json!({"verdict": "refused", name: "x"});
            for answer in [json!({"verdict": "refused"}), json!({"verdict": "refused", name: null})]
            {
                assert_eq!(
                    judged(expect.clone(), answer.clone(), Strictness::Other),
                    Outcome::Passed
                );
                let own = judged(expect.clone(), answer, Strictness::Own);
                assert!(matches!(own, Outcome::Failed(_)));
            }
            let other = json!({"verdict": "refused", name: "y"});
            assert!(matches!(judged(expect, other, Strictness::Other), Outcome::Failed(_)));
        }
    }

    #[test]
    fn capabilities_are_compared_as_far_as_they_are_named() {
        let expect = json!({"capabilities": ["DSN", "SIZE"]});
        let judged = |words: Value| {
            judged(expect.clone(), json!({"capabilities": words}), Strictness::Other)
        };
        assert_eq!(judged(json!(["DSN", "ETRN", "SIZE", "XCLIENT"])), Outcome::Passed);
        for words in [json!(["DSN"]), json!(["DSN", "SIZE", "STARTTLS"]), json!(["DSN", "SIZE", 1])]
        {
            assert!(matches!(judged(words), Outcome::Failed(_)));
        }
        assert!(matches!(judged(json!("DSN SIZE")), Outcome::Failed(_)));
    }

    #[test]
    fn only_others_may_lack_an_operation() {
        let answer = json!({"verdict": "unsupported"});
        let expect = json!({"verdict": "none"});
        assert_eq!(judged(expect.clone(), answer.clone(), Strictness::Other), Outcome::Unsupported);
        assert!(matches!(judged(expect, answer, Strictness::Own), Outcome::Failed(_)));
    }
}
