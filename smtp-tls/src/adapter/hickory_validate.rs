//! DNS validated in this process, with the validator of hickory-net.
//!
//! It refuses some answers that other validators accept: that an alias's target has no such records
//! is [`LookUpError::Bogus`] here, and so are answers that a wildcard or a DNAME of a zone with NSEC gave
//! (its published issues 2882, 3595 and 3812). It also calls a zone's keys bogus that could not be had.
//! Mail that others deliver then waits. The `domain` adapter is the one to take unless there is a
//! reason, such as a zone signed with P-384 or Ed25519, which this one knows.
//!
//! | proof of the library | here |
//! |---|---|
//! | `Secure` | [`Security::Secure`] |
//! | `Insecure` | [`Security::Insecure`] |
//! | `Bogus` | [`LookUpError::Bogus`], without a reason: the library gives none |
//! | `Indeterminate`, which a record that was never looked at has too | [`LookUpError::Indeterminate`] |
//!
//! Of each reply only the records of the name asked for are taken. Where that is an alias its target
//! is asked for next, so that each hop has its own verdict ([`Judged::HopByHop`]) and no denial
//! stands without its own proof.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;
use core::time::Duration;
use std::sync::Arc;

use hickory_net::dnssec::DnssecDnsHandle;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::xfer::{DnsHandle, DnsResponseStream, FirstAnswer};
use hickory_net::{DnsError, NetError};
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::dnssec::{Proof, TrustAnchors};
use hickory_proto::op::{DnsRequest, DnsRequestOptions, Edns, Message, ResponseCode};
use hickory_proto::rr::{RData, Record as HickoryRecord, RecordType};

use super::hickory_records;
use super::hickory_transport::{Transport, failure};
use crate::resolve::{
    Answer, ChainError, Found, Judged, Kind, LookUp, LookUpError, Name, Question, Record, Response,
    Security, follow, limits,
};

/// Where chains of trust begin: DNSKEY records in the form of a zone file.
#[derive(Clone)]
pub struct Keys(Arc<TrustAnchors>);

impl Keys {
    /// The root's keys of 2017 and of 2024, as the library has them.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::new(TrustAnchors::default()))
    }
}

impl FromStr for Keys {
    type Err = KeysError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys = TrustAnchors::from_str(text).map_err(|_| KeysError::Syntax)?;
        // Keys of the root alone are counted by the library.
        if keys.is_empty() { Err(KeysError::NoRootKey) } else { Ok(Self(Arc::new(keys))) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// Why a text holds no keys to begin with.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeysError {
    /// No key is the root's: the library begins there.
    #[error("no key of the root")]
    NoRootKey,
    /// It has something else than DNSKEY records in zone-file form.
    #[error("not DNSKEY records in zone-file form")]
    Syntax,
}

/// Validates answers of a recursive resolver from the root's keys down, more strictly than others.
///
/// Use it within a tokio runtime.
#[derive(Clone)]
pub struct StrictValidator {
    handle: DnssecDnsHandle<Checking>,
    resolver: SocketAddr,
    deadline: Duration,
}

impl StrictValidator {
    /// Asks this resolver, within [`limits::DEADLINE`] for each question.
    #[must_use]
    pub fn new(keys: Keys, resolver: SocketAddr) -> Self {
        Self::with_times(keys, resolver, limits::TRY, limits::DEADLINE)
    }

    /// As [`StrictValidator::new`], waiting this long for a UDP reply before asking once more, and
    /// this long in all.
    #[must_use]
    pub fn with_times(
        keys: Keys,
        resolver: SocketAddr,
        one_try: Duration,
        deadline: Duration,
    ) -> Self {
        let transport = Checking(Transport::new(resolver, one_try, deadline));
        Self { handle: DnssecDnsHandle::with_trust_anchor(transport, keys.0), resolver, deadline }
    }

    /// Follows aliases by asking for each name in turn.
    async fn ask(&self, question: &Question) -> Result<Answer, LookUpError> {
        let mut all: Vec<Found> = Vec::new();
        let mut asked = question.clone();
        for _ in 0..=limits::HOPS {
            let reply = self.ask_one(&asked).await?;
            let (mut found, security) = read(&asked, &reply)?;
            let target = if question.kind == Kind::Cname { None } else { target(&found) };
            all.append(&mut found);
            let Some(target) = target else {
                let nx_domain = reply.metadata.response_code == ResponseCode::NXDomain;
                let denial =
                    hickory_records::denial(nx_domain, &reply.answers, &reply.authorities)?;
                let judged = Judged::HopByHop;
                let response = Response { found: all, denial, denial_security: security, judged };
                return follow(question, response);
            };
            if all.iter().any(|one| one.owner == target) {
                return Err(ChainError::Loop.into());
            }
            asked.name = target;
        }
        Err(ChainError::TooLong.into())
    }

    async fn ask_one(&self, question: &Question) -> Result<Message, LookUpError> {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(hickory_records::query(question)?);
        let request = DnsRequest::new(message, DnsRequestOptions::default());
        match self.handle.send(request).first_answer().await {
            Ok(reply) => Ok(reply.into_message()),
            Err(NetError::Dns(error)) => denied(error),
            Err(error) => Err(failure(&error)),
        }
    }
}

impl fmt::Debug for StrictValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StrictValidator").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}

impl LookUp for StrictValidator {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let answer = tokio::time::timeout(self.deadline, self.ask(question)).await;
        answer.map_err(|_| LookUpError::Timeout)?
    }
}

/// The transport as the validator wants it: failures come as errors, not as replies.
#[derive(Clone)]
struct Checking(Transport);

impl DnsHandle for Checking {
    type Response = DnsResponseStream;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, mut request: DnsRequest) -> Self::Response {
        let transport = self.0.clone();
        // Who validates by himself wants the data as it is (RFC 6840 section 5.9).
        let edns = request.edns.get_or_insert_with(Edns::new);
        edns.set_max_payload(limits::UDP_PAYLOAD);
        request.metadata.checking_disabled = true;
        let reply = async move {
            let reply = transport.exchange(request).await?;
            match reply.metadata.response_code {
                ResponseCode::NoError | ResponseCode::NXDomain => Ok(reply),
                other => Err(NetError::Dns(DnsError::ResponseCode(other))),
            }
        };
        DnsResponseStream::from(Box::pin(reply))
    }
}

fn denied(error: DnsError) -> Result<Message, LookUpError> {
    match error {
        DnsError::ResponseCode(ResponseCode::ServFail) => Err(LookUpError::serv_fail(None)),
        DnsError::ResponseCode(other) => Err(LookUpError::ResponseCode(other.into())),
        DnsError::Nsec { response, proof, .. } => {
            security(proof)?;
            let mut reply = response.into_message();
            // What is left is no more secure than its denial: an opt-out, say.
            for record in reply.answers.iter_mut().chain(&mut reply.authorities) {
                record.proof = record.proof.min(proof);
            }
            Ok(reply)
        }
        DnsError::DnssecBogus => Err(LookUpError::Bogus { extended: None }),
        _ => Err(LookUpError::Malformed),
    }
}

/// What the reply has for the name asked for, and how secure it is that there is nothing else.
fn read(question: &Question, reply: &Message) -> Result<(Vec<Found>, Security), LookUpError> {
    let answers: Vec<_> = reply.answers.iter().filter(|one| !is_signature(one)).collect();
    for record in &answers {
        security(record.proof)?;
    }
    let own = |record: &HickoryRecord| match record.proof {
        Proof::Secure => Security::Secure,
        Proof::Insecure | Proof::Bogus | Proof::Indeterminate => Security::Insecure,
    };
    let mut found = hickory_records::found(&reply.answers, own)?;
    found.retain(|one| one.owner == question.name);
    let denial =
        if found.is_empty() { denial_security(question, reply)? } else { Security::Secure };
    Ok((found, denial))
}

/// The library lets a denial pass if it is proven, or if all that comes with it is proven to be
/// insecure; whether that has to do with the name asked for is left to us.
fn denial_security(question: &Question, reply: &Message) -> Result<Security, LookUpError> {
    let records = || reply.authorities.iter().filter(|one| !is_signature(one));
    let mut all = Security::Secure;
    for record in records() {
        all = all.and(security(record.proof)?);
    }
    let is_proof =
        |one: &HickoryRecord| matches!(one.record_type(), RecordType::NSEC | RecordType::NSEC3);
    // RFC 5155 section 9.2: under opt-out there may be an unsigned delegation of that name.
    let is_missing = reply.metadata.response_code == ResponseCode::NXDomain;
    let is_opted_out = is_missing && records().any(is_opt_out);
    match all {
        Security::Secure if records().any(is_proof) && !is_opted_out => Ok(Security::Secure),
        Security::Insecure
            if !records().any(|one| one.proof == Proof::Insecure && is_own_zone(question, one)) =>
        {
            Err(LookUpError::Bogus { extended: None })
        }
        Security::Secure | Security::Insecure => Ok(Security::Insecure),
    }
}

/// The start of a zone in which the name may be.
fn is_own_zone(question: &Question, record: &HickoryRecord) -> bool {
    let (name, labels) = (question.name.as_str(), record.name.iter());
    let Ok(zone) = Name::from_labels(labels) else { return false };
    record.record_type() == RecordType::SOA
        && (zone.is_root()
            || name
                .strip_suffix(zone.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn is_opt_out(record: &HickoryRecord) -> bool {
    match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => nsec3.opt_out(),
        _ => false,
    }
}

fn target(found: &[Found]) -> Option<Name> {
    let alias = found.iter().find(|one| one.kind == Kind::Cname)?;
    match &alias.record {
        Record::Cname(target) => Some(target.clone()),
        _ => None,
    }
}

/// The proof of a signature says nothing about the data: only the one that was used has any.
fn is_signature(record: &HickoryRecord) -> bool {
    record.record_type() == RecordType::RRSIG
}

fn security(proof: Proof) -> Result<Security, LookUpError> {
    match proof {
        Proof::Secure => Ok(Security::Secure),
        Proof::Insecure => Ok(Security::Insecure),
        Proof::Bogus => Err(LookUpError::Bogus { extended: None }),
        Proof::Indeterminate => Err(LookUpError::Indeterminate { extended: None }),
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::OpCode;
    use hickory_proto::rr::Name as HickoryName;
    use hickory_proto::rr::rdata::{A, NULL};

    use super::*;

    fn question() -> Question {
        Question::new("mx.example".parse().unwrap(), Kind::A)
    }

    fn record(data: RData, proof: Proof) -> HickoryRecord {
        let owner = HickoryName::from_ascii("mx.example.").unwrap();
        let mut record = HickoryRecord::from_rdata(owner, 0, data);
        record.proof = proof;
        record
    }

    fn reply(answers: &[Proof], authorities: &[(u16, Proof)]) -> Message {
        let mut reply = Message::response(1, OpCode::Query);
        let address = |proof: &Proof| record(RData::A(A::new(127, 0, 0, 1)), *proof);
        reply.add_answers(answers.iter().map(address));
        reply.add_authorities(authorities.iter().map(|(kind, proof)| {
            let code = RecordType::from(*kind);
            record(RData::Unknown { code, rdata: NULL::with(vec![0]) }, *proof)
        }));
        reply
    }

    const NS: u16 = 2;
    const SOA: u16 = 6;
    const NSEC: u16 = 47;

    // checks: dane/D1
    #[test]
    fn rfc7672_2_1_1_what_was_never_examined_is_no_answer() {
        for authorities in [&[][..], &[(SOA, Proof::Secure)]] {
            let read = read(&question(), &reply(&[Proof::Indeterminate], authorities));
            assert_eq!(read, Err(LookUpError::Indeterminate { extended: None }));
        }
        let read = read(&question(), &reply(&[], &[(SOA, Proof::Indeterminate)]));
        assert_eq!(read, Err(LookUpError::Indeterminate { extended: None }));
    }

    #[test]
    fn one_bogus_record_fails_the_answer() {
        let read = read(&question(), &reply(&[Proof::Secure, Proof::Bogus], &[]));
        assert_eq!(read, Err(LookUpError::Bogus { extended: None }));
    }

    // checks: dane/D2
    #[test]
    fn a_denial_is_secure_only_with_its_proof() {
        let denial = |authorities: &[_]| denial_security(&question(), &reply(&[], authorities));
        assert_eq!(denial(&[]), Ok(Security::Insecure));
        assert_eq!(denial(&[(SOA, Proof::Secure)]), Ok(Security::Insecure));
        let both = [(SOA, Proof::Insecure), (NSEC, Proof::Insecure)];
        assert_eq!(denial(&both), Ok(Security::Insecure));
        let both = [(SOA, Proof::Secure), (NSEC, Proof::Secure)];
        assert_eq!(denial(&both), Ok(Security::Secure));
    }

    #[test]
    fn an_insecure_denial_of_another_zone_is_none() {
        let bogus = Err(LookUpError::Bogus { extended: None });
        let without_zone = reply(&[], &[(NSEC, Proof::Insecure)]);
        assert_eq!(denial_security(&question(), &without_zone), bogus);
        let other = |name: &str| Question::new(name.parse().unwrap(), Kind::A);
        let of_mx = reply(&[], &[(SOA, Proof::Insecure)]);
        for name in ["mx2.example", "example", "amx.example"] {
            assert_eq!(denial_security(&other(name), &of_mx), bogus, "{name}");
        }
        for name in ["mx.example", "a.mx.example"] {
            assert_eq!(denial_security(&other(name), &of_mx), Ok(Security::Insecure), "{name}");
        }
        // The start of the own zone is signed, so the record of another one changes nothing.
        let mut mixed = reply(&[], &[(SOA, Proof::Secure), (NS, Proof::Insecure)]);
        mixed.authorities[1].name = HickoryName::from_ascii("unsigned.test.").unwrap();
        assert_eq!(denial_security(&question(), &mixed), bogus);
    }
}
