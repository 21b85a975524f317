//! Making lines of what has line ends of another kind.

use super::message::Progress;

/// Writes every line end, be it CRLF, LF or CR, as CRLF; all other octets as they are.
///
/// For messages from files and programs, before they become a [`Message`](super::Message). It
/// changes what the message is: never use it on octets that a peer has sent, where it would decide
/// for the peer what a line is.
///
/// ```
/// use smtp_starttls::{LineMender, Message};
///
/// let mut out = [0; 64];
/// let mut mender = LineMender::new();
/// let progress = mender.push(b"Subject: x\n\nbody\n", &mut out);
/// let message = Message::try_from(&out[..progress.written])?;
/// assert_eq!(message.as_bytes(), b"Subject: x\r\n\r\nbody\r\n");
/// # Ok::<(), smtp_starttls::MessageError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LineMender {
    /// The last octet was a CR, whose line end is written already.
    after_cr: bool,
}

impl LineMender {
    /// Before the first octet of a message.
    #[must_use]
    pub const fn new() -> Self {
        Self { after_cr: false }
    }

    /// Writes as much of the piece as there is room for; two octets of room always suffice for one.
    pub fn push(&mut self, piece: &[u8], out: &mut [u8]) -> Progress {
        let mut progress = Progress { taken: 0, written: 0 };
        for octet in piece {
            let written: &[u8] = match octet {
                b'\n' if self.after_cr => &[],
                b'\r' | b'\n' => b"\r\n",
                _ => core::slice::from_ref(octet),
            };
            let end = progress.written + written.len();
            let Some(place) = out.get_mut(progress.written..end) else { break };
            place.copy_from_slice(written);
            self.after_cr = *octet == b'\r';
            progress.taken += 1;
            progress.written = end;
        }
        progress
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn mended(octets: &[u8], size: usize, room: usize) -> Vec<u8> {
        let mut mender = LineMender::new();
        let mut all = Vec::new();
        for mut piece in octets.chunks(size) {
            while !piece.is_empty() {
                let mut out = [0; 64];
                let progress = mender.push(piece, &mut out[..room]);
                all.extend_from_slice(&out[..progress.written]);
                piece = &piece[progress.taken..];
            }
        }
        all
    }

    #[test]
    fn every_kind_of_line_end_becomes_crlf_however_it_is_cut() {
        for (octets, lines) in [
            (&b""[..], &b""[..]),
            (b"a\nb\n", b"a\r\nb\r\n"),
            (b"a\r\nb\r\n", b"a\r\nb\r\n"),
            (b"a\rb\r", b"a\r\nb\r\n"),
            (b"\r\r\n\n", b"\r\n\r\n\r\n"),
            (b"\n\r\n\r", b"\r\n\r\n\r\n"),
            (b".\n.\r.\r\n", b".\r\n.\r\n.\r\n"),
            (b"a\0\xff", b"a\0\xff"),
        ] {
            for size in 1..=octets.len().max(1) {
                for room in 2..6 {
                    assert_eq!(mended(octets, size, room), lines, "{octets:?}");
                }
            }
        }
    }
}
