//! The one new connection in clear that a failure of TLS may allow.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{
    CleartextRetry, Failure, MessageNeed, MxTrust, NextAction, Outcome, Requirement, TlsFailure,
};
use support::{Step, Tls, config, play};

use Requirement::{Authenticate, Encrypt, Opportunistic};

const CONVERSATION: [Step<'_>; 3] = [
    Step::Send(b"220 mx.example ESMTP\r\n"),
    Step::Expect("EHLO"),
    Step::Send(b"250-mx.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n"),
];

fn failed_under(requirement: Requirement, answer: &[u8]) -> Failure {
    let script = [&CONVERSATION[..], &[Step::Send(answer), Step::Tls]].concat();
    play(&config(requirement), Tls::Failed(TlsFailure::Broken), &script).failure()
}

#[test]
fn without_a_failure_that_allows_it_there_is_no_session_in_clear() {
    for (requirement, answer) in [
        (Encrypt, "454 4.7.0 not now\r\n"),
        (Authenticate, "220 go ahead\r\n"),
        (Opportunistic, "220 go ahead\r\n250 forged\r\n"),
        (Opportunistic, "250 noop\r\n"),
    ] {
        let failure = failed_under(requirement, answer.as_bytes());
        assert!(config(Opportunistic).in_clear_after(&failure).is_err(), "{answer:?}");
    }
}

#[test]
fn where_tls_is_needed_no_failure_leads_into_clear() {
    let failure = failed_under(Opportunistic, b"220 go ahead\r\n");
    assert_eq!(failure.cleartext_retry, CleartextRetry::Allowed);
    for requirement in [Encrypt, Authenticate] {
        assert!(config(requirement).in_clear_after(&failure).is_err());
    }
}

#[test]
fn the_second_connection_does_not_try_starttls_and_tells_why() {
    for answer in [&b"220 go ahead\r\n"[..], b"454 4.7.0 not now\r\n"] {
        let failure = failed_under(Opportunistic, answer);
        let config = config(Opportunistic).in_clear_after(&failure).unwrap();
        let report = play(&config, Tls::Verified, &CONVERSATION);
        assert_eq!(report.verbs(), "EHLO");
        let Outcome::Plaintext(told) = report.outcome else { panic!("{:?}", report.outcome) };
        assert_eq!((told.reason, told.result_type), (failure.reason, failure.result_type));
        assert_eq!(told.cleartext_retry, CleartextRetry::NotNeeded);
        assert_eq!(told.next_action, NextAction::GoOn);
        assert!(config.in_clear_after(&told).is_err(), "once only");
    }
}

#[test]
fn a_need_that_is_named_afterwards_still_keeps_the_session_out_of_clear() {
    let failure = failed_under(Opportunistic, b"220 go ahead\r\n");
    let config = config(Opportunistic).in_clear_after(&failure).unwrap();
    let config = config.message(MessageNeed::RequireTls(MxTrust::Authenticated));
    let script = [&CONVERSATION[..], &[Step::Send(b"454 no\r\n")]].concat();
    let report = play(&config, Tls::Verified, &script);
    assert_eq!((report.verdict(), report.verbs().as_str()), ("refused", "EHLO STARTTLS QUIT"));
}
