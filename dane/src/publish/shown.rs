//! A chain as a server shows it: which records it satisfies, and which can be made of it.

use alloc::vec::Vec;

use super::{PublishError, record};
use crate::der::Certificate;
use crate::digest::Digests;
use crate::tlsa::{CertUsage, Matching, Selector, Tlsa};
use crate::usable::{Profile, UsableRecord, Usage};
use crate::verify::Digested;

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

/// The part of a chain that leads from the server's certificate upwards, by the names of issuers.
pub(super) struct Shown<'a> {
    path: Vec<Certificate<'a>>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(chain: &[&'a [u8]]) -> Result<Self, PublishError> {
        let mut rest: Vec<Certificate<'a>> =
            chain.iter().map(|der| Certificate::parse(der)).collect::<Result<_, _>>()?;
        let mut path = Vec::new();
        let mut next = if rest.is_empty() { None } else { Some(0) };
        while let Some(at) = next {
            let certificate = rest.remove(at);
            let is_top = certificate.subject == certificate.issuer;
            let issuer = |other: &Certificate<'_>| other.subject == certificate.issuer;
            next = if is_top { None } else { rest.iter().position(issuer) };
            path.push(certificate);
        }
        Ok(Self { path })
    }

    /// Whether a client that has this record authenticates the server by it.
    pub(super) fn satisfies(&self, record: &Tlsa) -> bool {
        let Some(usable) = judge(record) else { return false };
        let matches = |one: &Certificate<'_>| Digested::new(one).matches(&usable);
        match usable.usage() {
            Usage::PkixEe | Usage::DaneEe => self.path.first().is_some_and(matches),
            Usage::PkixTa | Usage::DaneTa => {
                self.path.iter().skip(1).any(matches) || self.is_issued_by(record)
            }
        }
    }

    /// Whether the record brings along the certificate that has issued one of these.
    fn is_issued_by(&self, record: &Tlsa) -> bool {
        kind(record) == WHOLE_ANCHOR
            && Certificate::parse(record.data())
                .is_ok_and(|anchor| self.path.iter().any(|one| one.issuer == anchor.subject))
    }

    /// The record of a kind for this chain: of the server's certificate, or of the CA at this depth
    /// or else the topmost one. None if the server sends no CA.
    pub(super) fn make(&self, kind: Kind, depth: usize) -> Result<Option<Tlsa>, PublishError> {
        let (usage, selector, matching) = kind;
        let topmost = self.path.len().saturating_sub(1);
        let at = match usage {
            CertUsage::PKIX_EE | CertUsage::DANE_EE => 0,
            _ if topmost == 0 => return Ok(None),
            _ => depth.clamp(1, topmost),
        };
        let Some(certificate) = self.path.get(at) else { return Ok(None) };
        record(usage, selector, matching, certificate.der()).map(Some)
    }

    /// Where the certificate is that the record is about.
    pub(super) fn depth(&self, record: &Tlsa) -> Option<usize> {
        let usable = judge(record)?;
        self.path.iter().position(|one| Digested::new(one).matches(&usable))
    }
}
