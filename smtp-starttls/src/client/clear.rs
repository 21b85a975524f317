//! The session before TLS.

use super::banner::BannerName;
use super::config::{Config, FirstLine, Protocol, StartTlsUse};
use super::hello::HelloLine;
use super::observation::Listed;
use super::outcome::Outcome;
use super::session::{Channel, Exchange, Rules, Session, Step};
use super::upgrade::{Upgrade, UpgradeError};
use super::wait::Phase;
use crate::downgrade::{BannerSigns, CommandSigns, Downgrade};
use crate::ehlo::{Capabilities, CapabilityReader, Keyword};
use crate::failure::Reason;
use crate::reply::{ReplyClass, ReplyCode, ReplyLine};

/// The channel in clear, with what only it knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clear {
    banner: BannerName,
    banner_signs: BannerSigns,
    greets_with_our_name: bool,
    command_signs: CommandSigns,
    offer: Offer,
    label: Option<Downgrade>,
    starttls: StartTlsUse,
}

/// Whether STARTTLS was listed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Offer {
    #[default]
    Unknown,
    Listed,
    NotListed,
}

impl Channel for Clear {}

impl Session<Clear> {
    /// A session that waits for the greeting.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let channel = Clear { starttls: config.starttls, ..Clear::default() };
        let hello = HelloLine::new(&config.name, config.terms.protocol);
        Self::at(config.terms, hello, Step::Await(Exchange::Greeting), channel)
    }

    /// The way into TLS, once [`action`](Self::action) wants it.
    ///
    /// The session is gone, with its reader and all that the server said in clear.
    ///
    /// # Errors
    ///
    /// [`UpgradeError`] if the server has not just answered 220 to STARTTLS, or if one octet came
    /// behind that answer.
    pub fn into_upgrade(self) -> Result<Upgrade, UpgradeError> {
        match self.step {
            Step::StartTls if self.reader.is_at_start() => Ok(Upgrade::new(self.terms)),
            Step::Done(outcome) | Step::SendQuit(outcome) | Step::AwaitQuit(outcome) => {
                Err(UpgradeError::Ended(outcome))
            }
            Step::StartTls | Step::Send(_) | Step::Await(_) => {
                Err(UpgradeError::OutOfOrder(self.phase()))
            }
        }
    }

    /// What looks like stripping or masking so far, the strongest sign.
    #[must_use]
    pub fn downgrade(&self) -> Option<Downgrade> {
        let banner = self.channel.banner_signs.is_masked().then_some(Downgrade::BannerMasked);
        // The order of the labels is that of their strength, but nothing is less than something.
        [self.channel.label, banner].into_iter().flatten().min()
    }

    /// The first word of the greeting, by which the server names itself.
    #[must_use]
    pub const fn banner_name(&self) -> &BannerName {
        &self.channel.banner
    }

    /// Whether the server greets with the name that we use: mail may be going round in a loop.
    #[must_use]
    pub const fn greets_with_our_name(&self) -> bool {
        self.channel.greets_with_our_name
    }

    /// Whether the last EHLO reply listed STARTTLS.
    #[must_use]
    pub fn offers_starttls(&self) -> bool {
        self.channel.offer == Offer::Listed
    }

    pub(super) const fn listed(&self) -> Listed {
        match self.channel.offer {
            Offer::Unknown => Listed::Unknown,
            Offer::Listed => Listed::Yes,
            Offer::NotListed => Listed::No,
        }
    }

    /// The capabilities listed in clear, for logs: nothing may rely on them once TLS is tried.
    #[must_use]
    pub const fn listed_in_clear(&self) -> Capabilities {
        self.collected.capabilities()
    }

    fn greeted(&mut self, code: ReplyCode) {
        match greeting_verdict(code) {
            None => self.step = Step::Send(Exchange::Hello),
            Some(reason) => self.refuse(reason, Exchange::Greeting, code),
        }
    }

    fn ehlo_replied(&mut self, code: ReplyCode) {
        match code.value() {
            250 => self.ehlo_accepted(code),
            421 => self.refuse(Reason::ServiceClosing, Exchange::Hello, code),
            500..=504 if self.terms.needs_tls() => {
                self.refuse(Reason::StartTlsNotOffered, Exchange::Hello, code);
            }
            500..=504 if self.terms.protocol == Protocol::Smtp => {
                self.hello.become_helo();
                self.step = Step::Send(Exchange::Helo);
            }
            _ => self.refuse(Reason::EhloRefused, Exchange::Hello, code),
        }
    }

    fn ehlo_accepted(&mut self, code: ReplyCode) {
        let capabilities = self.collected.finish_in_clear();
        self.collected.settle(capabilities);
        let counts_first_line =
            self.terms.needs_tls() && self.terms.first_line == FirstLine::MayOffer;
        let is_listed = capabilities.has(Keyword::StartTls)
            || (counts_first_line && self.collected.first_line_offers());
        if is_listed {
            self.channel.offer = Offer::Listed;
        } else {
            self.channel.offer = Offer::NotListed;
            self.channel.label = Some(self.collected.signs().without_offer());
        }
        let needs_tls = self.terms.needs_tls();
        if let (StartTlsUse::GivenUp(failure), false) = (self.channel.starttls, needs_tls) {
            self.step = Step::Done(Outcome::Plaintext(failure));
        } else if is_listed || needs_tls {
            self.step = Step::Send(Exchange::StartTls);
        } else {
            self.fail(Reason::StartTlsNotOffered, Exchange::Hello, Some(code));
        }
    }

    fn helo_replied(&mut self, code: ReplyCode) {
        match code.value() {
            250 => {
                self.collected = CapabilityReader::new();
                self.channel.label = Some(Downgrade::Absent);
                self.fail(Reason::StartTlsNotOffered, Exchange::Helo, Some(code));
            }
            421 => self.refuse(Reason::ServiceClosing, Exchange::Helo, code),
            _ => self.refuse(Reason::EhloRefused, Exchange::Helo, code),
        }
    }

    fn starttls_replied(&mut self, code: ReplyCode) {
        let is_listed = self.channel.offer == Offer::Listed;
        if is_listed && self.channel.command_signs.is_mangled() {
            self.channel.label = Some(Downgrade::CommandMangled);
        }
        match code.class() {
            _ if code == ReplyCode::READY => self.step = Step::StartTls,
            ReplyClass::Done | ReplyClass::GoOn => {
                self.refuse(Reason::StartTlsBadReply, Exchange::StartTls, code);
            }
            ReplyClass::Temporary | ReplyClass::Permanent if is_listed => {
                self.refuse(Reason::StartTlsRefused, Exchange::StartTls, code);
            }
            ReplyClass::Temporary | ReplyClass::Permanent => {
                self.refuse(Reason::StartTlsNotOffered, Exchange::StartTls, code);
            }
        }
    }
}

/// What is wrong with a greeting of this code; RFC 5321 section 3.1.
pub(super) fn greeting_verdict(code: ReplyCode) -> Option<Reason> {
    match code.class() {
        _ if code == ReplyCode::READY => None,
        _ if code == ReplyCode::SERVICE_CLOSING => Some(Reason::ServiceClosing),
        ReplyClass::Temporary | ReplyClass::Permanent => Some(Reason::GreetingRefused),
        ReplyClass::Done | ReplyClass::GoOn => Some(Reason::GreetingNot220),
    }
}

impl Rules for Clear {
    fn phase(&self, exchange: Exchange) -> Phase {
        match exchange {
            Exchange::Greeting => Phase::Greeting,
            Exchange::Hello => Phase::Ehlo,
            Exchange::Helo => Phase::Helo,
            Exchange::StartTls => Phase::StartTls,
        }
    }

    fn has_clear_form(&self) -> bool {
        true
    }

    fn line(&mut self, line: &ReplyLine<'_>, exchange: Exchange, our_name: &[u8]) {
        match exchange {
            Exchange::Greeting => {
                self.banner_signs.line(line.text());
                if line.is_first() {
                    self.banner = BannerName::of_text(line.text());
                    self.greets_with_our_name = self.banner.is(our_name);
                }
            }
            Exchange::StartTls => self.command_signs.line(line),
            Exchange::Hello | Exchange::Helo => {}
        }
    }

    fn replied(session: &mut Session<Self>, exchange: Exchange, code: ReplyCode) {
        match exchange {
            Exchange::Greeting => session.greeted(code),
            Exchange::Hello => session.ehlo_replied(code),
            Exchange::Helo => session.helo_replied(code),
            Exchange::StartTls => session.starttls_replied(code),
        }
    }

    fn broken_off(&self, exchange: Exchange, reason: Reason) -> Reason {
        match (exchange, reason) {
            // RFC 3207 section 4: from here on the server is asked for TLS.
            (Exchange::StartTls, _) => Reason::TlsFailed,
            (_, Reason::TlsFailed) => Reason::Closed,
            _ => reason,
        }
    }
}
