//! Carries the octets of a visit over TCP.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use smtp_starttls::EhloName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::Envelope;
use crate::adapter::rustls::Connector;
use crate::attempt::{Attempt, AttemptResult};
use crate::driver::course::{LAST_WORDS, READ, connect_limit};
use crate::driver::deadline::Deadlines;
use crate::driver::visit::{Action, Input, Visit};

/// Carries out an attempt at the first address that can be connected to.
pub(super) async fn attempt(
    attempt: &Attempt,
    envelope: &Envelope<'_>,
    connector: &Connector,
    ehlo_name: &EhloName,
) -> AttemptResult {
    let mut not_reached = Vec::new();
    for address in &attempt.addresses {
        let remote = SocketAddr::new(*address, attempt.port);
        match connect(remote, connect_limit(attempt)).await {
            Ok(mut stream) => {
                let local = stream.local_addr().ok();
                let visit = Visit::new(attempt, envelope, connector, ehlo_name, remote, local);
                return carry(visit, &mut stream).await.after(not_reached);
            }
            Err(error) => not_reached.push((remote, error.kind())),
        }
    }
    AttemptResult::NotReached(not_reached)
}

async fn connect(remote: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let stream = timeout(limit, TcpStream::connect(remote)).await;
    let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    // What is written here is whole commands: nothing is gained by waiting for more.
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn carry(mut visit: Visit<'_>, stream: &mut TcpStream) -> AttemptResult {
    let mut buffer = vec![0; READ];
    let mut deadlines = Deadlines::new(Instant::now(), visit.limit());
    loop {
        let until = deadlines.until(visit.wait(), Instant::now());
        let input = match visit.action() {
            Action::Send(octets) => match timeout_at(until, stream.write_all(octets)).await {
                Ok(Ok(())) => Input::Sent,
                Ok(Err(_)) => {
                    let read = timeout(LAST_WORDS, stream.read(&mut buffer)).await;
                    let read = read.map_or(0, Result::unwrap_or_default);
                    Input::SendFailed(buffer.get(..read).unwrap_or_default())
                }
                Err(_) => Input::TimedOut,
            },
            // Octets that are there count no more once the time is up.
            Action::Read if Instant::now() >= until => Input::TimedOut,
            Action::Read => match timeout_at(until, stream.read(&mut buffer)).await {
                Ok(Ok(read @ 1..)) => Input::Bytes(buffer.get(..read).unwrap_or_default()),
                Ok(_) => Input::EndOfStream,
                Err(_) => Input::TimedOut,
            },
            Action::Done(result) => {
                let result = result.clone();
                // The message has its answer; how the connection closes changes nothing.
                let _ = stream.shutdown().await;
                return result;
            }
        };
        visit.handle(input);
    }
}
