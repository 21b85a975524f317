//! The server's machine.

use core::marker::PhantomData;

use super::command::{Command, Gathered, LineBuffer, Verb, argument, path};
use super::config::{ClearUse, ServerConfig, TlsOffer};
use super::text::ReplyBuffer;
use super::types::{InClear, InTls, ServerAction, ServerChannel, ServerEnd};
use super::unstuff::DotUnstuffer;
use super::upgrade::{ServerUpgrade, ServerUpgradeError};
use crate::client::{Input, Protocol};

/// The server's side of a connection: `Server<InClear>`, or `Server<InTls>` once TLS is up.
///
/// It answers EHLO, STARTTLS, RSET, NOOP, VRFY and QUIT, and what is out of order, by itself; the
/// caller decides MAIL, RCPT, DATA and messages. What came in clear does not cross into TLS: the
/// clear server is consumed by [`Server::into_upgrade`], which is refused if an octet came behind
/// STARTTLS.
#[derive(Clone, Debug)]
pub struct Server<S> {
    pub(super) config: ServerConfig,
    pub(super) line: LineBuffer,
    pub(super) reply: ReplyBuffer,
    pub(super) step: Step,
    pub(super) stage: Stage,
    /// Commands that were refused for their form or place.
    faults: u8,
    channel: PhantomData<S>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Send(After),
    Read,
    Decide(Asked),
    Receive(DotUnstuffer),
    StartTls,
    Close(ServerEnd),
}

/// What comes after a reply is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum After {
    Read,
    Receive,
    Decide(Asked),
    StartTls,
    Close(ServerEnd),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Mail,
    Recipient,
    Data,
    Message,
    MessageFor(u16),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// No EHLO yet.
    New,
    Greeted,
    /// MAIL was accepted, and so many recipients.
    Mail(u16),
}

/// Refused commands before the server closes; a client that errs so often is none.
const MOST_FAULTS: u8 = 20;

impl Server<InClear> {
    /// A server that sends its greeting in clear.
    #[must_use]
    pub fn new(config: &ServerConfig) -> Self {
        Self::greeting(config)
    }

    /// The way into TLS, once [`action`](Self::action) wants it.
    ///
    /// # Errors
    ///
    /// [`ServerUpgradeError`] if no 220 was just sent, or an octet came behind STARTTLS.
    pub fn into_upgrade(self) -> Result<ServerUpgrade, ServerUpgradeError> {
        match self.step {
            Step::StartTls => Ok(ServerUpgrade::new()),
            Step::Close(end) => Err(ServerUpgradeError::Ended(end)),
            _ => Err(ServerUpgradeError::OutOfOrder),
        }
    }
}

impl Server<InTls> {
    /// A server on a port where TLS comes first: it sends its greeting inside TLS.
    #[must_use]
    pub fn implicit(config: &ServerConfig) -> Self {
        Self::greeting(config)
    }

    /// RFC 3207 section 4.2: all is forgotten, and there is no second greeting.
    pub(super) fn after_upgrade(config: &ServerConfig) -> Self {
        Self { step: Step::Read, ..Self::greeting(config) }
    }
}

impl<S: ServerChannel> Server<S> {
    fn greeting(config: &ServerConfig) -> Self {
        let mut reply = ReplyBuffer::new();
        let protocol = match config.protocol {
            Protocol::Smtp => " ESMTP",
            Protocol::Lmtp => " LMTP",
        };
        reply.set_named(220, config, protocol);
        Self {
            config: *config,
            line: LineBuffer::new(),
            reply,
            step: Step::Send(After::Read),
            stage: Stage::New,
            faults: 0,
            channel: PhantomData,
        }
    }

    /// What is wanted now. It may be asked any number of times.
    pub fn action(&self) -> ServerAction<'_> {
        match self.step {
            Step::Send(_) => ServerAction::Send(self.reply.as_bytes()),
            Step::Read => ServerAction::Read,
            Step::Decide(asked) => ServerAction::Decide(self.command(asked)),
            Step::Receive(_) => ServerAction::Receive,
            Step::StartTls => ServerAction::StartTls,
            Step::Close(end) => ServerAction::Close(end),
        }
    }

    fn command(&self, asked: Asked) -> Command<'_> {
        let argument = argument(self.line.line());
        match asked {
            Asked::Mail => {
                let (path, parameters) = path(argument, b"FROM:").unwrap_or_default();
                Command::Mail { path, parameters }
            }
            Asked::Recipient => {
                let (path, parameters) = path(argument, b"TO:").unwrap_or_default();
                Command::Recipient { path, parameters }
            }
            Asked::Data => Command::Data,
            Asked::Message => Command::Message,
            Asked::MessageFor(number) => Command::MessageFor(number),
        }
    }

    /// Takes an input and says how many octets of it were taken: at most one command. Keep the
    /// rest and feed it when [`ServerAction::Read`] or [`ServerAction::Receive`] comes again.
    pub fn handle(&mut self, input: Input<'_>) -> usize {
        let end = match input {
            Input::Bytes(octets) => return self.bytes(octets),
            Input::Sent => return self.sent(),
            Input::EndOfStream => ServerEnd::Closed,
            Input::TimedOut => ServerEnd::TimedOut,
            Input::TlsFailed(_) => ServerEnd::TlsFailed,
        };
        match self.step {
            Step::Close(_) => {}
            Step::Read | Step::Receive(_) if end == ServerEnd::TimedOut => {
                self.say("421 4.4.2 you took too long", After::Close(end));
            }
            _ => self.step = Step::Close(end),
        }
        0
    }

    fn sent(&mut self) -> usize {
        if let Step::Send(after) = self.step {
            self.step = match after {
                After::Read => Step::Read,
                After::Receive => Step::Receive(DotUnstuffer::new()),
                After::Decide(asked) => Step::Decide(asked),
                After::StartTls => Step::StartTls,
                After::Close(end) => Step::Close(end),
            };
        }
        0
    }

    fn bytes(&mut self, octets: &[u8]) -> usize {
        match self.step {
            Step::Read => self.gather(octets),
            // RFC 3207 section 4.2: what the client says before TLS is not said inside it.
            Step::StartTls | Step::Send(After::StartTls) if !octets.is_empty() => {
                self.step = Step::Close(ServerEnd::Residue);
                octets.len()
            }
            _ => 0,
        }
    }

    fn gather(&mut self, octets: &[u8]) -> usize {
        let taken = match self.line.gather(octets) {
            Gathered::Partial => return octets.len(),
            Gathered::TooLong => {
                self.say("500 5.5.6 line too long", After::Close(ServerEnd::LineTooLong));
                return octets.len();
            }
            Gathered::Malformed { taken } => {
                self.fault("500 5.5.2 bare carriage return, line feed or nul");
                taken
            }
            Gathered::Line { taken } => {
                self.obey(taken < octets.len());
                taken
            }
        };
        if !matches!(self.step, Step::Decide(_)) {
            self.line.clear();
        }
        taken
    }

    /// Does what the line asks for; `has_more` says that octets stand behind it.
    fn obey(&mut self, has_more: bool) {
        let verb = Verb::of_line(self.line.line());
        let needs_tls = !S::IS_TLS && self.config.clear_use == ClearUse::Refused;
        match verb {
            Verb::StartTls => self.starttls(has_more),
            Verb::Hello | Verb::Lhlo | Verb::Helo => self.hello(verb, needs_tls),
            Verb::Noop => self.say("250 2.0.0 ok", After::Read),
            Verb::Quit => self.quit(),
            _ if needs_tls => self.fault("530 5.7.0 must issue a STARTTLS command first"),
            Verb::Reset => {
                self.stage = if self.stage == Stage::New { Stage::New } else { Stage::Greeted };
                self.say("250 2.0.0 ok", After::Read);
            }
            Verb::Verify => self.say("252 2.1.5 send some mail and see", After::Read),
            Verb::Mail => self.mail(),
            Verb::Recipient => self.recipient(),
            Verb::Data => self.data(),
            Verb::Unknown => self.fault("500 5.5.1 command not recognized"),
        }
    }

    fn hello(&mut self, verb: Verb, needs_tls: bool) {
        let is_ours = match self.config.protocol {
            Protocol::Smtp => verb != Verb::Lhlo,
            Protocol::Lmtp => verb == Verb::Lhlo,
        };
        if !is_ours {
            return self.fault("500 5.5.1 command not recognized");
        }
        if verb == Verb::Helo && needs_tls {
            return self.fault("530 5.7.0 must issue a STARTTLS command first");
        }
        if argument(self.line.line()).is_empty() {
            return self.fault("501 5.5.4 who are you?");
        }
        // RFC 5321 section 4.1.4: EHLO drops a transaction.
        self.stage = Stage::Greeted;
        match verb {
            Verb::Helo => self.reply.set_named(250, &self.config, ""),
            _ => self.reply.set_capabilities(&self.config, S::IS_TLS),
        }
        self.step = Step::Send(After::Read);
    }

    fn starttls(&mut self, has_more: bool) {
        let has_argument = self.line.line().contains(&b' ');
        match (self.config.tls, self.stage) {
            // spec: RFC 3207 section 4.2 names no code for STARTTLS inside TLS.
            _ if S::IS_TLS => self.fault("503 5.5.1 tls is active"),
            (TlsOffer::NotOffered, _) => self.fault("502 5.5.1 command not implemented"),
            (_, Stage::New) => self.fault("503 5.5.1 greet first"),
            (_, Stage::Mail(_)) => self.fault("503 5.5.1 transaction under way"),
            _ if has_argument => self.fault("501 5.5.4 STARTTLS has no parameters"),
            _ if has_more => self.step = Step::Close(ServerEnd::Residue),
            (TlsOffer::Unavailable, _) => {
                self.say("454 4.7.0 TLS not available due to temporary reason", After::Read);
            }
            (TlsOffer::Offered, _) => self.say("220 2.0.0 ready to start TLS", After::StartTls),
        }
    }

    fn quit(&mut self) {
        self.reply.set_named(221, &self.config, " closing");
        self.step = Step::Send(After::Close(ServerEnd::Quit));
    }

    fn mail(&mut self) {
        match (self.stage, path(argument(self.line.line()), b"FROM:")) {
            (Stage::New, _) => self.fault("503 5.5.1 greet first"),
            (Stage::Mail(_), _) => self.fault("503 5.5.1 transaction under way"),
            (Stage::Greeted, None) => self.fault("501 5.5.4 expected MAIL FROM:<path>"),
            (Stage::Greeted, Some(_)) => self.step = Step::Decide(Asked::Mail),
        }
    }

    fn recipient(&mut self) {
        match (self.stage, path(argument(self.line.line()), b"TO:")) {
            (Stage::New | Stage::Greeted, _) => self.fault("503 5.5.1 need MAIL first"),
            (Stage::Mail(_), None | Some((b"", _))) => {
                self.fault("501 5.5.4 expected RCPT TO:<path>");
            }
            (Stage::Mail(_), Some(_)) => self.step = Step::Decide(Asked::Recipient),
        }
    }

    fn data(&mut self) {
        match self.stage {
            _ if self.line.line().contains(&b' ') => self.fault("501 5.5.4 DATA has no parameters"),
            Stage::New | Stage::Greeted => self.fault("503 5.5.1 need MAIL first"),
            Stage::Mail(0) => self.fault("503 5.5.1 no valid recipients"),
            Stage::Mail(_) => self.step = Step::Decide(Asked::Data),
        }
    }

    pub(super) fn say(&mut self, line: &str, after: After) {
        self.reply.set(line);
        self.step = Step::Send(after);
    }

    fn fault(&mut self, line: &str) {
        self.faults = self.faults.saturating_add(1);
        if self.faults > MOST_FAULTS {
            self.say("421 4.7.0 too many errors", After::Close(ServerEnd::TooManyFaults));
        } else {
            self.say(line, After::Read);
        }
    }

    /// Whether TLS is active.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        S::IS_TLS
    }

    /// Whether a transaction is under way.
    #[must_use]
    pub const fn is_in_transaction(&self) -> bool {
        matches!(self.stage, Stage::Mail(_))
    }
}
