//! What the operator decides: profile, overrides, pins.

use std::format;
use std::string::ToString;
use std::vec::Vec;

use super::support::{
    T, applied, at, body, cached, drive, nothing, policy, put, reported, run, serves, txt,
};
use crate::cache::{Stored, Update};
use crate::discovery::{Decision, Discovery, NoPolicy, Options, Override, Source, Step, TxtAnswer};
use crate::policy::Mode;
use crate::profile::Profile;
use crate::record::RecordError;

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
