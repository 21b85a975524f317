//! The verdict for a chain against the usable records; DANE-EE.

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};

use crate::der::Certificate;
use crate::digest::{DigestAlgorithm, MAX_DIGEST};
use crate::discovery::Assurance;
use crate::failure::{Failure, FailureReason};
use crate::names::Name;
use crate::near::{NearestMiss, nearest_miss};
use crate::trust_anchor;
use crate::usable::{Comparison, Selected, UsableRecord, UsableSet, Usage};

/// Judges the chain of one server against the usable records of its TLSA base domain.
///
/// What comes out is a [`Match`]: the chain is the right one, but whoever sent it has not yet shown
/// that it holds the key. Only a good handshake signature turns it into [`Authenticated`].
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    records: &'a UsableSet,
    names: &'a [Name],
    algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    roots: &'a [CertificateDer<'a>],
}

impl<'a> Verifier<'a> {
    /// A verifier for these records and reference identifiers.
    ///
    /// `algorithms` are those of the signature provider that may sign certificates; DANE-EE alone
    /// needs none.
    #[must_use]
    pub fn new(
        records: &'a UsableSet,
        names: &'a [Name],
        algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    ) -> Self {
        Self { records, names, algorithms, roots: &[] }
    }

    /// The same with these roots, for the usages PKIX-TA and PKIX-EE of
    /// [`Profile::Generic`](crate::Profile::Generic). DANE-TA does not look at them.
    #[must_use]
    pub fn with_roots(self, roots: &'a [CertificateDer<'a>]) -> Self {
        Self { roots, ..self }
    }

    /// Judges a chain as the server sent it: its certificate, then the others in any order.
    ///
    /// DANE-EE looks at the server's certificate only, whatever comes behind it, and no name, date,
    /// extension or signature in it matters
    /// ([RFC 7672 section 3.1.1](https://www.rfc-editor.org/rfc/rfc7672#section-3.1.1)), as long as each
    /// has the form of its type; it does not allocate. Where no such record matches, all of them have to
    /// be certificates. DANE-TA needs a path to the matched certificate or key and a name
    /// ([RFC 7672 section 3.1.2](https://www.rfc-editor.org/rfc/rfc7672#section-3.1.2)).
    ///
    /// # Errors
    ///
    /// [`Failure`] says why the chain is not authenticated.
    pub fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Match, Failure> {
        let malformed = |depth, der| Failure::malformed(depth, NearestMiss::malformed(der));
        let certificate = Certificate::parse_whole(leaf).map_err(|_| malformed(0, leaf))?;
        let mut digests = Digested::new(&certificate);
        for record in self.records_of(Usage::DaneEe) {
            if digests.matches(record) {
                return match certificate.spki.is_weak() {
                    true => Err(Failure::weak_key(&certificate.spki).with_depth(0)),
                    false => Ok(Match::new(record, 0)),
                };
            }
        }
        for (at, other) in others.iter().enumerate() {
            Certificate::parse_whole(other).map_err(|_| malformed(at.saturating_add(1), other))?;
        }
        let failure = match trust_anchor::verify(self, leaf, others, now) {
            Ok(matched) => return Ok(matched),
            Err(failure) => failure,
        };
        match failure.kind() {
            FailureReason::NoMatch => Err(failure.nearer(nearest_miss(self.records, leaf, others))),
            _ => Err(failure),
        }
    }

    pub(crate) fn records_of(&self, usage: Usage) -> impl Iterator<Item = &'a UsableRecord> {
        self.records.records().iter().filter(move |record| record.usage() == usage)
    }

    pub(crate) fn records(&self) -> &'a UsableSet {
        self.records
    }

    pub(crate) fn names(&self) -> &'a [Name] {
        self.names
    }

    pub(crate) fn algorithms(&self) -> &'a [&'a dyn SignatureVerificationAlgorithm] {
        self.algorithms
    }

    pub(crate) fn roots(&self) -> &'a [CertificateDer<'a>] {
        self.roots
    }
}

/// A chain that a record authenticates, of a server that may not hold its key.
///
/// It can be made by [`Verifier::verify`] only:
///
/// ```compile_fail
/// let matched = dane::Match { record: 0, usage: dane::Usage::DaneEe, depth: 0 };
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a match is no authentication: the handshake signature must be verified too"]
pub struct Match {
    record: usize,
    usage: Usage,
    depth: usize,
}

impl Match {
    pub(crate) fn new(record: &UsableRecord, depth: usize) -> Self {
        Self { record: record.index(), usage: record.usage(), depth }
    }

    /// The matching record's place in the RRset.
    #[must_use]
    pub fn record(&self) -> usize {
        self.record
    }

    /// The matching record's usage.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Where the path ends: 0 for the server's certificate, 1 for its issuer and so on. For a bare
    /// key that certifies a path, one more than the depth of the topmost certificate.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Says that the server has proven to hold the key of the certificate that was judged.
    ///
    /// This is for TLS libraries that have no adapter here. The caller vouches that, on the very
    /// connection for which this match was made and in a full handshake, the library has verified
    /// the handshake signature (CertificateVerify in TLS 1.3, the signed key exchange in TLS 1.2)
    /// with the public key of the very leaf that was given to [`Verifier::verify`]. A resumed
    /// session has no such signature. `assurance` is that of the host's plan.
    pub fn danger_handshake_signature_was_verified(self, assurance: Assurance) -> Authenticated {
        Authenticated { matched: self, assurance }
    }
}

/// A server that has been authenticated: a record matches its chain, and it holds the key.
///
/// Whether it is known to be the next hop's is another matter: [`assurance`](Self::assurance).
///
/// Nothing else makes one:
///
/// ```compile_fail
/// fn without_a_handshake(matched: dane::Match) -> dane::Authenticated {
///     matched.into()
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Authenticated {
    matched: Match,
    assurance: Assurance,
}

impl Authenticated {
    /// Whether this is secure delivery to the next hop: [`Assurance::Half`] must not be logged as such
    /// ([RFC 7672 section 2.2.1](https://www.rfc-editor.org/rfc/rfc7672#section-2.2.1)).
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// The matching record's place in the RRset.
    #[must_use]
    pub fn record(&self) -> usize {
        self.matched.record
    }

    /// The matching record's usage.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.matched.usage
    }

    /// Where the path ends, as [`Match::depth`].
    #[must_use]
    pub fn depth(&self) -> usize {
        self.matched.depth
    }
}

/// A certificate whose selected parts are hashed at most once for each digest in a row.
pub(crate) struct Digested<'c, 'a> {
    certificate: &'c Certificate<'a>,
    last: Option<(Selected, &'static dyn DigestAlgorithm)>,
    output: [u8; MAX_DIGEST],
}

impl<'c, 'a> Digested<'c, 'a> {
    pub(crate) fn new(certificate: &'c Certificate<'a>) -> Self {
        Self { certificate, last: None, output: [0; MAX_DIGEST] }
    }

    /// Whether the record's data is that of this certificate.
    pub(crate) fn matches(&mut self, record: &UsableRecord) -> bool {
        let (data, selected) = (record.tlsa().data(), record.selected());
        match record.comparison() {
            Comparison::Full => data == selected.of(self.certificate),
            Comparison::Digest(digest) => {
                self.hash(selected, digest);
                self.output.get(..digest.output_len()) == Some(data)
            }
        }
    }

    fn hash(&mut self, selected: Selected, digest: &'static dyn DigestAlgorithm) {
        let known = self.last.is_some_and(|(last_selected, last)| {
            last_selected == selected && last.matching() == digest.matching()
        });
        if !known {
            digest.digest(selected.of(self.certificate), &mut self.output);
            self.last = Some((selected, digest));
        }
    }
}
