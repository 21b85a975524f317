//! Why a datagram is dropped.

use core::fmt;

use crate::limits;
use crate::record::RecordError;

/// Why a datagram is not read. Its content is not repeated here: it came from anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DatagramError {
    /// It has no bytes.
    #[error("datagram is empty")]
    Empty,
    /// It has too many bytes.
    #[error("datagram has more than {max} bytes", max = limits::DATAGRAM)]
    TooLong,
    /// It is not JSON, or cut short, or not UTF-8 outside of strings.
    #[error("datagram is not JSON: syntax error at offset {at}")]
    NotJson {
        /// Byte offset.
        at: usize,
    },
    /// It is JSON, and not an object.
    #[error("datagram is not a JSON object")]
    NotAnObject,
    /// Something follows the object.
    #[error("something follows the datagram's JSON object")]
    TrailingBytes,
    /// Its version is not `1`.
    #[error("datagram has another version than 1")]
    Version,
    /// Arrays and objects are nested too deep.
    #[error("datagram is nested deeper than {max} levels", max = limits::DATAGRAM_DEPTH)]
    TooDeep,
    /// A string is too long.
    #[error("datagram has a string of more than {max} bytes", max = limits::STRING)]
    StringTooLong,
    /// A list has too many elements.
    #[error("datagram has a list that is too long")]
    TooMany,
    /// A member has a value of another type, or a number out of its range.
    #[error("datagram has a member of the wrong type")]
    WrongType,
    /// An object has two members of one name.
    #[error("datagram has two members of one name")]
    DuplicateMember,
    /// A member that must be there is not.
    #[error("datagram lacks a member")]
    Missing,
    /// Its list of policies is empty.
    #[error("datagram has no policy")]
    NoPolicy,
    /// A policy type is not 1, 2 or 9.
    #[error("datagram has a policy type other than 1, 2 and 9")]
    PolicyType,
    /// A final result is not 0 or 1.
    #[error("datagram has a final result other than 0 and 1")]
    FinalResult,
    /// The domain, or the domain of a policy, is not a host name.
    #[error("datagram has a domain that is no host name")]
    Domain,
    /// The record cannot be read.
    #[error("datagram has a bad record: {0}")]
    Record(RecordError),
}

impl DatagramError {
    /// The stable word for this reason.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::NotJson { .. } => "not-json",
            Self::NotAnObject => "not-an-object",
            Self::TrailingBytes => "trailing-bytes",
            Self::Version => "version",
            Self::TooDeep => "too-deep",
            Self::StringTooLong => "string-too-long",
            Self::TooMany => "too-many",
            Self::WrongType => "wrong-type",
            Self::DuplicateMember => "duplicate-member",
            Self::Missing => "missing-member",
            Self::NoPolicy => "no-policy",
            Self::PolicyType => "policy-type",
            Self::FinalResult => "final-result",
            Self::Domain => "domain",
            Self::Record(_) => "record",
        }
    }
}

/// What is odd about a datagram, yet tolerated.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DatagramQuirk {
    /// Strings have bytes that are not UTF-8: U+FFFD was put in.
    NotUtf8,
    /// A policy says another number of failures than it lists.
    FailureCount,
}

impl DatagramQuirk {
    /// The stable word for this quirk.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not-utf-8",
            Self::FailureCount => "failure-count",
        }
    }
}

impl fmt::Display for DatagramQuirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
