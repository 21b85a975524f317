//! How long each wait may last.

use core::fmt;
use core::time::Duration;

/// What is being waited for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// The greeting.
    Greeting,
    /// The reply to EHLO or LHLO in clear.
    Ehlo,
    /// The reply to HELO.
    Helo,
    /// The reply to STARTTLS, and TLS to begin.
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// The reply to EHLO or LHLO inside TLS.
    EhloInTls,
    /// The reply to QUIT.
    Quit,
    /// The reply to RSET.
    Reset,
    /// The reply to MAIL.
    Mail,
    /// The reply to RCPT.
    Recipient,
    /// The reply to DATA.
    Data,
    /// A part of the message to be taken.
    Body,
    /// The reply to a chunk that is not the last.
    Chunk,
    /// The reply to the whole message.
    Message,
    /// The reply to NOOP.
    Noop,
    /// The reply to AUTH or to a response of it.
    Auth,
    /// No reply; the connection is idle.
    Idle,
}

impl Phase {
    /// The stable word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::Helo => "helo",
            Self::StartTls => "starttls",
            Self::Handshake => "handshake",
            Self::EhloInTls => "ehlo-in-tls",
            Self::Quit => "quit",
            Self::Reset => "rset",
            Self::Mail => "mail",
            Self::Recipient => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::Chunk => "bdat",
            Self::Message => "message",
            Self::Noop => "noop",
            Self::Auth => "auth",
            Self::Idle => "idle",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A wait with its limit. It covers the whole reply, not each read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WaitLimit {
    name: &'static str,
    seconds: u64,
    section: &'static str,
}

const MINUTE: u64 = 60;

impl WaitLimit {
    pub(crate) const fn new(name: &'static str, seconds: u64, section: &'static str) -> Self {
        Self { name, seconds, section }
    }

    /// The limit of this wait of a session.
    #[must_use]
    pub const fn of(phase: Phase) -> Self {
        let (seconds, section) = match phase {
            Phase::Greeting => (5 * MINUTE, "RFC 5321 section 4.5.3.2.1"),
            // No RFC names these; as long as the wait for MAIL, RFC 5321 section 4.5.3.2.2.
            Phase::Ehlo | Phase::Helo | Phase::StartTls | Phase::EhloInTls => {
                (5 * MINUTE, "house rule after RFC 5321 section 4.5.3.2.2")
            }
            Phase::Handshake => (120, "house rule"),
            Phase::Quit => (5, "house rule"),
            Phase::Mail => (5 * MINUTE, "RFC 5321 section 4.5.3.2.2"),
            Phase::Recipient => (5 * MINUTE, "RFC 5321 section 4.5.3.2.3"),
            Phase::Data => (2 * MINUTE, "RFC 5321 section 4.5.3.2.4"),
            Phase::Body => (3 * MINUTE, "RFC 5321 section 4.5.3.2.5"),
            Phase::Message => (10 * MINUTE, "RFC 5321 section 4.5.3.2.6"),
            Phase::Chunk => (3 * MINUTE, "house rule after RFC 5321 section 4.5.3.2.5"),
            Phase::Reset | Phase::Noop | Phase::Auth | Phase::Idle => {
                (5 * MINUTE, "house rule after RFC 5321 section 4.5.3.2.2")
            }
        };
        Self::new(phase.word(), seconds, section)
    }

    /// What the wait is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// How long it may last.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Where the limit is from.
    #[must_use]
    pub const fn section(self) -> &'static str {
        self.section
    }
}
