//! The `mta_sts` operations.

use super::Handler;

pub(crate) const RECORD: Handler = None;
pub(crate) const POLICY: Handler = None;
pub(crate) const MATCH: Handler = None;
pub(crate) const RESPONSE: Handler = None;
pub(crate) const DISCOVER: Handler = None;
