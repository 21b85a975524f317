//! Command lines of a client.

use crate::limits::COMMAND;

/// A command that the caller decides.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command<'a> {
    /// MAIL FROM: what stands between the angle brackets, and the parameters behind them.
    Mail {
        /// The reverse path as the client wrote it.
        path: &'a [u8],
        /// What follows it, without the leading space.
        parameters: &'a [u8],
    },
    /// RCPT TO.
    Recipient {
        /// The forward path as the client wrote it.
        path: &'a [u8],
        /// What follows it, without the leading space.
        parameters: &'a [u8],
    },
    /// DATA: 354 lets the message come.
    Data,
    /// The message is complete; the answer is for all recipients.
    Message,
    /// LMTP: the message is complete; the answer is for this recipient, from 0 in the order of
    /// those accepted.
    MessageFor(u16),
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
    Hello,
    Helo,
    Lhlo,
    StartTls,
    Mail,
    Recipient,
    Data,
    Reset,
    Noop,
    Quit,
    Verify,
    Unknown,
}

impl Verb {
    pub(super) fn of_line(line: &[u8]) -> Self {
        let word = line.split(|&octet| octet == b' ').next().unwrap_or_default();
        let known: [(&[u8], Self); 11] = [
            (b"EHLO", Self::Hello),
            (b"HELO", Self::Helo),
            (b"LHLO", Self::Lhlo),
            (b"STARTTLS", Self::StartTls),
            (b"MAIL", Self::Mail),
            (b"RCPT", Self::Recipient),
            (b"DATA", Self::Data),
            (b"RSET", Self::Reset),
            (b"NOOP", Self::Noop),
            (b"QUIT", Self::Quit),
            (b"VRFY", Self::Verify),
        ];
        let found = known.into_iter().find(|(verb, _)| verb.eq_ignore_ascii_case(word));
        found.map_or(Self::Unknown, |(_, verb)| verb)
    }
}

/// What follows the verb and one space.
pub(super) fn argument(line: &[u8]) -> &[u8] {
    let mut halves = line.splitn(2, |&octet| octet == b' ');
    halves.nth(1).unwrap_or_default()
}

/// The path and the parameters of `FROM:<path> parameters` or `TO:<path> parameters`.
pub(super) fn path<'a>(argument: &'a [u8], name: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (start, rest) = argument.split_at_checked(name.len())?;
    let rest = rest.strip_prefix(b"<").filter(|_| start.eq_ignore_ascii_case(name))?;
    let end = path_end(rest)?;
    let (path, rest) = rest.split_at_checked(end)?;
    match rest {
        [b'>'] => Some((path, &[])),
        [b'>', b' ', parameters @ ..] => Some((path, parameters)),
        _ => None,
    }
}

/// The offset of the `>` that stands outside of a quoted string.
fn path_end(path: &[u8]) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    path.iter().position(|&octet| {
        let is_end = octet == b'>' && !is_quoted;
        match octet {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ => {}
        }
        is_end
    })
}

/// Gathers command lines; CRLF alone ends one.
#[derive(Clone, Debug)]
pub(super) struct LineBuffer {
    octets: [u8; COMMAND],
    len: usize,
    /// A NUL, a bare CR or a bare LF was seen.
    is_malformed: bool,
}

/// What the octets came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Gathered {
    Partial,
    Line { taken: usize },
    Malformed { taken: usize },
    TooLong,
}

impl LineBuffer {
    pub(super) const fn new() -> Self {
        Self { octets: [0; COMMAND], len: 0, is_malformed: false }
    }

    /// The line gathered, without its end and the white space before that (RFC 5321 section 4.1.1).
    pub(super) fn line(&self) -> &[u8] {
        let line = self.octets.get(..self.len).unwrap_or_default();
        let mut line = line.strip_suffix(b"\r\n").unwrap_or(line);
        while let [before @ .., b' ' | b'\t'] = line {
            line = before;
        }
        line
    }

    /// Before the next line.
    pub(super) const fn clear(&mut self) {
        (self.len, self.is_malformed) = (0, false);
    }

    pub(super) fn gather(&mut self, octets: &[u8]) -> Gathered {
        for (before, &octet) in octets.iter().enumerate() {
            let after_cr = self.octets.get(..self.len).is_some_and(|line| line.ends_with(b"\r"));
            let Some(place) = self.octets.get_mut(self.len) else { return Gathered::TooLong };
            *place = octet;
            self.len += 1;
            let is_end = after_cr && octet == b'\n';
            self.is_malformed |= octet == 0 || (after_cr != (octet == b'\n'));
            if is_end {
                let taken = before + 1;
                return match self.is_malformed {
                    true => Gathered::Malformed { taken },
                    false => Gathered::Line { taken },
                };
            }
        }
        Gathered::Partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(octets: &[u8]) -> Gathered {
        LineBuffer::new().gather(octets)
    }

    #[test]
    fn rfc5321_2_3_8_only_crlf_ends_a_command() {
        assert_eq!(gathered(b"QUIT\r\nx"), Gathered::Line { taken: 6 });
        assert_eq!(gathered(b"QUIT\n"), Gathered::Partial);
        assert_eq!(gathered(b"NOOP\nQUIT\r\n"), Gathered::Malformed { taken: 11 });
        assert_eq!(gathered(b"NOOP\rQUIT\r\n"), Gathered::Malformed { taken: 11 });
        assert_eq!(gathered(b"NO\0OP\r\n"), Gathered::Malformed { taken: 7 });
        assert_eq!(gathered(b"NOOP\r\r\n"), Gathered::Malformed { taken: 7 });
    }

    #[test]
    fn a_command_has_1200_octets_at_most() {
        let mut octets = [b'a'; COMMAND + 1];
        octets[COMMAND - 2..COMMAND].copy_from_slice(b"\r\n");
        assert_eq!(gathered(&octets), Gathered::Line { taken: COMMAND });
        assert_eq!(gathered(&[b'a'; COMMAND]), Gathered::Partial);
        assert_eq!(gathered(&[b'a'; COMMAND + 1]), Gathered::TooLong);
    }

    #[test]
    fn rfc5321_4_1_1_2_a_path_ends_outside_of_quotes() {
        for (text, expected) in [
            ("FROM:<>", Some(("", ""))),
            ("from:<a@b> SIZE=1 BODY=7BIT", Some(("a@b", "SIZE=1 BODY=7BIT"))),
            ("FROM:<\"a>\\\"b\"@c> X", Some(("\"a>\\\"b\"@c", "X"))),
            ("FROM: <a@b>", None),
            ("FROM:a@b", None),
            ("FROM:<a@b", None),
            ("FROM:<a@b>x", None),
            ("TO:<a@b>", None),
            ("", None),
        ] {
            let expected = expected.map(|(path, rest)| (path.as_bytes(), rest.as_bytes()));
            assert_eq!(path(text.as_bytes(), b"FROM:"), expected, "{text}");
        }
    }

    #[test]
    fn verbs_are_words_without_case() {
        assert_eq!(Verb::of_line(b"starttls"), Verb::StartTls);
        assert_eq!(Verb::of_line(b"STARTTLS x"), Verb::StartTls);
        assert_eq!(Verb::of_line(b"STARTTLSX"), Verb::Unknown);
        assert_eq!(Verb::of_line(b""), Verb::Unknown);
        assert_eq!(argument(b"EHLO a b"), b"a b");
        assert_eq!(argument(b"EHLO"), b"");
    }
}
