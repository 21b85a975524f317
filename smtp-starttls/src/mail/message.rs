//! Messages: which octets may travel, and how DATA writes them.

use crate::limits::MESSAGE_LINE;

/// A message whose every line ends with CRLF and is not too long, borrowed.
///
/// What one server takes for the end of a line and the next does not can hide a second message in
/// the first; such octets are refused here ([RFC 5321 section 2.3.8]). A last line without CRLF is
/// taken; DATA ends it.
///
/// [RFC 5321 section 2.3.8]: https://www.rfc-editor.org/rfc/rfc5321#section-2.3.8
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Message<'a>(&'a [u8]);

impl<'a> Message<'a> {
    /// The octets as they are.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether there are octets beyond ASCII, so that MAIL needs `BODY=8BITMIME`.
    #[must_use]
    pub const fn needs_eight_bit(&self) -> bool {
        !self.0.is_ascii()
    }

    /// Whether the header, up to the first empty line, is UTF-8 beyond ASCII, so that the message travels
    /// with SMTPUTF8 or not at all: [`Mail::utf8_header`](super::Mail::utf8_header).
    ///
    /// [RFC 6531 section 3.2](https://www.rfc-editor.org/rfc/rfc6531#section-3.2). Headers of MIME
    /// parts are not looked at. A header of octets that are no UTF-8 is none of an internationalised
    /// message ([RFC 6532 section 3](https://www.rfc-editor.org/rfc/rfc6532#section-3)): it goes as 8-bit
    /// octets do.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        if self.0.is_ascii() {
            return false;
        }
        let lines = self.0.split_inclusive(|&octet| octet == b'\n');
        let size = lines.take_while(|line| *line != b"\r\n").map(<[u8]>::len).sum();
        let header = self.0.get(..size).unwrap_or(self.0);
        !header.is_ascii() && core::str::from_utf8(header).is_ok()
    }
}

impl<'a> TryFrom<&'a [u8]> for Message<'a> {
    type Error = MessageError;

    fn try_from(octets: &'a [u8]) -> Result<Self, Self::Error> {
        let mut check = MessageCheck::new();
        check.push(octets)?;
        check.finish()?;
        Ok(Self(octets))
    }
}

/// Why octets are not a [`Message`], with the offset of the octet from the message's start.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MessageError {
    /// A CR that no LF follows.
    #[error("carriage return at offset {0} without a line feed behind it")]
    BareCr(u64),
    /// A LF without a CR before it.
    #[error("line feed at offset {0} without a carriage return before it")]
    BareLf(u64),
    /// A NUL.
    #[error("nul octet at offset {0}")]
    Nul(u64),
    /// An octet past the longest line.
    #[error("octet at offset {0} is past the {max} octets of a line", max = MESSAGE_LINE)]
    LongLine(u64),
}

/// Checks a message piece by piece; any pieces give the same result.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MessageCheck {
    offset: u64,
    in_line: usize,
    after_cr: bool,
    eight_bit: bool,
    failed: Option<MessageError>,
}

impl MessageCheck {
    /// Nothing checked yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { offset: 0, in_line: 0, after_cr: false, eight_bit: false, failed: None }
    }

    /// Checks the next piece.
    ///
    /// # Errors
    ///
    /// [`MessageError`] at the first octet at fault, and from then on.
    pub fn push(&mut self, octets: &[u8]) -> Result<(), MessageError> {
        octets.iter().try_for_each(|&octet| self.octet(octet))
    }

    /// Checks the end.
    ///
    /// # Errors
    ///
    /// [`MessageError::BareCr`] if the last octet is a CR.
    pub fn finish(&self) -> Result<(), MessageError> {
        match self.failed {
            Some(error) => Err(error),
            None if self.after_cr => Err(MessageError::BareCr(self.offset - 1)),
            None => Ok(()),
        }
    }

    /// Whether the octets so far end with CRLF, or there are none.
    #[must_use]
    pub const fn is_at_line_start(&self) -> bool {
        self.in_line == 0 && !self.after_cr
    }

    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether an octet beyond ASCII was seen.
    #[must_use]
    pub const fn needs_eight_bit(&self) -> bool {
        self.eight_bit
    }

    #[inline]
    pub(super) fn octet(&mut self, octet: u8) -> Result<(), MessageError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let error = match (self.after_cr, octet) {
            (true, b'\n') => {
                (self.after_cr, self.in_line) = (false, 0);
                None
            }
            (true, _) => Some(MessageError::BareCr(self.offset - 1)),
            (false, b'\r') => {
                self.after_cr = true;
                None
            }
            (false, b'\n') => Some(MessageError::BareLf(self.offset)),
            (false, 0) => Some(MessageError::Nul(self.offset)),
            (false, _) if self.in_line >= MESSAGE_LINE => Some(MessageError::LongLine(self.offset)),
            (false, _) => {
                self.in_line += 1;
                self.eight_bit |= !octet.is_ascii();
                None
            }
        };
        self.offset += 1;
        self.failed = error;
        error.map_or(Ok(()), Err)
    }
}

/// How much of a piece was taken and how much was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Progress {
    /// Octets of the piece that were taken; the rest is to come again with room to write.
    pub taken: usize,
    /// Octets written.
    pub written: usize,
}

/// The transparency of DATA: a dot that begins a line is doubled, and a line with one dot ends the
/// message ([RFC 5321 section 4.5.2]). What is no message is refused.
///
/// [RFC 5321 section 4.5.2]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.2
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DotStuffer {
    check: MessageCheck,
    /// The first dot of two is written, and there was no room for the second.
    owes_dot: bool,
}

impl DotStuffer {
    /// Before the first octet of a message.
    #[must_use]
    pub const fn new() -> Self {
        Self { check: MessageCheck::new(), owes_dot: false }
    }

    /// Octets that were taken so far.
    pub(super) const fn taken(&self) -> u64 {
        self.check.offset()
    }

    /// Writes as much of the piece as there is room for, which is some of it if there is any room.
    ///
    /// # Errors
    ///
    /// [`MessageError`] at the first octet at fault. The connection must be closed: neither the
    /// rest nor the end of this message may be sent.
    pub fn push(&mut self, piece: &[u8], out: &mut [u8]) -> Result<Progress, MessageError> {
        let size = out.len();
        let mut room = out.iter_mut();
        let mut taken = 0;
        for &octet in piece {
            if self.owes_dot {
                let Some(place) = room.next() else { break };
                *place = b'.';
                self.owes_dot = false;
            }
            let begins_line = self.check.is_at_line_start();
            let Some(place) = room.next() else { break };
            self.check.octet(octet)?;
            *place = octet;
            self.owes_dot = begins_line && octet == b'.';
            taken += 1;
        }
        if self.owes_dot
            && let Some(place) = room.next()
        {
            *place = b'.';
            self.owes_dot = false;
        }
        Ok(Progress { taken, written: size - room.len() })
    }

    /// The octets that end the message, six at most: what there was no room for, a CRLF if the last
    /// line lacks one, and the dot.
    ///
    /// # Errors
    ///
    /// [`MessageError::BareCr`] if the last octet is a CR; as for [`push`](Self::push).
    pub fn finish(&self) -> Result<&'static [u8], MessageError> {
        self.check.finish()?;
        Ok(match (self.owes_dot, self.check.is_at_line_start()) {
            (true, _) => b".\r\n.\r\n",
            (false, true) => b".\r\n",
            (false, false) => b"\r\n.\r\n",
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn stuffed(message: &[u8], piece: usize, room: usize) -> Result<Vec<u8>, MessageError> {
        let mut stuffer = DotStuffer::new();
        let mut sent = Vec::new();
        for mut piece in message.chunks(piece) {
            while !piece.is_empty() {
                let mut out = [0; 4096];
                let progress = stuffer.push(piece, &mut out[..room])?;
                sent.extend_from_slice(&out[..progress.written]);
                piece = &piece[progress.taken..];
            }
        }
        sent.extend_from_slice(stuffer.finish()?);
        Ok(sent)
    }

    #[test]
    fn rfc5321_2_3_8_bare_cr_bare_lf_and_nul_are_refused_with_their_offset() {
        use MessageError::{BareCr, BareLf, Nul};
        for (octets, error) in [
            (&b"a\nb\r\n"[..], BareLf(1)),
            (b"\n", BareLf(0)),
            (b"\n.\n", BareLf(0)),
            (b"a\r\n.\n", BareLf(4)),
            (b"a\r.\r\n", BareCr(1)),
            (b"a\r\r\n", BareCr(1)),
            (b"a\r", BareCr(1)),
            (b"a\0\r\n", Nul(1)),
        ] {
            assert_eq!(Message::try_from(octets), Err(error), "{octets:?}");
            for piece in 1..=octets.len() {
                assert_eq!(stuffed(octets, piece, 4096), Err(error));
            }
        }
    }

    #[test]
    fn rfc5321_4_5_3_1_6_a_line_has_998_octets_at_most() {
        let line = |octets| [b"a".repeat(octets).as_slice(), b"\r\n"].concat();
        assert!(Message::try_from(line(998).as_slice()).is_ok());
        assert_eq!(Message::try_from(line(999).as_slice()), Err(MessageError::LongLine(998)));
        let second = [b"x\r\n".as_slice(), &line(999)].concat();
        assert_eq!(Message::try_from(second.as_slice()), Err(MessageError::LongLine(1001)));
    }

    #[test]
    fn rfc6531_3_2_only_what_stands_before_the_first_empty_line_is_header() {
        for (message, needs) in [
            ("", false),
            ("Subject: x\r\n\r\nbody\r\n", false),
            ("Subject: x\r\n\r\ncaf\u{e9}\r\n", false),
            ("\r\ncaf\u{e9}\r\n\r\n", false),
            ("Subject: caf\u{e9}\r\n\r\nbody\r\n", true),
            ("Subject: x\r\n \r\n caf\u{e9}\r\n\r\n", true),
            ("Subject: x\r\nX: caf\u{e9}", true),
        ] {
            let message = Message::try_from(message.as_bytes()).unwrap();
            assert_eq!(message.needs_smtputf8(), needs, "{message:?}");
        }
        // RFC 6532 section 3: what is no UTF-8 is no internationalised header; a body may be anything.
        for (message, needs) in [
            (&b"Subject: caf\xe9\r\n\r\nbody\r\n"[..], false),
            (b"Subject: caf\xe9", false),
            (b"Subject: caf\xc3\xa9\r\n\r\n\xe9\r\n", true),
        ] {
            assert_eq!(Message::try_from(message).unwrap().needs_smtputf8(), needs);
        }
    }

    #[test]
    fn rfc5321_4_5_2_dots_that_begin_a_line_are_doubled_and_the_end_is_marked() {
        for (message, sent) in [
            (&b""[..], &b".\r\n"[..]),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"..\r\n.a\r\na.\r\n", b"...\r\n..a\r\na.\r\n.\r\n"),
            (b"\r\n.\r\nQUIT\r\n", b"\r\n..\r\nQUIT\r\n.\r\n"),
        ] {
            for piece in 1..=message.len().max(1) {
                for room in 1..8 {
                    assert_eq!(stuffed(message, piece, room).unwrap(), sent);
                }
            }
        }
    }

    #[test]
    fn a_message_knows_whether_it_is_ascii() {
        assert!(!Message::try_from(&b"a\r\n"[..]).unwrap().needs_eight_bit());
        assert!(Message::try_from(&b"\xe9\r\n"[..]).unwrap().needs_eight_bit());
        let mut check = MessageCheck::new();
        assert!(check.push(b"a\r\n").is_ok() && !check.needs_eight_bit());
        assert!(check.push(b"\xff").is_ok() && check.needs_eight_bit());
    }
}
