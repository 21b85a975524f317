//! How strictly a text is read, and what a lenient reading lets pass.

use core::ops::Range;

/// How strictly records and policies are read.
///
/// Both profiles refuse whatever could change the meaning of a text. They differ only in the
/// [`Deviation`]s.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Profile {
    /// The grammar of RFC 8461 as it stands.
    Rfc,
    /// The grammar, and the harmless departures that [`Deviation`] lists.
    #[default]
    Interop,
}

/// A departure from the grammar that cannot change what a text means.
///
/// [`Profile::Rfc`] refuses each of them, but for [`Deviation::MaxAgeClamped`], which is no fault of
/// form and is told in both profiles.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Deviation {
    /// An empty or white-space-only line before or between fields.
    BlankLine,
    /// A `max_age` over a year, used as a year (section 3.2).
    MaxAgeClamped,
    /// An `mx` that is an address literal. It names no host and is dropped.
    MxAddressLiteral,
    /// An `mx` with a dot at its end, kept without it.
    MxTrailingDot,
    /// White space between `v=STSv1` and the semicolon of a TXT record.
    SpaceBeforeSemicolon,
    /// An empty or white-space-only line after the last field.
    TrailingBlankLine,
}

impl Deviation {
    /// A stable word for logs and reports, such as `blank-line`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BlankLine => "blank-line",
            Self::MaxAgeClamped => "max-age-clamped",
            Self::MxAddressLiteral => "mx-address-literal",
            Self::MxTrailingDot => "mx-trailing-dot",
            Self::SpaceBeforeSemicolon => "space-before-semicolon",
            Self::TrailingBlankLine => "trailing-blank-line",
        }
    }
}

/// Something conforming that is worth telling.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Note {
    /// A later `version`, `mode` or `max_age`, which is ignored.
    DuplicateField,
    /// An `mx` whose last label is a number. It fits the grammar and matches no host.
    MxIsAddress,
    /// A field that this crate does not know, which is ignored.
    UnknownField,
}

impl Note {
    /// A stable word for logs and reports, such as `unknown-field`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DuplicateField => "duplicate-field",
            Self::MxIsAddress => "mx-is-address",
            Self::UnknownField => "unknown-field",
        }
    }
}

/// Something found in a text, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Located<T> {
    /// What was found.
    pub what: T,
    /// The bytes of the text that it concerns.
    pub span: Range<usize>,
}
