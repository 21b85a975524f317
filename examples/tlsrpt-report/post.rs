//! A report by HTTPS ([RFC 8460 section 5.4](https://www.rfc-editor.org/rfc/rfc8460#section-5.4)).
//!
//! The certificate must name the host and chain to the roots; redirects are not followed, and no cookie, cache,
//! proxy or authentication is used. Who receives learns the report and nothing else.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use pki_types::ServerName;
use smtp_tls::adapter::rustls::{Check, Connector};
use smtp_tls::resolve::{Answer, BoxedLookUp, Kind, LookUp, Name, Question, Record};
use tlsrpt::DeliveryInput;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

/// Posts reports.
pub(crate) struct Poster {
    dns: Arc<BoxedLookUp>,
    connector: Connector,
}

impl Poster {
    pub(crate) fn new(dns: Arc<BoxedLookUp>, connector: &Connector) -> Self {
        Self { dns, connector: connector.for_application(b"http/1.1") }
    }

    /// Posts once. `host` may have a port.
    pub(crate) async fn post(
        &self,
        host: &str,
        target: &str,
        body: &[u8],
    ) -> (DeliveryInput, String) {
        let posted = timeout(LIMIT, self.post_in_time(host, target, body)).await;
        match posted.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut))) {
            Ok((status, retry_after)) => {
                (DeliveryInput::HttpStatus { status, retry_after }, format!("status {status}"))
            }
            Err(error) => (DeliveryInput::Unreachable, error.to_string()),
        }
    }

    async fn post_in_time(
        &self,
        host: &str,
        target: &str,
        body: &[u8],
    ) -> io::Result<(u16, Option<Duration>)> {
        let mut stream = self.connect(host).await?;
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/tlsrpt+gzip\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        // A server may answer before it has read all, and then read no more.
        let sent = async {
            stream.write_all(body).await?;
            stream.flush().await
        }
        .await;
        let answer = read_answer(&mut stream).await;
        // The answer counts, also one that came early.
        answer.map_err(|error| sent.err().unwrap_or(error))
    }

    async fn connect(&self, authority: &str) -> io::Result<TlsStream<TcpStream>> {
        let (host, port) = split(authority).ok_or(io::ErrorKind::InvalidInput)?;
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.addresses(host).await? {
            let address = SocketAddr::new(address, port);
            let secured = async {
                let stream = TcpStream::connect(address).await?;
                let secured = self.connector.connect(name.clone(), Check::Pkix, stream).await;
                secured.map_err(io::Error::other)
            };
            match timeout(CONNECT, secured).await {
                Ok(Ok(secured)) => return Ok(secured.stream),
                Ok(Err(error)) => failure = error,
                Err(_) => failure = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(failure)
    }

    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let name: Name = host.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
        let (six, four) = (Question::new(name.clone(), Kind::Aaaa), Question::new(name, Kind::A));
        let (six, four) = tokio::join!(self.dns.look_up(&six), self.dns.look_up(&four));
        if let (Err(error), Err(_)) = (&six, &four) {
            return Err(io::Error::other(error.to_string()));
        }
        let records = |answer: &Answer| answer.records().to_vec();
        let all = [six, four].iter().flatten().flat_map(records).collect::<Vec<_>>();
        let address = |record: &Record| match record {
            Record::A(address) => Some((*address).into()),
            Record::Aaaa(address) => Some((*address).into()),
            _ => None,
        };
        Ok(all.iter().filter_map(address).take(ADDRESSES).collect())
    }
}

/// Reads to the end of the head of the final answer.
async fn read_answer(stream: &mut TlsStream<TcpStream>) -> io::Result<(u16, Option<Duration>)> {
    let mut bytes = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&bytes).map_err(|error| io::Error::other(error.to_string()))? {
            httparse::Status::Complete(length) => {
                let status = response.code.unwrap_or_default();
                if !(100..200).contains(&status) {
                    return Ok((status, retry_after(response.headers)));
                }
                drop(bytes.drain(..length));
            }
            httparse::Status::Partial => {
                let room = (HEAD - bytes.len().min(HEAD)) as u64;
                if (&mut *stream).take(room).read_buf(&mut bytes).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
}

/// Seconds; a date is not looked at, and the back-off stands.
fn retry_after(headers: &[httparse::Header<'_>]) -> Option<Duration> {
    let field = headers.iter().find(|field| field.name.eq_ignore_ascii_case("Retry-After"))?;
    let seconds = core::str::from_utf8(field.value).ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

/// Host and port; an IPv6 address without its brackets.
fn split(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':')))?,
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    match port {
        None | Some("") => Some((host, HTTPS)),
        Some(port) => Some((host, port.parse().ok()?)),
    }
}

const HTTPS: u16 = 443;

/// For one post. Ours: ten megabytes at two megabits a second.
const LIMIT: Duration = Duration::from_secs(60);

/// For one address. Ours: a dead address must not use up the minute.
const CONNECT: Duration = Duration::from_secs(15);

/// Addresses tried. Ours.
const ADDRESSES: usize = 8;

/// Bytes of an answer's head. Ours.
const HEAD: usize = 16_384;

/// Header fields of an answer. Ours.
const HEADERS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_a_port_or_that_of_https() {
        assert_eq!(split("a.example"), Some(("a.example", 443)));
        assert_eq!(split("a.example:"), Some(("a.example", 443)));
        assert_eq!(split("a.example:8443"), Some(("a.example", 8_443)));
        assert_eq!(split("[2001:db8::1]"), Some(("2001:db8::1", 443)));
        assert_eq!(split("[2001:db8::1]:8443"), Some(("2001:db8::1", 8_443)));
        assert_eq!(split("a.example:x"), None);
        assert_eq!(split("[2001:db8::1"), None);
    }

    #[test]
    fn rfc8460_5_5_retry_after_is_taken_in_seconds() {
        let field =
            |value: &'static [u8]| retry_after(&[httparse::Header { name: "retry-after", value }]);
        assert_eq!(field(b"120"), Some(Duration::from_secs(120)));
        assert_eq!(field(b"-1"), None);
        assert_eq!(field(b"Fri, 20 Nov 2026 00:00:00 GMT"), None);
        assert_eq!(retry_after(&[]), None);
    }
}
