use std::format;
use std::vec::Vec;

use super::*;
use crate::codec::StoredFormError;
use crate::failure::FailureKind;
use crate::policy::Policy;
use crate::record::PolicyId;
use crate::severity::Severity;

const DAY: u64 = 86_400;
const T: u64 = 1_800_000_000;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(seconds))
}

fn id(id: &str) -> PolicyId {
    id.parse().unwrap()
}

fn policy(mode: &str, max_age: u64) -> Policy {
    let body = format!("version: STSv1\nmode: {mode}\nmx: a.example\nmax_age: {max_age}\n");
    body.parse().unwrap()
}

fn entry(max_age: u64) -> CacheEntry {
    CacheEntry::new(id("1"), policy("enforce", max_age), at(T))
}

fn failed(times: &[u64]) -> CacheEntry {
    times.iter().fold(entry(30 * DAY), |entry, &time| {
        entry.with_failed_refresh(FailureKind::TimedOut, at(time))
    })
}

#[test]
fn s3_a_policy_lives_for_its_max_age() {
    assert!(entry(600).is_live(at(T)));
    assert!(entry(600).is_live(at(T + 600)));
    assert!(!entry(600).is_live(at(T + 601)));
    assert_eq!(entry(600).expires_at(), at(T + 600));
    assert!(entry(9_999_999_999).is_live(at(T + 31_557_600)));
    assert!(!entry(9_999_999_999).is_live(at(T + 31_557_601)));
}

#[test]
fn i9_a_clock_that_went_back_makes_no_life_longer() {
    assert!(entry(600).is_live(at(0)));
    assert!(entry(600).refresh_due(0, at(T - 1)));
    let late = CacheEntry::new(id("1"), policy("enforce", 600), at(u64::MAX));
    assert_eq!(late.expires_at(), at(u64::MAX));
    assert_eq!(late.refresh_at(u64::MAX), at(u64::MAX));
}

#[test]
fn f11_refreshes_are_spread_from_30_to_70_percent_of_a_day() {
    let long = entry(30 * DAY);
    assert_eq!(long.refresh_at(0), at(T + 25_920));
    assert_eq!(long.refresh_at(34_560), at(T + 60_480));
    assert_eq!(long.refresh_at(34_561), at(T + 25_920));
    assert_eq!(entry(1_000).refresh_at(400), at(T + 700));
    assert_eq!(entry(1).refresh_at(u64::MAX), at(T));
    assert!(!long.refresh_due(0, at(T + 25_919)));
    assert!(long.refresh_due(0, at(T + 25_920)));
    assert!(long.refresh_due(0, at(T + 30 * DAY)));
    assert!(!long.refresh_due(0, at(T + 30 * DAY + 1)), "dead");
}

#[test]
fn f11_failed_refreshes_are_tried_again_ever_later() {
    let waits: Vec<u64> = (1..12)
        .map(|count| {
            let times: Vec<u64> = (0..count).map(|n| T + DAY + n).collect();
            failed(&times).refresh_at(0).as_secs() - (T + DAY + count - 1)
        })
        .collect();
    let six_hours = 21_600;
    let expected = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200];
    assert_eq!(waits[..7], expected);
    assert_eq!(waits[7..], [six_hours; 4]);
    let once = failed(&[T + DAY]);
    assert!(!once.refresh_due(0, at(T + DAY + 299)));
    assert!(once.refresh_due(0, at(T + DAY + 300)));
    let (time, kind, count) = once.failed_refreshes().unwrap();
    assert_eq!((time, kind, count), (at(T + DAY), FailureKind::TimedOut, 1));
    assert_eq!(once.expires_at(), entry(30 * DAY).expires_at(), "I1: the life stays");
    // F5: a failure of a future that was none holds nothing up.
    let late = failed(&[T + 20 * DAY, T + 20 * DAY + 300]);
    assert!(late.refresh_due(0, at(T + 2 * DAY)));
    assert!(!late.refresh_due(0, at(T + 25_919)));
    assert!(late.refresh_due(0, at(T + 25_920)));
    // With the clock before the fetch, only a back-off that has begun holds a refresh up.
    assert!(failed(&[T + DAY]).refresh_due(0, at(T - 1)));
    assert!(!failed(&[T - 2]).refresh_due(0, at(T - 1)));
}

#[test]
fn s10_2_the_operator_learns_of_refreshes_that_fail() {
    let severity = |entry: &CacheEntry, percent: u64| {
        entry.overdue_refresh(at(T + 30 * DAY * percent / 100)).map(|finding| finding.severity)
    };
    let failing = failed(&[T + DAY]);
    assert_eq!(severity(&failing, 49), None);
    assert_eq!(severity(&failing, 50), Some(Severity::Notice));
    assert_eq!(severity(&failing, 74), Some(Severity::Notice));
    assert_eq!(severity(&failing, 75), Some(Severity::Warning));
    assert_eq!(severity(&failing, 90), Some(Severity::Error));
    assert_eq!(severity(&failing, 101), None, "dead");
    let finding = failing.overdue_refresh(at(T + 29 * DAY)).unwrap();
    assert_eq!(finding.last_failure, Some(FailureKind::TimedOut));
    assert_eq!(finding.expires_at, at(T + 30 * DAY));
    // One that nobody has tried to refresh is told too, once its time has passed.
    assert_eq!(severity(&entry(30 * DAY), 60), None);
    assert_eq!(severity(&entry(30 * DAY), 80), Some(Severity::Warning));
    let none = CacheEntry::new(id("1"), policy("none", 30 * DAY), at(T));
    assert_eq!(severity(&none.with_failed_refresh(FailureKind::Status, at(T)), 95), None);
}

#[test]
fn f08_no_fetch_for_300_seconds_after_one_that_failed() {
    let history = FetchHistory::default().with_fetch(id("a"), Some(FailureKind::Status), at(T));
    let refused = Permission::Refused {
        because: Refusal::BackOff,
        until: at(T + 300),
        failure: Some(FailureKind::Status),
    };
    assert_eq!(history.permission(&id("a"), StandIn::Nothing, at(T)), refused);
    assert_eq!(history.permission(&id("a"), StandIn::Nothing, at(T + 299)), refused);
    assert_eq!(history.permission(&id("a"), StandIn::Nothing, at(T + 300)), Permission::Granted);
    assert_eq!(history.permission(&id("b"), StandIn::Nothing, at(T)), Permission::Granted);
    let mended = history.with_fetch(id("a"), None, at(T + 1));
    assert_eq!(mended.permission(&id("a"), StandIn::Nothing, at(T + 2)), Permission::Granted);
}

fn busy(count: u64) -> FetchHistory {
    (0..count).fold(FetchHistory::default(), |history, n| {
        let failure = (n == 3).then_some(FailureKind::Redirect);
        history.with_fetch(id(&format!("{n}")), failure, at(T + n))
    })
}

#[test]
fn i3_at_most_12_fetches_in_an_hour_while_a_live_policy_stands_in() {
    let x = id("x");
    assert_eq!(busy(11).permission(&x, StandIn::Live, at(T + 20)), Permission::Granted);
    let refused = Permission::Refused {
        because: Refusal::Budget,
        until: at(T + 3_600),
        failure: Some(FailureKind::Redirect),
    };
    assert_eq!(busy(12).permission(&x, StandIn::Live, at(T + 20)), refused);
    assert_eq!(busy(12).permission(&x, StandIn::Live, at(T + 3_599)), refused);
    assert_eq!(busy(12).permission(&x, StandIn::Live, at(T + 3_600)), Permission::Granted);
    assert_eq!(busy(12).permission(&x, StandIn::Nothing, at(T + 20)), Permission::Granted);
    assert!(!busy(12).is_spent(at(T + 3_610)));
    assert!(busy(12).is_spent(at(T + 3_611)));
}

/// Fetches a second apart, from [`T`] on: `x` for one that failed.
fn fetches(marks: &str) -> FetchHistory {
    marks.bytes().zip(0..).fold(FetchHistory::default(), |history, (mark, n)| {
        let failure = (mark == b'x').then_some(FailureKind::Redirect);
        history.with_fetch(id(&format!("{n}")), failure, at(T + n))
    })
}

#[test]
fn i3_at_most_12_failed_fetches_in_an_hour_while_nothing_stands_in() {
    let x = id("x");
    let redirect = Some(FailureKind::Redirect);
    let refused = |until, failure| Permission::Refused {
        because: Refusal::Budget,
        until: at(until),
        failure,
    };
    let between = "o".repeat(100);
    let eleven = fetches(&format!("o{}{between}", "xo".repeat(11)));
    assert_eq!(eleven.permission(&x, StandIn::Nothing, at(T + 130)), Permission::Granted);
    // The first of twelve failures was at `T + 1`, and no success since then has pushed it out.
    let twelve = fetches(&format!("o{}{between}", "xo".repeat(12)));
    for now in [T + 130, T + 3_600] {
        assert_eq!(twelve.permission(&x, StandIn::Nothing, at(now)), refused(T + 3_601, redirect));
    }
    assert_eq!(twelve.permission(&x, StandIn::Nothing, at(T + 3_601)), Permission::Granted);
    // The last twelve of all were from `T + 113` to `T + 124`.
    assert_eq!(twelve.permission(&x, StandIn::Live, at(T + 130)), refused(T + 3_713, redirect));
    assert_eq!(twelve.permission(&x, StandIn::Live, at(T + 3_712)), refused(T + 3_713, None));
    assert_eq!(twelve.permission(&x, StandIn::Live, at(T + 3_713)), Permission::Granted);
}

#[test]
fn i3_what_is_kept_is_bounded() {
    for marks in ["o".repeat(1_000), "x".repeat(1_000), "xo".repeat(500), "xooo".repeat(250)] {
        let history = fetches(&marks);
        // Head and checksum have 13 octets, an attempt with an id of three has as many.
        assert!(history.to_bytes().len() <= 13 + 24 * 13, "{}", history.to_bytes().len());
        assert_eq!(FetchHistory::from_bytes(&history.to_bytes()), Ok(history));
    }
    let stored = |attempts| {
        let mut writer = crate::codec::Writer::new(*b"STSh", 0);
        for _ in 0..attempts {
            writer.byte(0);
            writer.number(T);
            writer.id(&id("a"));
        }
        FetchHistory::from_bytes(&writer.finish())
    };
    assert!(stored(24).is_ok());
    assert_eq!(stored(25), Err(StoredFormError::Field));
}

#[test]
fn i9_fetches_from_a_future_that_was_none_do_not_count() {
    assert!(matches!(
        busy(12).permission(&id("x"), StandIn::Live, at(T - 3_500)),
        Permission::Refused { because: Refusal::Budget, .. }
    ));
    let early = busy(12).permission(&id("x"), StandIn::Live, at(T - 3_600));
    assert_eq!(early, Permission::Granted);
}

#[test]
fn stored_forms_are_read_again() {
    for entry in [entry(600), failed(&[T + 1, T + 2]), entry(0)] {
        assert_eq!(CacheEntry::from_bytes(&entry.to_bytes()), Ok(entry));
    }
    for count in 0..=12 {
        let history = busy(count);
        assert_eq!(FetchHistory::from_bytes(&history.to_bytes()), Ok(history));
    }
}

#[test]
fn damaged_stored_forms_are_refused() {
    for bytes in [failed(&[T]).to_bytes(), busy(3).to_bytes()] {
        let refused = |bytes: &[u8]| {
            CacheEntry::from_bytes(bytes).is_err() && FetchHistory::from_bytes(bytes).is_err()
        };
        for len in 0..bytes.len() {
            assert!(refused(&bytes[..len]), "cut to {len} bytes");
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(refused(&damaged), "bit {bit}");
        }
        let mut torn = bytes.clone();
        let half = torn.len() / 2;
        torn[half..].fill(0);
        assert!(refused(&torn));
    }
}

#[test]
fn each_fault_of_a_stored_form_is_told() {
    let bytes = entry(600).to_bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        CacheEntry::from_bytes(&bytes).unwrap_err()
    };
    assert_eq!(with(0, b'X'), StoredFormError::Foreign);
    assert_eq!(with(4, 9), StoredFormError::Version(9));
    assert_eq!(with(9, 0xFF), StoredFormError::Checksum);
    assert_eq!(FetchHistory::from_bytes(&bytes), Err(StoredFormError::Foreign));
    let mut writer = crate::codec::Writer::new(*b"STSe", 0);
    writer.number(T);
    writer.byte(0);
    writer.id(&id("1"));
    writer.rest(b"not a policy");
    assert_eq!(CacheEntry::from_bytes(&writer.finish()), Err(StoredFormError::Field));
    let mut writer = crate::codec::Writer::new(*b"STSe", 0);
    writer.number(T);
    writer.byte(200);
    assert_eq!(CacheEntry::from_bytes(&writer.finish()), Err(StoredFormError::Field));
}

#[test]
fn updates_are_carried_out() {
    let mut stored = Stored::new(Some(entry(600)), busy(1));
    let put = Update {
        entry: EntryUpdate::Put(entry(700)),
        history: Some(busy(2)),
        basis: Basis::Entry(Some(at(T))),
    };
    stored.apply(&put);
    assert_eq!(stored, Stored::new(Some(entry(700)), busy(2)));
    stored.apply(&Update::default());
    assert_eq!(stored, Stored::new(Some(entry(700)), busy(2)));
    assert!(Update::default().is_empty() && !put.is_empty() && !Update::purge().is_empty());
    stored.apply(&Update::purge());
    assert_eq!(stored, Stored::default());
}

#[test]
fn the_later_of_two_fetches_stays_whoever_saves_last() {
    let entry_at = |time: u64| CacheEntry::new(id("1"), policy("enforce", 600), at(time));
    let put = |entry: CacheEntry, known: Option<u64>| Update {
        entry: EntryUpdate::Put(entry),
        history: None,
        basis: Basis::Entry(known.map(at)),
    };
    let over = |update: &Update, stored: Option<u64>| {
        let mut after = Stored::new(stored.map(entry_at), FetchHistory::default());
        after.apply(update);
        after.entry.map(|entry| entry.fetched_at().as_secs())
    };
    // The same state as the machine knew, even if the clock went back since.
    assert_eq!(over(&put(entry_at(T + 9), Some(T)), Some(T)), Some(T + 9));
    assert_eq!(over(&put(entry_at(T - 9), Some(T)), Some(T)), Some(T - 9));
    assert_eq!(over(&put(entry_at(T + 9), None), None), Some(T + 9));
    // Another has fetched meanwhile, or forgotten.
    assert_eq!(over(&put(entry_at(T + 9), Some(T)), Some(T + 5)), Some(T + 9));
    assert_eq!(over(&put(entry_at(T + 5), Some(T)), Some(T + 9)), Some(T + 9));
    assert_eq!(over(&put(entry_at(T + 5), None), Some(T + 9)), Some(T + 9));
    assert_eq!(over(&put(entry_at(T + 5), Some(T)), None), Some(T + 5));
    // A failed refresh is noted with the entry that it was of, and with no other.
    let note = put(entry_at(T).with_failed_refresh(FailureKind::Status, at(T + 50)), Some(T));
    assert_eq!(over(&note, Some(T)), Some(T));
    assert_eq!(over(&note, Some(T + 20)), Some(T + 20));
    assert_eq!(over(&note, Some(T - 20)), Some(T - 20));
    assert_eq!(over(&note, None), None, "one that was purged does not come back");
    // A policy that was fetched to end another ends that one alone.
    let basis = Basis::Entry(Some(at(T)));
    let end = Update { entry: EntryUpdate::Remove, history: None, basis };
    assert_eq!(over(&end, Some(T)), None);
    assert_eq!(over(&end, Some(T + 20)), Some(T + 20));
    assert_eq!(over(&Update::purge(), Some(T + 20)), None);
}
