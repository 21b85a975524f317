//! The session inside TLS.

use super::clear::greeting_verdict;
use super::config::{Config, MessageNeed, MxTrust, Requirement, Terms};
use super::facts::{TlsFacts, TlsVersion, Verification};
use super::hello::HelloLine;
use super::outcome::Outcome;
use super::session::{Channel, Exchange, Rules, Session, Step};
use super::wait::Phase;
use crate::ehlo::Keyword;
use crate::failure::Reason;
use crate::name::EhloName;
use crate::reply::{ReplyCode, ReplyLine};

/// The channel inside TLS. It has no field for anything said in clear.
#[derive(Clone, Copy, Debug)]
pub struct Sealed {
    pub(crate) verification: Verification,
    pub(crate) version: TlsVersion,
    start: Start,
}

/// How TLS began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Start {
    StartTls,
    Implicit,
}

impl Channel for Sealed {}

impl Session<Sealed> {
    /// A session on a port where TLS comes first: it waits for the greeting inside TLS.
    ///
    /// [RFC 8314 section 3.3](https://www.rfc-editor.org/rfc/rfc8314#section-3.3)
    #[must_use]
    pub fn implicit(config: &Config, facts: &TlsFacts<'_>) -> Self {
        let mut this =
            Self::sealed(&config.name, config.terms, Step::Await(Exchange::Greeting), facts);
        this.channel.start = Start::Implicit;
        if let Some(reason) = not_good_enough(this.terms, this.channel.verification) {
            // No reply has come yet, so there is no QUIT (Q1).
            let verdict = this.channel.verification.result_type();
            this.end(reason, Phase::Greeting, None, verdict);
        }
        this
    }

    pub(super) fn sealed(name: &EhloName, terms: Terms, step: Step, facts: &TlsFacts<'_>) -> Self {
        let channel = Sealed {
            verification: facts.verification,
            version: facts.version,
            start: Start::StartTls,
        };
        let hello = HelloLine::new(name, terms.protocol);
        let mut this = Self::at(terms, hello, step, channel);
        if let Some(reason) = not_good_enough(this.terms, facts.verification) {
            // RFC 3207 section 4.1: the reply awaited last was the 220, so QUIT may go.
            this.end(reason, Phase::Handshake, None, facts.verification.result_type());
            this.quit_first();
        }
        this
    }

    /// What verification of the server came to.
    #[must_use]
    pub const fn verification(&self) -> Verification {
        self.channel.verification
    }

    /// The TLS version.
    #[must_use]
    pub const fn version(&self) -> TlsVersion {
        self.channel.version
    }

    fn greeted(&mut self, code: ReplyCode) {
        match greeting_verdict(code) {
            None => self.step = Step::Send(Exchange::Hello),
            Some(reason) => self.refuse(reason, Exchange::Greeting, code),
        }
    }

    fn hello_replied(&mut self, code: ReplyCode) {
        match code {
            ReplyCode::OK => self.hello_accepted(code),
            ReplyCode::READY => self.refuse(Reason::GreetingInTls, Exchange::Hello, code),
            ReplyCode::SERVICE_CLOSING => {
                self.refuse(Reason::ServiceClosing, Exchange::Hello, code);
            }
            _ => self.refuse(Reason::EhloInTlsRefused, Exchange::Hello, code),
        }
    }

    fn hello_accepted(&mut self, code: ReplyCode) {
        let capabilities = self.collected.finish_in_tls();
        self.collected.settle(capabilities);
        if self.terms.need.is_require_tls() && !capabilities.has(Keyword::RequireTls) {
            return self.refuse(Reason::RequireTlsNotOffered, Exchange::Hello, code);
        }
        self.step = Step::Done(Outcome::Secured);
    }
}

/// Why a server verified so must get nothing under these terms.
fn not_good_enough(terms: Terms, verification: Verification) -> Option<Reason> {
    let is_verified = verification.is_verified();
    match (terms.requirement, terms.need) {
        (Requirement::Authenticate, _) if !is_verified => Some(Reason::NotAuthenticated),
        (_, MessageNeed::RequireTls(MxTrust::NotAuthenticated)) => Some(Reason::RequireTlsNoTls),
        (_, MessageNeed::RequireTls(MxTrust::Authenticated)) if !is_verified => {
            Some(Reason::RequireTlsNoTls)
        }
        _ => None,
    }
}

impl Rules for Sealed {
    fn phase(&self, exchange: Exchange) -> Phase {
        match exchange {
            Exchange::Greeting => Phase::Greeting,
            Exchange::Hello | Exchange::Helo | Exchange::StartTls => Phase::EhloInTls,
        }
    }

    fn has_clear_form(&self) -> bool {
        self.start == Start::StartTls
    }

    fn line(&mut self, _: &ReplyLine<'_>, _: Exchange, _: &[u8]) {}

    fn replied(session: &mut Session<Self>, exchange: Exchange, code: ReplyCode) {
        match exchange {
            Exchange::Greeting => session.greeted(code),
            Exchange::Hello | Exchange::Helo | Exchange::StartTls => session.hello_replied(code),
        }
    }

    fn broken_off(&self, _: Exchange, reason: Reason) -> Reason {
        reason
    }
}
