//! Sockets of the standard library that keep a deadline.

use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// What is left of the time; a socket takes no time-out of zero.
pub(crate) fn left(until: Instant) -> io::Result<Duration> {
    match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

/// Each write has what is left of the time, so that all of them together have no more than that.
pub(crate) fn write_all(
    mut stream: &TcpStream,
    mut octets: &[u8],
    until: Instant,
) -> io::Result<()> {
    while !octets.is_empty() {
        stream.set_write_timeout(Some(left(until)?))?;
        match stream.write(octets) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => octets = octets.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads once; nothing at the end of the stream.
pub(crate) fn read<'b>(
    mut stream: &TcpStream,
    buffer: &'b mut [u8],
    until: Instant,
) -> io::Result<&'b [u8]> {
    loop {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(buffer) {
            Ok(read) => return Ok(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a socket says whose time-out has passed differs from system to system.
pub(crate) fn is_out_of_time(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}
