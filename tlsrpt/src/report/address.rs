//! The addresses of a failure: IPv4, IPv6, or what somebody wrote instead.

use alloc::borrow::Cow;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::result::own;

/// An address as a report gives it.
///
/// `Display` writes IPv6 in the form of RFC 5952, as [RFC 8460 section 4.4] asks of writers.
///
/// [RFC 8460 section 4.4]: https://www.rfc-editor.org/rfc/rfc8460#section-4.4
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Address<'a> {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// Text from which no address could be taken; a [`Tally`](crate::Tally) drops it.
    Text(Cow<'a, str>),
}

impl<'a> Address<'a> {
    /// The address, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::V4(ip) => Some(IpAddr::V4(*ip)),
            Self::V6(ip) => Some(IpAddr::V6(*ip)),
            Self::Text(_) => None,
        }
    }

    /// Reads exactly an IPv4 or IPv6 address, in any form of RFC 4291.
    pub(crate) fn exact(text: &str) -> Option<Self> {
        // An address of either kind begins with a hexadecimal digit or a colon, and is short.
        if text.len() > 45 {
            return None;
        }
        if text.bytes().any(|byte| byte == b':') {
            text.parse().ok().map(Self::V6)
        } else {
            ipv4(text).map(Self::V4)
        }
    }

    /// Reads an address out of a text that is more than one: brackets, a tag, a port, a list.
    pub(crate) fn clear(text: &str) -> Option<Self> {
        let first = text.split([',', ';', ' ', '\t']).find(|item| !item.is_empty())?;
        let untagged = match first.split_at_checked(5) {
            Some((tag, rest)) if tag.eq_ignore_ascii_case("IPv6:") => rest,
            _ => first,
        };
        if let Some(ip) = Self::exact(untagged) {
            return Some(ip);
        }
        if let Some(inner) = untagged.strip_prefix('[') {
            let (inner, rest) = inner.split_once(']')?;
            let port = rest.strip_prefix(':').unwrap_or(rest);
            let clear = port.bytes().all(|b| b.is_ascii_digit());
            return if clear { Self::clear(inner) } else { None };
        }
        let (ip, port) = untagged.split_once(':')?;
        let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        if is_port { ip.parse().ok().map(Self::V4) } else { None }
    }

    /// The same address, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> Address<'static> {
        match self {
            Self::V4(ip) => Address::V4(ip),
            Self::V6(ip) => Address::V6(ip),
            Self::Text(text) => Address::Text(own(text)),
        }
    }
}

impl<'a> From<&'a str> for Address<'a> {
    /// Reads an address, also out of brackets, a tag, a port or a list where it is clear.
    fn from(text: &'a str) -> Self {
        Self::exact(text).or_else(|| Self::clear(text)).unwrap_or(Self::Text(Cow::Borrowed(text)))
    }
}

impl From<IpAddr> for Address<'_> {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6(ip),
        }
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(ip) => ip.fmt(f),
            Self::V6(ip) => ip.fmt(f),
            Self::Text(text) => f.pad(text),
        }
    }
}

impl serde::Serialize for Address<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Four decimal numbers below 256 without leading zeros. Reports are full of these, so they are
/// read without the general parser.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut places = octets.iter_mut();
    let mut place = places.next()?;
    let mut digits = 0;
    for byte in text.bytes() {
        if byte == b'.' && digits > 0 {
            place = places.next()?;
            digits = 0;
        } else if byte.is_ascii_digit() && (digits == 0 || *place > 0) {
            *place = place.checked_mul(10)?.checked_add(byte - b'0')?;
            digits += 1;
        } else {
            return None;
        }
    }
    (digits > 0 && places.next().is_none()).then(|| octets.into())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn clear(text: &str) -> Option<alloc::string::String> {
        Address::clear(text).map(|ip| ip.to_string())
    }

    #[test]
    fn rfc8460_4_4_exact_addresses() {
        for text in [
            "",
            "192.0.2",
            "192.0.2.1.1",
            "192.0.02.1",
            "[2001:db8::1]",
            "mx.example",
            "::g",
            "192.0.2.1 ",
            "fe80::1%eth0",
        ] {
            assert_eq!(Address::exact(text), None, "{text}");
        }
        for (text, canonical) in [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            ("2001:db8::", "2001:db8::"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ] {
            assert_eq!(Address::exact(text).unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn ipv4_addresses_are_those_of_core() {
        let parts = [
            "", "0", "1", "9", "00", "01", "10", "99", "100", "255", "256", "999", "1000", "a",
            "-1",
        ];
        for a in parts {
            for b in parts {
                for text in [
                    alloc::format!("{a}.{b}.1.2"),
                    alloc::format!("1.2.{a}.{b}"),
                    alloc::format!("{a}.1.{b}"),
                    alloc::format!("{a}.1.2.3.{b}"),
                    alloc::format!("{a}..{b}.1"),
                ] {
                    assert_eq!(ipv4(&text), text.parse().ok(), "{text}");
                }
            }
        }
    }

    #[test]
    fn an_address_is_taken_out_where_it_is_clear() {
        for (text, ip) in [
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:25", "2001:db8::1"),
            ("IPv6:2001:db8::1", "2001:db8::1"),
            ("[ipv6:2001:db8::1]", "2001:db8::1"),
            ("192.0.2.1:25", "192.0.2.1"),
            ("[192.0.2.1]", "192.0.2.1"),
            (" 192.0.2.1, 192.0.2.2", "192.0.2.1"),
            ("192.0.2.1;192.0.2.2", "192.0.2.1"),
        ] {
            assert_eq!(clear(text).as_deref(), Some(ip), "{text}");
        }
        for text in
            ["", ",", "mx.example.net", "192.0.2.1:", "192.0.2.1:smtp", "[2001:db8::1", "mx:25"]
        {
            assert_eq!(clear(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_is_as_small_as_a_text() {
        assert_eq!(size_of::<Option<Address<'_>>>(), size_of::<Cow<'_, str>>());
    }
}
