//! The record that would match if it were published otherwise.

use pki_types::CertificateDer;

use super::NearestMiss;
use crate::der::Certificate;
#[cfg(feature = "rustls")]
use crate::der::PublicKeyInfo;
use crate::digest::{DigestAlgorithm, MAX_DIGEST};
use crate::tlsa::{Matching, Tlsa};
use crate::trust_anchor::{MAX_PRESENTED, MAX_PRESENTED_OCTETS};
use crate::usable::{Selected, UsableSet};

/// Looks for a record that would match under another usage, selector or matching type, or if it were
/// used at all. Of each certificate each digest is made once.
pub(crate) fn nearest_miss(
    records: &UsableSet,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
) -> Option<NearestMiss> {
    let mut search = Nearest { records, best: None };
    let mut octets = 0_usize;
    for (at, der) in core::iter::once(leaf).chain(others).take(MAX_PRESENTED).enumerate() {
        octets = octets.saturating_add(der.len());
        if octets > MAX_PRESENTED_OCTETS {
            break;
        }
        let Ok(certificate) = Certificate::parse(der) else { continue };
        for selected in [Selected::Certificate, Selected::PublicKey] {
            search.part(at, selected, selected.of(&certificate));
        }
    }
    search.best
}

/// The same for a key that stands in place of the server's certificate.
#[cfg(feature = "rustls")]
pub(crate) fn nearest_of_key(records: &UsableSet, key: &PublicKeyInfo<'_>) -> Option<NearestMiss> {
    let mut search = Nearest { records, best: None };
    search.part(0, Selected::PublicKey, key.der());
    search.best
}

struct Nearest<'a> {
    records: &'a UsableSet,
    best: Option<NearestMiss>,
}

impl Nearest<'_> {
    /// Looks for records of one part of a certificate, whole and by each digest.
    fn part(&mut self, at: usize, selected: Selected, part: &[u8]) {
        self.compare(at, selected, Matching::FULL, part);
        for digest in self.records.digests().iter() {
            if self.has_length(digest.output_len()) {
                self.digest(at, selected, digest, part);
            }
        }
    }

    fn has_length(&self, len: usize) -> bool {
        let usable = self.records.records().iter().map(|one| one.tlsa());
        let unused = self.records.unused().map(|(_, tlsa, _)| tlsa);
        usable.chain(unused).any(|tlsa| tlsa.data().len() == len)
    }

    fn digest(&mut self, at: usize, selected: Selected, digest: &dyn DigestAlgorithm, part: &[u8]) {
        let mut output = [0; MAX_DIGEST];
        digest.digest(part, &mut output);
        let made = output.get(..digest.output_len()).unwrap_or(&output);
        self.compare(at, selected, digest.matching(), made);
    }

    /// Looks for records that hold what this selector and matching type make of a certificate.
    fn compare(&mut self, certificate: usize, selected: Selected, matching: Matching, made: &[u8]) {
        let is_by = |tlsa: &Tlsa| Selected::try_from(tlsa.selector()) == Ok(selected);
        for one in self.records.records().iter().filter(|one| one.tlsa().data() == made) {
            let (record, usage) = (one.index(), one.usage());
            self.offer(match (is_by(one.tlsa()), one.tlsa().matching() == matching) {
                (true, true) => NearestMiss::Position { record, usage, certificate },
                (false, true) => NearestMiss::Selector { record, certificate },
                (_, false) => NearestMiss::MatchingType { record, certificate, matching },
            });
        }
        for (record, tlsa, why) in self.records.unused().filter(|(_, it, _)| it.data() == made) {
            self.offer(match why {
                _ if tlsa.matching() != matching => {
                    NearestMiss::MatchingType { record, certificate, matching }
                }
                Some(why) => NearestMiss::NotUsable { record, certificate, why },
                None if is_by(tlsa) => NearestMiss::Outweighed { record, certificate },
                None => NearestMiss::Selector { record, certificate },
            });
        }
    }

    fn offer(&mut self, miss: NearestMiss) {
        if self.best.is_none_or(|best| miss.rank() < best.rank()) {
            self.best = Some(miss);
        }
    }
}
