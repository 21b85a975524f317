//! What a complete path must come to, whoever built it.
//!
//! The rules are those of [RFC 5280 section 6](https://www.rfc-editor.org/rfc/rfc5280#section-6) as
//! servers of mail meet them, extended to the anchor: a DANE-TA record says which certificate is the
//! anchor and not that its own constraints are void
//! ([RFC 7671 section 5.2.1](https://www.rfc-editor.org/rfc/rfc7671#section-5.2.1)).

use pki_types::UnixTime;

use crate::constraints;
use crate::der::distinguished_name;
use crate::der::extensions::{Extensions, Purposes};
use crate::der::general_name::{Attribute, GeneralName, each_attribute, string_octets};
use crate::der::time::Validity;
use crate::der::{Certificate, DerError, Version};
use crate::failure::{Failure, FailureReason};
use crate::names::{self, Name};
use crate::near::{Excerpt, NearestMiss, Oid};

/// A certificate with all that a path is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed<'a> {
    pub(crate) outline: Certificate<'a>,
    pub(crate) extensions: Extensions<'a>,
    pub(crate) validity: Validity,
}

impl<'a> Parsed<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, NearestMiss> {
        let outline = Certificate::parse_whole(der).map_err(|_| NearestMiss::malformed(der))?;
        let extensions = Extensions::parse(&outline).map_err(|_| NearestMiss::Extensions)?;
        let validity = Validity::parse(outline.validity).map_err(|_| NearestMiss::Dates)?;
        Ok(Self { outline, extensions, validity })
    }

    /// Whether it names itself as its issuer.
    pub(crate) fn is_self_issued(&self) -> bool {
        distinguished_name::equal(self.outline.subject, self.outline.issuer)
    }

    /// Whether it names itself as its issuer, and neither its authority key id nor the kind of its
    /// signature says otherwise. Such a certificate ends a path.
    pub(crate) fn is_top(&self) -> bool {
        self.may_be_issued_by(self)
    }

    /// Whether `issuer` has the name and the ids that this certificate gives its issuer, and a key of
    /// the kind that its signature is of.
    pub(crate) fn may_be_issued_by(&self, issuer: &Self) -> bool {
        self.names_as_issuer(issuer) && issuer.outline.spki.may_sign(self.outline.tbs_algorithm)
    }

    /// Whether `issuer` has the name and the ids that this certificate gives its issuer.
    pub(crate) fn names_as_issuer(&self, issuer: &Self) -> bool {
        if !distinguished_name::equal(self.outline.issuer, issuer.outline.subject) {
            return false;
        }
        let Some(id) = self.extensions.authority_key_id else { return true };
        let key_agrees = match (id.key_id, issuer.extensions.subject_key_id) {
            (Some(wanted), Some(has)) => wanted == has,
            _ => true,
        };
        let serial_agrees = id.serial.is_none_or(|serial| serial == issuer.outline.serial);
        let directory = id.issuer.and_then(|names| {
            names.iter().find_map(|name| match name {
                GeneralName::Directory(name) => Some(name),
                _ => None,
            })
        });
        key_agrees
            && serial_agrees
            && directory.is_none_or(|name| distinguished_name::equal(name, issuer.outline.issuer))
    }

    /// Whether this is a CA that a path may end in.
    pub(crate) fn is_anchor(&self) -> bool {
        let Extensions { key_usage, basic_constraints, .. } = self.extensions;
        let is_ca = match basic_constraints {
            Some(constraints) => constraints.ca,
            // What CAs were before there were extensions, or before this one was customary.
            None => key_usage.is_some() || self.is_first_version_root(),
        };
        is_ca && key_usage.is_none_or(|usage| usage.has_cert_sign())
    }

    /// Whether it is of version 1 and says that it has signed itself, in a way that is known.
    fn is_first_version_root(&self) -> bool {
        let outline = &self.outline;
        outline.version == Version::V1
            && self.is_top()
            && outline.spki.is_known_to_sign(outline.tbs_algorithm)
    }

    pub(crate) fn is_within_dates(&self, now: UnixTime) -> bool {
        dates(self, now).is_ok()
    }

    fn has_dns_name(&self) -> bool {
        self.extensions
            .subject_alt_name
            .is_some_and(|names| names.iter().any(|name| matches!(name, GeneralName::Dns(_))))
    }

    /// Visits the names that stand for a host: the dNSNames, or the common names if there is none
    /// ([RFC 7672 section 3.2.3](https://www.rfc-editor.org/rfc/rfc7672#section-3.2.3)).
    pub(crate) fn each_host_name(&self, mut visit: impl FnMut(&'a [u8])) -> Result<(), DerError> {
        if self.has_dns_name() {
            let names = self.extensions.subject_alt_name;
            for name in names.iter().flat_map(|names| names.iter()) {
                if let GeneralName::Dns(name) = name {
                    visit(name);
                }
            }
            return Ok(());
        }
        each_attribute(self.outline.subject, |attribute| {
            if attribute.oid == Attribute::COMMON_NAME {
                string_octets(&attribute.value).into_iter().for_each(&mut visit);
            }
        })
    }
}

/// What a path ends in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// Its topmost certificate is the anchor.
    Certificate,
    /// A key that is known by itself has signed the topmost certificate.
    BareKey,
}

/// Judges a complete path, the server's certificate first.
pub(crate) fn check(
    path: &[&Parsed<'_>],
    end: End,
    names: &[Name],
    now: UnixTime,
) -> Result<(), Failure> {
    for (depth, certificate) in path.iter().enumerate() {
        check_each(certificate).map_err(|failure| failure.with_depth(depth))?;
    }
    check_leaf(path)?;
    check_issuers(path)?;
    check_path_length(path)?;
    constraints::check(path)?;
    check_dates(path, end, now)?;
    check_names(path, names)
}

/// Rules for every certificate, anchor and leaf included.
fn check_each(certificate: &Parsed<'_>) -> Result<(), Failure> {
    if let Some(oid) = certificate.extensions.unacceptable {
        let near = NearestMiss::Extension { oid: Oid::new(oid) };
        return Err(Failure::new(FailureReason::CriticalExtension, near));
    }
    if let Some(Purposes::Other { first, others }) = certificate.extensions.purposes {
        let near = NearestMiss::OtherPurpose { purpose: Oid::new(first), others };
        return Err(Failure::new(FailureReason::ExtendedKeyUsage, near));
    }
    if certificate.outline.spki.is_weak() {
        return Err(Failure::weak_key(&certificate.outline.spki));
    }
    if certificate.outline.spki.has_explicit_curve() {
        let near = NearestMiss::ExplicitCurve;
        return Err(Failure::new(FailureReason::UnsupportedAlgorithm, near));
    }
    Ok(())
}

fn check_leaf(path: &[&Parsed<'_>]) -> Result<(), Failure> {
    let Some(Parsed { extensions, .. }) = path.first() else { return Ok(()) };
    if extensions.netscape_type.is_some_and(|it| !it.is_a_server()) {
        return Err(Failure::at(FailureReason::ExtendedKeyUsage, 0, NearestMiss::NetscapeType));
    }
    match extensions.key_usage {
        Some(usage) if !usage.fits_a_server() => {
            Err(Failure::at(FailureReason::KeyUsage, 0, NearestMiss::NoServerUsage))
        }
        _ => Ok(()),
    }
}

/// Every certificate above the leaf is a CA that may sign certificates.
fn check_issuers(path: &[&Parsed<'_>]) -> Result<(), Failure> {
    let topmost = path.len().saturating_sub(1);
    for (depth, issuer) in path.iter().enumerate().skip(1) {
        let Extensions { key_usage, basic_constraints, .. } = issuer.extensions;
        if key_usage.is_some_and(|usage| !usage.has_cert_sign()) {
            return Err(Failure::at(FailureReason::KeyUsage, depth, NearestMiss::NoCertSign));
        }
        let is_ca = match basic_constraints {
            Some(constraints) => constraints.ca,
            None => depth == topmost && issuer.is_anchor(),
        };
        if !is_ca {
            let near = match basic_constraints {
                Some(_) => NearestMiss::CaFalse,
                None => NearestMiss::NoBasicConstraints,
            };
            return Err(Failure::at(FailureReason::NotACa, depth, near));
        }
    }
    Ok(())
}

/// The certificates between a CA and the leaf are not more than it allows, self-issued ones apart.
fn check_path_length(path: &[&Parsed<'_>]) -> Result<(), Failure> {
    let mut between = 0_usize;
    for (depth, issuer) in path.iter().enumerate().skip(1) {
        let allowed = issuer.extensions.basic_constraints.and_then(|it| it.path_len);
        if let Some(allowed) = allowed.filter(|allowed| between > *allowed) {
            let near = NearestMiss::PathLength { between, allowed };
            return Err(Failure::at(FailureReason::PathLength, depth, near));
        }
        if !issuer.is_self_issued() {
            between = between.saturating_add(1);
        }
    }
    Ok(())
}

/// The dates count, but for those of an anchor that is not self-issued.
fn check_dates(path: &[&Parsed<'_>], end: End, now: UnixTime) -> Result<(), Failure> {
    let topmost = path.len().saturating_sub(1);
    for (depth, certificate) in path.iter().enumerate() {
        let is_anchor = depth == topmost && end == End::Certificate;
        if !is_anchor || certificate.is_top() {
            dates(certificate, now).map_err(|failure| failure.with_depth(depth))?;
        }
    }
    Ok(())
}

fn dates(certificate: &Parsed<'_>, time: UnixTime) -> Result<(), Failure> {
    let now = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let Validity { not_before, not_after } = certificate.validity;
    if now < not_before {
        let near = NearestMiss::begins(not_before, time);
        Err(Failure::new(FailureReason::NotYetValid, near))
    } else if now >= not_after {
        Err(Failure::new(FailureReason::Expired, NearestMiss::ended(not_after, time)))
    } else {
        Ok(())
    }
}

/// One reference identifier is enough ([RFC 7672 section
/// 3.2.2](https://www.rfc-editor.org/rfc/rfc7672#section-3.2.2)).
fn check_names(path: &[&Parsed<'_>], references: &[Name]) -> Result<(), Failure> {
    let Some(leaf) = path.first() else {
        return Err(Failure::new(FailureReason::NameMismatch, NearestMiss::NoName));
    };
    let mut found = false;
    leaf.each_host_name(|presented| {
        found |= references.iter().any(|reference| names::matches(presented, reference));
    })
    .map_err(|_| Failure::malformed(0, NearestMiss::Form))?;
    if found {
        return Ok(());
    }
    Err(Failure::at(FailureReason::NameMismatch, 0, nearest_name(leaf, references)))
}

/// The name that comes nearest, of a leaf that has none of the reference identifiers.
fn nearest_name(leaf: &Parsed<'_>, references: &[Name]) -> NearestMiss {
    let (mut first, mut wildcard, mut common) = (None, None, None);
    let mut count = 0_u16;
    // The names have been read before.
    let _ = leaf.each_host_name(|name| {
        count = count.saturating_add(1);
        first = first.or(Some(name));
        let reaches = || references.iter().any(|it| names::wildcard_is_near(name, it));
        if wildcard.is_none() && reaches() {
            wildcard = Some(name);
        }
    });
    let others = count.saturating_sub(1);
    if let Some(name) = wildcard {
        return NearestMiss::Wildcard { name: Excerpt::new(name), others };
    }
    let _ = each_attribute(leaf.outline.subject, |attribute| {
        let text = Some(attribute).filter(|it| it.oid == Attribute::COMMON_NAME);
        let text = text.and_then(|it| string_octets(&it.value));
        let fits = |text: &&[u8]| references.iter().any(|it| names::matches(text, it));
        common = common.or(text.filter(fits));
    });
    match (common, first) {
        (Some(name), _) => NearestMiss::CommonName { name: Excerpt::new(name), others: count },
        (None, Some(name)) => NearestMiss::OtherName { name: Excerpt::new(name), others },
        (None, None) => NearestMiss::NoName,
    }
}
