//! Between the 220 to STARTTLS and TLS.

use core::fmt;

use super::config::Terms;
use super::facts::{TlsFacts, TlsFailure};
use super::hello::HelloLine;
use super::outcome::Outcome;
use super::sealed::Sealed;
use super::session::{Exchange, Session, Step};
use super::wait::{Phase, WaitLimit};
use crate::failure::{Circumstances, Failure, Reason};
use crate::limits::PLAINTEXT_SAMPLE;
use crate::name::EhloName;
use crate::reply::Escaped;

/// The server has agreed to TLS, and nothing that it said in clear is left.
///
/// The value is a few octets and owns no buffer. The caller begins the handshake on the raw
/// transport and comes back with what came of it.
#[derive(Debug)]
#[must_use]
pub struct Upgrade {
    terms: Terms,
    hello: Hello,
    first: First,
}

/// Whether EHLO was handed to the TLS library before the handshake was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Hello {
    Unsent,
    HandedOver,
}

/// Whether the server's first octet was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum First {
    Unseen,
    Tls,
}

impl Upgrade {
    pub(super) const fn new(terms: Terms) -> Self {
        Self { terms, hello: Hello::Unsent, first: First::Unseen }
    }

    /// Looks at what the server sends, before the TLS library does: its first octet must begin a
    /// TLS handshake or an alert ([RFC 8446 section 5.1]).
    ///
    /// Show it every read up to the first that is not empty; later ones pass.
    ///
    /// # Errors
    ///
    /// [`PlaintextAfter220`] if it begins anything else. The connection is to be closed.
    ///
    /// [RFC 8446 section 5.1]: https://www.rfc-editor.org/rfc/rfc8446#section-5.1
    pub fn first_octets(mut self, read: &[u8]) -> Result<Self, PlaintextAfter220> {
        const ALERT: u8 = 0x15;
        const HANDSHAKE: u8 = 0x16;
        match (self.first, read.first()) {
            (First::Unseen, Some(&(ALERT | HANDSHAKE))) => self.first = First::Tls,
            (First::Unseen, Some(_)) => {
                let failure = self.failure(Reason::PlaintextAfter220, TlsFailure::Broken);
                return Err(PlaintextAfter220::new(failure, read));
            }
            (First::Unseen, None) | (First::Tls, _) => {}
        }
        Ok(self)
    }

    /// The line to hand to the TLS library before the handshake is done, so that it leaves in one
    /// write with the client's Finished.
    ///
    /// Only for a TLS library that sends nothing of it before the server is verified as required.
    pub fn early_hello(&mut self, name: &EhloName) -> HelloLine {
        self.hello = Hello::HandedOver;
        HelloLine::new(name, self.terms.protocol)
    }

    /// How long the handshake may last.
    #[must_use]
    pub const fn wait_limit(&self) -> WaitLimit {
        WaitLimit::of(Phase::Handshake)
    }

    /// The handshake is done: a fresh session inside TLS, which knows nothing from before.
    #[must_use]
    pub fn tls_up(self, name: &EhloName, facts: &TlsFacts<'_>) -> Session<Sealed> {
        let step = match self.hello {
            Hello::Unsent => Step::Send(Exchange::Hello),
            Hello::HandedOver => Step::Await(Exchange::Hello),
        };
        Session::sealed(name, self.terms, step, facts)
    }

    /// The handshake failed. No further octet may be sent in clear on this connection.
    pub fn tls_failed(self, how: TlsFailure) -> Outcome {
        Outcome::of(self.failure(Reason::TlsFailed, how))
    }

    fn failure(&self, reason: Reason, how: TlsFailure) -> Failure {
        let at = self.terms.circumstances(Phase::Handshake, how.result_type());
        let at = Circumstances { trouble: how.trouble(), ..at };
        Failure::new(reason, &at)
    }
}

/// Why there is no [`Upgrade`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UpgradeError {
    /// The session does not stand behind a 220 to STARTTLS.
    #[error("session is at {0}, not behind the reply 220 to starttls")]
    OutOfOrder(Phase),
    /// The session has ended.
    #[error("session has ended: {}", .0.word())]
    Ended(Outcome),
}

/// Plain text came where TLS should begin.
#[derive(Clone, Copy, Eq, PartialEq, thiserror::Error)]
#[error("plain text in place of a tls record: {}", Escaped(self.sample()))]
pub struct PlaintextAfter220 {
    failure: Failure,
    sample: [u8; PLAINTEXT_SAMPLE],
    len: u8,
}

impl PlaintextAfter220 {
    fn new(failure: Failure, read: &[u8]) -> Self {
        let mut this = Self { failure, sample: [0; PLAINTEXT_SAMPLE], len: 0 };
        for (place, octet) in this.sample.iter_mut().zip(read) {
            *place = *octet;
            this.len += 1;
        }
        this
    }

    /// What follows.
    #[must_use]
    pub const fn failure(&self) -> &Failure {
        &self.failure
    }

    /// The outcome of the session: refused, whatever the requirement.
    pub const fn outcome(&self) -> Outcome {
        Outcome::Refused(self.failure)
    }

    /// The first octets of what came, at most
    /// [`limits::PLAINTEXT_SAMPLE`](crate::limits::PLAINTEXT_SAMPLE).
    #[must_use]
    pub fn sample(&self) -> &[u8] {
        self.sample.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Debug for PlaintextAfter220 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlaintextAfter220({})", Escaped(self.sample()))
    }
}
