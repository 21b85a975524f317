//! The policy fetch over HTTPS by the sockets of the standard library.
//!
//! As [`https`](super::https), whose rules are the same, but for threads: a fetch blocks, and needs no
//! runtime. A look-up that waits is left when the minute is over; one that blocks has to keep a time of
//! its own, as `BlockingResolver` does, and what it took counts.
//!
#![cfg_attr(all(feature = "hickory-blocking", feature = "webpki-roots"), doc = "```no_run")]
#![cfg_attr(not(all(feature = "hickory-blocking", feature = "webpki-roots")), doc = "```ignore")]
//! # use std::sync::Arc;
//! use smtp_tls::adapter::hickory_blocking::{BlockingResolver, TrustedPath};
//! use smtp_tls::adapter::https_blocking::BlockingFetch;
//! # use smtp_tls::adapter::rustls::{Connector, webpki_roots};
//! # use smtp_tls::driver::blocking::Mailer;
//! # use smtp_tls::store::{Capacity, MemoryStore};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let provider = Arc::new(rustls::crypto::ring::default_provider());
//! # let connector = Connector::new(provider, webpki_roots())?;
//! # let store = MemoryStore::new(Capacity::default());
//! let dns = BlockingResolver::new(TrustedPath::loopback("127.0.0.1:53".parse()?)?);
//! let policies = BlockingFetch::new(dns, &connector);
//! let mailer = Mailer::new(dns, policies, store, connector, "mta.sender.example".parse()?);
//! # Ok(())
//! # }
//! ```

use core::fmt;
use std::io;
use std::net::TcpStream;
use std::time::Instant;

use futures_util::future::join;
use mta_sts::{FetchError, PolicyBody, PolicyDomain};

use super::policy_host::{Action, Fetch, Input, READ, Terms};
use super::rustls::Connector;
use crate::driver::blocking::block_on_until;
use crate::fetch::FetchPolicy;
use crate::resolve::LookUp;
use crate::timed;

/// Fetches policies over HTTPS, and blocks meanwhile.
pub struct BlockingFetch<L> {
    look_up: L,
    terms: Terms,
}

impl<L: LookUp + Sync> BlockingFetch<L> {
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

    /// Fetches once, and blocks until the body is there, for a minute at most.
    ///
    /// # Errors
    ///
    /// Why there is no body.
    pub fn get(&self, domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        let mut fetch = Fetch::new(&self.terms, domain, Instant::now());
        let mut wire = Wire { stream: None, buffer: vec![0; READ] };
        loop {
            let until = fetch.until();
            let input = match fetch.action() {
                Action::LookUp([six, four]) => {
                    let both = join(self.look_up.look_up(six), self.look_up.look_up(four));
                    match block_on_until(both, until) {
                        Some((six, four)) => Input::Found(Box::new([six, four])),
                        None => Input::TimedOut,
                    }
                }
                Action::Connect(address) => {
                    let left = timed::left(until);
                    let stream = left.and_then(|left| TcpStream::connect_timeout(&address, left));
                    wire.stream = stream.ok();
                    wire.stream.as_ref().map_or(Input::Ended, |_| Input::Connected)
                }
                Action::Send(octets) => wire.send(octets, until),
                Action::Read => wire.read(until),
                Action::Done => return fetch.into_result(),
            };
            fetch.handle(input, Instant::now());
        }
    }
}

impl<L> fmt::Debug for BlockingFetch<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingFetch").field("port", &self.terms.port).finish_non_exhaustive()
    }
}

impl<L: LookUp + Sync> FetchPolicy for BlockingFetch<L> {
    async fn fetch(&self, domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        self.get(domain)
    }
}

struct Wire {
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Wire {
    fn send(&self, octets: &[u8], until: Instant) -> Input<'static> {
        let Some(stream) = &self.stream else { return Input::Ended };
        timed::write_all(stream, octets, until).map_or_else(|error| ended(&error), |()| Input::Sent)
    }

    fn read(&mut self, until: Instant) -> Input<'_> {
        let Some(stream) = &self.stream else { return Input::Ended };
        match timed::read(stream, &mut self.buffer, until) {
            Ok(octets) if !octets.is_empty() => Input::Bytes(octets),
            Ok(_) => Input::Ended,
            Err(error) => ended(&error),
        }
    }
}

fn ended(error: &io::Error) -> Input<'static> {
    match timed::is_out_of_time(error) {
        true => Input::TimedOut,
        false => Input::Ended,
    }
}

#[cfg(test)]
mod tests;
