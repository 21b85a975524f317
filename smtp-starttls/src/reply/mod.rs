//! The streaming reply reader.
//!
//! ```text
//! Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
//! ```

mod code;
mod error;
mod line;
mod scan;

pub use code::{EnhancedCode, ReplyClass, ReplyCode};
pub use error::ReplyError;
pub use line::{Escaped, ReplyLine};

use crate::limits::{REPLY, REPLY_LINE, REPLY_LINES};

/// Which line ends are taken from a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LineEnds {
    /// CRLF alone: [RFC 5321 section 2.3.8](https://www.rfc-editor.org/rfc/rfc5321#section-2.3.8).
    #[default]
    Crlf,
    /// CRLF, or LF alone; a bare CR never.
    BareLf,
}

/// Reads replies line by line from pieces of any size, without heap and in linear time.
///
/// What it gives depends on the octets alone and not on how they were cut into pieces. After an
/// error it gives that error for ever.
///
/// ```
/// use smtp_starttls::{LineEnds, Read, ReplyReader};
///
/// let mut reader = ReplyReader::new(LineEnds::Crlf);
/// assert!(matches!(reader.read(b"250-mx.exa"), Ok(Read::Partial)));
/// let Ok(Read::Line { line, taken }) = reader.read(b"mple\r\n250 SIZE") else { panic!() };
/// assert_eq!((line.text(), line.is_last(), taken), (&b"mx.example"[..], false, 6));
/// ```
#[derive(Clone, Debug)]
pub struct ReplyReader {
    /// The line that is not yet whole.
    line: [u8; REPLY_LINE],
    filled: u16,
    /// Whole lines of this reply, and their octets.
    lines: u16,
    octets: u32,
    /// Of the lines before, or of this line once its third octet is in.
    code: ReplyCode,
    /// The same as it came: three octets and a zero.
    digits: u32,
    line_ends: LineEnds,
    failed: Option<ReplyError>,
}

/// The three octets of a code among the first four of a line.
const DIGITS: u32 = 0x00ff_ffff;

/// What a piece of input came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Read<'a> {
    /// All of it was taken and no line is whole yet.
    Partial,
    /// A line is whole; the octets behind it were not taken.
    Line {
        /// The line.
        line: ReplyLine<'a>,
        /// How many octets of the input were taken.
        taken: usize,
    },
}

impl ReplyReader {
    /// A reader that stands before the first octet of a reply.
    #[must_use]
    pub const fn new(line_ends: LineEnds) -> Self {
        Self {
            line: [0; REPLY_LINE],
            filled: 0,
            lines: 0,
            octets: 0,
            code: ReplyCode::SERVICE_CLOSING,
            digits: 0,
            line_ends,
            failed: None,
        }
    }

    /// Whether it stands before the first octet of a reply.
    #[must_use]
    pub const fn is_at_start(&self) -> bool {
        self.filled == 0 && self.lines == 0
    }

    /// From now on take these line ends.
    pub(crate) const fn set_line_ends(&mut self, line_ends: LineEnds) {
        self.line_ends = line_ends;
    }

    /// Takes octets up to the end of the first line among them.
    ///
    /// # Errors
    ///
    /// [`ReplyError`] at the first octet that no reply can have, or that is past a limit of
    /// [`limits`](crate::limits); offsets count from the start of the reply.
    #[inline]
    pub fn read<'a>(&'a mut self, input: &'a [u8]) -> Result<Read<'a>, ReplyError> {
        if self.filled == 0
            && let Some((line, taken)) = self.read_whole_line(input)
        {
            return Ok(Read::Line { line, taken });
        }
        self.read_octets(input)
    }

    /// The common case: the input begins with a whole line that has nothing wrong.
    // Always: what it gives is large, and passing it through memory costs more than finding it.
    #[inline(always)]
    fn read_whole_line<'a>(&mut self, input: &'a [u8]) -> Option<(ReplyLine<'a>, usize)> {
        let (head, rest) = input.split_first_chunk::<4>()?;
        let is_last = match head[3] {
            b' ' => true,
            b'-' => false,
            _ => return None,
        };
        let digits = u32::from_le_bytes(*head) & DIGITS;
        if self.lines == 0 {
            self.code = ReplyCode::from_digits(head[0], head[1], head[2])?;
            self.digits = digits;
        } else if self.digits != digits || self.lines >= REPLY_LINES {
            return None;
        }
        let end = scan::find_stop(rest)?;
        let (text, line_end) = rest.split_at_checked(end)?;
        let taken = end + 6;
        let octets = self.octets + u32::try_from(taken).ok()?;
        if !line_end.starts_with(b"\r\n") || taken > REPLY_LINE || octets > REPLY {
            return None;
        }
        let number = self.lines;
        if is_last {
            (self.lines, self.octets) = (0, 0);
        } else {
            (self.lines, self.octets) = (number + 1, octets);
        }
        Some((ReplyLine::new(self.code, is_last, text, number), taken))
    }

    /// Octet by octet; every error is found here.
    fn read_octets<'a>(&'a mut self, input: &[u8]) -> Result<Read<'a>, ReplyError> {
        for (before, &octet) in input.iter().enumerate() {
            if let Err(error) = self.push(octet) {
                // A reader that has failed is never again before a line.
                (self.failed, self.filled) = (Some(error), self.filled.max(1));
                return Err(error);
            }
            if octet == b'\n' {
                return Ok(Read::Line { line: self.take_line(), taken: before + 1 });
            }
        }
        self.failed.map_or(Ok(Read::Partial), Err)
    }

    fn push(&mut self, octet: u8) -> Result<(), ReplyError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let offset = self.octets + u32::from(self.filled);
        if offset >= REPLY || (self.filled == 0 && self.lines >= REPLY_LINES) {
            return Err(ReplyError::ReplyTooLong(offset));
        }
        let Some(place) = self.line.get_mut(usize::from(self.filled)) else {
            return Err(ReplyError::LineTooLong(offset));
        };
        *place = octet;
        self.check(octet, offset)?;
        self.filled += 1;
        Ok(())
    }

    /// Whether a line may go on with this octet, which is the one at `filled`.
    fn check(&mut self, octet: u8, offset: u32) -> Result<(), ReplyError> {
        let before = usize::from(self.filled).checked_sub(1).and_then(|at| self.line.get(at));
        match (octet, self.filled) {
            (b'\n', _) if before == Some(&b'\r') => Ok(()),
            _ if before == Some(&b'\r') => Err(ReplyError::BareCr(offset - 1)),
            (0, _) => Err(ReplyError::Nul(offset)),
            (b'\n', _) if self.line_ends == LineEnds::Crlf => Err(ReplyError::BareLf(offset)),
            (b'\r' | b'\n', 0) => Err(ReplyError::EmptyLine(offset)),
            (b'2'..=b'5', 0) | (b'0'..=b'5', 1) => Ok(()),
            (b'0'..=b'9', 2) => self.check_code(offset),
            (_, 0..=2) => Err(ReplyError::Code(offset)),
            (b' ' | b'-' | b'\r' | b'\n', 3) => Ok(()),
            (_, 3) => Err(ReplyError::Separator(offset)),
            _ => Ok(()),
        }
    }

    /// RFC 5321 section 4.2.1: all lines of a reply have the same code.
    fn check_code(&mut self, offset: u32) -> Result<(), ReplyError> {
        let &[first, second, third, ..] = &self.line;
        match ReplyCode::from_digits(first, second, third) {
            None => Err(ReplyError::Code(offset)),
            Some(code) if self.lines > 0 && self.code != code => {
                Err(ReplyError::MixedCodes(offset))
            }
            Some(code) => {
                self.code = code;
                self.digits = u32::from_le_bytes([first, second, third, 0]);
                Ok(())
            }
        }
    }

    /// The line that has just been made whole.
    fn take_line(&mut self) -> ReplyLine<'_> {
        let number = self.lines;
        let octets = self.octets + u32::from(self.filled);
        let line = self.line.get(..usize::from(self.filled)).unwrap_or_default();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (is_last, text) = match line.get(3..).unwrap_or_default() {
            [b'-', text @ ..] => (false, text),
            [_, text @ ..] => (true, text),
            [] => (true, &[][..]),
        };
        let code = self.code;
        (self.filled, self.lines, self.octets) =
            if is_last { (0, 0, 0) } else { (0, number + 1, octets) };
        ReplyLine::new(code, is_last, text, number)
    }
}

#[cfg(test)]
mod tests;
