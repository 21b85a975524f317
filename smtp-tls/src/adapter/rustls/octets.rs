//! TLS over octets that somebody else carries.

use std::io::{self, Read, Write};

use ::rustls::{ClientConnection, Error};

/// A connection inside TLS, or on the way there.
#[derive(Debug)]
pub(crate) struct Tls {
    connection: ClientConnection,
}

/// What octets from the server came to.
#[derive(Debug, Default)]
pub(crate) struct Came {
    /// What stands inside TLS.
    pub(crate) plain: Vec<u8>,
    /// How TLS ended, if it did.
    pub(crate) end: Option<TlsEnd>,
}

/// How TLS ended.
#[derive(Debug)]
pub(crate) enum TlsEnd {
    /// By close_notify ([RFC 8446 section 6.1](https://www.rfc-editor.org/rfc/rfc8446#section-6.1)).
    Closed,
    /// By an alert, or by what is no TLS.
    Broken(Error),
}

impl Tls {
    pub(crate) const fn new(connection: ClientConnection) -> Self {
        Self { connection }
    }

    pub(crate) const fn connection(&self) -> &ClientConnection {
        &self.connection
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Has these octets sent inside TLS. Before the handshake is done rustls keeps them until it has sent
    /// its own Finished, and it sends that only after the server's certificate and signature have passed.
    pub(crate) fn write(&mut self, plain: &[u8]) {
        // It takes as much as its buffer holds, more than is ever handed over at once; writing to it does
        // not fail.
        let _ = self.connection.writer().write_all(plain);
    }

    pub(crate) fn close(&mut self) {
        self.connection.send_close_notify();
    }

    /// Appends what is to be sent.
    pub(crate) fn collect(&mut self, out: &mut Vec<u8>) {
        while self.connection.wants_write() {
            if !matches!(self.connection.write_tls(out), Ok(1..)) {
                return;
            }
        }
    }

    /// Takes what came from the server.
    pub(crate) fn read(&mut self, mut octets: &[u8]) -> Came {
        let mut came = Came::default();
        while !octets.is_empty() && came.end.is_none() {
            came.end = self.read_some(&mut octets, &mut came.plain).err();
        }
        came
    }

    fn read_some(&mut self, octets: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), TlsEnd> {
        // It takes nothing once it has seen close_notify, and fails only over octets inside TLS that
        // nobody has taken, which does not happen here.
        let closed = matches!(self.connection.read_tls(octets), Ok(0) | Err(_));
        let state = self.connection.process_new_packets();
        let taken = self.connection.reader().read_to_end(plain);
        match (state, taken) {
            (Err(error), _) => Err(TlsEnd::Broken(error)),
            (Ok(state), _) if closed || state.peer_has_closed() => Err(TlsEnd::Closed),
            (Ok(_), Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Err(TlsEnd::Closed),
            (Ok(_), _) => Ok(()),
        }
    }
}
