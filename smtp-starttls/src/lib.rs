//! STARTTLS for SMTP ([RFC 3207], [RFC 5321], [RFC 8689]) as machines without I/O, clock or TLS
//! library.
//!
//! Between the commands in clear and TLS lies the place where mail software has gone wrong for
//! years: what somebody slipped in behind the server's `220` was taken for the server's word
//! inside TLS. With this crate that cannot be written. [`Session<Clear>`](Session) is consumed to
//! make an [`Upgrade`], which owns no octet and is refused if one is left; only an `Upgrade` and
//! the facts of a finished handshake make a [`Session<Sealed>`](Session), and that has no field
//! for anything said before.
//!
//! ```text
//! octets from the server, ends, time-outs --> Session<Clear> --> octets to send, "read", "start TLS"
//!                                                   | into_upgrade
//!                 facts of the handshake -->     Upgrade --> or the outcome of a failed one
//!                                                   | tls_up
//! octets from inside TLS, ends, time-outs --> Session<Sealed> --> Outcome
//! ```
//!
//! Driving a session:
//!
//! ```
//! use smtp_starttls::{Action, Channel, Input, Outcome, Session};
//! use std::io::{Read, Write};
//!
//! /// Until the session is over, or wants TLS (`None`).
//! fn drive<S: Channel>(session: &mut Session<S>, io: &mut (impl Read + Write)) -> Option<Outcome> {
//!     let mut buffer = [0; 4096];
//!     loop {
//!         let input = match session.action() {
//!             Action::Send(octets) => io.write_all(octets).map_or(Input::EndOfStream, |()| Input::Sent),
//!             Action::Read => match io.read(&mut buffer) {
//!                 Ok(read) if read > 0 => Input::Bytes(&buffer[..read]),
//!                 Ok(_) | Err(_) => Input::EndOfStream, // or TimedOut after session.wait_limit()
//!             },
//!             Action::StartTls => return None,
//!             Action::Done(outcome) => return Some(outcome),
//!         };
//!         session.handle(input);
//!     }
//! }
//! ```
//!
//! Every failure is one [`Failure`]: the reason, what to report by TLSRPT, the enhanced status
//! code for the queue, the next step, and whether going on in clear is allowed. Signs of stripping
//! are labelled ([`Downgrade`]); a label never changes a decision.
//!
//! The crate opens no socket, resolves no name, verifies no certificate and keeps no memory of
//! hosts.
//!
//! [RFC 3207]: https://www.rfc-editor.org/rfc/rfc3207
//! [RFC 5321]: https://www.rfc-editor.org/rfc/rfc5321
//! [RFC 8689]: https://www.rfc-editor.org/rfc/rfc8689
#![no_std]
#![forbid(unsafe_code)]

mod client;
mod downgrade;
mod ehlo;
mod failure;
pub mod limits;
mod mail;
mod name;
mod reply;
mod require_tls;
mod server;

pub use client::{
    Action, BannerName, Channel, Clear, ClearNotAllowed, Config, FirstLine, HelloLine, Input,
    Listed, MessageNeed, MxTrust, Notice, Observation, Outcome, Phase, PlaintextAfter220, Protocol,
    Requirement, ReuseKey, Sealed, Session, TlsFacts, TlsFailure, TlsVersion, Upgrade,
    UpgradeError, Utf8Need, Verification, VerifiedBy, WaitLimit,
};
pub use downgrade::Downgrade;
pub use ehlo::{
    AuthMechanism, AuthMechanisms, Capabilities, CapabilityReader, EhloLine, Keyword, KeywordSet,
    Limits, RawLines, SizeLimit, Warning, WarningSet,
};
pub use failure::{CleartextRetry, Failure, FailureReasonCode, NextAction, Reason, ResultType};
pub use mail::{
    Answer, Body, Chunk, CommandError, DangerAuthUnverified, Delivery, DotStuffer, EnvelopeId,
    Event, ForwardPath, Handled, LineMender, Mail, MailFailure, MailFailureReason, Mailbox,
    MailboxError, Mailer, Message, MessageCheck, MessageError, NotUsable, Notify, NotifyOn,
    OriginalRecipient, ParameterError, Progress, Recipient, RequireTlsPermit, RequireTlsRefused,
    Return, ReversePath, Want,
};
pub use name::{EhloName, EhloNameError};
pub use reply::{
    EnhancedCode, Escaped, LineEnds, Read, ReplyClass, ReplyCode, ReplyError, ReplyLine,
    ReplyReader,
};
pub use require_tls::{TlsRequired, bounce_returns};
pub use server::{
    AnswerError, ClearUse, Command, DotUnstuffer, InClear, InTls, MessageBroken, ReplyText,
    ReplyTextError, Server, ServerAction, ServerChannel, ServerConfig, ServerEnd, ServerReply,
    ServerUpgrade, ServerUpgradeError, TlsOffer, Unstuffed,
};
