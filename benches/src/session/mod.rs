//! Whole sessions over loopback, and the same octets over bare rustls.
//!
//! Both connect to the same server, do the same handshake with the same configuration, and write and read the
//! same octets in the same flights; EHLO leaves with the client's Finished in both. The bare side knows
//! no SMTP: it writes fixed octets and reads until as many have come as the server is known to send.
#![expect(clippy::unwrap_used, reason = "a session that fails is a fault of the bench")]

mod bare;
mod keys;
mod ours;
mod server;

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;

pub use keys::Root;
pub use server::serve;

use crate::clock::repeat;

/// The name of the server.
pub(crate) const HOST: &str = "mx.lab.example";

const MESSAGE: &[u8] = b"From: a@sender.example\r\nTo: b@lab.example\r\nSubject: x\r\n\r\ntext\r\n";

/// A kind of session by its name.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Kind {
    /// Its name on the command line.
    pub name: &'static str,
    /// Tickets that the server sends after the handshake.
    pub tickets: usize,
    /// One session.
    run: fn(&Client),
}

/// All kinds, ours and then the bare one.
pub const KINDS: [[Kind; 2]; 2] = [
    [
        Kind { name: "session", tickets: 0, run: ours::session },
        Kind { name: "session-bare", tickets: 0, run: bare::session },
    ],
    [
        Kind { name: "session-tickets", tickets: 2, run: ours::session },
        Kind { name: "session-tickets-bare", tickets: 2, run: bare::session },
    ],
];

/// What every session begins with.
pub(crate) struct Client {
    pub(crate) server: SocketAddr,
    pub(crate) config: Arc<ClientConfig>,
}

impl Client {
    fn new(server: SocketAddr, root: &Root) -> Self {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(root.store())
            .with_no_client_auth();
        // As for mail: a resumed session runs no verification.
        config.resumption = Resumption::disabled();
        Self { server, config: Arc::new(config) }
    }
}

/// A server in a process of its own, so that a counter of instructions sees the client alone. It ends
/// when this is dropped.
pub struct Server {
    process: Child,
    client: Client,
}

impl Server {
    /// Runs this program with `serve TICKETS`; it has to print the address and the root.
    #[must_use]
    pub fn start(tickets: usize) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["serve", &tickets.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (address, root) = line.trim().split_once(' ').unwrap();
        let client = Client::new(address.parse().unwrap(), &root.parse().unwrap());
        Self { process, client }
    }

    /// So many sessions; how long they took together.
    #[must_use]
    pub fn sessions(&self, kind: Kind, count: usize) -> Duration {
        repeat(count, || (kind.run)(&self.client))
    }

    /// The time that a tenth of the sessions of each kind stay below. The kinds take turns, so that
    /// both meet the same load.
    #[must_use]
    pub fn compare(&self, kinds: [Kind; 2], rounds: usize) -> [Duration; 2] {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (kind, times) in kinds.iter().zip(&mut times) {
                let start = Instant::now();
                (kind.run)(&self.client);
                times.push(start.elapsed());
            }
        }
        times.map(|mut times| {
            times.sort_unstable();
            times.get(times.len() / 10).copied().unwrap_or_default()
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn both_sides_bring_the_message_over_with_and_without_tickets() {
        for kinds in KINDS {
            for kind in kinds {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                let (root, server) = keys::server(kind.tickets);
                let served = thread::spawn(move || {
                    server::session(listener.accept().unwrap().0, &server).unwrap()
                });
                (kind.run)(&Client::new(address, &root));
                let seen = served.join().unwrap();
                assert_eq!(seen.message, MESSAGE, "{}", kind.name);
                assert_eq!(seen.commands, 7, "{}", kind.name);
            }
        }
    }
}
