//! The machine that sends messages once a session is up.

use super::error::{CommandError, Delivery, MailFailure, MailFailureReason};
use super::event::{Answer, Event, Handled, Want};
use super::message::DotStuffer;
use super::recipients::Recipients;
use super::state::{Awaited, Envelope, Last, NotUsable, Pending, Stage};
use crate::client::{Channel, Input, Notice, Phase, Protocol, Session, WaitLimit};
use crate::ehlo::{Capabilities, Keyword};
use crate::failure::Reason;
use crate::reply::{EnhancedCode, Read, ReplyClass, ReplyCode, ReplyReader};

/// Sends messages over a session that is up, in clear or inside TLS.
///
/// Each command is written into the caller's buffer ([`limits::COMMAND`](crate::limits::COMMAND)
/// octets hold any but AUTH); the caller sends it and feeds what it reads to
/// [`handle`](Self::handle) until [`want`](Self::want) is a command again. Where the server lists
/// PIPELINING further commands may be written before the replies are in
/// ([RFC 2920](https://www.rfc-editor.org/rfc/rfc2920)): a group is RSET, MAIL and any number of RCPT,
/// each of which may be missing, and at its end one of the others.
///
/// AUTH and REQUIRETLS exist for `Mailer<Sealed>` alone.
#[derive(Clone, Debug)]
pub struct Mailer<S> {
    pub(super) reader: ReplyReader,
    pub(super) capabilities: Capabilities,
    pub(super) protocol: Protocol,
    pub(super) channel: S,
    pub(super) pending: Pending,
    pub(super) stage: Stage,
    pub(super) recipients: Recipients,
    pub(super) envelope: Envelope,
    pub(super) transactions: u32,
    pub(super) authenticated: bool,
    /// Of the reply that is being read.
    status: Option<EnhancedCode>,
}

impl<S: Channel> Session<S> {
    /// Goes on to send messages, once the session is secured or allowed to go on in clear.
    ///
    /// # Errors
    ///
    /// [`NotUsable`] if it is neither.
    pub fn into_mailer(self) -> Result<Mailer<S>, NotUsable> {
        let (reader, capabilities, protocol, channel) = self.into_parts()?;
        Ok(Mailer {
            reader,
            capabilities,
            protocol,
            channel,
            pending: Pending::default(),
            stage: Stage::Idle,
            recipients: Recipients::default(),
            envelope: Envelope::default(),
            transactions: 0,
            authenticated: false,
            status: None,
        })
    }
}

impl<S> Mailer<S> {
    /// What is wanted now.
    pub fn want(&self) -> Want {
        match self.stage {
            Stage::Ended(_) | Stage::Closed => Want::Close,
            _ if self.awaited().is_some() => Want::Read,
            Stage::Body(_) => Want::Body,
            _ => Want::Command,
        }
    }

    /// The capabilities in force.
    #[must_use]
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Whether a recipient was accepted; numbers are from 0 in the order of RCPT.
    #[must_use]
    pub fn is_accepted(&self, recipient: u16) -> bool {
        self.recipients.is_accepted(recipient)
    }

    /// How many recipients of this transaction were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u16 {
        self.recipients.accepted()
    }

    /// How the connection ended before its time, if it did.
    #[must_use]
    pub const fn failure(&self) -> Option<MailFailure> {
        match self.stage {
            Stage::Ended(failure) => Some(failure),
            _ => None,
        }
    }

    /// How long the wait for the next reply may last; sending a part of a message likewise.
    #[must_use]
    pub fn wait_limit(&self) -> WaitLimit {
        WaitLimit::of(self.phase())
    }

    /// What is being waited for.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match (self.awaited(), self.stage) {
            (Some(awaited), _) => awaited.phase(),
            (None, Stage::Body(_) | Stage::Chunks(_)) => Phase::Body,
            (None, _) => Phase::Idle,
        }
    }

    pub(super) const fn awaited(&self) -> Option<Awaited> {
        if self.pending.reset {
            return Some(Awaited::Reset);
        }
        if self.pending.mail {
            return Some(Awaited::Mail);
        }
        if self.recipients.unanswered() > 0 {
            return Some(Awaited::Recipient);
        }
        match self.pending.last {
            Last::Nothing => None,
            last => Some(Awaited::Last(last)),
        }
    }

    /// Takes an input; at most one reply at a time.
    ///
    /// If not all octets were taken, feed the rest at once.
    pub fn handle(&mut self, input: Input<'_>) -> Handled {
        self.handle_with(input, &mut ())
    }

    /// As [`handle`](Self::handle), and shows each reply line to `notice`.
    pub fn handle_with(&mut self, input: Input<'_>, notice: &mut impl Notice) -> Handled {
        let event = match input {
            Input::Bytes(octets) => return self.bytes(octets, notice),
            Input::Sent => None,
            Input::EndOfStream => self.broken_off(MailFailureReason::Session(Reason::Closed)),
            Input::TimedOut => self.broken_off(MailFailureReason::Session(Reason::TimedOut)),
            Input::TlsFailed(_) => self.broken_off(MailFailureReason::TlsBroken),
        };
        Handled { taken: 0, event }
    }

    fn broken_off(&mut self, reason: MailFailureReason) -> Option<Event> {
        match (self.stage, self.pending.last) {
            (Stage::Ended(_) | Stage::Closed, _) => None,
            (_, Last::Quit) => {
                self.stage = Stage::Closed;
                Some(Event::Quit)
            }
            _ => Some(self.end(reason, None)),
        }
    }

    fn bytes(&mut self, octets: &[u8], notice: &mut impl Notice) -> Handled {
        if matches!(self.stage, Stage::Ended(_) | Stage::Closed) {
            return Handled { taken: 0, event: None };
        }
        let phase = self.phase();
        let mut taken = 0;
        loop {
            let rest = octets.get(taken..).unwrap_or_default();
            let line = match self.reader.read(rest) {
                Ok(Read::Line { line, taken: octets }) => {
                    taken += octets;
                    line
                }
                Ok(Read::Partial) => return Handled { taken: octets.len(), event: None },
                Err(error) => {
                    let event = Some(self.broken_reply(error.into()));
                    return Handled { taken: octets.len(), event };
                }
            };
            notice.reply_line(phase, &line);
            if line.is_first() {
                self.status = line.enhanced();
            }
            if line.is_last() {
                let code = line.code();
                return Handled { taken, event: Some(self.replied(code)) };
            }
        }
    }

    fn broken_reply(&mut self, reason: Reason) -> Event {
        let reason = if self.awaited().is_some() { reason } else { Reason::UnsolicitedBytes };
        self.end(MailFailureReason::Session(reason), None)
    }

    pub(super) fn end(&mut self, reason: MailFailureReason, code: Option<ReplyCode>) -> Event {
        // RFC 5321 section 4.2.5: without the final reply the message is not delivered.
        let is_answered = code == Some(ReplyCode::SERVICE_CLOSING);
        let delivery = match self.pending.last {
            Last::Message if !is_answered => Delivery::Unconfirmed,
            _ => Delivery::NotDelivered,
        };
        let failure = MailFailure { reason, reply_code: code, delivery };
        self.stage = Stage::Ended(failure);
        Event::Ended(failure)
    }

    fn replied(&mut self, code: ReplyCode) -> Event {
        let answer = Answer { code, status: self.status.take() };
        let awaited = self.awaited();
        if code == ReplyCode::SERVICE_CLOSING && awaited != Some(Awaited::Last(Last::Quit)) {
            return self.end(MailFailureReason::Session(Reason::ServiceClosing), Some(code));
        }
        let goes_on = code.class() == ReplyClass::GoOn;
        match awaited {
            None => self.end(MailFailureReason::Session(Reason::UnsolicitedBytes), Some(code)),
            Some(awaited) if goes_on && !awaited.may_go_on(code) => {
                self.end(MailFailureReason::UnexpectedReply, Some(code))
            }
            Some(Awaited::Reset) => self.reset_replied(answer),
            Some(Awaited::Mail) => {
                self.pending.mail = false;
                if !answer.is_positive() && self.recipients.named() == 0 {
                    self.stage = Stage::Idle;
                } else if !answer.is_positive() {
                    self.stage = Stage::Failed;
                }
                Event::Mail(answer)
            }
            Some(Awaited::Recipient) => {
                Event::Recipient(self.recipients.answer(answer.is_positive()), answer)
            }
            Some(Awaited::Last(last)) => self.last_replied(last, answer),
        }
    }

    fn reset_replied(&mut self, answer: Answer) -> Event {
        self.pending.reset = false;
        if !answer.is_positive() {
            // RFC 5321 section 4.1.1.5: RSET has no other answer than 250.
            return self.end(MailFailureReason::UnexpectedReply, Some(answer.code));
        }
        Event::Reset(answer)
    }

    fn last_replied(&mut self, last: Last, answer: Answer) -> Event {
        if last != Last::Message {
            self.pending.last = Last::Nothing;
        }
        match last {
            // RFC 2920 section 3.1: without a recipient a dot alone goes. After a refused MAIL a
            // recipient that was accepted is of no transaction that we know of.
            Last::Data
                if answer.code == ReplyCode::START_INPUT
                    && matches!(self.stage, Stage::Failed)
                    && self.recipients.accepted() > 0 =>
            {
                self.end(MailFailureReason::UnexpectedReply, Some(answer.code))
            }
            Last::Data if answer.code == ReplyCode::START_INPUT => {
                self.stage = Stage::Body(DotStuffer::new());
                Event::Data(answer)
            }
            Last::Data if answer.is_positive() => {
                self.end(MailFailureReason::UnexpectedReply, Some(answer.code))
            }
            Last::Data => {
                self.stage = Stage::Failed;
                Event::Data(answer)
            }
            Last::Chunk => {
                if !answer.is_positive() {
                    self.stage = Stage::Failed;
                }
                Event::Chunk(answer)
            }
            Last::Message => self.message_replied(answer),
            Last::Auth if answer.code.class() == ReplyClass::GoOn => {
                self.stage = Stage::Challenge;
                Event::Challenge
            }
            Last::Auth => {
                self.stage = Stage::Idle;
                self.authenticated = answer.is_positive();
                Event::Auth(answer)
            }
            Last::Noop | Last::Nothing => Event::Noop(answer),
            Last::Quit => {
                self.stage = Stage::Closed;
                Event::Quit
            }
        }
    }

    fn message_replied(&mut self, answer: Answer) -> Event {
        // RFC 2033 section 4.2: LMTP has one reply for each recipient that was accepted.
        let number = match self.protocol {
            Protocol::Smtp => None,
            Protocol::Lmtp => self.recipients.next_to_deliver(),
        };
        if let Some(number) = number {
            self.recipients.delivered(number);
        }
        if number.is_none() || self.recipients.next_to_deliver().is_none() {
            self.pending.last = Last::Nothing;
            let was_chunked = matches!(self.stage, Stage::Chunks(_));
            // RFC 3030 section 2: after a failed chunk only RSET makes the state known again.
            self.stage =
                if was_chunked && !answer.is_positive() { Stage::Failed } else { Stage::Idle };
        }
        number.map_or(Event::Message(answer), |number| Event::MessageFor(number, answer))
    }

    /// Whether a command of this place in a group may be written now.
    pub(super) fn check_turn(&mut self) -> Result<(), CommandError> {
        match self.stage {
            Stage::Ended(failure) => return Err(CommandError::Ended(failure)),
            Stage::Closed => return Err(CommandError::OutOfOrder),
            _ => {}
        }
        if self.awaited().is_none() {
            return self.check_quiet();
        }
        let may_group = self.capabilities.has(Keyword::Pipelining);
        if may_group && self.pending.last == Last::Nothing {
            Ok(())
        } else {
            Err(CommandError::MustWait)
        }
    }

    /// Whether the server has not begun a reply that nothing has asked for (P8), where none is
    /// awaited.
    pub(super) fn check_quiet(&mut self) -> Result<(), CommandError> {
        let has_begun = self.awaited().is_none() && !self.reader.is_at_start();
        if has_begun && !matches!(self.stage, Stage::Ended(_) | Stage::Closed) {
            self.end(MailFailureReason::Session(Reason::UnsolicitedBytes), None);
        }
        match self.stage {
            Stage::Ended(failure) => Err(CommandError::Ended(failure)),
            _ => Ok(()),
        }
    }
}
