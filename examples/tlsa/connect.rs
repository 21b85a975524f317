//! Connections that are only looked at: what a server offers at each of its addresses, and which chain it
//! sends there.

use core::net::IpAddr;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use dane::adapter::rustls::{DaneVerifier, client_config};
use dane::discovery::DanePlan;
use dane::publish::StartTls;
use rustls::{AlertDescription, ClientConfig, ClientConnection};
use smtp_starttls::{
    Action, Clear, Config, EhloName, Input, Reason, Requirement, Session, Upgrade,
};

use crate::args::{Check, Tls};
use crate::network::ehlo_name;
use crate::provider::provider;
use crate::stopped::Stopped;

/// What was seen of a server at one address.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) address: IpAddr,
    pub(crate) starttls: StartTls,
    /// As it was sent; empty without TLS.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Why the plan's records do not authenticate the server, if so.
    pub(crate) failure: Option<dane::Failure>,
    pub(crate) tls: Option<String>,
    /// Why it was not seen to the end, if so.
    pub(crate) halt: Option<Halt>,
}

/// Why a server was not seen to the end of the TLS handshake.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// This machine has no way to addresses of this kind: nothing is said of the server.
    #[error("there is no route from here: {0}")]
    NoRoute(io::ErrorKind),
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("does not get as far as tls: {0}")]
    Smtp(String),
    #[error("tls handshake failed: {0}")]
    Handshake(String),
    /// The alert of a server that has no signature to offer, among other reasons.
    #[error(
        "tls handshake failed: {0}; perhaps its key is of a kind that this program cannot verify{hint}",
        hint = if cfg!(feature = "aws-lc-rs") { "" } else { " without its feature aws-lc-rs" }
    )]
    NothingInCommon(String),
}

impl Halt {
    /// A stable word for this.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::NoRoute(_) => "no-route",
            Self::Unreachable(_) => "unreachable",
            Self::Smtp(_) => "no-tls",
            Self::Handshake(_) => "tls-handshake",
            Self::NothingInCommon(_) => "tls-nothing-in-common",
        }
    }
}

/// Connects to every address, to some of them at a time. The plan must be to audit only.
pub(crate) fn connect(
    args: &Check,
    addresses: &[IpAddr],
    plan: &DanePlan,
) -> Result<Vec<Seen>, Stopped> {
    let greeting = ehlo_name(Some(&args.ehlo))?;
    let mut seen = Vec::with_capacity(addresses.len());
    for some in addresses.chunks(AT_A_TIME) {
        thread::scope(|scope| {
            let greeting = &greeting;
            let visit = |address: &IpAddr| {
                let address = *address;
                scope.spawn(move || look(args, address, plan, *greeting))
            };
            let visits: Vec<_> = some.iter().map(visit).collect();
            for (visit, address) in visits.into_iter().zip(some) {
                let halt = |_| Seen::halted(*address, Halt::Unreachable("no answer".to_owned()));
                seen.push(visit.join().unwrap_or_else(halt));
            }
        });
    }
    Ok(seen)
}

/// Connections at the same time at most: more than the addresses of almost every host.
const AT_A_TIME: usize = 16;

impl Seen {
    fn halted(address: IpAddr, halt: Halt) -> Self {
        Self { halt: Some(halt), ..Self::clear(address, StartTls::Always) }
    }

    /// A server without TLS.
    fn clear(address: IpAddr, starttls: StartTls) -> Self {
        Self { address, starttls, chain: Vec::new(), failure: None, tls: None, halt: None }
    }
}

fn look(args: &Check, address: IpAddr, plan: &DanePlan, greeting: EhloName) -> Seen {
    match visit(args, address, plan, greeting) {
        Ok(seen) => seen,
        Err(halt) => Seen::halted(address, halt),
    }
}

fn visit(args: &Check, address: IpAddr, plan: &DanePlan, greeting: EhloName) -> Result<Seen, Halt> {
    let mut timed = open(args, address)?;
    let at_once = args.tls.map_or(args.port == 465, |tls| tls == Tls::Implicit);
    let upgrade = match at_once {
        true => None,
        false => match starttls(&mut timed, greeting)? {
            Some(upgrade) => Some(upgrade),
            None => return Ok(Seen::clear(address, StartTls::Never)),
        },
    };
    let provider = provider();
    let verifier = Arc::new(DaneVerifier::new(plan, &provider));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Halt::Handshake(error.to_string()))?;
    let config = client_config(builder, Arc::clone(&verifier));
    let mut tls = ClientConnection::new(Arc::new(config), verifier.server_name())
        .map_err(|error| Halt::Handshake(error.to_string()))?;
    let done = handshake(&mut timed, &mut tls, upgrade);
    let mut seen = Seen::clear(address, StartTls::Always);
    seen.chain =
        tls.peer_certificates().unwrap_or_default().iter().map(|one| one.to_vec()).collect();
    seen.failure = verifier.failure();
    match done {
        Ok(()) => {
            tls.send_close_notify();
            let _ = tls.complete_io(&mut timed);
            seen.tls = tls.protocol_version().map(|version| format!("{version:?}"));
        }
        Err(error) => seen.halt = Some(halt(&error)),
    }
    Ok(seen)
}

/// Why the handshake came to nothing.
fn halt(error: &io::Error) -> Halt {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(AlertDescription::HandshakeFailure)) => {
            Halt::NothingInCommon(error.to_string())
        }
        _ => Halt::Handshake(error.to_string()),
    }
}

fn open(args: &Check, address: IpAddr) -> Result<Timed, Halt> {
    let limit = Duration::from_secs(args.time_limit);
    let deadline = Instant::now() + limit;
    match TcpStream::connect_timeout(&(address, args.port).into(), limit) {
        Ok(stream) => Ok(Timed { stream, deadline }),
        Err(error) if has_no_route(&error) => Err(Halt::NoRoute(error.kind())),
        Err(error) => Err(Halt::Unreachable(format!("port {}: {error}", args.port))),
    }
}

/// Whether it is this machine that has no addresses of the family, or no route for them.
fn has_no_route(error: &io::Error) -> bool {
    let no_family = nix::errno::Errno::EAFNOSUPPORT as i32;
    error.raw_os_error() == Some(no_family)
        || matches!(
            error.kind(),
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable
        )
}

/// Until the server is ready for TLS; none if it does not offer it.
fn starttls(timed: &mut Timed, greeting: EhloName) -> Result<Option<Upgrade>, Halt> {
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
                    Some(failure) => Err(Halt::Smtp(failure.reason.word().to_owned())),
                    None => Ok(None),
                };
            }
        };
        session.handle(input);
    }
    session.into_upgrade().map(Some).map_err(|error| Halt::Smtp(error.to_string()))
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
