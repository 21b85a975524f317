//! Plays a scripted server against the client machine, over the public API alone.
#![allow(dead_code, unreachable_pub)]

use smtp_starttls::{
    Action, Channel, Config, Downgrade, Failure, Input, KeywordSet, Outcome, Requirement, Session,
    TlsFacts, TlsFailure, TlsVersion, Verification, VerifiedBy,
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step<'a> {
    /// One read.
    Send(&'a [u8]),
    /// Hold the rest back until the client has sent this verb.
    Expect(&'a str),
    Tls,
    Close,
    TimeOut,
    /// An alert of the server, inside TLS.
    Alert,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tls {
    Verified,
    Unverified,
    Failed(TlsFailure),
}

#[derive(Debug, PartialEq)]
pub struct Report {
    pub outcome: Outcome,
    pub sent: Vec<String>,
    pub downgrade: Option<Downgrade>,
    pub keywords: KeywordSet,
}

impl Report {
    pub fn verdict(&self) -> &'static str {
        self.outcome.word()
    }

    pub fn reason(&self) -> &'static str {
        self.outcome.failure().map_or("", |failure| failure.reason.word())
    }

    pub fn failure(&self) -> Failure {
        *self.outcome.failure().expect("a failure")
    }

    pub fn verbs(&self) -> String {
        let verb = |line: &String| line.split(' ').next().unwrap().to_string();
        self.sent.iter().map(verb).collect::<Vec<_>>().join(" ")
    }
}

pub fn config(requirement: Requirement) -> Config {
    Config::new("client.example".parse().unwrap(), requirement)
}

struct Player<'s, 'a> {
    script: &'s [Step<'a>],
    sent: Vec<String>,
}

impl<'a> Player<'_, 'a> {
    fn next(&mut self) -> Option<Step<'a>> {
        while let Some((Step::Expect(verb), rest)) = self.script.split_first() {
            if !self.sent.iter().any(|line| line.starts_with(verb)) {
                return None;
            }
            self.script = rest;
        }
        self.script.first().copied()
    }

    fn input(&mut self) -> Input<'a> {
        let input = match self.next() {
            Some(Step::Send(octets)) => Input::Bytes(octets),
            Some(Step::TimeOut) => Input::TimedOut,
            Some(Step::Alert) => Input::TlsFailed(TlsFailure::Broken),
            Some(Step::Close | Step::Tls | Step::Expect(_)) | None => return Input::EndOfStream,
        };
        self.script = &self.script[1..];
        input
    }

    /// Until the session is over or wants TLS.
    fn drive<S: Channel>(&mut self, session: &mut Session<S>) -> Option<Outcome> {
        for _ in 0..10_000 {
            let input = match session.action() {
                Action::Send(octets) => {
                    let line = octets.strip_suffix(b"\r\n").expect("a whole line");
                    self.sent.push(String::from_utf8(line.to_vec()).unwrap());
                    Input::Sent
                }
                Action::Read => self.input(),
                Action::StartTls => return None,
                Action::Done(outcome) => return Some(outcome),
            };
            session.handle(input);
        }
        panic!("the session does not end")
    }
}

pub fn facts(tls: Tls) -> Result<TlsFacts<'static>, TlsFailure> {
    match tls {
        Tls::Verified => {
            Ok(TlsFacts::new(Verification::Verified(VerifiedBy::Dane), TlsVersion::TLS13))
        }
        Tls::Unverified => Ok(TlsFacts::new(Verification::NotTried, TlsVersion::TLS13)),
        Tls::Failed(failure) => Err(failure),
    }
}

pub fn play(config: &Config, tls: Tls, script: &[Step<'_>]) -> Report {
    let mut player = Player { script, sent: Vec::new() };
    let mut session = Session::new(config);
    let ended = player.drive(&mut session);
    let downgrade = session.downgrade();
    if let Some(outcome) = ended {
        let keywords = session.capabilities().keywords();
        return Report { outcome, sent: player.sent, downgrade, keywords };
    }
    let mut upgrade = session.into_upgrade().expect("the session wants TLS");
    let refused = |outcome, sent| Report { outcome, sent, downgrade, keywords: KeywordSet::EMPTY };
    if let Some(Step::Send(octets)) = player.next() {
        match upgrade.first_octets(octets) {
            Ok(same) => upgrade = same,
            Err(plaintext) => return refused(plaintext.outcome(), player.sent),
        }
    }
    let facts = match (player.next(), facts(tls)) {
        (Some(Step::Tls), Ok(facts)) => facts,
        (Some(Step::Close), _) => {
            return refused(upgrade.tls_failed(TlsFailure::Lost), player.sent);
        }
        (Some(Step::TimeOut), _) => {
            return refused(upgrade.tls_failed(TlsFailure::TimedOut), player.sent);
        }
        (Some(Step::Tls), Err(failure)) => {
            return refused(upgrade.tls_failed(failure), player.sent);
        }
        _ => return refused(upgrade.tls_failed(TlsFailure::Broken), player.sent),
    };
    player.script = &player.script[1..];
    let mut sealed = upgrade.tls_up(&"client.example".parse().unwrap(), &facts);
    let outcome = player.drive(&mut sealed).expect("no second STARTTLS");
    Report { outcome, sent: player.sent, downgrade, keywords: sealed.capabilities().keywords() }
}

/// A session that is up in clear, after an EHLO reply with these lines.
pub fn clear_session(config: &Config, lines: &[&str]) -> Session<smtp_starttls::Clear> {
    let mut session = Session::new(config);
    let reply = ehlo_reply(lines);
    let mut player = Player {
        script: &[Step::Send(b"220 mx.example\r\n"), Step::Send(reply.as_bytes())],
        sent: Vec::new(),
    };
    let outcome = player.drive(&mut session);
    assert!(matches!(outcome, Some(Outcome::Plaintext(_))), "{outcome:?}");
    session
}

/// A session that is up inside TLS, after an EHLO reply with these lines.
pub fn sealed_session(config: &Config, tls: Tls, lines: &[&str]) -> Session<smtp_starttls::Sealed> {
    let mut session = Session::new(config);
    let script = [
        Step::Send(b"220 mx.example\r\n"),
        Step::Send(b"250-mx.example\r\n250 STARTTLS\r\n"),
        Step::Send(b"220 go\r\n"),
    ];
    let mut player = Player { script: &script, sent: Vec::new() };
    assert_eq!(player.drive(&mut session), None);
    let name = "client.example".parse().unwrap();
    let mut sealed = session.into_upgrade().unwrap().tls_up(&name, &facts(tls).unwrap());
    let reply = ehlo_reply(lines);
    player.script = &[];
    let script = [Step::Send(reply.as_bytes())];
    let mut player = Player { script: &script, sent: Vec::new() };
    assert_eq!(player.drive(&mut sealed), Some(Outcome::Secured));
    sealed
}

pub fn ehlo_reply(lines: &[&str]) -> String {
    let all = [&["mx.example"], lines].concat();
    let last = all.len() - 1;
    let mark = |at| if at == last { ' ' } else { '-' };
    all.iter().enumerate().map(|(at, line)| format!("250{}{line}\r\n", mark(at))).collect()
}

/// Takes what was to be sent for sent, and has the server say this.
pub fn speak<S: Channel>(session: &mut Session<S>, octets: &[u8]) {
    while matches!(session.action(), Action::Send(_)) {
        session.handle(Input::Sent);
    }
    session.handle(Input::Bytes(octets));
}
