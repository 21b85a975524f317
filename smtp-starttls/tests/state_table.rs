//! Every row of the table of states: RFC 3207 section 4, RFC 5321 sections 3.1 and 4.1.1.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{Requirement, TlsFailure};
use support::{Report, Step, Tls, config, play};

use Requirement::{Authenticate, Encrypt, Opportunistic};

const REQUIRED: [Requirement; 2] = [Encrypt, Authenticate];
const ALL: [Requirement; 3] = [Opportunistic, Encrypt, Authenticate];

fn run(requirement: Requirement, tls: Tls, script: &[Step<'_>]) -> Report {
    play(&config(requirement), tls, script)
}

/// Plays reads of the server up to the end of the clear part.
fn clear(requirement: Requirement, reads: &[&str]) -> Report {
    let script: Vec<_> = reads.iter().map(|read| Step::Send(read.as_bytes())).collect();
    run(requirement, Tls::Verified, &script)
}

const GREETING: &str = "220 mx.example ESMTP\r\n";
const OFFER: &str = "250-mx.example\r\n250 STARTTLS\r\n";
const NO_OFFER: &str = "250-mx.example\r\n250 SIZE 1000\r\n";
const READY: &str = "220 go ahead\r\n";

#[track_caller]
fn expect(report: &Report, verdict: &str, reason: &str, verbs: &str) {
    let got = (report.verdict(), report.reason(), report.verbs());
    assert_eq!(got, (verdict, reason, verbs.to_string()));
}

#[test]
fn greeting_220_goes_on_to_ehlo() {
    for requirement in ALL {
        let report = clear(requirement, &[GREETING]);
        expect(&report, "refused", "closed", "EHLO");
        assert_eq!(report.sent, ["EHLO client.example"]);
    }
}

// checks: smtp-starttls/SMTP-G2
#[test]
fn greeting_of_another_code_is_refused() {
    for requirement in ALL {
        for (code, reason, verbs) in [
            ("250", "greeting-not-220", "QUIT"),
            ("221", "greeting-not-220", "QUIT"),
            ("354", "greeting-not-220", "QUIT"),
            ("450", "greeting-refused", "QUIT"),
            ("554", "greeting-refused", "QUIT"),
            ("500", "greeting-refused", "QUIT"),
            ("421", "service-closing", ""),
        ] {
            let report = clear(requirement, &[&format!("{code} mx.example\r\n")]);
            expect(&report, "refused", reason, verbs);
        }
        for greeting in ["099 x\r\n", "SSH-2.0-x\r\n", "\r\n", "220_x\r\n"] {
            expect(&clear(requirement, &[greeting]), "refused", "malformed-reply", "");
        }
    }
}

#[test]
fn ehlo_250_with_offer_sends_starttls() {
    for requirement in ALL {
        let report = clear(requirement, &[GREETING, OFFER, READY]);
        assert_eq!(report.sent, ["EHLO client.example", "STARTTLS"]);
    }
}

#[test]
fn ehlo_250_without_offer_goes_on_in_clear_or_tries_starttls_once() {
    let report = clear(Opportunistic, &[GREETING, NO_OFFER]);
    expect(&report, "plaintext", "starttls-not-offered", "EHLO");
    assert_eq!(report.downgrade.unwrap().word(), "absent");
    for requirement in REQUIRED {
        let report = clear(requirement, &[GREETING, NO_OFFER, "502 no\r\n", "221 bye\r\n"]);
        expect(&report, "refused", "starttls-not-offered", "EHLO STARTTLS QUIT");
    }
}

// checks: smtp-starttls/SMTP-E2, smtp-starttls/SMTP-E3
#[test]
fn ehlo_500_to_504_falls_back_to_helo_under_opportunistic_alone() {
    for code in 500..=504 {
        let refusal = format!("{code} what?\r\n");
        let report = clear(Opportunistic, &[GREETING, &refusal, "250 mx.example\r\n"]);
        expect(&report, "plaintext", "starttls-not-offered", "EHLO HELO");
        assert_eq!(report.sent[1], "HELO client.example");
        assert_eq!(report.downgrade.unwrap().word(), "absent");
        for requirement in REQUIRED {
            let report = clear(requirement, &[GREETING, &refusal, "221 bye\r\n"]);
            expect(&report, "refused", "starttls-not-offered", "EHLO QUIT");
        }
    }
}

#[test]
fn ehlo_of_another_code_is_refused_without_helo() {
    for requirement in ALL {
        for code in [220, 251, 354, 450, 451, 505, 521, 530, 550, 554] {
            let report = clear(requirement, &[GREETING, &format!("{code} no\r\n")]);
            expect(&report, "refused", "ehlo-refused", "EHLO QUIT");
        }
        let report = clear(requirement, &[GREETING, "421 closing\r\n"]);
        expect(&report, "refused", "service-closing", "EHLO");
    }
}

#[test]
fn helo_of_another_code_than_250_is_refused() {
    for code in [220, 251, 354, 450, 500, 502, 550] {
        let report = clear(Opportunistic, &[GREETING, "500 x\r\n", &format!("{code} no\r\n")]);
        expect(&report, "refused", "ehlo-refused", "EHLO HELO QUIT");
    }
    let report = clear(Opportunistic, &[GREETING, "500 x\r\n", "421 no\r\n"]);
    expect(&report, "refused", "service-closing", "EHLO HELO");
}

#[test]
fn starttls_220_goes_to_tls() {
    for requirement in ALL {
        let script = [
            Step::Send(GREETING.as_bytes()),
            Step::Send(OFFER.as_bytes()),
            Step::Send(READY.as_bytes()),
            Step::Tls,
            Step::Send(b"250-mx.example\r\n250-REQUIRETLS\r\n250 SIZE\r\n"),
        ];
        let report = run(requirement, Tls::Verified, &script);
        expect(&report, "secured", "", "EHLO STARTTLS EHLO");
        let keywords: Vec<_> = report.keywords.iter().map(|keyword| keyword.name()).collect();
        assert_eq!(keywords, ["SIZE", "REQUIRETLS"]);
    }
}

// checks: smtp-starttls/SMTP-S3
#[test]
fn starttls_refused_goes_on_in_clear_on_a_new_connection_or_not_at_all() {
    for code in [454, 450, 501, 500, 502, 503, 504, 530, 554] {
        let reads = [GREETING, OFFER, &format!("{code} no\r\n"), "221 bye\r\n"];
        let report = clear(Opportunistic, &reads);
        expect(&report, "retry-plaintext", "starttls-refused", "EHLO STARTTLS QUIT");
        for requirement in REQUIRED {
            let report = clear(requirement, &reads);
            expect(&report, "refused", "starttls-refused", "EHLO STARTTLS QUIT");
            let failure = report.failure();
            assert_eq!(failure.reason_code().unwrap().to_string(), code.to_string());
        }
    }
    let reads = [GREETING, OFFER, "421 no\r\n"];
    expect(&clear(Opportunistic, &reads), "retry-plaintext", "starttls-refused", "EHLO STARTTLS");
    expect(&clear(Encrypt, &reads), "refused", "starttls-refused", "EHLO STARTTLS");
}

// checks: smtp-starttls/SMTP-S2
#[test]
fn starttls_answered_by_another_success_is_refused() {
    for requirement in ALL {
        for code in [221, 250, 251, 334, 354] {
            let report = clear(requirement, &[GREETING, OFFER, &format!("{code} ok\r\n")]);
            expect(&report, "refused", "starttls-bad-reply", "EHLO STARTTLS QUIT");
        }
    }
}

#[test]
fn tls_up_but_not_verified_is_refused_under_authenticate_alone() {
    let script = [
        Step::Send(GREETING.as_bytes()),
        Step::Send(OFFER.as_bytes()),
        Step::Send(READY.as_bytes()),
        Step::Tls,
        Step::Send(b"250 mx.example\r\n"),
    ];
    for requirement in [Opportunistic, Encrypt] {
        expect(&run(requirement, Tls::Unverified, &script), "secured", "", "EHLO STARTTLS EHLO");
    }
    let report = run(Authenticate, Tls::Unverified, &script);
    expect(&report, "refused", "not-authenticated", "EHLO STARTTLS QUIT");
}

// checks: smtp-starttls/SMTP-U5, smtp-starttls/SMTP-S5
#[test]
fn tls_failed_goes_on_in_clear_on_a_new_connection_or_not_at_all() {
    let start = [GREETING, OFFER, READY].map(|read| Step::Send(read.as_bytes()));
    let ends = [
        (Tls::Failed(TlsFailure::Broken), Step::Tls),
        (Tls::Verified, Step::Close),
        (Tls::Verified, Step::TimeOut),
        (Tls::Verified, Step::Send(b"\x15\x03\x01\x00\x02\x02\x28")),
    ];
    for (tls, end) in ends {
        let script = [&start[..], &[end]].concat();
        let report = run(Opportunistic, tls, &script);
        expect(&report, "retry-plaintext", "tls-failed", "EHLO STARTTLS");
        for requirement in REQUIRED {
            expect(&run(requirement, tls, &script), "refused", "tls-failed", "EHLO STARTTLS");
        }
    }
}

#[test]
fn a_connection_lost_while_starttls_is_unanswered_counts_as_failed_tls() {
    for end in [Step::Close, Step::TimeOut] {
        let script = [Step::Send(GREETING.as_bytes()), Step::Send(OFFER.as_bytes()), end];
        let report = run(Opportunistic, Tls::Verified, &script);
        expect(&report, "retry-plaintext", "tls-failed", "EHLO STARTTLS");
        let report = run(Encrypt, Tls::Verified, &script);
        expect(&report, "refused", "tls-failed", "EHLO STARTTLS");
    }
}

fn sealed(requirement: Requirement, then: &[Step<'_>]) -> Report {
    let start = [GREETING, OFFER, READY].map(|read| Step::Send(read.as_bytes()));
    run(requirement, Tls::Verified, &[&start[..], &[Step::Tls], then].concat())
}

// checks: smtp-starttls/SMTP-T2, smtp-starttls/SMTP-E3
#[test]
fn ehlo_in_tls_of_another_code_than_250_is_refused_without_helo() {
    for requirement in ALL {
        for (code, reason, verbs) in [
            (220, "greeting-in-tls", "EHLO STARTTLS EHLO QUIT"),
            (421, "service-closing", "EHLO STARTTLS EHLO"),
            (500, "ehlo-in-tls-refused", "EHLO STARTTLS EHLO QUIT"),
            (502, "ehlo-in-tls-refused", "EHLO STARTTLS EHLO QUIT"),
            (354, "ehlo-in-tls-refused", "EHLO STARTTLS EHLO QUIT"),
            (550, "ehlo-in-tls-refused", "EHLO STARTTLS EHLO QUIT"),
        ] {
            let reply = format!("{code} x\r\n");
            let report = sealed(requirement, &[Step::Send(reply.as_bytes())]);
            expect(&report, "refused", reason, verbs);
        }
        for (end, reason) in [(Step::Close, "closed"), (Step::TimeOut, "timed-out")] {
            expect(&sealed(requirement, &[end]), "refused", reason, "EHLO STARTTLS EHLO");
        }
    }
}

#[test]
fn smtp_t5_rfc8446_6_a_late_alert_is_a_failed_handshake() {
    let report = sealed(Opportunistic, &[Step::Alert]);
    expect(&report, "retry-plaintext", "tls-failed", "EHLO STARTTLS EHLO");
    for requirement in REQUIRED {
        let report = sealed(requirement, &[Step::Alert]);
        expect(&report, "refused", "tls-failed", "EHLO STARTTLS EHLO");
    }
}

#[test]
fn any_reply_that_is_broken_is_refused_whatever_the_requirement() {
    let faults = [
        ("malformed-reply", "250-mx.example\r\n250 STARTTLS\0\r\n".to_string()),
        ("malformed-reply", "250-mx.example\n250 STARTTLS\n".to_string()),
        ("mixed-codes", "250-mx.example\r\n550 STARTTLS\r\n".to_string()),
        ("line-too-long", format!("250-{}\r\n250 STARTTLS\r\n", "a".repeat(2048))),
        ("reply-too-long", format!("{}250 STARTTLS\r\n", "250-a\r\n".repeat(512))),
        ("unsolicited-bytes", format!("{NO_OFFER}250 x\r\n")),
    ];
    for (reason, reply) in &faults {
        for requirement in ALL {
            let report = clear(requirement, &[GREETING, reply]);
            expect(&report, "refused", reason, "EHLO");
            assert!(report.keywords.iter().next().is_none());
            let report = sealed(requirement, &[Step::Send(reply.as_bytes())]);
            expect(&report, "refused", reason, "EHLO STARTTLS EHLO");
            let greeting = reply.replace("250", "220");
            expect(&clear(requirement, &[&greeting]), "refused", reason, "");
        }
    }
}
