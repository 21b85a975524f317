//! Certificates by numbers, and the clients that look at them.
#![allow(dead_code, unreachable_pub)]

use core::time::Duration;

use dane::publish::{Client, record};
use dane::{CertUsage, Matching, Selector, Tlsa};
use pki_types::UnixTime;

use crate::common::der::common_name;
use crate::common::{Cert, Key, NOW};

/// The name of every server here.
pub const MX: &str = "mx.example.org";

/// A certificate with this key, that says it is by `issuer` and is signed with the key of that number;
/// with its own if the issuer is its subject. Subject 1 is a server, all others are CAs.
pub fn certificate(key: u8, subject: u8, issuer: u8) -> Vec<u8> {
    shape(key, subject, issuer).sign(Key(if subject == issuer { key } else { issuer }))
}

/// The same before it is signed.
pub fn shape(key: u8, subject: u8, issuer: u8) -> Cert {
    let [own, by] = [subject, issuer].map(|number| format!("N{number}"));
    match subject {
        1 => Cert::leaf(&by, &[MX], Key(key)).subject(common_name(&own)),
        _ => Cert::ca(&own, &by, Key(key)),
    }
}

pub fn of(numbers: [u8; 3], der: &[u8]) -> Tlsa {
    let [usage, selector, matching] = numbers;
    record(CertUsage(usage), Selector(selector), Matching(matching), der).unwrap()
}

pub fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(NOW))
}

pub fn client() -> Client<'static> {
    Client::new(webpki::ALL_VERIFICATION_ALGS, now())
}
