//! Bridges to the crates that speak TLS and DNS.

#[cfg(feature = "hickory")]
pub mod hickory;
#[cfg(feature = "rustls")]
pub mod rustls;
