//! Where paths may end.

use crate::der::{Certificate, PublicKeyInfo};
use crate::path::Parsed;
use crate::usable::UsableRecord;

/// Where a path may end.
#[derive(Clone, Copy)]
pub(super) struct Anchor<'s> {
    /// The whole name element by which certificates name this issuer.
    pub(super) subject: &'s [u8],
    pub(super) key: PublicKeyInfo<'s>,
    /// None for a bare key.
    pub(super) certificate: Option<Parsed<'s>>,
    /// The record that makes it an anchor; none for a root of the public PKI.
    pub(super) record: Option<&'s UsableRecord>,
}

impl<'s> Anchor<'s> {
    pub(super) fn of(parsed: Parsed<'s>, record: Option<&'s UsableRecord>) -> Self {
        let Certificate { subject, spki: key, .. } = parsed.outline;
        Self { subject, key, certificate: Some(parsed), record }
    }
}
