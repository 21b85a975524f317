//! The message over a session that is ready for it, without I/O.
//!
//! Where the server lists PIPELINING, MAIL, the recipients and DATA go out as one group and the replies are
//! matched in their order ([RFC 2920](https://www.rfc-editor.org/rfc/rfc2920)); where it lists CHUNKING,
//! BDAT carries the message once the recipients have their replies
//! ([RFC 3030](https://www.rfc-editor.org/rfc/rfc3030)). Else one command at a time is sent. After a group
//! nothing is sent before all its replies are in, so that neither side waits for the other with its
//! buffers full.

mod answers;
pub(super) mod begin;
mod transaction;

use core::time::Duration;

use smtp_starttls::{
    Chunk, CommandError, Event, ForwardPath, Input, Keyword, Mailer, Phase, Reason, Recipient,
    ReplyCode, ReplyLine, WaitLimit, Want, limits,
};

use super::conversation::{Conversation, Say};
use crate::attempt::Answered;
use crate::driver::Envelope;
use answers::{Kept, ended_after, mail, not_written, refusal};
use begin::Begin;
use transaction::Transaction;

/// Octets of the message that are handed to the transport at once.
const PIECE: usize = 16 * 1024;
/// Octets of a group of commands after which the replies are awaited. Less than any server's receive
/// buffer, so that it takes them all even while it is kept from writing its replies.
const GROUP: usize = 8 * 1024;

/// Offers a message to recipients of the envelope, and then says QUIT. Where the server takes fewer
/// recipients at a time the message is offered several times.
pub(super) struct Talk<'a, S> {
    mailer: Mailer<S>,
    begin: Begin<S>,
    envelope: &'a Envelope<'a>,
    paths: Vec<ForwardPath<'a>>,
    transaction: Transaction,
    next: Next,
    /// What is to be sent.
    out: Vec<u8>,
    /// What is left of the message.
    rest: &'a [u8],
    /// The reply that is being read.
    kept: Kept,
    /// Counts groups and replies: each begins a wait.
    turn: u32,
}

/// What is written next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    Mail,
    Recipients,
    /// DATA or BDAT.
    Message,
    /// A piece of the message, and what ends it.
    Piece,
    /// Nothing before all replies are in; then what has come of the transaction is looked at.
    Replies,
    Reset,
    Quit,
    /// Nothing: the reply to QUIT may come.
    Goodbye,
    Over,
}

/// Whether more can be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Go {
    On,
    Wait,
}

impl<'a, S> Talk<'a, S> {
    /// For the recipients at these places of the envelope.
    pub(super) fn new(
        mailer: Mailer<S>,
        begin: Begin<S>,
        envelope: &'a Envelope<'a>,
        places: &[usize],
    ) -> Self {
        let paths: Vec<_> =
            places.iter().filter_map(|place| envelope.to.get(*place)).copied().collect();
        let transaction = Transaction::new(paths.len());
        let mut talk = Self {
            mailer,
            begin,
            envelope,
            paths,
            transaction,
            next: Next::Replies,
            out: Vec::new(),
            rest: &[],
            kept: Kept::default(),
            turn: 0,
        };
        talk.fill();
        talk
    }

    /// What became of each recipient, in the order of the places.
    pub(super) fn into_answers(self) -> Vec<Answered> {
        self.transaction.into_answers()
    }

    /// Writes as much as may be written now.
    fn fill(&mut self) {
        while self.out.len() < GROUP && self.write() == Go::On {}
        if !self.out.is_empty() {
            self.turn = self.turn.wrapping_add(1);
        }
    }

    fn write(&mut self) -> Go {
        match self.next {
            Next::Mail => self.write_mail(),
            Next::Recipients => self.write_recipient(),
            Next::Message => self.write_message(),
            Next::Piece => self.write_piece(),
            Next::Replies if self.mailer.want() == Want::Read => Go::Wait,
            Next::Replies => self.settle(),
            Next::Reset => self.write_last(Mailer::reset),
            Next::Quit => self.write_last(Mailer::quit),
            Next::Goodbye | Next::Over => Go::Wait,
        }
    }

    /// All replies are in: on to the next transaction, or to the end.
    fn settle(&mut self) -> Go {
        self.next = match () {
            () if self.transaction.is_done() => Next::Quit,
            () if self.transaction.must_be_reset() => Next::Reset,
            () => {
                self.transaction.begin();
                Next::Mail
            }
        };
        Go::On
    }

    fn write_mail(&mut self) -> Go {
        let open = self.transaction.open().filter_map(|at| self.paths.get(at).copied());
        let open: Vec<_> = open.collect();
        let (begin, mail) = (self.begin, mail(self.envelope, &open, self.mailer.capabilities()));
        match self.put(|mailer, out| begin(mailer, &mail, out)) {
            Ok(()) => self.next = Next::Recipients,
            Err(error) => self.give_up(&not_written(error)),
        }
        Go::On
    }

    fn write_recipient(&mut self) -> Go {
        let Some((at, path)) =
            self.transaction.open().next().and_then(|at| Some((at, *self.paths.get(at)?)))
        else {
            self.next = Next::Message;
            return Go::On;
        };
        match self.put(|mailer, out| mailer.recipient(&Recipient::new(path), out)) {
            Ok(()) => self.transaction.named(at),
            Err(CommandError::MustWait) => return Go::Wait,
            // It refused MAIL, or every recipient so far: nothing more is to be said.
            Err(CommandError::OutOfOrder) => self.next = Next::Replies,
            Err(error) => match not_written(error) {
                unfit @ Answered::Unfit(_) => self.transaction.pass_over(at, unfit),
                Answered::NotAsked if self.transaction.has_named() => self.next = Next::Message,
                ended => self.give_up(&ended),
            },
        }
        Go::On
    }

    fn write_message(&mut self) -> Go {
        if self.is_chunked() {
            return self.write_chunk();
        }
        match self.put(Mailer::data) {
            Ok(()) => self.next = Next::Replies,
            Err(CommandError::MustWait) => return Go::Wait,
            // Nobody is left to send it to.
            Err(CommandError::OutOfOrder) => self.next = Next::Replies,
            Err(error) => self.give_up(&not_written(error)),
        }
        Go::On
    }

    /// A chunk ends where the message does; DATA adds a line end where it lacks one.
    fn is_chunked(&self) -> bool {
        self.mailer.capabilities().has(Keyword::Chunking)
            && self.envelope.message.as_bytes().ends_with(b"\r\n")
    }

    /// BDAT, with the first piece behind it. The whole message is one chunk: it is all there.
    fn write_chunk(&mut self) -> Go {
        if self.mailer.want() == Want::Read {
            return Go::Wait;
        }
        self.next = Next::Replies;
        if !self.transaction.has_accepted() {
            return Go::On;
        }
        let octets = self.envelope.message.as_bytes();
        match self.put(|mailer, out| mailer.chunk(octets, Chunk::Last, out)) {
            Ok(()) => {
                (self.rest, self.next) = (octets, Next::Piece);
                self.write_piece()
            }
            Err(error) => {
                self.give_up(&not_written(error));
                Go::On
            }
        }
    }

    fn write_piece(&mut self) -> Go {
        if let Err(error) = if self.is_chunked() { self.put_raw() } else { self.put_stuffed() } {
            self.lose(&not_written(error));
        }
        Go::Wait
    }

    fn put_raw(&mut self) -> Result<(), CommandError> {
        let (piece, rest) = self.rest.split_at(self.rest.len().min(PIECE));
        self.out.extend_from_slice(piece);
        self.rest = rest;
        if rest.is_empty() {
            self.next = Next::Replies;
        }
        Ok(())
    }

    fn put_stuffed(&mut self) -> Result<(), CommandError> {
        let mut piece = vec![0; PIECE];
        if !self.rest.is_empty() {
            let progress = self.mailer.body(self.rest, &mut piece)?;
            self.out.extend_from_slice(piece.get(..progress.written).unwrap_or_default());
            self.rest = self.rest.get(progress.taken..).unwrap_or_default();
        }
        if self.rest.is_empty() {
            let end = self.mailer.finish_body(&mut piece)?;
            self.out.extend_from_slice(piece.get(..end).unwrap_or_default());
            self.next = Next::Replies;
        }
        Ok(())
    }

    /// A command that nothing follows before its reply.
    fn write_last(
        &mut self,
        command: impl FnOnce(&mut Mailer<S>, &mut [u8]) -> Result<usize, CommandError>,
    ) -> Go {
        let is_quit = self.next == Next::Quit;
        match self.put(command) {
            Ok(()) if is_quit => self.next = Next::Goodbye,
            Ok(()) => {
                self.transaction.was_reset();
                self.next = Next::Replies;
            }
            Err(CommandError::MustWait) => return Go::Wait,
            Err(error) => self.lose(&not_written(error)),
        }
        Go::Wait
    }

    fn put(
        &mut self,
        command: impl FnOnce(&mut Mailer<S>, &mut [u8]) -> Result<usize, CommandError>,
    ) -> Result<(), CommandError> {
        let mut line = [0; limits::COMMAND];
        let len = command(&mut self.mailer, &mut line)?;
        self.out.extend_from_slice(line.get(..len).unwrap_or_default());
        Ok(())
    }

    /// Nobody who has no answer yet can have one over this connection.
    fn give_up(&mut self, answered: &Answered) {
        self.transaction.all_get(answered);
        self.next = Next::Quit;
    }

    /// The connection is over, without QUIT.
    fn lose(&mut self, answered: &Answered) {
        // A message of which a piece is still to be sent cannot have been taken.
        let is_whole = self.next != Next::Piece && self.rest.is_empty();
        self.transaction.lose(answered, is_whole);
        self.out.clear();
        self.next = Next::Over;
    }

    fn bytes(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() && self.next != Next::Over {
            if self.mailer.want() != Want::Read {
                // RFC 5321 section 4.3.1: it answers nothing, and must not be taken for the answer to
                // what comes next. Nothing is sent any more.
                let reason = Reason::UnsolicitedBytes.word();
                return self.lose(&Answered::Lost { reason });
            }
            let kept = &mut self.kept;
            let mut notice = |_: Phase, line: &ReplyLine<'_>| kept.keep(line);
            let handled = self.mailer.handle_with(Input::Bytes(octets), &mut notice);
            octets = octets.get(handled.taken..).unwrap_or_default();
            if let Some(event) = handled.event {
                self.event(event);
            }
        }
        if self.mailer.want() != Want::Read {
            self.fill();
        }
    }

    fn event(&mut self, event: Event) {
        self.turn = self.turn.wrapping_add(1);
        let kept = core::mem::take(&mut self.kept);
        match event {
            Event::Mail(answer) => self.transaction.mail_answered(answer, kept.text),
            Event::Recipient(number, answer) => {
                self.transaction.answered(number, answer, kept.text);
            }
            Event::Data(_) if self.mailer.want() == Want::Body => {
                // Where no recipient is left the line that ends the message is all of it.
                let has_recipient = self.transaction.has_accepted();
                let octets = self.envelope.message.as_bytes();
                self.rest = if has_recipient { octets } else { &[] };
                self.next = Next::Piece;
            }
            Event::Data(answer) | Event::Message(answer) => {
                self.transaction.message_answered(answer, kept.text);
            }
            Event::MessageFor(number, answer) => {
                self.transaction.message_answered_for(number, answer, kept.text);
            }
            Event::Ended(failure) => self.lose(&ended_after(failure, kept)),
            Event::Quit => self.next = Next::Over,
            _ => {}
        }
    }
}

impl<S> Conversation for Talk<'_, S> {
    fn want(&self) -> Say<'_> {
        match self.next {
            _ if !self.out.is_empty() => Say::Send(&self.out),
            Next::Over => Say::Over,
            _ => Say::Listen,
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        match input {
            Input::Bytes(octets) => self.bytes(octets),
            Input::Sent => {
                self.out.clear();
                if self.next == Next::Piece {
                    self.fill();
                }
            }
            input => {
                if let Some(event) = self.mailer.handle(input).event {
                    self.event(event);
                }
                self.out.clear();
                self.next = Next::Over;
            }
        }
    }

    /// A server may refuse the message while it is being sent, and leave. What takes it is no answer: it has
    /// not seen the end.
    fn last_words(&mut self, octets: &[u8]) {
        if !matches!(self.phase(), Phase::Body | Phase::Message) {
            return;
        }
        match refusal(octets) {
            Some((ReplyCode::SERVICE_CLOSING, answered)) => self.transaction.all_get(&answered),
            Some((_, answered)) => self.transaction.accepted_get(&answered),
            None => {}
        }
    }

    fn wait(&self) -> (Phase, u32) {
        (self.phase(), self.turn)
    }

    fn limit(&self) -> Duration {
        WaitLimit::of(self.phase()).duration()
    }
}

impl<S> Talk<'_, S> {
    fn phase(&self) -> Phase {
        if self.next == Next::Piece { Phase::Body } else { self.mailer.phase() }
    }
}
