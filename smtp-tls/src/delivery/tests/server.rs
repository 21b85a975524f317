//! A mail server in memory, behind the real session machine.

use smtp_starttls::{
    Action, Channel, Clear, Config, EhloName, Failure, Input, Outcome, ReplyCode, Session,
    TlsFacts, TlsFailure, TlsVersion, Verification, VerifiedBy,
};

use crate::attempt::{
    Answered, Attempt, AttemptResult, Connection, End, Peer, Refusal, Reply, Tls, Transport,
};
use crate::plan::Check;
use smtp_starttls::{Requirement, ResultType};

/// How a server behaves.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) up: bool,
    pub(super) greeting: &'static str,
    pub(super) starttls: StartTls,
    /// Whether its certificate passes the roots and names the host.
    pub(super) pkix: bool,
    /// Whether its key is the one of the records.
    pub(super) dane: bool,
    pub(super) require_tls: bool,
    /// Its answer to EHLO inside TLS, where it is no list.
    pub(super) inside: Option<&'static str>,
    /// What it answers to each recipient, by its place; the last one for all that follow.
    pub(super) answers: Vec<Answered>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum StartTls {
    Works,
    Absent,
    /// Answered with this line.
    Answered(&'static str),
    /// The handshake fails.
    Broken,
    /// The handshake fails because the server does not prove that it holds the key of its certificate.
    NotProven,
    /// The connection ends where its answer should be.
    Lost,
    /// Its answer does not come in time.
    Slow,
    PlainTextInstead,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            up: true,
            greeting: "220 mx ESMTP\r\n",
            starttls: StartTls::Works,
            pkix: true,
            dane: true,
            require_tls: true,
            inside: None,
            answers: vec![Answered::Taken(reply(250, "taken"))],
        }
    }
}

pub(super) fn reply(code: u16, text: &str) -> Reply {
    Reply { code: ReplyCode::new(code).unwrap(), enhanced: None, text: text.to_owned() }
}

pub(super) fn later() -> Answered {
    Answered::Later(reply(451, "later"))
}

pub(super) fn never() -> Answered {
    Answered::Never(reply(550, "never"))
}

impl Server {
    pub(super) fn down() -> Self {
        Self { up: false, ..Self::default() }
    }

    pub(super) fn with(starttls: StartTls) -> Self {
        Self { starttls, ..Self::default() }
    }

    pub(super) fn answering(answers: impl IntoIterator<Item = Answered>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }

    /// What an attempt at it comes to.
    pub(super) fn visited(&self, attempt: &Attempt) -> AttemptResult {
        let remote = core::net::SocketAddr::new(attempt.addresses[0], attempt.port);
        if !self.up {
            let error = (remote, std::io::ErrorKind::ConnectionRefused);
            return AttemptResult::NotReached(vec![error]);
        }
        let plan = &attempt.plan;
        let name: EhloName = "me.test".parse().unwrap();
        let mut config = Config::new(name, plan.requirement).message(plan.need);
        if let Transport::InClear { after } = &attempt.transport {
            config = config.in_clear_after(after).unwrap();
        }
        let mut connection = Connection::new(remote);
        let mut session = Session::<Clear>::new(&config);
        let outcome = self.drive(&mut session, false);
        connection.greeting_name = Some("mx".to_owned());
        connection.downgrade = session.downgrade();
        match outcome {
            Some(Outcome::Plaintext(failure)) => {
                connection.clear_because = Some(failure);
                self.offered(attempt, connection)
            }
            Some(outcome) => failed(connection, outcome),
            None => self.inside_tls(attempt, &name, session, connection),
        }
    }

    fn inside_tls(
        &self,
        attempt: &Attempt,
        name: &EhloName,
        session: Session<Clear>,
        mut connection: Connection,
    ) -> AttemptResult {
        let upgrade = session.into_upgrade().unwrap();
        let upgrade = match self.starttls {
            StartTls::PlainTextInstead => match upgrade.first_octets(b"220 ready\r\n") {
                Ok(_) => panic!("plain text is no TLS"),
                Err(plain) => return failed(connection, plain.outcome()),
            },
            StartTls::Broken => {
                return failed(connection, upgrade.tls_failed(TlsFailure::Broken));
            }
            StartTls::NotProven => {
                connection.peer = refusal("validation-failure", "handshake-signature");
                let how = TlsFailure::Certificate(ResultType::ValidationFailure);
                return failed(connection, upgrade.tls_failed(how));
            }
            _ => upgrade,
        };
        let must_pass = attempt.plan.requirement == Requirement::Authenticate;
        connection.peer = match (&attempt.plan.check, self.pkix, self.dane) {
            (Check::Nothing, ..) => Peer::NotChecked,
            (Check::Pkix, true, _) => Peer::Pkix,
            (Check::Dane(_), _, true) => Peer::DaneEe,
            (Check::Pkix, false, _) => refusal("certificate-host-mismatch", "no-match"),
            (Check::Dane(_), _, false) => refusal("validation-failure", "no-match"),
        };
        let verification = match &connection.peer {
            Peer::Pkix => Verification::Verified(VerifiedBy::Pkix),
            Peer::DaneEe | Peer::DaneTa => Verification::Verified(VerifiedBy::Dane),
            Peer::NotChecked => Verification::NotTried,
            Peer::Refused(_) if must_pass => {
                let how = TlsFailure::Certificate(ResultType::CertificateHostMismatch);
                return failed(connection, upgrade.tls_failed(how));
            }
            Peer::Refused(_) => Verification::Failed(ResultType::CertificateHostMismatch),
        };
        connection.tls = Some(Tls { version: "TLSv1.3".to_owned(), cipher_suite: "X".to_owned() });
        let facts = TlsFacts::new(verification, TlsVersion::TLS13);
        let mut session = upgrade.tls_up(name, &facts);
        match self.drive(&mut session, true) {
            Some(Outcome::Secured) => self.offered(attempt, connection),
            Some(outcome) => failed(connection, outcome),
            None => panic!("inside TLS nobody asks for TLS"),
        }
    }

    fn drive<S: Channel>(&self, session: &mut Session<S>, inside: bool) -> Option<Outcome> {
        let mut answer = self.greeting.to_owned();
        loop {
            match session.action() {
                Action::Send(line) => {
                    answer = self.reply(&String::from_utf8_lossy(line), inside);
                    session.handle(Input::Sent);
                }
                Action::Read if answer == LOST => {
                    session.handle(Input::EndOfStream);
                }
                Action::Read if answer == SLOW => {
                    session.handle(Input::TimedOut);
                }
                Action::Read => {
                    session.handle(Input::Bytes(answer.as_bytes()));
                }
                Action::StartTls => return None,
                Action::Done(outcome) => return Some(outcome),
            }
        }
    }

    fn reply(&self, line: &str, inside: bool) -> String {
        let line = line.trim_end();
        match (line.split(' ').next().unwrap_or_default(), self.starttls) {
            ("EHLO", _) if inside && self.inside.is_some() => self.inside.unwrap().to_owned(),
            ("EHLO", _) if inside && self.require_tls => "250-mx\r\n250 REQUIRETLS\r\n".to_owned(),
            ("EHLO", StartTls::Absent) => "250 mx\r\n".to_owned(),
            ("EHLO", _) if inside => "250 mx\r\n".to_owned(),
            ("EHLO", _) => "250-mx\r\n250 STARTTLS\r\n".to_owned(),
            ("STARTTLS", StartTls::Absent) => "502 what\r\n".to_owned(),
            ("STARTTLS", StartTls::Answered(answer)) => answer.to_owned(),
            ("STARTTLS", StartTls::Lost) => LOST.to_owned(),
            ("STARTTLS", StartTls::Slow) => SLOW.to_owned(),
            ("STARTTLS", _) => "220 go\r\n".to_owned(),
            ("QUIT", _) => "221 bye\r\n".to_owned(),
            _ => panic!("the session says {line:?}"),
        }
    }

    fn offered(&self, attempt: &Attempt, connection: Connection) -> AttemptResult {
        let last = self.answers.last().cloned().unwrap();
        let recipients = attempt
            .recipients
            .iter()
            .map(|place| self.answers.get(*place).cloned().unwrap_or_else(|| last.clone()))
            .collect();
        AttemptResult::Offered { connection, recipients }
    }
}

/// In place of an answer.
const LOST: &str = "lost";
const SLOW: &str = "slow";

fn refusal(result_type: &'static str, reason: &'static str) -> Peer {
    Peer::Refused(Refusal { result_type, reason, explanation: "wrong".to_owned() })
}

fn failed(connection: Connection, outcome: Outcome) -> AttemptResult {
    let end = match outcome {
        Outcome::RetryPlaintext(_) => End::RetryInClear,
        _ => End::Refused,
    };
    let failure: Failure = *outcome.failure().unwrap();
    AttemptResult::Failed { connection, failure, end }
}
