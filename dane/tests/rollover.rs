//! Changes of records and chains, step by step, and what clients make of each moment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

#[path = "common/publish.rs"]
mod certificates;
mod common;

use core::slice::from_ref;
use core::time::Duration;
use std::collections::HashMap;

use certificates::{MX, certificate, client, now, of, shape};
use common::{Ext, Key, rsa_spki};
use dane::publish::{
    Finding, PublishError, Published, Rollover, RolloverError, Severity, StartTls, Step, lint,
};
use dane::{
    DigestAlgorithm, Digests, MAX_RECORDS, Name, Profile, Sha256, Sha512, Tlsa, TlsaSet, UsableSet,
    Verifier,
};
use pki_types::CertificateDer;

const TTL: Duration = Duration::from_secs(3600);
const PROPAGATION: Duration = Duration::from_secs(60);
const SETTLED: Duration = Duration::from_secs(3660);

fn plan(
    now: (&[Tlsa], &[&[u8]]),
    next: (&[Tlsa], &[&[u8]]),
) -> Result<Vec<(Duration, Step)>, RolloverError> {
    let (now, next) = (Published::new(now.0, now.1), Published::new(next.0, next.1));
    Rollover::plan(now, next, TTL, PROPAGATION, client()).map(|plan| plan.steps().to_vec())
}

fn publish(records: &[Tlsa]) -> (Duration, Step) {
    (Duration::ZERO, Step::Publish(records.to_vec()))
}

const NOW: (Duration, Step) = (Duration::ZERO, Step::Deploy);
const LATER: (Duration, Step) = (SETTLED, Step::Deploy);

#[test]
fn pub6_both_records_stand_for_a_ttl_before_the_new_certificate_is_sent() {
    let (old, new) = (certificate(1, 1, 2), certificate(3, 1, 2));
    let (was, will) = (of([3, 1, 1], &old), of([3, 1, 1], &new));
    let steps = plan((from_ref(&was), &[&old]), (from_ref(&will), &[&new]));
    let both = [was, will.clone()];
    assert_eq!(steps, Ok(vec![publish(&both), LATER, publish(&[will])]));
}

#[test]
fn a_new_certificate_of_the_same_key_needs_no_new_record_of_the_key() {
    let (old, new) = (certificate(1, 1, 2), certificate(1, 1, 7));
    let key = [of([3, 1, 1], &old)];
    assert_eq!(plan((&key, &[&old]), (&key, &[&new])), Ok(vec![NOW]));
    let (was, will) = ([of([3, 0, 1], &old)], [of([3, 0, 1], &new)]);
    assert_eq!(plan((&was, &[&old]), (&will, &[&new])).unwrap().len(), 3);
}

#[test]
fn a_change_that_is_half_done_goes_on() {
    let (old, new) = (certificate(1, 1, 2), certificate(3, 1, 2));
    let both = [of([3, 1, 1], &old), of([3, 1, 1], &new)];
    let will = &both[1..];
    assert_eq!(plan((&both, &[&old]), (will, &[&new])), Ok(vec![LATER, publish(will)]));
    assert_eq!(plan((&both, &[&new]), (will, &[&new])), Ok(vec![publish(will)]));
    assert_eq!(plan((will, &[&new]), (will, &[&new])), Ok(vec![]));
}

#[test]
fn rfc7671_8_1_both_anchors_stand_before_the_new_chain_is_sent() {
    let (old, new) = (
        [certificate(1, 1, 2), certificate(2, 2, 2)],
        [certificate(3, 1, 4), certificate(4, 4, 4)],
    );
    let (was, will) = (of([2, 1, 1], &old[1]), of([2, 1, 1], &new[1]));
    let (before, after) = ([&old[0][..], &old[1]], [&new[0][..], &new[1]]);
    let steps = plan((from_ref(&was), &before), (from_ref(&will), &after));
    let both = [was.clone(), will.clone()];
    assert_eq!(steps, Ok(vec![publish(&both), LATER, publish(from_ref(&will))]));
    assert_eq!(
        Published::new(from_ref(&was), &before).records_for(&after, client()),
        Ok(vec![will])
    );
    // A new certificate by the same CA.
    let renewed = [&certificate(5, 1, 2)[..], &old[1]];
    assert_eq!(plan((&both[..1], &before), (&both[..1], &renewed)), Ok(vec![NOW]));
    // No CA is sent any more: records of either certificate stand between.
    let alone = [&new[0][..]];
    let leaf = [of([3, 1, 1], &old[0]), of([3, 1, 1], &new[0])];
    let steps = plan((&both[..1], &before), (&leaf[1..], &alone));
    assert_eq!(steps, Ok(vec![publish(&leaf), LATER, publish(&leaf[1..])]));
    let none = Published::new(&both[..1], &before).records_for(&alone, client());
    assert_eq!(none, Err(RolloverError::NoAnchor));
}

#[test]
fn rfc7671_9_a_stronger_digest_comes_with_the_chain_that_it_is_of() {
    let (old, new) = (certificate(1, 1, 2), certificate(3, 1, 2));
    let (was, will) = ([of([3, 1, 1], &old)], [of([3, 1, 2], &new)]);
    let both = [was[0].clone(), of([3, 1, 1], &new)];
    let steps = plan((&was, &[&old]), (&will, &[&new]));
    assert_eq!(steps, Ok(vec![publish(&both), LATER, publish(&will)]));
    let stronger = [of([3, 1, 2], &old)];
    let steps = plan((&was, &[&old]), (&stronger, &[&old]));
    assert_eq!(steps, Ok(vec![publish(&stronger)]));
}

#[test]
fn rfc7672_2_2_first_records_and_the_last() {
    let (old, new) = (certificate(1, 1, 2), certificate(3, 1, 2));
    let (was, will) = ([of([3, 1, 1], &old)], [of([3, 1, 1], &new)]);
    assert_eq!(plan((&[], &[]), (&will, &[&new])), Ok(vec![NOW, publish(&will)]));
    assert_eq!(plan((&[], &[&old]), (&was, &[&old])), Ok(vec![publish(&was)]));
    let release = (SETTLED, Step::Release);
    let gone = vec![publish(&[]), release.clone()];
    assert_eq!(plan((&was, &[&old]), (&[], &[])), Ok(gone.clone()));
    assert_eq!(plan((&was, &[&old]), (&[], &[&old])), Ok(gone));
    let steps = plan((&was, &[&old]), (&[], &[&new]));
    assert_eq!(steps, Ok(vec![publish(&[]), release, NOW]));
    assert_eq!(plan((&[], &[&old]), (&[], &[&new])), Ok(vec![NOW]));
}

#[test]
fn what_has_no_plan() {
    let (old, new) = (certificate(1, 1, 2), certificate(3, 1, 2));
    let (was, will) = ([of([3, 1, 1], &old)], [of([3, 1, 1], &new)]);
    let error = plan((&was, &[&old]), (&will, &[&[0]])).unwrap_err();
    assert!(matches!(error, RolloverError::Publish(PublishError::Der(_))));
    assert!(plan((&was, &[&[0]]), (&will, &[&new])).is_err());
    assert_eq!(plan((&will, &[&old]), (&will, &[&new])), Err(RolloverError::Current));
    // The stronger digest is of another certificate.
    let stale = [was[0].clone(), of([3, 1, 2], &new)];
    assert_eq!(plan((&stale, &[&old]), (&will, &[&new])), Err(RolloverError::Current));
    assert_eq!(plan((&was, &[&old]), (&was, &[&new])), Err(RolloverError::Next(0)));
    assert_eq!(plan((&was, &[&old]), (&will, &[])), Err(RolloverError::Next(0)));
    let unusable = [will[0].clone(), "3 1 1 ab".parse().unwrap()];
    assert_eq!(plan((&was, &[&old]), (&unusable, &[&new])), Err(RolloverError::Next(1)));
    let many = vec![will[0].clone(); MAX_RECORDS];
    assert!(plan((&was, &[&old]), (&many, &[&new])).is_ok());
    let more = vec![will[0].clone(); MAX_RECORDS + 1];
    let too_many = Err(RolloverError::TooMany(MAX_RECORDS + 1));
    assert_eq!(plan((&was, &[&old]), (&more, &[&new])), too_many);
    assert_eq!(plan((&more, &[&new]), (&was, &[&old])), too_many);
    let nothing = Published::new(&will, &[&old]).records_for(&[&new], client());
    assert_eq!(nothing, Err(RolloverError::Current));
}

#[test]
fn weak_keys_have_no_plan() {
    let (good, ca) = (certificate(3, 1, 2), certificate(2, 2, 2));
    let weak = shape(1, 1, 2).spki(rsa_spki(1024)).sign(Key(2));
    let key = [of([3, 1, 1], &good)];
    for kind in [[3, 1, 1], [3, 0, 1], [3, 1, 0], [3, 0, 0]] {
        let next = [of(kind, &weak)];
        let error = Err(RolloverError::WeakKey(0));
        assert_eq!(plan((&key, &[&good]), (&next, &[&weak])), error, "{kind:?}");
        assert_eq!(plan((&next, &[&weak]), (&key, &[&good])), error, "{kind:?}");
        let records = Published::new(&key, &[&good]).records_for(&[&weak], client());
        assert_eq!(records, Err(RolloverError::WeakKey(0)));
    }
    let anchor = [of([2, 1, 1], &ca)];
    let steps = plan((&anchor, &[&good, &ca]), (&anchor, &[&weak, &ca]));
    assert_eq!(steps, Err(RolloverError::WeakKey(0)));
    // Who has no records may send what he likes.
    assert_eq!(plan((&[], &[&weak]), (&key, &[&good])), Ok(vec![NOW, publish(&key)]));
}

/// A CA of the name of number 2 with this key, and a server's certificate by it: two chains without
/// the CA may differ in nothing but the signature.
fn namesake(key: u8, ids: Ids) -> (Vec<u8>, Vec<u8>) {
    let (ca, leaf) = (shape(key, 2, 2), shape(key + 100, 1, 2));
    let (ca, leaf) = match ids {
        Ids::None => (ca, leaf),
        Ids::Both => (
            ca.with(Ext::subject_key_id(&Key(key).id())),
            leaf.with(Ext::authority_key_id(&Key(key).id())),
        ),
    };
    (ca.sign(Key(key)), leaf.sign(Key(key)))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ids {
    None,
    Both,
}

#[test]
fn rfc7671_8_1_a_ca_with_a_new_key_and_the_old_name() {
    let mut clients = Clients::default();
    for ids in [Ids::Both, Ids::None] {
        let ((old_ca, old), (new_ca, new)) = (namesake(2, ids), namesake(3, ids));
        let (was, will) = ([of([2, 0, 0], &old_ca)], [of([2, 0, 0], &new_ca)]);
        let steps = plan((&was, &[&old]), (&will, &[&new]));
        // The new chain has no CA to make a record of; the next RRset has one.
        match ids {
            Ids::Both => {
                let both = [was[0].clone(), will[0].clone()];
                assert_eq!(steps, Ok(vec![publish(&both), LATER, publish(&will)]));
                clients.check((&was, &[&old]), (&will, &[&new]));
            }
            Ids::None => assert_eq!(steps, Err(RolloverError::Namesakes)),
        }
        // Keys and digests do not lead astray.
        for kind in [[2, 1, 0], [2, 1, 1], [2, 0, 1]] {
            let (was, will) = ([of(kind, &old_ca)], [of(kind, &new_ca)]);
            let (before, after): ([&[u8]; 2], [&[u8]; 2]) = ([&old, &old_ca], [&new, &new_ca]);
            let steps = plan((&was, &before), (&will, &after)).unwrap();
            assert_eq!(steps.len(), 3, "{kind:?}");
            clients.check((&was, &before), (&will, &after));
        }
        // A key by itself; and one in place of a certificate.
        let (was, will) = ([of([2, 1, 0], &old_ca)], [of([2, 0, 0], &new_ca)]);
        let both = [was[0].clone(), will[0].clone()];
        let steps = plan((&was, &[&old]), (&will, &[&new]));
        match ids {
            Ids::Both => {
                assert_eq!(steps, Ok(vec![publish(&both), LATER, publish(&will)]));
                clients.check((&was, &[&old]), (&will, &[&new]));
            }
            Ids::None => assert_eq!(steps, Err(RolloverError::Namesakes)),
        }
        let (was, will) = ([of([2, 1, 0], &old_ca)], [of([2, 1, 0], &new_ca)]);
        assert_eq!(plan((&was, &[&old]), (&will, &[&new])).unwrap().len(), 3);
        clients.check((&was, &[&old]), (&will, &[&new]));
        assert_eq!(plan((&will, &[&old]), (&was, &[&new])), Err(RolloverError::Current));
        assert_eq!(plan((&was, &[&old]), (&was, &[&new])), Err(RolloverError::Next(0)));
    }
}

#[test]
fn a_ta1_the_servers_own_certificate_is_no_anchor() {
    let (old, new) = (certificate(1, 1, 1), certificate(3, 1, 1));
    let (was, will) = ([of([2, 0, 0], &old)], [of([2, 0, 0], &new)]);
    assert_eq!(plan((&was, &[&old]), (&will, &[&new])), Err(RolloverError::Current));
    let key = [of([3, 1, 1], &old)];
    assert_eq!(plan((&key, &[&old]), (&will, &[&new])), Err(RolloverError::Next(0)));
}

#[test]
fn a_ta4_of_two_cas_of_one_name_the_one_that_has_signed_is_taken() {
    let ((other, _), (ca, leaf)) = (namesake(2, Ids::Both), namesake(3, Ids::Both));
    let next = certificate(5, 1, 5);
    let was = [of([2, 1, 1], &ca)];
    let will = [of([3, 1, 1], &next)];
    assert!(plan((&was, &[&leaf, &other, &ca]), (&will, &[&next])).is_ok());
    let stale = [of([2, 1, 1], &other)];
    let steps = plan((&stale, &[&leaf, &other, &ca]), (&will, &[&next]));
    assert_eq!(steps, Err(RolloverError::Current));
}

/// Records, a chain, and the number of a client.
type Question = (Vec<Tlsa>, Vec<Vec<u8>>, usize);

/// Clients that judge by the verifier, and what they have found.
#[derive(Default)]
struct Clients {
    roots: Vec<CertificateDer<'static>>,
    known: HashMap<Question, Option<bool>>,
    judged: usize,
}

/// What clients know of digests, strongest first.
const TABLES: [&[&dyn DigestAlgorithm]; 3] = [&[&Sha512, &Sha256], &[&Sha256, &Sha512], &[&Sha256]];

impl Clients {
    /// What the client of this number makes of a chain; none if no record is usable.
    fn judge(&mut self, records: &[Tlsa], chain: &[&[u8]], number: usize) -> Option<bool> {
        let ders: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
        let key = (records.to_vec(), ders, number);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let profile = if number < TABLES.len() { Profile::Smtp } else { Profile::Generic };
        let digests = Digests::new(TABLES[number % TABLES.len()]).unwrap();
        let verdict = UsableSet::select(records, profile, &digests).ok().map(|set| {
            self.judged += 1;
            let names: [Name; 1] = [MX.parse().unwrap()];
            let mut chain = key.1.iter().map(|der| CertificateDer::from(der.clone()));
            let (leaf, others) = (chain.next().unwrap(), chain.collect::<Vec<_>>());
            Verifier::new(&set, &names, webpki::ALL_VERIFICATION_ALGS)
                .with_roots(&self.roots)
                .verify(&leaf, &others, now())
                .is_ok()
        });
        self.known.insert(key, verdict);
        verdict
    }

    /// Each client can authenticate the server at each moment, whatever it has in its cache and in
    /// whatever order.
    fn check(&mut self, now: (&[Tlsa], &[&[u8]]), next: (&[Tlsa], &[&[u8]])) {
        let steps = plan(now, next).unwrap();
        // RRsets that may be in caches, with the time since when each is replaced.
        let mut cached: Vec<(Vec<Tlsa>, Duration)> = Vec::new();
        let (mut stands, mut sent) = (now.0.to_vec(), vec![now.1]);
        for (wait, step) in &steps {
            cached.iter_mut().for_each(|(_, since)| *since += *wait);
            cached.retain(|(_, since)| *since < SETTLED);
            match step {
                Step::Publish(records) => {
                    let before = core::mem::replace(&mut stands, records.clone());
                    cached.push((before, Duration::ZERO));
                }
                // Some addresses still send the old one.
                Step::Deploy => sent = vec![now.1, next.1],
                Step::Release => panic!("the records are not removed"),
            }
            for chain in &sent {
                for records in cached.iter().map(|(records, _)| records).chain([&stands]) {
                    let turned: Vec<Tlsa> = records.iter().rev().cloned().collect();
                    for number in 0..2 * TABLES.len() {
                        let could = self.judge(now.0, now.1, number).is_some()
                            && self.judge(next.0, next.1, number).is_some();
                        for records in [records, &turned] {
                            let sees = self.judge(records, chain, number);
                            let loses = could && sees.is_none();
                            let is_good = sees != Some(false) && !loses;
                            assert!(is_good, "{} {sees:?}: {}", chain.len(), short(records));
                        }
                    }
                }
            }
            // The step is done.
            sent = vec![sent[sent.len() - 1]];
        }
        assert!(is_same(&stands, next.0));
        assert_eq!(sent, [next.1]);
        let findings = lint(&TlsaSet::from(stands), next.1, StartTls::Always, client());
        let is_bad = |it: &Finding| it.problem.severity() == Severity::Error;
        assert!(!findings.iter().any(is_bad), "{findings:?}");
    }
}

fn is_same(one: &[Tlsa], other: &[Tlsa]) -> bool {
    one.iter().all(|it| other.contains(it)) && other.iter().all(|it| one.contains(it))
}

fn short(records: &[Tlsa]) -> String {
    let texts = records.iter().map(|it| it.to_string().chars().take(20).collect::<String>());
    texts.collect::<Vec<_>>().join(", ")
}

/// Every set of one or two kinds.
fn sets_of_kinds() -> Vec<Vec<[u8; 3]>> {
    let numbers = |at: u8| [at / 6, at / 3 % 2, at % 3];
    let pairs = (0..24).flat_map(|one| (one..24).map(move |two| (one, two)));
    pairs
        .map(|(one, two)| match one == two {
            true => vec![numbers(one)],
            false => vec![numbers(one), numbers(two)],
        })
        .collect()
}

/// A server: its certificate and all CAs up to the root, and how many of them it sends.
#[derive(Clone, Copy)]
struct Server<'a> {
    all: &'a [&'a [u8]],
    sends: usize,
}

impl<'a> Server<'a> {
    fn sent(&self) -> &'a [&'a [u8]] {
        &self.all[..self.sends]
    }

    /// Whether clients get to a root of the public PKI, which they have.
    fn is_public(&self) -> bool {
        self.all.len() > 1 && self.sends + 1 >= self.all.len()
    }

    /// The records of these kinds; none if it cannot have one of them.
    fn records(&self, kinds: &[[u8; 3]], depth: usize) -> Option<Vec<Tlsa>> {
        let of = |kind: &[u8; 3]| {
            let at = match kind[0] {
                1 | 3 => 0,
                _ => depth.min(self.all.len() - 1),
            };
            let is_there = match kind {
                [3, ..] => true,
                [1, ..] => true,
                // A whole anchor need not be sent itself.
                [2, _, 0] => at > 0 && at <= self.sends,
                _ => at > 0 && at < self.sends,
            };
            is_there.then(|| of(*kind, self.all[at]))
        };
        kinds.iter().map(of).collect()
    }
}

#[test]
fn rfc7671_8_1_every_client_authenticates_the_server_at_every_moment() {
    let leaf = |key, issuer| certificate(key, 1, issuer);
    let (sub, root) = (certificate(12, 12, 13), certificate(13, 13, 13));
    let (sub_2, root_2) = (certificate(22, 22, 23), certificate(23, 23, 23));
    let (a, b, c, same_key) = (leaf(5, 12), leaf(6, 12), leaf(7, 22), leaf(5, 22));
    let (alone, direct) = (certificate(8, 1, 1), leaf(9, 13));
    let of_a: [&[u8]; 3] = [&a, &sub, &root];
    let of_b: [&[u8]; 3] = [&b, &sub, &root];
    let of_c: [&[u8]; 3] = [&c, &sub_2, &root_2];
    let of_same: [&[u8]; 3] = [&same_key, &sub_2, &root_2];
    let of_direct: [&[u8]; 2] = [&direct, &root];
    let of_alone: [&[u8]; 1] = [&alone];
    let server = |all, sends| Server { all, sends };
    let olds = [server(&of_a, 3), server(&of_a, 2), server(&of_a, 1)];
    let nexts = [
        server(&of_a, 3),
        server(&of_b, 3),
        server(&of_c, 3),
        server(&of_c, 2),
        server(&of_c, 1),
        server(&of_same, 2),
        server(&of_direct, 2),
        server(&of_direct, 1),
        server(&of_alone, 1),
    ];
    let roots = [&root, &root_2].map(|der| CertificateDer::from(der.clone())).into();
    let mut clients = Clients { roots, ..Clients::default() };
    let turns =
        olds.iter().flat_map(|old| nexts.iter().flat_map(move |new| [(old, new), (new, old)]));
    let sets = sets_of_kinds();
    let mut plans = 0;
    for (at, (before, after)) in turns.enumerate() {
        for (number, kinds) in sets.iter().enumerate() {
            let Some(now) = before.records(kinds, 1 + at % 2) else { continue };
            // A part for each two chains: each two single kinds stand beside each other for some.
            let is_taken = |(other, next): &(usize, &Vec<[u8; 3]>)| {
                let is_pkix = |kind: &[u8; 3]| kind[0] < 2;
                let modulus = if kinds.len() == 1 && next.len() == 1 { 11 } else { 2503 };
                (number * 5 + other + at * 3) % modulus == 0
                    && (!kinds.iter().chain(*next).any(is_pkix)
                        || (before.is_public() && after.is_public()))
            };
            let others = sets.iter().enumerate().filter(is_taken);
            for next in others.filter_map(|(_, next)| after.records(next, 1 + number % 2)) {
                clients.check((&now, before.sent()), (&next, after.sent()));
                plans += 1;
            }
        }
    }
    assert!(plans > 1_000 && clients.judged > 3_000, "{plans} {}", clients.judged);
}
