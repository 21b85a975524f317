//! Every cause for which a recipient does not get the message, with its status code.

use smtp_starttls::{CommandError, Keyword};

use super::super::{Delivery, LocalLevel};
use super::script::{DOMAIN, World, alias, answer, name, usable_tlsa};
use super::server::{Server, StartTls, later, never, reply};
use crate::attempt::{Answered, Assurance};
use crate::report::{Cause, Fate, StoreResult};
use crate::resolve::{Kind, LookUpError, Outcome, Record, Security};

const MX1: &str = "mx1.d.test";
const MX2: &str = "mx2.d.test";

/// Two unsigned hosts.
fn two(first: Server, second: Server) -> World {
    let mut world = World::with_hosts(Security::Insecure, &[MX1, MX2]);
    world.server(MX1, first);
    world.server(MX2, second);
    world
}

/// The fate of the only recipient: its word, its status, and its cause.
fn fate(world: &World) -> (&'static str, String, String) {
    match world.play().report.fates.remove(0) {
        Fate::Delivered { host, assurance, .. } => {
            ("delivered", assurance.to_string(), host.to_string())
        }
        Fate::Deferred(cause) => ("deferred", cause.status(), cause.to_string()),
        Fate::Refused(cause) => ("refused", cause.status(), cause.to_string()),
    }
}

fn assert_fate(world: &World, word: &str, status: &str, part: &str) {
    let (found, code, text) = fate(world);
    assert_eq!((found, code.as_str()), (word, status), "{text}");
    assert!(text.contains(part), "{text}");
}

fn mx(outcome: Outcome) -> World {
    let mut world = World::new();
    world.set(DOMAIN, Kind::Mx, outcome, Security::Secure);
    world
}

// checks: dane/M7
#[test]
fn rfc7505_a_domain_that_takes_no_mail_is_refused() {
    let null = Record::Mx { preference: 0, host: name(".") };
    let world = mx(Outcome::Records(vec![null.clone()]));
    assert_fate(&world, "refused", "5.1.10", "null mx");
    assert_fate(
        &mx(Outcome::Records(vec![null.clone(), null])),
        "refused",
        "5.1.2",
        "no mx record",
    );
    assert_fate(&mx(Outcome::NxDomain), "refused", "5.1.2", "does not exist");
}

#[test]
fn mx_records_that_cannot_be_read_are_no_reason_to_refuse() {
    let world = mx(Outcome::Records(vec![Record::Unreadable(vec![0])]));
    assert_fate(&world, "deferred", "4.4.3", "reply is malformed");
}

// checks: dane/M1
#[test]
fn mx_records_that_cannot_be_looked_up_defer() {
    let mut world = World::new();
    world.answer(DOMAIN, Kind::Mx, Err(LookUpError::Bogus { extended: None }));
    assert_fate(&world, "deferred", "4.4.3", "mx records could not be looked up");
}

// checks: dane/A2, dane/M5
#[test]
fn rfc5321_5_1_a_domain_without_mx_is_its_own_host_and_without_address_has_none() {
    let mut world = World::new();
    assert_fate(&world, "refused", "5.1.2", "no mail host");
    world.answer(DOMAIN, Kind::Aaaa, Err(LookUpError::Timeout));
    assert_fate(&world, "deferred", "4.4.3", "address look-up failed");
    let mut unreadable = World::new();
    let records = Outcome::Records(vec![Record::Unreadable(vec![0])]);
    unreadable.set(DOMAIN, Kind::A, records, Security::Insecure);
    assert_fate(&unreadable, "deferred", "4.4.3", "address look-up failed");
    world.address(DOMAIN, Security::Insecure);
    world.server(DOMAIN, Server::default());
    assert_fate(&world, "delivered", "unauthenticated", DOMAIN);
}

// checks: dane/A1
#[test]
fn a_listed_host_without_address_defers() {
    let mut world = World::with_hosts(Security::Insecure, &[MX1]);
    world.set(MX1, Kind::A, Outcome::NxDomain, Security::Insecure);
    assert_fate(&world, "deferred", "4.4.4", "has no address");
}

#[test]
fn a_host_whose_name_no_certificate_can_hold_is_passed_over() {
    let mut world = World::new();
    let odd = Record::Mx { preference: 1, host: name("a!b.d.test") };
    let good = Record::Mx { preference: 2, host: name(MX2) };
    world.set(DOMAIN, Kind::Mx, Outcome::Records(vec![odd.clone()]), Security::Insecure);
    assert_fate(&world, "deferred", "4.4.3", "a!b.d.test");
    world.set(DOMAIN, Kind::Mx, Outcome::Records(vec![odd, good]), Security::Insecure);
    world.address(MX2, Security::Insecure);
    world.server(MX2, Server::default());
    assert_fate(&world, "delivered", "unauthenticated", MX2);
}

// checks: mta-sts/D12
#[test]
fn a_policy_that_cannot_be_looked_up_defers_where_the_operator_wants_that() {
    let mut world = World::with_hosts(Security::Insecure, &[MX1]);
    world.answer("_mta-sts.d.test", Kind::Txt, Err(LookUpError::Timeout));
    assert_fate(&world, "delivered", "unauthenticated", MX1);
    world.settings.mta_sts.on_txt_failure = mta_sts::OnTxtFailure::Defer;
    assert_fate(&world, "deferred", "4.7.5", "mta-sts record");
    assert!(world.play().attempts.is_empty());
}

#[test]
fn without_the_policy_store_everybody_is_deferred() {
    let report = Delivery::without_store(name(DOMAIN), 2);
    assert_eq!(report.policy_store, StoreResult::Failed);
    for fate in &report.fates {
        let Fate::Deferred(cause @ Cause::PolicyStore) = fate else { panic!("{fate:?}") };
        assert_eq!(
            (cause.status(), cause.to_string()),
            ("4.3.0".into(), "policy store failed".into())
        );
    }
}

// checks: mta-sts/A04
#[test]
fn a_host_that_is_not_reached_leads_to_the_next() {
    assert_fate(&two(Server::down(), Server::default()), "delivered", "unauthenticated", MX2);
    let world = two(Server::down(), Server::down());
    assert_fate(&world, "deferred", "4.4.1", "could not be reached");
    let report = world.play().report;
    assert!(report.tries.iter().all(|one| one.connections[0].not_reached.len() == 1));
}

// checks: smtp-starttls/SMTP-G2, smtp-starttls/SMTP-U1
#[test]
fn a_session_that_fails_leads_to_the_next_host_and_defers() {
    let refuses = Server { greeting: "554 no\r\n", ..Server::default() };
    assert_fate(&two(refuses.clone(), Server::default()), "delivered", "unauthenticated", MX2);
    assert_fate(&two(refuses.clone(), refuses), "deferred", "4.3.2", "greeting-refused");
    let forged = Server::with(StartTls::PlainTextInstead);
    assert_fate(&two(forged.clone(), forged), "deferred", "4.7.0", "plaintext-after-220");
}

// checks: dane/DANE-T6
#[test]
fn a_server_that_is_not_who_it_should_be_defers_and_says_why() {
    let mut world = World::with_hosts(Security::Secure, &[MX1]);
    world.tlsa(MX1, vec![usable_tlsa()]);
    world.server(MX1, Server { dane: false, ..Server::default() });
    assert_fate(&world, "deferred", "4.7.5", "wrong (no-match)");
    world.server(MX1, Server::default());
    assert_fate(&world, "delivered", "dane-ee", MX1);
}

#[test]
fn a_certificate_that_only_a_report_tells_of_is_not_the_cause_of_what_came_later() {
    let mut world = World::with_hosts(Security::Insecure, &[MX1]);
    world.policy("testing", "*.d.test");
    let inside = Some("421 4.3.2 going down\r\n");
    world.server(MX1, Server { pkix: false, inside, ..Server::default() });
    let (word, status, text) = fate(&world);
    assert_eq!((word, status.as_str()), ("deferred", "4.3.2"));
    assert!(!text.contains("no-match"), "{text}");
    world.policy("enforce", "*.d.test");
    assert_fate(&world, "deferred", "4.7.5", "wrong (no-match)");
}

#[test]
fn what_a_host_says_for_good_is_final_and_no_other_host_is_asked() {
    let world = two(Server::answering([never()]), Server::default());
    assert_fate(&world, "refused", "5.0.0", "550 never");
    assert_eq!(world.play().attempts.len(), 1);
}

#[test]
fn who_is_asked_to_come_again_is_offered_to_the_next_host() {
    let world = two(Server::answering([later()]), Server::default());
    assert_fate(&world, "delivered", "unauthenticated", MX2);
    for second in [Server::down(), Server { greeting: "421 no\r\n", ..Server::default() }] {
        let world = two(Server::answering([later()]), second);
        assert_fate(&world, "deferred", "4.0.0", "451 later");
    }
}

#[test]
fn an_enhanced_code_of_the_host_is_the_status() {
    let mut with_code = reply(452, "full");
    with_code.enhanced = smtp_starttls::EnhancedCode::new(4, 2, 2);
    let world = two(Server::answering([Answered::Later(with_code)]), Server::down());
    assert_fate(&world, "deferred", "4.2.2", "452 4.2.2 full");
}

#[test]
fn rfc5321_4_5_4_1_without_the_final_answer_no_other_host_gets_the_message() {
    let lost = || Answered::Unconfirmed { reason: "closed" };
    let world = two(Server::answering([lost()]), Server::default());
    assert_fate(&world, "deferred", "4.4.2", "may have taken");
    assert_eq!(world.play().attempts.len(), 1);
}

#[test]
fn a_connection_lost_before_the_message_leads_to_the_next_host() {
    let lost = || Server::answering([Answered::Lost { reason: "closed" }]);
    assert_fate(&two(lost(), Server::default()), "delivered", "unauthenticated", MX2);
    assert_fate(&two(lost(), lost()), "deferred", "4.4.2", "was lost: closed");
}

#[test]
fn what_no_host_offers_refuses_and_a_host_that_could_not_be_asked_defers() {
    let unfit = |error| Server::answering([Answered::Unfit(error)]);
    for (error, status) in [
        (CommandError::MessageTooLarge(9), "5.3.4"),
        (CommandError::NotOffered(Keyword::SmtpUtf8), "5.6.7"),
        (CommandError::NeedsSmtpUtf8, "5.6.7"),
        (CommandError::NotOffered(Keyword::EightBitMime), "5.6.1"),
    ] {
        assert_fate(&two(unfit(error), unfit(error)), "refused", status, "cannot take");
        assert_fate(&two(unfit(error), Server::default()), "delivered", "unauthenticated", MX2);
        assert_fate(&two(unfit(error), Server::down()), "deferred", "4.4.1", MX2);
        assert_fate(&two(Server::down(), unfit(error)), "deferred", "4.4.1", MX1);
    }
}

#[test]
fn rfc9422_who_is_over_the_limit_of_a_connection_has_another_one() {
    let mut world = World::with_hosts(Security::Insecure, &[MX1]);
    world.recipients = 3;
    world.server(MX1, Server::answering([Answered::Taken(reply(250, "ok")), Answered::NotAsked]));
    let played = world.play();
    let asked: Vec<_> = played.attempts.iter().map(|(it, _)| it.recipients.clone()).collect();
    assert_eq!(asked, [vec![0, 1, 2], vec![1, 2]], "without progress there is no third");
    let words: Vec<_> = played.report.fates.iter().map(Fate::word).collect();
    assert_eq!(words, ["delivered", "deferred", "deferred"]);
    let Fate::Deferred(cause) = &played.report.fates[1] else { panic!("deferred") };
    assert_eq!(cause.status(), "4.5.3");
    assert!(cause.to_string().contains("no more recipients"));
}

#[test]
fn recipients_fare_apart() {
    let taken = || Answered::Taken(reply(250, "ok"));
    let mut world = two(
        Server::answering([taken(), never(), later(), Answered::Lost { reason: "closed" }]),
        Server::answering([taken(), taken(), taken(), never()]),
    );
    world.recipients = 4;
    let played = world.play();
    let fates: Vec<_> = played.report.fates.iter().map(Fate::word).collect();
    assert_eq!(fates, ["delivered", "refused", "delivered", "refused"]);
    assert_eq!(played.attempts[1].0.recipients, [2, 3]);
}

// checks: dane/DANE-T8
#[test]
fn dane_where_it_is_demanded_defers_without_it() {
    let mut world = World::with_hosts(Security::Secure, &[MX1]);
    world.settings.level = LocalLevel::Dane;
    assert_fate(&world, "deferred", "4.7.5", "dane is mandatory");
}

#[test]
fn a_certificate_that_names_a_host_which_no_policy_lists_is_no_assurance() {
    let mut world = World::with_hosts(Security::Insecure, &[MX1]);
    world.policy("testing", "other.d.test");
    assert_fate(&world, "delivered", Assurance::Unauthenticated.word(), MX1);
    world.policy("testing", MX1);
    assert_fate(&world, "delivered", Assurance::Pkix.word(), MX1);
}

// checks: smtp-starttls/SMTP-S3, smtp-starttls/SMTP-U5
#[test]
fn in_clear_only_where_no_policy_says_otherwise_and_then_once() {
    for starttls in [StartTls::Broken, StartTls::Answered("454 no\r\n")] {
        let world = two(Server::with(starttls), Server::default());
        assert_fate(&world, "delivered", "clear", MX1);
        assert_eq!(world.play().attempts.len(), 2, "the second one is in clear");
        let mut encrypt = world.clone();
        encrypt.settings.level = LocalLevel::Encrypt;
        assert_fate(&encrypt, "delivered", "unauthenticated", MX2);
    }
    assert_fate(&two(Server::with(StartTls::Absent), Server::down()), "delivered", "clear", MX1);
}

// checks: dane/A5, dane/A7
#[test]
fn an_alias_to_what_no_certificate_can_hold_is_followed() {
    let world = |security| {
        let mut world = World::with_hosts(security, &[MX1]);
        let mut found = answer(Outcome::Records(vec![Record::A([192, 0, 2, 1].into())]), security);
        found.chain = vec![alias(MX1, "-cdn.d.test", security)];
        world.answer(MX1, Kind::A, Ok(found));
        world
    };
    assert_fate(&world(Security::Insecure), "delivered", "unauthenticated", MX1);
    let mut world = world(Security::Secure);
    assert_fate(&world, "delivered", "unauthenticated", MX1);
    // The base domain is a name that no certificate has: less than its records say is not done.
    world.tlsa("-cdn.d.test", vec![usable_tlsa()]);
    assert_fate(&world, "deferred", "4.7.5", "no host name");
}
