//! The name by which we greet a server.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::limits::{DOMAIN, LABEL};

/// The argument of EHLO: a domain name or an address literal.
///
/// No octet of it can end a command or begin another.
///
/// ```text
/// Domain          = sub-domain *("." sub-domain)
/// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal ) "]"
/// ```
///
/// [RFC 5321 section 4.1.1.1](https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.1); at most
/// [`limits::DOMAIN`](crate::limits::DOMAIN) octets.
///
/// ```
/// let name: smtp_starttls::EhloName = "client.example".parse()?;
/// assert_eq!(name.to_string(), "client.example");
/// assert!("client.example\r\nMAIL".parse::<smtp_starttls::EhloName>().is_err());
/// # Ok::<(), smtp_starttls::EhloNameError>(())
/// ```
#[derive(Clone, Copy)]
pub struct EhloName {
    octets: [u8; DOMAIN],
    len: u8,
}

impl EhloName {
    /// The name as text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl FromStr for EhloName {
    type Err = EhloNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let octets = name.as_bytes();
        let len = u8::try_from(octets.len()).map_err(|_| EhloNameError::Length(octets.len()))?;
        match octets {
            [b'[', literal @ .., b']'] => check_literal(literal)?,
            _ => check_domain(octets)?,
        }
        let mut this = Self { octets: [0; DOMAIN], len };
        if let Some(place) = this.octets.get_mut(..octets.len()) {
            place.copy_from_slice(octets);
        }
        Ok(this)
    }
}

impl fmt::Display for EhloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(core::str::from_utf8(self.as_bytes()).unwrap_or_default())
    }
}

impl fmt::Debug for EhloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EhloName({self})")
    }
}

impl PartialEq for EhloName {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for EhloName {}

/// Why a string is not an [`EhloName`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EhloNameError {
    /// The name has this many octets.
    #[error("name has {0} octets, not 1 to {max}", max = DOMAIN)]
    Length(usize),
    /// The octet at this offset cannot stand there in a domain name.
    #[error("octet at offset {0} cannot stand there in a domain name")]
    InvalidOctet(usize),
    /// The label that begins at this offset has more than 63 octets.
    #[error("label at offset {0} has more than {max} octets", max = LABEL)]
    LongLabel(usize),
    /// What stands in brackets is not an address.
    #[error("brackets hold no IPv4 address and no IPv6 address with its tag")]
    Literal,
}

/// RFC 5321 section 4.1.2: labels of letters, digits and inner hyphens.
pub(crate) fn check_domain(name: &[u8]) -> Result<(), EhloNameError> {
    if name.is_empty() || name.len() > DOMAIN {
        return Err(EhloNameError::Length(name.len()));
    }
    let mut start = 0;
    for label in name.split(|&octet| octet == b'.') {
        let inner = |&octet: &u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if let Some(at) = label.iter().position(|octet| !inner(octet)) {
            return Err(EhloNameError::InvalidOctet(start + at));
        }
        match label {
            [] | [b'-', ..] => return Err(EhloNameError::InvalidOctet(start)),
            [.., b'-'] => return Err(EhloNameError::InvalidOctet(start + label.len() - 1)),
            _ if label.len() > LABEL => return Err(EhloNameError::LongLabel(start)),
            _ => start += label.len() + 1,
        }
    }
    Ok(())
}

/// What stands between the brackets of an address literal, RFC 5321 section 4.1.3.
pub(crate) fn check_literal(literal: &[u8]) -> Result<(), EhloNameError> {
    let text = core::str::from_utf8(literal).map_err(|_| EhloNameError::Literal)?;
    let is_address = match text.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => {
            address.parse::<Ipv6Addr>().is_ok()
        }
        _ => text.parse::<Ipv4Addr>().is_ok(),
    };
    if is_address { Ok(()) } else { Err(EhloNameError::Literal) }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn smtp_e1_rfc5321_4_1_1_1_what_is_no_domain_is_refused_with_its_offset() {
        use EhloNameError::{InvalidOctet, Length, Literal, LongLabel};
        let long = "a".repeat(64);
        for (name, error) in [
            ("", Length(0)),
            (".", InvalidOctet(0)),
            ("a.", InvalidOctet(2)),
            ("a..b", InvalidOctet(2)),
            ("-a", InvalidOctet(0)),
            ("a-", InvalidOctet(1)),
            ("a b", InvalidOctet(1)),
            ("a\r\nQUIT", InvalidOctet(1)),
            ("a\n", InvalidOctet(1)),
            ("a\0", InvalidOctet(1)),
            ("a_b", InvalidOctet(1)),
            ("é", InvalidOctet(0)),
            (&long, LongLabel(0)),
            ("[]", Literal),
            ("[1.2.3]", Literal),
            ("[1.2.3.256]", Literal),
            ("[::1]", Literal),
            ("[IPv6:1.2.3.4]", Literal),
            ("[IPv6:::1\r\n]", Literal),
            ("[1.2.3.4", InvalidOctet(0)),
        ] {
            assert_eq!(name.parse::<EhloName>(), Err(error), "{name:?}");
        }
    }

    #[test]
    fn smtp_e1_names_and_literals_are_written_as_read() {
        for name in ["a", "mx-1.example", "1.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            assert_eq!(name.parse::<EhloName>().unwrap().to_string(), name);
        }
        assert!("a".repeat(63).parse::<EhloName>().is_ok());
    }

    #[test]
    fn a_name_of_255_octets_is_taken_and_one_of_256_is_not() {
        let name = |octets: usize| ["a"; 128].join(".")[..octets].to_string();
        assert!(name(255).parse::<EhloName>().is_ok());
        let longer = ["ab", &name(253)].join(".");
        assert_eq!(longer.len(), 256);
        assert_eq!(longer.parse::<EhloName>(), Err(EhloNameError::Length(256)));
    }
}
