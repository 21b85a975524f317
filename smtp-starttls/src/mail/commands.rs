//! The commands of a mail transaction.

use super::error::{CommandError, MailFailureReason};
use super::line::CommandLine;
use super::mailer::Mailer;
use super::message::{MessageCheck, Progress};
use super::params::{Body, Mail, Recipient};
use super::recipients::Recipients;
use super::state::{Envelope, Last, Stage};
use crate::ehlo::Keyword;
use crate::limits::RECIPIENTS;

/// Which chunk of a message this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chunk {
    /// More follow.
    More,
    /// The last.
    Last,
}

impl<S> Mailer<S> {
    /// Begins a transaction: writes MAIL and returns its length.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if a transaction is open, a reply must be awaited first, the server lacks
    /// what a parameter needs, or the buffer is too small. Nothing has changed then.
    pub fn mail(&mut self, mail: &Mail<'_>, out: &mut [u8]) -> Result<usize, CommandError> {
        self.mail_with(mail, b"", out)
    }

    pub(super) fn mail_with(
        &mut self,
        mail: &Mail<'_>,
        parameter: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        self.check_turn()?;
        if !matches!(self.stage, Stage::Idle) {
            return Err(CommandError::OutOfOrder);
        }
        mail.check(&self.capabilities)?;
        let limit = self.capabilities.limits().transactions;
        if limit.is_some_and(|limit| self.transactions >= limit.get()) {
            return Err(CommandError::TooManyTransactions);
        }
        let mut line = CommandLine::new(out);
        mail.write(&self.capabilities, &mut line);
        let len = line.put(parameter).finish()?;
        self.envelope = Envelope { body: mail.body, utf8: mail.needs_smtputf8() };
        self.recipients = Recipients::default();
        self.pending.mail = true;
        self.stage = Stage::Open;
        self.transactions = self.transactions.saturating_add(1);
        Ok(len)
    }

    /// Names a recipient: writes RCPT and returns its length.
    ///
    /// Recipients are numbered from 0 in this order.
    ///
    /// # Errors
    ///
    /// [`CommandError`] outside a transaction, past
    /// [`limits::RECIPIENTS`](crate::limits::RECIPIENTS) or the server's own limit, and as for
    /// [`mail`](Self::mail).
    pub fn recipient(
        &mut self,
        recipient: &Recipient<'_>,
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        self.check_turn()?;
        if !matches!(self.stage, Stage::Open) {
            return Err(CommandError::OutOfOrder);
        }
        recipient.check(&self.capabilities)?;
        if recipient.needs_smtputf8() && !self.envelope.utf8 {
            return Err(CommandError::NeedsSmtpUtf8);
        }
        let limit = self.capabilities.limits().recipients.map_or(u32::MAX, |limit| limit.get());
        if u32::from(self.recipients.named()) >= limit.min(u32::from(RECIPIENTS)) {
            return Err(CommandError::TooManyRecipients);
        }
        let mut line = CommandLine::new(out);
        recipient.write(&mut line);
        let len = line.finish()?;
        self.recipients.name_one();
        Ok(len)
    }

    /// Asks to send the message: writes DATA and returns its length.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if no recipient is accepted or still unanswered, and as for
    /// [`mail`](Self::mail).
    pub fn data(&mut self, out: &mut [u8]) -> Result<usize, CommandError> {
        self.check_turn()?;
        if !matches!(self.stage, Stage::Open) || !self.has_recipient() {
            return Err(CommandError::OutOfOrder);
        }
        if self.envelope.body == Body::BinaryMime {
            return Err(CommandError::BinaryNeedsChunks);
        }
        let len = CommandLine::new(out).put(b"DATA").finish()?;
        self.pending.last = Last::Data;
        Ok(len)
    }

    /// Writes as much of a piece of the message as there is room for, with dots doubled. Any room
    /// suffices to go on.
    ///
    /// # Errors
    ///
    /// [`CommandError::OutOfOrder`] if the message is not wanted, or no recipient was accepted.
    /// [`CommandError::Message`] or [`CommandError::NeedsEightBit`] if the piece cannot be sent: the
    /// connection is over, for a message cannot be taken back once begun.
    /// [`CommandError::Ended`] if it was over before, or the server has begun an answer already.
    pub fn body(&mut self, piece: &[u8], out: &mut [u8]) -> Result<Progress, CommandError> {
        self.check_quiet()?;
        let has_recipient = self.recipients.accepted() > 0;
        let Stage::Body(stuffer) = &mut self.stage else { return Err(CommandError::OutOfOrder) };
        if !has_recipient {
            return Err(CommandError::OutOfOrder);
        }
        // More than there is room for is not taken, and so is not looked at again each time.
        let takeable = piece.get(..out.len()).unwrap_or(piece);
        let written = match self.envelope.before_eight_bit(takeable) {
            None => stuffer.push(piece, out).map_err(CommandError::from),
            Some(fitting) => match stuffer.push(fitting, out) {
                Ok(progress) if progress.taken < fitting.len() => Ok(progress),
                Ok(_) => Err(CommandError::NeedsEightBit(stuffer.taken())),
                Err(error) => Err(error.into()),
            },
        };
        if written.is_err() {
            self.end(MailFailureReason::MessageCut, None);
        }
        written
    }

    /// Ends the message: writes what is left of it and its last line, six octets at most, and returns
    /// their length.
    ///
    /// A server may answer 354 to DATA although it has accepted no recipient; then this alone is
    /// sent ([RFC 2920 section 3.1]).
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body).
    ///
    /// [RFC 2920 section 3.1]: https://www.rfc-editor.org/rfc/rfc2920#section-3.1
    pub fn finish_body(&mut self, out: &mut [u8]) -> Result<usize, CommandError> {
        self.check_quiet()?;
        let Stage::Body(stuffer) = &self.stage else { return Err(CommandError::OutOfOrder) };
        let end = match stuffer.finish() {
            Ok(end) => end,
            Err(error) => {
                self.end(MailFailureReason::MessageCut, None);
                return Err(error.into());
            }
        };
        let Some(place) = out.get_mut(..end.len()) else {
            return Err(CommandError::BufferTooSmall(end.len()));
        };
        place.copy_from_slice(end);
        self.pending.last = Last::Message;
        self.stage = Stage::Open;
        Ok(end.len())
    }

    /// Sends a chunk of the message: writes BDAT for these octets and returns its length. Send
    /// the octets behind it as they are ([RFC 3030 section 2]).
    ///
    /// Unless the body is binary the octets must keep the rules of a message.
    ///
    /// # Errors
    ///
    /// [`CommandError`] as for [`data`](Self::data); [`CommandError::Message`] if the octets are
    /// no part of a message, and [`CommandError::NeedsEightBit`]. Nothing has changed then.
    ///
    /// [RFC 3030 section 2]: https://www.rfc-editor.org/rfc/rfc3030#section-2
    pub fn chunk(
        &mut self,
        octets: &[u8],
        which: Chunk,
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        self.check_turn()?;
        let mut check = match self.stage {
            Stage::Open if self.has_recipient() => MessageCheck::new(),
            Stage::Chunks(check) if self.has_recipient() => check,
            _ => return Err(CommandError::OutOfOrder),
        };
        if !self.capabilities.has(Keyword::Chunking) {
            return Err(CommandError::NotOffered(Keyword::Chunking));
        }
        let mut line = CommandLine::new(out);
        line.put(b"BDAT ").put_number(octets.len() as u64);
        if which == Chunk::Last {
            line.put(b" LAST");
        }
        let len = line.finish()?;
        if self.envelope.body != Body::BinaryMime {
            let is_last = which == Chunk::Last;
            if let Some(fitting) = self.envelope.before_eight_bit(octets) {
                check.push(fitting)?;
                return Err(CommandError::NeedsEightBit(check.offset()));
            }
            check.push(octets).and_then(|()| if is_last { check.finish() } else { Ok(()) })?;
        }
        self.pending.last = if which == Chunk::Last { Last::Message } else { Last::Chunk };
        self.stage = Stage::Chunks(check);
        Ok(len)
    }

    fn has_recipient(&self) -> bool {
        self.recipients.unanswered() > 0 || self.recipients.accepted() > 0
    }

    /// Drops the transaction: writes RSET and returns its length.
    ///
    /// # Errors
    ///
    /// [`CommandError`] while a message is being sent, and as for [`mail`](Self::mail).
    pub fn reset(&mut self, out: &mut [u8]) -> Result<usize, CommandError> {
        self.check_turn()?;
        // Replies are awaited in the order RSET, MAIL, RCPT: RSET begins a group.
        if self.awaited().is_some() {
            return Err(CommandError::MustWait);
        }
        if matches!(self.stage, Stage::Body(_) | Stage::Challenge) {
            return Err(CommandError::OutOfOrder);
        }
        let len = CommandLine::new(out).put(b"RSET").finish()?;
        self.pending.reset = true;
        self.recipients = Recipients::default();
        self.stage = Stage::Idle;
        Ok(len)
    }

    /// Asks whether the server is there: writes NOOP and returns its length.
    ///
    /// # Errors
    ///
    /// As for [`reset`](Self::reset).
    pub fn noop(&mut self, out: &mut [u8]) -> Result<usize, CommandError> {
        self.end_group(b"NOOP", Last::Noop, out)
    }

    /// Takes leave: writes QUIT and returns its length.
    ///
    /// # Errors
    ///
    /// As for [`reset`](Self::reset).
    pub fn quit(&mut self, out: &mut [u8]) -> Result<usize, CommandError> {
        self.end_group(b"QUIT", Last::Quit, out)
    }

    fn end_group(
        &mut self,
        verb: &[u8],
        last: Last,
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        self.check_turn()?;
        if matches!(self.stage, Stage::Body(_) | Stage::Challenge) {
            return Err(CommandError::OutOfOrder);
        }
        let len = CommandLine::new(out).put(verb).finish()?;
        self.pending.last = last;
        Ok(len)
    }
}
