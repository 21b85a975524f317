//! DANE.

mod discovery;
mod verify;

use dane::{Certificate, Digests, Matching, Profile, PublicKeyInfo, Tlsa, UsableRecord};
use serde_json::{Map, Value};

pub use discovery::discovery;
pub(super) use discovery::seed_discovery;
pub(super) use verify::seed_verify;
pub use verify::verify;

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
/// certificate is read alike by itself, unless its count of unused bits is one that only a
/// certificate may have.
pub fn der(data: &[u8]) {
    let longer = [data, &[0]].concat();
    let shorter = data.split_last().map(|(_, rest)| rest).unwrap_or_default();
    if let Ok(certificate) = Certificate::parse(data) {
        assert_eq!(certificate.der(), data);
        assert!(data.len() <= 65_536);
        let key = certificate.public_key_info();
        assert!(contains(data, key.der()) && contains(data, certificate.issuer()));
        assert!(contains(data, certificate.subject()) && contains(key.der(), key.key()));
        let unused_bits = key.der().iter().rev().nth(key.key().len()).copied();
        match PublicKeyInfo::parse(key.der()) {
            Ok(alone) => assert_eq!((alone.der(), unused_bits), (key.der(), Some(0))),
            Err(_) => assert_ne!(unused_bits, Some(0), "it is read in the certificate"),
        }
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

pub(super) fn seed_tlsa(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    Some(request::<asked::Tlsa>("dane.tlsa", operation, fields)?.rdata_hex.0)
}

pub(super) fn seed_der(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let request: asked::Verify = request("dane.verify", operation, fields)?;
    Some(request.chain_b64.into_iter().next()?.0)
}
