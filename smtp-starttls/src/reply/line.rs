//! One line of a reply.

use core::fmt::{self, Write};

use super::{EnhancedCode, ReplyCode};

/// One line of a reply, borrowed from the input or the reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReplyLine<'a> {
    code: ReplyCode,
    is_last: bool,
    number: u16,
    text: &'a [u8],
}

impl<'a> ReplyLine<'a> {
    #[inline]
    pub(super) const fn new(code: ReplyCode, is_last: bool, text: &'a [u8], number: u16) -> Self {
        Self { code, is_last, number, text }
    }

    /// The reply code, the same in all lines of a reply.
    #[must_use]
    pub const fn code(&self) -> ReplyCode {
        self.code
    }

    /// Whether this line ends the reply.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether this line begins the reply.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.number == 0
    }

    /// The text behind the code and its separator: any octets but NUL, CR and LF.
    #[must_use]
    pub const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The text in a form fit for a log.
    #[must_use]
    pub const fn escaped(&self) -> Escaped<'a> {
        Escaped(self.text)
    }

    /// The enhanced status code at the start of the text.
    #[must_use]
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        EnhancedCode::of_reply(self.code, self.text)
    }
}

/// Octets from the peer, displayed as printable ASCII; `\` and all other octets as `\xNN`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &octet in self.0 {
            match octet {
                b'\\' | 0..=0x1f | 0x7f.. => write!(f, "\\x{octet:02x}")?,
                _ => f.write_char(char::from(octet))?,
            }
        }
        Ok(())
    }
}
