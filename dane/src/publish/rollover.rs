//! The steps from one RRset and chain to another.

use alloc::vec::Vec;
use core::time::Duration;

use super::PublishError;
use super::shown::{Client, Kind, Shown, judge, kind};
use crate::digest::Digests;
use crate::tlsa::{CertUsage, Matching, Tlsa};
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
    /// [`RolloverError`] if a certificate cannot be read or has a weak key, no record is of the chain
    /// that is sent now, or the other chain has no CA for a record of one.
    pub fn records_for(
        &self,
        chain: &[&[u8]],
        client: Client<'_>,
    ) -> Result<Vec<Tlsa>, RolloverError> {
        let (here, there) = (Shown::strict(self.chain, client)?, Shown::strict(chain, client)?);
        check_keys(self.records, &here)?;
        check_keys(self.records, &there)?;
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
    /// Of two anchors of one name, neither of which has a key id that fits better, clients may take the
    /// wrong one.
    #[error("two anchors have one name, and clients may take the wrong one")]
    Namesakes,
    /// A record is of a CA, and the server's certificate leads to none in the new chain.
    #[error("the new chain has no certificate of a ca to publish")]
    NoAnchor,
    /// An RRset of the plan has this many records.
    #[error("{0} tlsa records, expected at most {max}", max = MAX_RECORDS)]
    TooMany(usize),
    /// The certificate at this place in a chain has a key that no client accepts.
    #[error("the key of certificate {0} in a chain is too weak")]
    WeakKey(usize),
}

impl Rollover {
    /// Plans the change from what is published now to what is to be.
    ///
    /// No records now: the server sends the new chain before they are published. No records next:
    /// they are removed, and what they bound the server to ends after the caches are empty. `ttl` is
    /// the time to live of the RRset, `propagation` the time until all servers of the zone have a
    /// change. `now` must have stood that long, except for records added for the new chain.
    ///
    /// An anchor has to be in its chain, but for `2 0 0` and the key of a `2 1 0`. Records that cannot be
    /// used do not count; they are gone with the first RRset that is published. Names and dates are
    /// left to the [`Verifier`](crate::Verifier).
    ///
    /// # Errors
    ///
    /// [`RolloverError`] if a certificate cannot be read, or either side is not consistent.
    pub fn plan(
        now: Published<'_>,
        next: Published<'_>,
        ttl: Duration,
        propagation: Duration,
        client: Client<'_>,
    ) -> Result<Self, RolloverError> {
        let (old, new) = (Shown::strict(now.chain, client)?, Shown::strict(next.chain, client)?);
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
        check_anchors(next.records, &new)?;
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
                check_anchors(&stands, &old)?;
                check_anchors(&stands, &new)?;
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
    check_keys(records, chain)?;
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
    check_keys(records, chain)?;
    let is_bad = |one: &Tlsa| judge(one).is_none() || !has_match(one, records, chain);
    records.iter().position(is_bad).map_or(Ok(()), |at| Err(RolloverError::Next(at)))
}

/// The certificates that records are of have keys that clients accept.
fn check_keys(records: &[Tlsa], chain: &Shown<'_>) -> Result<(), RolloverError> {
    let weak = chain.weak(records).filter(|_| !records.is_empty());
    weak.map_or(Ok(()), |at| Err(RolloverError::WeakKey(at)))
}

fn check_anchors(records: &[Tlsa], chain: &Shown<'_>) -> Result<(), RolloverError> {
    if chain.is_unambiguous(records) { Ok(()) } else { Err(RolloverError::Namesakes) }
}

/// Whether this record or another with the same three numbers is of the chain.
fn has_match(record: &Tlsa, records: &[Tlsa], chain: &Shown<'_>) -> bool {
    records.iter().any(|one| kind(one) == kind(record) && chain.satisfies(one))
}

/// The records that stand while the chain changes: each kind has one of either chain.
///
/// The kinds are those that stand now. If the new chain cannot have one of them, because it has no
/// CA, those of the next RRset come to the others, and what is published whole.
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
    if !is_complete {
        // Whole data is compared by every client, so here one of either chain is enough.
        let whole = |one: &&Tlsa| {
            let is_dane = matches!(one.usage(), CertUsage::DANE_TA | CertUsage::DANE_EE);
            is_dane && one.matching() == Matching::FULL
        };
        let was: Vec<&Tlsa> = now.iter().filter(whole).filter(|one| old.satisfies(one)).collect();
        let will: Vec<&Tlsa> = next.iter().filter(whole).filter(|one| new.satisfies(one)).collect();
        if !was.is_empty() && !will.is_empty() {
            was.into_iter().chain(will).for_each(|one| add(&mut both, one.clone()));
        }
    }
    if both.is_empty() {
        return Err(RolloverError::NoAnchor);
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
