//! One attempt: connect, STARTTLS, the message, QUIT.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use smtp_starttls::{
    Action, Channel, Clear, CommandError, Config, EhloName, Input, Mail, Mailer, MessageNeed,
    MxTrust, Outcome, Phase, Requirement, Sealed, Session, TlsFacts, TlsFailure, Upgrade,
    Verification, VerifiedBy,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::Envelope;
use super::handshake::{Secured, handshake};
use super::mail::send;
use super::watch::Watched;
use crate::adapter::rustls::{Connector, TlsError};
use crate::attempt::{Attempt, AttemptResult, Connection, End, Peer, Transport};
use crate::plan::{Check, HostPlan};

/// How long connecting to one address may take. Ours, after common practice; RFC 5321 names no figure.
const CONNECT: Duration = Duration::from_secs(30);

/// Carries out an attempt.
pub(super) async fn attempt(
    attempt: &Attempt,
    envelope: &Envelope<'_>,
    connector: &Connector,
    ehlo_name: &EhloName,
) -> AttemptResult {
    let stream = match connect(attempt).await {
        Ok(stream) => stream,
        Err(errors) => return AttemptResult::NotReached(errors),
    };
    let run = Run { attempt, envelope, connector, ehlo_name };
    run.over(stream).await
}

/// The first address that can be connected to.
async fn connect(attempt: &Attempt) -> Result<Raw, Vec<(SocketAddr, io::ErrorKind)>> {
    let mut errors = Vec::new();
    for address in &attempt.addresses {
        let remote = SocketAddr::new(*address, attempt.port);
        let connected = timeout(CONNECT, TcpStream::connect(remote)).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        // What is written here is whole commands: nothing is gained by waiting for more.
        match connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
            Ok(stream) => return Ok(Raw { stream, remote }),
            Err(error) => errors.push((remote, error.kind())),
        }
    }
    Err(errors)
}

/// A raw transport.
struct Raw {
    stream: TcpStream,
    remote: SocketAddr,
}

/// What an attempt is carried out with.
struct Run<'a> {
    attempt: &'a Attempt,
    envelope: &'a Envelope<'a>,
    connector: &'a Connector,
    ehlo_name: &'a EhloName,
}

impl Run<'_> {
    async fn over(&self, Raw { mut stream, remote }: Raw) -> AttemptResult {
        let mut connection = Connection::new(remote);
        connection.local = stream.local_addr().ok();
        let config = match self.config() {
            Ok(config) => config,
            Err(failure) => return failed(connection, Outcome::Refused(failure)),
        };
        let mut session = Session::<Clear>::new(&config);
        let outcome = drive(&mut session, &mut stream, in_clear).await;
        connection.greeting_name = greeting_name(&session);
        connection.downgrade = session.downgrade();
        match outcome {
            Some(Outcome::Plaintext(failure)) => {
                connection.clear_because = Some(failure);
                self.offer(session, &mut stream, connection, Rules::CLEAR).await
            }
            Some(outcome) => failed(connection, outcome),
            None => match session.into_upgrade() {
                Ok(upgrade) => self.upgrade(upgrade, stream, connection).await,
                Err(smtp_starttls::UpgradeError::Ended(outcome)) => failed(connection, outcome),
                Err(_) => AttemptResult::NotReached(vec![(remote, io::ErrorKind::Other)]),
            },
        }
    }

    fn config(&self) -> Result<Config, smtp_starttls::Failure> {
        let plan = &self.attempt.plan;
        let config = Config::new(*self.ehlo_name, plan.requirement).message(plan.need);
        match &self.attempt.transport {
            Transport::StartTls => Ok(config),
            Transport::InClear { after } => config.in_clear_after(after).map_err(|_| **after),
        }
    }

    async fn upgrade(
        &self,
        mut upgrade: Upgrade,
        stream: TcpStream,
        mut connection: Connection,
    ) -> AttemptResult {
        let (stream, first) = Watched::new(stream);
        let limit = upgrade.wait_limit().duration();
        let plan = &self.attempt.plan;
        let early = if is_verified_by_the_handshake(plan) {
            let hello = upgrade.early_hello(self.ehlo_name);
            Some(self.connector.sending_first(hello.as_bytes()))
        } else {
            None
        };
        let connector = early.as_ref().unwrap_or(self.connector);
        let secured = timeout(limit, handshake(connector, plan, stream)).await;
        let upgrade = match upgrade.first_octets(first.get()) {
            Ok(upgrade) => upgrade,
            Err(plaintext) => return failed(connection, plaintext.outcome()),
        };
        let Secured { mut stream, version, tls, peer } = match secured {
            Ok(Ok(secured)) => secured,
            Ok(Err(refused)) => {
                connection.peer = refused.peer;
                return failed(connection, upgrade.tls_failed(refused.failure));
            }
            Err(_) => return failed(connection, upgrade.tls_failed(TlsFailure::TimedOut)),
        };
        let facts = TlsFacts::new(verification(&peer), version);
        connection.tls = Some(tls);
        connection.peer = peer;
        let mut session: Session<Sealed> = upgrade.tls_up(self.ehlo_name, &facts);
        match drive(&mut session, &mut stream, inside_tls).await {
            Some(Outcome::Secured) => {
                self.offer(session, &mut stream, connection, Rules::sealed(self.attempt.plan.need))
                    .await
            }
            Some(outcome) => failed(connection, outcome),
            // A session inside TLS never asks for TLS.
            None => AttemptResult::NotReached(vec![(connection.remote, io::ErrorKind::Other)]),
        }
    }

    /// The session is ready for mail.
    async fn offer<S: Channel, T>(
        &self,
        session: Session<S>,
        io: &mut T,
        connection: Connection,
        rules: Rules<S>,
    ) -> AttemptResult
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let remote = connection.remote;
        match session.into_mailer() {
            Ok(mailer) => {
                let places = &self.attempt.recipients;
                let recipients = send(mailer, io, self.envelope, places, rules).await;
                // The message has its answer; how the connection closes changes nothing.
                let _ = timeout(Duration::from_secs(5), io.shutdown()).await;
                AttemptResult::Offered { connection, recipients }
            }
            Err(smtp_starttls::NotUsable::Ended(outcome)) => failed(connection, outcome),
            Err(_) => AttemptResult::NotReached(vec![(remote, io::ErrorKind::Other)]),
        }
    }
}

/// Whether the handshake itself fails with a server that is not verified as required: only then may EHLO
/// be handed over before it is done.
fn is_verified_by_the_handshake(plan: &HostPlan) -> bool {
    let is_audit = matches!(&plan.check, Check::Dane(records)
        if records.enforcement() == dane::discovery::Enforcement::DangerAuditOnly);
    plan.need == MessageNeed::Nothing
        && (plan.requirement != Requirement::Authenticate || !is_audit)
}

/// What a failed read or write means for the machine.
pub(super) type Classify = fn(&io::Error) -> Input<'static>;

/// Writes MAIL into a buffer.
type Begin<S> = fn(&mut Mailer<S>, &Mail<'_>, &mut [u8]) -> Result<usize, CommandError>;

/// What differs in clear and inside TLS once the session is ready for mail.
#[derive(Clone, Copy)]
pub(super) struct Rules<S> {
    pub(super) classify: Classify,
    pub(super) begin: Begin<S>,
}

impl Rules<Clear> {
    /// A message that asks for REQUIRETLS never comes here: its session does not go on in clear.
    const CLEAR: Self = Self { classify: in_clear, begin: Mailer::mail };
}

impl Rules<Sealed> {
    const fn sealed(need: MessageNeed) -> Self {
        let begin: Begin<Sealed> = match need {
            MessageNeed::Nothing => Mailer::mail,
            MessageNeed::RequireTls(MxTrust::Authenticated) => mail_require_tls,
            MessageNeed::RequireTls(MxTrust::NotAuthenticated) => {
                |_, _, _| Err(CommandError::RequireTlsNotPermitted)
            }
        };
        Self { classify: inside_tls, begin }
    }
}

/// RFC 8689 section 4.2.1: asks the next server for the same.
fn mail_require_tls(
    mailer: &mut Mailer<Sealed>,
    mail: &Mail<'_>,
    out: &mut [u8],
) -> Result<usize, CommandError> {
    let permit = mailer.permit_require_tls(MxTrust::Authenticated);
    let permit = permit.map_err(|_| CommandError::RequireTlsNotPermitted)?;
    mailer.mail_require_tls(mail, permit, out)
}

fn in_clear(_: &io::Error) -> Input<'static> {
    Input::EndOfStream
}

/// Inside TLS an alert or a broken record is told from the end of the connection.
fn inside_tls(error: &io::Error) -> Input<'static> {
    match TlsError::from(error) {
        TlsError::Broken(_) => Input::EndOfStream,
        _ => Input::TlsFailed(TlsFailure::Broken),
    }
}

/// Drives a session to its end; nothing if it wants TLS.
async fn drive<S: Channel, T>(
    session: &mut Session<S>,
    io: &mut T,
    classify: Classify,
) -> Option<Outcome>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = vec![0; READ];
    let mut wait = Wait::new(session.phase(), session.wait_limit().duration());
    loop {
        let input = match session.action() {
            Action::Send(octets) => {
                wait = Wait::new(session.phase(), session.wait_limit().duration());
                write(io, octets, wait.until, classify).await
            }
            Action::Read => {
                wait.enter(session.phase(), session.wait_limit().duration());
                read(io, &mut buffer, wait.until, classify).await
            }
            Action::StartTls => return None,
            Action::Done(outcome) => return Some(outcome),
        };
        session.handle(input);
    }
}

/// Octets read at once.
pub(super) const READ: usize = 4096;

/// A wait that covers a whole command and its reply, not each read.
pub(super) struct Wait {
    phase: Phase,
    pub(super) until: Instant,
}

impl Wait {
    pub(super) fn new(phase: Phase, limit: Duration) -> Self {
        Self { phase, until: Instant::now() + limit }
    }

    /// Begins anew if the phase is another one.
    pub(super) fn enter(&mut self, phase: Phase, limit: Duration) {
        if self.phase != phase {
            *self = Self::new(phase, limit);
        }
    }
}

/// Writes all of it, and says what the machine has to be told.
pub(super) async fn write<T>(
    io: &mut T,
    octets: &[u8],
    until: Instant,
    classify: Classify,
) -> Input<'static>
where
    T: AsyncWrite + Unpin,
{
    let written = timeout_at(until, async {
        io.write_all(octets).await?;
        io.flush().await
    });
    match written.await {
        Ok(Ok(())) => Input::Sent,
        Ok(Err(error)) => classify(&error),
        Err(_) => Input::TimedOut,
    }
}

/// Reads once, and says what the machine has to be told.
pub(super) async fn read<'b, T>(
    io: &mut T,
    buffer: &'b mut [u8],
    until: Instant,
    classify: Classify,
) -> Input<'b>
where
    T: AsyncRead + Unpin,
{
    match timeout_at(until, io.read(buffer)).await {
        Ok(Ok(0)) => Input::EndOfStream,
        Ok(Ok(read)) => Input::Bytes(buffer.get(..read).unwrap_or_default()),
        Ok(Err(error)) => classify(&error),
        Err(_) => Input::TimedOut,
    }
}

fn failed(connection: Connection, outcome: Outcome) -> AttemptResult {
    let end = match outcome {
        Outcome::RetryPlaintext(_) => End::RetryInClear,
        Outcome::Secured | Outcome::Plaintext(_) | Outcome::Refused(_) => End::Refused,
    };
    match outcome.failure() {
        Some(failure) => AttemptResult::Failed { connection, failure: *failure, end },
        None => AttemptResult::NotReached(vec![(connection.remote, io::ErrorKind::Other)]),
    }
}

fn verification(peer: &Peer) -> Verification {
    match peer {
        Peer::NotChecked => Verification::NotTried,
        Peer::Pkix => Verification::Verified(VerifiedBy::Pkix),
        Peer::DaneEe | Peer::DaneTa => Verification::Verified(VerifiedBy::Dane),
        Peer::Refused(refusal) => Verification::Failed(refusal.session_result_type()),
    }
}

fn greeting_name(session: &Session<Clear>) -> Option<String> {
    let name = session.banner_name().as_bytes();
    (!name.is_empty()).then(|| smtp_starttls::Escaped(name).to_string())
}
