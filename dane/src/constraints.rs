//! Name constraints: each certificate's, on all certificates below it.
//!
//! [RFC 5280 section 4.2.1.10](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10). Where a name
//! cannot be compared safely the path is refused.

use crate::der::extensions::NameConstraints;
use crate::der::general_name::{Attribute, GeneralName, each_attribute, string_octets};
use crate::der::{Reader, tag};
use crate::failure::{Failure, FailureReason};
use crate::near::NearestMiss;
use crate::path::Parsed;

/// What names may cost, for one path: each comparison with a subtree costs one, and one more for each
/// 16 octets of the name.
const MAX_COST: usize = 65_536;

/// Judges the names of a path, the server's certificate first.
pub(crate) fn check(path: &[&Parsed<'_>]) -> Result<(), Failure> {
    let mut budget = MAX_COST;
    for (depth, issuer) in path.iter().enumerate().skip(1) {
        let Some(constraints) = issuer.extensions.name_constraints else { continue };
        let below = path.iter().enumerate().take(depth);
        for (at, certificate) in below.filter(|(at, one)| *at == 0 || !one.is_self_issued()) {
            let mut verdict = Ok(());
            each_name(certificate, at == 0, |name| {
                if verdict.is_ok() {
                    verdict = judge(&constraints, name, &mut budget);
                }
            })
            .map_err(|()| Failure::malformed(at, NearestMiss::Form))?;
            let near = NearestMiss::Constraints { issuer: depth };
            verdict.map_err(|()| Failure::at(FailureReason::NameConstraints, at, near))?;
        }
    }
    Ok(())
}

/// Visits the subject, the mail addresses in it, the alternative names, and for a leaf without
/// dNSName the common names that look like hosts.
fn each_name<'a>(
    certificate: &Parsed<'a>,
    is_leaf: bool,
    mut visit: impl FnMut(GeneralName<'a>),
) -> Result<(), ()> {
    let subject = certificate.outline.subject;
    let empty = Reader::new(subject)
        .and_then(|mut reader| reader.expect(tag::SEQUENCE))
        .is_ok_and(|name| name.value.is_empty());
    if !empty {
        visit(GeneralName::Directory(subject));
    }
    each_attribute(subject, |attribute| {
        if attribute.oid == Attribute::EMAIL {
            visit(GeneralName::Email(attribute.value.value));
        }
    })
    .map_err(|_| ())?;
    let names = certificate.extensions.subject_alt_name;
    names.iter().flat_map(|names| names.iter()).for_each(&mut visit);
    if !is_leaf || names.is_some_and(|it| it.iter().any(|one| matches!(one, GeneralName::Dns(_)))) {
        return Ok(());
    }
    each_attribute(subject, |attribute| {
        if attribute.oid == Attribute::COMMON_NAME {
            let name = string_octets(&attribute.value);
            name.filter(|name| looks_like_a_host(name)).map(GeneralName::Dns).map(&mut visit);
        }
    })
    .map_err(|_| ())
}

/// Two labels or more, of octets that host names have; a leading wildcard counts as a label.
fn looks_like_a_host(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"*.").unwrap_or(name);
    let octet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let labels = name.split(|byte| *byte == b'.').count();
    labels >= 2
        && name
            .split(|byte| *byte == b'.')
            .all(|label| !label.is_empty() && label.iter().all(octet))
}

/// Refuses a name that is excluded, or that no subtree of its type permits where there is one.
fn judge(
    constraints: &NameConstraints<'_>,
    name: GeneralName<'_>,
    budget: &mut usize,
) -> Result<(), ()> {
    let cost = 1 + name.len() / 16;
    let mut spend = || budget.checked_sub(cost).map(|left| *budget = left).ok_or(());
    let kind = name.kind();
    let mut permitted = None;
    for subtree in constraints.permitted.iter().flat_map(|it| it.iter()) {
        spend()?;
        if subtree.base.kind() != kind {
            continue;
        }
        let within = match subtree.plain {
            true => is_within(name, subtree.base, Tree::Permitted),
            false => return Err(()),
        };
        permitted = Some(permitted.unwrap_or(false) | within);
    }
    for subtree in constraints.excluded.iter().flat_map(|it| it.iter()) {
        spend()?;
        if subtree.base.kind() != kind {
            continue;
        }
        if !subtree.plain || is_within(name, subtree.base, Tree::Excluded) {
            return Err(());
        }
    }
    if permitted == Some(false) { Err(()) } else { Ok(()) }
}

/// Which list a subtree stands in: a doubt counts against the name in both.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Tree {
    Permitted,
    Excluded,
}

/// Whether a name lies in the subtree of a base of the same type.
fn is_within(name: GeneralName<'_>, base: GeneralName<'_>, tree: Tree) -> bool {
    match (name, base) {
        (GeneralName::Dns(name), GeneralName::Dns(base)) => {
            is_below(name, base) || (tree == Tree::Excluded && wildcard_reaches(name, base))
        }
        (GeneralName::Email(name), GeneralName::Email(base)) => is_mail_within(name, base),
        (GeneralName::Ip(name), GeneralName::Ip(base)) => is_address_within(name, base),
        // Names are equal beyond case, spaces and kinds of string: octets can prove that a name is
        // within a subtree, and cannot prove that it is not.
        (GeneralName::Directory(name), GeneralName::Directory(base)) => match tree {
            Tree::Permitted => is_rdn_prefix(base, name),
            Tree::Excluded => true,
        },
        _ => tree == Tree::Excluded,
    }
}

/// Equal, or longer with a label border before the base. A base with a leading dot is for longer
/// ones only; an empty one is for all.
fn is_below(name: &[u8], base: &[u8]) -> bool {
    let Some(border) = name.len().checked_sub(base.len()) else { return false };
    let (front, tail) = name.split_at(border);
    tail.eq_ignore_ascii_case(base)
        && (front.is_empty() || base.is_empty() || base.starts_with(b".") || front.ends_with(b"."))
        && !(front.is_empty() && base.starts_with(b"."))
}

/// Whether `*.x` may stand for a name within the base.
fn wildcard_reaches(name: &[u8], base: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"*.") else { return false };
    let base = base.strip_prefix(b".").unwrap_or(base);
    is_below(base, rest)
}

/// A base is one mailbox, the mailboxes of one host, or with a leading dot those of all hosts below.
fn is_mail_within(name: &[u8], base: &[u8]) -> bool {
    let Some(at) = name.iter().rposition(|byte| *byte == b'@') else { return false };
    let (local, host) = name.split_at(at);
    let host = host.get(1..).unwrap_or_default();
    match base.iter().rposition(|byte| *byte == b'@') {
        Some(at) => {
            let (base_local, base_host) = base.split_at(at);
            let base_host = base_host.get(1..).unwrap_or_default();
            (local == base_local || base_local.is_empty()) && host.eq_ignore_ascii_case(base_host)
        }
        None if base.is_empty() => true,
        None if base.starts_with(b".") => is_below(host, base),
        None => host.eq_ignore_ascii_case(base),
    }
}

/// A base is an address and a mask of the same length.
fn is_address_within(name: &[u8], base: &[u8]) -> bool {
    let (address, mask) = base.split_at(base.len() / 2);
    address.len() == mask.len()
        && name.len() == address.len()
        && name.iter().zip(address).zip(mask).all(|((name, base), mask)| (name ^ base) & mask == 0)
}

/// Whether the relative names of `base` are the first ones of `name`.
fn is_rdn_prefix(base: &[u8], name: &[u8]) -> bool {
    let contents = |whole| {
        Reader::new(whole).and_then(|mut reader| reader.expect(tag::SEQUENCE)).map(|tlv| tlv.value)
    };
    match (contents(base), contents(name)) {
        (Ok(base), Ok(name)) => name.starts_with(base),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b16_dns_names_match_at_label_borders() {
        for (name, base) in [
            ("a.example.com", ""),
            ("example.com", "example.com"),
            ("A.Example.com", "example.COM"),
            ("a.b.example.com", "example.com"),
            ("a.example.com", ".example.com"),
        ] {
            assert!(is_below(name.as_bytes(), base.as_bytes()), "{name} {base}");
        }
        for (name, base) in [
            ("badexample.com", "example.com"),
            ("example.com", ".example.com"),
            ("com", "example.com"),
            ("example.com.evil", "example.com"),
        ] {
            assert!(!is_below(name.as_bytes(), base.as_bytes()), "{name} {base}");
        }
    }

    #[test]
    fn b16_a_wildcard_may_not_reach_into_an_excluded_subtree() {
        assert!(wildcard_reaches(b"*.example.com", b"mx.example.com"));
        assert!(wildcard_reaches(b"*.example.com", b".example.com"));
        assert!(!wildcard_reaches(b"*.example.com", b"example.org"));
        assert!(!wildcard_reaches(b"mx.example.com", b"mx.example.com"));
    }

    #[test]
    fn b16_mailboxes() {
        for (name, base) in [
            ("u@example.com", "u@EXAMPLE.com"),
            ("u@example.com", "example.com"),
            ("u@mx.example.com", ".example.com"),
        ] {
            assert!(is_mail_within(name.as_bytes(), base.as_bytes()), "{name} {base}");
        }
        for (name, base) in [
            ("U@example.com", "u@example.com"),
            ("u@mx.example.com", "example.com"),
            ("u@example.com", ".example.com"),
            ("example.com", "example.com"),
        ] {
            assert!(!is_mail_within(name.as_bytes(), base.as_bytes()), "{name} {base}");
        }
    }

    #[test]
    fn b16_addresses() {
        let base = [192, 0, 2, 0, 255, 255, 255, 0];
        assert!(is_address_within(&[192, 0, 2, 9], &base));
        assert!(!is_address_within(&[192, 0, 3, 9], &base));
        assert!(!is_address_within(&[0; 16], &base));
        assert!(!is_address_within(&[192, 0, 2], &[192, 0, 2, 0, 255, 255, 255]));
    }

    #[test]
    fn b16_common_names_that_look_like_hosts() {
        for name in ["mx.example.com", "*.example.com", "m_x.example"] {
            assert!(looks_like_a_host(name.as_bytes()), "{name}");
        }
        for name in ["Mail Server", "localhost", "a..b", "", "mx.example.com."] {
            assert!(!looks_like_a_host(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn b16_a_type_that_is_not_compared_is_refused_in_both_lists() {
        let other = GeneralName::Other(6);
        assert!(!is_within(other, other, Tree::Permitted));
        assert!(is_within(other, other, Tree::Excluded));
        let name = GeneralName::Directory(&[0x30, 0]);
        assert!(is_within(name, name, Tree::Permitted));
        assert!(is_within(name, name, Tree::Excluded));
    }
}
