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
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;

use mta_sts::{
    Exchange, ExchangeAction, ExchangeInput, FetchError, PolicyBody, PolicyDomain, StreamEnd,
    UserAgent,
};
use pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::rustls::{Check, Connector, TlsError};
use crate::fetch::FetchPolicy;
use crate::resolve::{Kind, LookUp, Name, Question, Record};

/// Fetches policies over HTTPS.
pub struct HttpsFetch<L> {
    look_up: L,
    connector: Connector,
    port: u16,
    user_agent: Option<Box<str>>,
}

impl<L: LookUp + Sync> HttpsFetch<L> {
    /// Finds policy hosts with this look-up and trusts the roots of this connector.
    #[must_use]
    pub fn new(look_up: L, connector: &Connector) -> Self {
        let connector = connector.for_application(b"http/1.1");
        Self { look_up, connector, port: HTTPS_PORT, user_agent: None }
    }

    /// Names the product that asks, in `User-Agent`.
    #[must_use]
    pub fn user_agent(self, product: &str) -> Self {
        Self { user_agent: Some(product.into()), ..self }
    }

    /// Connects to another port than 443. For tests: a policy from another port is none
    /// ([RFC 8461 section 3.2](https://www.rfc-editor.org/rfc/rfc8461#section-3.2)).
    #[must_use]
    pub fn danger_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    async fn fetch_in_time(
        &self,
        domain: &PolicyDomain,
        mut exchange: Exchange,
    ) -> Result<PolicyBody, FetchError> {
        let host = domain.policy_host().ok_or(FetchError::ConnectionFailed)?;
        let mut stream = self.connect(host).await?;
        drive(&mut exchange, &mut stream).await;
        // The result is there; whether the peer hears our close does not matter.
        let _ = tokio::time::timeout(CLOSE, stream.shutdown()).await;
        exchange.into_result().unwrap_or(Err(FetchError::ConnectionFailed))
    }

    /// The first connection that comes to be inside TLS.
    ///
    /// What is wrong with a certificate says more than that another address was not reached.
    async fn connect(&self, host: &str) -> Result<TlsStream<TcpStream>, FetchError> {
        let mut failure = FetchError::ConnectionFailed;
        for address in self.addresses(host).await {
            let secured = self.connect_to(host, SocketAddr::new(address, self.port));
            match tokio::time::timeout(CONNECT, secured).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error @ FetchError::Certificate(_))) => failure = error,
                Ok(Err(_)) | Err(_) => {}
            }
        }
        Err(failure)
    }

    async fn connect_to(
        &self,
        host: &str,
        address: SocketAddr,
    ) -> Result<TlsStream<TcpStream>, FetchError> {
        let stream = TcpStream::connect(address).await.map_err(|_| FetchError::ConnectionFailed)?;
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| FetchError::ConnectionFailed)?;
        match self.connector.connect(name, Check::Pkix, stream).await {
            Ok(secured) => Ok(secured.stream),
            Err(TlsError::Certificate(fault)) => Err(FetchError::Certificate(fault)),
            Err(_) => Err(FetchError::ConnectionFailed),
        }
    }

    /// IPv6 and IPv4 by turns, at most [`ADDRESSES`]; a family that cannot be looked up has none.
    async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let Ok(name) = host.parse::<Name>() else { return Vec::new() };
        let (six, four) = (Question::new(name.clone(), Kind::Aaaa), Question::new(name, Kind::A));
        let (six, four) = tokio::join!(self.look_up.look_up(&six), self.look_up.look_up(&four));
        let records = [six, four].map(|answer| {
            let answer = answer.as_ref().map_or(&[][..], crate::resolve::Answer::records);
            answer.iter().filter_map(address).collect::<Vec<_>>()
        });
        by_turns(records)
    }
}

impl<L> fmt::Debug for HttpsFetch<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsFetch").field("port", &self.port).finish_non_exhaustive()
    }
}

impl<L: LookUp + Sync> FetchPolicy for HttpsFetch<L> {
    async fn fetch(&self, domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
        let user_agent = self.user_agent.as_deref().map_or(UserAgent::NotSent, UserAgent::Is);
        let exchange = Exchange::new(domain, user_agent);
        let limit = exchange.wait_limit();
        let body = tokio::time::timeout(limit, self.fetch_in_time(domain, exchange)).await;
        body.unwrap_or(Err(FetchError::TimedOut))
    }
}

async fn drive<S: AsyncRead + AsyncWrite + Unpin>(exchange: &mut Exchange, stream: &mut S) {
    let mut buffer = vec![0; READ];
    loop {
        let step = match exchange.action() {
            ExchangeAction::Send(bytes) => match send(stream, bytes).await {
                Ok(()) => Step::Sent(bytes.len()),
                Err(_) => Step::Ended(StreamEnd::Cut),
            },
            ExchangeAction::Receive => match stream.read(&mut buffer).await {
                // A close without close_notify is an error of the stream, so that this one is clean.
                Ok(0) => Step::Ended(StreamEnd::Clean),
                Ok(count) => Step::Received(count),
                Err(_) => Step::Ended(StreamEnd::Cut),
            },
            ExchangeAction::Done(_) => return,
        };
        exchange.handle(match step {
            Step::Sent(count) => ExchangeInput::Sent(count),
            Step::Received(count) => {
                ExchangeInput::Received(buffer.get(..count).unwrap_or_default())
            }
            Step::Ended(end) => ExchangeInput::Ended(end),
        });
    }
}

/// What happened to the stream, without borrowing from the exchange.
enum Step {
    Sent(usize),
    Received(usize),
    Ended(StreamEnd),
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

fn address(record: &Record) -> Option<IpAddr> {
    match record {
        Record::A(address) => Some((*address).into()),
        Record::Aaaa(address) => Some((*address).into()),
        _ => None,
    }
}

fn by_turns([six, four]: [Vec<IpAddr>; 2]) -> Vec<IpAddr> {
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let turns = core::iter::from_fn(|| match (six.next(), four.next()) {
        (None, None) => None,
        pair => Some(pair),
    });
    turns.flat_map(|(six, four)| [six, four]).flatten().take(ADDRESSES).collect()
}

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// Addresses tried. Ours: the minute ends before more could be.
const ADDRESSES: usize = 16;

/// For one address, from the first packet to the end of the handshake. Ours: so that a dead address does
/// not use up the minute.
const CONNECT: Duration = Duration::from_secs(15);

/// For our TLS close at the end.
const CLOSE: Duration = Duration::from_secs(1);

/// Bytes read at a time.
const READ: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn both_families_have_their_turn() {
        let six = addresses(&["::1", "::2"]);
        let four = addresses(&["127.0.0.1"]);
        assert_eq!(by_turns([six.clone(), four.clone()]), addresses(&["::1", "127.0.0.1", "::2"]));
        assert_eq!(by_turns([Vec::new(), four.clone()]), four);
        assert_eq!(by_turns([six.clone(), Vec::new()]), six);
    }

    #[test]
    fn no_more_than_sixteen_addresses_are_tried() {
        let four = vec![addresses(&["127.0.0.1"])[0]; ADDRESSES];
        assert_eq!(by_turns([Vec::new(), four.clone()]).len(), ADDRESSES);
        assert_eq!(by_turns([four.clone(), four]).len(), ADDRESSES);
    }
}
