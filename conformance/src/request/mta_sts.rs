//! Requests of the `mta_sts` operations.

use serde::{Deserialize, Serialize};

use super::{Base64, Profile, Txt};

/// `mta_sts.record`: the TXT records at `_mta-sts.<domain>`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// The records.
    pub txt: Txt,
    /// How strictly to read.
    #[serde(default)]
    pub profile: Profile,
}

/// `mta_sts.policy`: a policy file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Policy {
    /// The file.
    pub body_b64: Base64,
    /// How strictly to read.
    #[serde(default)]
    pub profile: Profile,
}

/// `mta_sts.match`: patterns, and the MX host that one of them may match.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Match {
    /// The patterns of a policy.
    pub mx: Vec<String>,
    /// The name in the MX record.
    pub host: String,
    /// How strictly to read the patterns.
    #[serde(default)]
    pub profile: Profile,
}

/// `mta_sts.response`: what a policy host sent inside TLS, then the end of the stream.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Response {
    /// All bytes.
    pub response_b64: Base64,
    /// How strictly to read the policy.
    #[serde(default)]
    pub profile: Profile,
}

/// `mta_sts.discover`: everything one delivery finds out about a domain's policy.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Discover {
    /// Unix seconds.
    pub now: u64,
    /// The policy domain.
    #[serde(default = "example_domain")]
    pub domain: String,
    /// The policy kept from before.
    pub cached: Option<Cached>,
    /// The answer to the TXT question.
    pub txt: TxtAnswer,
    /// What comes of a fetch; without it the policy host is not reachable.
    pub fetch: Option<Fetch>,
    /// How strictly to read.
    #[serde(default)]
    pub profile: Profile,
}

fn example_domain() -> String {
    "example.org".into()
}

/// A cached policy.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Cached {
    /// The id of its record.
    pub id: String,
    /// When it was fetched, in Unix seconds.
    pub fetched_at: u64,
    /// The policy file.
    pub body_b64: Base64,
}

/// The answer to a TXT question.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum TxtAnswer {
    /// There are records.
    Records(Txt),
    /// There are none, for a reason.
    Missing(Missing),
}

/// Why a TXT question brought no records.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// SERVFAIL, a time-out, a bogus answer.
    TemporaryFailure,
    /// No such name, or no TXT record there.
    Nonexistent,
}

/// What comes of a fetch.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Fetch {
    /// The policy host was authenticated and sent this, then ended the stream.
    Response {
        /// All bytes.
        response_b64: Base64,
    },
    /// The fetch failed before a response could be read.
    Failure {
        /// How.
        failure: FetchFailure,
    },
}

/// How a fetch fails.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchFailure {
    /// The policy host was not resolved or did not answer.
    ConnectionFailed,
    /// The policy host's certificate was refused.
    CertificateInvalid,
    /// The time for the exchange ran out.
    TimedOut,
}
