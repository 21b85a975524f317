//! One connection to a mail host, from the greeting to QUIT, without I/O.
//!
//! ```text
//! octets from the server,   +-------+   octets to send, "read",
//! its end, "timed out" ---> | Visit | ---> and in the end what came of it
//!                           +-------+
//! ```
//!
//! A visit is the session in clear, TLS, the session inside it and the mail, one after the other. It takes
//! and gives what travels over TCP, so that no buffer stands between the server and what must not cross
//! into TLS: whoever carries the octets cannot do it wrong. Both drivers are nothing but that.
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use smtp_tls::driver::{Action, Input, Visit};
//!
//! fn carry(mut visit: Visit<'_>, tcp: &mut std::net::TcpStream) {
//!     let mut buffer = [0; 4096];
//!     loop {
//!         let input = match visit.action() {
//!             Action::Send(octets) => {
//!                 tcp.write_all(octets).map_or(Input::SendFailed(&[]), |()| Input::Sent)
//!             }
//!             Action::Read => match tcp.read(&mut buffer) {
//!                 Ok(read) if read > 0 => Input::Bytes(&buffer[..read]),
//!                 Ok(_) | Err(_) => Input::EndOfStream, // or TimedOut, by visit.wait()
//!             },
//!             Action::Done(result) => return println!("{result:?}"),
//!         };
//!         visit.handle(input);
//!     }
//! }
//! ```

mod conversation;
mod handshake;
mod mail;
mod stages;

use core::net::SocketAddr;
use core::time::Duration;

use smtp_starttls::{EhloName, Input as Heard, Phase, TlsFailure, WaitLimit};

use self::conversation::{Conversation, Say};
use self::stages::{Stage, With};
use super::Envelope;
use crate::adapter::rustls::Connector;
use crate::adapter::rustls::octets::Tls;
use crate::attempt::{Attempt, AttemptResult, Connection};

/// How long a visit may last in all, besides a second for each [`OCTETS_A_SECOND`] of the message. Ours: the
/// waits of RFC 5321 are those for one reply, and a server may have a thousand of them.
const WHOLE: Duration = Duration::from_secs(3600);
/// The slowest way that is waited for. Ours.
const OCTETS_A_SECOND: u64 = 1024;

/// One connection to one address, from the greeting to QUIT.
#[derive(Debug)]
pub struct Visit<'a> {
    with: With<'a>,
    connection: Connection,
    tls: Option<Tls>,
    stage: Stage<'a>,
    /// What is to be sent.
    out: Vec<u8>,
    /// Whether what the conversation has to say is among it.
    said: Said,
    /// Whether the connection still carries anything.
    line: Line,
    wait: Wait,
    /// Which wait that is.
    of: (u8, Phase, u32),
}

/// What is wanted now.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum Action<'a> {
    /// Write all of these octets, and feed [`Input::Sent`].
    Send(&'a [u8]),
    /// Read, and feed [`Input::Bytes`].
    Read,
    /// Close the connection: this is what came of it.
    Done(&'a AttemptResult),
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// These octets came. None are no end of the stream.
    Bytes(&'a [u8]),
    /// All octets of [`Action::Send`] are written.
    Sent,
    /// Writing has failed. These octets had come by then, none perhaps: a server that will not have the
    /// message may say so and leave while it is being sent.
    SendFailed(&'a [u8]),
    /// The stream has ended, or broke.
    EndOfStream,
    /// The wait has run out.
    TimedOut,
}

/// A wait. It covers a whole reply and the command before it, not each read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wait {
    /// Another number is another wait.
    pub number: u32,
    /// How long it may last, from when it began.
    pub limit: Duration,
    /// What ends it besides.
    pub bound: Bound,
}

/// What ends a wait besides its own limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bound {
    /// The end of the time for the whole visit, [`Visit::limit`].
    Visit,
    /// Nothing: the server has the whole message, and whoever leaves before its answer sends it twice
    /// ([RFC 5321 sections 4.5.3.2.6 and 6.1](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.2.6)).
    Nothing,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Said {
    Nothing,
    All,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    Up,
    Down,
}

impl<'a> Visit<'a> {
    /// A visit for this attempt over a connection that is up.
    #[must_use]
    pub fn new(
        attempt: &'a Attempt,
        envelope: &'a Envelope<'a>,
        connector: &'a Connector,
        ehlo_name: &'a EhloName,
        remote: SocketAddr,
        local: Option<SocketAddr>,
    ) -> Self {
        let with = With { attempt, envelope, connector, ehlo_name };
        let connection = Connection { local, ..Connection::new(remote) };
        let stage = Self::first_stage(&with, &connection);
        let mut visit = Self {
            with,
            connection,
            tls: None,
            stage,
            out: Vec::new(),
            said: Said::Nothing,
            line: Line::Up,
            wait: Wait { number: 0, limit: Duration::ZERO, bound: Bound::Visit },
            of: (0, Phase::Idle, 0),
        };
        visit.go_on();
        visit
    }

    /// What is wanted now. It may be asked any number of times.
    pub fn action(&self) -> Action<'_> {
        match &self.stage {
            _ if !self.out.is_empty() => Action::Send(&self.out),
            Stage::Over(result) => Action::Done(result),
            _ => Action::Read,
        }
    }

    /// The wait that is on now.
    #[must_use]
    pub const fn wait(&self) -> Wait {
        self.wait
    }

    /// How long the whole visit may last: an hour, and a second for each KiB of the message. Who waits for
    /// the answer to a whole message then waits on ([`Bound::Nothing`]).
    #[must_use]
    pub fn limit(&self) -> Duration {
        let octets = self.with.envelope.message.as_bytes().len() as u64;
        WHOLE.saturating_add(Duration::from_secs(octets / OCTETS_A_SECOND))
    }

    /// Takes what happened. Once the visit is over all is ignored.
    pub fn handle(&mut self, input: Input<'_>) {
        match input {
            Input::Bytes(octets) => self.bytes(octets),
            Input::Sent => self.sent(),
            Input::SendFailed(octets) => {
                self.last_words(octets);
                self.broken_off(Heard::EndOfStream, TlsFailure::Lost);
            }
            Input::EndOfStream => self.broken_off(Heard::EndOfStream, TlsFailure::Lost),
            Input::TimedOut => self.broken_off(Heard::TimedOut, TlsFailure::TimedOut),
        }
        self.go_on();
    }

    fn sent(&mut self) {
        self.out.clear();
        if core::mem::replace(&mut self.said, Said::Nothing) == Said::All {
            self.hear(Heard::Sent);
        }
    }

    fn last_words(&mut self, octets: &[u8]) {
        let Some(conversation) = self.stage.conversation_mut() else { return };
        match &mut self.tls {
            Some(tls) => conversation.last_words(&tls.read(octets).plain),
            None => conversation.last_words(octets),
        }
    }

    fn broken_off(&mut self, what: Heard<'static>, failure: TlsFailure) {
        self.out.clear();
        (self.said, self.line) = (Said::Nothing, Line::Down);
        self.end_handshake(|upgrade, _| Err(upgrade.tls_failed(failure)));
        self.hear(what);
    }

    fn bytes(&mut self, octets: &[u8]) {
        if octets.is_empty() || matches!(self.stage, Stage::Over(_)) {
            return;
        }
        // What comes first behind the 220 has to begin TLS; TLS does not see it before.
        self.end_handshake(|upgrade, judge| match upgrade.first_octets(octets) {
            Ok(upgrade) => Ok(Stage::Handshake(upgrade, judge)),
            Err(plaintext) => Err(plaintext.outcome()),
        });
        let Some(tls) = &mut self.tls else { return self.hear(Heard::Bytes(octets)) };
        if matches!(self.stage, Stage::Over(_)) {
            return;
        }
        let came = tls.read(octets);
        tls.collect(&mut self.out);
        self.came(&came);
    }

    fn hear(&mut self, what: Heard<'_>) {
        if let Some(conversation) = self.stage.conversation_mut() {
            conversation.handle(what);
        }
    }

    /// Goes on until there is something to send or to wait for.
    fn go_on(&mut self) {
        loop {
            if let Some(tls) = &mut self.tls
                && self.line == Line::Up
            {
                tls.collect(&mut self.out);
            }
            match self.stage.conversation().map(Conversation::want) {
                _ if !self.out.is_empty() => break,
                Some(Say::Send(octets)) if self.said == Said::Nothing => {
                    match &mut self.tls {
                        Some(tls) => tls.write(octets),
                        None => self.out.extend_from_slice(octets),
                    }
                    self.said = Said::All;
                }
                Some(Say::Over) => self.next_stage(),
                Some(Say::Send(_) | Say::Listen) | None => break,
            }
        }
        self.note_wait();
    }

    fn note_wait(&mut self) {
        let (stage, limit) = match &self.stage {
            Stage::Handshake(upgrade, _) => (1, upgrade.wait_limit().duration()),
            Stage::Over(_) => (2, WaitLimit::of(Phase::Quit).duration()),
            _ => (0, self.stage.conversation().map_or(Duration::ZERO, Conversation::limit)),
        };
        let (phase, turn) = self.stage.conversation().map_or((Phase::Idle, 0), Conversation::wait);
        if self.of != (stage, phase, turn) {
            self.of = (stage, phase, turn);
            let number = self.wait.number.wrapping_add(1);
            let limit = self.with.attempt.patience.limit(limit);
            let bound = if phase == Phase::Message { Bound::Nothing } else { Bound::Visit };
            self.wait = Wait { number, limit, bound };
        }
    }
}
