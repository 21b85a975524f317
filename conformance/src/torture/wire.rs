//! The octets and lines of a connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustls::ServerConfig;

use super::visit::{Channel, SeenTls};
use crate::lab::tls::{Sealed, handshake, hang_up, hang_up_sealed};

pub(super) struct Wire {
    stream: Stream,
    buffer: Vec<u8>,
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<Sealed>),
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: Stream::Clear(stream), buffer: Vec::new() }
    }

    pub(super) fn channel(&self) -> Channel {
        match self.stream {
            Stream::Clear(_) => Channel::Clear,
            Stream::Tls(_) => Channel::Tls,
        }
    }

    pub(super) fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(octets),
            Stream::Tls(sealed) => {
                sealed.write_all(octets)?;
                sealed.flush()
            }
        }
    }

    pub(super) fn bare(&mut self) -> &mut TcpStream {
        match &mut self.stream {
            Stream::Clear(stream) => stream,
            Stream::Tls(sealed) => &mut sealed.sock,
        }
    }

    /// Up to `end`, which is taken and left out; an error of kind `InvalidData` beyond `limit`.
    pub(super) fn until(&mut self, end: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(at) = rest.windows(end.len()).position(|window| window == end) {
                let found: Vec<u8> = self.buffer.drain(..searched + at + end.len()).collect();
                return Ok(found.get(..searched + at).unwrap_or_default().to_vec());
            }
            if self.buffer.len() > limit {
                return Err(io::ErrorKind::InvalidData.into());
            }
            searched = self.buffer.len().saturating_sub(end.len() - 1);
            self.fill()?;
        }
    }

    /// Reads one TLS record and drops it.
    pub(super) fn record(&mut self) -> io::Result<()> {
        loop {
            if let Some([_, _, _, high, low]) = self.buffer.get(..5) {
                let length = 5 + usize::from(u16::from_be_bytes([*high, *low]));
                if self.buffer.len() >= length {
                    self.buffer.drain(..length);
                    return Ok(());
                }
            }
            self.fill()?;
        }
    }

    /// Reads and drops until the client leaves.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        for _ in 0..MAX_READS {
            self.buffer.clear();
            self.fill()?;
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Goes into TLS. What the client sent behind STARTTLS belongs to no TLS: an error (RFC 3207
    /// section 4).
    pub(super) fn start_tls(self, config: Arc<ServerConfig>) -> io::Result<(Self, SeenTls)> {
        match self.stream {
            Stream::Clear(stream) if self.buffer.is_empty() => {
                let (sealed, facts) = handshake(stream, config)?;
                let seen = SeenTls { version: facts.version, sni: facts.sni };
                Ok((Self { stream: Stream::Tls(Box::new(sealed)), buffer: Vec::new() }, seen))
            }
            Stream::Clear(_) => Err(io::Error::other("the client sent octets behind STARTTLS")),
            Stream::Tls(_) => Err(io::Error::other("TLS is up already")),
        }
    }

    /// Ends the connection so that what was sent arrives.
    pub(super) fn hang_up(self) {
        match self.stream {
            Stream::Clear(stream) => hang_up(stream),
            Stream::Tls(sealed) => hang_up_sealed(*sealed),
        }
    }

    /// As [`Self::hang_up`], without the close_notify of TLS.
    pub(super) fn hang_up_bare(self) {
        match self.stream {
            Stream::Clear(stream) => hang_up(stream),
            Stream::Tls(sealed) => {
                let _ = sealed.sock.shutdown(Shutdown::Write);
                hang_up(sealed.sock);
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 4096];
        let read = match &mut self.stream {
            Stream::Clear(stream) => stream.read(&mut chunk)?,
            Stream::Tls(sealed) => sealed.read(&mut chunk)?,
        };
        match chunk.get(..read) {
            Some(octets) if !octets.is_empty() => self.buffer.extend(octets),
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }
}

/// Reads that a stalled server drops.
const MAX_READS: usize = 10_000;
