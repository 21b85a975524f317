//! What a script is made of: plain data.

use core::fmt;

use crate::lab::TlsVersions;

/// One way for a server to behave, and what a client has to make of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Script {
    /// The phase and a name, such as `gap/one-reply-behind-220`.
    pub id: String,
    /// What happens, in a line.
    pub title: String,
    /// Where the rule stands.
    pub section: &'static str,
    /// What the server does. After the last step it goes on as an ordinary server.
    pub steps: Vec<Step>,
    /// The verdict asked for.
    pub expected: ByRequirement,
    /// When the client can know.
    pub evidence: Evidence,
}

/// One step of a server.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Sends these octets, each piece in a write of its own with a short pause before the next one;
    /// inside TLS once TLS is up.
    Send(Vec<Vec<u8>>),
    /// Sends octets past TLS, into the bare connection.
    SendBare(Vec<u8>),
    /// Reads a line. If it has another verb the rest of the script is left out, and an ordinary
    /// server answers.
    Expect(&'static str),
    /// Reads the message up to the line with the dot.
    Message,
    /// Reads a TLS record, the ClientHello, and does nothing with it.
    ClientHello,
    /// Does the TLS handshake.
    StartTls(Tls),
    /// Says nothing more and waits until the client leaves.
    Stall,
    /// Sends these octets again and again, one at a time with a pause before each, until the client leaves.
    Drip(&'static [u8]),
    /// Closes the connection; inside TLS with close_notify before.
    Close,
    /// Closes the connection without close_notify.
    CloseBare,
}

/// How TLS is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tls {
    /// The versions offered.
    pub versions: TlsVersions,
    /// The certificate shown.
    pub certificate: Certificate,
    /// Whether the client must show one.
    pub client: ClientAuth,
}

/// Which certificate a server shows.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Certificate {
    /// For [`HOST`](super::HOST), by the root that clients trust.
    Honest,
    /// For another name, by the root.
    OtherName,
    /// For the name, by the root, no longer valid.
    Expired,
    /// For the name, by the root, not yet valid.
    NotYetValid,
    /// For the name, signed by itself.
    SelfSigned,
    /// For the name, by an authority that nobody trusts.
    UnknownAuthority,
    /// The honest one, which belongs to another key than the server has.
    StolenWithoutKey,
}

/// Whether a server wants a certificate from the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientAuth {
    /// It does not.
    None,
    /// It demands one. In TLS 1.3 it refuses only after the client has finished (RFC 8446 section
    /// 4.4.2.4).
    Required,
}

/// What a client has to make of a script, by what its connection must reach.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ByRequirement {
    /// TLS if it can be had.
    pub opportunistic: Expected,
    /// TLS, with anybody.
    pub encrypt: Expected,
    /// TLS, with the server of the name.
    pub authenticate: Expected,
}

/// What a client has to make of a script.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expected {
    /// How the session ends.
    pub verdict: Verdict,
    /// The stable words for the reason; more than one where the network decides what is seen first,
    /// or the client when it looks. Empty where there is nothing to explain.
    pub reasons: Vec<&'static str>,
    /// What becomes of a message.
    pub mail: MailFate,
}

/// How a session ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// TLS is up and the second EHLO is answered.
    Secured,
    /// It goes on in clear over the same connection.
    Plaintext,
    /// It may go on in clear, over a new connection only.
    RetryPlaintext,
    /// Nothing is delivered over this connection.
    Refused,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Secured => "secured",
            Self::Plaintext => "plaintext",
            Self::RetryPlaintext => "retry-plaintext",
            Self::Refused => "refused",
        })
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailFate {
    /// The server took it.
    Delivered,
    /// It stays queued.
    Deferred,
    /// It goes back to its sender.
    Bounced,
}

/// When a client can know what it is dealing with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Evidence {
    /// As soon as the octets are there.
    Arrives,
    /// Only when its wait runs out: the server stalls, or is slow without end.
    Waits,
}
