//! The `smtp` operations.

use super::Handler;

pub(crate) const SESSION: Handler = None;
pub(crate) const REPLY: Handler = None;
