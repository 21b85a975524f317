//! DANE.

mod discovery;

use core::time::Duration;

use dane::{
    Certificate, Digests, Match, Matching, Name, Profile, PublicKeyInfo, Selector, Tlsa,
    UsableRecord, UsableSet, Usage, Verifier,
};
use pki_types::{CertificateDer, UnixTime};
use ring::digest;
use rustls::crypto::ring::default_provider;
use serde_json::{Map, Value};

pub use discovery::discovery;
pub(super) use discovery::seed_discovery;

use super::input::{Input, Output};
use super::{fail, request};
use crate::request::dane as asked;

/// RDATA, and the same bytes as text.
///
/// What is written, in either form, is read back; what is usable for SMTP is usable for RFC 7671;
/// data is never cut or filled up.
pub fn tlsa(data: &[u8]) {
    if let Ok(record) = Tlsa::try_from(data) {
        assert_eq!(record.to_rdata(), data);
        assert_eq!(record.to_string().parse().as_ref(), Ok(&record));
        record_is_judged(&record);
    } else {
        assert!(data.len() < 3 || data.len() > 65_535);
    }
    if let Some(record) = core::str::from_utf8(data).ok().and_then(|text| text.parse().ok()) {
        let record: Tlsa = record;
        assert_eq!(Tlsa::try_from(record.to_rdata().as_slice()).as_ref(), Ok(&record));
        assert_eq!(record.to_string().parse().as_ref(), Ok(&record));
    }
}

fn record_is_judged(record: &Tlsa) {
    let smtp = UsableRecord::judge(0, record, Profile::Smtp, &Digests::default());
    let generic = UsableRecord::judge(0, record, Profile::Generic, &Digests::default());
    assert!(smtp.is_err() || generic.is_ok(), "SMTP is the stricter profile");
    let Ok(usable) = generic else { return };
    assert!(record.usage().0 <= 3 && record.selector().0 <= 1 && record.matching().0 <= 2);
    assert_eq!(usable.tlsa(), record);
    let expected = match record.matching() {
        Matching::SHA2_256 => 32,
        Matching::SHA2_512 => 64,
        _ => record.data().len(),
    };
    assert_eq!(record.data().len(), expected);
    assert_eq!(smtp.is_ok(), record.usage().0 >= 2);
}

/// A certificate, or a public key.
///
/// Nothing may follow and nothing may lack; the parts lie within the whole; the key of a
/// certificate is read alike by itself.
pub fn der(data: &[u8]) {
    let longer = [data, &[0]].concat();
    let shorter = data.split_last().map(|(_, rest)| rest).unwrap_or_default();
    if let Ok(certificate) = Certificate::parse(data) {
        assert_eq!(certificate.der(), data);
        assert!(data.len() <= 65_536);
        let key = certificate.public_key_info();
        assert!(contains(data, key.der()) && contains(data, certificate.issuer()));
        assert!(contains(data, certificate.subject()) && contains(key.der(), key.key()));
        let alone = PublicKeyInfo::parse(key.der());
        assert_eq!(alone.map(|key| key.der()), Ok(key.der()));
        assert!(Certificate::parse(&longer).is_err(), "nothing may follow a certificate");
        assert!(Certificate::parse(shorter).is_err(), "nothing of a certificate may lack");
    }
    if let Ok(key) = PublicKeyInfo::parse(data) {
        assert_eq!(key.der(), data);
        assert!(contains(data, key.algorithm()) && contains(data, key.key()));
        assert!(PublicKeyInfo::parse(&longer).is_err(), "nothing may follow a key");
        assert!(PublicKeyInfo::parse(shorter).is_err(), "nothing of a key may lack");
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

/// Records, certificates, names and the time.
///
/// What is authenticated is so by a record that by itself suffices and whose data is that of a
/// certificate or key at hand, in an independent computation; DANE-EE holds at any time, under any
/// names and behind any further certificates; DANE-TA needs a name; the order of records does not
/// matter.
pub fn verify(data: &[u8]) {
    let Some(case) = Case::read(&mut Input::new(data)) else { return };
    let verdict = case.verify(&case.records);
    let mut reversed = case.records.clone();
    reversed.reverse();
    assert_eq!(verdict.is_some(), case.verify(&reversed).is_some(), "the order has no meaning");
    let Some(matched) = verdict else { return };
    let Some(record) = case.records.get(matched.record()) else { fail("there is such a record") };
    assert!(case.verify(core::slice::from_ref(record)).is_some(), "one match is enough");
    case.record_is_at_hand(record, matched);
    match matched.usage() {
        Usage::DaneEe => case.binds_by_itself(record),
        Usage::DaneTa => assert!(!case.names.is_empty(), "DANE-TA needs a name"),
        Usage::PkixTa | Usage::PkixEe => assert_eq!(case.profile, Profile::Generic),
    }
}

#[derive(Clone)]
struct Case {
    profile: Profile,
    now: u64,
    records: Vec<Tlsa>,
    chain: Vec<CertificateDer<'static>>,
    names: Vec<Name>,
}

impl Case {
    fn read(input: &mut Input<'_>) -> Option<Self> {
        let profile = input.one_of(Profile::Smtp, &[Profile::Generic]);
        let now = u64::from(input.number());
        let records = (0..input.byte() % 9).filter_map(|_| Tlsa::try_from(input.bytes()).ok());
        let records: Vec<Tlsa> = records.collect();
        let names = (0..input.byte() % 4).filter_map(|_| input.text().parse().ok());
        let names: Vec<Name> = names.collect();
        let mut chain = Vec::new();
        while !input.is_empty() && chain.len() < 16 {
            chain.push(CertificateDer::from(input.bytes().to_vec()));
        }
        if chain.is_empty() {
            return None;
        }
        Some(Self { profile, now, records, chain, names })
    }

    fn verify(&self, records: &[Tlsa]) -> Option<Match> {
        let usable = UsableSet::select(records, self.profile, &Digests::default()).ok()?;
        let (leaf, others) = self.chain.split_first()?;
        let algorithms = default_provider().signature_verification_algorithms.all;
        // The last certificate is also a configured root, for the PKIX usages.
        let roots = others.last().cloned().into_iter().collect::<Vec<_>>();
        let verifier = Verifier::new(&usable, &self.names, algorithms).with_roots(&roots);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(self.now));
        verifier.verify(leaf, others, now).ok()
    }

    /// The data of the record is that of a certificate that was sent; an anchor may also come from
    /// the record itself.
    fn record_is_at_hand(&self, record: &Tlsa, matched: Match) {
        let count = if matched.usage() == Usage::DaneEe { 1 } else { self.chain.len() };
        let sent = self.chain.iter().take(count).any(|der| is_that_of(record, der));
        let from_dns = matched.usage() == Usage::DaneTa && record.matching() == Matching::FULL;
        assert!(sent || from_dns, "{record} matches nothing that was sent");
    }

    /// A DANE-EE record looks at nothing but the leaf.
    fn binds_by_itself(&self, record: &Tlsa) {
        let mut other = self.clone();
        other.now = u64::from(u32::MAX) - self.now;
        other.names.clear();
        other.chain.truncate(1);
        assert!(other.verify(core::slice::from_ref(record)).is_some());
        other.chain.extend((0..20).map(|_| CertificateDer::from(vec![0])));
        assert!(other.verify(core::slice::from_ref(record)).is_some());
    }
}

/// Whether the record's data is that of this certificate, hashed by another library.
fn is_that_of(record: &Tlsa, der: &CertificateDer<'_>) -> bool {
    let Ok(certificate) = Certificate::parse(der) else { return false };
    let selected = match record.selector() {
        Selector::SPKI => certificate.public_key_info().der(),
        _ => certificate.der(),
    };
    match record.matching() {
        Matching::SHA2_256 => digest::digest(&digest::SHA256, selected).as_ref() == record.data(),
        Matching::SHA2_512 => digest::digest(&digest::SHA512, selected).as_ref() == record.data(),
        _ => selected == record.data(),
    }
}

pub(super) fn seed_tlsa(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    Some(request::<asked::Tlsa>("dane.tlsa", operation, fields)?.rdata_hex.0)
}

pub(super) fn seed_der(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let request: asked::Verify = request("dane.verify", operation, fields)?;
    Some(request.chain_b64.into_iter().next()?.0)
}

pub(super) fn seed_verify(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let request: asked::Verify = request("dane.verify", operation, fields)?;
    let mut output = Output::default();
    output.byte(match request.profile {
        asked::Usages::Smtp => 0,
        asked::Usages::Generic => 1,
    });
    output.number(u32::try_from(request.now).ok()?);
    let records = request.tlsa.iter().map(|record| record.parse::<Tlsa>().ok());
    let records = records.take(8).collect::<Option<Vec<_>>>()?;
    output.byte(u8::try_from(records.len()).ok()?);
    for record in records {
        output.bytes(&record.to_rdata());
    }
    let names: Vec<_> = request.names.iter().take(3).collect();
    output.byte(u8::try_from(names.len()).ok()?);
    for name in names {
        output.bytes(name.as_bytes());
    }
    for der in &request.chain_b64 {
        output.bytes(&der.0);
    }
    Some(output.into_bytes())
}
