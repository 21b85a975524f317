//! The lab, seen with other people's eyes: a full validator, a real TLS client, a real resolver.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod certificates;
mod client;
mod https;
mod message;
mod smtp;
mod start;
mod unbound;
mod validator;
mod world;
