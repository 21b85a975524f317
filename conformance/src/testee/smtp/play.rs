//! Plays a script against the client.

use smtp_starttls::{
    Action, Channel, Clear, Config, Downgrade, EhloName, Input, Outcome, Sealed, Session, TlsFacts,
    TlsFailure, TlsVersion, Upgrade, Verification, VerifiedBy,
};

use crate::request::smtp::{Step, Tls};

/// What came of a session.
pub(crate) struct Played {
    pub(crate) outcome: Outcome,
    /// The client's lines, without CRLF.
    pub(crate) sent: Vec<String>,
    pub(crate) downgrade: Option<Downgrade>,
    /// The keywords in force at the end, in alphabetical order.
    pub(crate) capabilities: Vec<&'static str>,
}

/// Plays `script` until the client's session is over. `None` is a machine that contradicts itself.
pub(crate) fn play(config: &Config, name: &EhloName, script: &[Step], tls: Tls) -> Option<Played> {
    let mut server = Server { script, sent: Vec::new(), matched: 0 };
    let mut clear = Session::<Clear>::new(config);
    let ended = server.drive(&mut clear);
    let downgrade = clear.downgrade();
    let (outcome, capabilities) = match ended {
        Some(outcome) => (outcome, keywords(&clear)),
        None => match server.handshake(clear.into_upgrade().ok()?, name, tls) {
            Ok(mut sealed) => (server.drive(&mut sealed)?, keywords(&sealed)),
            Err(outcome) => (outcome, Vec::new()),
        },
    };
    Some(Played { outcome, sent: server.sent, downgrade, capabilities })
}

fn keywords<S: Channel>(session: &Session<S>) -> Vec<&'static str> {
    let mut names: Vec<_> =
        session.capabilities().keywords().iter().map(|keyword| keyword.name()).collect();
    names.sort_unstable();
    names
}

/// The scripted server, and what the client has sent to it.
struct Server<'a> {
    /// The steps that are left.
    script: &'a [Step],
    sent: Vec<String>,
    /// How many of the lines sent an `expect` has passed.
    matched: usize,
}

impl<'a> Server<'a> {
    /// The session's end, or nothing where it wants TLS.
    fn drive<S: Channel>(&mut self, session: &mut Session<S>) -> Option<Outcome> {
        loop {
            let input = match session.action() {
                Action::Send(octets) => {
                    self.receive(octets);
                    Input::Sent
                }
                Action::Read => self.read(),
                Action::StartTls => return None,
                Action::Done(outcome) => return Some(outcome),
            };
            session.handle(input);
        }
    }

    fn receive(&mut self, octets: &[u8]) {
        let text = String::from_utf8_lossy(octets);
        self.sent.extend(text.lines().map(str::to_owned));
    }

    /// What the client reads next. A server that waits for the client, or for TLS, says nothing.
    fn read(&mut self) -> Input<'a> {
        self.pass_what_is_done();
        match self.script {
            [Step::Send { send_b64 }, rest @ ..] => {
                self.script = rest;
                Input::Bytes(&send_b64.0)
            }
            [Step::TimeOut { .. }, rest @ ..] => {
                self.script = rest;
                Input::TimedOut
            }
            [Step::Expect { .. } | Step::Tls { .. }, ..] => Input::TimedOut,
            [Step::Close { .. }, ..] | [] => Input::EndOfStream,
        }
    }

    /// Drops the expectations that are met by now, each by a line of its own, and empty sends,
    /// which are no read.
    fn pass_what_is_done(&mut self) {
        while let [step, rest @ ..] = self.script {
            match step {
                Step::Expect { expect } => {
                    let mut unmatched = self.sent.iter().skip(self.matched);
                    let Some(at) = unmatched.position(|line| has_verb(line, expect)) else {
                        return;
                    };
                    self.matched += at + 1;
                }
                Step::Send { send_b64 } if send_b64.0.is_empty() => {}
                _ => return,
            }
            self.script = rest;
        }
    }

    fn handshake(
        &mut self,
        upgrade: Upgrade,
        name: &EhloName,
        tls: Tls,
    ) -> Result<Session<Sealed>, Outcome> {
        self.pass_what_is_done();
        let upgrade = match self.script {
            // What comes in place of TLS is looked at before it is taken for TLS.
            [Step::Send { send_b64 }, ..] => {
                upgrade.first_octets(&send_b64.0).map_err(|plaintext| plaintext.outcome())?
            }
            _ => upgrade,
        };
        match (self.script, tls) {
            ([Step::Tls { .. }, rest @ ..], Tls::Ok | Tls::Unverified) => {
                self.script = rest;
                // What was said in clear meets no expectation inside TLS.
                self.matched = self.sent.len();
                let verification = match tls {
                    Tls::Ok => Verification::Verified(VerifiedBy::Pkix),
                    Tls::Unverified | Tls::Failed => Verification::NotTried,
                };
                Ok(upgrade.tls_up(name, &TlsFacts::new(verification, TlsVersion::TLS13)))
            }
            ([Step::TimeOut { .. }, ..], _) => Err(upgrade.tls_failed(TlsFailure::TimedOut)),
            _ => Err(upgrade.tls_failed(TlsFailure::Broken)),
        }
    }
}

fn has_verb(line: &str, verb: &str) -> bool {
    line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(verb))
}
