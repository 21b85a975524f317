//! A connection that is only looked at: what the server offers and which chain it sends.

use core::net::IpAddr;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use dane::adapter::rustls::{DaneVerifier, client_config};
use dane::discovery::DanePlan;
use dane::publish::StartTls;
use rustls::{ClientConfig, ClientConnection};
use smtp_starttls::{
    Action, Clear, Config, EhloName, Input, Reason, Requirement, Session, Upgrade,
};

use crate::args::{Check, Tls};
use crate::exit::{Exit, Stopped};

/// What was seen of a server.
pub(crate) struct Seen {
    pub(crate) address: IpAddr,
    pub(crate) starttls: StartTls,
    /// As it was sent; empty without TLS.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Why the plan's records do not authenticate the server, if so.
    pub(crate) failure: Option<dane::Failure>,
    pub(crate) tls: Option<String>,
}

/// Connects to the first address that can be connected to. The plan must be to audit only.
pub(crate) fn connect(
    args: &Check,
    addresses: &[IpAddr],
    plan: &DanePlan,
) -> Result<Seen, Stopped> {
    let greeting: EhloName = args.ehlo.parse().map_err(|error| {
        Stopped::new(Exit::Usage, format!("name {:?} for EHLO: {error}", args.ehlo))
    })?;
    let mut timed = open(args, addresses)?;
    let address = timed.address;
    let at_once = args.tls.map_or(args.port == 465, |tls| tls == Tls::Implicit);
    let upgrade = match at_once {
        true => None,
        false => match starttls(&mut timed, greeting)? {
            Some(upgrade) => Some(upgrade),
            None => {
                let (starttls, chain) = (StartTls::Never, Vec::new());
                return Ok(Seen { address, starttls, chain, failure: None, tls: None });
            }
        },
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(DaneVerifier::new(plan, &provider));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Stopped::new(Exit::Unavailable, error))?;
    let config = client_config(builder, Arc::clone(&verifier));
    let mut tls = ClientConnection::new(Arc::new(config), verifier.server_name())
        .map_err(|error| Stopped::new(Exit::Unavailable, error))?;
    let done = handshake(&mut timed, &mut tls, upgrade);
    let chain: Vec<Vec<u8>> =
        tls.peer_certificates().unwrap_or_default().iter().map(|one| one.to_vec()).collect();
    if let Err(error) = done {
        let message = match verifier.failure() {
            Some(failure) => format!("tls handshake failed: {failure}"),
            None => format!("tls handshake failed: {error}"),
        };
        return Err(timed.stopped(message));
    }
    tls.send_close_notify();
    let _ = tls.complete_io(&mut timed);
    let version = tls.protocol_version().map(|version| format!("{version:?}"));
    let failure = verifier.failure();
    Ok(Seen { address, starttls: StartTls::Always, chain, failure, tls: version })
}

fn open(args: &Check, addresses: &[IpAddr]) -> Result<Timed, Stopped> {
    let limit = Duration::from_secs(args.time_limit);
    let deadline = Instant::now() + limit;
    let mut last = Stopped::new(Exit::Unavailable, format!("{} has no address", args.host));
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        match TcpStream::connect_timeout(&(*address, args.port).into(), left) {
            Ok(stream) => {
                return Ok(Timed { stream, deadline, address: *address, port: args.port });
            }
            Err(error) => {
                let message = format!("{address} port {}: {error}", args.port);
                last = Stopped::new(Exit::Unavailable, message);
            }
        }
    }
    Err(last)
}

/// Until the server is ready for TLS; none if it does not offer it.
fn starttls(timed: &mut Timed, greeting: EhloName) -> Result<Option<Upgrade>, Stopped> {
    let mut session = Session::<Clear>::new(&Config::new(greeting, Requirement::Encrypt));
    let mut buffer = [0; 4096];
    loop {
        let input = match session.action() {
            Action::StartTls => break,
            Action::Send(octets) => match timed.write_all(octets) {
                Ok(()) => Input::Sent,
                Err(_) => Input::EndOfStream,
            },
            Action::Read => match timed.read(&mut buffer) {
                Ok(read) if read > 0 => Input::Bytes(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => Input::TimedOut,
                Ok(_) | Err(_) => Input::EndOfStream,
            },
            Action::Done(outcome) => {
                return match outcome.failure() {
                    Some(failure) if failure.reason == Reason::StartTlsNotOffered => Ok(None),
                    Some(failure) => Err(timed.stopped(failure.reason.word())),
                    None => Ok(None),
                };
            }
        };
        session.handle(input);
    }
    session.into_upgrade().map(Some).map_err(|error| timed.stopped(error))
}

fn handshake(
    timed: &mut Timed,
    tls: &mut ClientConnection,
    upgrade: Option<Upgrade>,
) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(timed)?;
    }
    if let Some(upgrade) = upgrade {
        let mut first = [0; 1];
        timed.wait()?;
        let count = timed.stream.peek(&mut first).map_err(timed_out)?;
        let _ = upgrade
            .first_octets(first.get(..count).unwrap_or_default())
            .map_err(io::Error::other)?;
    }
    while tls.is_handshaking() {
        tls.complete_io(timed)?;
    }
    Ok(())
}

/// A stream with one deadline for everything.
struct Timed {
    stream: TcpStream,
    deadline: Instant,
    address: IpAddr,
    port: u16,
}

impl Timed {
    /// Lets the next call last as long as is left.
    fn wait(&self) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.set_write_timeout(Some(left))
    }

    fn stopped(&self, why: impl core::fmt::Display) -> Stopped {
        let message = format!("{} port {}: {why}", self.address, self.port);
        Stopped::new(Exit::Unavailable, message)
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait()?;
        self.stream.read(buffer).map_err(timed_out)
    }
}

impl Write for Timed {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.wait()?;
        self.stream.write(octets).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A limit that has passed is `WouldBlock` on some systems.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
