//! The testee: answers requests with what our crates say, through their public interfaces alone.

pub(crate) mod dane;
pub(crate) mod mta_sts;
pub(crate) mod smtp;
pub(crate) mod tlsrpt;

use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::answer::{Answer, Reply};
use crate::line::{Line, Lines};
use crate::operation::Operation;

/// How an operation is answered; an error is a request that lacks something.
pub(crate) type Handler = fn(Value) -> Result<Answer, serde_json::Error>;

/// Answers every line of `input` on `output`, in order, until the stream ends.
///
/// # Errors
///
/// What the streams report. No request is an error.
pub fn serve(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next_line()? {
        let reply = match line {
            Line::Text(text) => reply(text),
            Line::TooLong => Reply { id: None, answer: Answer::bad_request("line-too-long") },
        };
        serde_json::to_writer(&mut output, &reply)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

/// The reply to one line, whatever it holds.
#[must_use]
pub fn reply(line: &[u8]) -> Reply {
    match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) => reply_to(fields),
        Ok(_) => Reply { id: None, answer: Answer::bad_request("not-an-object") },
        Err(_) => Reply { id: None, answer: Answer::bad_request("not-json") },
    }
}

/// The reply to a request that was read as JSON.
#[must_use]
pub fn reply_to(mut fields: Map<String, Value>) -> Reply {
    let id = match fields.remove("id") {
        Some(Value::String(id)) => id,
        Some(_) => return Reply { id: None, answer: Answer::bad_request("bad-id") },
        None => return Reply { id: None, answer: Answer::bad_request("missing-id") },
    };
    let answer = match fields.remove("op") {
        Some(Value::String(name)) => perform(&name, fields),
        Some(_) => Answer::bad_request("bad-op"),
        None => Answer::bad_request("missing-op"),
    };
    Reply { id: Some(id), answer }
}

fn perform(name: &str, fields: Map<String, Value>) -> Answer {
    let Some(operation) = Operation::find(name) else {
        return Answer::unsupported();
    };
    (operation.answer)(Value::Object(fields))
        .unwrap_or_else(|error| Answer::bad_request("bad-field").with("detail", error.to_string()))
}

/// Reads the fields of a request and has `answer` answer it.
pub(crate) fn ask<T: DeserializeOwned>(
    fields: Value,
    answer: fn(T) -> Answer,
) -> Result<Answer, serde_json::Error> {
    serde_json::from_value(fields).map(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(input: &[u8]) -> Vec<Value> {
        let mut output = Vec::new();
        serve(input, &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn what_is_not_a_request_is_answered_and_the_next_line_too() {
        let answers = served(
            b"\n{\n[1]\n\xff\n{\"op\":\"x\"}\n{\"id\":1}\n{\"id\":\"a\"}\n{\"id\":\"b\",\"op\":1}",
        );
        let reasons: Vec<_> =
            answers.iter().map(|answer| answer["reason"].as_str().unwrap()).collect();
        assert_eq!(
            reasons,
            [
                "not-json",
                "not-json",
                "not-an-object",
                "not-json",
                "missing-id",
                "bad-id",
                "missing-op",
                "bad-op",
            ],
        );
        assert!(answers.iter().all(|answer| answer["verdict"] == "bad-request"));
        assert_eq!(answers[5]["id"], Value::Null);
        assert_eq!(answers[7]["id"], "b");
    }

    #[test]
    fn a_nesting_without_end_is_refused() {
        let line = [b"{\"id\":".as_slice(), &b"[".repeat(100_000)].concat();
        assert_eq!(served(&line)[0]["reason"], "not-json");
    }

    #[test]
    fn an_unknown_operation_is_unsupported() {
        let answers = served(b"{\"id\":\"a\",\"op\":\"mta_sts.guess\"}\n");
        assert_eq!(answers, [serde_json::json!({"id": "a", "verdict": "unsupported"})]);
    }

    #[test]
    fn a_missing_field_is_named() {
        let fields = serde_json::json!({});
        let error = ask(fields, |_: crate::request::mta_sts::Policy| Answer::new("policy"));
        assert!(error.unwrap_err().to_string().contains("body_b64"));
    }
}
