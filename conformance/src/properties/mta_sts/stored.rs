//! What is kept of a policy between two runs of a program.

use core::time::Duration;

use mta_sts::{CacheEntry, FetchHistory, Policy, PolicyId, Profile};
use pki_types::UnixTime;
use serde_json::{Map, Value};

use super::super::input::{Input, Output};
use super::request;
use crate::request::mta_sts as asked;

/// Stored bytes as they are; then a time, a place, an octet and a policy file that is stored.
///
/// Only what was written is read; what is stored is read back; where an octet is another, or the
/// end lacks, there is no entry.
pub fn stored(data: &[u8]) {
    if let Ok(entry) = CacheEntry::from_bytes(data) {
        assert_eq!(entry.to_bytes(), data);
    }
    if let Ok(history) = FetchHistory::from_bytes(data) {
        assert_eq!(history.to_bytes(), data);
    }
    let mut input = Input::new(data);
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::from(input.number())));
    let (place, octet) = (input.number(), input.byte());
    let Ok(id) = "a1".parse::<PolicyId>() else { return };
    let history = FetchHistory::default().with_fetch(id, None, at);
    is_kept(&history.to_bytes(), place, octet, |bytes| FetchHistory::from_bytes(bytes).ok());
    let Ok(policy) = Policy::parse(input.rest(), Profile::Interop) else { return };
    let entry = CacheEntry::new(id, policy, at);
    let bytes = entry.to_bytes();
    assert_eq!(CacheEntry::from_bytes(&bytes).as_ref(), Ok(&entry));
    assert!(FetchHistory::from_bytes(&bytes).is_err(), "one form is not the other");
    is_kept(&bytes, place, octet, |bytes| CacheEntry::from_bytes(bytes).ok());
}

/// The bytes are read, and nothing is read of them where one is another or the end lacks.
fn is_kept<T>(bytes: &[u8], place: u32, octet: u8, read: impl Fn(&[u8]) -> Option<T>) {
    assert!(read(bytes).is_some());
    let place = place as usize % bytes.len().max(1);
    assert!(read(bytes.get(..place).unwrap_or_default()).is_none(), "the end lacks");
    let mut damaged = bytes.to_vec();
    if let Some(damaged) = damaged.get_mut(place).filter(|it| **it != octet) {
        *damaged = octet;
        assert!(read(&[bytes, &[octet]].concat()).is_none(), "nothing may follow");
    }
    assert!(damaged == bytes || read(&damaged).is_none(), "damage is noticed");
}

pub(in crate::properties) fn seed_stored(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Policy = request("mta_sts.policy", operation, fields)?;
    let mut output = Output::default();
    output.number(1_700_000_000).number(9).byte(7).rest(&request.body_b64.0);
    Some(output.into_bytes())
}
