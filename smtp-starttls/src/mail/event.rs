//! What the server answers.

use super::error::MailFailure;
use crate::reply::{EnhancedCode, ReplyClass, ReplyCode};

/// The answer to one command.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Answer {
    /// The reply code.
    pub code: ReplyCode,
    /// The enhanced status code at the start of the first line.
    pub status: Option<EnhancedCode>,
}

impl Answer {
    /// Whether the command was carried out.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        matches!(self.code.class(), ReplyClass::Done)
    }

    /// Whether trying again later is pointless.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self.code.class(), ReplyClass::Permanent)
    }
}

/// A reply has come in full, or the connection has ended.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// The answer to RSET.
    Reset(Answer),
    /// The answer to MAIL.
    Mail(Answer),
    /// The answer to RCPT for the recipient of this number, from 0.
    Recipient(u16, Answer),
    /// The answer to DATA. If it is 354 the message is wanted.
    Data(Answer),
    /// The answer to a chunk that is not the last.
    Chunk(Answer),
    /// The answer to the whole message, for every accepted recipient.
    Message(Answer),
    /// LMTP: the answer to the whole message for the recipient of this number.
    MessageFor(u16, Answer),
    /// The answer to NOOP.
    Noop(Answer),
    /// AUTH wants a response; its challenge is the text of the reply.
    Challenge,
    /// The answer to AUTH.
    Auth(Answer),
    /// QUIT is done, answered or not: close.
    Quit,
    /// The connection has ended before its time.
    Ended(MailFailure),
}

/// What an input came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Handled {
    /// Octets of the input that were taken; feed the rest at once.
    pub taken: usize,
    /// What has happened.
    pub event: Option<Event>,
}

/// What a mailer wants now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Want {
    /// A command; if octets come before it, feed them.
    Command,
    /// Read. With PIPELINING a further command may come first.
    Read,
    /// The message: [`Mailer::body`](super::Mailer::body) and then
    /// [`Mailer::finish_body`](super::Mailer::finish_body).
    Body,
    /// The connection is to be closed.
    Close,
}
