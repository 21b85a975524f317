//! Refreshes.

use super::support::{FAILS, T, at, cached, id, no_record, policy, put, serves, txt};
use crate::cache::{EntryUpdate, FetchHistory, Stored};
use crate::discovery::{
    Action, FetchMade, Input, Options, Refresh, RefreshCause, RefreshOutcome, RefreshResult, Step,
    TxtAnswer, UnexpectedInput,
};
use crate::failure::{FailureKind, FetchError};
use crate::http::PolicyBody;

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
