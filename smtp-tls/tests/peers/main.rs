//! The driver beside other people's servers: Postfix and Exim from Debian's packages, and the TLS of
//! OpenSSL behind a dialogue in clear. They run on loopback and end with the tests.
//!
//! Each message must arrive octet by octet, each recipient have its own answer, and what is noted of TLS
//! be what the server notes. The two mail servers need root and `target/peers`, which
//! `conformance/debian/unpack` fills; see the script `test`.
#![cfg(all(feature = "rustls", feature = "tokio"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

mod by_hand;
#[path = "../support/either.rs"]
mod either;
mod exim;
mod keys;
mod letter;
mod machine;
#[path = "../support/one_host.rs"]
mod one_host;
mod openssl;
mod postfix;
