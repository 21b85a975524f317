//! Lines of bounded length from a stream.

use std::io::{self, BufRead};

/// The longest line either side may send, its line end not counted.
///
/// A report of 20,000,000 bytes is 26,666,668 in base64; nothing else that travels is larger.
pub const MAX_LINE: usize = 32 * 1024 * 1024;

/// A line without its line end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Line<'a> {
    /// The bytes of the line.
    Text(&'a [u8]),
    /// The line was longer than the limit; it was read to its end and dropped.
    TooLong,
}

/// Reads lines that end with LF or with the end of the stream.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    line: Vec<u8>,
    limit: usize,
}

impl<R: BufRead> Lines<R> {
    /// Reads from `input` lines of at most [`MAX_LINE`] bytes.
    pub fn new(input: R) -> Self {
        Self::with_limit(input, MAX_LINE)
    }

    /// Reads from `input` lines of at most `limit` bytes.
    pub fn with_limit(input: R, limit: usize) -> Self {
        Self { input, line: Vec::new(), limit }
    }

    /// The next line, or `None` at the end of the stream. An empty line is a line.
    ///
    /// # Errors
    ///
    /// What the stream reports, an interrupted read excepted.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut length = 0_usize;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(if length == 0 { None } else { Some(self.finish(length)) });
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(chunk.len());
            length = length.saturating_add(taken);
            if length <= self.limit {
                self.line.extend(chunk.iter().take(taken));
            }
            self.input.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(self.finish(length)));
            }
        }
    }

    fn finish(&self, length: usize) -> Line<'_> {
        if length <= self.limit { Line::Text(&self.line) } else { Line::TooLong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// All lines of `input`, read through a buffer of `capacity` bytes; `None` is a line too long.
    fn lines(input: &str, limit: usize, capacity: usize) -> Vec<Option<String>> {
        let reader = BufReader::with_capacity(capacity, input.as_bytes());
        let mut lines = Lines::with_limit(reader, limit);
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            found.push(match line {
                Line::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
                Line::TooLong => None,
            });
        }
        found
    }

    #[test]
    fn a_line_at_the_limit_is_read_and_one_past_it_is_dropped() {
        for capacity in 1..8 {
            assert_eq!(
                lines("abcd\nabcde\nab\n", 4, capacity),
                [Some("abcd".into()), None, Some("ab".into())],
            );
        }
    }

    #[test]
    fn an_empty_line_is_a_line_and_the_last_needs_no_end() {
        for capacity in 1..4 {
            assert_eq!(
                lines("\n\na", 4, capacity),
                [Some("".into()), Some("".into()), Some("a".into())]
            );
        }
        assert_eq!(lines("", 4, 1), Vec::<Option<String>>::new());
        assert_eq!(lines("abcde", 4, 2), [None]);
    }

    #[test]
    fn a_dropped_line_is_not_kept_in_memory() {
        let long = "x".repeat(100_000);
        let mut lines = Lines::with_limit(long.as_bytes(), 10);
        assert_eq!(lines.next_line().unwrap(), Some(Line::TooLong));
        assert!(lines.line.capacity() <= 64);
    }
}
