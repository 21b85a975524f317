//! Drivers: they carry out what a [`Delivery`](crate::delivery::Delivery) wants.
//!
//! | feature | module | |
//! |---|---|---|
//! | `rustls` | [`Visit`] | one connection as a machine without I/O: for an event loop of one's own |
//! | `rustls` | [`blocking`] | over the sockets of the standard library, for threads |
//! | `rustls` and `tokio` | `tokio` | asynchronous |
//!
//! What is said over a connection, and TLS itself, is in [`Visit`] alone; the drivers connect, write, read
//! and look at the clock.

#[cfg(feature = "rustls")]
pub mod blocking;
#[cfg(feature = "rustls")]
mod course;
#[cfg(feature = "rustls")]
mod deadline;
#[cfg(feature = "rustls")]
mod envelope;
#[cfg(feature = "rustls")]
mod parts;
#[cfg(all(feature = "rustls", feature = "tokio"))]
pub mod tokio;
#[cfg(feature = "rustls")]
mod visit;

#[cfg(feature = "rustls")]
pub use envelope::Envelope;
#[cfg(feature = "rustls")]
pub use visit::{Action, Bound, Input, Visit, Wait};
