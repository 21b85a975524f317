//! Signed zones behind a validating resolver on loopback, for the tests that want one.
#![allow(dead_code, unreachable_pub)]

pub mod resolver;
pub mod zones;
