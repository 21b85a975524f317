//! The steps from one RRset and chain to another.

use alloc::vec::Vec;
use core::time::Duration;

use super::PublishError;
use super::shown::{Kind, Shown, judge, kind};
use crate::digest::Digests;
use crate::tlsa::Tlsa;
use crate::usable::{MAX_RECORDS, NoUsableRecords, Profile, UsableSet};

/// What clients see of a server: its TLSA records, and the chain that it sends.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    records: &'a [Tlsa],
    chain: &'a [&'a [u8]],
}

impl<'a> Published<'a> {
    /// These records; the server sends this chain, its own certificate first.
    ///
    /// No records: there is no DANE. The chain may then be empty.
    #[must_use]
    pub fn new(records: &'a [Tlsa], chain: &'a [&'a [u8]]) -> Self {
        Self { records, chain }
    }

    /// The records of the same kinds for another chain: of its server's certificate for usages 1 and
    /// 3, of a CA at the same depth, or else the topmost, for usages 0 and 2. A record stays that is
    /// of the other chain too.
    ///
    /// # Errors
    ///
    /// [`RolloverError`] if a certificate cannot be read, no record is of the chain that is sent now,
    /// or the other chain has no CA for a record of one.
    pub fn records_for(&self, chain: &[&[u8]]) -> Result<Vec<Tlsa>, RolloverError> {
        let (here, there) = (Shown::new(self.chain)?, Shown::new(chain)?);
        let mut records: Vec<Tlsa> = Vec::new();
        for record in self.records.iter().filter(|record| here.satisfies(record)) {
            let made = if there.satisfies(record) {
                Some(record.clone())
            } else {
                there.make(kind(record), here.depth(record).unwrap_or(usize::MAX))?
            };
            add(&mut records, made.ok_or(RolloverError::NoAnchor)?);
        }
        if records.is_empty() { Err(RolloverError::Current) } else { Ok(records) }
    }
}

/// A change of records, of the chain, or of both, in steps: at every moment each client that obeys
/// the RFCs can authenticate the server, whichever of the RRsets it has in its cache
/// ([RFC 7671 section 8.1](https://www.rfc-editor.org/rfc/rfc7671#section-8.1),
/// [RFC 7672 section 4](https://www.rfc-editor.org/rfc/rfc7672#section-4)).
///
/// Between the old RRset and the next one stands a third, where the chain changes: for each kind of
/// record in it (usage, selector and matching type) it has one of the old chain and one of the new.
/// So it does not matter which digests a client knows and which of them it prefers ([RFC 7671
/// section 9](https://www.rfc-editor.org/rfc/rfc7671#section-9)).
///
/// Until `ttl` and `propagation` have passed since the last step, whoever has the old key can still
/// use it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rollover {
    steps: Vec<(Duration, Step)>,
}

/// One step of a [`Rollover`]. The set is closed: whoever carries out a plan has to know each step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Publish these records and no others; none: remove all.
    Publish(Vec<Tlsa>),
    /// Have the server send the new chain, on all its addresses.
    Deploy,
    /// No client has records any more: what they bound the server to, STARTTLS among it, may end.
    Release,
}

/// Why there is no plan.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RolloverError {
    /// A certificate cannot be read.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Clients do not authenticate the server now, so nothing can be kept up. Publishing records of
    /// the chain that it sends comes first.
    #[error("the records that stand now do not match the chain that is sent now")]
    Current,
    /// The next record at this place is unusable, or no record with its three numbers is of the new
    /// chain.
    #[error("next record {0} does not match the new chain")]
    Next(usize),
    /// A record is of a CA, and the new chain has none.
    #[error("the new chain has no certificate of a ca to publish")]
    NoAnchor,
    /// An RRset of the plan has this many records.
    #[error("{0} tlsa records, expected at most {max}", max = MAX_RECORDS)]
    TooMany(usize),
}

impl Rollover {
    /// Plans the change from what is published now to what is to be.
    ///
    /// No records now: the server sends the new chain before they are published. No records next:
    /// they are removed, and what they bound the server to ends after the caches are empty. `ttl` is
    /// the time to live of the RRset, `propagation` the time until all servers of the zone have a
    /// change. `now` must have stood that long, except for records added for the new chain.
    ///
    /// An anchor has to be in its chain, but for `2 0 0`. Records that cannot be used do not count;
    /// they are gone with the first RRset that is published.
    ///
    /// # Errors
    ///
    /// [`RolloverError`] if a certificate cannot be read, or either side is not consistent.
    pub fn plan(
        now: Published<'_>,
        next: Published<'_>,
        ttl: Duration,
        propagation: Duration,
    ) -> Result<Self, RolloverError> {
        let (old, new) = (Shown::new(now.chain)?, Shown::new(next.chain)?);
        let settled = ttl.saturating_add(propagation);
        let is_bound = check_now(now.records, &old)?;
        check_next(next.records, &new)?;
        let deploys = now.chain != next.chain && !next.chain.is_empty();
        let mut steps = Vec::new();
        if next.records.is_empty() {
            if !now.records.is_empty() {
                steps.push((Duration::ZERO, Step::Publish(Vec::new())));
                steps.push((settled, Step::Release));
            }
            steps.extend(deploys.then_some((Duration::ZERO, Step::Deploy)));
            return Ok(Self { steps });
        }
        let mut stands = now.records.to_vec();
        if deploys {
            let mut wait = Duration::ZERO;
            if is_bound {
                let is_ready = |one| has_match(one, now.records, &new);
                if !now.records.iter().filter(|one| judge(one).is_some()).all(is_ready) {
                    stands = bridge(now.records, &old, next.records, &new)?;
                    steps.push((Duration::ZERO, Step::Publish(stands.clone())));
                }
                // Records that are there already may be new: wait for the caches all the same.
                let is_of_both = |one: &Tlsa| !old.satisfies(one) || new.satisfies(one);
                if !stands.iter().all(is_of_both) || !steps.is_empty() {
                    wait = settled;
                }
            }
            steps.push((wait, Step::Deploy));
        }
        if !is_same(&stands, next.records) {
            steps.push((Duration::ZERO, Step::Publish(next.records.to_vec())));
        }
        Ok(Self { steps })
    }

    /// The steps in order, each with the least time to wait since the one before is done. There are
    /// none if nothing changes.
    #[must_use]
    pub fn steps(&self) -> &[(Duration, Step)] {
        &self.steps
    }
}

/// Whether clients authenticate the server by these records: not if none can be used.
fn check_now(records: &[Tlsa], chain: &Shown<'_>) -> Result<bool, RolloverError> {
    for profile in [Profile::Smtp, Profile::Generic] {
        match UsableSet::select(records, profile, &Digests::default()) {
            Ok(set) if set.records().iter().any(|one| chain.satisfies(one.tlsa())) => {
                return Ok(true);
            }
            Ok(_) => return Err(RolloverError::Current),
            Err(NoUsableRecords::TooMany(count)) => return Err(RolloverError::TooMany(count)),
            Err(NoUsableRecords::AllUnusable) => {}
        }
    }
    Ok(false)
}

fn check_next(records: &[Tlsa], chain: &Shown<'_>) -> Result<(), RolloverError> {
    if records.len() > MAX_RECORDS {
        return Err(RolloverError::TooMany(records.len()));
    }
    let is_bad = |one: &Tlsa| judge(one).is_none() || !has_match(one, records, chain);
    records.iter().position(is_bad).map_or(Ok(()), |at| Err(RolloverError::Next(at)))
}

/// Whether this record or another with the same three numbers is of the chain.
fn has_match(record: &Tlsa, records: &[Tlsa], chain: &Shown<'_>) -> bool {
    records.iter().any(|one| kind(one) == kind(record) && chain.satisfies(one))
}

/// The records that stand while the chain changes: each kind has one of either chain.
///
/// The kinds are those that stand now. If the new chain cannot have one of them, because it has no
/// CA, those of the next RRset come to the others.
fn bridge(
    now: &[Tlsa],
    old: &Shown<'_>,
    next: &[Tlsa],
    new: &Shown<'_>,
) -> Result<Vec<Tlsa>, RolloverError> {
    let mut both = Vec::new();
    let mut is_complete = true;
    for kinds in [kinds(now), kinds(next)] {
        for kind in kinds {
            let known = || now.iter().chain(next);
            match (of(kind, known(), old)?, of(kind, known(), new)?) {
                (was, will) if was.is_empty() || will.is_empty() => is_complete = false,
                (was, will) => was.into_iter().chain(will).for_each(|one| add(&mut both, one)),
            }
        }
        if is_complete {
            break;
        }
    }
    if both.len() > MAX_RECORDS { Err(RolloverError::TooMany(both.len())) } else { Ok(both) }
}

fn kinds(records: &[Tlsa]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    records.iter().filter(|one| judge(one).is_some()).map(kind).for_each(|kind| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    });
    kinds
}

/// The records of a kind that are of a chain: those that are known, or else one that is made.
fn of<'a>(
    wanted: Kind,
    known: impl Iterator<Item = &'a Tlsa>,
    chain: &Shown<'_>,
) -> Result<Vec<Tlsa>, RolloverError> {
    let mut found = Vec::new();
    known
        .filter(|one| kind(one) == wanted && chain.satisfies(one))
        .for_each(|one| add(&mut found, one.clone()));
    if found.is_empty() {
        found.extend(chain.make(wanted, usize::MAX)?);
    }
    Ok(found)
}

fn add(records: &mut Vec<Tlsa>, record: Tlsa) {
    if !records.contains(&record) {
        records.push(record);
    }
}

fn is_same(one: &[Tlsa], other: &[Tlsa]) -> bool {
    one.iter().all(|it| other.contains(it)) && other.iter().all(|it| one.contains(it))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::slice::from_ref;

    use super::*;
    use crate::digest::{DigestAlgorithm, Sha256, Sha512};
    use crate::publish::tests::certificate;
    use crate::publish::{Severity, StartTls, lint, record};
    use crate::tlsa::{CertUsage, Matching, Selector, TlsaSet};
    use crate::usable::Usage;
    use crate::verify::Digested;

    const TTL: Duration = Duration::from_secs(3600);
    const PROPAGATION: Duration = Duration::from_secs(60);
    const SETTLED: Duration = Duration::from_secs(3660);

    fn of(numbers: [u8; 3], der: &[u8]) -> Tlsa {
        let [usage, selector, matching] = numbers;
        record(CertUsage(usage), Selector(selector), Matching(matching), der).unwrap()
    }

    fn plan(
        now: (&[Tlsa], &[&[u8]]),
        next: (&[Tlsa], &[&[u8]]),
    ) -> Result<Vec<(Duration, Step)>, RolloverError> {
        let (now, next) = (Published::new(now.0, now.1), Published::new(next.0, next.1));
        Rollover::plan(now, next, TTL, PROPAGATION).map(|plan| plan.steps().to_vec())
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
        assert_eq!(Published::new(from_ref(&was), &before).records_for(&after), Ok(vec![will]));
        // A new certificate by the same CA.
        let renewed = [&certificate(5, 1, 2)[..], &old[1]];
        assert_eq!(plan((&both[..1], &before), (&both[..1], &renewed)), Ok(vec![NOW]));
        // No CA is sent any more: records of either certificate stand between.
        let alone = [&new[0][..]];
        let leaf = [of([3, 1, 1], &old[0]), of([3, 1, 1], &new[0])];
        let steps = plan((&both[..1], &before), (&leaf[1..], &alone));
        assert_eq!(steps, Ok(vec![publish(&leaf), LATER, publish(&leaf[1..])]));
        let none = Published::new(&both[..1], &before).records_for(&alone);
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
        let nothing = Published::new(&will, &[&old]).records_for(&[&new]);
        assert_eq!(nothing, Err(RolloverError::Current));
    }

    /// What a client that knows these digests makes of a chain; none if no record is usable.
    fn authenticates(
        records: &[Tlsa],
        chain: &[&[u8]],
        profile: Profile,
        digests: &Digests,
    ) -> Option<bool> {
        let set = UsableSet::select(records, profile, digests).ok()?;
        let holds = |depth: usize, one: &crate::usable::UsableRecord| {
            let parsed = crate::der::Certificate::parse(chain[depth]).unwrap();
            Digested::new(&parsed).matches(one)
        };
        Some(set.records().iter().any(|one| match one.usage() {
            Usage::DaneEe | Usage::PkixEe => holds(0, one),
            Usage::DaneTa | Usage::PkixTa => (1..chain.len()).any(|depth| holds(depth, one)),
        }))
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

    /// The records of these kinds; none if the chain cannot have one of them.
    fn records(kinds: &[[u8; 3]], chain: &[&[u8]], depth: usize) -> Option<Vec<Tlsa>> {
        let of = |kind: &[u8; 3]| {
            let at = if matches!(kind[0], 1 | 3) { 0 } else { depth.min(chain.len() - 1) };
            (at > 0 || matches!(kind[0], 1 | 3)).then(|| of(*kind, chain[at]))
        };
        kinds.iter().map(of).collect()
    }

    /// Each client can authenticate the server at each moment, whatever it has in its cache.
    fn check(now: (&[Tlsa], &[&[u8]]), next: (&[Tlsa], &[&[u8]])) -> usize {
        let tables: [&[&'static dyn DigestAlgorithm]; 3] =
            [&[&Sha512, &Sha256], &[&Sha256, &Sha512], &[&Sha256]];
        let steps = plan(now, next).unwrap();
        // RRsets that may be in caches, with the time since when each is replaced.
        let mut cached: Vec<(Vec<Tlsa>, Duration)> = Vec::new();
        let (mut stands, mut sent) = (now.0.to_vec(), vec![now.1]);
        let mut seen = 0;
        for (wait, step) in &steps {
            cached.iter_mut().for_each(|(_, since)| *since += *wait);
            cached.retain(|(_, since)| *since < SETTLED);
            match step {
                Step::Publish(records) => {
                    cached.push((core::mem::replace(&mut stands, records.clone()), Duration::ZERO));
                }
                // Some addresses still send the old one.
                Step::Deploy => sent = vec![now.1, next.1],
                Step::Release => panic!("the records are not removed"),
            }
            for chain in &sent {
                for records in cached.iter().map(|(records, _)| records).chain([&stands]) {
                    for profile in [Profile::Smtp, Profile::Generic] {
                        for table in tables {
                            let digests = Digests::new(table).unwrap();
                            let can = |records, chain| {
                                authenticates(records, chain, profile, &digests).is_some()
                            };
                            let sees = authenticates(records, chain, profile, &digests);
                            let loses = can(now.0, now.1) && can(next.0, next.1) && sees.is_none();
                            assert!(sees != Some(false) && !loses, "{now:?} {next:?} {steps:?}");
                            seen += 1;
                        }
                    }
                }
            }
            // The step is done.
            sent = vec![sent[sent.len() - 1]];
        }
        assert!(is_same(&stands, next.0));
        assert_eq!(sent, [next.1]);
        let findings = lint(&TlsaSet::from(stands), next.1, StartTls::Always);
        let is_bad = |it: &crate::publish::Finding| it.problem.severity() == Severity::Error;
        assert!(!findings.iter().any(is_bad), "{findings:?}");
        seen
    }

    #[test]
    fn rfc7671_8_1_every_client_authenticates_the_server_at_every_moment() {
        let leaf = |key, issuer| certificate(key, 1, issuer);
        let (sub, root) = (certificate(12, 12, 13), certificate(13, 13, 13));
        let (sub_2, root_2) = (certificate(22, 22, 23), certificate(23, 23, 23));
        let (a, b, c, same_key) = (leaf(5, 12), leaf(6, 12), leaf(7, 22), leaf(5, 22));
        let (alone, direct) = (certificate(8, 1, 1), leaf(9, 13));
        let old: [&[u8]; 3] = [&a, &sub, &root];
        let nexts: [&[&[u8]]; 7] = [
            &[&a, &sub, &root],
            &[&b, &sub, &root],
            &[&c, &sub_2, &root_2],
            &[&c, &sub_2],
            &[&same_key, &sub_2],
            &[&direct, &root],
            &[&alone],
        ];
        let pairs = nexts.iter().flat_map(|new| [(&old[..], *new), (*new, &old[..])]);
        let sets = sets_of_kinds();
        let mut seen = 0;
        for (at, (before, after)) in pairs.enumerate() {
            for (number, now) in sets.iter().enumerate() {
                let Some(now) = records(now, before, 1) else { continue };
                // All single kinds beside each other, and of the pairs a part for each two chains.
                let is_taken = |(other, next): &(usize, &Vec<[u8; 3]>)| {
                    (sets[number].len() == 1 && next.len() == 1)
                        || (number * 7 + other + at * 13) % 601 == 0
                };
                let others = sets.iter().enumerate().filter(is_taken);
                for next in others.filter_map(|(_, next)| records(next, after, 1 + number % 2)) {
                    seen += check((&now, before), (&next, after));
                }
            }
        }
        assert!(seen > 100_000, "{seen}");
    }
}
