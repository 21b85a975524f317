//! A listener that plays scripts to whoever connects.

use core::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;

use super::keys::Keys;
use super::player;
use super::script::Script;
use super::visit::Visit;
use crate::lab::LabError;
use crate::lab::listen::Acceptor;

/// What happens at a server.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Event {
    /// A client came.
    Opened,
    /// The script says nothing more and waits for the client to leave.
    Stalled,
    /// A connection is over.
    Ended(Box<Visit>),
}

/// A running server. Dropping it closes all connections.
pub struct Server {
    address: SocketAddr,
    _acceptor: Acceptor,
}

impl Server {
    /// Plays to each client the script that `choose` gives, and tells what happens.
    ///
    /// # Errors
    ///
    /// [`LabError::Io`] where the listener has no address or no thread starts.
    pub fn start<C, T>(
        listener: TcpListener,
        keys: Keys,
        choose: C,
        tell: T,
    ) -> Result<Self, LabError>
    where
        C: Fn() -> Arc<Script> + Send + Sync + 'static,
        T: Fn(Event) + Send + Sync + 'static,
    {
        let address = listener.local_addr()?;
        let acceptor = Acceptor::start(listener, move |stream| {
            tell(Event::Opened);
            let visit = player::play(stream, &choose(), &keys, &|| tell(Event::Stalled));
            tell(Event::Ended(Box::new(visit)));
        })?;
        Ok(Self { address, _acceptor: acceptor })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl core::fmt::Debug for Server {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}
