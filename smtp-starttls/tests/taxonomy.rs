//! Every row of the table of failures: what is reported, the status for the queue, what follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{
    CleartextRetry, Failure, MessageNeed, MxTrust, NextAction, Phase, Requirement, TlsFailure,
};
use support::{Step, Tls, config, play};

use Requirement::{Authenticate, Encrypt, Opportunistic};

const GREETING: &[u8] = b"220 mx.example ESMTP\r\n";
const OFFER: &[u8] = b"250-mx.example\r\n250 STARTTLS\r\n";
const NO_OFFER: &[u8] = b"250-mx.example\r\n250 SIZE\r\n";
const READY: &[u8] = b"220 go ahead\r\n";
const BYE: &[u8] = b"221 bye\r\n";

/// One row: what happens, and what must follow from it.
struct Row {
    reason: &'static str,
    phase: Phase,
    script: Vec<Step<'static>>,
    tls: Tls,
    optional: &'static str,
    needed: &'static str,
    result_type: Option<&'static str>,
    status: &'static str,
}

fn row(reason: &'static str, phase: Phase, reads: &[&'static [u8]]) -> Row {
    Row {
        reason,
        phase,
        script: reads.iter().map(|read| Step::Send(read)).collect(),
        tls: Tls::Verified,
        optional: "refused",
        needed: "refused",
        result_type: None,
        status: "4.5.0",
    }
}

impl Row {
    fn then(mut self, steps: &[Step<'static>]) -> Self {
        self.script.extend_from_slice(steps);
        self
    }

    fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    fn optional(mut self, verdict: &'static str) -> Self {
        self.optional = verdict;
        self
    }

    fn reported(mut self, result_type: &'static str) -> Self {
        self.result_type = Some(result_type);
        self
    }

    fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    fn failure(&self, requirement: Requirement) -> Failure {
        let report = play(&config(requirement), self.tls, &self.script);
        let verdict = if requirement == Opportunistic { self.optional } else { self.needed };
        assert_eq!((report.verdict(), report.reason()), (verdict, self.reason));
        report.failure()
    }

    fn check(&self) {
        for requirement in [Opportunistic, Encrypt, Authenticate] {
            let failure = self.failure(requirement);
            assert_eq!(failure.phase, self.phase, "{}", self.reason);
            assert_eq!(failure.result_type.map(|kind| kind.name()), self.result_type);
            assert_eq!(failure.status.to_string(), self.status, "{}", self.reason);
            let verdict = if requirement == Opportunistic { self.optional } else { self.needed };
            let expected = match verdict {
                "plaintext" => (CleartextRetry::NotNeeded, NextAction::GoOn),
                "retry-plaintext" => (CleartextRetry::Allowed, NextAction::NewConnectionInClear),
                _ => (CleartextRetry::Never, failure.next_action),
            };
            assert_eq!((failure.cleartext_retry, failure.next_action), expected);
            if verdict == "refused" {
                let next = [NextAction::NextMx, NextAction::NextMxNotThisHost];
                assert!(next.contains(&failure.next_action));
            }
        }
    }
}

#[test]
fn greeting_not_220() {
    row("greeting-not-220", Phase::Greeting, &[b"250 x\r\n", BYE]).check();
}

#[test]
fn greeting_refused() {
    for (greeting, next) in [
        (&b"554 no\r\n"[..], NextAction::NextMxNotThisHost),
        (b"450 later\r\n", NextAction::NextMx),
    ] {
        let row = row("greeting-refused", Phase::Greeting, &[greeting, BYE]).status("4.3.2");
        row.check();
        assert_eq!(row.failure(Opportunistic).next_action, next);
    }
}

#[test]
fn ehlo_refused() {
    row("ehlo-refused", Phase::Ehlo, &[GREETING, b"550 no\r\n", BYE]).check();
    let helo = row("ehlo-refused", Phase::Helo, &[GREETING, b"500 x\r\n", b"550 no\r\n", BYE]);
    assert_eq!(helo.failure(Opportunistic).phase, Phase::Helo);
}

#[test]
fn starttls_not_offered() {
    let plain = row("starttls-not-offered", Phase::Ehlo, &[GREETING, NO_OFFER])
        .optional("plaintext")
        .reported("starttls-not-supported")
        .status("4.7.4");
    let failure = plain.failure(Opportunistic);
    assert_eq!(failure.result_type.unwrap().name(), "starttls-not-supported");
    assert_eq!(failure.next_action, NextAction::GoOn);
    let tried =
        row("starttls-not-offered", Phase::StartTls, &[GREETING, NO_OFFER, b"502 x\r\n", BYE])
            .reported("starttls-not-supported")
            .status("4.7.4");
    for requirement in [Encrypt, Authenticate] {
        let failure = tried.failure(requirement);
        assert_eq!(failure.reply_code.unwrap().value(), 502);
        assert_eq!(failure.status.to_string(), "4.7.4");
        assert_eq!(failure.result_type.unwrap().name(), "starttls-not-supported");
        assert_eq!(failure.cleartext_retry, CleartextRetry::Never);
    }
}

#[test]
fn starttls_refused() {
    for reply in [&b"454 no\r\n"[..], b"554 no\r\n", b"421 no\r\n"] {
        row("starttls-refused", Phase::StartTls, &[GREETING, OFFER, reply, BYE])
            .optional("retry-plaintext")
            .reported("starttls-not-supported")
            .status("4.7.4")
            .check();
    }
}

#[test]
fn starttls_bad_reply() {
    for reply in [&b"250 ok\r\n"[..], b"354 go\r\n"] {
        let row = row("starttls-bad-reply", Phase::StartTls, &[GREETING, OFFER, reply, BYE])
            .reported("starttls-not-supported");
        row.check();
        assert!(row.failure(Encrypt).reason_code().is_some());
    }
}

#[test]
fn broken_replies_are_reported_only_where_they_answer_starttls() {
    let long: &'static [u8] =
        Box::leak(vec![b'2'; 3].into_iter().chain([b' ']).chain([b'a'; 2050]).collect());
    let lines: &'static [u8] = Box::leak(b"220-a\r\n".repeat(513).into_boxed_slice());
    for (reason, reply) in [
        ("malformed-reply", &b"junk\r\n"[..]),
        ("mixed-codes", b"220-a\r\n454 b\r\n"),
        ("line-too-long", long),
        ("reply-too-long", lines),
    ] {
        let reply = if reason == "line-too-long" {
            let mut fixed = reply.to_vec();
            fixed[..3].copy_from_slice(b"220");
            Box::leak(fixed.into_boxed_slice())
        } else {
            reply
        };
        row(reason, Phase::Greeting, &[reply]).check();
        row(reason, Phase::Ehlo, &[GREETING, reply]).check();
        let row =
            row(reason, Phase::StartTls, &[GREETING, OFFER, reply]).reported("validation-failure");
        row.check();
        assert_eq!(row.failure(Encrypt).reason_code().unwrap().to_string(), reason);
    }
}

#[test]
fn unsolicited_bytes() {
    row("unsolicited-bytes", Phase::Greeting, &[b"220 a\r\n250 b\r\n"])
        .reported("validation-failure")
        .status("4.7.0")
        .check();
}

#[test]
fn starttls_residue_and_plaintext_after_220() {
    row("starttls-residue", Phase::StartTls, &[GREETING, OFFER, b"220 go\r\nx"])
        .reported("validation-failure")
        .status("4.7.0")
        .check();
    row("plaintext-after-220", Phase::Handshake, &[GREETING, OFFER, READY, b"250 x\r\n"])
        .reported("validation-failure")
        .status("4.7.0")
        .check();
}

#[test]
fn tls_failed() {
    let failed = |phase, reads: &[&'static [u8]]| {
        row("tls-failed", phase, reads)
            .optional("retry-plaintext")
            .reported("validation-failure")
            .status("4.7.5")
    };
    failed(Phase::Handshake, &[GREETING, OFFER, READY])
        .then(&[Step::Tls])
        .tls(Tls::Failed(TlsFailure::Broken))
        .check();
    failed(Phase::Handshake, &[GREETING, OFFER, READY]).then(&[Step::TimeOut]).check();
    failed(Phase::StartTls, &[GREETING, OFFER]).then(&[Step::Close]).check();
    failed(Phase::StartTls, &[GREETING, OFFER]).then(&[Step::TimeOut]).check();
    failed(Phase::EhloInTls, &[GREETING, OFFER, READY]).then(&[Step::Tls, Step::Alert]).check();
}

#[test]
fn not_authenticated() {
    let row = row("not-authenticated", Phase::Handshake, &[GREETING, OFFER, READY])
        .then(&[Step::Tls])
        .tls(Tls::Unverified);
    let failure = row.failure(Authenticate);
    assert_eq!(failure.status.to_string(), "4.7.5");
    assert_eq!(failure.next_action, NextAction::NextMx);
}

#[test]
fn ehlo_in_tls_refused() {
    for (reply, reason) in
        [(&b"500 x\r\n"[..], "ehlo-in-tls-refused"), (b"220 mx.example\r\n", "greeting-in-tls")]
    {
        row(reason, Phase::EhloInTls, &[GREETING, OFFER, READY])
            .then(&[Step::Tls, Step::Send(reply), Step::Send(BYE)])
            .check();
    }
}

#[test]
fn service_closing() {
    row("service-closing", Phase::Greeting, &[b"421 x\r\n"]).status("4.3.2").check();
    row("service-closing", Phase::Ehlo, &[GREETING, b"421 x\r\n"]).status("4.3.2").check();
    row("service-closing", Phase::EhloInTls, &[GREETING, OFFER, READY])
        .then(&[Step::Tls, Step::Send(b"421 x\r\n")])
        .status("4.3.2")
        .check();
}

#[test]
fn closed_and_timed_out() {
    for (reason, end) in [("closed", Step::Close), ("timed-out", Step::TimeOut)] {
        row(reason, Phase::Greeting, &[]).then(&[end]).status("4.4.2").check();
        row(reason, Phase::Ehlo, &[GREETING]).then(&[end]).status("4.4.2").check();
        row(reason, Phase::Ehlo, &[GREETING, b"250-part"]).then(&[end]).status("4.4.2").check();
        row(reason, Phase::EhloInTls, &[GREETING, OFFER, READY])
            .then(&[Step::Tls, end])
            .status("4.4.2")
            .check();
    }
}

#[test]
fn requiretls_bounces_at_the_last_host() {
    let config = config(Opportunistic).message(MessageNeed::RequireTls(MxTrust::Authenticated));
    for (reads, status) in [
        (&[GREETING, NO_OFFER, b"502 x\r\n", BYE][..], "5.7.10"),
        (&[GREETING, OFFER, b"454 x\r\n", BYE], "5.7.10"),
        (&[GREETING, OFFER, b"554 x\r\n", BYE], "5.7.10"),
        (&[GREETING, NO_OFFER, b"454 x\r\n", BYE], "5.7.10"),
        (&[GREETING, OFFER, b"421 x\r\n"], "5.7.10"),
        (&[GREETING, b"500 x\r\n", BYE], "5.7.10"),
    ] {
        let script: Vec<_> = reads.iter().map(|read| Step::Send(read)).collect();
        let failure = play(&config, Tls::Verified, &script).failure();
        assert_eq!(failure.next_action, NextAction::NextMxElseBounce);
        assert_eq!(failure.status.class(), 4, "temporary while hosts are left");
        let last = failure.at_last_mx();
        assert_eq!(
            (last.status.to_string().as_str(), last.reason.word()),
            (status, "requiretls-no-tls")
        );
        assert_eq!(last.result_type, failure.result_type, "as its cause");
    }
    // RFC 5321 section 4.5.4.1: where no server has answered, the queue tries again.
    for (reads, end) in [
        (&[GREETING, OFFER][..], Step::Close),
        (&[GREETING, OFFER], Step::TimeOut),
        (&[GREETING, OFFER, READY], Step::Close),
    ] {
        let mut script: Vec<_> = reads.iter().map(|read| Step::Send(read)).collect();
        script.push(end);
        let failure = play(&config, Tls::Verified, &script).failure();
        assert_eq!(
            (failure.reason.word(), failure.next_action),
            ("tls-failed", NextAction::NextMx)
        );
    }
    let script = [Step::Send(b"554 no\r\n"), Step::Send(BYE)];
    let failure = play(&config, Tls::Verified, &script).failure();
    assert_eq!(failure.at_last_mx().next_action, NextAction::NextMxNotThisHost);
}
