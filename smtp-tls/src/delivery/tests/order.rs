//! The order of answers, and inputs that answer nothing.

use super::super::{Action, Delivery, Input, UnexpectedInput};
use super::script::{DOMAIN, World, name, now, unusable_tlsa, usable_tlsa};
use super::server::{Server, later, never};
use crate::attempt::{AttemptResult, Connection};
use crate::report::{Fate, StoreResult};
use crate::resolve::{Answer, Kind, Outcome, Question, Security};
use mta_sts::FetchError;

fn worlds() -> Vec<World> {
    let hosts = ["mx1.d.test", "mx2.d.test"];
    let mut worlds = Vec::new();
    for security in [Security::Secure, Security::Insecure] {
        let mut world = World::with_hosts(security, &hosts);
        world.recipients = 3;
        world.server(hosts[0], Server::answering([later(), never()]));
        world.tlsa(hosts[0], vec![usable_tlsa()]);
        world.tlsa(hosts[1], vec![unusable_tlsa()]);
        world.policy("enforce", "mx2.d.test");
        world.asks_for_reports();
        worlds.push(world);
    }
    worlds
}

#[test]
fn any_order_of_the_answers_gives_the_same_report() {
    for mut world in worlds() {
        let first = format!("{:?}", world.play().report);
        for order in 1..200 {
            world.order = order;
            assert_eq!(format!("{:?}", world.play().report), first, "order {order}");
        }
    }
}

fn nothing() -> Result<Answer, crate::resolve::LookUpError> {
    Ok(super::script::answer(Outcome::NoData, Security::Insecure))
}

/// Inputs of every sort, none of which can be wanted now.
fn unexpected(delivery: &Delivery) -> Vec<Input<'static>> {
    let question = |at: &str, kind| -> &'static Question {
        Box::leak(Box::new(Question::new(name(at), kind)))
    };
    let mut inputs = vec![
        Input::Answered(question("elsewhere.test", Kind::Mx), nothing()),
        Input::Answered(question("elsewhere.test", Kind::A), nothing()),
        Input::Answered(question(DOMAIN, Kind::Cname), nothing()),
    ];
    if !matches!(delivery.action(), Action::FetchPolicy(_)) {
        inputs.push(Input::PolicyFetched(Err(FetchError::TimedOut)));
    }
    if !matches!(delivery.action(), Action::StorePolicy(..)) {
        inputs.push(Input::PolicyStored(StoreResult::Fine));
    }
    let connection = Connection::new(([192, 0, 2, 1], 25).into());
    let one_too_many = match delivery.action() {
        Action::Connect(attempt) => attempt.recipients.len() + 1,
        _ => {
            inputs.push(Input::Attempted(AttemptResult::NotReached(Vec::new())));
            1
        }
    };
    let recipients = vec![later(); one_too_many];
    inputs.push(Input::Attempted(AttemptResult::Offered { connection, recipients }));
    inputs
}

#[test]
fn an_input_that_was_not_asked_for_leaves_the_machine_as_it_was() {
    for world in worlds() {
        let (mut delivery, mut attempts) = (world.delivery(), Vec::new());
        loop {
            let before = format!("{delivery:?}");
            for input in unexpected(&delivery) {
                let shown = format!("{input:?}");
                assert_eq!(delivery.handle(input, now()), Err(UnexpectedInput), "{shown}");
                assert_eq!(format!("{delivery:?}"), before, "{shown}");
            }
            if let Action::Done(_) = delivery.action() {
                break;
            }
            world.step(&mut delivery, &mut attempts);
        }
        assert!(!attempts.is_empty());
    }
}

#[test]
fn a_question_is_answered_once() {
    let world = World::with_hosts(Security::Secure, &["mx.d.test"]);
    let mut delivery = world.delivery();
    let Action::LookUp(questions) = delivery.action() else { panic!("questions come first") };
    assert_eq!(questions.len(), 3, "mx, mta-sts and tlsrpt side by side");
    let question = questions[0].clone();
    delivery.handle(Input::Answered(&question, nothing()), now()).unwrap();
    let again = delivery.handle(Input::Answered(&question, nothing()), now());
    assert_eq!(again, Err(UnexpectedInput));
}

#[test]
fn the_report_is_there_only_at_the_end() {
    let world = World::with_hosts(Security::Secure, &["mx.d.test"]);
    let delivery = world.delivery();
    assert!(matches!(delivery.report().fates[0], Fate::Deferred(_)), "nothing is delivered yet");
    let unfinished = delivery.into_report().unwrap_err();
    assert!(matches!(unfinished.action(), Action::LookUp(_)));
}

#[test]
fn without_recipients_nothing_is_wanted() {
    let mut world = World::with_hosts(Security::Secure, &["mx.d.test"]);
    world.recipients = 0;
    let played = world.play();
    assert!(played.questions.is_empty() && played.attempts.is_empty());
}

#[test]
fn no_policy_is_fetched_for_a_domain_that_takes_no_mail() {
    let mut world = World::new();
    world.policy("enforce", "mx.d.test");
    world.set(DOMAIN, Kind::Mx, Outcome::NxDomain, Security::Secure);
    let (mut delivery, mut attempts) = (world.delivery(), Vec::new());
    loop {
        match delivery.action() {
            Action::FetchPolicy(_) => panic!("there is nobody to use it for"),
            Action::Done(_) => break,
            _ => world.step(&mut delivery, &mut attempts),
        }
    }
}

// checks: mta-sts/A01
#[test]
fn a_policy_that_cannot_be_stored_is_obeyed_and_the_report_says_so() {
    let mut world = World::with_hosts(Security::Insecure, &["mx.d.test"]);
    world.policy("enforce", "other.d.test");
    world.store = StoreResult::Failed;
    let played = world.play();
    assert_eq!(played.report.policy_store, StoreResult::Failed);
    assert!(played.attempts.is_empty());
}

#[test]
fn an_override_counts_for_its_domain_alone() {
    let mut world = World::with_hosts(Security::Insecure, &["mx.d.test"]);
    world.policy("testing", "other.d.test");
    world.settings.override_policy(name("other.test"), mta_sts::Override::Enforce);
    assert_eq!(world.play().report.fates[0].word(), "delivered");
    world.settings.override_policy(name(DOMAIN), mta_sts::Override::Enforce);
    assert_eq!(world.play().report.fates[0].word(), "deferred");
    world.settings.override_policy(name(DOMAIN), mta_sts::Override::DangerOff);
    assert_eq!(world.play().report.fates[0].word(), "delivered");
}
