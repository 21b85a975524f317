//! Operations of the crate `mta-sts`.
#![expect(clippy::unwrap_used, reason = "an input of ours that is refused is a fault of the bench")]

use core::fmt::Write;
use core::hint::black_box;
use core::time::Duration;

use ::mta_sts::{
    Action, CacheEntry, Decision, Discovery, FetchHistory, HostName, Input, Options, Policy,
    PolicyDomain, PolicyRef, Profile, Record, Stored, TxtAnswer, UnixTime,
};

use crate::clock::repeat;

/// A record as most domains publish it.
pub const RECORD: &[u8] = b"v=STSv1; id=20160831085700Z;";

/// Six lines, three patterns, 114 bytes.
const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx10.example.org\r\n\
                      mx: mx20.example.org\r\nmx: *.mx.example.net\r\nmax_age: 604800\r\n";

/// A host that the last pattern of [`POLICY`] allows.
const ALLOWED: &str = "mail.mx.example.net";

/// A host that no pattern of [`POLICY`] allows; the first and the second come close.
const REFUSED: &str = "mx30.example.org";

/// Patterns in the policy that has many.
const MANY: usize = 2_890;

/// As many patterns as fit into so many bytes, but no more than [`MANY`].
fn large(bytes: usize) -> String {
    let mut body = String::from("version: STSv1\nmode: enforce\nmax_age: 604800\n");
    let mut line = String::new();
    for n in 0..MANY {
        line.clear();
        writeln!(line, "mx: mx{n}.example.org").unwrap();
        if body.len() + line.len() > bytes {
            break;
        }
        body.push_str(&line);
    }
    body
}

fn parsed(body: &str) -> Policy {
    Policy::parse(body.as_bytes(), Profile::Rfc).unwrap()
}

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000))
}

/// What the loop itself costs.
pub(crate) fn nothing(count: usize) -> Duration {
    let (policy, host) = (parsed(POLICY), ALLOWED.parse::<HostName>().unwrap());
    repeat(count, || {
        black_box((black_box(&policy), black_box(&host)).0.mode());
    })
}

/// Reads the one record of an answer.
pub fn read_record(record: &[u8]) {
    black_box(Record::from_answer([[record]], Profile::Rfc).unwrap());
}

pub(crate) fn record(count: usize) -> Duration {
    repeat(count, || read_record(black_box(RECORD)))
}

pub(crate) fn policy_borrowed(count: usize) -> Duration {
    repeat(count, || {
        black_box(PolicyRef::parse(black_box(POLICY).as_bytes(), Profile::Rfc).unwrap());
    })
}

pub(crate) fn policy(count: usize) -> Duration {
    owned(POLICY, count)
}

pub(crate) fn large_policy(bytes: usize, count: usize) -> Duration {
    owned(&large(bytes), count)
}

fn owned(body: &str, count: usize) -> Duration {
    repeat(count, || {
        black_box(parsed(black_box(body)));
    })
}

/// Reads a host name, which goes before each match.
pub(crate) fn host(count: usize) -> Duration {
    repeat(count, || {
        black_box(black_box(ALLOWED).parse::<HostName>().unwrap());
    })
}

pub(crate) fn match_few(count: usize) -> Duration {
    matching(POLICY, ALLOWED, true, count)
}

pub(crate) fn match_few_by_host(count: usize) -> Duration {
    matching(POLICY, "mx20.example.org", true, count)
}

pub(crate) fn match_few_none(count: usize) -> Duration {
    matching(POLICY, REFUSED, false, count)
}

pub(crate) fn match_many(count: usize) -> Duration {
    matching(&large(Policy::MAX_LEN), "mx1234.example.org", true, count)
}

pub(crate) fn match_many_none(count: usize) -> Duration {
    matching(&large(Policy::MAX_LEN), ALLOWED, false, count)
}

fn matching(body: &str, host: &str, expected: bool, count: usize) -> Duration {
    let (policy, host) = (parsed(body), host.parse::<HostName>().unwrap());
    assert_eq!(policy.allows(&host), expected);
    repeat(count, || {
        black_box(black_box(&policy).allows(black_box(&host)));
    })
}

fn entry() -> CacheEntry {
    CacheEntry::new("20160831085700Z".parse().unwrap(), parsed(POLICY), now())
}

/// From the answer to the TXT query, over the stored policy, to whether the MX host is allowed.
pub(crate) fn cached(count: usize) -> Duration {
    let stored = Stored::new(Some(entry()), FetchHistory::default());
    let (options, host) = (Options::default(), ALLOWED.parse().unwrap());
    let domain: PolicyDomain = "example.org".parse().unwrap();
    repeat(count, || {
        let mut machine = Discovery::new(domain.clone(), stored.clone(), &options, now());
        let answer = TxtAnswer::from_records([[black_box(RECORD)]]);
        machine.handle(Input::Txt(answer), now()).unwrap();
        assert!(is_allowed(&machine, &host));
    })
}

fn is_allowed(machine: &Discovery, host: &HostName) -> bool {
    match machine.action() {
        Action::Done(outcome) => match &outcome.decision {
            Decision::Apply(applied) => applied.allows(host),
            _ => false,
        },
        _ => false,
    }
}

/// Reads an entry as a store keeps it.
pub(crate) fn load(count: usize) -> Duration {
    let bytes = entry().to_bytes();
    repeat(count, || {
        black_box(CacheEntry::from_bytes(black_box(&bytes)).unwrap());
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inputs_have_the_sizes_that_are_named() {
        assert_eq!((POLICY.len(), POLICY.lines().count()), (114, 6));
        assert_eq!(parsed(POLICY).patterns().count(), 3);
        let body = large(Policy::MAX_LEN);
        assert_eq!((body.len(), parsed(&body).patterns().count()), (65_405, MANY));
        for bytes in [16_384, 32_768] {
            assert!((bytes - 24..=bytes).contains(&large(bytes).len()));
        }
    }
}
