//! Proofs that there is nothing: made for the question, as the zone is signed when it is asked.

use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_proto::rr::{Name, RData, Record, RecordSet, RecordType};

use super::answer::push_signed;
use super::zone::{Lookup, TTL_SECONDS, Zone};
use super::{DnsError, Fault};

/// How a signed zone says that a name does not exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Denial {
    /// NOERROR and one NSEC record at the name itself, with the type NXNAME
    /// ([RFC 9824](https://www.rfc-editor.org/rfc/rfc9824)).
    Compact,
    /// NXDOMAIN and NSEC records that cover the name and the wildcard, and little else
    /// ([RFC 4470](https://www.rfc-editor.org/rfc/rfc4470)).
    Covering,
}

/// The authority section where the name exists, but has only these types.
pub(super) fn deny_type(
    zone: &Zone,
    name: &Name,
    types: Vec<RecordType>,
    fault: Option<Fault>,
) -> Result<Vec<Record>, DnsError> {
    deny(zone, fault, || Ok(vec![nsec_at(name, types)?]))
}

/// The authority section where the name does not exist.
pub(super) fn deny_name(
    zone: &Zone,
    name: &Name,
    fault: Option<Fault>,
) -> Result<Vec<Record>, DnsError> {
    deny(zone, fault, || match zone.denial {
        Denial::Compact => Ok(vec![nsec_at(name, vec![RecordType::Unknown(NXNAME)])?]),
        Denial::Covering => covering(zone, name),
    })
}

fn deny(
    zone: &Zone,
    fault: Option<Fault>,
    proof: impl FnOnce() -> Result<Vec<RecordSet>, DnsError>,
) -> Result<Vec<Record>, DnsError> {
    let mut section = Vec::new();
    if let Some(soa) = zone.soa() {
        push_signed(&mut section, zone, soa, fault)?;
    }
    if zone.signer.is_some() {
        for set in proof()? {
            push_signed(&mut section, zone, &set, fault)?;
        }
    }
    Ok(section)
}

/// The NSEC record whose owner is the name asked for and whose next name follows at once
/// (RFC 9824 section 3.1).
pub(super) fn nsec_at(name: &Name, types: Vec<RecordType>) -> Result<RecordSet, DnsError> {
    let next = name.prepend_label(b"\0".as_slice()).map_err(|_| DnsError::NoNextName)?;
    Ok(nsec(name.clone(), next, types))
}

/// Two proofs: the name below its closest ancestor that exists does not exist, and neither does a
/// wildcard there (RFC 4035 section 3.1.3.2).
fn covering(zone: &Zone, name: &Name) -> Result<Vec<RecordSet>, DnsError> {
    let mut next_closer = name.clone();
    let mut ancestor = name.base_name();
    while !ancestor.is_root() && matches!(zone.lookup(&ancestor, RecordType::SOA), Lookup::NoName) {
        next_closer = ancestor;
        ancestor = next_closer.base_name();
    }
    let label = next_closer.iter().next().unwrap_or_default();
    let around = [label, b"*".as_slice()].map(|label| {
        let owner = ancestor.prepend_label(just_before(label)).ok()?;
        let next = ancestor.prepend_label([label, b"\0"].concat()).ok()?;
        Some(nsec(owner, next, Vec::new()))
    });
    around.into_iter().collect::<Option<_>>().ok_or(DnsError::NoNextName)
}

/// A label that sorts before `label`, with no label that a lab zone has between them: the last
/// octet is one less, and `~` follows, which is behind all letters.
fn just_before(label: &[u8]) -> Vec<u8> {
    let Some((last, head)) = label.split_last() else { return Vec::new() };
    match last.checked_sub(1) {
        // What is not a lower-case letter must not become an upper-case one: they sort as equal.
        Some(b'Z') => [head, b"@~"].concat(),
        Some(less) => [head, &[less, b'~']].concat(),
        None => head.to_vec(),
    }
}

fn nsec(owner: Name, next: Name, types: Vec<RecordType>) -> RecordSet {
    let data = RData::DNSSEC(DNSSECRData::NSEC(NSEC::new_cover_self(next, types)));
    let mut set = RecordSet::with_ttl(owner, RecordType::NSEC, TTL_SECONDS);
    set.add_rdata(data);
    set
}

/// The type that says in an NSEC bitmap that the name does not exist (RFC 9824 section 3.1).
pub(super) const NXNAME: u16 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_before_sorts_before() {
        for label in ["a", "b", "abc", "*", "0", "-", "[", "a\0", "_25"] {
            let name = |label: &[u8]| Name::root().prepend_label(label).unwrap();
            let before = just_before(label.as_bytes());
            assert!(name(&before) < name(label.as_bytes()), "{label:?} {before:?}");
        }
    }
}
