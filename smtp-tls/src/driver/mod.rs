//! Drivers: they carry out what a [`Delivery`](crate::delivery::Delivery) wants.
//!
//! | feature | module | |
//! |---|---|---|
//! | `tokio` and `rustls` | [`tokio`] | asynchronous, over TCP |

#[cfg(feature = "rustls")]
pub mod tokio;
