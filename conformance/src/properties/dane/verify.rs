//! Verdicts for chains.

use core::time::Duration;

use dane::{
    Certificate, Digests, Match, Matching, Name, Profile, Selector, Tlsa, UsableSet, Usage,
    Verifier,
};
use pki_types::{CertificateDer, UnixTime};
use ring::digest;
use rustls::crypto::ring::default_provider;
use serde_json::{Map, Value};

use super::super::input::{Input, Output};
use super::{asked, fail, request};

/// Records, certificates, names and the time.
///
/// What is authenticated is so by a record that by itself suffices and whose data is that of a
/// certificate or key at hand, in an independent computation; DANE-EE holds at any time, under any
/// names and behind any further certificates; DANE-TA needs a name of the leaf, and dates, and every
/// octet of the leaf and of each certificate that the path needs; the order of records does not
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
        Usage::DaneTa => case.binds_by_signatures(record),
        Usage::PkixTa | Usage::PkixEe => assert_eq!(case.profile, Profile::Generic),
    }
}

#[derive(Clone)]
struct Case {
    profile: Profile,
    now: u64,
    /// An octet of each certificate, and what it is changed by.
    change: (usize, u8),
    records: Vec<Tlsa>,
    chain: Vec<CertificateDer<'static>>,
    names: Vec<Name>,
}

impl Case {
    fn read(input: &mut Input<'_>) -> Option<Self> {
        let profile = input.one_of(Profile::Smtp, &[Profile::Generic]);
        let now = u64::from(input.number());
        let change = (input.number() as usize, input.byte());
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
        Some(Self { profile, now, change, records, chain, names })
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

    /// A DANE-TA record binds what it names and what that has signed, for some names and some time.
    fn binds_by_signatures(&self, record: &Tlsa) {
        let holds = |case: &Self| case.verify(core::slice::from_ref(record)).is_some();
        let mut other = self.clone();
        other.names.clear();
        assert!(!holds(&other), "DANE-TA needs a name");
        other.names.extend("not.in.any.certificate".parse::<Name>().ok());
        assert!(!holds(&other), "DANE-TA needs a name of the leaf");
        let [first, last] = [0, u64::from(u32::MAX)].map(|now| Self { now, ..self.clone() });
        assert!(!holds(&first) || !holds(&last), "DANE-TA has regard to dates");
        for (at, der) in self.chain.iter().enumerate() {
            // What is not needed may be anything; an anchor is bound by the record, in part or whole.
            let mut without = self.clone();
            without.chain.remove(at);
            if at > 0 && holds(&without) || is_that_of(record, der) {
                continue;
            }
            let mut changed = self.clone();
            let (place, by) = self.change;
            let mut octets = der.to_vec();
            let length = octets.len().max(1);
            if let Some(octet) = octets.get_mut(place % length) {
                *octet ^= by.max(1);
            }
            if let Some(place) = changed.chain.get_mut(at) {
                *place = CertificateDer::from(octets);
            }
            assert!(!holds(&changed), "certificate {at} is signed in full");
        }
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

pub(in crate::properties) fn seed_verify(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Verify = request("dane.verify", operation, fields)?;
    let mut output = Output::default();
    output.byte(match request.profile {
        asked::Usages::Smtp => 0,
        asked::Usages::Generic => 1,
    });
    output.number(u32::try_from(request.now).ok()?);
    // Another place in each chain.
    let length: usize = request.chain_b64.iter().map(|der| der.0.len()).sum();
    output.number(u32::try_from(length * length).ok()?).byte(1);
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
