//! What a request of each operation holds. Unknown fields are ignored on reading.

mod bytes;
pub mod dane;
pub mod mta_sts;
pub mod smtp;
pub mod tlsrpt;

use serde::{Deserialize, Serialize};

pub use bytes::{Base64, Hex};

/// The TXT records at a name, each a list of character-strings.
pub type Txt = Vec<Vec<String>>;

/// How strictly a parser reads.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// As the RFC says.
    #[default]
    Rfc,
    /// With the deviations that are harmless, each of them listed in the answer.
    Interop,
}

/// An instant as it is given in a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Instant {
    /// Seconds since 1970.
    Unix(u64),
    /// RFC 3339 text.
    Text(String),
}
