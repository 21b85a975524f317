//! Requests of the `dane` operations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Base64, Hex};

/// `dane.tlsa`: one record.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Tlsa {
    /// The RDATA.
    pub rdata_hex: Hex,
}

/// `dane.plan`: what DNS says about one MX host.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Plan {
    /// The domain mail is for.
    pub next_hop: String,
    /// The answer to the MX question.
    pub mx: Mx,
    /// The MX host, or the domain itself without MX records.
    pub host: String,
    /// The answer to the A question.
    pub a: Lookup,
    /// The answer to the AAAA question.
    pub aaaa: Lookup,
    /// The answers to TLSA questions by owner name.
    #[serde(default)]
    pub tlsa: BTreeMap<String, Lookup>,
    /// The answer to a CNAME question at the host.
    pub cname: Option<Lookup>,
    /// The port.
    #[serde(default = "smtp_port")]
    pub port: u16,
    /// What to do where DANE cannot be had.
    #[serde(default)]
    pub mode: Mode,
}

fn smtp_port() -> u16 {
    25
}

/// The MX answer, or that none was asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Mx {
    /// An answer.
    Answer(Lookup),
    /// The next hop is a relay by configuration.
    Relay(NotAsked),
}

/// The word for a question that was not asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotAsked {
    /// No question was asked.
    NotAsked,
}

/// What to do where DANE cannot be had.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Deliver without it.
    #[default]
    Opportunistic,
    /// Do not deliver.
    Mandatory,
}

/// A DNS answer with its DNSSEC status.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Lookup {
    /// What the answer says.
    pub status: Status,
    /// The status of the final RRset, or of its denial; without it, `indeterminate`.
    pub security: Option<Security>,
    /// The CNAME steps from the name asked.
    #[serde(default)]
    pub chain: Vec<Hop>,
    /// Whether one bit for the whole answer is all that is known.
    #[serde(default)]
    pub ad_only: bool,
    /// TLSA records in presentation form.
    #[serde(default)]
    pub records: Vec<String>,
}

/// What a DNS answer says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// There are records.
    Ok,
    /// The name exists and has no such records.
    NoData,
    /// The name does not exist.
    Nxdomain,
    /// The look-up failed.
    Failed,
}

/// The DNSSEC status of an RRset or a denial.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// Validated.
    Secure,
    /// Proven to be unsigned.
    Insecure,
    /// Failed validation.
    Bogus,
    /// The resolver could not tell, in the sense of RFC 4035.
    Indeterminate,
}

/// A CNAME step.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Hop {
    /// The target.
    pub name: String,
    /// The status of the CNAME RRset, where it is known.
    pub security: Option<Security>,
}

/// `dane.verify`: a chain against records.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Verify {
    /// Records in presentation form.
    pub tlsa: Vec<String>,
    /// Certificates as sent, leaf first.
    pub chain_b64: Vec<Base64>,
    /// Reference identifiers.
    pub names: Vec<String>,
    /// Unix seconds.
    pub now: u64,
    /// Trusted roots for the PKIX usages.
    #[serde(default)]
    pub roots_b64: Vec<Base64>,
    /// Which usages may be acted on.
    #[serde(default)]
    pub profile: Usages,
}

/// Which usages may be acted on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Usages {
    /// RFC 7672: DANE-TA and DANE-EE.
    #[default]
    Smtp,
    /// RFC 7671: all four.
    Generic,
}
