//! SMTP servers, each at its own loopback address, honest or not as their [`Behaviour`] says.

mod behaviour;
mod ledger;
mod session;
mod wire;

use std::net::TcpListener;
use std::sync::Arc;

use rustls::sign::CertifiedKey;

pub use behaviour::{Behaviour, Greeting, Message, Recipient, StartTls};
pub use ledger::{Handshake, Ledger, Received, Session};

use super::LabError;
use super::listen::Acceptor;
use super::tls::{Fixed, server_config};
use session::Host;

/// A running SMTP server. Dropping it ends it.
pub struct SmtpServer {
    _acceptor: Acceptor,
}

impl SmtpServer {
    /// Serves at `listener` under the name `host`, showing the certificate in `key` to everybody.
    ///
    /// # Errors
    ///
    /// [`LabError::Io`] where no thread starts, [`LabError::Tls`] for a refused configuration.
    pub fn start(
        listener: TcpListener,
        host: &str,
        behaviour: Behaviour,
        key: Arc<CertifiedKey>,
        ledger: Ledger,
    ) -> Result<Self, LabError> {
        let config = server_config(Arc::new(Fixed(key)), behaviour.versions)?;
        let host = Host { name: host.to_owned(), behaviour, config, ledger };
        let acceptor = Acceptor::start(listener, move |stream| session::serve(stream, &host))?;
        Ok(Self { _acceptor: acceptor })
    }
}
