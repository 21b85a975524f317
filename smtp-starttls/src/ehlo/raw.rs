//! EHLO lines as they came, for logs and for keywords this crate does not know.

use super::Keyword;
use super::scan::split_word;
use crate::client::{Notice, Phase};
use crate::reply::ReplyLine;

/// A line of an EHLO reply that is an `ehlo-line`: a keyword and its parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EhloLine<'a> {
    keyword: &'a [u8],
    parameters: &'a [u8],
}

impl<'a> EhloLine<'a> {
    /// The text of a line after the first, if it begins with a keyword.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (keyword, rest) = split_word(text);
        let (first, others) = keyword.split_first()?;
        let is_inner = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
        let is_keyword = first.is_ascii_alphanumeric() && others.iter().all(is_inner);
        is_keyword.then(|| Self { keyword, parameters: rest.get(1..).unwrap_or_default() })
    }

    /// The keyword in the server's own case: ASCII letters, digits and hyphens.
    #[must_use]
    pub const fn keyword(&self) -> &'a [u8] {
        self.keyword
    }

    /// What follows the first space.
    #[must_use]
    pub const fn parameters(&self) -> &'a [u8] {
        self.parameters
    }

    /// The keyword, if this crate knows it.
    #[must_use]
    pub fn known(&self) -> Option<Keyword> {
        Keyword::of_word(self.keyword)
    }
}

/// Keeps the EHLO lines with unknown keywords in a buffer that the caller lends.
///
/// Each is followed by LF. A line that does not fit is left out, and
/// [`is_complete`](Self::is_complete) says so.
#[derive(Debug)]
pub struct RawLines<'b> {
    buffer: &'b mut [u8],
    filled: usize,
    complete: bool,
}

impl<'b> RawLines<'b> {
    /// An empty log in this buffer.
    #[must_use]
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, filled: 0, complete: true }
    }

    /// The lines kept, without their codes.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let filled = self.buffer.get(..self.filled).unwrap_or_default();
        filled.split(|&octet| octet == b'\n').filter(|line| !line.is_empty())
    }

    /// Whether no line was left out for want of room.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    fn keep(&mut self, text: &[u8]) {
        let end = self.filled + text.len();
        if let Some(place) = self.buffer.get_mut(self.filled..=end)
            && let Some((line_end, line)) = place.split_last_mut()
        {
            line.copy_from_slice(text);
            *line_end = b'\n';
            self.filled = end + 1;
        } else {
            self.complete = false;
        }
    }
}

impl Notice for RawLines<'_> {
    fn reply_line(&mut self, phase: Phase, line: &ReplyLine<'_>) {
        let is_ehlo = matches!(phase, Phase::Ehlo | Phase::EhloInTls);
        let is_unknown = EhloLine::parse(line.text()).is_some_and(|line| line.known().is_none());
        if is_ehlo && is_unknown && !line.is_first() {
            self.keep(line.text());
        }
    }
}
