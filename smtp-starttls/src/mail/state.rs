//! Where a mailer stands.

use super::error::MailFailure;
use super::message::{DotStuffer, MessageCheck};
use super::params::Body;
use crate::client::{Outcome, Phase};
use crate::reply::ReplyCode;

/// What MAIL said of the message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Envelope {
    pub(super) body: Body,
    pub(super) utf8: bool,
}

impl Envelope {
    /// What comes before the first octet that MAIL did not speak of, if there is one.
    ///
    /// RFC 6152 section 3: such an octet goes nowhere that has not agreed to it. RFC 6531 section
    /// 3.6: with SMTPUTF8 header fields have them, and the server lists 8BITMIME.
    pub(super) fn before_eight_bit(self, octets: &[u8]) -> Option<&[u8]> {
        if self.utf8 || self.body != Body::SevenBit || octets.is_ascii() {
            return None;
        }
        let at = octets.iter().position(|octet| !octet.is_ascii())?;
        octets.get(..at)
    }
}

/// The replies awaited, in the order of the fields.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pending {
    pub(super) reset: bool,
    pub(super) mail: bool,
    /// Besides, one for every recipient that is unanswered.
    pub(super) last: Last,
}

/// The command that ends a group.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Last {
    #[default]
    Nothing,
    Data,
    Chunk,
    Message,
    Noop,
    Auth,
    Quit,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Idle,
    /// MAIL was accepted, or is under way.
    Open,
    /// 354 was received.
    Body(DotStuffer),
    /// Chunks were sent.
    Chunks(MessageCheck),
    /// The transaction has failed and is not yet reset.
    Failed,
    /// AUTH wants a response.
    Challenge,
    Ended(MailFailure),
    Closed,
}

/// Why a session makes no [`Mailer`](super::Mailer).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotUsable {
    /// It has not come to its end.
    #[error("session is still at {0}")]
    Unfinished(Phase),
    /// It ended otherwise than secured, or in clear where that is allowed.
    #[error("session has ended: {}", .0.word())]
    Ended(Outcome),
}

/// The reply that comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Awaited {
    Reset,
    Mail,
    Recipient,
    Last(Last),
}

impl Awaited {
    pub(super) const fn phase(self) -> Phase {
        match self {
            Self::Reset => Phase::Reset,
            Self::Mail => Phase::Mail,
            Self::Recipient => Phase::Recipient,
            Self::Last(Last::Data) => Phase::Data,
            Self::Last(Last::Chunk) => Phase::Chunk,
            Self::Last(Last::Message) => Phase::Message,
            Self::Last(Last::Auth) => Phase::Auth,
            Self::Last(Last::Noop | Last::Nothing) => Phase::Noop,
            Self::Last(Last::Quit) => Phase::Quit,
        }
    }

    /// Whether this 3yz code has a meaning here.
    pub(super) fn may_go_on(self, code: ReplyCode) -> bool {
        match self {
            Self::Last(Last::Data) => code == ReplyCode::START_INPUT,
            Self::Last(Last::Auth) => code.value() == 334,
            Self::Last(Last::Quit) => true,
            _ => false,
        }
    }
}
