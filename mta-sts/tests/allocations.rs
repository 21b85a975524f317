//! What allocates, and how much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use core::fmt::Write;
use core::hint::black_box;
use core::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use mta_sts::{
    Action, CacheEntry, Decision, Discovery, FetchHistory, HostName, Input, Options, Policy,
    PolicyDomain, PolicyRef, Profile, Record, Stored, TxtAnswer, UnixTime,
};

const SIX_LINES: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\n\
                         mx: mx2.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

fn large() -> String {
    let mut body = String::from("version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n");
    for n in 10_000.. {
        let mut line = String::new();
        write!(line, "mx: mx{n}.example.org\r\n").unwrap();
        if body.len() + line.len() > Policy::MAX_LEN {
            return body;
        }
        body.push_str(&line);
    }
    body
}

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000))
}

fn count(operation: impl FnOnce()) -> u64 {
    measure(operation).count_total
}

#[test]
fn s9_reading_a_record_allocates_nothing() {
    let longest = format!("v=STSv1; {}=x; id={};", "n".repeat(32), "a".repeat(32));
    for record in ["v=STSv1; id=20160831085700Z;", &longest, "v=STSv1; id=", "v=spf1 -all"] {
        let strings = [record.as_bytes().split_at(9).0, record.as_bytes().split_at(9).1];
        let allocations = count(|| {
            let _ = black_box(Record::from_answer([strings], Profile::Interop));
        });
        assert_eq!(allocations, 0, "{record}");
    }
}

#[test]
fn s9_reading_a_borrowed_policy_allocates_nothing() {
    for body in [SIX_LINES, &large(), "version: STSv1\nmode: x"] {
        let allocations = count(|| {
            let _ = black_box(PolicyRef::parse(body.as_bytes(), Profile::Rfc));
        });
        assert_eq!(allocations, 0, "{} bytes", body.len());
    }
}

#[test]
fn s9_reading_an_owned_policy_allocates_its_body() {
    let info = measure(|| {
        black_box(Policy::parse(SIX_LINES.as_bytes(), Profile::Rfc).unwrap());
    });
    assert_eq!(info.count_total, 1);
    assert!(info.bytes_total <= SIX_LINES.len() as u64 + 24, "{} bytes", info.bytes_total);
}

#[test]
fn s9_a_large_policy_takes_its_body_and_a_smaller_table() {
    let body = large();
    let mut kept = None;
    let AllocationInfo { count_current, bytes_current, bytes_max, .. } = measure(|| {
        kept = Some(Policy::parse(body.as_bytes(), Profile::Rfc).unwrap());
    });
    assert_eq!(count_current, 2, "body and table");
    assert!(bytes_current < 2 * body.len() as i64, "{bytes_current} bytes are kept");
    assert!(bytes_max < 3 * body.len() as u64, "{bytes_max} bytes were needed");
}

#[test]
fn s9_matching_allocates_nothing() {
    let hosts = ["mx2.example.org", "mx11234.example.org", "a.example.net", "192.0.2.1"];
    let hosts: Vec<HostName> = hosts.iter().map(|host| host.parse().unwrap()).collect();
    for body in [SIX_LINES, &large()] {
        let owned = Policy::parse(body.as_bytes(), Profile::Rfc).unwrap();
        let borrowed = PolicyRef::parse(body.as_bytes(), Profile::Rfc).unwrap();
        let allocations = count(|| {
            for host in &hosts {
                assert_eq!(owned.allows(host), borrowed.allows(host));
            }
            black_box(owned.clone());
        });
        assert_eq!(allocations, 0);
    }
}

#[test]
fn s9_a_cached_verdict_allocates_nothing() {
    let policy: Policy = SIX_LINES.parse().unwrap();
    let entry = CacheEntry::new("a".parse().unwrap(), policy, now());
    let stored = Stored::new(Some(entry), FetchHistory::default());
    let (domain, host) =
        ("example.org".parse::<PolicyDomain>().unwrap(), "mx1.example.org".parse());
    let (options, host): (_, HostName) = (Options::default(), host.unwrap());
    for answer in [["v=STSv1; id=a"], ["v=spf1 -all"]] {
        let allocations = count(|| {
            let mut machine = Discovery::new(domain.clone(), stored.clone(), &options, now());
            machine.handle(Input::Txt(TxtAnswer::from_records([answer])), now()).unwrap();
            let Action::Done(outcome) = machine.action() else { panic!("it is not done") };
            let Decision::Apply(applied) = &outcome.decision else { panic!("{outcome:?}") };
            assert!(applied.allows(&host));
        });
        assert_eq!(allocations, 0);
    }
}

#[test]
fn s9_a_domain_with_a_common_policy_takes_less_than_256_bytes() {
    let policy: Policy = SIX_LINES.parse().unwrap();
    let id = "20160831085700Z".parse().unwrap();
    let domains: Vec<String> = (0..10_000).map(|n| format!("domain-{n}.example.org")).collect();
    let mut kept = Vec::new();
    let info = measure(|| {
        kept.reserve_exact(domains.len());
        for domain in &domains {
            let entry = CacheEntry::new(id, policy.clone(), now());
            kept.push((domain.parse::<PolicyDomain>().unwrap(), entry));
        }
    });
    let each = info.bytes_current / domains.len() as i64;
    assert!(each <= 208, "{each} bytes, which leaves too little for a table of them");
}
