//! One try at one mail host: what it has to reach, and what came of it.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;

use smtp_starttls::{
    CleartextRetry, CommandError, Downgrade, EnhancedCode, Failure, MessageNeed, ReplyCode,
    Requirement,
};

use crate::plan::HostPlan;
use crate::resolve::Name;

/// A try at one host, for the driver to carry out.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The host, by the name in the MX record.
    pub host: Name,
    /// Its addresses, in the order in which they are tried until one can be connected to. If the session
    /// there comes to nothing, another attempt has those behind it.
    pub addresses: Vec<IpAddr>,
    /// The port.
    pub port: u16,
    /// What the connection has to reach.
    pub plan: HostPlan,
    /// Whether STARTTLS is tried.
    pub transport: Transport,
    /// Which recipients are left, by their place in the envelope.
    pub recipients: Vec<usize>,
    /// How long each wait may last.
    pub patience: Patience,
}

impl Attempt {
    /// Whether the same address may be tried once more, in clear, after a session that ended so: both the
    /// session and the plan have to allow it.
    #[must_use]
    pub fn may_be_clear_after(&self, failure: &Failure, end: End) -> bool {
        end == End::RetryInClear
            && matches!(self.transport, Transport::StartTls)
            && failure.cleartext_retry == CleartextRetry::Allowed
            && self.plan.requirement == Requirement::Opportunistic
            && self.plan.need == MessageNeed::Nothing
    }
}

/// How long the waits of a connection may last.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Patience {
    /// As [RFC 5321 section 4.5.3.2](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.2) has it: minutes.
    #[default]
    Rfc5321,
    /// As there, but each no longer than this: for a laboratory, or for who must not be kept.
    AtMost(Duration),
}

impl Patience {
    /// A wait of this limit.
    #[must_use]
    pub fn limit(self, limit: Duration) -> Duration {
        match self {
            Self::Rfc5321 => limit,
            Self::AtMost(most) => limit.min(most),
        }
    }
}

/// Whether a connection begins with STARTTLS.
#[derive(Clone, Debug)]
pub enum Transport {
    /// It does, where the server offers it or the plan demands it.
    StartTls,
    /// It stays in clear: STARTTLS failed on a connection before, and the plan allows this.
    InClear {
        /// Why TLS could not be had.
        after: Box<Failure>,
    },
}

/// What came of an [`Attempt`].
#[derive(Clone, Debug)]
pub enum AttemptResult {
    /// No address could be connected to.
    NotReached(Vec<(SocketAddr, io::ErrorKind)>),
    /// The session ended before the message could be offered.
    Failed {
        /// The connection.
        connection: Connection,
        /// Why, and what follows. [`Attempt::may_be_clear_after`] tells whether the same host may be
        /// tried in clear.
        failure: Failure,
        /// What the session came to.
        end: End,
    },
    /// The message was offered.
    Offered {
        /// The connection.
        connection: Connection,
        /// What became of each recipient of the attempt, in the same order.
        recipients: Vec<Answered>,
    },
}

impl AttemptResult {
    /// The same, after these addresses could not be connected to.
    #[must_use]
    pub fn after(mut self, not_reached: Vec<(SocketAddr, io::ErrorKind)>) -> Self {
        match &mut self {
            Self::Failed { connection, .. } | Self::Offered { connection, .. } => {
                connection.not_reached = not_reached;
            }
            Self::NotReached(errors) => {
                errors.splice(..0, not_reached);
            }
        }
        self
    }
}

/// How a session without a message ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// Nothing may be delivered over this connection.
    Refused,
    /// The same host may be tried once more, in clear, on a new connection.
    RetryInClear,
}

/// A connection that came about.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Connection {
    /// The host's address.
    pub remote: SocketAddr,
    /// The addresses of the host before it, which could not be connected to.
    pub not_reached: Vec<(SocketAddr, io::ErrorKind)>,
    /// Our address.
    pub local: Option<SocketAddr>,
    /// The name by which the server greeted.
    pub greeting_name: Option<String>,
    /// Whether that is our own name: mail may be going round in a loop
    /// ([RFC 5321 section 6.3](https://www.rfc-editor.org/rfc/rfc5321#section-6.3)).
    pub greets_with_our_name: bool,
    /// TLS, if it came up.
    pub tls: Option<Tls>,
    /// What is known of the server's identity.
    pub peer: Peer,
    /// Signs of stripping or masking.
    pub downgrade: Option<Downgrade>,
    /// Why there is no TLS on a connection that goes on in clear.
    pub clear_because: Option<Failure>,
}

impl Connection {
    /// A connection to this address, of which nothing else is known yet.
    #[must_use]
    pub const fn new(remote: SocketAddr) -> Self {
        Self {
            remote,
            not_reached: Vec::new(),
            local: None,
            greeting_name: None,
            greets_with_our_name: false,
            tls: None,
            peer: Peer::NotChecked,
            downgrade: None,
            clear_because: None,
        }
    }

    /// How the message travelled over this connection.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        match (&self.tls, &self.peer) {
            (None, _) => Assurance::Clear,
            (Some(_), Peer::Pkix) => Assurance::Pkix,
            (Some(_), Peer::DaneEe) => Assurance::DaneEe,
            (Some(_), Peer::DaneTa) => Assurance::DaneTa,
            (Some(_), Peer::NotChecked | Peer::Refused(_)) => Assurance::Unauthenticated,
        }
    }
}

/// The parameters of a TLS connection, in the words of its library.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tls {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// Such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
}

/// What is known of the server's identity.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Peer {
    /// Nothing was checked.
    NotChecked,
    /// Its certificate chains to a trusted root and names the host.
    Pkix,
    /// Its key is the one of a DANE-EE record.
    DaneEe,
    /// Its certificate was issued below the trust anchor of a DANE-TA record.
    DaneTa,
    /// It was checked and refused. Where the plan only wants to know, the session may go on.
    Refused(Refusal),
}

/// Why a server's identity was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The TLSRPT result type
    /// ([RFC 8460 section 4.3](https://www.rfc-editor.org/rfc/rfc8460#section-4.3)).
    pub result_type: &'static str,
    /// A stable word, such as `no-match`.
    pub reason: &'static str,
    /// What it means, for people.
    pub explanation: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.explanation, self.reason)
    }
}

/// How a message travelled.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Assurance {
    /// In clear.
    Clear,
    /// Over TLS with somebody.
    Unauthenticated,
    /// Over TLS with a host whose certificate chains to a trusted root and names it, as MTA-STS asks.
    Pkix,
    /// Over TLS with the owner of the key in a DANE-EE record.
    DaneEe,
    /// Over TLS with a host below the trust anchor in a DANE-TA record.
    DaneTa,
}

impl Assurance {
    /// The stable word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Unauthenticated => "unauthenticated",
            Self::Pkix => "pkix",
            Self::DaneEe => "dane-ee",
            Self::DaneTa => "dane-ta",
        }
    }
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a host answered for one recipient.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answered {
    /// It has taken the message.
    Taken(Reply),
    /// Not now: it said so.
    Later(Reply),
    /// It refuses for good.
    Never(Reply),
    /// The connection was lost, or broken off, before its answer: not taken, as far as can be known.
    Lost {
        /// A stable word for what happened.
        reason: &'static str,
    },
    /// The whole message was sent, and the connection was lost before the final answer: it may have been
    /// taken ([RFC 5321 section 4.5.4.1](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.4.1)).
    Unconfirmed {
        /// A stable word for what happened.
        reason: &'static str,
    },
    /// It was not asked: the host takes no more recipients over this connection
    /// ([RFC 9422](https://www.rfc-editor.org/rfc/rfc9422)).
    NotAsked,
    /// It was not asked: the host does not offer what the message or the recipient needs.
    Unfit(CommandError),
}

/// A reply in short.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// The reply code.
    pub code: ReplyCode,
    /// The enhanced code, if there is one.
    pub enhanced: Option<EnhancedCode>,
    /// The text of its last line, escaped, at most [`Reply::TEXT`] bytes.
    pub text: String,
}

impl Reply {
    /// Bytes of text that are kept.
    pub const TEXT: usize = 512;
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        // As a rule the text begins with it.
        if let Some(enhanced) = self.enhanced
            && !self.text.starts_with(&enhanced.to_string())
        {
            write!(f, " {enhanced}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text) }
    }
}
