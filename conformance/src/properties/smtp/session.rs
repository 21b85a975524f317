//! Whole sessions against scripted servers.

use serde_json::{Map, Value};
use smtp_starttls::{
    Action, Channel, Clear, Config, EhloName, Input as Event, MessageNeed, MxTrust, Outcome,
    Reason, Requirement, Session, UpgradeError,
};

use super::super::fail;
use super::super::input::{Input, Output};
use super::request;
use crate::request::Base64;
use crate::request::smtp::{self as asked, Step, Tls, Yes};
use crate::testee::smtp::{Played, play};

/// Requirement, message, handshake and script.
///
/// The client sends EHLO first, STARTTLS at most once, and after it nothing but EHLO inside TLS and
/// QUIT; where TLS is required nothing goes on in clear, and where authentication is, nothing goes
/// on without; what comes inside TLS does not depend on what was said before; where the server's
/// octets are split has no meaning.
pub fn session(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(case) = Case::read(&mut input) else { return };
    let Some(played) = case.play(&case.script) else { contradiction() };
    lines_are_in_order(&played);
    requirement_is_kept(&case, &played);
    nothing_crosses(&case, &played);
    split_has_no_meaning(&case, &played);
}

fn contradiction() -> ! {
    fail("a session that wants TLS can be upgraded")
}

struct Case {
    name: EhloName,
    requirement: Requirement,
    need: MessageNeed,
    tls: Tls,
    is_lenient: bool,
    script: Vec<Step>,
}

impl Case {
    fn read(input: &mut Input<'_>) -> Option<Self> {
        let requirement = input
            .one_of(Requirement::Opportunistic, &[Requirement::Encrypt, Requirement::Authenticate]);
        let needs = [
            MessageNeed::RequireTls(MxTrust::Authenticated),
            MessageNeed::RequireTls(MxTrust::NotAuthenticated),
        ];
        let need = input.one_of(MessageNeed::Nothing, &needs);
        let tls = input.one_of(Tls::Ok, &[Tls::Unverified, Tls::Failed]);
        let is_lenient = input.byte() & 1 == 1;
        let mut script = Vec::new();
        while !input.is_empty() && script.len() < 64 {
            script.push(step(input));
        }
        let name = "client.example".parse().ok()?;
        Some(Self { name, requirement, need, tls, is_lenient, script })
    }

    fn play(&self, script: &[Step]) -> Option<Played> {
        let config = Config::new(self.name, self.requirement).message(self.need);
        let config = if self.is_lenient { config.danger_accept_bare_lf() } else { config };
        play(&config, &self.name, script, self.tls)
    }

    fn needs_tls(&self) -> bool {
        self.requirement != Requirement::Opportunistic || self.need != MessageNeed::Nothing
    }
}

fn step(input: &mut Input<'_>) -> Step {
    const VERBS: [&str; 4] = ["STARTTLS", "HELO", "QUIT", "NOOP"];
    match input.byte() {
        1 => Step::Expect { expect: input.one_of("EHLO", &VERBS).to_owned() },
        2 => Step::Tls { tls: Yes },
        3 => Step::Close { close: Yes },
        4 => Step::TimeOut { time_out: Yes },
        _ => Step::Send { send_b64: Base64(input.bytes().to_vec()) },
    }
}

fn lines_are_in_order(played: &Played) {
    let verbs: Vec<&str> =
        played.sent.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert!(played.sent.iter().all(|line| !line.contains(['\r', '\n', '\0'])));
    let mut rest = verbs.as_slice();
    for (verb, follows) in [("EHLO", ""), ("HELO", ""), ("STARTTLS", ""), ("EHLO", "STARTTLS")] {
        let before = verbs.get(..verbs.len() - rest.len()).unwrap_or_default();
        if !follows.is_empty() && before.last() != Some(&follows) {
            continue;
        }
        // HELO is the last before the end: with it there is no STARTTLS.
        if verb == "STARTTLS" && before.contains(&"HELO") {
            continue;
        }
        rest = rest.strip_prefix(&[verb]).unwrap_or(rest);
    }
    assert!(rest.is_empty() || rest == ["QUIT"], "{verbs:?}");
    if let Outcome::Plaintext(_) = played.outcome {
        assert!(!verbs.contains(&"STARTTLS"), "after STARTTLS nothing goes on in clear");
    }
    if let Outcome::Secured = played.outcome {
        assert_eq!(verbs, ["EHLO", "STARTTLS", "EHLO"]);
    }
}

fn requirement_is_kept(case: &Case, played: &Played) {
    if case.needs_tls() {
        let in_clear = matches!(played.outcome, Outcome::Plaintext(_) | Outcome::RetryPlaintext(_));
        assert!(!in_clear, "TLS was required: {:?}", played.outcome);
        assert!(!played.sent.iter().any(|line| line.starts_with("HELO")));
    }
    if let Outcome::Secured = played.outcome {
        assert_ne!(case.tls, Tls::Failed);
        let must_verify =
            case.requirement == Requirement::Authenticate || case.need != MessageNeed::Nothing;
        assert!(!must_verify || case.tls == Tls::Ok);
        let mx_untrusted = case.need == MessageNeed::RequireTls(MxTrust::NotAuthenticated);
        assert!(!mx_untrusted);
        let lists = played.capabilities.contains(&"REQUIRETLS");
        assert!(lists || case.need == MessageNeed::Nothing, "REQUIRETLS was not offered");
        assert!(!played.capabilities.contains(&"STARTTLS"));
    } else if !matches!(played.outcome, Outcome::Plaintext(_)) {
        assert!(played.capabilities.is_empty());
    }
}

/// A session that got into TLS, played once more behind another beginning, ends in the same way.
fn nothing_crosses(case: &Case, played: &Played) {
    let ehlos = played.sent.iter().filter(|line| line.starts_with("EHLO")).count();
    if ehlos < 2 {
        return;
    }
    let Some(start) = case.script.iter().position(|step| matches!(step, Step::Tls { .. })) else {
        contradiction();
    };
    let mut script: Vec<Step> = ["220 other", "250-other\r\n250-SIZE 5\r\n250 STARTTLS", "220 go"]
        .map(|text| Step::Send { send_b64: Base64(format!("{text}\r\n").into_bytes()) })
        .into();
    script.insert(1, Step::Expect { expect: "EHLO".into() });
    script.extend(case.script.iter().skip(start).cloned());
    // The other beginning is in strict form, which is all that leniency could change.
    let Some(other) = case.play(&script) else { contradiction() };
    assert_eq!(other.outcome, played.outcome);
    assert_eq!(other.capabilities, played.capabilities);
}

fn split_has_no_meaning(case: &Case, played: &Played) {
    let staged = played.outcome.failure().is_some_and(|failure| {
        // Octets behind a reply are told from the next reply by the read that they come in.
        let reasons =
            [Reason::UnsolicitedBytes, Reason::StartTlsResidue, Reason::PlaintextAfter220];
        reasons.contains(&failure.reason)
    });
    if staged {
        return;
    }
    let script: Vec<Step> = case.script.iter().flat_map(one_by_one).collect();
    let Some(split) = case.play(&script) else { contradiction() };
    assert_eq!((&split.outcome, &split.sent), (&played.outcome, &played.sent));
    assert_eq!((&split.capabilities, &split.downgrade), (&played.capabilities, &played.downgrade));
}

fn one_by_one(step: &Step) -> Vec<Step> {
    match step {
        Step::Send { send_b64: Base64(octets) } => {
            let send = |octet: &u8| Step::Send { send_b64: Base64(vec![*octet]) };
            octets.iter().map(send).collect()
        }
        step => vec![step.clone()],
    }
}

/// Any octet behind the 220, in its read or in a later one, ends the session.
pub fn upgrade(data: &[u8]) {
    let mut input = Input::new(data);
    let in_one_read = input.byte() & 1 == 0;
    let behind = input.rest();
    if behind.is_empty() {
        return;
    }
    let go = b"220 go\r\n".as_slice();
    let reads: Vec<Vec<u8>> =
        if in_one_read { vec![[go, behind].concat()] } else { vec![go.to_vec(), behind.to_vec()] };
    let Some(session) = asked_for_tls(&reads) else { contradiction() };
    match session.into_upgrade() {
        Err(UpgradeError::Ended(Outcome::Refused(failure))) => {
            assert_eq!(failure.reason, Reason::StartTlsResidue);
        }
        other => assert!(other.is_err(), "{behind:?} crossed into TLS"),
    }
}

/// A session that has sent STARTTLS and then got these reads.
fn asked_for_tls(reads: &[Vec<u8>]) -> Option<Session<Clear>> {
    let config = Config::new("client.example".parse().ok()?, Requirement::Opportunistic);
    let mut session = Session::<Clear>::new(&config);
    let before = [b"220 mx\r\n".to_vec(), b"250-mx\r\n250 STARTTLS\r\n".to_vec()];
    for read in before.iter().chain(reads) {
        send_all(&mut session);
        session.handle(Event::Bytes(read));
    }
    Some(session)
}

pub(super) fn send_all<S: Channel>(session: &mut Session<S>) {
    while let Action::Send(_) = session.action() {
        session.handle(Event::Sent);
    }
}

pub(in crate::properties) fn seed_session(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Session = request("smtp.session", operation, fields)?;
    let mut output = Output::default();
    output.byte(match request.requirement {
        asked::Requirement::Opportunistic => 0,
        asked::Requirement::Encrypt => 1,
        asked::Requirement::Authenticate => 2,
    });
    output.byte(match request.message {
        Some(asked::Message { requiretls: true, mx_authenticated: true }) => 1,
        Some(asked::Message { requiretls: true, mx_authenticated: false }) => 2,
        Some(asked::Message { requiretls: false, .. }) | None => 0,
    });
    output.byte(match request.tls {
        Tls::Ok => 0,
        Tls::Unverified => 1,
        Tls::Failed => 2,
    });
    output.byte(0);
    for step in &request.script {
        write(step, &mut output);
    }
    Some(output.into_bytes())
}

fn write(step: &Step, output: &mut Output) {
    match step {
        Step::Send { send_b64 } => output.byte(0).bytes(&send_b64.0),
        Step::Expect { expect } => {
            let verb = ["EHLO", "STARTTLS", "HELO", "QUIT"].iter().position(|verb| verb == expect);
            output.byte(1).byte(verb.and_then(|at| u8::try_from(at).ok()).unwrap_or(4))
        }
        Step::Tls { .. } => output.byte(2),
        Step::Close { .. } => output.byte(3),
        Step::TimeOut { .. } => output.byte(4),
    };
}

pub(in crate::properties) fn seed_upgrade(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Session = request("smtp.session", operation, fields)?;
    let last = request.script.into_iter().rev().find_map(|step| match step {
        Step::Send { send_b64 } => Some(send_b64.0),
        _ => None,
    })?;
    Some([vec![0], last].concat())
}
