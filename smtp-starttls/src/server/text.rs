//! Replies as they are written.

use core::fmt::{self, Write};

use super::config::{ServerConfig, TlsOffer};
use crate::reply::{EnhancedCode, ReplyCode};

const ROOM: usize = 600;
const TEXT: usize = 400;

/// The text of a reply: printable ASCII, at most 400 octets, so that it stays one line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReplyText<'a>(&'a str);

impl<'a> TryFrom<&'a str> for ReplyText<'a> {
    type Error = ReplyTextError;

    fn try_from(text: &'a str) -> Result<Self, Self::Error> {
        if text.len() > TEXT {
            return Err(ReplyTextError::Length(text.len()));
        }
        match text.bytes().position(|octet| !matches!(octet, b' '..=b'~')) {
            Some(at) => Err(ReplyTextError::InvalidOctet(at)),
            None => Ok(Self(text)),
        }
    }
}

/// Why a string is not a [`ReplyText`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReplyTextError {
    /// The octet at this offset is not printable ASCII.
    #[error("octet at offset {0} is not printable ascii")]
    InvalidOctet(usize),
    /// The text has this many octets.
    #[error("text has {0} octets, more than {TEXT}")]
    Length(usize),
}

/// What the caller answers to a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerReply<'a> {
    pub(super) code: ReplyCode,
    status: Option<EnhancedCode>,
    text: ReplyText<'a>,
}

impl<'a> ServerReply<'a> {
    /// A reply of one line.
    #[must_use]
    pub const fn new(code: ReplyCode, text: ReplyText<'a>) -> Self {
        Self { code, status: None, text }
    }

    /// With this enhanced status code, if it is of the code's class.
    #[must_use]
    pub fn status(mut self, status: EnhancedCode) -> Self {
        let is_of_class = u16::from(status.class()) == self.code.value() / 100;
        self.status = is_of_class.then_some(status);
        self
    }
}

/// The reply to be sent, in a buffer that holds the longest.
#[derive(Clone, Debug)]
pub(super) struct ReplyBuffer {
    octets: [u8; ROOM],
    len: usize,
}

impl ReplyBuffer {
    pub(super) const fn new() -> Self {
        Self { octets: [0; ROOM], len: 0 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    /// A reply of our own.
    pub(super) fn set(&mut self, line: &str) {
        self.len = 0;
        // The buffer holds any line written here; the longest is known.
        let _ = write!(self, "{line}\r\n");
    }

    pub(super) fn set_reply(&mut self, reply: &ServerReply<'_>) {
        self.len = 0;
        let ServerReply { code, status, text: ReplyText(text) } = reply;
        let _ = match status {
            Some(status) => write!(self, "{code} {status} {text}\r\n"),
            None => write!(self, "{code} {text}\r\n"),
        };
    }

    pub(super) fn set_named(&mut self, code: u16, config: &ServerConfig, text: &str) {
        self.len = 0;
        let _ = write!(self, "{code} {}{text}\r\n", config.name);
    }

    /// The reply to EHLO.
    pub(super) fn set_capabilities(&mut self, config: &ServerConfig, is_tls: bool) {
        self.len = 0;
        let _ = write!(self, "250-{}\r\n250-PIPELINING\r\n250-8BITMIME\r\n", config.name);
        if let Some(octets) = config.size {
            let _ = write!(self, "250-SIZE {octets}\r\n");
        }
        // RFC 3207 section 4.2: not once TLS is active.
        if !is_tls && config.tls != TlsOffer::NotOffered {
            let _ = self.write_str("250-STARTTLS\r\n");
        }
        // RFC 8689 section 2: only inside TLS.
        if is_tls && config.require_tls {
            let _ = self.write_str("250-REQUIRETLS\r\n");
        }
        let _ = self.write_str("250 ENHANCEDSTATUSCODES\r\n");
    }
}

impl Write for ReplyBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.octets.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;

    use super::*;

    #[test]
    fn a_text_that_could_be_more_than_one_line_is_refused() {
        assert_eq!(ReplyText::try_from("a\r\n250 b"), Err(ReplyTextError::InvalidOctet(1)));
        assert_eq!(ReplyText::try_from("é"), Err(ReplyTextError::InvalidOctet(0)));
        assert!(ReplyText::try_from("a".repeat(400).as_str()).is_ok());
        assert_eq!(ReplyText::try_from("a".repeat(401).as_str()), Err(ReplyTextError::Length(401)));
    }

    #[test]
    fn the_longest_replies_fit() {
        let name = format!("{}a", "a.".repeat(127)).parse().unwrap();
        let config = ServerConfig::new(name, TlsOffer::Offered).size(u64::MAX).require_tls();
        let mut buffer = ReplyBuffer::new();
        for is_tls in [false, true] {
            buffer.set_capabilities(&config, is_tls);
            assert!(buffer.as_bytes().ends_with(b"\r\n250 ENHANCEDSTATUSCODES\r\n"));
        }
        let text = "a".repeat(400);
        let reply = ServerReply::new(ReplyCode::OK, ReplyText::try_from(text.as_str()).unwrap());
        buffer.set_reply(&reply.status(EnhancedCode::new(2, 999, 999).unwrap()));
        assert!(buffer.as_bytes().starts_with(b"250 2.999.999 aaa"));
        assert!(buffer.as_bytes().ends_with(b"a\r\n"));
        let other_class = reply.status(EnhancedCode::new(5, 0, 0).unwrap());
        assert_eq!(other_class, reply);
    }
}
