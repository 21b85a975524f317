//! The operations of the protocol: requests, verdicts, and the fields of each verdict.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::request;
use crate::testee::{self, Handler};

/// An operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name, `crate.verb`.
    pub name: &'static str,
    /// The verdicts that can be expected of it.
    pub verdicts: &'static [Verdict],
    /// Reads a request and writes it again, without the fields that are unknown.
    pub(crate) round_trip: fn(Value) -> Result<Value, serde_json::Error>,
    /// Answers a request.
    pub(crate) answer: Handler,
}

/// A verdict.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// Its word.
    pub word: &'static str,
    /// The fields that an answer with this verdict may have, `reason` included.
    pub fields: &'static [&'static str],
}

impl Operation {
    /// The operation of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }

    /// The verdict of this operation with this word.
    #[must_use]
    pub fn verdict(&self, word: &str) -> Option<&'static Verdict> {
        self.verdicts.iter().find(|verdict| verdict.word == word)
    }
}

const fn verdict(word: &'static str, fields: &'static [&'static str]) -> Verdict {
    Verdict { word, fields }
}

const fn operation<T: DeserializeOwned + Serialize>(
    name: &'static str,
    verdicts: &'static [Verdict],
    answer: Handler,
) -> Operation {
    Operation { name, verdicts, round_trip: round_trip::<T>, answer }
}

fn round_trip<T: DeserializeOwned + Serialize>(fields: Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<T>(fields)?)
}

const POLICY: &[&str] = &["mode", "max_age", "mx", "deviations"];
const NOT_A_POLICY: &[&str] = &["reason", "deviations"];
const DISCOVERED: &[&str] =
    &["mode", "mx", "policy_id", "source", "fetched", "result_type", "reason"];
const PLAN: &[&str] = &["base", "sni", "names", "half", "result_type", "reason"];
const SESSION: &[&str] = &["sent", "reason", "result_type", "downgrade", "capabilities", "dsn"];

/// All operations.
pub const OPERATIONS: &[Operation] = &[
    operation::<request::mta_sts::Record>(
        "mta_sts.record",
        &[
            verdict("record", &["policy_id", "deviations"]),
            verdict("none", &["reason", "deviations"]),
        ],
        testee::mta_sts::RECORD,
    ),
    operation::<request::mta_sts::Policy>(
        "mta_sts.policy",
        &[verdict("policy", POLICY), verdict("invalid", NOT_A_POLICY)],
        testee::mta_sts::POLICY,
    ),
    operation::<request::mta_sts::Match>(
        "mta_sts.match",
        &[
            verdict("match", &["deviations"]),
            verdict("no-match", &["deviations"]),
            verdict("invalid", NOT_A_POLICY),
        ],
        testee::mta_sts::MATCH,
    ),
    operation::<request::mta_sts::Response>(
        "mta_sts.response",
        &[
            verdict("policy", POLICY),
            verdict("fetch-error", NOT_A_POLICY),
            verdict("policy-invalid", NOT_A_POLICY),
        ],
        testee::mta_sts::RESPONSE,
    ),
    operation::<request::mta_sts::Discover>(
        "mta_sts.discover",
        &[
            verdict("apply", DISCOVERED),
            verdict("no-policy", &["fetched", "result_type", "reason"]),
        ],
        testee::mta_sts::DISCOVER,
    ),
    operation::<request::dane::Tlsa>(
        "dane.tlsa",
        &[
            verdict("usable", &["usage", "selector", "matching"]),
            verdict("unusable", &["reason"]),
            verdict("malformed", &["reason"]),
        ],
        testee::dane::TLSA,
    ),
    operation::<request::dane::Plan>(
        "dane.plan",
        &[
            verdict("dane", PLAN),
            verdict("encrypt", PLAN),
            verdict("opportunistic", PLAN),
            verdict("skip", PLAN),
        ],
        testee::dane::PLAN,
    ),
    operation::<request::dane::Verify>(
        "dane.verify",
        &[
            verdict("authenticated", &["record", "usage"]),
            verdict("failed", &["reason", "result_type"]),
            verdict("no-usable-records", &["reason"]),
        ],
        testee::dane::VERIFY,
    ),
    operation::<request::smtp::Session>(
        "smtp.session",
        &[
            verdict("secured", SESSION),
            verdict("plaintext", SESSION),
            verdict("retry-plaintext", SESSION),
            verdict("refused", SESSION),
        ],
        testee::smtp::SESSION,
    ),
    operation::<request::smtp::Replies>(
        "smtp.reply",
        &[
            verdict("replies", &["replies"]),
            verdict("incomplete", &["replies"]),
            verdict("malformed", &["reason", "replies"]),
        ],
        testee::smtp::REPLY,
    ),
    operation::<request::tlsrpt::Record>(
        "tlsrpt.record",
        &[verdict("record", &["rua", "diagnostics"]), verdict("none", &["reason", "diagnostics"])],
        testee::tlsrpt::RECORD,
    ),
    operation::<request::tlsrpt::Report>(
        "tlsrpt.report",
        &[verdict("report", &["report", "quirks", "anomalies"]), verdict("invalid", &["reason"])],
        testee::tlsrpt::REPORT,
    ),
    operation::<request::tlsrpt::Aggregate>(
        "tlsrpt.aggregate",
        &[verdict("report", &["report"])],
        testee::tlsrpt::AGGREGATE,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_hides_the_id_or_the_verdict() {
        let verdicts = OPERATIONS.iter().flat_map(|operation| operation.verdicts);
        for field in verdicts.flat_map(|verdict| verdict.fields) {
            assert!(!["id", "verdict"].contains(field), "{field}");
        }
    }
}
