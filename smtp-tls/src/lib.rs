//! Secured SMTP delivery: DANE, MTA-STS, STARTTLS and TLS reporting together.
//!
//! Mail between servers is encrypted only if both sides care to, and STARTTLS alone stops nobody who can
//! change packets or forge DNS. A domain may therefore publish what a sender must insist on: keys in
//! signed DNS (DANE), or a policy over HTTPS (MTA-STS). The crates [`dane`], [`mta_sts`],
//! [`smtp_starttls`] and [`tlsrpt`] know one standard each. This crate makes the one decision out of them
//! that a mail server needs for a delivery, and carries it out.
//!
//! ```text
//! LookUp, FetchPolicy,     +--------+  what to look up, whom to connect to   +----------+
//! PolicyStore, TCP, TLS -- | driver | <------------------------------------- | Delivery |
//!  (real: adapter, store)  +--------+  -------------------------------------> +----------+
//!                                      answers, what came of an attempt             |
//!                                                                                   v
//!                             a fate for each recipient, sessions for TLS reports: Report
//! ```
//!
//! # A mail server that delivers securely
//!
//! Nothing is configured: the defaults are secure. The real Internet takes `Validator::from_system` with
//! the root's anchors and `native_roots()`; here a [`LookUp`](resolve::LookUp) that knows no domain
//! stands in, so that the example runs without a network.
//!
#![cfg_attr(all(feature = "https", feature = "webpki-roots"), doc = "```")]
#![cfg_attr(not(all(feature = "https", feature = "webpki-roots")), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use smtp_starttls::Message;
//! use smtp_tls::adapter::{https::HttpsFetch, rustls::{Connector, webpki_roots}};
//! use smtp_tls::driver::tokio::{Envelope, Mailer};
//! use smtp_tls::store::{Capacity, MemoryStore};
//! # use smtp_tls::resolve::{Answer, Judged, LookUp, LookUpError, Outcome, Question, Security};
//! # #[derive(Clone)]
//! # struct NoDomains;
//! # impl LookUp for NoDomains {
//! #     async fn look_up(&self, _: &Question) -> Result<Answer, LookUpError> {
//! #         let (outcome, judged) = (Outcome::NxDomain, Judged::HopByHop);
//! #         Ok(Answer { outcome, security: Security::Secure, chain: Vec::new(), judged })
//! #     }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Once for the whole server.
//! let dns = NoDomains; // or Arc::new(Validator::from_system(Anchors::root())?)
//! let provider = Arc::new(rustls::crypto::ring::default_provider());
//! let connector = Connector::new(provider, webpki_roots())?;
//! let policies = HttpsFetch::new(dns.clone(), &connector);
//! let store = MemoryStore::new(Capacity::default());
//! let mailer = Mailer::new(dns, policies, store, connector, "mta.sender.example".parse()?);
//!
//! // For each message and each domain of its recipients.
//! let from: smtp_tls::Address = "alice@sender.example".parse()?;
//! let to: smtp_tls::Address = "bob@recipient.example".parse()?;
//! let message = Message::try_from(&b"Subject: hello\r\n\r\nDear Bob\r\n"[..])?;
//! let recipients = [to.forward_path()];
//! let envelope = Envelope { from: from.reverse_path(), to: &recipients, message };
//! let report = mailer.deliver(to.domain().clone(), &envelope).await;
//! println!("{to}: {}", report.fates[0].word()); // delivered, deferred or refused
//! # assert_eq!(report.fates[0].word(), "refused", "the domain does not exist");
//! # Ok(())
//! # }
//! ```
//!
//! # Modules and features
//!
//! | module | what it does | feature |
//! |---|---|---|
//! | [`delivery`] | the machine for one delivery: pure | |
//! | [`plan`] | what a host must reach: DANE before MTA-STS before opportunistic; pure | |
//! | [`attempt`], [`report`] | what was tried, and what it came to; pure | |
//! | [`mx`], [`resolve`] | mail hosts of a domain; DNS with its security | |
//! | [`posture`] | advisories on an insecure configuration; pure | |
//! | [`driver`] | carries deliveries out: with threads, or asynchronously | `rustls`, with `tokio` |
//! | [`adapter`] | DNS | `domain` (validated here), `hickory` (a trusted resolver), `hickory-blocking`, `hickory-validate` |
//! | [`adapter`] | TLS and HTTPS | `rustls`, `https`, `https-blocking`, `native-roots`, `webpki-roots` |
//! | [`store`] | policies and counts in memory, or durable | `sqlite`, `redis` (policies), `postgres` (counts) |
//! | [`refresh`] | cached policies kept alive | `tokio` for its driver |
//! | | U-label domains | `idna` |
//!
//! No feature changes what another does. Without any the crate does no I/O: an MTA with its own
//! resolver, TLS and event loop drives [`delivery::Delivery`] itself.
//!
//! # What it does not do
//!
//! It keeps no queue, writes no bounces, signs nothing, and sends no TLS reports by itself. It verifies no
//! revocation. It delivers to MX hosts, not to relays or address literals.
#![forbid(unsafe_code)]

pub mod adapter;
pub mod attempt;
pub mod delivery;
pub mod driver;
mod envelope;
mod fetch;
pub mod mx;
mod outcome;
pub mod plan;
pub mod posture;
pub mod refresh;
pub mod report;
pub mod resolve;
mod sink;
pub mod store;
#[cfg(any(feature = "hickory-blocking", feature = "rustls"))]
mod timed;

pub use envelope::{Address, AddressError};
pub use fetch::FetchPolicy;
pub use sink::ReportSink;

/// The examples of the README are tests.
#[cfg(all(doctest, feature = "domain", feature = "https", feature = "native-roots"))]
#[doc = include_str!("../../README.md")]
struct Readme;
