//! Between our 220 and TLS.

use super::config::ServerConfig;
use super::session::Server;
use super::types::{InTls, ServerEnd};

/// The 220 is sent, and nothing that the client said in clear is left.
///
/// The value owns nothing. The caller begins the handshake on the raw transport.
#[derive(Debug)]
#[must_use]
pub struct ServerUpgrade(());

impl ServerUpgrade {
    pub(super) const fn new() -> Self {
        Self(())
    }

    /// Looks at the first octets of the client, before the TLS library does: they must begin a TLS
    /// handshake ([RFC 8446 section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1)).
    ///
    /// # Errors
    ///
    /// [`ServerUpgradeError::Ended`] with [`ServerEnd::Residue`] if they are anything else.
    pub fn first_octets(self, read: &[u8]) -> Result<Self, ServerUpgradeError> {
        const HANDSHAKE: u8 = 0x16;
        match read.first() {
            None | Some(&HANDSHAKE) => Ok(self),
            Some(_) => Err(ServerUpgradeError::Ended(ServerEnd::Residue)),
        }
    }

    /// The handshake is done: a fresh server, which knows nothing from before.
    #[must_use]
    pub fn tls_up(self, config: &ServerConfig) -> Server<InTls> {
        Server::after_upgrade(config)
    }
}

/// Why there is no [`ServerUpgrade`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ServerUpgradeError {
    /// No 220 was just sent in answer to STARTTLS.
    #[error("no reply 220 to starttls was just sent")]
    OutOfOrder,
    /// The connection has ended.
    #[error("connection has ended: {}", .0.word())]
    Ended(ServerEnd),
}
