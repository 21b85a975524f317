//! What the servers saw, for assertions; bounded.

use std::sync::{Arc, Mutex};

use crate::lab::TlsFacts;
use crate::lab::listen::lock;

/// A message that a server took.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received {
    /// The name of the server.
    pub host: String,
    /// What the client called itself.
    pub helo: String,
    /// The reverse path, without angle brackets.
    pub sender: String,
    /// The recipients, without angle brackets.
    pub recipients: Vec<String>,
    /// The message, dots unstuffed.
    pub data: Vec<u8>,
    /// The TLS connection it came over; none if it came in the clear.
    pub tls: Option<TlsFacts>,
}

/// One connection to a server.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The name of the server.
    pub host: String,
    /// The lines that came in the clear, in order; at most 100, each cut at 512 octets.
    pub clear_lines: Vec<String>,
    /// What became of the TLS handshake.
    pub handshake: Handshake,
    /// The lines that came inside TLS, with the same limits.
    pub sealed_lines: Vec<String>,
}

/// What became of a TLS handshake.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Handshake {
    /// The client has not come to it.
    None,
    /// It ended well.
    Done(TlsFacts),
    /// It failed; what the server's TLS says, such as the alert that the client sent.
    Failed(String),
}

/// What all servers of a lab saw. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    received: Vec<Received>,
    sessions: Vec<Session>,
}

impl Ledger {
    /// The messages taken, oldest first; the first 1000 are kept.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.pages).received.clone()
    }

    /// The messages taken for a recipient at `domain`.
    #[must_use]
    pub fn received_for(&self, domain: &str) -> Vec<Received> {
        let at_domain = |recipient: &String| {
            recipient.rsplit_once('@').is_some_and(|(_, at)| at.eq_ignore_ascii_case(domain))
        };
        let mut received = self.received();
        received.retain(|message| message.recipients.iter().any(at_domain));
        received
    }

    /// The connections made, oldest first; the first 1000 are kept. A line is there before the
    /// server answers it; how a handshake ended may be there a little later than the client knows.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        lock(&self.pages).sessions.clone()
    }

    pub(super) fn receive(&self, message: Received) {
        let mut pages = lock(&self.pages);
        if pages.received.len() < MAX_ENTRIES {
            pages.received.push(message);
        }
    }

    pub(super) fn open(&self, host: &str) -> Entry {
        let mut pages = lock(&self.pages);
        let index = pages.sessions.len();
        if index < MAX_ENTRIES {
            pages.sessions.push(Session {
                host: host.to_owned(),
                clear_lines: Vec::new(),
                handshake: Handshake::None,
                sealed_lines: Vec::new(),
            });
        }
        Entry { ledger: self.clone(), index }
    }
}

/// The place of one connection in the ledger; a connection beyond the limit has none.
pub(super) struct Entry {
    pub(super) ledger: Ledger,
    index: usize,
}

impl Entry {
    pub(super) fn line(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line.get(..MAX_LINE).unwrap_or(line)).into_owned();
        self.change(|session| {
            let lines = match session.handshake {
                Handshake::Done(_) => &mut session.sealed_lines,
                Handshake::None | Handshake::Failed(_) => &mut session.clear_lines,
            };
            if lines.len() < MAX_LINES {
                lines.push(text);
            }
        });
    }

    pub(super) fn handshake(&self, handshake: Handshake) {
        self.change(|session| session.handshake = handshake);
    }

    fn change(&self, change: impl FnOnce(&mut Session)) {
        if let Some(session) = lock(&self.ledger.pages).sessions.get_mut(self.index) {
            change(session);
        }
    }
}

const MAX_ENTRIES: usize = 1000;
const MAX_LINES: usize = 100;
const MAX_LINE: usize = 512;
