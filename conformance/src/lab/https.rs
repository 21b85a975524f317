//! The policy host: HTTPS for every `mta-sts.` name of the lab, at one address.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::LabError;
use super::listen::{Acceptor, lock};
use super::tls::{Sealed, TlsVersions, handshake, hang_up_sealed, server_config};

/// What a host answers to a request for its policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Page {
    /// A whole response.
    Response {
        /// The status code.
        status: u16,
        /// The media type.
        media_type: String,
        /// The body.
        body: Vec<u8>,
    },
    /// 301 with this `Location`.
    Redirect(String),
    /// Nothing: the connection is closed when the request has come.
    Closed,
}

impl Page {
    /// A policy as it should be served: 200, `text/plain`.
    #[must_use]
    pub fn policy(body: &str) -> Self {
        let media_type = "text/plain; charset=utf-8".to_owned();
        Self::Response { status: 200, media_type, body: body.as_bytes().to_vec() }
    }
}

/// A request that came to a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// The server name of the TLS connection.
    pub sni: String,
    /// The request line.
    pub line: String,
}

/// A running policy host. Dropping it ends it.
pub struct PolicyHost {
    sites: Arc<Sites>,
    _acceptor: Acceptor,
}

impl PolicyHost {
    /// Serves at `listener`; hosts are added with [`PolicyHost::set`].
    ///
    /// # Errors
    ///
    /// [`LabError::Io`] where no thread starts, [`LabError::Tls`] for a refused configuration.
    pub fn start(listener: TcpListener) -> Result<Self, LabError> {
        let sites = Arc::new(Sites::default());
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Sites>::clone(&sites);
        let config = server_config(resolver, TlsVersions::Both)?;
        let own = Arc::clone(&sites);
        let acceptor = Acceptor::start(listener, move |stream| own.serve(stream, &config))?;
        Ok(Self { sites, _acceptor: acceptor })
    }

    /// Adds or replaces the host `name`. A name that was not added gets no handshake
    /// (RFC 8461 section 7.1).
    pub fn set(&self, name: &str, key: Arc<CertifiedKey>, page: Page) {
        let _ = lock(&self.sites.hosts).insert(name.to_ascii_lowercase(), (key, page));
    }

    /// Changes what the host `name` answers from now on, if it is there.
    pub fn set_page(&self, name: &str, page: Page) {
        if let Some((_, old)) = lock(&self.sites.hosts).get_mut(&name.to_ascii_lowercase()) {
            *old = page;
        }
    }

    /// The requests that came, oldest first; the first 1000 are kept.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.sites.requests).clone()
    }
}

#[derive(Debug, Default)]
struct Sites {
    hosts: Mutex<BTreeMap<String, (Arc<CertifiedKey>, Page)>>,
    requests: Mutex<Vec<Request>>,
}

impl ResolvesServerCert for Sites {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        lock(&self.hosts).get(&name).map(|(key, _)| Arc::clone(key))
    }
}

impl Sites {
    fn serve(&self, stream: TcpStream, config: &Arc<ServerConfig>) {
        let Ok((mut sealed, facts)) = handshake(stream, Arc::clone(config)) else { return };
        let Some(head) = read_head(&mut sealed) else { return };
        let line = head.lines().next().unwrap_or_default().to_owned();
        let sni = facts.sni.unwrap_or_default();
        let page = lock(&self.hosts).get(&sni).map(|(_, page)| page.clone());
        let response = response(&head, &sni, page);
        let mut requests = lock(&self.requests);
        if requests.len() < MAX_REQUESTS {
            requests.push(Request { sni, line });
        }
        drop(requests);
        if let Some(response) = response
            && sealed.write_all(&response).is_ok()
        {
            hang_up_sealed(sealed);
        }
    }
}

/// The request up to its empty line; none if it is too long, cut short or not text.
fn read_head(sealed: &mut Sealed) -> Option<String> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() > MAX_HEAD {
            return None;
        }
        let length = sealed.read(&mut chunk).ok().filter(|length| *length > 0)?;
        head.extend(chunk.get(..length)?);
    }
    String::from_utf8(head).ok()
}

/// The response to a request; none where the host says nothing.
fn response(head: &str, sni: &str, page: Option<Page>) -> Option<Vec<u8>> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (words.next(), words.next());
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    let host = host.map(|host| host.split(':').next().unwrap_or_default());
    let message = |status: u16| plain(status, "text/plain", b"");
    let host = match host {
        None => return Some(message(400)),
        Some(host) => host,
    };
    Some(match page {
        _ if !host.eq_ignore_ascii_case(sni) => message(421),
        _ if method != Some("GET") => message(405),
        _ if path != Some(WELL_KNOWN) => message(404),
        None => message(404),
        Some(Page::Closed) => return None,
        Some(Page::Redirect(to)) => format!(
            "HTTP/1.1 301 Moved Permanently\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .into_bytes(),
        Some(Page::Response { status, media_type, body }) => plain(status, &media_type, &body),
    })
}

fn plain(status: u16, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        if status == 200 { "OK" } else { "Not a policy" },
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The one path of a policy (RFC 8461 section 3.2).
const WELL_KNOWN: &str = "/.well-known/mta-sts.txt";
const MAX_HEAD: usize = 8192;
const MAX_REQUESTS: usize = 1000;
