//! A chain as clients see it: which records authenticate it, and which can be made of it.

use alloc::vec::Vec;
use core::slice::from_ref;

use pki_types::{SignatureVerificationAlgorithm, UnixTime};

use super::{PublishError, record};
use crate::der::{Certificate, PublicKeyInfo};
use crate::digest::Digests;
use crate::failure::FailureReason;
use crate::path::Parsed;
use crate::tlsa::{CertUsage, Matching, Selector, Tlsa};
use crate::trust_anchor::{MAX_PATH, MAX_PRESENTED, MAX_PRESENTED_OCTETS, Signatures, issuer};
use crate::usable::{Comparison, Profile, Selected, UsableRecord, UsableSet, Usage};
use crate::verify::Digested;

/// What clients have when they look at a chain.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    now: UnixTime,
}

impl<'a> Client<'a> {
    /// Clients with these algorithms for the signatures of certificates, at this time, which decides
    /// between two CAs of one name.
    ///
    /// Records of the server's own certificate or key need no algorithms. Without any, no record of a
    /// CA authenticates a chain.
    #[must_use]
    pub fn new(algorithms: &'a [&'a dyn SignatureVerificationAlgorithm], now: UnixTime) -> Self {
        Self { algorithms, now }
    }
}

/// Usage, selector and matching type.
pub(super) type Kind = (CertUsage, Selector, Matching);

pub(super) fn kind(record: &Tlsa) -> Kind {
    (record.usage(), record.selector(), record.matching())
}

/// A certificate whose whole is published, so that the server need not send it.
const WHOLE_ANCHOR: Kind = (CertUsage::DANE_TA, Selector::CERT, Matching::FULL);

/// The record in a form that can be compared, if it can be used at all.
pub(super) fn judge(record: &Tlsa) -> Option<UsableRecord> {
    UsableRecord::judge(0, record, Profile::Generic, &Digests::default()).ok()
}

/// What a record is to a chain, the best last.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Fit {
    /// Nothing.
    No,
    /// It is of a certificate that is sent, but the server's own does not lead there.
    Unlinked,
    /// It is the key that has signed the topmost certificate, whose own certificate is not sent.
    BareKey,
    /// It is of what is sent, or brings along the anchor that it is of.
    Whole,
}

/// The chain of a server, as far as clients look at it.
pub(super) struct Shown<'a> {
    client: Client<'a>,
    /// Places of what is no certificate.
    unread: Vec<usize>,
    /// Places of what is none that a path can be made with.
    unfit: Vec<usize>,
    /// Whether clients that need a path refuse the chain for its length.
    pub(super) is_too_long: bool,
    leaf: Option<Certificate<'a>>,
    /// All of it; nothing if clients that need a path refuse it.
    chain: Vec<Parsed<'a>>,
    /// The path that clients go without anchors from the DNS.
    path: Path<'a>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(chain: &[&'a [u8]], client: Client<'a>) -> Self {
        let octets = chain.iter().fold(0, |sum: usize, one| sum.saturating_add(one.len()));
        let is_too_long = chain.len() > MAX_PRESENTED || octets > MAX_PRESENTED_OCTETS;
        let looked_at = || chain.iter().take(MAX_PRESENTED).enumerate();
        let unread = looked_at().filter(|(_, der)| Certificate::parse(der).is_err());
        let unfit = looked_at().filter(|(_, der)| Parsed::parse(der).is_err());
        let leaf = chain.first().and_then(|der| Certificate::parse(der).ok());
        let parsed: Result<Vec<Parsed<'a>>, _> =
            looked_at().map(|(_, der)| Parsed::parse(der)).collect();
        let chain = parsed.ok().filter(|_| !is_too_long).unwrap_or_default();
        Self {
            client,
            unread: unread.map(|(at, _)| at).collect(),
            unfit: unfit.map(|(at, _)| at).collect(),
            is_too_long,
            leaf,
            path: Path::new(&chain, core::iter::empty(), client),
            chain,
        }
    }

    /// The same if every certificate can be read.
    pub(super) fn strict(chain: &[&'a [u8]], client: Client<'a>) -> Result<Self, PublishError> {
        chain.iter().try_for_each(|der| Certificate::parse(der).map(drop))?;
        Ok(Self::new(chain, client))
    }

    /// Places of what clients cannot read.
    pub(super) fn unread(&self, needs_path: NeedsPath) -> impl Iterator<Item = usize> {
        match needs_path {
            NeedsPath::Yes => self.unfit.iter().copied(),
            NeedsPath::No => self.unread.iter().copied(),
        }
    }

    /// The path that clients go who have these anchors from the DNS.
    fn path_by<'s>(&'s self, anchors: impl Iterator<Item = &'s Tlsa>) -> Path<'s> {
        Path::new(&self.chain, anchors, self.client)
    }

    /// What is sent besides the server's own certificate, which may stand twice.
    fn above(&self) -> impl Iterator<Item = &Parsed<'a>> {
        let is_leaf =
            |one: &&Parsed<'_>| self.leaf.is_some_and(|leaf| leaf.whole == one.outline.whole);
        self.chain.iter().filter(move |one| !is_leaf(one))
    }

    /// What a record by itself is to the chain.
    pub(super) fn fit(&self, record: &Tlsa) -> Fit {
        match judge(record) {
            Some(usable) if kind(record) == WHOLE_ANCHOR => {
                self.fit_on(&self.path_by(from_ref(record).iter()), &usable)
            }
            Some(usable) => self.fit_on(&self.path, &usable),
            None => Fit::No,
        }
    }

    fn fit_on(&self, path: &Path<'_>, record: &UsableRecord) -> Fit {
        let is = |one: &Certificate<'_>| Digested::new(one).matches(record);
        match record.usage() {
            Usage::PkixEe | Usage::DaneEe if self.leaf.as_ref().is_some_and(is) => Fit::Whole,
            Usage::PkixEe | Usage::DaneEe => Fit::No,
            Usage::PkixTa | Usage::DaneTa => {
                let mut above = path.good().iter().skip(1);
                if above.any(|one| is(&one.outline)) {
                    Fit::Whole
                } else if path.is_signed_by(record, self.client.algorithms) {
                    Fit::BareKey
                } else if self.above().any(|one| is(&one.outline)) {
                    Fit::Unlinked
                } else {
                    Fit::No
                }
            }
        }
    }

    /// Whether a client that has this record authenticates the server by it.
    pub(super) fn satisfies(&self, record: &Tlsa) -> bool {
        !self.has_weak_leaf() && self.fit(record) >= Fit::BareKey
    }

    /// Whether no client authenticates the server, whatever the records are.
    pub(super) fn has_weak_leaf(&self) -> bool {
        self.leaf.is_some_and(|leaf| leaf.spki.is_weak())
    }

    /// Whether the path is good no further because a client does not know the kind of a signature.
    pub(super) fn is_beyond_algorithms(&self) -> bool {
        self.path.is_beyond_algorithms
    }

    /// Whether clients that need a path refuse the chain as it is.
    pub(super) fn has_no_path(&self) -> bool {
        self.chain.is_empty()
    }

    /// The first certificate whose key is too weak for a client that has these records, by its place in
    /// the chain: the server's own, or one on the way to the anchor.
    pub(super) fn weak(&self, records: &[Tlsa]) -> Option<usize> {
        if self.has_weak_leaf() {
            return Some(0);
        }
        let is_weak = |one: &Parsed<'_>| one.outline.spki.is_weak();
        let (depth, weak) =
            self.path.certificates.iter().enumerate().find(|(_, one)| is_weak(one))?;
        let is_needed =
            |one: &Tlsa| is_of_ca(one) && self.depth(one).is_some_and(|anchor| anchor >= depth);
        records.iter().any(is_needed).then_some(())?;
        self.chain.iter().position(|one| one.outline.whole == weak.outline.whole)
    }

    /// Whether clients that could authenticate the server by one of these records do so as well if
    /// they have them all, in any order: of two anchors of one name they take one.
    pub(super) fn is_unambiguous(&self, records: &[Tlsa]) -> bool {
        let anchors: Vec<&Tlsa> = records.iter().filter(|it| kind(it) == WHOLE_ANCHOR).collect();
        if anchors.is_empty() {
            return true;
        }
        let turned = |first| anchors.iter().cycle().skip(first).take(anchors.len()).copied();
        let paths: Vec<Path<'_>> =
            (0..anchors.len()).map(|first| self.path_by(turned(first))).collect();
        [Digests::default()].iter().chain(&Digests::OTHERS).all(|digests| {
            let Ok(set) = UsableSet::select(records, Profile::Smtp, digests) else { return true };
            let by = |path| set.records().iter().any(|it| self.fit_on(path, it) >= Fit::BareKey);
            let could = set.records().iter().any(|it| self.fit(it.tlsa()) >= Fit::BareKey);
            !could || paths.iter().all(by)
        })
    }

    /// The record of a kind for this chain: of the server's certificate, or of the CA at this depth
    /// or else the topmost one. None if the server sends no CA that its certificate leads to.
    pub(super) fn make(&self, kind: Kind, depth: usize) -> Result<Option<Tlsa>, PublishError> {
        let (usage, selector, matching) = kind;
        let is_of_leaf = matches!(usage, CertUsage::PKIX_EE | CertUsage::DANE_EE);
        let good = self.path.good();
        let topmost = good.len().saturating_sub(1);
        let certificate = match (is_of_leaf, topmost) {
            (true, _) => self.leaf,
            (false, 0) => None,
            (false, _) => good.get(depth.clamp(1, topmost)).map(|one| one.outline),
        };
        certificate.map(|one| record(usage, selector, matching, one.der())).transpose()
    }

    /// Where on the path the certificate is that the record is about.
    pub(super) fn depth(&self, record: &Tlsa) -> Option<usize> {
        let usable = judge(record)?;
        let is = |one: &Parsed<'_>| Digested::new(&one.outline).matches(&usable);
        self.path.certificates.iter().position(is)
    }
}

pub(super) fn is_of_ca(record: &Tlsa) -> bool {
    matches!(record.usage(), CertUsage::PKIX_TA | CertUsage::DANE_TA)
}

/// Whether some record is of a CA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NeedsPath {
    Yes,
    No,
}

impl NeedsPath {
    pub(super) fn of(records: &[Tlsa]) -> Self {
        if records.iter().any(is_of_ca) { Self::Yes } else { Self::No }
    }
}

/// The way up from the server's certificate.
#[derive(Default)]
pub(super) struct Path<'a> {
    certificates: Vec<Parsed<'a>>,
    /// How many of them, from the server's on, are signed by the next one and have a strong key.
    good: usize,
    /// Whether it is good no further because the kind of a signature is not known to the client.
    is_beyond_algorithms: bool,
}

impl<'a> Path<'a> {
    /// The path that clients go with what is sent and these anchors from the DNS.
    fn new(
        chain: &[Parsed<'a>],
        anchors: impl Iterator<Item = &'a Tlsa>,
        client: Client<'a>,
    ) -> Self {
        let mut certificates: Vec<Parsed<'a>> = chain.first().copied().into_iter().collect();
        let is_leaf = |one: &Parsed<'_>| {
            chain.first().is_some_and(|leaf| leaf.outline.whole == one.outline.whole)
        };
        let published = anchors.filter_map(|one| Parsed::parse(one.data()).ok());
        let sent = chain.iter().skip(1).copied();
        let pool: Vec<Parsed<'a>> = published.chain(sent).filter(|one| !is_leaf(one)).collect();
        while let Some(issuer) = issuer(&certificates, &pool, client.now) {
            if certificates.len() == MAX_PATH {
                break;
            }
            certificates.push(*issuer);
        }
        let (good, end) = good(&certificates, client.algorithms);
        let is_beyond_algorithms = end == Some(FailureReason::UnsupportedAlgorithm);
        Self { certificates, good, is_beyond_algorithms }
    }

    fn good(&self) -> &[Parsed<'a>] {
        self.certificates.get(..self.good).unwrap_or(&self.certificates)
    }

    /// Whether the record holds the key that has signed the topmost certificate, which is whole.
    fn is_signed_by(
        &self,
        record: &UsableRecord,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> bool {
        let is_key = (record.usage(), record.selected()) == (Usage::DaneTa, Selected::PublicKey)
            && matches!(record.comparison(), Comparison::Full);
        let (true, Some(top)) = (is_key, self.certificates.last()) else { return false };
        let key = PublicKeyInfo::parse(record.tlsa().data());
        self.good == self.certificates.len()
            && self.good < MAX_PATH
            && key.is_ok_and(|key| Signatures::new(algorithms).check(&top.outline, &key).is_ok())
    }
}

/// How many certificates of a path, from the first on, are signed by the next one and have a strong
/// key, and what is wrong with the signature of the last one of these.
fn good(
    certificates: &[Parsed<'_>],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> (usize, Option<FailureReason>) {
    let mut signatures = Signatures::new(algorithms);
    let is_strong = |one: &Parsed<'_>| !one.outline.spki.is_weak();
    let Some(true) = certificates.first().map(is_strong) else { return (0, None) };
    let links = certificates.iter().zip(certificates.iter().skip(1));
    let mut ends = links.enumerate().filter_map(|(at, (one, issuer))| {
        let verdict = signatures.check(&one.outline, &issuer.outline.spki);
        verdict.err().map(|reason| (at.saturating_add(1), Some(reason)))
    });
    ends.next().unwrap_or((certificates.len(), None))
}
