//! What a lab zone can hold, in words that need no DNS library.

use core::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NULL, TXT};
use hickory_proto::rr::{Name, RData, RecordType};

use super::DnsError;

/// The data of one record.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// An alias; the name it stands for.
    Cname(String),
    /// A mail exchanger; `.` as host is the null MX of RFC 7505.
    Mx {
        /// The preference; lower is tried first.
        preference: u16,
        /// The host name.
        host: String,
    },
    /// The RDATA of a TLSA record as raw octets, so that malformed ones can be served too.
    Tlsa(Vec<u8>),
    /// The character-strings of a TXT record, each of at most 255 octets.
    Txt(Vec<String>),
}

impl Data {
    /// The record type of this data.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::AAAA,
            Self::Cname(_) => RecordType::CNAME,
            Self::Mx { .. } => RecordType::MX,
            Self::Tlsa(_) => RecordType::TLSA,
            Self::Txt(_) => RecordType::TXT,
        }
    }

    pub(super) fn into_rdata(self) -> Result<RData, DnsError> {
        Ok(match self {
            Self::A(address) => RData::A(A(address)),
            Self::Aaaa(address) => RData::AAAA(AAAA(address)),
            Self::Cname(target) => RData::CNAME(CNAME(parse_name(&target)?)),
            Self::Mx { preference, host } => RData::MX(MX::new(preference, parse_name(&host)?)),
            Self::Tlsa(octets) => {
                RData::Unknown { code: RecordType::TLSA, rdata: NULL::with(octets) }
            }
            Self::Txt(strings) => match strings.iter().find(|string| string.len() > 255) {
                Some(string) => return Err(DnsError::CharacterString(string.len())),
                None => RData::TXT(TXT::new(strings)),
            },
        })
    }
}

/// A full domain name in lower case, whether or not it was written with the root dot.
pub(super) fn parse_name(text: &str) -> Result<Name, DnsError> {
    let mut name = Name::from_ascii(text).map_err(|_| DnsError::Name(text.to_owned()))?;
    name.set_fqdn(true);
    Ok(name.to_lowercase())
}
