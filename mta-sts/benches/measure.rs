//! One operation, so many times: for counting instructions and for the clock.
//!
//! `cargo bench -p mta-sts --bench measure -- OPERATION COUNT` prints nanoseconds for each. For
//! instructions run the program under `valgrind --tool=callgrind` with two counts and divide the
//! difference of the totals by the difference of the counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use core::fmt::Write;
use core::hint::black_box;
use std::time::Instant;

use mta_sts::{
    Action, CacheEntry, Discovery, FetchHistory, HostName, Input, Options, Policy, PolicyDomain,
    PolicyRef, Profile, Record, Stored, TxtAnswer, UnixTime,
};

const SIX_LINES: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\n\
                         mx: mx2.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

fn large(bytes: usize) -> String {
    let mut body = String::from("version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n");
    for n in 10_000.. {
        let mut line = String::new();
        write!(line, "mx: mx{n}.example.org\r\n").unwrap();
        if body.len() + line.len() > bytes {
            break;
        }
        body.push_str(&line);
    }
    body
}

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_800_000_000))
}

fn cached_verdict(domain: PolicyDomain, stored: &Stored, options: &Options, host: &HostName) {
    let mut machine = Discovery::new(domain, stored.clone(), options, now());
    let answer = TxtAnswer::from_records([[b"v=STSv1; id=20160831085700Z;"]]);
    machine.handle(Input::Txt(answer), now()).unwrap();
    let Action::Done(outcome) = machine.action() else { panic!() };
    let mta_sts::Decision::Apply(applied) = &outcome.decision else { panic!() };
    assert!(applied.allows(host));
}

fn repeat(count: usize, mut operation: impl FnMut()) {
    let start = Instant::now();
    for _ in 0..count {
        operation();
    }
    println!("{:.1} ns", start.elapsed().as_nanos() as f64 / count as f64);
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let operation = arguments.next().unwrap_or_default();
    let count = arguments.next().map_or(1, |count| count.parse().expect("a count"));
    let parsed = |body: &str| Policy::parse(body.as_bytes(), Profile::Rfc).unwrap();
    let owned = |body: &str| {
        repeat(count, || {
            black_box(parsed(black_box(body)));
        });
    };
    let matching = |body: &str, host: &str| {
        let (policy, host) = (parsed(body), host.parse::<HostName>().unwrap());
        repeat(count, || {
            black_box(black_box(&policy).allows(black_box(&host)));
        });
    };
    match operation.as_str() {
        "record" => repeat(count, || {
            let record = black_box(&b"v=STSv1; id=20160831085700Z;"[..]);
            black_box(Record::from_answer([[record]], Profile::Rfc).unwrap());
        }),
        "borrowed" => repeat(count, || {
            black_box(PolicyRef::parse(black_box(SIX_LINES).as_bytes(), Profile::Rfc).unwrap());
        }),
        "owned" => owned(SIX_LINES),
        "owned-16k" => owned(&large(16_384)),
        "owned-32k" => owned(&large(32_768)),
        "owned-64k" => owned(&large(65_536)),
        "match-3" => matching(SIX_LINES, "mail.example.net"),
        "match-3-none" => matching(SIX_LINES, "mx3.example.org"),
        "match-many" => matching(&large(65_536), "mx11234.example.org"),
        "match-many-none" => matching(&large(65_536), "mail.example.net"),
        // What the loop itself costs, to be subtracted from the others.
        "nothing" => {
            let (policy, host) = (parsed(SIX_LINES), "a".parse::<HostName>().unwrap());
            repeat(count, || {
                black_box((black_box(&policy), black_box(&host)).0.mode());
            });
        }
        "cached" => {
            let id = "20160831085700Z".parse().unwrap();
            let entry = CacheEntry::new(id, parsed(SIX_LINES), now());
            let stored = Stored::new(Some(entry), FetchHistory::default());
            let (options, host) = (Options::default(), "mx2.example.org".parse().unwrap());
            let domain: PolicyDomain = "example.org".parse().unwrap();
            repeat(count, || cached_verdict(domain.clone(), &stored, &options, &host));
        }
        "load" => {
            let id = "20160831085700Z".parse().unwrap();
            let bytes = CacheEntry::new(id, parsed(SIX_LINES), now()).to_bytes();
            repeat(count, || {
                black_box(CacheEntry::from_bytes(black_box(&bytes)).unwrap());
            });
        }
        // Without arguments, as a test run calls it: each once.
        _ => {
            println!("{} bytes, {} lines", SIX_LINES.len(), large(65_536).lines().count());
            println!("entry {} bytes", size_of::<CacheEntry>());
        }
    }
}
