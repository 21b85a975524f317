//! Records of the domain crate in this crate's words.

use core::net::{Ipv4Addr, Ipv6Addr};

use ::domain::base::iana::{Class, OptRcode, Rtype};
use ::domain::base::name::ToLabelIter;
use ::domain::base::{Message, MessageBuilder, NameBuilder, ParsedRecord, UnknownRecordData};
use ::domain::net::client::request::{ComposeRequest, RequestMessage};
use ::domain::rdata::{Cname, Mx};
use bytes::Bytes;

use super::upstream::Request;
use crate::resolve::{Denial, Found, Kind, LookUpError, Name, Question, Record, Security, limits};

/// The question, to be answered with signatures and whether or not the resolver itself validates.
pub(super) fn request(question: &Question) -> Result<Request, LookUpError> {
    let mut name = NameBuilder::new_vec();
    if !question.name.is_root() {
        for label in question.name.as_str().split('.') {
            name.append_label(label.as_bytes()).map_err(|_| LookUpError::Name)?;
        }
    }
    let name = name.into_name().map_err(|_| LookUpError::Name)?;
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_rd(true);
    message.header_mut().set_cd(true);
    let mut message = message.question();
    let kind = Rtype::from_int(question.kind.code());
    message.push((name, kind)).map_err(|_| LookUpError::Name)?;
    let mut request = RequestMessage::new(message.into_message()).map_err(|_| LookUpError::Name)?;
    request.set_dnssec_ok(true);
    Ok(request)
}

/// The records of a reply and what it denies without them.
pub(super) fn read(
    reply: &Message<Bytes>,
    security: Security,
) -> Result<(Vec<Found>, Denial), LookUpError> {
    let mut found = Vec::new();
    let mut count = 0;
    for record in reply.answer().map_err(|_| LookUpError::Malformed)? {
        count += 1;
        if count > limits::RECORDS {
            return Err(LookUpError::TooManyRecords);
        }
        found.extend(found_one(record.map_err(|_| LookUpError::Malformed)?, security)?);
    }
    Ok((found, denial(reply, count)?))
}

fn denial(reply: &Message<Bytes>, answers: usize) -> Result<Denial, LookUpError> {
    if reply.opt_rcode() == OptRcode::NXDOMAIN {
        return Ok(Denial::NxDomain);
    }
    let mut referral = false;
    let mut denial = false;
    for record in reply.authority().map_err(|_| LookUpError::Malformed)? {
        let kind = record.map_err(|_| LookUpError::Malformed)?.rtype();
        referral |= kind == Rtype::NS;
        denial |= kind == Rtype::SOA;
    }
    if answers == 0 && referral && !denial {
        return Err(LookUpError::Referral);
    }
    Ok(Denial::NoData)
}

/// `None` for records of other kinds, and for owners that no name we could ask for leads to.
fn found_one(
    record: ParsedRecord<'_, Bytes>,
    security: Security,
) -> Result<Option<Found>, LookUpError> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.code() == record.rtype().to_int());
    let (Some(kind), Class::IN) = (kind, record.class()) else { return Ok(None) };
    let Some(owner) = name(&record.owner()) else { return Ok(None) };
    let data = record
        .to_record::<UnknownRecordData<Bytes>>()
        .ok()
        .flatten()
        .ok_or(LookUpError::Malformed)?
        .into_data();
    let data = data.data().as_ref();
    let read = match kind {
        Kind::A => data.try_into().ok().map(|octets: [u8; 4]| Record::A(Ipv4Addr::from(octets))),
        Kind::Aaaa => {
            data.try_into().ok().map(|octets: [u8; 16]| Record::Aaaa(Ipv6Addr::from(octets)))
        }
        Kind::Cname => cname(&record),
        Kind::Mx => mx(&record),
        Kind::Tlsa => Some(Record::Tlsa(data.to_vec())),
        Kind::Txt => strings(data).map(Record::Txt),
    };
    let record = read.unwrap_or_else(|| Record::Unreadable(data.to_vec()));
    Ok(Some(Found { owner, kind, record, security }))
}

fn cname(record: &ParsedRecord<'_, Bytes>) -> Option<Record> {
    let target = record.to_record::<Cname<_>>().ok()??;
    name(target.data().cname()).map(Record::Cname)
}

fn mx(record: &ParsedRecord<'_, Bytes>) -> Option<Record> {
    let mx = record.to_record::<Mx<_>>().ok()??;
    let host = name(mx.data().exchange())?;
    Some(Record::Mx { preference: mx.data().preference(), host })
}

fn name(name: &impl ToLabelIter) -> Option<Name> {
    let labels = name.iter_labels().map(|label| label.as_slice());
    Name::from_labels(labels.filter(|label| !label.is_empty())).ok()
}

/// `1*( length bytes )`, [RFC 1035 section 3.3.14](https://www.rfc-editor.org/rfc/rfc1035#section-3.3.14).
fn strings(mut data: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let (string, rest) = rest.split_at_checked(usize::from(*length))?;
        strings.push(string.to_vec());
        data = rest;
    }
    (!strings.is_empty()).then_some(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_must_fill_the_data() {
        for data in [&b""[..], b"\x01", b"\x02a", b"\x01a\x01"] {
            assert_eq!(strings(data), None, "{data:?}");
        }
        assert_eq!(strings(b"\0"), Some(vec![vec![]]));
        assert_eq!(strings(b"\x02ab\x01c"), Some(vec![b"ab".to_vec(), b"c".to_vec()]));
    }

    #[test]
    fn questions_keep_underscores_and_the_root() {
        for text in ["_25._tcp.mx.example", "."] {
            let question = Question::new(text.parse().unwrap(), Kind::Tlsa);
            let message = request(&question).unwrap().to_message().unwrap();
            let asked = message.sole_question().unwrap();
            assert_eq!(name(asked.qname()), Some(question.name));
            assert_eq!(asked.qtype(), Rtype::TLSA);
            assert!(message.header().cd() && message.header().rd());
        }
    }
}
