//! The decision table of deliveries, row by row.

use std::format;
use std::string::ToString;
use std::vec::Vec;

use super::support::{
    FAILS, T, applied, at, body, cached, drive, no_record, nothing, policy, put, reported, run,
    serves, txt,
};
use crate::cache::{EntryUpdate, Refusal, Stored};
use crate::discovery::{
    Action, Decision, Discovery, FetchMade, Input, NoPolicy, OnTxtFailure, Options, Source, Step,
    TxtAnswer, UnexpectedInput,
};
use crate::failure::{CertificateFault, FetchError};
use crate::policy::Mode;

#[test]
fn row_1_no_record_and_nothing_cached() {
    for (stored, now) in [(nothing(), T), (cached("enforce"), T + 601)] {
        let outcome = run(stored, no_record(), None, now);
        assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::NoRecord));
        assert!(outcome.update.is_empty());
        assert_eq!((reported(&outcome), outcome.fetch), (None, FetchMade::No));
    }
}

#[test]
fn row_2_a_failed_look_up_and_nothing_cached() {
    let outcome = run(nothing(), TxtAnswer::TemporaryFailure, None, T);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::TxtFailure));
    assert!(outcome.update.is_empty());
    let defer = Options { on_txt_failure: OnTxtFailure::Defer, ..Options::default() };
    let outcome = drive(nothing(), TxtAnswer::TemporaryFailure, None, &defer, T);
    assert_eq!(outcome.decision, Decision::Defer);
    let outcome = drive(nothing(), no_record(), None, &defer, T);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::NoRecord));
    let outcome = drive(cached("enforce"), TxtAnswer::TemporaryFailure, None, &defer, T);
    assert_eq!(applied(&outcome).2, Source::Cache);
}

#[test]
fn row_3_a_first_policy_is_applied_and_kept() {
    for (name, mode) in [("enforce", Mode::Enforce), ("testing", Mode::Testing)] {
        for (stored, now) in [(nothing(), T), (cached("enforce"), T + 601)] {
            let outcome = run(stored, txt("new"), Some(serves(name, 600)), now);
            let (id, applied, source, _) = applied(&outcome);
            assert_eq!((id, applied, source), ("new", mode, Source::Fetched));
            assert_eq!(put(&outcome.update).id().as_str(), "new");
            assert_eq!(put(&outcome.update).fetched_at(), at(now));
            assert_eq!((reported(&outcome), outcome.fetch), (None, FetchMade::Yes));
        }
    }
}

#[test]
fn row_3_max_age_0_is_applied_once() {
    let outcome = run(nothing(), txt("new"), Some(serves("enforce", 0)), T);
    assert_eq!(applied(&outcome).2, Source::Fetched);
    assert_eq!(outcome.update.entry, EntryUpdate::Keep);
    assert!(outcome.update.history.is_some(), "it counts for the budget");
}

#[test]
fn row_4_a_first_none_is_kept() {
    let outcome = run(nothing(), txt("new"), Some(serves("none", 600)), T);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::ModeNone));
    assert_eq!(put(&outcome.update).policy().mode(), Mode::None);
    assert_eq!(reported(&outcome), None);
}

#[test]
fn row_5_a_first_fetch_that_fails_is_no_policy() {
    for (fetch, result_type, reason) in [
        (FAILS, "sts-policy-fetch-error", "connection-failed"),
        (Err(FetchError::Redirect(301)), "sts-policy-fetch-error", "redirect"),
        (
            Err(FetchError::Certificate(CertificateFault::Expired)),
            "sts-webpki-invalid",
            "certificate-expired",
        ),
        (body("version: STSv1\n"), "sts-policy-invalid", "missing-mode"),
    ] {
        let outcome = run(nothing(), txt("new"), Some(fetch), T);
        assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::FetchFailed));
        assert_eq!(outcome.update.entry, EntryUpdate::Keep);
        assert_eq!(reported(&outcome), Some((result_type, reason)));
        assert_eq!(outcome.retry_at, Some(at(T + 300)));
    }
}

#[test]
fn row_5_a_fetch_without_end_is_timed_out() {
    let mut machine =
        Discovery::new("example.org".parse().unwrap(), nothing(), &Options::default(), at(T));
    machine.handle(Input::Txt(txt("new")), at(T)).unwrap();
    machine.handle(Input::TimedOut, at(T + 60)).unwrap();
    let outcome = machine.into_outcome().unwrap();
    assert_eq!(reported(&outcome), Some(("sts-policy-fetch-error", "timed-out")));
}

fn after_failure(mut stored: Stored) -> Stored {
    let outcome = run(stored.clone(), txt("new"), Some(FAILS), T);
    stored.apply(&outcome.update);
    stored
}

#[test]
fn row_6_no_second_fetch_within_300_seconds() {
    let stored = after_failure(nothing());
    for now in [T, T + 299] {
        let outcome = run(stored.clone(), txt("new"), None, now);
        assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::FetchFailed));
        assert!(outcome.update.is_empty());
        assert_eq!(reported(&outcome), Some(("sts-policy-fetch-error", "connection-failed")));
        assert_eq!(outcome.retry_at, Some(at(T + 300)));
        assert_eq!(outcome.fetch, FetchMade::No);
    }
    let outcome = run(stored.clone(), txt("new"), Some(serves("enforce", 600)), T + 300);
    assert_eq!(applied(&outcome).2, Source::Fetched);
    let outcome = run(stored, txt("newer"), Some(serves("enforce", 600)), T);
    assert_eq!(applied(&outcome).0, "newer");
}

#[test]
fn row_6_no_thirteenth_fetch_within_an_hour() {
    let mut stored = nothing();
    for n in 0..12 {
        let outcome = run(stored.clone(), txt(&format!("f{n}")), Some(FAILS), T + n);
        stored.apply(&outcome.update);
    }
    let outcome = run(stored.clone(), txt("fresh"), None, T + 400);
    assert_eq!(reported(&outcome), Some(("sts-policy-fetch-error", "connection-failed")));
    let refused = Step::FetchRefused { because: Refusal::Budget, until: at(T + 3_600) };
    assert_eq!(outcome.trace.steps().last(), Some(&refused));
    let outcome = run(stored, txt("fresh"), Some(FAILS), T + 3_600);
    assert_eq!(outcome.fetch, FetchMade::Yes);
}

#[test]
fn s3_3_successes_hold_up_no_fetch_that_a_delivery_needs() {
    for (max_age, step) in [(0, 1), (60, 61)] {
        let mut stored = nothing();
        for n in 0..40 {
            let now = T + n * step;
            let outcome = run(stored.clone(), txt("same"), Some(serves("enforce", max_age)), now);
            assert_eq!(applied(&outcome).2, Source::Fetched, "delivery {n}");
            stored.apply(&outcome.update);
        }
    }
}

#[test]
fn s3_3_after_many_successes_failures_are_still_bounded() {
    let mut stored = nothing();
    let mut fetches = 0;
    for n in 0..100 {
        let now = T + 7 * n;
        let succeeds = n % 4 != 3;
        let record = if succeeds { txt("good") } else { txt(&format!("bad{n}")) };
        let refused = fetches == 12;
        let fetch = if succeeds { serves("enforce", 0) } else { FAILS };
        let outcome = run(stored.clone(), record, (!refused).then_some(fetch), now);
        if refused {
            assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::FetchFailed));
            assert!(reported(&outcome).is_some(), "never without a word");
            break;
        }
        fetches += u64::from(!succeeds);
        stored.apply(&outcome.update);
    }
    assert_eq!(fetches, 12);
}

#[test]
fn row_10_i3_a_live_policy_stands_in_once_12_fetches_were_made() {
    let mut stored = cached("enforce");
    for n in 0..12 {
        let serves = Some(serves("enforce", 600));
        let outcome = run(stored.clone(), txt(&format!("f{n}")), serves, T + n);
        stored.apply(&outcome.update);
    }
    let outcome = run(stored.clone(), txt("fresh"), None, T + 20);
    assert_eq!(applied(&outcome).2, Source::Cache);
    assert_eq!((reported(&outcome), outcome.retry_at), (None, Some(at(T + 3_600))));
    // Once that policy is dead the next one is needed.
    let outcome = run(stored, txt("fresh"), Some(serves("enforce", 600)), T + 612);
    assert_eq!(applied(&outcome).2, Source::Fetched);
}

#[test]
fn row_7_the_same_id_asks_for_no_fetch() {
    for now in [T, T + 600] {
        let outcome = run(cached("enforce"), txt("old"), None, now);
        assert_eq!(applied(&outcome), ("old", Mode::Enforce, Source::Cache, "enforce"));
        assert!(outcome.update.is_empty(), "the life stays");
        assert_eq!((reported(&outcome), outcome.fetch), (None, FetchMade::No));
    }
    let outcome = run(cached("none"), txt("old"), None, T);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::ModeNone));
}

#[test]
fn a09_the_same_id_revives_no_dead_policy() {
    let outcome = run(cached("enforce"), txt("old"), Some(FAILS), T + 601);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::FetchFailed));
    let outcome = run(cached("enforce"), txt("old"), Some(serves("testing", 600)), T + 601);
    assert_eq!(applied(&outcome).2, Source::Fetched);
    assert_eq!(put(&outcome.update).fetched_at(), at(T + 601));
}

#[test]
fn row_8_a_new_policy_takes_the_place_of_the_old() {
    for old in ["enforce", "testing", "none"] {
        let outcome = run(cached(old), txt("new"), Some(serves("enforce", 700)), T + 1);
        assert_eq!(applied(&outcome), ("new", Mode::Enforce, Source::Fetched, "enforce"));
        assert_eq!(put(&outcome.update).expires_at(), at(T + 701));
        let outcome = run(cached(old), txt("new"), Some(serves("none", 700)), T + 1);
        assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::ModeNone));
        assert_eq!(put(&outcome.update).policy().mode(), Mode::None);
        let outcome = run(cached(old), txt("new"), Some(serves("testing", 0)), T + 1);
        assert_eq!(applied(&outcome).1, Mode::Testing);
        assert_eq!(outcome.update.entry, EntryUpdate::Remove);
    }
}

#[test]
fn row_9_a_live_policy_outlasts_a_failed_fetch() {
    for fetch in [FAILS, Err(FetchError::TimedOut), body("x"), Err(FetchError::Truncated)] {
        let outcome = run(cached("enforce"), txt("new"), Some(fetch), T + 600);
        assert_eq!(applied(&outcome), ("old", Mode::Enforce, Source::Cache, "enforce"));
        assert_eq!(outcome.update.entry, EntryUpdate::Keep);
        let failure = outcome.failure.unwrap();
        assert!(failure.reason().ends_with("+cached-policy"));
        assert_eq!(failure.cached_policy(), Some(&policy("enforce", 600)));
        assert_eq!(outcome.retry_at, Some(at(T + 900)));
    }
    let outcome = run(cached("testing"), txt("new"), Some(FAILS), T);
    let expected = ("sts-policy-fetch-error", "connection-failed+cached-policy");
    assert_eq!(reported(&outcome), Some(expected));
    let outcome = run(cached("none"), txt("new"), Some(FAILS), T);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::ModeNone));
    assert_eq!(reported(&outcome), None);
    assert!(outcome.update.history.is_some());
}

#[test]
fn row_10_a_live_policy_stands_in_while_no_fetch_is_made() {
    let stored = after_failure(cached("enforce"));
    let outcome = run(stored, txt("new"), None, T + 299);
    assert_eq!(applied(&outcome).2, Source::Cache);
    assert!(outcome.update.is_empty());
    let expected = ("sts-policy-fetch-error", "connection-failed+cached-policy");
    assert_eq!(reported(&outcome), Some(expected));
    let outcome = run(after_failure(cached("none")), txt("new"), None, T + 299);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::ModeNone));
    assert_eq!(reported(&outcome), None);
}

#[test]
fn row_11_d10_a_missing_record_takes_nothing_away() {
    let several = TxtAnswer::from_records([["v=STSv1; id=a"], ["v=STSv1; id=b"]]);
    let invalid = TxtAnswer::from_records([["v=STSv1; id="]]);
    for answer in [no_record(), TxtAnswer::TemporaryFailure, several, invalid] {
        for now in [T, T + 600] {
            let outcome = run(cached("enforce"), answer, None, now);
            assert_eq!(applied(&outcome), ("old", Mode::Enforce, Source::Cache, "enforce"));
            assert!(outcome.update.is_empty());
            assert_eq!(reported(&outcome), None);
        }
    }
}

#[test]
fn i2_a_policy_that_dies_during_the_fetch_is_not_applied() {
    let domain = "example.org".parse().unwrap();
    let mut machine = Discovery::new(domain, cached("enforce"), &Options::default(), at(T + 590));
    machine.handle(Input::Txt(txt("new")), at(T + 590)).unwrap();
    machine.handle(Input::TimedOut, at(T + 650)).unwrap();
    let outcome = machine.into_outcome().unwrap();
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::FetchFailed));
    assert_eq!(reported(&outcome), Some(("sts-policy-fetch-error", "timed-out")));
}

#[test]
fn d01_f13_nothing_is_looked_up_for_a_name_that_has_no_record() {
    let label = "a".repeat(61);
    let long = format!("{label}.{label}.{label}.{label}");
    for name in ["192.0.2.1", &long] {
        let domain = name.parse().unwrap();
        let outcome = Discovery::new(domain, nothing(), &Options::default(), at(T)).into_outcome();
        let decision = outcome.unwrap().decision;
        assert_eq!(decision, Decision::NoPolicy(NoPolicy::NoRecord));
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let domain = "example.org".parse().unwrap();
    let mut machine = Discovery::new(domain, nothing(), &Options::default(), at(T));
    assert_eq!(machine.handle(Input::Fetched(FAILS), at(T)), Err(UnexpectedInput));
    assert!(matches!(machine.action(), Action::LookUpTxt { .. }));
    assert!(machine.clone().into_outcome().is_none());
    machine.handle(Input::Txt(txt("a")), at(T)).unwrap();
    assert_eq!(machine.handle(Input::Txt(txt("b")), at(T)), Err(UnexpectedInput));
    machine.handle(Input::Fetched(FAILS), at(T)).unwrap();
    assert_eq!(machine.handle(Input::TimedOut, at(T)), Err(UnexpectedInput));
    assert!(matches!(machine.action(), Action::Done(_)));
}

#[test]
fn the_trace_tells_each_step() {
    let outcome = run(cached("enforce"), txt("new"), Some(serves("enforce", 0)), T);
    let steps: Vec<_> = outcome.trace.steps().map(ToString::to_string).collect();
    assert_eq!(
        steps,
        [
            "policy old is cached and lives until 1800000600",
            "the record announces policy new",
            "a policy in mode enforce was fetched",
            "the policy has max_age 0 and is not kept",
        ]
    );
}
