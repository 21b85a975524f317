//! What a session is asked to reach.

use super::wait::Phase;
use crate::failure::{Circumstances, CleartextRetry, Failure, ResultType, Trouble};
use crate::name::EhloName;
use crate::reply::LineEnds;

/// What the connection must reach. The three levels are all there are.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Requirement {
    /// TLS if it can be had; else clear.
    Opportunistic,
    /// TLS, whoever the server is.
    Encrypt,
    /// TLS with a server that DANE or MTA-STS has authenticated.
    Authenticate,
}

impl Requirement {
    pub(crate) const fn allows_clear(self) -> bool {
        matches!(self, Self::Opportunistic)
    }
}

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Protocol {
    /// SMTP, [RFC 5321](https://www.rfc-editor.org/rfc/rfc5321).
    #[default]
    Smtp,
    /// LMTP, [RFC 2033](https://www.rfc-editor.org/rfc/rfc2033): LHLO, and no fallback from it.
    Lmtp,
}

/// How the MX host name was come by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MxTrust {
    /// By DNSSEC, by a matching MTA-STS policy, or without an MX lookup.
    Authenticated,
    /// By unsigned DNS.
    NotAuthenticated,
}

/// What the message at hand asks of the transport.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum MessageNeed {
    /// Nothing of its own.
    #[default]
    Nothing,
    /// REQUIRETLS, [RFC 8689 section 4.2.1](https://www.rfc-editor.org/rfc/rfc8689#section-4.2.1).
    RequireTls(MxTrust),
}

impl MessageNeed {
    pub(crate) const fn is_require_tls(self) -> bool {
        matches!(self, Self::RequireTls(_))
    }
}

/// What a session is asked to reach, and by which name it greets.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub(crate) name: EhloName,
    pub(crate) terms: Terms,
    pub(super) starttls: StartTlsUse,
}

/// The part of the configuration that is the same before and inside TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Terms {
    pub(crate) requirement: Requirement,
    pub(crate) protocol: Protocol,
    pub(crate) need: MessageNeed,
    pub(crate) line_ends: LineEnds,
    pub(crate) first_line: FirstLine,
}

impl Terms {
    /// Whether going on in clear is out of the question.
    pub(crate) const fn needs_tls(self) -> bool {
        !self.requirement.allows_clear() || self.need.is_require_tls()
    }

    /// What a failure in this phase is judged by, of a service that has a clear form.
    pub(super) const fn circumstances(
        self,
        phase: Phase,
        certificate: ResultType,
    ) -> Circumstances {
        Circumstances {
            phase,
            reply_code: None,
            requirement: self.requirement,
            require_tls: self.need.is_require_tls(),
            has_clear_form: true,
            certificate,
            trouble: Trouble::Stays,
        }
    }
}

/// Whether STARTTLS is tried.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum StartTlsUse {
    #[default]
    Tried,
    /// It has failed so on a connection before.
    GivenUp(Failure),
}

/// Why a connection may not stay in clear.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("clear is not allowed after {0} under these terms")]
pub struct ClearNotAllowed(Failure);

/// Whether STARTTLS on the first line of an EHLO reply is taken for an offer where TLS is needed.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum FirstLine {
    /// Never: [RFC 5321 section 4.1.1.1](https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.1).
    #[default]
    Greeting,
    /// Where TLS is needed it is; that can only raise security.
    MayOffer,
}

impl Config {
    /// SMTP with this name and requirement, strict in what is accepted.
    #[must_use]
    pub const fn new(name: EhloName, requirement: Requirement) -> Self {
        let terms = Terms {
            requirement,
            protocol: Protocol::Smtp,
            need: MessageNeed::Nothing,
            line_ends: LineEnds::Crlf,
            first_line: FirstLine::Greeting,
        };
        Self { name, terms, starttls: StartTlsUse::Tried }
    }

    /// With this protocol.
    #[must_use]
    pub const fn protocol(mut self, protocol: Protocol) -> Self {
        self.terms.protocol = protocol;
        self
    }

    /// For a message with this need.
    #[must_use]
    pub const fn message(mut self, need: MessageNeed) -> Self {
        self.terms.need = need;
        self
    }

    /// With this reading of the first line of an EHLO reply.
    #[must_use]
    pub const fn first_line(mut self, first_line: FirstLine) -> Self {
        self.terms.first_line = first_line;
        self
    }

    /// For the one new connection in clear after [`Outcome::RetryPlaintext`](super::Outcome): STARTTLS
    /// is not tried, and the session comes to [`Outcome::Plaintext`](super::Outcome) with the failure.
    ///
    /// # Errors
    ///
    /// [`ClearNotAllowed`] if the failure does not allow it, or these terms do not.
    pub const fn in_clear_after(mut self, failure: &Failure) -> Result<Self, ClearNotAllowed> {
        match failure.cleartext_retry {
            CleartextRetry::Allowed if !self.terms.needs_tls() => {
                self.starttls = StartTlsUse::GivenUp(failure.going_on());
                Ok(self)
            }
            _ => Err(ClearNotAllowed(*failure)),
        }
    }

    /// Takes a LF alone for a line end, as many MTAs do; never in the reply to STARTTLS.
    ///
    /// What one side takes for the end of a line and the other does not can hide a reply.
    #[must_use]
    pub const fn danger_accept_bare_lf(mut self) -> Self {
        self.terms.line_ends = LineEnds::BareLf;
        self
    }
}
