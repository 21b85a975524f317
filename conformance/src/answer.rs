//! What a testee answers.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// An answer without the id of its request: a verdict, a reason where it is negative, and fields.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Answer {
    verdict: &'static str,
    reason: Option<Cow<'static, str>>,
    fields: Vec<(&'static str, Value)>,
}

impl Answer {
    /// An answer with this verdict and nothing else.
    pub fn new(verdict: &'static str) -> Self {
        Self { verdict, reason: None, fields: Vec::new() }
    }

    /// The answer to a request that cannot be understood.
    pub fn bad_request(reason: &'static str) -> Self {
        Self::new("bad-request").because(reason)
    }

    /// The answer where the testee lacks the operation.
    pub fn unsupported() -> Self {
        Self::new("unsupported")
    }

    /// Adds the reason, a stable word.
    pub fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds a field.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        self.verdict
    }
}

/// An answer with the id of its request, `null` where that could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The request's id.
    pub id: Option<String>,
    /// The answer.
    pub answer: Answer,
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("verdict", self.answer.verdict)?;
        if let Some(reason) = &self.answer.reason {
            map.serialize_entry("reason", reason)?;
        }
        for (name, value) in &self.answer.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_begins_with_id_and_verdict() {
        let answer = Answer::new("none").because("no-record").with("deviations", vec!["a"]);
        let reply = Reply { id: Some("x".into()), answer };
        assert_eq!(
            serde_json::to_string(&reply).unwrap(),
            r#"{"id":"x","verdict":"none","reason":"no-record","deviations":["a"]}"#,
        );
    }

    #[test]
    fn an_unknown_id_is_null() {
        let reply = Reply { id: None, answer: Answer::bad_request("not-json") };
        assert_eq!(
            serde_json::to_string(&reply).unwrap(),
            r#"{"id":null,"verdict":"bad-request","reason":"not-json"}"#,
        );
    }
}
