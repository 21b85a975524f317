//! Which certificates and keys may end a path.

use alloc::vec::Vec;

use super::anchor::Anchor;
use super::{Search, rank};
use crate::der::PublicKeyInfo;
use crate::path::Parsed;
use crate::usable::{Comparison, Selected, Usage};

impl<'s> Search<'s> {
    /// The certificates of `2 0 0` records, then the presented ones that match a record; those
    /// within their dates first, the others by their end.
    pub(super) fn matched_certificates(&self) -> Vec<Anchor<'s>> {
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
        anchors.sort_by_key(|anchor| anchor.certificate.map(|it| rank(&it, self.now)));
        anchors
    }

    /// The keys of `2 1 0` records, as issuers of the leaf and of every presented certificate.
    pub(super) fn bare_keys(&self) -> Vec<Anchor<'s>> {
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

    pub(super) fn roots(&self) -> Vec<Anchor<'s>> {
        let roots = self.verifier.roots().iter();
        roots
            .filter_map(|der| Parsed::parse(der).ok())
            .filter(|root| root.outline.whole != self.leaf.outline.whole)
            .map(|root| Anchor::of(root, None))
            .collect()
    }

    pub(super) fn is_presented(&self, anchor: &Anchor<'_>) -> bool {
        anchor.certificate.is_some_and(|it| {
            self.presented.iter().any(|presented| presented.outline.whole == it.outline.whole)
        })
    }

    pub(super) fn matched_with(&self, certificate: &Parsed<'_>) -> Option<&Anchor<'s>> {
        self.matched.iter().find(|anchor| {
            anchor.certificate.is_some_and(|it| it.outline.whole == certificate.outline.whole)
        })
    }
}
