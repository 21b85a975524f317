//! Why a report cannot be read.

use super::quirk::Quirk;
use crate::gzip::GzipError;
use crate::limits;

/// Why bytes are not a report, however lenient the reader.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not JSON.
    #[error("not JSON: syntax error at offset {at}")]
    NotJson {
        /// Byte offset into the JSON text.
        at: usize,
    },
    /// The JSON text is not an object.
    #[error("report is not a JSON object")]
    NotAnObject,
    /// There is no `policies`.
    #[error("report has no policies member")]
    PoliciesMissing,
    /// There is no `date-range`, or it lacks an end.
    #[error("report has no date-range with a start and an end")]
    DateRangeMissing,
    /// A date cannot be read as one between 1970 and 9999.
    #[error("report has a date that is none between 1970 and 9999")]
    BadDate,
    /// The report ends before it starts.
    #[error("report ends before it starts")]
    DateRangeInverted,
    /// A count is negative, has a fraction, or is no number.
    #[error("report has a count that is not a whole number from zero")]
    BadCount,
    /// A member has a value of a type that makes no sense there.
    #[error("member has a value of the wrong type, before offset {at}")]
    WrongType {
        /// Byte offset into the JSON text, at or soon after the value.
        at: usize,
    },
    /// The gzip data ends too early.
    #[error("gzip data is cut short")]
    GzipTruncated,
    /// The gzip data is broken.
    #[error("gzip data is damaged")]
    GzipDamaged,
    /// The report has too many bytes, or becomes too large for its size.
    #[error("report is too large")]
    TooLarge,
    /// Arrays and objects are nested too deep.
    #[error("report is nested deeper than {max} levels", max = limits::DEPTH)]
    TooDeep,
    /// There are too many policies.
    #[error("report has more than {max} policies", max = limits::POLICIES)]
    TooManyPolicies,
    /// There are too many failure rows.
    #[error("report has more than {max} failure details", max = limits::DETAILS)]
    TooManyDetails,
    /// There are too many policy strings and MX patterns.
    #[error("report has more than {max} policy strings and MX patterns", max = limits::STRINGS)]
    TooManyStrings,
    /// With the reports before it in the same mail, it is larger than one report may be.
    #[error("reports of this mail are together larger than one report may be")]
    MailBudget,
    /// A string is too long.
    #[error("report has a string of more than {max} bytes", max = limits::STRING)]
    StringTooLong,
    /// A strict reader met this quirk.
    #[error("report departs from RFC 8460: {0}")]
    Quirk(Quirk),
}

impl ReadError {
    /// The stable word for this reason.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not-json",
            Self::NotAnObject => "not-an-object",
            Self::PoliciesMissing => "policies-missing",
            Self::DateRangeMissing => "date-range-missing",
            Self::BadDate => "bad-date",
            Self::DateRangeInverted => "date-range-inverted",
            Self::BadCount => "bad-count",
            Self::WrongType { .. } => "wrong-type",
            Self::GzipTruncated => "gzip-truncated",
            Self::GzipDamaged => "gzip-damaged",
            Self::TooLarge => "too-large",
            Self::TooDeep => "too-deep",
            Self::TooManyPolicies => "too-many-policies",
            Self::TooManyDetails => "too-many-details",
            Self::TooManyStrings => "too-many-strings",
            Self::MailBudget => "mail-budget",
            Self::StringTooLong => "string-too-long",
            Self::Quirk(quirk) => quirk.word(),
        }
    }
}

impl From<GzipError> for ReadError {
    fn from(error: GzipError) -> Self {
        match error {
            GzipError::Truncated => Self::GzipTruncated,
            GzipError::Damaged => Self::GzipDamaged,
            GzipError::TooLarge => Self::TooLarge,
        }
    }
}
