//! What can be wrong with a reply.

/// Why octets are not a reply, with the offset of the octet, counted from the start of the reply.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReplyError {
    /// This octet does not continue a reply code.
    #[error("octet at offset {0} does not continue a reply code")]
    Code(u32),
    /// What follows the code is neither `-`, a space nor the line end.
    #[error("octet at offset {0} follows a reply code, expected a hyphen, a space or CRLF")]
    Separator(u32),
    /// A CR that no LF follows.
    #[error("carriage return at offset {0} without a line feed behind it")]
    BareCr(u32),
    /// A LF without a CR before it.
    #[error("line feed at offset {0} without a carriage return before it")]
    BareLf(u32),
    /// A NUL.
    #[error("nul octet at offset {0}")]
    Nul(u32),
    /// A line with nothing in it.
    #[error("empty line at offset {0}, expected a reply code")]
    EmptyLine(u32),
    /// A line whose code is not that of the lines before it.
    #[error("code that ends at offset {0} differs from the code of the lines before")]
    MixedCodes(u32),
    /// An octet past [`limits::REPLY_LINE`](crate::limits::REPLY_LINE).
    #[error("octet at offset {0} is past the longest line accepted")]
    LineTooLong(u32),
    /// An octet past [`limits::REPLY`](crate::limits::REPLY), or a line past
    /// [`limits::REPLY_LINES`](crate::limits::REPLY_LINES).
    #[error("octet at offset {0} is past the longest reply accepted")]
    ReplyTooLong(u32),
}

impl ReplyError {
    /// The offset of the octet at fault, from the start of the reply.
    #[must_use]
    pub const fn offset(self) -> u32 {
        match self {
            Self::Code(at)
            | Self::Separator(at)
            | Self::BareCr(at)
            | Self::BareLf(at)
            | Self::Nul(at)
            | Self::EmptyLine(at)
            | Self::MixedCodes(at)
            | Self::LineTooLong(at)
            | Self::ReplyTooLong(at) => at,
        }
    }
}
