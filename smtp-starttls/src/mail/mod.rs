//! Sending messages once a session is up.

mod commands;
mod error;
mod event;
mod line;
mod mailbox;
mod mailer;
mod mend;
mod message;
mod params;
mod recipients;
mod sealed;
mod state;

pub use commands::Chunk;
pub use error::{CommandError, Delivery, MailFailure, MailFailureReason, ParameterError};
pub use event::{Answer, Event, Handled, Want};
pub use mailbox::{ForwardPath, Mailbox, MailboxError, ReversePath};
pub use mailer::Mailer;
pub use mend::LineMender;
pub use message::{DotStuffer, Message, MessageCheck, MessageError, Progress};
pub use params::{Body, EnvelopeId, Mail, Notify, NotifyOn, OriginalRecipient, Recipient, Return};
pub use sealed::{DangerAuthUnverified, RequireTlsPermit, RequireTlsRefused};
pub use state::NotUsable;
