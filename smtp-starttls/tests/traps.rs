//! Inputs on which implementations in the field disagree, with the one verdict for each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{Config, MessageNeed, MxTrust, Requirement};
use support::{Report, Step, Tls, config, play};

use Requirement::{Authenticate, Encrypt, Opportunistic};

const GREETING: &str = "220 mx.example ESMTP\r\n";
const OFFER: &str = "250-mx.example\r\n250 STARTTLS\r\n";
const READY: &str = "220 go ahead\r\n";
const HONEST: &[Step<'_>] = &[Step::Tls, Step::Send(b"250-mx.example\r\n250 SIZE 9\r\n")];

fn with(config: &Config, reads: &[&str], then: &[Step<'_>]) -> Report {
    let mut script: Vec<_> = reads.iter().map(|read| Step::Send(read.as_bytes())).collect();
    script.extend_from_slice(then);
    play(config, Tls::Verified, &script)
}

fn optional(reads: &[&str], then: &[Step<'_>]) -> Report {
    with(&config(Opportunistic), reads, then)
}

fn refused_at_all_levels(reads: &[&str], then: &[Step<'_>]) {
    for requirement in [Opportunistic, Encrypt, Authenticate] {
        let report = with(&config(requirement), reads, then);
        assert_eq!(report.verdict(), "refused", "{reads:?}");
        assert_eq!(report.failure().status.class(), 4, "never a bounce");
    }
}

#[test]
fn forged_replies_in_one_segment_with_the_220() {
    let forged = format!("{READY}250-forged.example\r\n250 AUTH PLAIN\r\n250 ok\r\n250 ok\r\n");
    refused_at_all_levels(&[GREETING, OFFER, &forged], HONEST);
}

#[test]
fn a_fragment_that_could_become_the_head_of_the_first_reply_inside() {
    for fragment in ["2", "25", "250-", "250-forged"] {
        refused_at_all_levels(&[GREETING, OFFER, &format!("{READY}{fragment}")], HONEST);
    }
}

#[test]
fn the_same_octets_in_a_segment_of_their_own() {
    for read in ["250 forged\r\n", "250-", "x", "EHLO\r\n"] {
        refused_at_all_levels(&[GREETING, OFFER, READY, read], HONEST);
    }
}

#[test]
fn replies_staged_behind_a_greeting_an_ehlo_reply_or_a_refusal() {
    refused_at_all_levels(&["220 mx.example\r\n250 mx.example\r\n"], &[]);
    refused_at_all_levels(&[GREETING, "250 mx.example\r\n220 go\r\n"], HONEST);
    refused_at_all_levels(&[GREETING, OFFER, "454 no\r\n250 mx\r\n"], &[]);
}

#[test]
fn another_success_than_220_to_starttls() {
    for reply in ["250 ok\r\n", "221 ok\r\n", "354 go\r\n", "235 ok\r\n"] {
        refused_at_all_levels(&[GREETING, OFFER, reply], HONEST);
    }
}

#[test]
fn replies_of_two_codes() {
    for reply in ["220-a\r\n454 b\r\n", "454-a\r\n220 b\r\n"] {
        refused_at_all_levels(&[GREETING, OFFER, reply], HONEST);
    }
    refused_at_all_levels(&[GREETING, "250-mx\r\n250-STARTTLS\r\n550 no\r\n"], &[]);
}

#[test]
fn refusals_under_opportunistic_need_a_new_connection() {
    let closed = optional(&[GREETING, OFFER, "421 bye\r\n"], &[]);
    let got = (closed.verdict(), closed.verbs());
    assert_eq!(got, ("retry-plaintext", "EHLO STARTTLS".to_string()));
    for reply in ["454 no\r\n", "501 no\r\n", "554 no\r\n"] {
        let report = optional(&[GREETING, OFFER, reply], &[]);
        let got = (report.verdict(), report.verbs());
        assert_eq!(got, ("retry-plaintext", "EHLO STARTTLS QUIT".to_string()));
    }
}

#[test]
fn odd_offers_and_odd_lines_that_are_none() {
    for line in ["starttls", "STARTTLS foo", "StartTls"] {
        let report = optional(&[GREETING, &format!("250-mx\r\n250 {line}\r\n"), READY], HONEST);
        assert_eq!((report.verdict(), report.downgrade), ("secured", None), "{line}");
    }
    for line in ["STARTTLS=1", " STARTTLS", "STARTTLSX"] {
        let report = optional(&[GREETING, &format!("250-mx\r\n250 {line}\r\n")], &[]);
        assert_eq!(report.verdict(), "plaintext", "{line}");
        assert_eq!(report.downgrade.unwrap().word(), "garbled");
    }
}

#[test]
fn a_nul_or_a_bare_cr_never_ends_in_clear() {
    refused_at_all_levels(&[GREETING, "250-mx\r\n250 STARTTLS\0\r\n"], &[]);
    refused_at_all_levels(&[GREETING, "250-mx\r250-STARTTLS\r\n250 SIZE\r\n"], &[]);
}

#[test]
fn starttls_on_the_first_line_alone_is_no_offer() {
    for reply in ["250 STARTTLS\r\n", "250-STARTTLS\r\n250 SIZE 5\r\n"] {
        assert_eq!(optional(&[GREETING, reply], &[]).verdict(), "plaintext");
    }
}

#[test]
fn bare_line_feeds() {
    refused_at_all_levels(&["220 mx.example\n"], &[]);
    let lenient = config(Opportunistic).danger_accept_bare_lf();
    let reads = ["220 mx\n", "250-mx\n250 STARTTLS\n", "220 go\r\n"];
    assert_eq!(with(&lenient, &reads, HONEST).verdict(), "secured");
    let report = with(&lenient, &["220 mx\n", "250-mx\n250 STARTTLS\n", "220 go\n"], HONEST);
    assert_eq!(report.verdict(), "refused");
}

#[test]
fn octets_above_ascii_are_taken() {
    let script = [
        Step::Send(b"220 caf\xe9.example ESMTP\r\n"),
        Step::Send(b"250-gr\xfc\xdfe\r\n250-X\xff y\r\n250 STARTTLS\r\n"),
        Step::Send(b"220 \xe9\r\n"),
    ];
    let report = play(&config(Encrypt), Tls::Verified, &[&script[..], HONEST].concat());
    assert_eq!(report.verdict(), "secured");
}

#[test]
fn a_last_line_without_a_space() {
    let report = optional(&["220\r\n", "250-mx\r\n250-STARTTLS\r\n250\r\n", "220\r\n"], HONEST);
    assert_eq!(report.verdict(), "secured");
}

#[test]
fn starttls_behind_a_limit_is_not_read_as_its_absence() {
    let line = format!("250-{}\r\n250 STARTTLS\r\n", "a".repeat(2043));
    let lines = format!("{}250 STARTTLS\r\n", "250-SIZE\r\n".repeat(512));
    let octets = format!("{}250 STARTTLS\r\n", format!("250-{}\r\n", "a".repeat(2042)).repeat(32));
    for reply in [line, lines, octets] {
        refused_at_all_levels(&[GREETING, &reply], &[]);
    }
}

#[test]
fn greetings_that_are_none() {
    for greeting in
        ["250 mx\r\n", "099 mx\r\n", "SSH-2.0-x\r\n", "* OK IMAP4\r\n220 mx\r\n", "+OK\r\n"]
    {
        refused_at_all_levels(&[greeting], &[]);
    }
}

#[test]
fn ehlo_answered_421_or_550_is_not_followed_by_helo() {
    for (reply, verbs) in [("421 no\r\n", "EHLO"), ("550 no\r\n", "EHLO QUIT")] {
        let report = optional(&[GREETING, reply], &[]);
        assert_eq!((report.verdict(), report.verbs().as_str()), ("refused", verbs));
    }
}

#[test]
fn what_was_listed_before_tls_is_unknown_after_it() {
    let offer = "250-mx\r\n250-SIZE 9\r\n250-REQUIRETLS\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
    let inside = [Step::Tls, Step::Send(b"250 mx\r\n")];
    let report = optional(&[GREETING, offer, READY], &inside);
    assert_eq!((report.verdict(), report.keywords.iter().count()), ("secured", 0));
}

#[test]
fn ehlo_inside_tls_refused_or_never_answered() {
    refused_at_all_levels(&[GREETING, OFFER, READY], &[Step::Tls, Step::Send(b"500 no\r\n")]);
    refused_at_all_levels(&[GREETING, OFFER, READY], &[Step::Tls, Step::TimeOut]);
    refused_at_all_levels(&[GREETING, OFFER, READY], &[Step::Tls, Step::Send(b"220 mx\r\n")]);
}

#[test]
fn starttls_listed_inside_tls_is_ignored() {
    let inside = [Step::Tls, Step::Send(b"250-mx\r\n250 STARTTLS\r\n")];
    let report = optional(&[GREETING, OFFER, READY], &inside);
    let got = (report.verdict(), report.verbs(), report.keywords.iter().count());
    assert_eq!(got, ("secured", "EHLO STARTTLS EHLO".to_string(), 0));
}

#[test]
fn a_handshake_that_stalls_or_fails() {
    let report = optional(&[GREETING, OFFER, READY], &[Step::TimeOut]);
    let got = (report.verdict(), report.verbs());
    assert_eq!(got, ("retry-plaintext", "EHLO STARTTLS".to_string()), "no octet in clear follows");
}

#[test]
fn a_requiretls_message_never_goes_without_the_parameter() {
    let config = config(Encrypt).message(MessageNeed::RequireTls(MxTrust::Authenticated));
    let report = with(&config, &[GREETING, OFFER, READY], HONEST);
    assert_eq!((report.verdict(), report.reason()), ("refused", "requiretls-not-offered"));
}
