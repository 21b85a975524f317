//! Secured SMTP delivery: DANE, MTA-STS, STARTTLS and TLS reporting together.
#![forbid(unsafe_code)]

pub mod adapter;
pub mod resolve;
