//! DANE for SMTP, without I/O: [RFC 7672](https://www.rfc-editor.org/rfc/rfc7672) over RFC 6698 and
//! 7671.
//!
//! A sending mail server wants to know, for each host it may deliver to: are there TLSA records
//! that bind it, and is the server that answers the one they speak of? This crate decides both from
//! facts that it is given: DNS answers with their DNSSEC status, a chain of certificates, the time.
//!
//! ```text
//! MX answer ----> Destination ---- per host ----> HostDiscovery --> HostPlan
//!                                    ^  |                             Dane: authenticate
//!                        DNS answers |  v what to look up             Encrypt: TLS, no more
//!                                                                     Opportunistic: no DANE
//! HostPlan::Dane + chain + now --> Verifier --> Match                 Skip: not this host now
//! Match + handshake signature --> Authenticated
//! ```
//!
//! ```
//! use dane::discovery::{Action, Answer, Destination, Exchangers, HostPlan, Input, Kind};
//! use dane::discovery::{Outcome, Policy, Security, Step1};
//! # fn look_up(name: &dane::DomainName, kind: Kind) -> Input {
//! #     let found = || Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
//! #     let record: dane::Tlsa = format!("3 1 1 {}", "ab".repeat(32)).parse().unwrap();
//! #     let set = dane::TlsaSet::from(vec![record]);
//! #     match kind {
//! #         Kind::A => Input::A(found()),
//! #         Kind::Aaaa => Input::Aaaa(found()),
//! #         Kind::Cname => Input::Cname(found()),
//! #         Kind::Tlsa => Input::Tlsa(
//! #             Answer::hop_by_hop(Outcome::Records(set), Security::Secure, vec![])),
//! #     }
//! # }
//! let next_hop: dane::Name = "example.org".parse()?;
//! let mx = Answer::hop_by_hop(Outcome::Records(Exchangers::Hosts), Security::Secure, vec![]);
//! let Step1::Hosts(destination) = Destination::from_mx(&next_hop, &mx, Policy::default()) else {
//!     panic!("secure MX records name hosts");
//! };
//! let mut host = destination.host(&"mx1.example.org".parse()?);
//! let plan = loop {
//!     let answer = match host.action() {
//!         Action::LookUp { name, kind } => look_up(name, kind),
//!         Action::Done(plan) => break plan.clone(),
//!     };
//!     host.handle(&answer)?;
//! };
//! assert!(matches!(plan, HostPlan::Dane(_)));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A failed look-up never leads to delivery without DANE: the host is skipped, the message waits.
//! What this crate does not do: it asks no DNS, opens no connection, keeps no clock and looks at no
//! revocation lists. Features: `rustls` (a certificate verifier), `hickory` (DNS answers).
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod adapter;
mod constraints;
mod der;
mod digest;
pub mod discovery;
mod failure;
mod names;
mod near;
mod path;
pub mod publish;
mod report;
mod tlsa;
mod trust_anchor;
mod usable;
mod verify;

pub use der::{Certificate, DerError, PublicKeyInfo, Version};
pub use digest::{DigestAlgorithm, Digests, DigestsError, MAX_DIGEST, Sha256, Sha512};
pub use failure::{Failure, FailureReason};
pub use names::{DomainName, DomainNameError, Name, NameError};
pub use near::{Excerpt, NearestMiss, Oid};
pub use report::ResultType;
pub use tlsa::{CertUsage, Matching, RdataError, Selector, Tlsa, TlsaSet, TlsaTextError};
pub use usable::{
    Comparison, MAX_RECORDS, NoUsableRecords, Profile, Selected, Unusable, UsableRecord, UsableSet,
    Usage,
};
pub use verify::{Authenticated, Match, Verifier};
