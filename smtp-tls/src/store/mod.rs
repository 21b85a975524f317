//! Where MTA-STS policies and session counts are kept between deliveries.
//!
//! [`MemoryStore`] and [`MemoryTally`] forget with the process. A domain whose policy is forgotten is as unprotected as on
//! first contact, so a program that is restarted often wants a durable one.

mod bodies;
mod memory;
mod ring;
mod tally;

pub use memory::{Capacity, MemoryStore};
pub use tally::MemoryTally;
