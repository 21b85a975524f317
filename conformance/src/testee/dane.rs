//! The `dane` operations.

use super::Handler;

pub(crate) const TLSA: Handler = None;
pub(crate) const PLAN: Handler = None;
pub(crate) const VERIFY: Handler = None;
