//! How a server of the lab behaves, as plain data.

use crate::lab::TlsVersions;

/// How an SMTP server behaves; the default takes mail, with STARTTLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Behaviour {
    /// What it says first.
    pub greeting: Greeting,
    /// The EHLO lines before TLS, without STARTTLS, which [`Behaviour::starttls`] adds.
    pub clear_extensions: &'static [&'static str],
    /// The EHLO lines inside TLS.
    pub sealed_extensions: &'static [&'static str],
    /// What becomes of STARTTLS.
    pub starttls: StartTls,
    /// The TLS versions it speaks.
    pub versions: TlsVersions,
    /// What it says to a recipient.
    pub recipient: Recipient,
    /// What it does with a message.
    pub message: Message,
}

impl Behaviour {
    /// A server that offers STARTTLS and takes every message.
    pub const DEFAULT: Self = Self {
        greeting: Greeting::Ready,
        clear_extensions: EXTENSIONS,
        sealed_extensions: EXTENSIONS,
        starttls: StartTls::Offered,
        versions: TlsVersions::Both,
        recipient: Recipient::Accepted,
        message: Message::Accepted,
    };
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a server says first.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Greeting {
    /// 220 and the host name.
    Ready,
    /// 554: no service here (RFC 5321 section 3.1); after it only QUIT is answered.
    Refused,
}

/// What becomes of STARTTLS.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StartTls {
    /// Offered, and it works.
    Offered,
    /// Not offered; the command gets 502.
    Absent,
    /// The keyword is overwritten by `XXXXXXXA`, and the command gets 500: what a middlebox does.
    Masked,
    /// Offered, but the command gets 454.
    Unavailable,
    /// Offered; the 220 is followed in the same segment by this plaintext, then comes real TLS.
    Injected(&'static str),
    /// Offered and answered with 220, but the handshake ends in the alert handshake_failure.
    Broken,
}

/// What a server says to a recipient.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recipient {
    /// 250.
    Accepted,
    /// 550: no such mailbox.
    Rejected,
    /// 451: try again later.
    Deferred,
}

/// What a server does with a message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Message {
    /// Takes it.
    Accepted,
    /// Closes the connection after the first octets that follow the 354.
    ClosedMidway,
}

const EXTENSIONS: &[&str] = &["PIPELINING", "SIZE 1048576", "8BITMIME", "ENHANCEDSTATUSCODES"];
