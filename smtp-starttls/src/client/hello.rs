//! The line that greets the server.

use super::config::Protocol;
use crate::limits::DOMAIN;
use crate::name::EhloName;

const VERB: usize = 5;
const MAX: usize = VERB + DOMAIN + 2;

/// `EHLO name CRLF`, or the same with HELO or LHLO.
#[derive(Clone, Copy, Debug)]
pub struct HelloLine {
    octets: [u8; MAX],
    len: u16,
}

impl HelloLine {
    pub(crate) fn new(name: &EhloName, protocol: Protocol) -> Self {
        let verb = match protocol {
            Protocol::Smtp => b"EHLO ",
            Protocol::Lmtp => b"LHLO ",
        };
        let mut line = Self { octets: [0; MAX], len: 0 };
        for part in [&verb[..], name.as_bytes(), b"\r\n"] {
            line.append(part);
        }
        line
    }

    fn append(&mut self, part: &[u8]) {
        for octet in part {
            if let Some(place) = self.octets.get_mut(usize::from(self.len)) {
                *place = *octet;
                self.len += 1;
            }
        }
    }

    /// From now on the line greets by HELO.
    pub(crate) fn become_helo(&mut self) {
        if let Some(verb) = self.octets.first_chunk_mut() {
            *verb = *b"HELO";
        }
    }

    /// The line with its CRLF.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The name in it.
    pub(crate) fn name(&self) -> &[u8] {
        let line = self.as_bytes();
        line.strip_suffix(b"\r\n").and_then(|line| line.get(VERB..)).unwrap_or_default()
    }
}
