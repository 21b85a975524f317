//! Carries the octets of a visit over a socket of the standard library.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use smtp_starttls::EhloName;

use crate::adapter::rustls::Connector;
use crate::attempt::{Attempt, AttemptResult};
use crate::driver::Envelope;
use crate::driver::course::{LAST_WORDS, READ, connect_limit};
use crate::driver::deadline::Deadlines;
use crate::driver::visit::{Action, Input, Visit};
use crate::timed;

/// Carries out an attempt at the first address that can be connected to.
pub(super) fn attempt(
    attempt: &Attempt,
    envelope: &Envelope<'_>,
    connector: &Connector,
    ehlo_name: &EhloName,
) -> AttemptResult {
    let mut not_reached = Vec::new();
    for address in &attempt.addresses {
        let remote = SocketAddr::new(*address, attempt.port);
        match connect(remote, connect_limit(attempt)) {
            Ok(stream) => {
                let local = stream.local_addr().ok();
                let visit = Visit::new(attempt, envelope, connector, ehlo_name, remote, local);
                return carry(visit, &stream).after(not_reached);
            }
            Err(error) => not_reached.push((remote, error.kind())),
        }
    }
    AttemptResult::NotReached(not_reached)
}

fn connect(remote: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&remote, limit)?;
    // What is written here is whole commands: nothing is gained by waiting for more.
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn carry(mut visit: Visit<'_>, stream: &TcpStream) -> AttemptResult {
    let mut buffer = vec![0; READ];
    let mut deadlines = Deadlines::new(Instant::now(), visit.limit());
    loop {
        let until = deadlines.until(visit.wait(), Instant::now());
        let input = match visit.action() {
            Action::Send(octets) => match timed::write_all(stream, octets, until) {
                Ok(()) => Input::Sent,
                Err(error) if timed::is_out_of_time(&error) => Input::TimedOut,
                Err(_) => {
                    let until = Instant::now() + LAST_WORDS;
                    let octets = timed::read(stream, &mut buffer, until);
                    Input::SendFailed(octets.unwrap_or_default())
                }
            },
            Action::Read => match timed::read(stream, &mut buffer, until) {
                Ok(octets) if !octets.is_empty() => Input::Bytes(octets),
                Err(error) if timed::is_out_of_time(&error) => Input::TimedOut,
                Ok(_) | Err(_) => Input::EndOfStream,
            },
            Action::Done(result) => {
                let _ = stream.shutdown(Shutdown::Write);
                return result.clone();
            }
        };
        visit.handle(input);
    }
}
