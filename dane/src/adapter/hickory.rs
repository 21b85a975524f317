//! Answers of hickory-proto, with the proof that its validator has put on each record.
//!
//! The proof is per record and must be collected: the CNAMEs are followed by owner name, each has
//! its own status, and a link that is missing is a failure. What was never validated carries
//! `Indeterminate`, which is a failure too and never insecure. Give only answers of a resolver that
//! validates by itself; for one that sets the AD bit see
//! [`Answer::from_ad_bit`](crate::discovery::Answer::from_ad_bit).

use alloc::vec::Vec;

use hickory_proto::dnssec::Proof;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Name as WireName, RData, Record, RecordType};

use crate::discovery::{Answer, Exchangers, Hop, LookUpFailure, MAX_HOPS, Outcome, Security};
use crate::names::Name;
use crate::tlsa::{Tlsa, TlsaSet};

/// The status of an answer for addresses of one family, `A` or `AAAA`; the caller keeps the
/// addresses.
#[must_use]
pub fn addresses(asked: &WireName, kind: RecordType, message: &Message) -> Answer<()> {
    collect(asked, kind, message, |_| ())
}

/// The status of an answer for a CNAME.
#[must_use]
pub fn cname(asked: &WireName, message: &Message) -> Answer<()> {
    collect(asked, RecordType::CNAME, message, |_| ())
}

/// The answer for mail exchangers; the caller keeps the hosts.
#[must_use]
pub fn exchangers(asked: &WireName, message: &Message) -> Answer<Exchangers> {
    collect(asked, RecordType::MX, message, |records| match records {
        [only] if matches!(&only.data, RData::MX(mx) if mx.exchange.is_root()) => Exchangers::Null,
        _ => Exchangers::Hosts,
    })
}

/// The answer for TLSA records.
#[must_use]
pub fn tlsa(asked: &WireName, message: &Message) -> Answer<TlsaSet> {
    collect(asked, RecordType::TLSA, message, |records| {
        let records = records.iter().filter_map(|record| match &record.data {
            RData::TLSA(tlsa) => Tlsa::new(
                crate::CertUsage(tlsa.cert_usage.into()),
                crate::Selector(tlsa.selector.into()),
                crate::Matching(tlsa.matching.into()),
                tlsa.cert_data.as_slice(),
            )
            .ok(),
            _ => None,
        });
        TlsaSet::from(records.collect::<Vec<_>>())
    })
}

/// What a proof says. `Indeterminate` is also what a record has that nobody looked at.
#[must_use]
pub fn security(proof: Proof) -> Security {
    match proof {
        Proof::Secure => Security::Secure,
        Proof::Insecure => Security::Insecure,
        Proof::Bogus => Security::Bogus,
        Proof::Indeterminate => Security::Indeterminate,
    }
}

fn collect<T>(
    asked: &WireName,
    kind: RecordType,
    message: &Message,
    read: impl FnOnce(&[&Record]) -> T,
) -> Answer<T> {
    let found = failed(message).map_or_else(|| follow(asked, kind, message), Err);
    match found {
        Err(failure) => Answer::failed(failure),
        Ok((records, chain)) if records.is_empty() => {
            let outcome = match message.metadata.response_code {
                ResponseCode::NXDomain => Outcome::NxDomain,
                _ => Outcome::NoData,
            };
            Answer::hop_by_hop(outcome, denial(message), chain)
        }
        Ok((records, chain)) => {
            let security = weakest(records.iter().copied()).unwrap_or(Security::Indeterminate);
            Answer::hop_by_hop(Outcome::Records(read(&records)), security, chain)
        }
    }
}

/// Why a message is no answer at all.
fn failed(message: &Message) -> Option<LookUpFailure> {
    if message.metadata.truncation {
        return Some(LookUpFailure::Malformed);
    }
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::ServFail => Some(match extended_error(message) {
            Some(code) => LookUpFailure::server_failure(code),
            None => LookUpFailure::ServerFailure,
        }),
        _ => Some(LookUpFailure::ServerFailure),
    }
}

/// The first INFO-CODE of RFC 8914.
fn extended_error(message: &Message) -> Option<u16> {
    let options = message.edns.as_ref()?.options();
    options.as_ref().iter().find_map(|(_, option)| match option {
        EdnsOption::Unknown(15, data) => match data.as_slice() {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        },
        _ => None,
    })
}

/// Follows the CNAMEs from the name asked for, and returns the records at their end.
fn follow<'m>(
    asked: &WireName,
    kind: RecordType,
    message: &'m Message,
) -> Result<(Vec<&'m Record>, Vec<Hop>), LookUpFailure> {
    let mut owner = asked;
    let mut chain = Vec::new();
    while kind != RecordType::CNAME
        && let Some((target, security)) = alias(owner, message)?
    {
        if chain.len() > MAX_HOPS {
            return Err(LookUpFailure::TooManyHops);
        }
        let name: Name = target.to_ascii().parse().map_err(|_| LookUpFailure::Malformed)?;
        chain.push(Hop { name, security });
        owner = target;
    }
    let of_kind =
        |record: &&Record| record.record_type() == kind && record.dns_class == DNSClass::IN;
    let all = message.answers.iter().filter(of_kind);
    let (here, elsewhere): (Vec<&Record>, Vec<&Record>) =
        all.partition(|record| record.name == *owner);
    if here.is_empty() && !elsewhere.is_empty() {
        // The way to these records is not shown.
        return Err(LookUpFailure::Malformed);
    }
    Ok((here, chain))
}

/// The one CNAME of a name.
fn alias<'m>(
    owner: &WireName,
    message: &'m Message,
) -> Result<Option<(&'m WireName, Security)>, LookUpFailure> {
    let mut found: Option<(&WireName, Security)> = None;
    for record in message.answers.iter().filter(|record| record.name == *owner) {
        let RData::CNAME(target) = &record.data else { continue };
        let own = security(record.proof);
        found = match found {
            None => Some((&target.0, own)),
            Some((known, security)) if *known == target.0 => Some((known, weaker(security, own))),
            Some(_) => return Err(LookUpFailure::Malformed),
        };
    }
    Ok(found)
}

/// The status of a denial: that of the records which prove it. Without any nobody has.
fn denial(message: &Message) -> Security {
    let proofs = message.authorities.iter().filter(|record| {
        matches!(record.record_type(), RecordType::SOA | RecordType::NSEC | RecordType::NSEC3)
    });
    weakest(proofs).unwrap_or(Security::Indeterminate)
}

fn weakest<'m>(records: impl Iterator<Item = &'m Record>) -> Option<Security> {
    records.map(|record| security(record.proof)).reduce(weaker)
}

fn weaker(one: Security, other: Security) -> Security {
    let rank = |security| match security {
        Security::Bogus => 0,
        Security::Indeterminate => 1,
        Security::Insecure => 2,
        Security::Secure => 3,
    };
    if rank(one) <= rank(other) { one } else { other }
}
