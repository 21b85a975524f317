//! Taking the message out of what follows DATA.

/// Undoes the transparency of DATA and finds its end, CRLF dot CRLF and nothing else
/// ([RFC 5321 section 4.5.2](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.2)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DotUnstuffer(State);

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    #[default]
    LineStart,
    InLine,
    Cr,
    Dot,
    DotCr,
    Done,
    Broken,
}

/// How much of a piece was taken and written, and whether the message is whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Unstuffed {
    /// Octets of the piece that were taken.
    pub taken: usize,
    /// Octets of the message that were written.
    pub written: usize,
    /// Whether the end was among them.
    pub is_done: bool,
}

/// A bare CR or LF, or a NUL: where such a message ends is a matter of opinion.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("octet at offset {0} of the piece is a bare carriage return, a bare line feed or a nul")]
pub struct MessageBroken(pub usize);

impl DotUnstuffer {
    /// Before the first octet of a message.
    #[must_use]
    pub const fn new() -> Self {
        Self(State::LineStart)
    }

    /// Takes octets until the piece or the room or the message is at its end.
    ///
    /// # Errors
    ///
    /// [`MessageBroken`] at the first octet at fault. The connection must be closed.
    pub fn push(&mut self, piece: &[u8], out: &mut [u8]) -> Result<Unstuffed, MessageBroken> {
        let mut progress = Unstuffed { taken: 0, written: 0, is_done: self.0 == State::Done };
        for octet in piece {
            if progress.is_done {
                break;
            }
            let (next, written) = self.0.next(*octet);
            let written: &[u8] = match written {
                Written::Nothing => &[],
                Written::Octet => core::slice::from_ref(octet),
                Written::LineEnd => b"\r\n",
            };
            let Some(place) = out.get_mut(progress.written..progress.written + written.len())
            else {
                break;
            };
            if next == State::Broken {
                self.0 = next;
                return Err(MessageBroken(progress.taken));
            }
            place.copy_from_slice(written);
            self.0 = next;
            progress.taken += 1;
            progress.written += written.len();
            progress.is_done = next == State::Done;
        }
        Ok(progress)
    }
}

/// What of the message is certain after an octet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Written {
    Nothing,
    Octet,
    LineEnd,
}

impl State {
    fn next(self, octet: u8) -> (Self, Written) {
        match (self, octet) {
            (Self::Done, _) => (Self::Done, Written::Nothing),
            (Self::Broken, _) | (_, 0) => (Self::Broken, Written::Nothing),
            (Self::Cr, b'\n') => (Self::LineStart, Written::LineEnd),
            (Self::DotCr, b'\n') => (Self::Done, Written::Nothing),
            (Self::Cr | Self::DotCr, _) | (_, b'\n') => (Self::Broken, Written::Nothing),
            (Self::Dot, b'\r') => (Self::DotCr, Written::Nothing),
            (_, b'\r') => (Self::Cr, Written::Nothing),
            (Self::LineStart, b'.') => (Self::Dot, Written::Nothing),
            _ => (Self::InLine, Written::Octet),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;
    use crate::mail::DotStuffer;

    fn unstuffed(stream: &[u8], piece: usize, room: usize) -> Result<(Vec<u8>, usize), usize> {
        let (mut unstuffer, mut message, mut taken) = (DotUnstuffer::new(), Vec::new(), 0);
        while taken < stream.len() {
            let piece = &stream[taken..stream.len().min(taken + piece)];
            let mut out = [0; 64];
            let progress =
                unstuffer.push(piece, &mut out[..room]).map_err(|broken| taken + broken.0)?;
            message.extend_from_slice(&out[..progress.written]);
            taken += progress.taken;
            if progress.is_done {
                break;
            }
        }
        Ok((message, taken))
    }

    #[test]
    fn rfc5321_4_5_2_nothing_but_crlf_dot_crlf_ends_a_message() {
        for (stream, at) in [
            (&b"a\n.\r\n"[..], 1),
            (b"a\r\n.\n", 4),
            (b"a\r.\r\n", 2),
            (b"a\r\n.\r.\r\n", 5),
            (b"\n.\n", 0),
            (b"a\0", 1),
        ] {
            for piece in 1..=stream.len() {
                assert_eq!(unstuffed(stream, piece, 64), Err(at), "{stream:?}");
            }
        }
    }

    #[test]
    fn rfc5321_4_5_2_what_was_stuffed_comes_out_as_it_was() {
        for message in [&b""[..], b"a\r\n", b".\r\n..\r\n.a\r\n\r\n", b"\xff.\r\n.\r\n"] {
            let mut stream = [0; 64];
            let mut stuffer = DotStuffer::new();
            let progress = stuffer.push(message, &mut stream).unwrap();
            let mut stream = stream[..progress.written].to_vec();
            stream.extend_from_slice(stuffer.finish().unwrap());
            let end = stream.len();
            stream.extend_from_slice(b"QUIT\r\n");
            for piece in 1..=stream.len() {
                for room in 2..8 {
                    assert_eq!(unstuffed(&stream, piece, room), Ok((message.to_vec(), end)));
                }
            }
        }
    }
}
