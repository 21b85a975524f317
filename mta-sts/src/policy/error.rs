//! Why a body is not a policy.

use crate::mx::PatternError;

/// Why a body is not a policy. Of several faults the first in the file counts, after
/// [`PolicyError::TooLarge`] and [`PolicyError::NotUtf8`] and before missing fields.
///
/// Offsets are in bytes from the start of the body.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// The first `max_age` is not 1 to 10 ASCII digits.
    #[error("byte at offset {at}: max_age is 1 to 10 digits")]
    InvalidMaxAge {
        /// Where the value begins.
        at: usize,
    },
    /// An `mx` is not a pattern.
    #[error("byte at offset {at}: mx is a host name or \"*.\" and a domain: {cause}")]
    InvalidMx {
        /// Where the value begins.
        at: usize,
        /// What is wrong with it; offsets in it count from `at`.
        cause: PatternError,
    },
    /// A line is not a field: name, colon, value.
    #[error(
        "byte at offset {at}: a line is a field name, ':' and a value without control characters"
    )]
    MalformedLine {
        /// The first byte that fits no field.
        at: usize,
    },
    /// No `max_age` field.
    #[error("the policy has no max_age")]
    MissingMaxAge,
    /// No `mode` field.
    #[error("the policy has no mode")]
    MissingMode,
    /// No `mx` field, and the mode is not `none`.
    #[error("the policy has no mx and its mode is not none")]
    MissingMx,
    /// No `version` field.
    #[error("the policy has no version")]
    MissingVersion,
    /// The body is not UTF-8.
    #[error("byte at offset {at}: the policy is not UTF-8")]
    NotUtf8 {
        /// The first byte that is not part of a character.
        at: usize,
    },
    /// The body has this many bytes, more than 65 536.
    #[error("the policy has {len} bytes, at most {max} are read", max = super::limits::BODY)]
    TooLarge {
        /// Bytes in the body.
        len: usize,
    },
    /// The first `mode` is not `enforce`, `testing` or `none`.
    #[error("byte at offset {at}: mode is enforce, testing or none")]
    UnknownMode {
        /// Where the value begins.
        at: usize,
    },
    /// The first `version` is not `STSv1`.
    #[error("byte at offset {at}: version is STSv1")]
    UnsupportedVersion {
        /// Where the value begins.
        at: usize,
    },
}
