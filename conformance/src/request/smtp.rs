//! Requests of the `smtp` operations.

use serde::{Deserialize, Serialize};

use super::{Base64, Profile};

/// `smtp.session`: a scripted server, and what the connection must reach.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Session {
    /// What the connection must reach.
    pub requirement: Requirement,
    /// Our name.
    pub ehlo: String,
    /// What the server does.
    pub script: Vec<Step>,
    /// What the handshake comes to.
    #[serde(default)]
    pub tls: Tls,
    /// What the message asks for.
    pub message: Option<Message>,
    /// How strictly replies are read.
    #[serde(default)]
    pub profile: Profile,
}

/// What the connection must reach.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// TLS if it can be had.
    Opportunistic,
    /// TLS.
    Encrypt,
    /// TLS with an authenticated server.
    Authenticate,
}

/// A step of a script.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// The server sends these bytes, which reach the client as one read.
    Send {
        /// The bytes.
        send_b64: Base64,
    },
    /// The server waits until the client has sent a line with this verb.
    Expect {
        /// The verb.
        expect: String,
    },
    /// The server closes the connection.
    Close {
        /// Always true.
        close: Yes,
    },
    /// TLS starts here.
    Tls {
        /// Always true.
        tls: Yes,
    },
    /// The client's wait runs out.
    TimeOut {
        /// Always true.
        time_out: Yes,
    },
}

/// The value `true`, the only one that a mark in a script may have.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct Yes;

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("false where only true is possible") }
    }
}

impl From<Yes> for bool {
    fn from(_: Yes) -> Self {
        true
    }
}

/// What the handshake comes to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// TLS is up and the server's certificate was verified.
    #[default]
    Ok,
    /// TLS is up and nothing was verified.
    Unverified,
    /// The handshake failed.
    Failed,
}

/// What a message asks for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Message {
    /// Whether it must not travel without TLS (RFC 8689).
    #[serde(default)]
    pub requiretls: bool,
    /// Whether the MX name was obtained securely, or matches an MTA-STS policy.
    #[serde(default)]
    pub mx_authenticated: bool,
}

/// `smtp.reply`: a stream of replies.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Replies {
    /// The bytes.
    pub stream_b64: Base64,
    /// The offsets at which the stream is split into reads.
    #[serde(default)]
    pub chunks: Vec<usize>,
    /// How strictly replies are read.
    #[serde(default)]
    pub profile: Profile,
}
