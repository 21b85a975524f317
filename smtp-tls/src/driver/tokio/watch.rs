//! A raw transport that lets nothing but TLS through after the 220 to STARTTLS.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The first octets that came from the server, shared with who has to judge them.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstOctets(Arc<OnceLock<Vec<u8>>>);

impl FirstOctets {
    pub(super) fn get(&self) -> &[u8] {
        self.0.get().map_or(&[], Vec::as_slice)
    }
}

/// A TCP stream whose first octets must begin TLS
/// ([RFC 8446 section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1)): the read that brings
/// anything else fails at once, and the octets can be looked at.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    first: FirstOctets,
}

impl Watched {
    pub(super) fn new(stream: TcpStream) -> (Self, FirstOctets) {
        let first = FirstOctets::default();
        (Self { stream, first: first.clone() }, first)
    }
}

const ALERT: u8 = 0x15;
const HANDSHAKE: u8 = 0x16;

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        if self.first.0.get().is_none()
            && let Some(first) = read.first()
        {
            let sample = read.get(..smtp_starttls::limits::PLAINTEXT_SAMPLE).unwrap_or(read);
            let _ = self.first.0.set(sample.to_vec());
            if !matches!(*first, ALERT | HANDSHAKE) {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
