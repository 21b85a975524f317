//! Random numbers.

use core::hash::BuildHasher;
use std::hash::RandomState;

/// A number that nobody outside can predict.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}
