//! The bytes by which records, policies and failures are told apart.
//!
//! ```text
//! record  = domain text                                    ; the text reaches to the end
//! policy  = parent type domain list(strings) list(patterns)
//! failure = parent type address text? text? address text? text?
//! ```
//!
//! A parent is the number of the record or policy in its table, 4 bytes. Numbers are little-endian
//! groups of 7 bits, text follows its length, an absent text has the length 0 and a present one
//! its length plus one. Names known to RFC 8460 take one byte. The form is also kept by stores.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::report::{Address, Failure, Policy};
use crate::result::{PolicyType, ResultType};

/// Bytes of the parent's number in front of a policy or failure.
pub(super) const PARENT: usize = 4;

/// The parent's number of a policy or failure.
pub(super) fn parent(key: &[u8]) -> Option<u32> {
    key.first_chunk::<PARENT>().map(|parent| u32::from_le_bytes(*parent))
}

pub(super) fn put_number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let group = usize::from(byte & 0x7f);
        let placed = group << shift;
        if placed >> shift != group {
            return None;
        }
        value |= placed;
        if byte < 0x80 {
            // One value has one form, or keys that differ would stand for the same.
            return (byte > 0 || shift == 0).then_some(value);
        }
    }
    None
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = take_number(bytes)?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    core::str::from_utf8(text).ok()
}

pub(super) fn put_option(out: &mut Vec<u8>, text: Option<&str>) {
    put_number(out, text.map_or(0, |text| text.len() + 1));
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

fn take_option<'a>(bytes: &mut &'a [u8]) -> Option<Option<Cow<'a, str>>> {
    let Some(length) = take_number(bytes)?.checked_sub(1) else { return Some(None) };
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    core::str::from_utf8(text).ok().map(|text| Some(Cow::Borrowed(text)))
}

pub(super) fn put_address(out: &mut Vec<u8>, address: Option<&Address<'_>>) {
    match address {
        None | Some(Address::Text(_)) => out.push(0),
        Some(Address::V4(ip)) => {
            out.push(4);
            out.extend_from_slice(&ip.octets());
        }
        Some(Address::V6(ip)) => {
            out.push(6);
            out.extend_from_slice(&ip.octets());
        }
    }
}

fn take_address<'a>(bytes: &mut &[u8]) -> Option<Option<Address<'a>>> {
    let (&tag, rest) = bytes.split_first()?;
    *bytes = rest;
    match tag {
        0 => Some(None),
        4 => {
            let (octets, rest) = bytes.split_first_chunk::<4>()?;
            *bytes = rest;
            Some(Some(Address::V4(Ipv4Addr::from(*octets))))
        }
        6 => {
            let (octets, rest) = bytes.split_first_chunk::<16>()?;
            *bytes = rest;
            Some(Some(Address::V6(Ipv6Addr::from(*octets))))
        }
        _ => None,
    }
}

/// One byte for a name of the list, else a zero and the text.
fn put_name(out: &mut Vec<u8>, known: Option<usize>, name: &str) {
    match known.and_then(|at| u8::try_from(at + 1).ok()) {
        Some(code) => out.push(code),
        None => {
            out.push(0);
            put_text(out, name);
        }
    }
}

fn take_name<'a>(
    bytes: &mut &'a [u8],
    known: impl Fn(usize) -> Option<Cow<'static, str>>,
) -> Option<Cow<'a, str>> {
    let (&code, rest) = bytes.split_first()?;
    *bytes = rest;
    match code.checked_sub(1) {
        None => take_text(bytes).map(Cow::Borrowed),
        Some(at) => known(usize::from(at)),
    }
}

pub(super) fn put_policy_type(out: &mut Vec<u8>, name: &str) {
    let types = POLICY_TYPES;
    put_name(out, types.iter().position(|known| known.as_str() == name), name);
}

pub(super) fn put_result_type(out: &mut Vec<u8>, name: &str) {
    let types = ResultType::REGISTERED;
    put_name(out, types.iter().position(|known| known.as_str() == name), name);
}

/// The part of a record's key by which it is placed: the domain.
pub(super) fn record_head(key: &[u8]) -> &[u8] {
    let mut rest = key;
    let end =
        take_number(&mut rest).and_then(|length| (key.len() - rest.len()).checked_add(length));
    end.and_then(|end| key.get(..end)).unwrap_or(key)
}

/// A key placed by the whole of it.
pub(super) fn whole(key: &[u8]) -> &[u8] {
    key
}

/// What a record's key says: the domain and the record's text.
pub(super) fn read_record(mut key: &[u8]) -> Option<(&str, &str)> {
    let domain = take_text(&mut key)?;
    Some((domain, core::str::from_utf8(key).ok()?))
}

/// Reads a policy, whose key has lost its parent. An empty domain is that of the record.
pub(super) fn read_policy<'a>(mut key: &'a [u8], report_domain: &'a str) -> Option<Policy<'a>> {
    let bytes = &mut key;
    let name = take_name(bytes, |at| Some(POLICY_TYPES.get(at)?.0.clone()))?;
    let domain = match take_text(bytes)? {
        "" => report_domain,
        domain => domain,
    };
    let mut policy = Policy::new(PolicyType(name), domain);
    policy.strings = take_list(bytes)?;
    policy.mx_hosts = take_list(bytes)?;
    bytes.is_empty().then_some(policy)
}

fn take_list<'a>(bytes: &mut &'a [u8]) -> Option<Vec<Cow<'a, str>>> {
    let count = take_number(bytes)?;
    // Each text takes a byte at least, so a false count allocates no more than the key's size.
    let mut list = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        list.push(Cow::Borrowed(take_text(bytes)?));
    }
    Some(list)
}

/// Reads a failure, whose key has lost its parent.
pub(super) fn read_failure(mut key: &[u8]) -> Option<Failure<'_>> {
    let bytes = &mut key;
    let name = take_name(bytes, |at| Some(ResultType::REGISTERED.get(at)?.0.clone()))?;
    let failure = Failure {
        result_type: ResultType(name),
        sending_mta_ip: take_address(bytes)?,
        receiving_mx_hostname: take_option(bytes)?,
        receiving_mx_helo: take_option(bytes)?,
        receiving_ip: take_address(bytes)?,
        additional_information: take_option(bytes)?,
        failure_reason_code: take_option(bytes)?,
    };
    bytes.is_empty().then_some(failure)
}

const POLICY_TYPES: [PolicyType<'static>; 3] =
    [PolicyType::TLSA, PolicyType::STS, PolicyType::NO_POLICY_FOUND];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 262_144, usize::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, value);
            let mut rest = bytes.as_slice();
            assert_eq!((take_number(&mut rest), rest), (Some(value), &[][..]));
        }
        for broken in [&[][..], &[0x80], &[0xff; 11]] {
            assert_eq!(take_number(&mut &broken[..]), None);
        }
        // One value has one form: no group of zeros at the end, no bits past the last.
        let mut past = [0x80; 10];
        past[9] = 2;
        for other_form in [&[0x80, 0][..], &[0x81, 0x80, 0], &past] {
            assert_eq!(take_number(&mut &other_form[..]), None, "{other_form:?}");
        }
    }

    #[test]
    fn absent_and_empty_text_differ() {
        for text in [None, Some(""), Some("a")] {
            let mut bytes = Vec::new();
            put_option(&mut bytes, text);
            assert_eq!(take_option(&mut bytes.as_slice()), Some(text.map(Cow::Borrowed)));
        }
    }

    #[test]
    fn keys_cut_short_are_refused() {
        let mut key = Vec::new();
        put_result_type(&mut key, "certificate-revoked");
        put_address(&mut key, Some(&Address::V4(Ipv4Addr::LOCALHOST)));
        put_option(&mut key, Some("mx.example"));
        put_option(&mut key, None);
        put_address(&mut key, Some(&Address::V6(Ipv6Addr::LOCALHOST)));
        put_option(&mut key, None);
        put_option(&mut key, Some("reason"));
        assert_eq!(read_failure(&key).unwrap().result_type.as_str(), "certificate-revoked");
        for length in 0..key.len() {
            assert_eq!(read_failure(&key[..length]), None, "{length}");
        }
        key.push(0);
        assert_eq!(read_failure(&key), None);
    }
}
