//! Random worlds: whatever happens, no policy in force is broken and no recipient is lost.

use mta_sts::{Decision, Mode, TlsRequiredNo};
use proptest::prelude::*;
use smtp_starttls::{CommandError, Requirement};

use super::super::{DaneFailure, InsecureMx, LocalLevel, MessageTerms};
use super::script::{Played, World, unusable_tlsa, usable_tlsa};
use super::server::{Server, StartTls, later, never, reply};
use crate::attempt::{Answered, Assurance, Attempt, AttemptResult, Transport};
use crate::plan::Listed;
use crate::report::{Cause, Fate};
use crate::resolve::{Kind, LookUpError, Outcome, Security};

const HOSTS: [&str; 3] = ["mx1.d.test", "mx2.d.test", "mx3.d.test"];

fn security() -> impl Strategy<Value = Security> {
    prop_oneof![Just(Security::Secure), Just(Security::Insecure)]
}

fn failure() -> impl Strategy<Value = LookUpError> {
    prop_oneof![
        Just(LookUpError::Timeout),
        Just(LookUpError::Bogus { extended: None }),
        Just(LookUpError::Indeterminate { extended: None }),
        Just(LookUpError::ServFail { extended: None }),
        Just(LookUpError::Malformed),
    ]
}

fn answered() -> impl Strategy<Value = Answered> {
    prop_oneof![3 => Just(Answered::Taken(reply(250, "ok"))), 1 => Just(later()), 1 => Just(never()), 1 => Just(Answered::Lost { reason: "closed" }), 1 => Just(Answered::Unconfirmed { reason: "closed" }), 1 => Just(Answered::NotAsked), 1 => Just(Answered::Unfit(CommandError::NeedsSmtpUtf8))]
}

fn starttls() -> impl Strategy<Value = StartTls> {
    prop_oneof![3 => Just(StartTls::Works), 1 => Just(StartTls::Absent), 1 => Just(StartTls::Answered("454 no\r\n")), 1 => Just(StartTls::Answered("250 what\r\n")), 1 => Just(StartTls::Answered("220 go\r\nEVIL\r\n")), 1 => Just(StartTls::Broken), 1 => Just(StartTls::PlainTextInstead)]
}

prop_compose! {
    fn server()(
        up in prop::bool::weighted(0.8),
        greeting in prop_oneof![4 => Just("220 mx\r\n"), 1 => Just("554 no\r\n"), 1 => Just("what\r\n")],
        starttls in starttls(),
        (pkix, dane, require_tls) in any::<(bool, bool, bool)>(),
        answers in prop::collection::vec(answered(), 1..5),
    ) -> Server {
        Server { up, greeting, starttls, pkix, dane, require_tls, inside: None, answers }
    }
}

/// What the DNS says of one host: its addresses' security, its records, its failures.
#[derive(Clone, Debug)]
enum Tlsa {
    Nothing,
    Usable,
    Unusable,
    Fails(LookUpError),
    AddressFails(LookUpError),
}

fn tlsa() -> impl Strategy<Value = Tlsa> {
    prop_oneof![2 => Just(Tlsa::Nothing), 2 => Just(Tlsa::Usable), 1 => Just(Tlsa::Unusable), 1 => failure().prop_map(Tlsa::Fails), 1 => failure().prop_map(Tlsa::AddressFails)]
}

fn message() -> impl Strategy<Value = MessageTerms> {
    prop_oneof![3 => Just(MessageTerms::default()), 1 => Just(MessageTerms::tls_required_no()), 1 => Just(MessageTerms::require_tls()), 1 => Just(MessageTerms::report_delivery())]
}

prop_compose! {
    fn world()(
        (mx, order, recipients) in (security(), any::<u64>(), 1..5_usize),
        message in message(),
        hosts in prop::collection::vec((prop::collection::vec(server(), 1..5), tlsa(), security()), 3),
        policy in prop::option::of((0..3_usize, prop_oneof![Just("*.d.test"), Just(HOSTS[1])])),
        level in prop_oneof![3 => Just(LocalLevel::Opportunistic), 1 => Just(LocalLevel::Encrypt), 1 => Just(LocalLevel::Dane)],
        (honour, report_only, ignore) in any::<(bool, bool, bool)>(),
    ) -> World {
        let mut world = World::with_hosts(mx, &HOSTS);
        for (host, (servers, tlsa, security)) in HOSTS.iter().zip(hosts) {
            world.at_addresses(host, security, &servers);
            match tlsa {
                Tlsa::Nothing => {}
                Tlsa::Usable => world.tlsa(host, vec![usable_tlsa()]),
                Tlsa::Unusable => world.tlsa(host, vec![unusable_tlsa()]),
                Tlsa::Fails(error) => {
                    world.answer(&format!("_25._tcp.{host}"), Kind::Tlsa, Err(error));
                }
                Tlsa::AddressFails(error) => {
                    world.set(host, Kind::A, Outcome::NoData, security);
                    world.answer(host, Kind::Aaaa, Err(error));
                }
            }
        }
        if let Some((mode, pattern)) = policy {
            world.policy(["enforce", "testing", "none"][mode], pattern);
        }
        (world.order, world.recipients, world.message) = (order, recipients, message);
        world.settings.level = level;
        if honour {
            world.settings.mta_sts.tls_required_no = TlsRequiredNo::Honour;
        }
        if report_only {
            world.settings.dane_failure = DaneFailure::DangerReportOnly;
        }
        if ignore {
            world.settings.insecure_mx = InsecureMx::DangerIgnoreTlsa;
        }
        world
    }
}

/// How a result carried the message, if it did.
fn carried(result: &AttemptResult) -> Option<Assurance> {
    match result {
        AttemptResult::Offered { connection, .. } => Some(connection.assurance()),
        AttemptResult::NotReached(_) | AttemptResult::Failed { .. } => None,
    }
}

/// Whether the message may be exempt from the domain's policies.
fn is_exempt(world: &World) -> bool {
    let honoured = world.settings.mta_sts.tls_required_no == TlsRequiredNo::Honour;
    let message = world.message;
    world.settings.level != LocalLevel::Dane
        && (message.purpose == tlsrpt::Purpose::ReportDelivery
            || (message.tls == mta_sts::MessageTls::RequiredNo && honoured))
}

/// No attempt carried the message with less than is in force for its host.
fn check_attempt(world: &World, played: &Played, attempt: &Attempt, result: &AttemptResult) {
    let Some(assurance) = carried(result) else { return };
    let tried = played.report.tries.iter().find(|one| one.host == attempt.host).unwrap();
    let dane = matches!(assurance, Assurance::DaneEe | Assurance::DaneTa);
    let in_force = |wanted: Mode| match played.report.policy.as_ref().map(|it| &it.decision) {
        Some(Decision::Apply(applied)) => applied.mode() == wanted,
        _ => false,
    };
    let binding = !is_exempt(world)
        && (world.settings.dane_failure == DaneFailure::SkipsHost
            || world.settings.level == LocalLevel::Dane);
    match &tried.assessment.dane {
        dane::discovery::HostPlan::Dane(_) if binding => assert!(dane),
        dane::discovery::HostPlan::Encrypt(_) if binding => assert_ne!(assurance, Assurance::Clear),
        dane::discovery::HostPlan::Skip(_) => assert!(is_exempt(world)),
        _ => {}
    }
    if in_force(Mode::Enforce) && !is_exempt(world) && !dane {
        assert_eq!(assurance, Assurance::Pkix);
        assert_eq!(tried.assessment.listed, Listed::Yes);
    }
    match world.settings.level {
        LocalLevel::Opportunistic => {}
        LocalLevel::Encrypt => assert_ne!(assurance, Assurance::Clear),
        LocalLevel::Dane => assert!(dane),
    }
    if world.message.tls == mta_sts::MessageTls::Required {
        assert!(matches!(assurance, Assurance::Pkix | Assurance::DaneEe | Assurance::DaneTa));
    }
    if matches!(attempt.transport, Transport::InClear { .. }) {
        assert_eq!(attempt.plan.requirement, Requirement::Opportunistic);
    }
}

/// Whether this attempt has failed at this address in a way that allows clear.
fn allowed_clear(attempt: &Attempt, result: &AttemptResult, address: core::net::IpAddr) -> bool {
    match result {
        AttemptResult::Failed { connection, failure, end } => {
            connection.remote.ip() == address && attempt.may_be_clear_after(failure, *end)
        }
        AttemptResult::NotReached(_) | AttemptResult::Offered { .. } => false,
    }
}

/// The answers that hosts gave to a recipient.
fn said(played: &Played, place: usize) -> Vec<Answered> {
    let mut said = Vec::new();
    for (attempt, result) in &played.attempts {
        if let AttemptResult::Offered { recipients, .. } = result
            && let Some(at) = attempt.recipients.iter().position(|it| *it == place)
        {
            said.push(recipients[at].clone());
        }
    }
    said
}

fn check_fate(world: &World, played: &Played, place: usize) {
    let said = said(played, place);
    let is_taken = |it: &Answered| matches!(it, Answered::Taken(_));
    let takers = said.iter().filter(|it| is_taken(it)).count();
    assert!(takers <= 1, "taken twice");
    match &played.report.fates[place] {
        Fate::Delivered { .. } => assert_eq!(takers, 1),
        Fate::Deferred(_) => assert_eq!(takers, 0),
        Fate::Refused(cause) => {
            assert_eq!(takers, 0);
            assert!(cause.status().starts_with('5'), "{cause}");
            match cause {
                Cause::Answered { .. } => {
                    assert!(said.iter().any(|it| matches!(it, Answered::Never(_))));
                }
                Cause::Unfit { .. } => assert!(!said.contains(&later())),
                Cause::Session { .. } => {
                    assert_eq!(world.message.tls, mta_sts::MessageTls::Required);
                }
                other => panic!("no reason to refuse: {other}"),
            }
        }
    }
    if let Fate::Deferred(cause) = &played.report.fates[place] {
        assert!(cause.status().starts_with('4'), "{cause}: {}", cause.status());
    }
    // After one of these nobody is offered the message again.
    let last = said.iter().position(|it| {
        matches!(it, Answered::Taken(_) | Answered::Never(_) | Answered::Unconfirmed { .. })
    });
    assert!(last.is_none_or(|at| at + 1 == said.len()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_policy_in_force_is_broken_and_every_recipient_has_one_fate(world in world()) {
        let played = world.play();
        prop_assert_eq!(played.report.fates.len(), world.recipients);
        for (attempt, result) in &played.attempts {
            check_attempt(&world, &played, attempt, result);
        }
        for place in 0..world.recipients {
            check_fate(&world, &played, place);
        }
        let in_clear = played.attempts.iter().filter(|(attempt, _)| {
            matches!(attempt.transport, Transport::InClear { .. })
        });
        for (attempt, _) in in_clear {
            for address in &attempt.addresses {
                let before = played.attempts.iter().any(|(other, result)| {
                    other.host == attempt.host && allowed_clear(other, result, *address)
                });
                prop_assert!(before, "STARTTLS has failed there, and clear is allowed");
            }
        }
        // Of RFC 5321 section 5.1, the limit: three sessions with TLS and three in clear for each host that
        // come to nothing.
        let nothing = played.attempts.iter().filter(|(_, result)| carried(result).is_none());
        prop_assert!(nothing.count() <= HOSTS.len() * 6);
    }
}
