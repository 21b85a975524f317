//! The clients that records are published for.

use dane::publish::Client;
use rustls::pki_types::UnixTime;

use crate::provider::provider;

/// Clients of today, with the signature algorithms of this program.
pub(crate) fn client() -> Client<'static> {
    Client::new(provider().signature_verification_algorithms.all, UnixTime::now())
}
