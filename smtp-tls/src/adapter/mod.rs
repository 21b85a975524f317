//! Adapters to DNS, HTTPS and TLS libraries, a feature each.
//!
//! | feature | module | what it adapts |
//! |---|---|---|
//! | `hickory` | `hickory` | DNS: a validating resolver that one trusts, by its AD bit |
//! | `hickory-blocking` | `hickory_blocking` | the same for threads, without a runtime |
//! | `domain` | `domain` | DNS: answers of any resolver, validated in this process |
//! | `hickory-validate` | `hickory_validate` | the same by another validator, which is stricter |
//! | `https` | `https` | the policy fetch over HTTPS |
//! | `https-blocking` | `https_blocking` | the same for threads, without a runtime |
//! | `rustls` | `rustls` | TLS, and the verification of certificates |

#[cfg(feature = "domain")]
pub mod domain;
#[cfg(feature = "hickory")]
pub mod hickory;
#[cfg(feature = "hickory-blocking")]
mod hickory_ad;
#[cfg(feature = "hickory-blocking")]
pub mod hickory_blocking;
#[cfg(feature = "hickory-blocking")]
mod hickory_records;
#[cfg(feature = "hickory")]
mod hickory_transport;
#[cfg(feature = "hickory-validate")]
pub mod hickory_validate;
#[cfg(feature = "https")]
pub mod https;
#[cfg(feature = "https-blocking")]
pub mod https_blocking;
#[cfg(any(feature = "https", feature = "https-blocking"))]
mod policy_host;
pub mod resolv_conf;
#[cfg(feature = "rustls")]
pub mod rustls;
