//! What the server wants and how it ends.

use super::command::Command;
use crate::reply::ReplyCode;

/// The channel before TLS.
#[derive(Clone, Copy, Debug)]
pub enum InClear {}

/// The channel inside TLS.
#[derive(Clone, Copy, Debug)]
pub enum InTls {}

/// In clear or inside TLS.
pub trait ServerChannel: Sealed {}
impl ServerChannel for InClear {}
impl ServerChannel for InTls {}

/// Private, so that there are no other channels.
pub trait Sealed {
    const IS_TLS: bool;
}
impl Sealed for InClear {
    const IS_TLS: bool = false;
}
impl Sealed for InTls {
    const IS_TLS: bool = true;
}

/// What the server wants now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum ServerAction<'a> {
    /// Write all of these octets, then feed [`Input::Sent`](crate::Input::Sent).
    Send(&'a [u8]),
    /// Feed what was not taken of the last read, or read.
    Read,
    /// Decide, and call [`Server::answer`](super::Server::answer).
    Decide(Command<'a>),
    /// Feed the message to [`Server::receive`](super::Server::receive).
    Receive,
    /// Read no further octet; call [`Server::into_upgrade`](super::Server::into_upgrade) and begin the handshake.
    StartTls,
    /// Close the connection.
    Close(ServerEnd),
}

/// Why a server closes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ServerEnd {
    /// The client said QUIT.
    Quit,
    /// The client's stream ended.
    Closed,
    /// The client took too long.
    TimedOut,
    /// Octets came behind STARTTLS and before TLS.
    Residue,
    /// A command line was too long.
    LineTooLong,
    /// Too many commands were refused.
    TooManyFaults,
    /// A message had a bare CR or LF or a NUL.
    MessageBroken,
    /// The caller answered 421.
    ServiceClosing,
    /// The TLS library reports a failure.
    TlsFailed,
}

impl ServerEnd {
    /// The stable word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Closed => "closed",
            Self::TimedOut => "timed-out",
            Self::Residue => "starttls-residue",
            Self::LineTooLong => "line-too-long",
            Self::TooManyFaults => "too-many-faults",
            Self::MessageBroken => "message-broken",
            Self::ServiceClosing => "service-closing",
            Self::TlsFailed => "tls-failed",
        }
    }
}

/// The caller's answer does not fit what was asked.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnswerError {
    /// Nothing was asked.
    #[error("no command waits for an answer")]
    OutOfOrder,
    /// The command cannot have this code.
    #[error("command cannot be answered by {0}")]
    Code(ReplyCode),
}
