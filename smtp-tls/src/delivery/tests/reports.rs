//! What is counted for TLS reports (RFC 8460), case by case.

use mta_sts::{CacheEntry, FetchHistory, Policy, Profile, Stored};
use tlsrpt::{Outcome as Counted, PolicyOutcome};

use super::super::{LocalLevel, MessageTerms};
use super::script::{DOMAIN, World, now, unusable_tlsa, usable_tlsa};
use super::server::{Server, StartTls, later};
use crate::resolve::{Kind, LookUpError, Security};

const MX: &str = "mx.d.test";

fn world(security: Security, server: Server) -> World {
    let mut world = World::with_hosts(security, &[MX]);
    world.asks_for_reports();
    world.server(MX, server);
    world
}

fn insecure(server: Server) -> World {
    world(Security::Insecure, server)
}

/// A policy's outcome in a line: type, domain, number of strings, outcome, failures.
fn line(policy: &PolicyOutcome<'_>) -> String {
    let outcome = match policy.outcome {
        Counted::Success => "success",
        Counted::Failure => "failure",
    };
    let failures: Vec<String> = policy
        .failures
        .iter()
        .map(|it| {
            let reason = it.failure_reason_code.as_deref().unwrap_or("-");
            format!("{} {reason}", it.result_type.as_str())
        })
        .collect();
    let kind = policy.policy.policy_type.as_str();
    format!("{kind} {}: {outcome} [{}]", policy.policy.domain, failures.join(", "))
}

/// Each session, its policies in lines.
fn counted(world: &World) -> Vec<Vec<String>> {
    let report = world.play().report;
    let sessions = report.tlsrpt_sessions();
    sessions.map(|session| session.policies.iter().map(line).collect()).collect()
}

fn assert_counted(world: &World, expected: &[&[&str]]) {
    assert_eq!(counted(world), expected);
}

// checks: tlsrpt/D1, tlsrpt/S3
#[test]
fn without_a_policy_tls_counts_as_no_policy_found() {
    assert_counted(&insecure(Server::default()), &[&["no-policy-found d.test: success []"]]);
}

#[test]
fn a_domain_that_asks_for_no_reports_gets_none() {
    let world = World::with_hosts(Security::Insecure, &[MX]);
    assert!(counted(&world).is_empty());
    assert_eq!(world.play().report.sessions.len(), 1, "the log has it all the same");
}

// checks: tlsrpt/S6
#[test]
fn rfc8460_4_3_1_starttls_missing_or_refused() {
    let absent = insecure(Server::with(StartTls::Absent));
    let failure = "no-policy-found d.test: failure [starttls-not-supported -]";
    assert_counted(&absent, &[&[failure]]);
    let refused = insecure(Server::with(StartTls::Answered("454 no\r\n")));
    let failure = "no-policy-found d.test: failure [starttls-not-supported 454]";
    assert_counted(&refused, &[&[failure]]);
}

#[test]
fn the_connection_in_clear_after_a_failure_is_not_counted_again() {
    let world = insecure(Server::with(StartTls::Broken));
    assert_eq!(world.play().attempts.len(), 2);
    assert_counted(&world, &[&["no-policy-found d.test: failure [validation-failure tls-failed]"]]);
}

// checks: tlsrpt/S6
#[test]
fn rfc8460_4_3_a_handshake_that_fails_counts_where_nothing_is_checked() {
    let mut world = insecure(Server::with(StartTls::NotProven));
    let failed = "failure [validation-failure handshake-signature]";
    assert_eq!(world.play().attempts.len(), 2, "it goes on in clear");
    assert_counted(&world, &[&[&format!("no-policy-found d.test: {failed}")]]);
    world.settings.level = LocalLevel::Encrypt;
    assert_counted(&world, &[&[&format!("no-policy-found d.test: {failed}")]]);
    world.settings.level = LocalLevel::default();
    world.message = MessageTerms::require_tls();
    assert_counted(&world, &[&[&format!("no-policy-found d.test: {failed}")]]);
    world.message = MessageTerms::default();
    for mode in ["testing", "enforce"] {
        world.policy(mode, MX);
        assert_counted(&world, &[&[&format!("sts d.test: {failed}")]]);
    }
}

#[test]
fn rfc8460_4_3_a_handshake_that_fails_counts_once_under_records() {
    let mut world = world(Security::Secure, Server::with(StartTls::NotProven));
    world.tlsa(MX, vec![usable_tlsa()]);
    let failed = "validation-failure handshake-signature";
    assert_counted(&world, &[&[&format!("tlsa mx.d.test: failure [{failed}]")]]);
    world.tlsa(MX, vec![unusable_tlsa()]);
    let tlsa = format!("tlsa mx.d.test: failure [tlsa-invalid all-unusable, {failed}]");
    assert_counted(&world, &[&[&tlsa]]);
    world.policy("testing", MX);
    assert_counted(&world, &[&[&tlsa, &format!("sts d.test: failure [{failed}]")]]);
    // What a policy demands of the certificate is no matter of the records.
    world.policy("enforce", MX);
    let only = "tlsa mx.d.test: failure [tlsa-invalid all-unusable]";
    assert_counted(&world, &[&[only, &format!("sts d.test: failure [{failed}]")]]);
}

// checks: tlsrpt/S7
#[test]
fn rfc8460_4_3_4_trouble_outside_of_tls_counts_nothing() {
    assert!(counted(&insecure(Server::down())).is_empty());
    let refuses = Server { greeting: "554 no\r\n", ..Server::default() };
    assert!(counted(&insecure(refuses)).is_empty());
    let mut world = insecure(Server::default());
    world.answer(DOMAIN, Kind::Mx, Err(LookUpError::Timeout));
    assert!(counted(&world).is_empty());
}

#[test]
fn what_the_host_says_to_recipients_does_not_matter() {
    let world = insecure(Server::answering([later()]));
    assert_counted(&world, &[&["no-policy-found d.test: success []"]]);
}

// checks: tlsrpt/J2, tlsrpt/J12, tlsrpt/S3
#[test]
fn an_enforced_policy() {
    let mut world = insecure(Server::default());
    world.policy("enforce", MX);
    assert_counted(&world, &[&["sts d.test: success []"]]);
    let policy = &world.play().report.sessions[0].policies[0].policy;
    assert_eq!(policy.strings.len(), 4, "its lines as received");
    assert_eq!(policy.mx_hosts, [MX]);
    world.server(MX, Server { pkix: false, ..Server::default() });
    assert_counted(&world, &[&["sts d.test: failure [certificate-host-mismatch no-match]"]]);
    world.server(MX, Server::with(StartTls::Absent));
    assert_counted(&world, &[&["sts d.test: failure [starttls-not-supported 502]"]]);
}

// checks: mta-sts/A02, tlsrpt/S3
#[test]
fn a_policy_under_test_fails_though_the_mail_is_delivered() {
    let mut world = insecure(Server { pkix: false, ..Server::default() });
    world.policy("testing", MX);
    assert_eq!(world.play().report.fates[0].word(), "delivered");
    assert_counted(&world, &[&["sts d.test: failure [certificate-host-mismatch no-match]"]]);
    world.server(MX, Server::with(StartTls::Absent));
    assert_eq!(world.play().report.fates[0].word(), "delivered");
    assert_counted(&world, &[&["sts d.test: failure [starttls-not-supported -]"]]);
}

// checks: tlsrpt/J17
#[test]
fn a_host_that_the_policy_does_not_list() {
    let expected: &[&[&str]] = &[&["sts d.test: failure [validation-failure mx-not-in-policy]"]];
    for mode in ["enforce", "testing"] {
        let mut world = insecure(Server::default());
        world.policy(mode, "other.d.test");
        assert_counted(&world, expected);
        let failure = &world.play().report.sessions[0].policies[0].failures[0];
        assert_eq!(failure.receiving_mx_hostname.as_deref(), Some(MX), "{mode}");
    }
}

// checks: mta-sts/A03
#[test]
fn rfc8461_8_3_a_policy_in_mode_none_is_no_policy() {
    let mut world = insecure(Server::default());
    world.policy("none", MX);
    assert_counted(&world, &[&["no-policy-found d.test: success []"]]);
}

#[test]
fn a_policy_that_cannot_be_fetched() {
    let mut world = insecure(Server::default());
    world.record();
    let failure = "sts d.test: failure [sts-policy-fetch-error connection-failed]";
    assert_counted(&world, &[&[failure]]);
    assert!(world.play().report.sessions[0].policies[0].policy.strings.is_empty());
}

// checks: mta-sts/F10
#[test]
fn a_policy_that_cannot_be_fetched_while_a_cached_one_stands_in() {
    let mut world = insecure(Server::default());
    world.record();
    let text = format!("version: STSv1\nmode: enforce\nmx: {MX}\nmax_age: 86400\n");
    let policy = Policy::parse(text.as_bytes(), Profile::default()).unwrap();
    let entry = CacheEntry::new("0".parse().unwrap(), policy, now());
    world.stored = Stored::new(Some(entry), FetchHistory::default());
    let beside = "sts d.test: success [sts-policy-fetch-error connection-failed+cached-policy]";
    assert_counted(&world, &[&[beside]]);
    world.server(MX, Server { pkix: false, ..Server::default() });
    let both = "sts d.test: failure [certificate-host-mismatch no-match, \
        sts-policy-fetch-error connection-failed+cached-policy]";
    assert_counted(&world, &[&[both]]);
}

// checks: dane/DANE-R1
#[test]
fn records_that_are_met_or_not() {
    let mut world = world(Security::Secure, Server::default());
    world.tlsa(MX, vec![usable_tlsa()]);
    assert_counted(&world, &[&["tlsa mx.d.test: success []"]]);
    world.server(MX, Server { dane: false, ..Server::default() });
    assert_counted(&world, &[&["tlsa mx.d.test: failure [validation-failure no-match]"]]);
    world.server(MX, Server::with(StartTls::Absent));
    assert_counted(&world, &[&["tlsa mx.d.test: failure [starttls-not-supported 502]"]]);
}

// checks: dane/DANE-R1
#[test]
fn records_of_which_none_is_usable_are_a_failure_whatever_tls_comes_to() {
    let mut world = world(Security::Secure, Server::default());
    world.tlsa(MX, vec![unusable_tlsa()]);
    assert_counted(&world, &[&["tlsa mx.d.test: failure [tlsa-invalid all-unusable]"]]);
    world.server(MX, Server::with(StartTls::Absent));
    let both = "tlsa mx.d.test: failure [tlsa-invalid all-unusable, starttls-not-supported 502]";
    assert_counted(&world, &[&[both]]);
}

// checks: tlsrpt/S5
#[test]
fn each_policy_evaluated_has_an_outcome_of_its_own() {
    let mut world = world(Security::Secure, Server { pkix: false, ..Server::default() });
    world.tlsa(MX, vec![unusable_tlsa()]);
    world.policy("testing", MX);
    let (tlsa, sts) = (
        "tlsa mx.d.test: failure [tlsa-invalid all-unusable]",
        "sts d.test: failure [certificate-host-mismatch no-match]",
    );
    assert_counted(&world, &[&[tlsa, sts]]);
}

// checks: dane/DANE-R1
#[test]
fn rfc8460_4_3_2_1_records_that_fail_validation() {
    let mut world = world(Security::Secure, Server::default());
    let bogus = || Err(LookUpError::Bogus { extended: None });
    world.answer("_25._tcp.mx.d.test", Kind::Tlsa, bogus());
    assert_counted(&world, &[&["tlsa mx.d.test: failure [dnssec-invalid tlsa-lookup-failure]"]]);
    world.answer(DOMAIN, Kind::Mx, bogus());
    assert_counted(&world, &[&["tlsa d.test: failure [dnssec-invalid mx-lookup-failure]"]]);
}

// checks: tlsrpt/S7
#[test]
fn rfc8460_4_3_4_records_that_a_passing_failure_hides_count_nothing() {
    let mut world = world(Security::Secure, Server::default());
    world.answer("_25._tcp.mx.d.test", Kind::Tlsa, Err(LookUpError::Timeout));
    assert!(counted(&world).is_empty());
}

// checks: dane/DANE-R1
#[test]
fn rfc8460_4_3_2_1_dane_where_the_operator_demands_it() {
    let mut world = world(Security::Secure, Server::default());
    world.settings.level = LocalLevel::Dane;
    assert_counted(&world, &[&["tlsa mx.d.test: failure [dane-required dane-required]"]]);
}

// checks: tlsrpt/S3
#[test]
fn each_host_that_is_tried_counts() {
    let mut world = insecure(Server::answering([later()]));
    let hosts = ["mx1.d.test", "mx2.d.test"];
    let mut both = World::with_hosts(Security::Insecure, &hosts);
    both.asks_for_reports();
    both.server(hosts[0], Server::answering([later()]));
    assert_eq!(counted(&both).len(), 2);
    world.recipients = 2;
    assert_eq!(counted(&world).len(), 1, "sessions are counted, not recipients");
}
