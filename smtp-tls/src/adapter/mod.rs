//! Adapters to DNS, HTTPS and TLS libraries, a feature each.
//!
//! | feature | module | what it adapts |
//! |---|---|---|
//! | `hickory` | [`hickory`] | DNS: a validating resolver that one trusts, by its AD bit |
//! | `domain` | [`domain`] | DNS: answers of any resolver, validated in this process |

#[cfg(feature = "domain")]
pub mod domain;
#[cfg(feature = "hickory")]
pub mod hickory;
#[cfg(feature = "hickory")]
mod hickory_records;
pub mod resolv_conf;
