//! Lines and octets of a connection, before and inside TLS.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::lab::tls::{Sealed, hang_up, hang_up_sealed};

/// A connection with what was read from it and not yet looked at.
pub(super) struct Wire {
    channel: Channel,
    buffer: Vec<u8>,
}

pub(super) enum Channel {
    Clear(TcpStream),
    Sealed(Box<Sealed>),
}

impl Wire {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, buffer: Vec::new() }
    }

    /// Sends all octets in one write.
    pub(super) fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.channel {
            Channel::Clear(stream) => stream.write_all(octets),
            Channel::Sealed(sealed) => {
                sealed.write_all(octets)?;
                sealed.flush()
            }
        }
    }

    /// The next line, without its CRLF.
    ///
    /// # Errors
    ///
    /// The end of the stream, a line longer than [`MAX_LINE`], and what the system says.
    pub(super) fn line(&mut self) -> io::Result<Vec<u8>> {
        self.until(b"\r\n", MAX_LINE)
    }

    /// The message up to the line with a single dot, as sent.
    pub(super) fn message(&mut self) -> io::Result<Vec<u8>> {
        if self.buffer.starts_with(b".\r\n") || (self.fill(3)? && self.buffer.starts_with(b".\r\n"))
        {
            self.buffer.drain(..3);
            return Ok(Vec::new());
        }
        let mut message = self.until(b"\r\n.\r\n", MAX_MESSAGE)?;
        message.extend(b"\r\n");
        Ok(message)
    }

    /// Waits for at least one octet, which is kept.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        self.fill(1).map(|_| ())
    }

    /// The clear stream, if nothing is left in the buffer: octets that came before TLS must not be
    /// read inside it (RFC 3207 section 6).
    pub(super) fn into_clear(self) -> Option<TcpStream> {
        match self.channel {
            Channel::Clear(stream) if self.buffer.is_empty() => Some(stream),
            Channel::Clear(_) | Channel::Sealed(_) => None,
        }
    }

    pub(super) fn hang_up(self) {
        match self.channel {
            Channel::Clear(stream) => hang_up(stream),
            Channel::Sealed(sealed) => hang_up_sealed(*sealed),
        }
    }

    fn until(&mut self, end: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(at) = rest.windows(end.len()).position(|window| window == end) {
                let length = searched + at;
                if length > limit {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                let line = self.buffer.get(..length).unwrap_or_default().to_vec();
                self.buffer.drain(..length + end.len());
                return Ok(line);
            }
            if self.buffer.len() >= limit + end.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            searched = self.buffer.len().saturating_sub(end.len() - 1);
            self.read_more()?;
        }
    }

    /// Reads till the buffer has `length` octets; false at the end of the stream.
    fn fill(&mut self, length: usize) -> io::Result<bool> {
        while self.buffer.len() < length {
            match self.read_more() {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                result => result?,
            }
        }
        Ok(true)
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 4096];
        let length = match &mut self.channel {
            Channel::Clear(stream) => stream.read(&mut chunk)?,
            Channel::Sealed(sealed) => sealed.read(&mut chunk)?,
        };
        match chunk.get(..length) {
            Some(read) if !read.is_empty() => self.buffer.extend(read),
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }
}

/// The longest command line: 512 octets by RFC 5321 section 4.5.3.1.4, more for extensions.
const MAX_LINE: usize = 4096;
/// The longest message; SIZE announces it.
const MAX_MESSAGE: usize = 1_048_576;

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// What a wire reads of `parts`, each sent by itself.
    fn wire(parts: &[&[u8]]) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_nodelay(true).unwrap();
        for part in parts {
            client.write_all(part).unwrap();
        }
        Wire::new(Channel::Clear(listener.accept().unwrap().0))
    }

    #[test]
    fn any_split_of_the_input_gives_the_same_lines_and_messages() {
        let input = b"DATA\r\na\r\n..\r\n.\r\n.\r\nQUIT\r\n";
        for at in 0..=input.len() {
            let (head, tail) = input.split_at(at);
            let mut wire = wire(&[head, tail]);
            assert_eq!(wire.line().unwrap(), b"DATA");
            assert_eq!(wire.message().unwrap(), b"a\r\n..\r\n");
            assert_eq!(wire.message().unwrap(), b"");
            assert_eq!(wire.line().unwrap(), b"QUIT");
            assert_eq!(wire.line().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn a_line_has_at_most_4096_octets() {
        let longest = [vec![b'x'; MAX_LINE], b"\r\n".to_vec()].concat();
        assert_eq!(wire(&[&longest]).line().unwrap().len(), MAX_LINE);
        let longer = [b"x", longest.as_slice()].concat();
        assert_eq!(wire(&[&longer]).line().unwrap_err().kind(), io::ErrorKind::InvalidData);
        let endless = vec![b'x'; MAX_LINE + 2];
        assert_eq!(wire(&[&endless]).line().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn octets_left_before_tls_are_refused() {
        let mut left = wire(&[b"STARTTLS\r\nM"]);
        assert_eq!(left.line().unwrap(), b"STARTTLS");
        assert!(left.into_clear().is_none());
        let mut clean = wire(&[b"STARTTLS\r\n"]);
        assert_eq!(clean.line().unwrap(), b"STARTTLS");
        assert!(clean.into_clear().is_some());
    }
}
