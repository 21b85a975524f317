//! The `tlsrpt` operations.

use super::Handler;

pub(crate) const RECORD: Handler = None;
pub(crate) const REPORT: Handler = None;
pub(crate) const AGGREGATE: Handler = None;
