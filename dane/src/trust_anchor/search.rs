//! The way up from the leaf.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use pki_types::SignatureVerificationAlgorithm;

use super::agree::agree;
use super::anchor::Anchor;
use super::{Goal, MAX_SIGNATURES, Progress, Search};
use crate::der::{Certificate, PublicKeyInfo};
use crate::failure::{Failure, FailureReason};
use crate::path::{self, End, Parsed};
use crate::usable::Usage;
use crate::verify::Match;

/// Certificates between leaf and anchor; webpki takes as many.
const MAX_BETWEEN: usize = 6;

/// Paths that are looked at, complete or not.
const MAX_PATHS: usize = 256;

/// Goes on, or ends with a verdict.
type Step<T> = ControlFlow<Result<Match, Failure>, T>;

impl<'s> Search<'s> {
    /// Looks for a path to one of these anchors, in depth; `failure` is what there is to say if none
    /// is found. The first complete path decides, be it good or not.
    pub(super) fn attempt(
        &self,
        anchors: &[Anchor<'s>],
        goal: Goal<'s>,
        mut failure: Failure,
    ) -> Progress {
        let mut path = Vec::from([self.leaf]);
        // For each certificate of the path, which one is to be tried next as its issuer.
        let mut next = Vec::from([0_usize]);
        let mut paths = 0_usize;
        self.end_here(&path, anchors, goal, &mut failure)?;
        while let Some(at) = next.last_mut() {
            let candidate = self.presented.get(*at);
            *at = at.saturating_add(1);
            let Some(candidate) = candidate else {
                next.pop();
                path.pop();
                continue;
            };
            if !self.extends(&path, candidate, goal, &mut failure)? {
                continue;
            }
            paths = paths.saturating_add(1);
            if paths > MAX_PATHS {
                return ControlFlow::Break(Err(Failure::new(FailureReason::SignatureBudget)));
            }
            path.push(*candidate);
            next.push(0);
            self.end_here(&path, anchors, goal, &mut failure)?;
        }
        ControlFlow::Continue(failure)
    }

    /// Tries every anchor as the issuer of the topmost certificate.
    fn end_here(
        &self,
        path: &[Parsed<'s>],
        anchors: &[Anchor<'s>],
        goal: Goal<'s>,
        failure: &mut Failure,
    ) -> Step<()> {
        let Some(top) = path.last() else { return ControlFlow::Continue(()) };
        for anchor in anchors {
            if self.may_end(top, anchor) && self.is_signed(top, &anchor.key, failure)? {
                self.judge(path, anchor, goal, failure)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether the path goes on with this certificate. It does not behind one that ends paths, in
    /// circles, or past one that a record matches.
    fn extends(
        &self,
        path: &[Parsed<'s>],
        candidate: &Parsed<'s>,
        goal: Goal<'s>,
        failure: &mut Failure,
    ) -> Step<bool> {
        let Some(top) = path.last() else { return ControlFlow::Continue(false) };
        let is_anchor = matches!(goal, Goal::Anchor) && self.matched_with(candidate).is_some();
        let circles = path.iter().any(|one| {
            one.outline.subject == candidate.outline.subject
                && one.outline.spki.whole == candidate.outline.spki.whole
        });
        if is_anchor || circles || top.is_top() || !top.may_be_issued_by(candidate) {
            return ControlFlow::Continue(false);
        }
        if !self.is_signed(top, &candidate.outline.spki, failure)? {
            return ControlFlow::Continue(false);
        }
        if path.len() > MAX_BETWEEN {
            *failure = more_specific(*failure, FailureReason::PathLength);
            return ControlFlow::Continue(false);
        }
        ControlFlow::Continue(true)
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

    /// Whether the key has signed the certificate; each pair is checked once.
    fn is_signed(
        &self,
        certificate: &Parsed<'s>,
        key: &PublicKeyInfo<'s>,
        failure: &mut Failure,
    ) -> Step<bool> {
        let whole = certificate.outline.whole;
        let mut checked = self.checked.borrow_mut();
        let known = checked.iter().find(|(of, with, _)| *of == whole && *with == key.whole);
        let verdict = match known {
            Some((_, _, verdict)) => *verdict,
            None if checked.len() >= MAX_SIGNATURES => {
                return ControlFlow::Break(Err(Failure::new(FailureReason::SignatureBudget)));
            }
            None => {
                let algorithms = self.verifier.algorithms();
                let verdict = check_signature(&certificate.outline, key, algorithms);
                checked.push((whole, key.whole, verdict));
                verdict
            }
        };
        if let Err(reason) = verdict {
            *failure = more_specific(*failure, reason);
        }
        ControlFlow::Continue(verdict.is_ok())
    }

    /// Judges a complete path, unless no record is to be found on it.
    fn judge(
        &self,
        path: &[Parsed<'s>],
        anchor: &Anchor<'s>,
        goal: Goal<'s>,
        failure: &mut Failure,
    ) -> Step<()> {
        let whole: Vec<&Parsed<'s>> = path.iter().chain(&anchor.certificate).collect();
        let end = match anchor.certificate {
            Some(_) => End::Certificate,
            None => End::BareKey,
        };
        let found = match goal {
            Goal::Anchor => anchor.record.map(|record| (record, path.len())),
            Goal::Leaf(record) => Some((record, 0)),
            Goal::OnTheWay => whole.iter().enumerate().skip(1).find_map(|(depth, one)| {
                self.matching(Usage::PkixTa, &one.outline).map(|record| (record, depth))
            }),
        };
        let Some((record, depth)) = found else {
            *failure = more_specific(*failure, FailureReason::NotInPath);
            return ControlFlow::Continue(());
        };
        let verdict = path::check(&whole, end, self.verifier.names(), self.now)
            .and_then(|()| match path {
                [leaf, issuers @ ..] if !issuers.is_empty() => {
                    agree(leaf, issuers, anchor, self.verifier.algorithms(), self.now)
                        .map_err(Failure::new)
                }
                _ => Ok(()),
            })
            .map(|()| Match::new(record, depth));
        ControlFlow::Break(verdict)
    }
}

/// Checks a certificate's signature with its issuer's key.
fn check_signature(
    certificate: &Certificate<'_>,
    key: &PublicKeyInfo<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), FailureReason> {
    let [0, signature @ ..] = certificate.signature else {
        return Err(FailureReason::MalformedCertificate);
    };
    if certificate.tbs_algorithm != certificate.algorithm {
        return Err(FailureReason::MalformedCertificate);
    }
    if key.is_weak() {
        return Err(FailureReason::WeakKey);
    }
    let mut fitting = algorithms.iter().filter(|algorithm| {
        algorithm.signature_alg_id().as_ref() == certificate.algorithm
            && algorithm.public_key_alg_id().as_ref() == key.algorithm
    });
    let Some(algorithm) = fitting.next() else { return Err(FailureReason::UnsupportedAlgorithm) };
    algorithm
        .verify_signature(key.key, certificate.tbs, signature)
        .map_err(|_| FailureReason::NotInPath)
}

/// The reason that says more: that nothing was found says least.
fn more_specific(known: Failure, reason: FailureReason) -> Failure {
    match (known.kind(), reason) {
        (_, FailureReason::NoMatch) => known,
        (FailureReason::NoMatch, FailureReason::NotInPath) => known,
        (FailureReason::NoMatch | FailureReason::NotInPath, reason) => Failure::new(reason),
        _ => known,
    }
}
