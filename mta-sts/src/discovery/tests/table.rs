use std::format;
use std::string::ToString;
use std::vec::Vec;

use pki_types::UnixTime;

use super::*;
use crate::cache::{CacheEntry, EntryUpdate, FetchHistory, Refusal, Stored, Update};
use crate::failure::{CertificateFault, FailureKind, FetchError};
use crate::http::PolicyBody;
use crate::policy::{Mode, Policy};
use crate::profile::Profile;
use crate::record::{PolicyId, RecordError};

const T: u64 = 1_800_000_000;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(seconds))
}

fn id(id: &str) -> PolicyId {
    id.parse().unwrap()
}

fn policy(mode: &str, max_age: u64) -> Policy {
    let body = format!("version: STSv1\nmode: {mode}\nmx: {mode}.example\nmax_age: {max_age}\n");
    body.parse().unwrap()
}

/// A policy of the id `old`, fetched at [`T`], that lives 600 seconds.
fn cached(mode: &str) -> Stored {
    let entry = CacheEntry::new(id("old"), policy(mode, 600), at(T));
    Stored::new(Some(entry), FetchHistory::default())
}

fn nothing() -> Stored {
    Stored::default()
}

fn txt(id: &str) -> TxtAnswer {
    TxtAnswer::from_records([[format!("v=STSv1; id={id};")]])
}

fn no_record() -> TxtAnswer {
    TxtAnswer::from_records::<[&str; 0]>([])
}

fn body(text: &str) -> Result<PolicyBody, FetchError> {
    PolicyBody::from_response(200, [&b"text/plain"[..]], [], text.as_bytes().to_vec())
}

fn serves(mode: &str, max_age: u64) -> Result<PolicyBody, FetchError> {
    body(policy(mode, max_age).as_str())
}

const FAILS: Result<PolicyBody, FetchError> = Err(FetchError::ConnectionFailed);

/// Drives a machine; a fetch that is not expected fails the test.
fn drive(
    stored: Stored,
    answer: TxtAnswer,
    fetch: Option<Result<PolicyBody, FetchError>>,
    options: &Options,
    now: u64,
) -> Outcome {
    let now = at(now);
    let mut machine = Discovery::new("example.org".parse().unwrap(), stored, options, now);
    let mut fetch = fetch;
    loop {
        let input = match machine.action() {
            Action::LookUpTxt { name } => {
                assert_eq!(name, "_mta-sts.example.org");
                assert_eq!(machine.wait_limit(), None);
                Input::Txt(answer)
            }
            Action::Fetch { domain } => {
                assert_eq!(domain.as_str(), "example.org");
                assert_eq!(machine.wait_limit().unwrap().as_secs(), 60);
                Input::Fetched(fetch.take().expect("a fetch that is not expected"))
            }
            Action::Done(_) => break,
        };
        machine.handle(input, now).unwrap();
    }
    assert!(fetch.is_none(), "a fetch that was not made");
    machine.into_outcome().unwrap()
}

fn run(
    stored: Stored,
    answer: TxtAnswer,
    fetch: Option<Result<PolicyBody, FetchError>>,
    now: u64,
) -> Outcome {
    drive(stored, answer, fetch, &Options::default(), now)
}

fn applied(outcome: &Outcome) -> (&str, Mode, Source, &'static str) {
    let Decision::Apply(applied) = &outcome.decision else { panic!("{:?}", outcome.decision) };
    let host =
        if applied.allows(&"enforce.example".parse().unwrap()) { "enforce" } else { "other" };
    (applied.id().as_str(), applied.mode(), applied.source(), host)
}

fn put(update: &Update) -> &CacheEntry {
    let EntryUpdate::Put(entry) = &update.entry else { panic!("{update:?}") };
    entry
}

fn reported(outcome: &Outcome) -> Option<(&'static str, &'static str)> {
    outcome.failure.as_ref().map(|failure| (failure.result_type(), failure.reason()))
}

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
fn s3_4_the_profile_counts_for_record_and_policy() {
    let strict = Options { profile: Profile::Rfc, ..Options::default() };
    let spaced = || TxtAnswer::from_records([["v=STSv1 ; id=new"]]);
    let outcome = drive(nothing(), spaced(), None, &strict, T);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::NoRecord));
    let last = outcome.trace.steps().last();
    assert_eq!(last, Some(&Step::NoRecord(RecordError::NoRecord)));
    let outcome = run(nothing(), spaced(), Some(serves("enforce", 600)), T);
    assert_eq!(applied(&outcome).0, "new");
    let blank = || body(&format!("{}\n", policy("enforce", 600)));
    let outcome = drive(nothing(), txt("new"), Some(blank()), &strict, T);
    assert_eq!(reported(&outcome), Some(("sts-policy-invalid", "malformed-line")));
    let outcome = run(nothing(), txt("new"), Some(blank()), T);
    assert_eq!(applied(&outcome).0, "new");
}

fn overridden(policy_override: Override) -> Options {
    Options { policy_override, ..Options::default() }
}

#[test]
fn s3_4_the_operator_may_decide_for_a_domain() {
    let ask = |options: &Options| {
        let domain = "example.org".parse().unwrap();
        Discovery::new(domain, cached("enforce"), options, at(T)).into_outcome()
    };
    let off = ask(&overridden(Override::DangerOff)).unwrap();
    assert_eq!(off.decision, Decision::NoPolicy(NoPolicy::OperatorOff));
    assert!(off.update.is_empty());
    let pinned = ask(&overridden(Override::Pinned(policy("testing", 0)))).unwrap();
    let (id, mode, source, _) = applied(&pinned);
    assert_eq!((mode, source, id.len()), (Mode::Enforce, Source::Operator, 32));
    let pinned = ask(&overridden(Override::DangerPinned(policy("testing", 0)))).unwrap();
    assert_eq!(applied(&pinned).1, Mode::Testing);
    let pinned = ask(&overridden(Override::DangerPinned(policy("none", 0)))).unwrap();
    assert_eq!(pinned.decision, Decision::NoPolicy(NoPolicy::ModeNone));
    let with = |mode, policy_override| {
        drive(cached(mode), txt("old"), None, &overridden(policy_override), T)
    };
    assert_eq!(applied(&with("testing", Override::Enforce)).1, Mode::Enforce);
    assert_eq!(applied(&with("enforce", Override::DangerTesting)).1, Mode::Testing);
    for policy_override in [Override::Enforce, Override::DangerTesting] {
        let outcome = with("none", policy_override);
        assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::ModeNone));
    }
    let options = overridden(Override::DangerTesting);
    let outcome = drive(nothing(), txt("a"), Some(serves("enforce", 9)), &options, T);
    assert_eq!(applied(&outcome).1, Mode::Testing);
    assert_eq!(put(&outcome.update).policy().mode(), Mode::Enforce, "kept as received");
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

#[test]
fn s3_4_a_pin_in_the_store_counts_in_place_of_the_options() {
    let pinned = |mut stored: Stored, pin: Override| {
        stored.pin = pin;
        stored
    };
    let strict =
        Options { policy_override: Override::Pinned(policy("enforce", 600)), ..Options::default() };
    let off = Options { policy_override: Override::DangerOff, ..Options::default() };
    let outcome = drive(pinned(cached("testing"), Override::Enforce), txt("old"), None, &off, T);
    assert_eq!(applied(&outcome), ("old", Mode::Enforce, Source::Cache, "other"));
    let steps: Vec<_> = outcome.trace.steps().map(ToString::to_string).collect();
    assert_eq!(steps[2..], ["the operator wants mode enforce in place of testing"]);

    let domain = || "example.org".parse().unwrap();
    let done = |stored, options: &Options| {
        let outcome = Discovery::new(domain(), stored, options, at(T)).into_outcome();
        outcome.expect("nothing is looked up")
    };
    let outcome = done(pinned(nothing(), Override::Pinned(policy("testing", 600))), &off);
    let (_, mode, source, _) = applied(&outcome);
    assert_eq!((mode, source), (Mode::Enforce, Source::Operator));
    let outcome = done(pinned(cached("enforce"), Override::DangerOff), &strict);
    assert_eq!(outcome.decision, Decision::NoPolicy(NoPolicy::OperatorOff));
    // No update touches a pin.
    let mut stored = pinned(cached("enforce"), Override::DangerTesting);
    stored.apply(&Update::purge());
    assert_eq!(stored, pinned(nothing(), Override::DangerTesting));
}

fn refresh(
    cause: RefreshCause,
    stored: Stored,
    answer: TxtAnswer,
    fetch: Result<PolicyBody, FetchError>,
    now: u64,
) -> RefreshOutcome {
    let entry = stored.entry.unwrap();
    let domain = "example.org".parse().unwrap();
    let mut machine = Refresh::new(domain, entry, stored.history, &Options::default(), cause);
    assert!(matches!(machine.action(), Action::LookUpTxt { name: "_mta-sts.example.org" }));
    machine.handle(Input::Txt(answer), at(now)).unwrap();
    if let Action::Fetch { .. } = machine.action() {
        machine.handle(Input::Fetched(fetch), at(now)).unwrap();
    }
    machine.into_outcome().unwrap()
}

#[test]
fn f11_a_refresh_fetches_whatever_the_record_says() {
    for (answer, id) in [
        (txt("old"), "old"),
        (txt("new"), "new"),
        (no_record(), "old"),
        (TxtAnswer::TemporaryFailure, "old"),
    ] {
        let outcome =
            refresh(RefreshCause::Due, cached("enforce"), answer, serves("none", 700), T + 500);
        assert_eq!(outcome.result, RefreshResult::Replaced);
        assert_eq!(put(&outcome.update).id().as_str(), id);
        assert_eq!(put(&outcome.update).expires_at(), at(T + 1_200));
        let changed = outcome.trace.steps().any(|step| *step == Step::ChangedWithoutId);
        assert_eq!(changed, id == "old");
    }
    let ended = refresh(RefreshCause::Due, cached("enforce"), txt("old"), serves("enforce", 0), T);
    assert_eq!((ended.result, ended.update.entry), (RefreshResult::Ended, EntryUpdate::Remove));
}

#[test]
fn i1_a_failed_refresh_leaves_policy_and_life() {
    let outcome = refresh(RefreshCause::Due, cached("enforce"), txt("old"), FAILS, T + 500);
    assert_eq!(outcome.result, RefreshResult::Failed(FetchError::ConnectionFailed));
    let entry = put(&outcome.update);
    assert_eq!(entry.policy(), &policy("enforce", 600));
    assert_eq!((entry.fetched_at(), entry.id()), (at(T), &id("old")));
    let failed = entry.failed_refreshes();
    assert_eq!(failed, Some((at(T + 500), FailureKind::ConnectionFailed, 1)));
}

#[test]
fn i3_refreshes_count_for_back_off_and_budget_unless_the_operator_asks() {
    let mut stored = cached("enforce");
    let first = refresh(RefreshCause::Due, stored.clone(), txt("old"), FAILS, T);
    stored.apply(&first.update);
    let again = refresh(RefreshCause::Due, stored.clone(), txt("old"), FAILS, T + 299);
    assert_eq!(again.result, RefreshResult::NotMade { until: at(T + 300) });
    assert!(again.update.is_empty());
    assert_eq!(again.fetch, FetchMade::No);
    let now = refresh(RefreshCause::Operator, stored, txt("old"), serves("testing", 600), T + 299);
    assert_eq!(now.result, RefreshResult::Replaced);
    assert_eq!(now.update.history, None);
}

#[test]
fn a_refresh_refuses_answers_to_other_questions() {
    let entry = cached("enforce").entry.unwrap();
    let domain = "example.org".parse().unwrap();
    let history = FetchHistory::default();
    let mut machine = Refresh::new(domain, entry, history, &Options::default(), RefreshCause::Due);
    assert_eq!(machine.handle(Input::Fetched(FAILS), at(T)), Err(UnexpectedInput));
    assert_eq!(machine.wait_limit(), None);
    machine.handle(Input::TimedOut, at(T)).unwrap();
    assert_eq!(machine.wait_limit().unwrap().as_secs(), 60);
    assert!(machine.clone().into_outcome().is_none());
    machine.handle(Input::TimedOut, at(T)).unwrap();
    let outcome = machine.into_outcome().unwrap();
    assert_eq!(outcome.result, RefreshResult::Failed(FetchError::TimedOut));
}
