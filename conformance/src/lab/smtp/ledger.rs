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

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Received {
        Received {
            host: "mx.there.test".to_owned(),
            helo: "client.test".to_owned(),
            sender: String::new(),
            recipients: vec!["a@there.test".to_owned(), "b@Other.test".to_owned()],
            data: Vec::new(),
            tls: None,
        }
    }

    #[test]
    fn lines_are_bounded_in_number_and_length() {
        let ledger = Ledger::default();
        let entry = ledger.open("mx.there.test");
        for _ in 0..=MAX_LINES {
            entry.line(&[b'x'; MAX_LINE + 1]);
        }
        let sessions = ledger.sessions();
        assert_eq!(sessions[0].clear_lines.len(), MAX_LINES);
        assert!(sessions[0].clear_lines.iter().all(|line| line.len() == MAX_LINE));
        assert!(sessions[0].sealed_lines.is_empty());
    }

    #[test]
    fn sessions_and_messages_are_bounded_in_number() {
        let ledger = Ledger::default();
        for _ in 0..=MAX_ENTRIES {
            ledger.open("mx.there.test").line(b"NOOP");
            ledger.receive(message());
        }
        assert_eq!(ledger.sessions().len(), MAX_ENTRIES);
        assert_eq!(ledger.received().len(), MAX_ENTRIES);
        assert!(ledger.sessions().iter().all(|session| session.clear_lines == ["NOOP"]));
    }

    #[test]
    fn messages_are_found_by_the_domain_of_a_recipient() {
        let ledger = Ledger::default();
        ledger.receive(message());
        for (domain, count) in [("there.test", 1), ("other.TEST", 1), ("mx.there.test", 0)] {
            assert_eq!(ledger.received_for(domain).len(), count, "{domain}");
        }
    }
}
