//! A message and its recipients.

use smtp_starttls::{ForwardPath, Message, ReversePath};

/// One message for the recipients of one domain.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Where bounces go.
    pub from: ReversePath<'a>,
    /// The recipients, all of one domain.
    pub to: &'a [ForwardPath<'a>],
    /// The message.
    pub message: Message<'a>,
}
