//! The way up from the leaf: one path and no other.
//!
//! Each certificate gets one issuer, by name, key ids, kind of key and dates, and the choice is final.
//! That is how the clients in the field go, and it keeps the work for a chain small: all that is
//! cheap comes before the first signature, and every signature of the path is checked once.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use pki_types::UnixTime;

use super::agree::agree;
use super::{Goal, Progress, Search};
use crate::der::PublicKeyInfo;
use crate::failure::{Failure, FailureReason};
use crate::near::NearestMiss;
use crate::path::{self, End, Parsed};
use crate::usable::{Comparison, Selected, UsableRecord, Usage};
use crate::verify::Match;

/// Certificates of a path at most: leaf, six between, and the anchor; webpki takes as many.
pub(crate) const MAX_PATH: usize = 8;

impl<'s> Search<'s> {
    /// Goes up until a certificate matches a record; where the way ends without, the keys that
    /// records hold in full are tried on the topmost one.
    pub(super) fn dane_ta(&self) -> Progress {
        let pool: Vec<Parsed<'s>> =
            self.published().chain(self.presented.iter().copied()).collect();
        let mut path = Vec::from([self.leaf]);
        while let Some(issuer) = self.issuer(&path, &pool) {
            if path.len() == MAX_PATH {
                return ControlFlow::Continue(long_path());
            }
            path.push(issuer);
            if let Some(record) = self.matching(Usage::DaneTa, &issuer.outline) {
                let verdict = self.judge(&path, None);
                let depth = path.len().saturating_sub(1);
                return ControlFlow::Break(verdict.map(|()| Match::new(record, depth)));
            }
        }
        self.bare_keys(&path, self.open_end(&path, &pool))
    }

    /// Why a path has ended without a match.
    fn open_end(&self, path: &[Parsed<'s>], pool: &[Parsed<'s>]) -> Failure {
        let unfit = path.last().and_then(|top| {
            pool.iter().find(|one| top.names_as_issuer(one) && !top.may_be_issued_by(one))
        });
        match unfit {
            Some(_) if path.last().is_some_and(is_torn) => {
                Failure::new(FailureReason::MalformedCertificate, NearestMiss::TwoAlgorithms)
            }
            Some(issuer) if issuer.outline.spki.is_weak() => {
                Failure::weak_key(&issuer.outline.spki)
            }
            Some(_) => self.unsupported(path),
            None => self.unlinked(Usage::DaneTa, path).unwrap_or_else(|| self.no_match()),
        }
    }

    /// A record may match a certificate that the path does not reach.
    fn unlinked(&self, usage: Usage, path: &[Parsed<'s>]) -> Option<Failure> {
        let (record, one) = self.first_match(usage, &self.presented)?;
        let at = self.others.iter().position(|der| der.as_ref() == one.outline.whole);
        let certificate = at.unwrap_or_default().saturating_add(1);
        let last = path.len().saturating_sub(1);
        let near = NearestMiss::Unlinked { record: record.index(), certificate, last };
        Some(Failure::new(FailureReason::NotInPath, near))
    }

    /// The first certificate of a pool that a record matches.
    fn first_match<'p>(
        &self,
        usage: Usage,
        pool: &'p [Parsed<'s>],
    ) -> Option<(&'s UsableRecord, &'p Parsed<'s>)> {
        pool.iter().find_map(|one| Some((self.matching(usage, &one.outline)?, one)))
    }

    /// Tries the keys of `2 1 0` records on the topmost certificate of a path.
    fn bare_keys(&self, path: &[Parsed<'s>], mut failure: Failure) -> Progress {
        let Some(top) = path.last() else { return ControlFlow::Continue(failure) };
        let last = path.len().saturating_sub(1);
        for record in self.full(Selected::PublicKey) {
            let Ok(key) = PublicKeyInfo::parse(record.tlsa().data()) else { continue };
            let verdict = self.signatures.borrow_mut().check(&top.outline, &key);
            match verdict {
                Ok(()) => {
                    let verdict = self.judge(path, Some(&key));
                    return ControlFlow::Break(verdict.map(|()| Match::new(record, path.len())));
                }
                Err(reason) => {
                    let other = NearestMiss::OtherSigner { record: record.index(), last };
                    let near = self.near(reason, top, &key, other);
                    let open = Failure::at(reason, last, near);
                    match reason {
                        FailureReason::SignatureBudget => return ControlFlow::Break(Err(open)),
                        _ => failure = more_specific(failure, open),
                    }
                }
            }
        }
        ControlFlow::Continue(failure)
    }

    /// Goes up to a root of the public PKI, and past it to further ones while the goal is not met.
    pub(super) fn to_a_root(&self, roots: &[Parsed<'s>], goal: Goal<'s>) -> Progress {
        let mut path = Vec::from([self.leaf]);
        let mut trusted = false;
        loop {
            let root = self.issuer(&path, roots);
            let issuer = match root {
                None if trusted => None,
                None => self.issuer(&path, &self.presented),
                root => root,
            };
            let Some(issuer) = issuer else {
                return ControlFlow::Continue(self.no_root(&path, roots, goal));
            };
            if path.len() == MAX_PATH {
                return ControlFlow::Continue(long_path());
            }
            path.push(issuer);
            trusted = root.is_some();
            let found = match goal {
                Goal::Leaf(record) => Some((record, 0)),
                Goal::OnTheWay => path.iter().enumerate().skip(1).find_map(|(depth, one)| {
                    self.matching(Usage::PkixTa, &one.outline).map(|record| (record, depth))
                }),
            };
            if let (true, Some((record, depth))) = (trusted, found) {
                let verdict = self.judge(&path, None);
                return ControlFlow::Break(verdict.map(|()| Match::new(record, depth)));
            }
        }
    }

    /// A record matches, but no path goes on from here to a root.
    fn no_root(&self, path: &[Parsed<'s>], roots: &[Parsed<'s>], goal: Goal<'s>) -> Failure {
        let last = path.len().saturating_sub(1);
        if let Goal::Leaf(record) = goal {
            let near = NearestMiss::Unlinked { record: record.index(), certificate: 0, last };
            return Failure::new(FailureReason::NotInPath, near);
        }
        if let Some(failure) = self.unlinked(Usage::PkixTa, path) {
            return failure;
        }
        let Some((record, one)) = self.first_match(Usage::PkixTa, roots) else {
            return self.no_match();
        };
        let given = self.verifier.roots();
        let root = given.iter().position(|der| der.as_ref() == one.outline.whole);
        let (record, root) = (record.index(), root.unwrap_or_default());
        let near = NearestMiss::UnlinkedRoot { record, root, last };
        Failure::new(FailureReason::NotInPath, near)
    }

    fn issuer(&self, path: &[Parsed<'s>], pool: &[Parsed<'s>]) -> Option<Parsed<'s>> {
        issuer(path, pool, self.now).copied()
    }

    /// Judges a complete path: its topmost certificate is the anchor, or this key has signed it.
    fn judge(&self, path: &[Parsed<'s>], key: Option<&PublicKeyInfo<'s>>) -> Result<(), Failure> {
        let whole: Vec<&Parsed<'s>> = path.iter().collect();
        let end = match key {
            None => End::Certificate,
            Some(_) => End::BareKey,
        };
        path::check(&whole, end, self.verifier.names(), self.now)?;
        for (depth, (one, issuer)) in path.iter().zip(path.iter().skip(1)).enumerate() {
            let key = &issuer.outline.spki;
            let verdict = self.signatures.borrow_mut().check(&one.outline, key);
            verdict.map_err(|reason| {
                let other = NearestMiss::NotSigned { issuer: depth.saturating_add(1) };
                Failure::at(reason, depth, self.near(reason, one, key, other))
            })?;
        }
        agree(path, key, &self.signatures.borrow(), self.now)
    }

    /// What is at fault in the signature of a certificate; `other` if it is that of another key.
    fn near(
        &self,
        reason: FailureReason,
        signed: &Parsed<'s>,
        key: &PublicKeyInfo<'s>,
        other: NearestMiss,
    ) -> NearestMiss {
        match reason {
            FailureReason::UnsupportedAlgorithm => NearestMiss::algorithm(&signed.outline),
            FailureReason::WeakKey => NearestMiss::KeyBits { bits: key.rsa_bits() },
            FailureReason::SignatureBudget => {
                NearestMiss::Signatures { verified: self.signatures.borrow().verified() }
            }
            FailureReason::MalformedCertificate if is_torn(signed) => NearestMiss::TwoAlgorithms,
            FailureReason::MalformedCertificate => NearestMiss::Form,
            _ => other,
        }
    }

    fn unsupported(&self, path: &[Parsed<'_>]) -> Failure {
        match path.last() {
            Some(one) => {
                let near = NearestMiss::algorithm(&one.outline);
                Failure::new(FailureReason::UnsupportedAlgorithm, near)
            }
            None => self.no_match(),
        }
    }

    /// The certificates of `2 0 0` records, those with too weak a key included: that a record is not
    /// usable does not make room for another issuer of the name.
    fn published(&self) -> impl Iterator<Item = Parsed<'s>> {
        let data = self.verifier.records().published_anchors();
        data.filter_map(|data| Parsed::parse(data).ok())
            .filter(|one| one.outline.whole != self.leaf.outline.whole)
    }

    fn full(&self, selected: Selected) -> impl Iterator<Item = &'s UsableRecord> {
        self.usable(Usage::DaneTa).filter(move |record| {
            record.selected() == selected && matches!(record.comparison(), Comparison::Full)
        })
    }
}

/// The certificate of the pool that is taken for the issuer of the topmost one: the first within its
/// dates, else the one that ended last. None above one that says it has signed itself.
pub(crate) fn issuer<'p, 's>(
    path: &[Parsed<'s>],
    pool: &'p [Parsed<'s>],
    now: UnixTime,
) -> Option<&'p Parsed<'s>> {
    let top = path.last().filter(|top| !top.is_top())?;
    let mut latest: Option<&Parsed<'s>> = None;
    for one in pool {
        let is_known = || path.iter().any(|it| it.outline.whole == one.outline.whole);
        if !top.may_be_issued_by(one) || is_known() {
            continue;
        }
        if one.is_within_dates(now) {
            return Some(one);
        }
        let ends = one.validity.not_after;
        if latest.is_none_or(|latest| ends > latest.validity.not_after) {
            latest = Some(one);
        }
    }
    latest
}

/// Whether its two signature algorithms differ.
fn is_torn(one: &Parsed<'_>) -> bool {
    one.outline.tbs_algorithm != one.outline.algorithm
}

fn long_path() -> Failure {
    Failure::new(FailureReason::PathLength, NearestMiss::LongPath { certificates: MAX_PATH })
}

/// The failure that says more: that nothing was found says least, and then which key it is not.
fn more_specific(known: Failure, open: Failure) -> Failure {
    match (known.kind(), open.kind()) {
        (FailureReason::NoMatch, FailureReason::NotInPath) => {
            known.nearer(Some(open.nearest_miss()))
        }
        (_, FailureReason::NotInPath) => known,
        (FailureReason::NoMatch | FailureReason::NotInPath, _) => open,
        _ => known,
    }
}
