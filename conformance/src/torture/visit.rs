//! What a client did.

use core::time::Duration;

use serde::Serialize;

/// One connection of a client, as the server saw it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Visit {
    /// The script that was played.
    pub script: String,
    /// The lines of the client in order, without the message; at most 200, each cut at 512 octets.
    pub lines: Vec<Line>,
    /// Whether a ClientHello came.
    pub client_hello: bool,
    /// TLS, if it came up.
    pub tls: Option<SeenTls>,
    /// Why it did not, if it was tried: what the TLS of the server says.
    pub handshake_failure: Option<String>,
    /// Over which channel each message came that was taken.
    pub messages: Vec<Channel>,
    /// How many steps of the script were played.
    pub steps_played: usize,
    /// How it ended.
    pub end: End,
    /// How long after the last octet of the server the connection ended.
    #[serde(rename = "ended_after_seconds", serialize_with = "seconds")]
    pub ended_after: Duration,
}

/// A line of a client.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Line {
    /// Where it came.
    pub channel: Channel,
    /// What it says, without CRLF; octets that are no UTF-8 replaced.
    pub text: String,
}

/// Clear text or TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Before or without TLS.
    Clear,
    /// Inside TLS.
    Tls,
}

/// What the server knows of a TLS connection.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SeenTls {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The name that the client asked for.
    pub sni: Option<String>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The client closed it, without QUIT.
    #[default]
    ClosedByClient,
    /// The client said QUIT.
    Quit,
    /// The script closed it.
    ClosedByScript,
    /// The handshake failed.
    HandshakeFailed,
    /// The client said nothing for too long.
    ClientSilent,
    /// The client sent what no server takes: a line, a message or a number of lines over the limits.
    OverLimits,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

impl Visit {
    /// Whether the client went beyond EHLO, HELO, STARTTLS and QUIT in clear: whether mail, or what
    /// leads to it, was seen in clear.
    #[must_use]
    pub fn went_on_in_clear(&self) -> bool {
        self.lines.iter().any(|line| {
            let verb = line.text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            line.channel == Channel::Clear
                && !matches!(verb.as_str(), "EHLO" | "HELO" | "LHLO" | "STARTTLS" | "QUIT")
        })
    }

    /// Whether a message was taken in clear.
    #[must_use]
    pub fn message_in_clear(&self) -> bool {
        self.messages.contains(&Channel::Clear)
    }
}
