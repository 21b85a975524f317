//! DANE-TA and the usages of the public PKI: paths from the leaf to an anchor.
//!
//! `search` goes up from the leaf, by names, key ids and signatures that it checks, and takes the
//! first complete path. `path` judges it as a whole, the anchor included, and webpki has to agree on
//! every path with a certificate between leaf and anchor. This is the only folder that names webpki.

mod agree;
mod anchor;
mod candidates;
mod search;

use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::ControlFlow;

use anchor::Anchor;
use pki_types::{CertificateDer, UnixTime};

use crate::der::Certificate;
use crate::failure::{Failure, FailureReason};
use crate::path::Parsed;
use crate::usable::{UsableRecord, Usage};
use crate::verify::{Digested, Match, Verifier};

/// Certificates that a server may send where a path is needed; real chains have two to five.
pub(crate) const MAX_PRESENTED: usize = 12;

/// Signatures that are checked here, so that the worst chain takes less than ten milliseconds; webpki
/// has its own budget of 100 for the one path it is asked about. A real chain needs one for each
/// certificate, and one for each namesake of an issuer.
const MAX_SIGNATURES: usize = 32;

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
        return Err(Failure::new(FailureReason::NoMatch));
    }
    if others.len() >= MAX_PRESENTED {
        return Err(Failure::new(FailureReason::TooManyCertificates));
    }
    let search = Search::new(verifier, leaf, others, now)?;
    let mut open = Failure::new(FailureReason::NoMatch);
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

/// A certificate, a key, and whether the key has signed it.
type Checked<'s> = (&'s [u8], &'s [u8], Result<(), FailureReason>);

/// A final verdict, or why there is none so far.
type Progress = ControlFlow<Result<Match, Failure>, Failure>;

struct Search<'s> {
    verifier: &'s Verifier<'s>,
    leaf: Parsed<'s>,
    /// The presented certificates after the leaf, each once, the leaf itself left out; those within
    /// their dates first, the others by their end.
    presented: Vec<Parsed<'s>>,
    /// Those of them, and of the records, that DANE-TA records match.
    matched: Vec<Anchor<'s>>,
    now: UnixTime,
    /// The signatures that were checked: of which certificate, with which key, and what came out.
    checked: RefCell<Vec<Checked<'s>>>,
}

impl<'s> Search<'s> {
    fn new(
        verifier: &'s Verifier<'s>,
        leaf: &'s CertificateDer<'s>,
        others: &'s [CertificateDer<'s>],
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let malformed = |depth| Failure::at(FailureReason::MalformedCertificate, depth);
        let leaf = Parsed::parse(leaf).map_err(|_| malformed(0))?;
        let mut presented: Vec<Parsed<'s>> = Vec::with_capacity(others.len());
        for (at, der) in others.iter().enumerate() {
            let known =
                presented.iter().chain([&leaf]).any(|one| one.outline.whole == der.as_ref());
            if !known {
                presented.push(Parsed::parse(der).map_err(|_| malformed(at.saturating_add(1)))?);
            }
        }
        presented.sort_by_key(|one| rank(one, now));
        let (matched, checked) = (Vec::new(), RefCell::new(Vec::new()));
        let search = Self { verifier, leaf, presented, matched, now, checked };
        Ok(Self { matched: search.matched_certificates(), ..search })
    }

    fn records(&self, usage: Usage) -> impl Iterator<Item = &'s UsableRecord> {
        self.verifier.records_of(usage)
    }

    fn matching(&self, usage: Usage, certificate: &Certificate<'_>) -> Option<&'s UsableRecord> {
        let mut digests = Digested::new(certificate);
        self.records(usage).find(|record| digests.matches(record))
    }

    fn dane_ta(&self) -> Progress {
        let mut failure = match self.matched.iter().any(|anchor| self.is_presented(anchor)) {
            true => Failure::new(FailureReason::NotInPath),
            false => Failure::new(FailureReason::NoMatch),
        };
        failure = self.attempt(&self.matched, Goal::Anchor, failure)?;
        let keys = self.bare_keys();
        self.attempt(&keys, Goal::Anchor, failure)
    }

    fn pkix(&self) -> Progress {
        let roots: Vec<Anchor<'s>> = self.roots();
        let mut failure = Failure::new(FailureReason::NoMatch);
        if let Some(record) = self.matching(Usage::PkixEe, &self.leaf.outline) {
            let not_in_path = Failure::new(FailureReason::NotInPath);
            failure = self.attempt(&roots, Goal::Leaf(record), not_in_path)?;
        }
        let is_matched = |one: &Parsed<'_>| self.matching(Usage::PkixTa, &one.outline).is_some();
        let known = roots.iter().filter_map(|root| root.certificate.as_ref());
        if self.presented.iter().chain(known).any(is_matched) {
            let not_in_path = Failure::new(FailureReason::NotInPath);
            failure = self.attempt(&roots, Goal::OnTheWay, not_in_path)?;
        }
        ControlFlow::Continue(failure)
    }
}

/// Certificates within their dates come first, then those that ended last.
fn rank(certificate: &Parsed<'_>, now: UnixTime) -> i64 {
    match certificate.is_within_dates(now) {
        true => i64::MIN,
        false => certificate.validity.not_after.saturating_neg(),
    }
}

/// Which record a path has to satisfy, and where.
#[derive(Clone, Copy)]
enum Goal<'s> {
    /// The anchor's own.
    Anchor,
    /// This one, which the leaf matches.
    Leaf(&'s UsableRecord),
    /// A PKIX-TA record that a certificate above the leaf matches.
    OnTheWay,
}
