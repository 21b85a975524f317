//! DANE-TA and the usages of the public PKI: paths by webpki, checked by `path`.
//!
//! This is the only module that names webpki. It tries the anchors in turn. A path of the server's
//! certificate and its issuer needs no builder but one signature check; longer ones are built by
//! webpki, which also checks their signatures, dates, basic constraints and name constraints. Every
//! complete path is then judged as a whole by [`path::check`], and the first complete one decides.

use alloc::vec::Vec;
use core::cell::Cell;
use core::ops::ControlFlow;

use pki_types::{CertificateDer, Der, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use crate::der::{Certificate, PublicKeyInfo, Reader};
use crate::failure::{Failure, FailureReason};
use crate::path::{self, End, Parsed};
use crate::usable::{Comparison, Selected, UsableRecord, Usage};
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

/// Where a path may end.
#[derive(Clone, Copy)]
struct Anchor<'s> {
    /// The whole name element by which certificates name this issuer.
    subject: &'s [u8],
    key: PublicKeyInfo<'s>,
    /// None for a bare key.
    certificate: Option<Parsed<'s>>,
    /// The record that makes it an anchor; none for a root of the public PKI.
    record: Option<&'s UsableRecord>,
}

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

    /// The certificates of `2 0 0` records, then the presented ones that match a record; those
    /// within their dates first, the others by their end.
    fn matched_certificates(&self) -> Vec<Anchor<'s>> {
        let published = self.records(Usage::DaneTa).filter_map(|record| {
            let is_certificate = matches!(
                (record.comparison(), record.selected()),
                (Comparison::Full, Selected::Certificate)
            );
            let parsed = is_certificate.then(|| Parsed::parse(record.tlsa().data()).ok()).flatten();
            parsed.map(|parsed| (parsed, record))
        });
        let presented = self.presented.iter().filter_map(|parsed| {
            self.matching(Usage::DaneTa, &parsed.outline).map(|record| (*parsed, record))
        });
        let mut anchors: Vec<Anchor<'s>> = Vec::new();
        for (parsed, record) in published.chain(presented) {
            let whole = parsed.outline.whole;
            let known = |anchor: &Anchor<'_>| {
                anchor.certificate.is_some_and(|it| it.outline.whole == whole)
            };
            if whole != self.leaf.outline.whole && !anchors.iter().any(known) {
                anchors.push(Anchor::of(parsed, Some(record)));
            }
        }
        anchors.sort_by_key(|anchor| match anchor.certificate {
            Some(it) if !it.is_within_dates(self.now) => it.validity.not_after.saturating_neg(),
            _ => i64::MIN,
        });
        anchors
    }

    /// The keys of `2 1 0` records, as issuers of the leaf and of every presented certificate.
    fn bare_keys(&self) -> Vec<Anchor<'s>> {
        let mut issuers: Vec<&'s [u8]> = Vec::new();
        for one in core::iter::once(&self.leaf).chain(&self.presented) {
            if !issuers.contains(&one.outline.issuer) {
                issuers.push(one.outline.issuer);
            }
        }
        let keys = self.records(Usage::DaneTa).filter_map(|record| {
            let is_key = matches!(
                (record.comparison(), record.selected()),
                (Comparison::Full, Selected::PublicKey)
            );
            let key = is_key.then(|| PublicKeyInfo::parse(record.tlsa().data()).ok()).flatten();
            key.map(|key| (key, record))
        });
        keys.flat_map(|(key, record)| {
            issuers.iter().map(move |subject| Anchor {
                subject,
                key,
                certificate: None,
                record: Some(record),
            })
        })
        .collect()
    }

    fn roots(&self) -> Vec<Anchor<'s>> {
        let roots = self.verifier.roots().iter();
        roots
            .filter_map(|der| Parsed::parse(der).ok())
            .filter(|root| root.outline.whole != self.leaf.outline.whole)
            .map(|root| Anchor::of(root, None))
            .collect()
    }

    fn is_presented(&self, anchor: &Anchor<'_>) -> bool {
        anchor.certificate.is_some_and(|it| {
            self.presented.iter().any(|presented| presented.outline.whole == it.outline.whole)
        })
    }

    fn matched_with(&self, certificate: &Parsed<'_>) -> Option<&Anchor<'s>> {
        self.matched.iter().find(|anchor| {
            anchor.certificate.is_some_and(|it| it.outline.whole == certificate.outline.whole)
        })
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

impl<'s> Anchor<'s> {
    fn of(parsed: Parsed<'s>, record: Option<&'s UsableRecord>) -> Self {
        let Certificate { subject, spki: key, .. } = parsed.outline;
        Self { subject, key, certificate: Some(parsed), record }
    }

    /// The anchor as webpki wants it: contents of the name and of the key. Its name constraints are
    /// not given, for `path` checks them.
    fn to_webpki(self) -> TrustAnchor<'s> {
        let subject = Reader::new(self.subject).and_then(|mut reader| reader.next());
        TrustAnchor {
            subject: Der::from_slice(subject.map_or(&[], |name| name.value)),
            subject_public_key_info: Der::from_slice(self.key.value),
            name_constraints: None,
        }
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

/// What an error of webpki comes to in our words.
fn explain(error: &webpki::Error) -> FailureReason {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } => FailureReason::Expired,
        Error::CertNotValidYet { .. } => FailureReason::NotYetValid,
        Error::EndEntityUsedAsCa => FailureReason::NotACa,
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            FailureReason::PathLength
        }
        Error::NameConstraintViolation
        | Error::MalformedNameConstraint
        | Error::MalformedDnsIdentifier
        | Error::InvalidNetworkMaskConstraint => FailureReason::NameConstraints,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            FailureReason::ExtendedKeyUsage
        }
        Error::UnsupportedCriticalExtension => FailureReason::CriticalExtension,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            FailureReason::UnsupportedAlgorithm
        }
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => FailureReason::SignatureBudget,
        Error::UnknownIssuer | Error::InvalidSignatureForPublicKey | Error::CertDistrusted => {
            FailureReason::NotInPath
        }
        // What is left is about the form of a certificate: its version, its encoding, a CA as leaf.
        _ => FailureReason::MalformedCertificate,
    }
}
