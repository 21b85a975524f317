//! The policy fetch over HTTPS: look-up, TCP, rustls, and the exchange of the core.
//!
//! - The policy host's addresses come from a [`LookUp`]; of IPv6 and IPv4 whatever there is, tried one
//!   after the other until TLS is up.
//! - TLS 1.2 or higher, with the policy host's name as SNI, `http/1.1` alone as application protocol,
//!   and a certificate that chains to the roots and names the host
//!   ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).
//! - One minute for all of it, from the first look-up to the last byte.
//! - A stream cut off without the TLS close is told from one that ended.
//!
//! There is no redirect, cookie, cache, proxy or content coding, and nothing of the environment is
//! read.

use core::fmt;

use mta_sts::{FetchError, PolicyBody, PolicyDomain};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::policy_host::{Action, Fetch, Input, READ, Terms};
use super::rustls::Connector;
use crate::fetch::FetchPolicy;
use crate::resolve::LookUp;

/// Fetches policies over HTTPS.
pub struct HttpsFetch<L> {
    look_up: L,
    terms: Terms,
}

impl<L: LookUp + Sync> HttpsFetch<L> {
    /// Finds policy hosts with this look-up and trusts the roots of this connector.
    #[must_use]
    pub fn new(look_up: L, connector: &Connector) -> Self {
        Self { look_up, terms: Terms::new(connector) }
    }

    /// Names the product that asks, in `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, product: &str) -> Self {
        self.terms.user_agent = Some(product.into());
        self
    }

    /// Connects to another port than 443. For tests: a policy from another port is none
    /// ([RFC 8461 section 3.2](https://www.rfc-editor.org/rfc/rfc8461#section-3.2)).
    #[must_use]
    pub const fn danger_port(mut self, port: u16) -> Self {
        self.terms.port = port;
        self
    }
}

impl<L> fmt::Debug for HttpsFetch<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsFetch").field("port", &self.terms.port).finish_non_exhaustive()
    }
}

impl<L: LookUp + Sync> FetchPolicy for HttpsFetch<L> {
    async fn fetch(&self, domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        let mut fetch = Fetch::new(&self.terms, domain, Instant::now());
        let mut wire = Wire { stream: None, buffer: vec![0; READ] };
        loop {
            let until = fetch.until();
            let step = async {
                match fetch.action() {
                    Action::LookUp([six, four]) => {
                        let (six, four) =
                            tokio::join!(self.look_up.look_up(six), self.look_up.look_up(four));
                        Some(Input::Found(Box::new([six, four])))
                    }
                    Action::Connect(address) => {
                        wire.stream = TcpStream::connect(address).await.ok();
                        Some(wire.stream.as_ref().map_or(Input::Ended, |_| Input::Connected))
                    }
                    Action::Send(octets) => Some(wire.send(octets).await),
                    Action::Read => Some(wire.read().await),
                    Action::Done => None,
                }
            };
            match timeout_at(until, step).await.unwrap_or(Some(Input::TimedOut)) {
                Some(input) => fetch.handle(input, Instant::now()),
                None => return fetch.into_result(),
            }
        }
    }
}

struct Wire {
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Wire {
    async fn send(&mut self, octets: &[u8]) -> Input<'static> {
        let Some(stream) = &mut self.stream else { return Input::Ended };
        stream.write_all(octets).await.map_or(Input::Ended, |()| Input::Sent)
    }

    async fn read(&mut self) -> Input<'_> {
        let Some(stream) = &mut self.stream else { return Input::Ended };
        match stream.read(&mut self.buffer).await {
            Ok(count @ 1..) => Input::Bytes(self.buffer.get(..count).unwrap_or_default()),
            Ok(_) | Err(_) => Input::Ended,
        }
    }
}
