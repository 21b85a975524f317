//! Answers of hickory-proto, with the proof that its validator has put on each record.
//!
//! The proof is per record and must be collected. Of each reply only the records of the name asked for
//! are taken; where that is an alias, its target is to be asked for next, so that each CNAME has its
//! own status and no denial stands without a proof of its own:
//!
//! ```
//! use dane::adapter::hickory::{Progress, tlsa};
//! # use hickory_proto::op::{Message, OpCode};
//! # use hickory_proto::rr::{Name, RecordType};
//! # fn validate(_: &Name, _: RecordType) -> Message { Message::response(1, OpCode::Query) }
//!
//! let owner = Name::from_ascii("_25._tcp.mx.example.org.")?;
//! let mut replies = Vec::new();
//! let answer = loop {
//!     match tlsa(&owner, &replies) {
//!         Progress::Ask(name) => replies.push(validate(&name, RecordType::TLSA)),
//!         Progress::Done(answer) => break answer,
//!     }
//! };
//! # let failure = dane::discovery::LookUpFailure::Indeterminate;
//! # assert_eq!(answer, dane::discovery::Answer::hop_by_hop(
//! #     dane::discovery::Outcome::NoData, dane::discovery::Security::Indeterminate, vec![]));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! What was never validated carries `Indeterminate`, which is a failure and never insecure. So is a
//! denial without any NSEC or NSEC3 record: the validator lets a reply pass whose authority section
//! is insecure, whatever zone that is from, and a signed alias with nothing behind it. Where the
//! validator gives an error that holds a reply and a proof, [`lowered`] makes a reply of them; every other
//! error is a failure ([`Answer::failed`](crate::discovery::Answer::failed)).
//!
//! Give only replies of a validator in this process; for a resolver that sets the AD bit see
//! [`Answer::from_ad_bit`](crate::discovery::Answer::from_ad_bit).

use alloc::vec::Vec;

use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Name as WireName, RData, Record, RecordType};

use crate::discovery::{Answer, Exchangers, Hop, LookUpFailure, MAX_HOPS, Outcome, Security};
use crate::names::DomainName;
use crate::tlsa::TlsaSet;

/// The answer, or what has to be asked before there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress<T> {
    /// Ask for this name with the same type, and give the validated reply after those before it.
    Ask(WireName),
    /// The answer.
    Done(Answer<T>),
}

/// The status of an answer for addresses of one family, `A` or `AAAA`; the caller keeps the
/// addresses of the last reply.
#[must_use]
pub fn addresses(asked: &WireName, kind: RecordType, replies: &[Message]) -> Progress<()> {
    collect(asked, kind, replies, |_| ())
}

/// The status of an answer for a CNAME, which is not followed.
#[must_use]
pub fn cname(asked: &WireName, reply: &Message) -> Answer<()> {
    match collect(asked, RecordType::CNAME, core::slice::from_ref(reply), |_| ()) {
        Progress::Done(answer) => answer,
        Progress::Ask(_) => Answer::failed(LookUpFailure::Malformed),
    }
}

/// The answer for mail exchangers; the caller keeps the hosts of the last reply.
#[must_use]
pub fn exchangers(asked: &WireName, replies: &[Message]) -> Progress<Exchangers> {
    collect(asked, RecordType::MX, replies, |records| match records {
        [only] if matches!(&only.data, RData::MX(mx) if mx.exchange.is_root()) => Exchangers::Null,
        _ => Exchangers::Hosts,
    })
}

/// The answer for TLSA records. One without RDATA counts among those that cannot be read, so that the
/// RRset is not empty.
#[must_use]
pub fn tlsa(asked: &WireName, replies: &[Message]) -> Progress<TlsaSet> {
    collect(asked, RecordType::TLSA, replies, |records| {
        let rdata: Vec<Vec<u8>> = records.iter().map(|record| tlsa_rdata(&record.data)).collect();
        TlsaSet::from_rdata(rdata.iter().map(Vec::as_slice))
    })
}

/// The RDATA as they came: hickory-proto keeps all three numbers. What it has read as something else,
/// as it does if there is no octet, is none.
fn tlsa_rdata(data: &RData) -> Vec<u8> {
    let RData::TLSA(tlsa) = data else { return Vec::new() };
    let numbers: [u8; 3] = [tlsa.cert_usage.into(), tlsa.selector.into(), tlsa.matching.into()];
    [&numbers, tlsa.cert_data.as_slice()].concat()
}

/// A reply that the validator gave as an error, with the proof that came beside it: nothing in it is more
/// secure than that.
#[must_use]
pub fn lowered(mut reply: Message, proof: Proof) -> Message {
    for record in reply.answers.iter_mut().chain(&mut reply.authorities) {
        if rank(security(record.proof)) > rank(security(proof)) {
            record.proof = proof;
        }
    }
    reply
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
    replies: &[Message],
    read: impl FnOnce(&[&Record]) -> T,
) -> Progress<T> {
    let mut owner = asked;
    let mut chain = Vec::new();
    for reply in replies {
        let target = match next_hop(owner, kind, reply) {
            Ok(target) => target,
            Err(failure) => return Progress::Done(Answer::failed(failure)),
        };
        let Some((target, hop)) = target else {
            return Progress::Done(last(owner, kind, reply, chain, read));
        };
        if target == asked || chain.iter().any(|before: &Hop| before.name == hop.name) {
            return Progress::Done(Answer::failed(LookUpFailure::CnameLoop));
        }
        if chain.len() >= MAX_HOPS {
            return Progress::Done(Answer::failed(LookUpFailure::TooManyHops));
        }
        chain.push(hop);
        owner = target;
    }
    Progress::Ask(owner.clone())
}

/// The alias at the name that this reply is about.
fn next_hop<'m>(
    owner: &WireName,
    kind: RecordType,
    reply: &'m Message,
) -> Result<Option<(&'m WireName, Hop)>, LookUpFailure> {
    if let Some(failure) = failed(reply) {
        return Err(failure);
    }
    if kind == RecordType::CNAME {
        return Ok(None);
    }
    let Some((target, security)) = alias(owner, reply)? else { return Ok(None) };
    let name = DomainName::from_labels(target).map_err(|_| LookUpFailure::Malformed)?;
    Ok(Some((target, Hop { name, security })))
}

/// The records at the end of the aliases, or their denial.
fn last<T>(
    owner: &WireName,
    kind: RecordType,
    reply: &Message,
    chain: Vec<Hop>,
    read: impl FnOnce(&[&Record]) -> T,
) -> Answer<T> {
    let of_kind =
        |record: &&Record| record.record_type() == kind && record.dns_class == DNSClass::IN;
    let all = reply.answers.iter().filter(of_kind);
    let (here, elsewhere): (Vec<&Record>, Vec<&Record>) =
        all.partition(|record| record.name == *owner);
    if !here.is_empty() {
        let security = weakest(here.iter().copied()).unwrap_or(Security::Indeterminate);
        return Answer::hop_by_hop(Outcome::Records(read(&here)), security, chain);
    }
    if !elsewhere.is_empty() {
        // The way to these records is not shown.
        return Answer::failed(LookUpFailure::Malformed);
    }
    let outcome = match reply.metadata.response_code {
        ResponseCode::NXDomain => Outcome::NxDomain,
        _ => Outcome::NoData,
    };
    Answer::hop_by_hop(outcome, denial(owner, reply), chain)
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

/// The first INFO-CODE of RFC 8914, but one of DNSSEC before others.
fn extended_error(message: &Message) -> Option<u16> {
    let options = message.edns.as_ref()?.options();
    let mut codes = options.as_ref().iter().filter_map(|(_, option)| match option {
        EdnsOption::Unknown(15, data) => match data.as_slice() {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        },
        _ => None,
    });
    let first = codes.next()?;
    let is_of_dnssec = |code: &u16| LookUpFailure::server_failure(*code).result_type().is_some();
    core::iter::once(first).chain(codes).find(is_of_dnssec).or(Some(first))
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

/// The status of a denial: that of the records beside it, if they are about this name.
fn denial(owner: &WireName, reply: &Message) -> Security {
    let records = || reply.authorities.iter().filter(|one| one.record_type() != RecordType::RRSIG);
    let is_unsigned_zone = |one: &Record| {
        one.record_type() == RecordType::SOA
            && one.name.zone_of(owner)
            && security(one.proof) == Security::Insecure
    };
    match weakest(records()) {
        None | Some(Security::Indeterminate) => Security::Indeterminate,
        Some(Security::Bogus) => Security::Bogus,
        // A record of some zone that is not signed says nothing about this name, unless it is that of
        // its own zone.
        Some(Security::Insecure) if !records().any(is_unsigned_zone) => Security::Bogus,
        Some(Security::Insecure) => Security::Insecure,
        // RFC 5155 section 9.2: under opt-out there may be an unsigned delegation of that name.
        Some(Security::Secure)
            if reply.metadata.response_code == ResponseCode::NXDomain
                && records().any(is_opt_out) =>
        {
            Security::Insecure
        }
        Some(Security::Secure) if records().any(is_proof) => Security::Secure,
        // The start of the zone alone denies nothing.
        Some(Security::Secure) => Security::Indeterminate,
    }
}

fn is_proof(record: &Record) -> bool {
    matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3)
}

fn is_opt_out(record: &Record) -> bool {
    matches!(&record.data, RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) if nsec3.opt_out())
}

fn weakest<'m>(records: impl Iterator<Item = &'m Record>) -> Option<Security> {
    records.map(|record| security(record.proof)).reduce(weaker)
}

fn weaker(one: Security, other: Security) -> Security {
    if rank(one) <= rank(other) { one } else { other }
}

fn rank(security: Security) -> u8 {
    match security {
        Security::Bogus => 0,
        Security::Indeterminate => 1,
        Security::Insecure => 2,
        Security::Secure => 3,
    }
}
