//! What the session in clear and the session inside TLS have in common.

use super::config::{Protocol, Terms};
use super::facts::TlsFailure;
use super::hello::HelloLine;
use super::notice::Notice;
use super::outcome::Outcome;
use super::wait::{Phase, WaitLimit};
use crate::ehlo::{Capabilities, CapabilityReader};
use crate::failure::{Circumstances, Failure, Reason, ResultType};
use crate::mail::NotUsable;
use crate::reply::{LineEnds, Read, ReplyCode, ReplyLine, ReplyReader};

/// One connection from the greeting to the end of the second EHLO.
///
/// `Session<Clear>` speaks in clear and `Session<Sealed>` inside TLS. The only way from one to the
/// other is [`Session::into_upgrade`], which takes the clear session away with all that it has
/// read.
///
/// A session that has ended stays ended, and [`action`](Self::action) gives the same [`Outcome`], but
/// for one case: octets of the server that nothing has asked for. Where its last reply let the session
/// go on, or was a 421, they make the outcome [`Outcome::Refused`], be they in one read with that reply
/// or in a later one. No input makes an outcome milder, and all others are ignored.
#[derive(Clone, Debug)]
pub struct Session<S> {
    pub(super) reader: ReplyReader,
    pub(super) hello: HelloLine,
    pub(super) terms: Terms,
    pub(super) step: Step,
    pub(super) collected: CapabilityReader,
    pub(super) channel: S,
    /// The last reply that came in full.
    replied: Option<(Exchange, ReplyCode)>,
}

/// What the machine wants now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Action<'a> {
    /// Write all of these octets, then feed [`Input::Sent`].
    Send(&'a [u8]),
    /// Read, and feed [`Input::Bytes`]; or [`Input::TimedOut`] once the wait limit has passed.
    Read,
    /// Read no further octet. Call [`Session::into_upgrade`] and begin the handshake.
    StartTls,
    /// The session is over.
    Done(Outcome),
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Input<'a> {
    /// These octets came from the server.
    Bytes(&'a [u8]),
    /// All octets of the last [`Action::Send`] are written.
    Sent,
    /// The stream ended, or writing to it failed.
    EndOfStream,
    /// The wait limit has passed.
    TimedOut,
    /// Inside TLS: the TLS library reports an alert or an error. In clear: as `EndOfStream`.
    TlsFailed(TlsFailure),
}

/// Where a session stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Send(Exchange),
    Await(Exchange),
    StartTls,
    SendQuit(Outcome),
    AwaitQuit(Outcome),
    Done(Outcome),
}

/// A command and its reply; the greeting is the reply to no command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exchange {
    Greeting,
    Hello,
    Helo,
    StartTls,
}

/// In clear or inside TLS: the two channels there are.
pub trait Channel: Rules {}

/// What differs between them; private, so that there are no others.
pub trait Rules: Sized {
    /// The phase of this exchange.
    fn phase(&self, exchange: Exchange) -> Phase;
    /// Whether the service has a clear form at all.
    fn has_clear_form(&self) -> bool;
    /// Notes a line.
    fn line(&mut self, line: &ReplyLine<'_>, exchange: Exchange, our_name: &[u8]);
    /// A reply is complete.
    fn replied(session: &mut Session<Self>, exchange: Exchange, code: ReplyCode);
    /// What the end of the stream or of the wait is.
    fn broken_off(&self, exchange: Exchange, reason: Reason) -> Reason;
}

impl<S: Channel> Session<S> {
    pub(super) const fn at(terms: Terms, hello: HelloLine, step: Step, channel: S) -> Self {
        Self {
            reader: ReplyReader::new(terms.line_ends),
            hello,
            terms,
            step,
            collected: CapabilityReader::new(),
            channel,
            replied: None,
        }
    }

    /// What is wanted now. It may be asked any number of times.
    pub fn action(&self) -> Action<'_> {
        match self.step {
            Step::Send(Exchange::StartTls) => Action::Send(b"STARTTLS\r\n"),
            Step::Send(_) => Action::Send(self.hello.as_bytes()),
            Step::SendQuit(_) => Action::Send(b"QUIT\r\n"),
            Step::Await(_) | Step::AwaitQuit(_) => Action::Read,
            Step::StartTls => Action::StartTls,
            Step::Done(outcome) => Action::Done(outcome),
        }
    }

    /// What is being waited for or done.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.step {
            Step::Send(exchange) | Step::Await(exchange) => self.channel.phase(exchange),
            Step::StartTls => Phase::StartTls,
            Step::SendQuit(_) | Step::AwaitQuit(_) | Step::Done(_) => Phase::Quit,
        }
    }

    /// How long this wait may last in all, from the moment the machine began to want it.
    #[must_use]
    pub fn wait_limit(&self) -> WaitLimit {
        WaitLimit::of(self.phase())
    }

    /// Takes an input and says how many octets of it were taken: all, or none where they no longer
    /// change anything.
    pub fn handle(&mut self, input: Input<'_>) -> usize {
        self.handle_with(input, &mut ())
    }

    /// As [`handle`](Self::handle), and shows each reply line to `notice`.
    pub fn handle_with(&mut self, input: Input<'_>, notice: &mut impl Notice) -> usize {
        match input {
            Input::Bytes(octets) => return self.bytes(octets, notice),
            Input::Sent => self.sent(),
            Input::EndOfStream => self.broken_off(Reason::Closed, TlsFailure::Lost),
            Input::TimedOut => self.broken_off(Reason::TimedOut, TlsFailure::TimedOut),
            Input::TlsFailed(failure) => self.broken_off(Reason::TlsFailed, failure),
        }
        0
    }

    fn sent(&mut self) {
        self.step = match self.step {
            Step::Send(exchange) => {
                if exchange == Exchange::StartTls {
                    // P1: no leniency where a line end decides what is inside TLS.
                    self.reader.set_line_ends(LineEnds::Crlf);
                }
                Step::Await(exchange)
            }
            Step::SendQuit(outcome) => Step::AwaitQuit(outcome),
            step => step,
        };
    }

    fn broken_off(&mut self, reason: Reason, how: TlsFailure) {
        let (reason, phase) = match self.step {
            Step::Send(exchange) | Step::Await(exchange) => {
                (self.channel.broken_off(exchange, reason), self.channel.phase(exchange))
            }
            Step::StartTls => (Reason::TlsFailed, Phase::StartTls),
            Step::SendQuit(outcome) | Step::AwaitQuit(outcome) => {
                return self.step = Step::Done(outcome);
            }
            Step::Done(_) => return,
        };
        let at = self.circumstances(phase, None, how.result_type());
        self.end_at(reason, &Circumstances { trouble: how.trouble(), ..at });
    }

    fn bytes(&mut self, octets: &[u8], notice: &mut impl Notice) -> usize {
        if octets.is_empty() {
            return 0;
        }
        match self.step {
            Step::Await(exchange) => self.reply(octets, exchange, notice),
            // Any answer to QUIT will do.
            Step::AwaitQuit(outcome) => self.step = Step::Done(outcome),
            Step::Done(outcome) if !is_open(outcome) => return 0,
            _ => self.stray(),
        }
        octets.len()
    }

    /// Octets that no command has asked for; whether they came in one read with the reply before
    /// them or in a later one has no meaning.
    fn stray(&mut self) {
        let reason = match (self.step, self.replied) {
            (Step::StartTls, _) => Reason::StartTlsResidue,
            // QUIT is due to what the caller knows of TLS, which weighs more.
            (Step::SendQuit(outcome), None) => return self.step = Step::Done(outcome),
            _ => Reason::UnsolicitedBytes,
        };
        match (self.replied, self.step) {
            (Some((exchange, code)), _) => self.fail(reason, exchange, Some(code)),
            (None, Step::Send(exchange)) => self.fail(reason, exchange, None),
            (None, _) => self.fail(reason, Exchange::Hello, None),
        }
    }

    /// Octets while a reply is awaited.
    fn reply(&mut self, octets: &[u8], exchange: Exchange, notice: &mut impl Notice) {
        let phase = self.channel.phase(exchange);
        let mut rest = octets;
        loop {
            let (line, taken) = match self.reader.read(rest) {
                Ok(Read::Line { line, taken }) => (line, taken),
                Ok(Read::Partial) => return,
                Err(error) => return self.fail(error.into(), exchange, None),
            };
            notice.reply_line(phase, &line);
            if exchange == Exchange::Hello {
                self.collected.line(&line);
            } else {
                S::line(&mut self.channel, &line, exchange, self.hello.name());
            }
            rest = rest.get(taken..).unwrap_or_default();
            if line.is_last() {
                let code = line.code();
                self.replied = Some((exchange, code));
                S::replied(self, exchange, code);
                // P8: nothing may follow a reply before we have sent the next command.
                if !rest.is_empty() {
                    self.stray();
                }
                return;
            }
        }
    }

    /// Ends without QUIT.
    pub(super) fn fail(&mut self, reason: Reason, exchange: Exchange, code: Option<ReplyCode>) {
        let phase = self.channel.phase(exchange);
        self.end(reason, phase, code, ResultType::ValidationFailure);
    }

    /// Ends because of a reply that is complete and well formed: with QUIT, but not after 421 (Q1).
    pub(super) fn refuse(&mut self, reason: Reason, exchange: Exchange, code: ReplyCode) {
        self.fail(reason, exchange, Some(code));
        if code != ReplyCode::SERVICE_CLOSING {
            self.quit_first();
        }
    }

    /// Has QUIT sent before the end that was just decided.
    pub(super) const fn quit_first(&mut self) {
        if let Step::Done(outcome @ (Outcome::Refused(_) | Outcome::RetryPlaintext(_))) = self.step
        {
            self.step = Step::SendQuit(outcome);
        }
    }

    pub(super) fn end(
        &mut self,
        reason: Reason,
        phase: Phase,
        reply_code: Option<ReplyCode>,
        certificate: ResultType,
    ) {
        self.end_at(reason, &self.circumstances(phase, reply_code, certificate));
    }

    fn end_at(&mut self, reason: Reason, at: &Circumstances) {
        self.step = Step::Done(Outcome::of(Failure::new(reason, at)));
    }

    fn circumstances(
        &self,
        phase: Phase,
        reply_code: Option<ReplyCode>,
        certificate: ResultType,
    ) -> Circumstances {
        let has_clear_form = self.channel.has_clear_form();
        let at = self.terms.circumstances(phase, certificate);
        Circumstances { reply_code, has_clear_form, ..at }
    }

    /// The capabilities in force: those of the last EHLO once the session has come to
    /// [`Outcome::Secured`] or [`Outcome::Plaintext`], and none before or otherwise.
    #[must_use]
    pub const fn capabilities(&self) -> Capabilities {
        match self.step {
            Step::Done(Outcome::Secured | Outcome::Plaintext(_)) => self.collected.capabilities(),
            _ => Capabilities::none(),
        }
    }

    /// What a mailer goes on with.
    pub(crate) fn into_parts(self) -> Result<(ReplyReader, Capabilities, Protocol, S), NotUsable> {
        match self.step {
            Step::Done(Outcome::Secured | Outcome::Plaintext(_)) => {
                Ok((self.reader, self.collected.capabilities(), self.terms.protocol, self.channel))
            }
            Step::Done(outcome) | Step::SendQuit(outcome) | Step::AwaitQuit(outcome) => {
                Err(NotUsable::Ended(outcome))
            }
            Step::StartTls | Step::Send(_) | Step::Await(_) => {
                Err(NotUsable::Unfinished(self.phase()))
            }
        }
    }

    /// How the session ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.step {
            Step::Done(outcome) => Some(outcome),
            _ => None,
        }
    }
}

/// Whether octets that come now still change how the session ended: it may go on, or has just been
/// told by 421 that it may not, and nothing may follow that.
fn is_open(outcome: Outcome) -> bool {
    let Some(failure) = outcome.failure() else { return true };
    match failure.reason {
        Reason::ServiceClosing => true,
        Reason::StartTlsRefused | Reason::StartTlsNotOffered => {
            let is_closing = failure.reply_code == Some(ReplyCode::SERVICE_CLOSING);
            is_closing || matches!(outcome, Outcome::Plaintext(_))
        }
        _ => matches!(outcome, Outcome::Plaintext(_)),
    }
}
