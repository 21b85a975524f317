//! The testee itself.

use serde_json::{Map, Value, json};

use super::fail;
use crate::operation::Operation;
use crate::testee;

/// A line: it is answered, by a verdict and fields that its operation has.
pub fn line(data: &[u8]) {
    let reply = testee::reply(data);
    let Ok(Value::Object(answer)) = serde_json::to_value(&reply) else {
        fail("an answer is an object")
    };
    let request = serde_json::from_slice::<Map<String, Value>>(data).ok();
    let id = request.as_ref().and_then(|request| request.get("id")).filter(|id| id.is_string());
    assert_eq!(answer.get("id"), Some(id.unwrap_or(&Value::Null)), "the id is the request's");
    let word = answer.get("verdict").and_then(Value::as_str).unwrap_or_default();
    if word == "bad-request" {
        assert!(answer.get("reason").is_some_and(Value::is_string));
        return;
    }
    let name = request.as_ref().and_then(|request| request.get("op")).and_then(Value::as_str);
    let Some(operation) = name.and_then(Operation::find) else {
        assert_eq!(word, "unsupported");
        return;
    };
    let Some(verdict) = operation.verdict(word) else {
        fail(&format!("{} has no verdict {word:?}", operation.name))
    };
    for field in answer.keys().filter(|field| !["id", "verdict"].contains(&field.as_str())) {
        assert!(verdict.fields.contains(&field.as_str()), "{word} of {name:?} has no {field}");
    }
}

pub(super) fn seed_line(_: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let mut request = fields.clone();
    request.insert("id".into(), json!("a"));
    serde_json::to_vec(&request).ok()
}
