//! A domain, what it announces and serves, and machines driven to their end.

use std::format;

use pki_types::UnixTime;

use crate::cache::{CacheEntry, EntryUpdate, FetchHistory, Stored, Update};
use crate::discovery::{Action, Decision, Discovery, Input, Options, Outcome, Source, TxtAnswer};
use crate::failure::FetchError;
use crate::http::PolicyBody;
use crate::policy::{Mode, Policy};
use crate::record::PolicyId;

pub(super) const T: u64 = 1_800_000_000;

pub(super) fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(seconds))
}

pub(super) fn id(id: &str) -> PolicyId {
    id.parse().unwrap()
}

pub(super) fn policy(mode: &str, max_age: u64) -> Policy {
    let body = format!("version: STSv1\nmode: {mode}\nmx: {mode}.example\nmax_age: {max_age}\n");
    body.parse().unwrap()
}

/// A policy of the id `old`, fetched at [`T`], that lives 600 seconds.
pub(super) fn cached(mode: &str) -> Stored {
    let entry = CacheEntry::new(id("old"), policy(mode, 600), at(T));
    Stored::new(Some(entry), FetchHistory::default())
}

pub(super) fn nothing() -> Stored {
    Stored::default()
}

pub(super) fn txt(id: &str) -> TxtAnswer {
    TxtAnswer::from_records([[format!("v=STSv1; id={id};")]])
}

pub(super) fn no_record() -> TxtAnswer {
    TxtAnswer::from_records::<[&str; 0]>([])
}

pub(super) fn body(text: &str) -> Result<PolicyBody, FetchError> {
    PolicyBody::from_response(200, [&b"text/plain"[..]], [], text.as_bytes().to_vec())
}

pub(super) fn serves(mode: &str, max_age: u64) -> Result<PolicyBody, FetchError> {
    body(policy(mode, max_age).as_str())
}

pub(super) const FAILS: Result<PolicyBody, FetchError> = Err(FetchError::ConnectionFailed);

/// Drives a machine; a fetch that is not expected fails the test.
pub(super) fn drive(
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

pub(super) fn run(
    stored: Stored,
    answer: TxtAnswer,
    fetch: Option<Result<PolicyBody, FetchError>>,
    now: u64,
) -> Outcome {
    drive(stored, answer, fetch, &Options::default(), now)
}

pub(super) fn applied(outcome: &Outcome) -> (&str, Mode, Source, &'static str) {
    let Decision::Apply(applied) = &outcome.decision else { panic!("{:?}", outcome.decision) };
    let host =
        if applied.allows(&"enforce.example".parse().unwrap()) { "enforce" } else { "other" };
    (applied.id().as_str(), applied.mode(), applied.source(), host)
}

pub(super) fn put(update: &Update) -> &CacheEntry {
    let EntryUpdate::Put(entry) = &update.entry else { panic!("{update:?}") };
    entry
}

pub(super) fn reported(outcome: &Outcome) -> Option<(&'static str, &'static str)> {
    outcome.failure.as_ref().map(|failure| (failure.result_type(), failure.reason()))
}
