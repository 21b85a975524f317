//! Several addresses of one host (RFC 5321 section 5.1).

use smtp_starttls::Requirement;

use super::super::LocalLevel;
use super::script::{Played, World, usable_tlsa};
use super::server::{Server, StartTls, later, never};
use crate::attempt::{Answered, Assurance, AttemptResult, Transport};
use crate::report::Fate;
use crate::resolve::Security;

const MX1: &str = "mx1.d.test";
const MX2: &str = "mx2.d.test";

/// Two hosts, the first with these addresses.
fn world(servers: &[Server]) -> World {
    let mut world = World::with_hosts(Security::Secure, &[MX1, MX2]);
    world.at_addresses(MX1, Security::Secure, servers);
    world.asks_for_reports();
    world
}

fn broken() -> Server {
    Server::with(StartTls::Broken)
}

/// Each attempt: the host, the last octets of the addresses, and whether it was in clear.
fn attempts(played: &Played) -> Vec<(&str, Vec<u8>, bool)> {
    let of = played.attempts.iter().map(|(attempt, _)| {
        let last = attempt.addresses.iter().map(|address| match address {
            core::net::IpAddr::V4(address) => address.octets()[3],
            core::net::IpAddr::V6(_) => 0,
        });
        let in_clear = matches!(attempt.transport, Transport::InClear { .. });
        (attempt.host.as_str(), last.collect(), in_clear)
    });
    of.collect()
}

fn assurance(played: &Played) -> Option<(&str, Assurance)> {
    match &played.report.fates[0] {
        Fate::Delivered { host, assurance, .. } => Some((host.as_str(), *assurance)),
        Fate::Deferred(_) | Fate::Refused(_) => None,
    }
}

#[test]
fn rfc5321_5_1_another_address_has_its_turn_before_another_host() {
    for failing in [
        broken(),
        Server::with(StartTls::PlainTextInstead),
        Server::with(StartTls::Answered("220 go\r\nEVIL\r\n")),
        Server { greeting: "421 busy\r\n", ..Server::default() },
        Server { greeting: "what\r\n", ..Server::default() },
        Server::answering([Answered::Lost { reason: "closed" }]),
    ] {
        let played = world(&[failing.clone(), Server::default()]).play();
        assert_eq!(assurance(&played), Some((MX1, Assurance::Unauthenticated)), "{failing:?}");
        assert_eq!(attempts(&played), [(MX1, vec![1, 2], false), (MX1, vec![2], false)]);
    }
}

#[test]
fn each_address_must_reach_what_the_first_must() {
    let mut world = world(&[broken(), Server::with(StartTls::Absent), Server::default()]);
    world.tlsa(MX1, vec![usable_tlsa()]);
    let played = world.play();
    assert_eq!(assurance(&played), Some((MX1, Assurance::DaneEe)));
    for (attempt, _) in &played.attempts {
        assert_eq!(attempt.plan.requirement, Requirement::Authenticate);
    }
    let impostor = Server { dane: false, ..Server::default() };
    world.at_addresses(MX1, Security::Secure, &[impostor, Server::with(StartTls::Absent)]);
    let played = world.play();
    assert_eq!(assurance(&played).map(|it| it.0), Some(MX2), "never in clear at the first");
    assert!(played.attempts.iter().all(|(it, _)| matches!(it.transport, Transport::StartTls)));
}

#[test]
fn clear_comes_after_every_address_and_only_where_starttls_has_failed() {
    let greets_no_more = Server { greeting: "421 busy\r\n", ..Server::default() };
    let played = world(&[broken(), greets_no_more, broken()]).play();
    assert_eq!(
        attempts(&played),
        [
            (MX1, vec![1, 2, 3], false),
            (MX1, vec![2, 3], false),
            (MX1, vec![3], false),
            (MX1, vec![1, 3], true)
        ]
    );
    assert_eq!(assurance(&played), Some((MX1, Assurance::Clear)));
    let mut world = world(&[broken(), broken()]);
    world.settings.level = LocalLevel::Encrypt;
    let played = world.play();
    assert_eq!(assurance(&played), Some((MX2, Assurance::Unauthenticated)));
}

#[test]
fn a_host_costs_three_sessions_at_most_before_the_next_one() {
    let busy = Server { greeting: "421 busy\r\n", ..Server::default() };
    let played = world(&vec![busy; 6]).play();
    let at_first: Vec<_> = attempts(&played).into_iter().filter(|it| it.0 == MX1).collect();
    assert_eq!(at_first.len(), 3);
    assert_eq!(assurance(&played), Some((MX2, Assurance::Unauthenticated)));
    let played = world(&vec![broken(); 6]).play();
    let in_clear = attempts(&played).into_iter().filter(|it| it.2);
    assert_eq!(in_clear.map(|it| it.1).collect::<Vec<_>>(), [vec![1, 2, 3]]);
}

#[test]
fn what_a_host_says_for_all_its_addresses_is_not_asked_again() {
    let refuses = Server { greeting: "554 no mail here\r\n", ..Server::default() };
    let played = world(&[refuses, Server::default()]).play();
    assert_eq!(attempts(&played).len(), 2);
    assert_eq!(assurance(&played).map(|it| it.0), Some(MX2));
    for answer in [later(), never()] {
        let played = world(&[Server::answering([answer]), Server::default()]).play();
        let at_first = attempts(&played).into_iter().filter(|it| it.0 == MX1).count();
        assert_eq!(at_first, 1, "an answer is the host's");
    }
}

#[test]
fn only_who_was_lost_comes_to_the_next_address() {
    let first = Server::answering([
        Answered::Taken(super::server::reply(250, "ok")),
        Answered::Lost { reason: "closed" },
        later(),
    ]);
    let mut world = world(&[first, Server::default()]);
    world.recipients = 3;
    let played = world.play();
    let asked: Vec<_> =
        played.attempts.iter().map(|(attempt, _)| attempt.recipients.clone()).collect();
    assert_eq!(asked, [vec![0, 1, 2], vec![1], vec![2]]);
    assert!(played.report.fates.iter().all(|fate| fate.word() == "delivered"));
}

#[test]
fn each_session_is_counted_and_each_address_is_told_of() {
    let played = world(&[broken(), Server::down(), Server::default()]).play();
    assert_eq!(assurance(&played), Some((MX1, Assurance::Unauthenticated)));
    let sessions: Vec<_> = played.report.tlsrpt_sessions().collect();
    assert_eq!(sessions.len(), 2, "a failure and a success");
    let visits = &played.report.tries[0].connections;
    assert_eq!(visits.len(), 2);
    assert!(visits[0].failure.is_some() && visits[0].not_reached.is_empty());
    let not_reached: Vec<_> = visits[1].not_reached.iter().map(|it| it.0.to_string()).collect();
    assert_eq!(not_reached, ["192.0.2.2:25"]);
}

// checks: smtp-starttls/SMTP-R1
#[test]
fn rfc8689_4_2_1_an_address_that_may_do_better_keeps_a_message_from_bouncing() {
    let lacks = Server::with(StartTls::Absent);
    let busy = Server { greeting: "421 busy\r\n", ..Server::default() };
    for (servers, word) in [
        ([lacks.clone(), busy.clone()], "deferred"),
        ([busy, lacks.clone()], "deferred"),
        ([lacks.clone(), Server::down()], "deferred"),
        ([lacks.clone(), lacks], "refused"),
    ] {
        let mut world = World::with_hosts(Security::Secure, &[MX1]);
        world.message = super::super::MessageTerms::require_tls();
        world.at_addresses(MX1, Security::Secure, &servers);
        let played = world.play();
        assert_eq!(played.report.fates[0].word(), word, "{servers:?}");
        let reached = |result: &AttemptResult| !matches!(result, AttemptResult::NotReached(_));
        assert!(played.attempts.iter().any(|(_, result)| reached(result)));
    }
}
