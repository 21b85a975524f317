//! The stages of a visit, and the ways from one to the next.

use std::io;

use smtp_starttls::{
    Channel, Clear, Config, EhloName, Input as Heard, NotUsable, Outcome, Sealed, Session,
    TlsFacts, TlsFailure, Upgrade, UpgradeError,
};

use super::Visit;
use super::conversation::Conversation;
use super::handshake::{
    Judge, Refused, Secured, begin, failure_of, is_verified_by_the_handshake, verification,
};
use super::mail::Talk;
use super::mail::begin::{Begin, CLEAR, sealed};
use crate::adapter::rustls::octets::{Came, Tls, TlsEnd};
use crate::adapter::rustls::{Connector, TlsError};
use crate::attempt::{Answered, Attempt, AttemptResult, Connection, End, Peer, Transport};
use crate::driver::Envelope;

/// What a visit is carried out with.
#[derive(Clone, Copy, Debug)]
pub(super) struct With<'a> {
    pub(super) attempt: &'a Attempt,
    pub(super) envelope: &'a Envelope<'a>,
    pub(super) connector: &'a Connector,
    pub(super) ehlo_name: &'a EhloName,
}

pub(super) enum Stage<'a> {
    Clear(Box<Session<Clear>>),
    Handshake(Upgrade, Judge),
    Sealed(Box<Session<Sealed>>),
    MailInClear(Box<Talk<'a, Clear>>),
    MailSealed(Box<Talk<'a, Sealed>>),
    Over(Box<AttemptResult>),
}

impl<'a> Visit<'a> {
    pub(super) fn first_stage(with: &With<'a>, connection: &Connection) -> Stage<'a> {
        match with.config() {
            Ok(config) => Stage::Clear(Box::new(Session::<Clear>::new(&config))),
            Err(failure) => Stage::failed(connection.clone(), Outcome::Refused(failure)),
        }
    }

    /// What came out of TLS, or how it ended.
    pub(super) fn came(&mut self, came: &Came) {
        if let (Stage::Handshake(_, judge), Some(end)) = (&self.stage, &came.end) {
            let refused = match end {
                TlsEnd::Broken(error) => judge.refused(error),
                TlsEnd::Closed => Refused::lost(),
            };
            return self.handshake_failed(refused);
        }
        self.handshake_done();
        if !came.plain.is_empty() {
            self.hear(Heard::Bytes(&came.plain));
        }
        match &came.end {
            None => {}
            Some(TlsEnd::Closed) => self.hear(Heard::EndOfStream),
            Some(TlsEnd::Broken(error)) => {
                self.hear(Heard::TlsFailed(failure_of(&TlsError::from(error))));
            }
        }
    }

    fn handshake_done(&mut self) {
        let Some(tls) = self.tls.as_ref().filter(|tls| !tls.is_handshaking()) else { return };
        let Stage::Handshake(_, judge) = &self.stage else { return };
        match judge.secured(tls.connection()) {
            Ok(Secured { version, tls, peer }) => {
                let facts = TlsFacts::new(verification(&peer), version);
                (self.connection.tls, self.connection.peer) = (Some(tls), peer);
                let name = self.with.ehlo_name;
                self.end_handshake(|upgrade, _| {
                    Ok(Stage::Sealed(Box::new(upgrade.tls_up(name, &facts))))
                });
            }
            Err(refused) => self.handshake_failed(refused),
        }
    }

    fn handshake_failed(&mut self, refused: Refused) {
        self.connection.peer = refused.peer;
        self.end_handshake(|upgrade, _| Err(upgrade.tls_failed(refused.failure)));
    }

    /// Ends the handshake, if there is one, in another stage or as a failure.
    pub(super) fn end_handshake(
        &mut self,
        how: impl FnOnce(Upgrade, Judge) -> Result<Stage<'a>, Outcome>,
    ) {
        if !matches!(self.stage, Stage::Handshake(..)) {
            return;
        }
        if let Stage::Handshake(upgrade, judge) = self.take_stage() {
            self.stage = how(upgrade, judge).unwrap_or_else(|outcome| self.failed(Some(outcome)));
        }
    }

    fn take_stage(&mut self) -> Stage<'a> {
        let nothing = AttemptResult::NotReached(Vec::new());
        core::mem::replace(&mut self.stage, Stage::Over(Box::new(nothing)))
    }

    /// A conversation is over: on to what follows.
    pub(super) fn next_stage(&mut self) {
        self.stage = match self.take_stage() {
            Stage::Clear(session) => self.after_clear(*session),
            Stage::Sealed(session) => match session.outcome() {
                Some(Outcome::Secured) => {
                    let plan = &self.with.attempt.plan;
                    let begin = sealed(plan.need, plan.wish);
                    self.mail(*session, begin, |talk| Stage::MailSealed(Box::new(talk)))
                }
                outcome => self.failed(outcome),
            },
            Stage::MailInClear(talk) => self.offered(talk.into_answers()),
            Stage::MailSealed(talk) => self.offered(talk.into_answers()),
            stage @ (Stage::Handshake(..) | Stage::Over(_)) => stage,
        };
        if let (Stage::Over(_), Some(tls)) = (&self.stage, &mut self.tls) {
            tls.close();
        }
    }

    fn after_clear(&mut self, session: Session<Clear>) -> Stage<'a> {
        self.connection.greeting_name = greeting_name(&session);
        self.connection.greets_with_our_name = session.greets_with_our_name();
        self.connection.downgrade = session.downgrade();
        match session.outcome() {
            Some(Outcome::Plaintext(failure)) => {
                self.connection.clear_because = Some(failure);
                self.mail(session, CLEAR, |talk| Stage::MailInClear(Box::new(talk)))
            }
            Some(outcome) => self.failed(Some(outcome)),
            None => match session.into_upgrade() {
                Ok(upgrade) => self.begin_handshake(upgrade),
                Err(UpgradeError::Ended(outcome)) => self.failed(Some(outcome)),
                Err(_) => self.failed(None),
            },
        }
    }

    fn begin_handshake(&mut self, mut upgrade: Upgrade) -> Stage<'a> {
        let plan = &self.with.attempt.plan;
        match begin(self.with.connector, plan) {
            Ok((connection, judge)) => {
                let mut tls = Tls::new(connection);
                if is_verified_by_the_handshake(plan) {
                    // It leaves in one write with our Finished.
                    tls.write(upgrade.early_hello(self.with.ehlo_name).as_bytes());
                }
                self.tls = Some(tls);
                Stage::Handshake(upgrade, judge)
            }
            Err(refused) => {
                self.connection.peer = refused.peer;
                self.failed(Some(upgrade.tls_failed(refused.failure)))
            }
        }
    }

    fn mail<S: Channel>(
        &self,
        session: Session<S>,
        begin: Begin<S>,
        stage: impl FnOnce(Talk<'a, S>) -> Stage<'a>,
    ) -> Stage<'a> {
        let With { attempt, envelope, .. } = self.with;
        match session.into_mailer() {
            Ok(mailer) => stage(Talk::new(mailer, begin, envelope, &attempt.recipients)),
            Err(NotUsable::Ended(outcome)) => self.failed(Some(outcome)),
            Err(_) => self.failed(None),
        }
    }

    fn offered(&self, recipients: Vec<Answered>) -> Stage<'a> {
        let connection = self.connection.clone();
        Stage::Over(Box::new(AttemptResult::Offered { connection, recipients }))
    }

    fn failed(&self, outcome: Option<Outcome>) -> Stage<'a> {
        match outcome {
            Some(outcome) => Stage::failed(self.connection.clone(), outcome),
            // A session that is over has come to something.
            None => Stage::nothing(&self.connection),
        }
    }
}

impl With<'_> {
    fn config(&self) -> Result<Config, smtp_starttls::Failure> {
        let plan = &self.attempt.plan;
        let config = Config::new(*self.ehlo_name, plan.requirement).message(plan.need);
        match &self.attempt.transport {
            Transport::StartTls => Ok(config),
            Transport::InClear { after } => config.in_clear_after(after).map_err(|_| **after),
        }
    }
}

impl Stage<'_> {
    fn failed(connection: Connection, outcome: Outcome) -> Self {
        let end = match outcome {
            Outcome::RetryPlaintext(_) => End::RetryInClear,
            Outcome::Secured | Outcome::Plaintext(_) | Outcome::Refused(_) => End::Refused,
        };
        match outcome.failure() {
            Some(failure) => {
                let failure = *failure;
                Self::Over(Box::new(AttemptResult::Failed { connection, failure, end }))
            }
            None => Self::nothing(&connection),
        }
    }

    fn nothing(connection: &Connection) -> Self {
        let error = (connection.remote, io::ErrorKind::Other);
        Self::Over(Box::new(AttemptResult::NotReached(vec![error])))
    }

    pub(super) fn conversation(&self) -> Option<&dyn Conversation> {
        match self {
            Self::Clear(session) => Some(&**session),
            Self::Sealed(session) => Some(&**session),
            Self::MailInClear(talk) => Some(&**talk),
            Self::MailSealed(talk) => Some(&**talk),
            Self::Handshake(..) | Self::Over(_) => None,
        }
    }

    pub(super) fn conversation_mut(&mut self) -> Option<&mut dyn Conversation> {
        match self {
            Self::Clear(session) => Some(&mut **session),
            Self::Sealed(session) => Some(&mut **session),
            Self::MailInClear(talk) => Some(&mut **talk),
            Self::MailSealed(talk) => Some(&mut **talk),
            Self::Handshake(..) | Self::Over(_) => None,
        }
    }
}

impl core::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Clear(_) => "Clear",
            Self::Handshake(..) => "Handshake",
            Self::Sealed(_) => "Sealed",
            Self::MailInClear(_) => "MailInClear",
            Self::MailSealed(_) => "MailSealed",
            Self::Over(_) => "Over",
        })
    }
}

impl Refused {
    const fn lost() -> Self {
        Self { failure: TlsFailure::Lost, peer: Peer::NotChecked }
    }
}

fn greeting_name(session: &Session<Clear>) -> Option<String> {
    let name = session.banner_name().as_bytes();
    (!name.is_empty()).then(|| smtp_starttls::Escaped(name).to_string())
}
