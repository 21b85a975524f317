//! DANE-TA and the usages of the public PKI: paths by webpki, checked by `path`.
//!
//! This is the only folder that names webpki. It tries the anchors in turn. A path of the server's
//! certificate and its issuer needs no builder but one signature check; longer ones are built by
//! webpki, which also checks their signatures, dates, basic constraints and name constraints. Every
//! complete path is then judged as a whole by [`path::check`], and the first complete one decides.

mod anchor;
mod candidates;
mod explain;

use alloc::vec::Vec;
use core::cell::Cell;
use core::ops::ControlFlow;

use pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use anchor::{Anchor, check_signature};
use explain::{explain, more_specific};

use crate::der::Certificate;
use crate::failure::{Failure, FailureReason};
use crate::path::{self, End, Parsed};
use crate::usable::{UsableRecord, Usage};
use crate::verify::{Digested, Match, Verifier};

/// Certificates that a server may send where a path is needed; real chains have two to five.
pub(crate) const MAX_PRESENTED: usize = 12;

/// Signatures that are checked here, besides webpki's own budget of as many for each attempt.
const MAX_SIGNATURES: usize = 100;

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

/// A final verdict, or why there is none so far.
type Progress = ControlFlow<Result<Match, Failure>, Failure>;

struct Search<'s> {
    verifier: &'s Verifier<'s>,
    leaf_der: &'s CertificateDer<'s>,
    leaf: Parsed<'s>,
    others: &'s [CertificateDer<'s>],
    /// The presented certificates after the leaf, each once, the leaf itself left out.
    presented: Vec<Parsed<'s>>,
    /// Those of them, and of the records, that DANE-TA records match.
    matched: Vec<Anchor<'s>>,
    now: UnixTime,
    signatures: Cell<usize>,
}

impl<'s> Search<'s> {
    fn new(
        verifier: &'s Verifier<'s>,
        leaf_der: &'s CertificateDer<'s>,
        others: &'s [CertificateDer<'s>],
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let malformed = |depth| Failure::at(FailureReason::MalformedCertificate, depth);
        let leaf = Parsed::parse(leaf_der).map_err(|_| malformed(0))?;
        let mut presented: Vec<Parsed<'s>> = Vec::with_capacity(others.len());
        for (at, der) in others.iter().enumerate() {
            let known =
                presented.iter().chain([&leaf]).any(|one| one.outline.whole == der.as_ref());
            if !known {
                presented.push(Parsed::parse(der).map_err(|_| malformed(at.saturating_add(1)))?);
            }
        }
        let signatures = Cell::new(MAX_SIGNATURES);
        let matched = Vec::new();
        let search = Self { verifier, leaf_der, leaf, others, presented, matched, now, signatures };
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
        if failure.kind() == FailureReason::SignatureBudget {
            return ControlFlow::Break(Err(failure));
        }
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

    /// Looks for a path to one of these anchors; `failure` is what there is to say if none is found.
    fn attempt(&self, anchors: &[Anchor<'s>], goal: Goal<'s>, failure: Failure) -> Progress {
        if anchors.is_empty() {
            return ControlFlow::Continue(failure);
        }
        let failure = self.attempt_direct(anchors, goal, failure)?;
        if self.presented.is_empty() {
            return ControlFlow::Continue(failure);
        }
        self.attempt_longer(anchors, goal, failure)
    }

    /// Paths of the leaf and an anchor.
    fn attempt_direct(
        &self,
        anchors: &[Anchor<'s>],
        goal: Goal<'s>,
        mut failure: Failure,
    ) -> Progress {
        for anchor in anchors {
            if !self.may_end(&self.leaf, anchor) {
                continue;
            }
            match self.signatures.get().checked_sub(1) {
                Some(left) => self.signatures.set(left),
                None => {
                    let failure = Failure::new(FailureReason::SignatureBudget);
                    return ControlFlow::Break(Err(failure));
                }
            }
            match check_signature(&self.leaf.outline, &anchor.key, self.verifier.algorithms()) {
                Ok(()) => self.judge(&mut [self.leaf].to_vec(), anchor, goal, &mut failure)?,
                Err(reason) => failure = more_specific(failure, reason),
            }
        }
        ControlFlow::Continue(failure)
    }

    /// Longer paths, by webpki.
    fn attempt_longer(&self, anchors: &[Anchor<'s>], goal: Goal<'s>, failure: Failure) -> Progress {
        let leaf = match EndEntityCert::try_from(self.leaf_der) {
            Ok(leaf) => leaf,
            Err(error) => return ControlFlow::Continue(more_specific(failure, explain(&error))),
        };
        let trusted: Vec<TrustAnchor<'s>> =
            anchors.iter().copied().map(Anchor::to_webpki).collect();
        let verdict = Cell::new(None);
        let progress = Cell::new(failure);
        let judge = |candidate: &VerifiedPath<'_>| {
            if verdict.get().is_some() {
                return Err(webpki::Error::UnknownIssuer);
            }
            let at = trusted.iter().position(|one| core::ptr::eq(one, candidate.anchor()));
            let Some(anchor) = at.and_then(|at| anchors.get(at)) else {
                return Err(webpki::Error::UnknownIssuer);
            };
            let mut path = self.to_path(candidate);
            let mut failure = progress.get();
            let judged = self.judge(&mut path, anchor, goal, &mut failure);
            progress.set(failure);
            match judged {
                ControlFlow::Break(Ok(matched)) => {
                    verdict.set(Some(Ok(matched)));
                    Ok(())
                }
                ControlFlow::Break(Err(failure)) => {
                    verdict.set(Some(Err(failure)));
                    Err(webpki::Error::UnknownIssuer)
                }
                ControlFlow::Continue(()) => Err(webpki::Error::UnknownIssuer),
            }
        };
        let built = leaf.verify_for_usage(
            self.verifier.algorithms(),
            &trusted,
            self.others,
            self.now,
            KeyUsage::server_auth(),
            None,
            Some(&judge),
        );
        match (verdict.get(), built) {
            (Some(verdict), _) => ControlFlow::Break(verdict),
            (None, Ok(_)) => ControlFlow::Continue(progress.get()),
            (None, Err(error)) => match self.blame(&error, anchors) {
                FailureReason::SignatureBudget => {
                    ControlFlow::Break(Err(Failure::new(FailureReason::SignatureBudget)))
                }
                reason => ControlFlow::Continue(more_specific(progress.get(), reason)),
            },
        }
    }

    /// The path that webpki has built, without the anchor, in our terms.
    fn to_path(&self, candidate: &VerifiedPath<'_>) -> Vec<Parsed<'s>> {
        let mut path = [self.leaf].to_vec();
        path.extend(candidate.intermediate_certificates().filter_map(|it| {
            let der = it.der();
            self.presented.iter().find(|one| one.outline.whole == der.as_ref()).copied()
        }));
        path
    }

    /// Judges a path whose signatures are good; without a verdict if it is none by our rules.
    fn judge(
        &self,
        path: &mut Vec<Parsed<'s>>,
        anchor: &Anchor<'s>,
        goal: Goal<'s>,
        failure: &mut Failure,
    ) -> ControlFlow<Result<Match, Failure>> {
        if !self.is_path(path, anchor, goal) {
            return ControlFlow::Continue(());
        }
        let end = match anchor.certificate {
            Some(certificate) => {
                path.push(certificate);
                End::Certificate
            }
            None => End::BareKey,
        };
        let found = match goal {
            Goal::Anchor => anchor.record.map(|record| (record, path.len())),
            Goal::Leaf(record) => Some((record, 1)),
            Goal::OnTheWay => path.iter().enumerate().skip(1).find_map(|(depth, one)| {
                let record = self.matching(Usage::PkixTa, &one.outline)?;
                Some((record, depth.saturating_add(1)))
            }),
        };
        let Some((record, len)) = found else {
            *failure = more_specific(*failure, FailureReason::NotInPath);
            return ControlFlow::Continue(());
        };
        let borrowed: Vec<&Parsed<'s>> = path.iter().collect();
        let names = self.verifier.names();
        let depth = match end {
            End::Certificate => len.saturating_sub(1),
            End::BareKey => len,
        };
        ControlFlow::Break(
            path::check(&borrowed, end, names, self.now).map(|()| Match::new(record, depth)),
        )
    }

    /// Whether each certificate may have issued the one before it, and the path had not to end
    /// earlier.
    fn is_path(&self, path: &[Parsed<'s>], anchor: &Anchor<'s>, goal: Goal<'s>) -> bool {
        let links = path.iter().zip(path.iter().skip(1));
        let linked =
            links.into_iter().all(|(one, issuer)| !one.is_top() && one.may_be_issued_by(issuer));
        let ended_before = matches!(goal, Goal::Anchor)
            && path.iter().skip(1).any(|one| self.matched_with(one).is_some());
        linked && !ended_before && path.last().is_some_and(|top| self.may_end(top, anchor))
    }

    /// Whether a path may go from `top` to the anchor. A bare key is the last resort: not if a
    /// certificate with this key is at hand, for that one's constraints would be lost.
    fn may_end(&self, top: &Parsed<'s>, anchor: &Anchor<'s>) -> bool {
        match &anchor.certificate {
            Some(certificate) => !top.is_top() && top.may_be_issued_by(certificate),
            None => {
                let has_issuer = |issuer: &Parsed<'_>| {
                    issuer.outline.spki.whole == anchor.key.whole && top.may_be_issued_by(issuer)
                };
                let published = self.matched.iter().filter_map(|it| it.certificate.as_ref());
                top.outline.issuer == anchor.subject
                    && (top.is_top() || !self.presented.iter().chain(published).any(has_issuer))
            }
        }
    }

    /// What an error of webpki comes to. A signature that is refused may be so for a weak key.
    fn blame(&self, error: &webpki::Error, anchors: &[Anchor<'s>]) -> FailureReason {
        let reason = explain(error);
        let keys = anchors.iter().map(|anchor| anchor.key);
        let mut keys = keys.chain(self.presented.iter().map(|one| one.outline.spki));
        match reason {
            FailureReason::NotInPath | FailureReason::UnsupportedAlgorithm
                if keys.any(|key| key.is_weak()) =>
            {
                FailureReason::WeakKey
            }
            reason => reason,
        }
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
