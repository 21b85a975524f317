//! Names and records of hickory-proto in this crate's words and back.

use hickory_proto::rr;

use crate::resolve::{Denial, Found, Kind, LookUpError, Name, Question, Record, Security, limits};

/// The question in hickory's words.
///
/// # Errors
///
/// [`LookUpError::Name`] if hickory cannot hold the name.
pub(super) fn query(question: &Question) -> Result<hickory_proto::op::Query, LookUpError> {
    let name = match question.name.is_root() {
        true => rr::Name::root(),
        false => rr::Name::from_labels(question.name.as_str().split('.').map(str::as_bytes))
            .map_err(|_| LookUpError::Name)?,
    };
    Ok(hickory_proto::op::Query::query(name, rr::RecordType::from(question.kind.code())))
}

/// The records of an answer section that are of a kind we know, each with its security.
///
/// # Errors
///
/// [`LookUpError::TooManyRecords`] beyond [`limits::RECORDS`].
pub(super) fn found(
    answers: &[rr::Record],
    security: impl Fn(&rr::Record) -> Security,
) -> Result<Vec<Found>, LookUpError> {
    if answers.len() > limits::RECORDS {
        return Err(LookUpError::TooManyRecords);
    }
    Ok(answers.iter().filter_map(|one| found_one(one, security(one))).collect())
}

/// Whether and how a reply without records of the kind asked for denies them.
///
/// # Errors
///
/// [`LookUpError::Referral`] if it only names other servers.
pub(super) fn denial(
    nx_domain: bool,
    answers: &[rr::Record],
    authorities: &[rr::Record],
) -> Result<Denial, LookUpError> {
    let has = |kind| authorities.iter().any(|one| one.record_type() == kind);
    if nx_domain {
        return Ok(Denial::NxDomain);
    }
    if answers.is_empty() && has(rr::RecordType::NS) && !has(rr::RecordType::SOA) {
        return Err(LookUpError::Referral);
    }
    Ok(Denial::NoData)
}

/// `None` for records of other kinds, and for owners that no name we could ask for leads to.
fn found_one(one: &rr::Record, security: Security) -> Option<Found> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.code() == u16::from(one.record_type()))?;
    if one.dns_class != rr::DNSClass::IN {
        return None;
    }
    let owner = name(&one.name)?;
    let record = match &one.data {
        rr::RData::A(address) => Record::A(address.0),
        rr::RData::AAAA(address) => Record::Aaaa(address.0),
        rr::RData::CNAME(target) => match name(&target.0) {
            Some(target) => Record::Cname(target),
            None => Record::Unreadable(Vec::new()),
        },
        rr::RData::MX(mx) => match name(&mx.exchange) {
            Some(host) => Record::Mx { preference: mx.preference, host },
            None => Record::Unreadable(Vec::new()),
        },
        rr::RData::TXT(txt) => Record::Txt(txt.txt_data.iter().map(|one| one.to_vec()).collect()),
        rr::RData::TLSA(tlsa) => Record::Tlsa(tlsa_data(tlsa)),
        // What has no RDATA at all comes as a type of hickory's own.
        _ if kind == Kind::Tlsa => Record::Tlsa(Vec::new()),
        _ => Record::Unreadable(Vec::new()),
    };
    Some(Found { owner, kind, record, security })
}

fn name(name: &rr::Name) -> Option<Name> {
    Name::from_labels(name.iter()).ok()
}

/// The RDATA as it came: hickory keeps all three numbers and the rest.
fn tlsa_data(tlsa: &rr::rdata::TLSA) -> Vec<u8> {
    let mut data =
        vec![u8::from(tlsa.cert_usage), u8::from(tlsa.selector), u8::from(tlsa.matching)];
    data.extend_from_slice(&tlsa.cert_data);
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_keep_underscores_and_the_root() {
        let question = Question::new("_25._tcp.mx.example".parse().unwrap(), Kind::Tlsa);
        let asked = query(&question).unwrap();
        assert_eq!(asked.name().to_ascii(), "_25._tcp.mx.example.");
        assert_eq!(asked.query_type(), rr::RecordType::TLSA);
        let root = query(&Question::new(".".parse().unwrap(), Kind::Mx)).unwrap();
        assert!(root.name().is_root());
    }

    #[test]
    fn tlsa_numbers_of_every_value_are_kept() {
        for number in 0..=255_u8 {
            let tlsa = rr::rdata::TLSA::new(number.into(), number.into(), number.into(), vec![7]);
            assert_eq!(tlsa_data(&tlsa), [number, number, number, 7]);
        }
    }

    #[test]
    fn a_record_without_data_is_unreadable_but_for_tlsa() {
        let owner = rr::Name::from_ascii("mx.example.").unwrap();
        let mut record = rr::Record::update0(owner.clone(), 0, rr::RecordType::A);
        record.dns_class = rr::DNSClass::IN;
        let found = found_one(&record, Security::Secure).unwrap();
        assert_eq!(found.record, Record::Unreadable(Vec::new()));
        record.dns_class = rr::DNSClass::CH;
        assert_eq!(found_one(&record, Security::Secure), None);
        let mut record = rr::Record::update0(owner.clone(), 0, rr::RecordType::TLSA);
        record.dns_class = rr::DNSClass::IN;
        let found = found_one(&record, Security::Secure).unwrap();
        assert_eq!(found.record, Record::Tlsa(Vec::new()));
    }

    #[test]
    fn names_that_text_cannot_hold_are_unreadable() {
        let odd = rr::Name::from_labels([&b"a b"[..], b"example"]).unwrap();
        let owner = rr::Name::from_ascii("mx.example.").unwrap();
        let data = rr::RData::MX(rr::rdata::MX::new(10, odd.clone()));
        let record = rr::Record::from_rdata(owner.clone(), 0, data);
        let found = found_one(&record, Security::Secure).unwrap();
        assert_eq!(found.record, Record::Unreadable(Vec::new()));
        let data = rr::RData::CNAME(rr::rdata::CNAME(owner));
        assert_eq!(found_one(&rr::Record::from_rdata(odd, 0, data), Security::Secure), None);
    }

    #[test]
    fn a_referral_is_no_denial() {
        let zone = rr::Name::from_ascii("example.").unwrap();
        let ns = rr::RData::NS(rr::rdata::NS(zone.clone()));
        let ns = rr::Record::from_rdata(zone, 0, ns);
        assert_eq!(denial(false, &[], core::slice::from_ref(&ns)), Err(LookUpError::Referral));
        assert_eq!(denial(true, &[], &[ns]), Ok(Denial::NxDomain));
        assert_eq!(denial(false, &[], &[]), Ok(Denial::NoData));
    }

    #[test]
    fn too_many_records_are_refused() {
        let owner = rr::Name::from_ascii("mx.example.").unwrap();
        let data = rr::RData::A(rr::rdata::A::new(127, 0, 0, 1));
        let records = vec![rr::Record::from_rdata(owner, 0, data); limits::RECORDS + 1];
        let secure = |_: &rr::Record| Security::Secure;
        assert_eq!(found(&records, secure), Err(LookUpError::TooManyRecords));
        assert_eq!(found(&records[1..], secure).unwrap().len(), limits::RECORDS);
    }
}
