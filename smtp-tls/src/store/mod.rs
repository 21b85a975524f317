//! Where MTA-STS policies are kept between deliveries.
//!
//! [`MemoryStore`] forgets with the process. A domain whose policy is forgotten is as unprotected as on
//! first contact, so a program that is restarted often wants a durable one.

mod bodies;
mod memory;
mod ring;

pub use memory::{Capacity, MemoryStore};
