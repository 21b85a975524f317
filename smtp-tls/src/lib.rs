//! Secured SMTP delivery: DANE, MTA-STS, STARTTLS and TLS reporting together.
#![forbid(unsafe_code)]

pub mod adapter;
mod fetch;
pub mod resolve;
mod sink;
pub mod store;

pub use fetch::FetchPolicy;
pub use sink::ReportSink;
