//! DANE-TA and the usages of the public PKI: paths from the leaf to an anchor.
//!
//! `search` goes up from the leaf, by names, key ids and dates, to the one path that there is. `path`
//! judges it as a whole, the anchor included; then its signatures are checked, and webpki has to
//! agree on every path with a certificate between leaf and anchor. This is the only folder that
//! names webpki.

mod agree;
mod search;
mod signatures;

use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::ControlFlow;

use pki_types::{CertificateDer, UnixTime};
pub(crate) use search::{MAX_PATH, issuer};
pub(crate) use signatures::Signatures;

use crate::der::Certificate;
use crate::failure::{Failure, FailureReason};
use crate::near::NearestMiss;
use crate::path::Parsed;
use crate::usable::{UsableRecord, Usage};
use crate::verify::{Digested, Match, Verifier};

/// Certificates that a server may send where a path is needed; real chains have two to five.
pub(crate) const MAX_PRESENTED: usize = 12;

/// Octets of them in all, so that digests of all stay cheap; real chains have under ten thousand.
pub(crate) const MAX_PRESENTED_OCTETS: usize = 131_072;

/// Judges a chain by the records that need a path.
pub(crate) fn verify(
    verifier: &Verifier<'_>,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Match, Failure> {
    let needs_path = |usage| verifier.records_of(usage).next().is_some();
    let (dane, pkix) =
        (needs_path(Usage::DaneTa), needs_path(Usage::PkixTa) || needs_path(Usage::PkixEe));
    if !dane && !pkix {
        return Err(no_match(verifier, others));
    }
    let octets = others.iter().fold(leaf.len(), |sum, one| sum.saturating_add(one.len()));
    if others.len() >= MAX_PRESENTED || octets > MAX_PRESENTED_OCTETS {
        let certificates = others.len().saturating_add(1);
        let near = NearestMiss::Sent { certificates, octets };
        return Err(Failure::new(FailureReason::TooManyCertificates, near));
    }
    let search = Search::new(verifier, leaf, others, now)?;
    let mut open = search.no_match();
    if dane {
        match search.dane_ta() {
            ControlFlow::Break(verdict) => return verdict,
            ControlFlow::Continue(failure) => open = failure,
        }
    }
    if pkix {
        match search.pkix() {
            ControlFlow::Break(verdict) => return verdict,
            ControlFlow::Continue(failure) if open.kind() == FailureReason::NoMatch => {
                open = failure;
            }
            ControlFlow::Continue(_) => {}
        }
    }
    Err(open)
}

fn no_match(verifier: &Verifier<'_>, others: &[CertificateDer<'_>]) -> Failure {
    let records = verifier.records().records().len();
    let certificates = others.len().saturating_add(1);
    Failure::new(FailureReason::NoMatch, NearestMiss::Nothing { records, certificates })
}

/// A final verdict, or why there is none so far.
type Progress = ControlFlow<Result<Match, Failure>, Failure>;

struct Search<'s> {
    verifier: &'s Verifier<'s>,
    leaf: Parsed<'s>,
    /// What the server sent after the leaf.
    others: &'s [CertificateDer<'s>],
    /// The presented certificates after the leaf, each once, the leaf itself left out.
    presented: Vec<Parsed<'s>>,
    now: UnixTime,
    signatures: RefCell<Signatures<'s>>,
}

impl<'s> Search<'s> {
    fn new(
        verifier: &'s Verifier<'s>,
        leaf: &'s CertificateDer<'s>,
        others: &'s [CertificateDer<'s>],
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let leaf = Parsed::parse(leaf).map_err(|error| Failure::malformed(0, error))?;
        let mut presented: Vec<Parsed<'s>> = Vec::with_capacity(others.len());
        for (at, der) in others.iter().enumerate() {
            let known =
                presented.iter().chain([&leaf]).any(|one| one.outline.whole == der.as_ref());
            if !known {
                let malformed = |error| Failure::malformed(at.saturating_add(1), error);
                presented.push(Parsed::parse(der).map_err(malformed)?);
            }
        }
        let signatures = RefCell::new(Signatures::new(verifier.algorithms()));
        Ok(Self { verifier, leaf, others, presented, now, signatures })
    }

    fn no_match(&self) -> Failure {
        no_match(self.verifier, self.others)
    }

    fn usable(&self, usage: Usage) -> impl Iterator<Item = &'s UsableRecord> {
        self.verifier.records_of(usage)
    }

    fn matching(&self, usage: Usage, certificate: &Certificate<'_>) -> Option<&'s UsableRecord> {
        let mut digests = Digested::new(certificate);
        self.usable(usage).find(|record| digests.matches(record))
    }

    fn pkix(&self) -> Progress {
        let roots = self.verifier.roots().iter().filter_map(|der| Parsed::parse(der).ok());
        let roots: Vec<Parsed<'s>> =
            roots.filter(|root| root.outline.whole != self.leaf.outline.whole).collect();
        let mut failure = self.no_match();
        if let Some(record) = self.matching(Usage::PkixEe, &self.leaf.outline) {
            failure = self.to_a_root(&roots, Goal::Leaf(record))?;
        }
        let is_matched = |one: &Parsed<'_>| self.matching(Usage::PkixTa, &one.outline).is_some();
        if self.presented.iter().chain(&roots).any(is_matched) {
            failure = self.to_a_root(&roots, Goal::OnTheWay)?;
        }
        ControlFlow::Continue(failure)
    }
}

/// Which record a path to a root has to satisfy, and where.
#[derive(Clone, Copy)]
enum Goal<'s> {
    /// This one, which the leaf matches.
    Leaf(&'s UsableRecord),
    /// A PKIX-TA record that a certificate above the leaf matches.
    OnTheWay,
}
