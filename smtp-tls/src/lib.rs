//! Secured SMTP delivery: DANE, MTA-STS, STARTTLS and TLS reporting together.
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

pub use envelope::{Address, AddressError};
pub use fetch::FetchPolicy;
pub use sink::ReportSink;

/// The examples of the README are tests.
#[cfg(all(doctest, feature = "domain", feature = "https", feature = "native-roots"))]
#[doc = include_str!("../../README.md")]
struct Readme;
