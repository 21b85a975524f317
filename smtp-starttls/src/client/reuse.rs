//! Which messages may share a connection.

use core::net::SocketAddr;

use pki_types::DnsName;

use super::config::{MessageNeed, Requirement};
use super::facts::Verification;

/// What must be equal for a connection to be used again for another message.
///
/// A connection that was opened at one level never serves a message that needs another
/// ([RFC 8689 section 4.1](https://www.rfc-editor.org/rfc/rfc8689#section-4.1)).
#[derive(Clone, Debug)]
pub struct ReuseKey<'a> {
    /// The MX host.
    pub host: DnsName<'a>,
    /// Its address and port.
    pub address: SocketAddr,
    /// The name sent as SNI; nothing in clear.
    pub sni: Option<DnsName<'a>>,
    /// What the connection had to reach.
    pub requirement: Requirement,
    /// What verification came to; nothing in clear.
    pub verification: Option<Verification>,
    /// Whether a message needs SMTPUTF8.
    pub utf8: Utf8Need,
    /// Whether the message needs REQUIRETLS.
    pub need: MessageNeed,
}

/// Whether a message needs SMTPUTF8.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Utf8Need {
    /// It does.
    Needed,
    /// It does not.
    NotNeeded,
}

fn is_same_name(one: &DnsName<'_>, other: &DnsName<'_>) -> bool {
    one.as_ref().eq_ignore_ascii_case(other.as_ref())
}

impl PartialEq for ReuseKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        let has_same_sni = match (&self.sni, &other.sni) {
            (None, None) => true,
            (Some(one), Some(other)) => is_same_name(one, other),
            _ => false,
        };
        has_same_sni
            && is_same_name(&self.host, &other.host)
            && self.address == other.address
            && self.requirement == other.requirement
            && self.verification == other.verification
            && self.utf8 == other.utf8
            && self.need == other.need
    }
}

impl Eq for ReuseKey<'_> {}

#[cfg(test)]
mod tests {
    use super::super::config::MxTrust;
    use super::super::facts::VerifiedBy;
    use super::*;

    fn key() -> ReuseKey<'static> {
        ReuseKey {
            host: DnsName::try_from("mx.example").unwrap(),
            address: SocketAddr::from(([192, 0, 2, 1], 25)),
            sni: Some(DnsName::try_from("mx.example").unwrap()),
            requirement: Requirement::Authenticate,
            verification: Some(Verification::Verified(VerifiedBy::Dane)),
            utf8: Utf8Need::NotNeeded,
            need: MessageNeed::Nothing,
        }
    }

    #[test]
    fn q3_any_difference_forbids_reuse() {
        let name = |name| DnsName::try_from(name).unwrap();
        assert_eq!(key(), ReuseKey { host: name("MX.example"), ..key() });
        for other in [
            ReuseKey { host: name("mx2.example"), ..key() },
            ReuseKey { address: SocketAddr::from(([192, 0, 2, 2], 25)), ..key() },
            ReuseKey { address: SocketAddr::from(([192, 0, 2, 1], 26)), ..key() },
            ReuseKey { sni: Some(name("other.example")), ..key() },
            ReuseKey { sni: None, ..key() },
            ReuseKey { requirement: Requirement::Encrypt, ..key() },
            ReuseKey { verification: Some(Verification::Verified(VerifiedBy::Pkix)), ..key() },
            ReuseKey { verification: None, ..key() },
            ReuseKey { utf8: Utf8Need::Needed, ..key() },
            ReuseKey { need: MessageNeed::RequireTls(MxTrust::Authenticated), ..key() },
        ] {
            assert_ne!(key(), other);
        }
    }
}
