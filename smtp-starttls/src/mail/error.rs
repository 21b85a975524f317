//! Why a command is not written, and how a connection ends.

use core::fmt;

use super::message::MessageError;
use crate::ehlo::Keyword;
use crate::failure::Reason;
use crate::limits::RECIPIENTS;
use crate::reply::{EnhancedCode, ReplyCode};

/// Why a parameter's value is none.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// The octet at this offset cannot stand in it.
    #[error("octet at offset {0} cannot stand in this parameter")]
    InvalidOctet(usize),
    /// It is empty or too long, with this many octets as written.
    #[error("parameter has {0} octets as written, which is none or too many")]
    Length(usize),
}

/// Why a command was not written. Nothing has changed, unless
/// [`Mailer::failure`](super::Mailer::failure) says that the connection is over.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// The buffer must have this many octets.
    #[error("command needs a buffer of {0} octets")]
    BufferTooSmall(usize),
    /// The command cannot come now.
    #[error("command is out of order")]
    OutOfOrder,
    /// A reply is still awaited, and the server does not list PIPELINING, or the last command
    /// ends a group.
    #[error("command must wait for the reply to the one before")]
    MustWait,
    /// The server does not list what the command needs.
    #[error("server does not offer {}", .0.name())]
    NotOffered(Keyword),
    /// The server says that it takes no message of this many octets.
    #[error("message of {0} octets is larger than the server takes")]
    MessageTooLarge(u64),
    /// The transaction has as many recipients as it may have.
    #[error("transaction has {max} recipients or as many as the server takes", max = RECIPIENTS)]
    TooManyRecipients,
    /// The connection has had as many transactions as the server takes.
    #[error("connection has had as many transactions as the server takes")]
    TooManyTransactions,
    /// A binary message, which only chunks can carry.
    #[error("binary message cannot follow data, expected chunks")]
    BinaryNeedsChunks,
    /// A recipient beyond ASCII, and MAIL was without SMTPUTF8.
    #[error("recipient needs smtputf8, which the transaction is without")]
    NeedsSmtpUtf8,
    /// The octet at this offset of the message is beyond ASCII, and MAIL had neither
    /// `BODY=8BITMIME` nor SMTPUTF8 ([RFC 6152 section 3]).
    ///
    /// [RFC 6152 section 3]: https://www.rfc-editor.org/rfc/rfc6152#section-3
    #[error("octet at offset {0} is beyond ascii, expected body=8bitmime in mail")]
    NeedsEightBit(u64),
    /// A header beyond ASCII, and the server does not list SMTPUTF8.
    #[error("header of the message needs smtputf8, which the server does not offer")]
    HeaderNeedsSmtpUtf8,
    /// What stands in the message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The permit for REQUIRETLS is not for this connection.
    #[error("requiretls is not permitted on this connection")]
    RequireTlsNotPermitted,
    /// A bounce has an empty reverse path.
    #[error("reverse path is not empty, expected a bounce")]
    NotABounce,
    /// The server is not authenticated, so it gets no credentials.
    #[error("server is not authenticated, expected a verified session for auth")]
    NotAuthenticated,
    /// The connection has ended.
    #[error("connection has ended: {0}")]
    Ended(MailFailure),
}

/// What the loss of a connection means for the message under way.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Delivery {
    /// Nothing was delivered; whoever has no final reply yet stays queued.
    NotDelivered,
    /// The whole message was sent and the final reply did not come: to be taken for not delivered
    /// and kept in the queue, though the server may have it.
    Unconfirmed,
}

/// How a connection ended before its time. Always temporary.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct MailFailure {
    /// What happened.
    pub reason: MailFailureReason,
    /// The code of the reply at fault, if a reply was.
    pub reply_code: Option<ReplyCode>,
    /// What it means for the message under way.
    pub delivery: Delivery,
}

impl MailFailure {
    /// The enhanced status code for the queue.
    #[must_use]
    pub const fn status(&self) -> EnhancedCode {
        match self.reason {
            MailFailureReason::Session(Reason::ServiceClosing) => EnhancedCode::known(4, 3, 2),
            MailFailureReason::Session(Reason::UnsolicitedBytes) => EnhancedCode::known(4, 7, 0),
            MailFailureReason::Session(Reason::Closed | Reason::TimedOut) => {
                EnhancedCode::known(4, 4, 2)
            }
            MailFailureReason::Session(_) | MailFailureReason::UnexpectedReply => {
                EnhancedCode::known(4, 5, 0)
            }
            MailFailureReason::TlsBroken => EnhancedCode::known(4, 7, 5),
            MailFailureReason::MessageCut => EnhancedCode::known(4, 6, 0),
        }
    }
}

impl fmt::Display for MailFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unconfirmed = match self.delivery {
            Delivery::Unconfirmed => ", final reply lost",
            Delivery::NotDelivered => "",
        };
        write!(f, "{}{unconfirmed} ({})", self.reason.word(), self.status())
    }
}

/// Why a connection ended before its time.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MailFailureReason {
    /// As it can also happen before the first transaction.
    Session(Reason),
    /// The reply has a code that the command cannot have.
    UnexpectedReply,
    /// TLS failed, or ended without its own end.
    TlsBroken,
    /// The message could not be sent to its end.
    MessageCut,
}

impl MailFailureReason {
    /// The stable word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Session(reason) => reason.word(),
            Self::UnexpectedReply => "unexpected-reply",
            Self::TlsBroken => "tls-broken",
            Self::MessageCut => "message-cut",
        }
    }
}
