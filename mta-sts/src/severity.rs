//! How pressing a finding for the operator is.

/// How pressing a finding for the operator is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Protection is weaker than it looks, or mail may be delayed before long.
    Warning,
    /// Mail is delayed, or there is no protection, now or very soon.
    Error,
}

impl Severity {
    /// A stable word: `notice`, `warning` or `error`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
