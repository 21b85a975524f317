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
        ipv4(text).map(Self::V4).or_else(|| ipv6(text).map(Self::V6))
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
    let (first, rest) = octet(text.as_bytes())?;
    let (second, rest) = octet(rest.strip_prefix(b".")?)?;
    let (third, rest) = octet(rest.strip_prefix(b".")?)?;
    let (fourth, rest) = octet(rest.strip_prefix(b".")?)?;
    rest.is_empty().then(|| Ipv4Addr::new(first, second, third, fourth))
}

/// A decimal number below 256, and what follows its digits.
fn octet(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |byte: u8| Some(u16::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10);
    let (&byte, mut rest) = bytes.split_first()?;
    let mut value = digit(byte)?;
    while let Some((&byte, tail)) = rest.split_first()
        && let Some(next) = digit(byte)
    {
        // Only zero begins with a zero, and it ends there.
        if value == 0 || value > 25 {
            return None;
        }
        (value, rest) = (value * 10 + next, tail);
    }
    u8::try_from(value).ok().map(|value| (value, rest))
}

/// Eight groups of up to four hexadecimal digits, or fewer around one `::`. A form that ends as IPv4
/// is rare, and left to the general parser.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let (rest, mut gap) = match text.strip_prefix("::") {
        Some(rest) => (rest, Some(0)),
        None => (text, None),
    };
    let (mut groups, mut count, mut colon) = (0_u128, 0_u32, false);
    let mut rest = rest.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b':' && colon && gap.is_none() {
            (gap, colon, rest) = (Some(count), false, tail);
            continue;
        }
        let (group, tail) = hexadecimal(rest)?;
        (groups, count) = (groups << 16 | u128::from(group), count + 1);
        (colon, rest) = match tail.split_first() {
            Some((b':', tail)) if count < 8 => (true, tail),
            Some((b'.', _)) => return text.parse().ok(),
            Some(_) => return None,
            None => (false, tail),
        };
    }
    let bits = match gap {
        _ if colon => return None,
        None if count == 8 => groups,
        // spec: RFC 4291 lets a gap stand for one group or more.
        Some(before) if count < 8 => {
            let after = 16 * (count - before);
            let high = (groups >> after).checked_shl(16 * (8 - before)).unwrap_or_default();
            high | groups & ((1 << after) - 1)
        }
        _ => return None,
    };
    Some(Ipv6Addr::from_bits(bits))
}

/// One to four hexadecimal digits, and what follows them.
fn hexadecimal(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let mut value = 0;
    for (length, &byte) in bytes.iter().enumerate() {
        let digit = HEXADECIMAL.get(usize::from(byte)).copied().unwrap_or(NO_DIGIT);
        if digit == NO_DIGIT {
            return if length > 0 { Some((value, bytes.get(length..)?)) } else { None };
        }
        if length == 4 {
            return None;
        }
        value = value << 4 | u16::from(digit);
    }
    (!bytes.is_empty()).then_some((value, &[]))
}

/// For each byte the value of the hexadecimal digit that it is.
#[expect(clippy::indexing_slicing, reason = "run by the compiler, which refuses a wrong index")]
static HEXADECIMAL: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        let [lower, upper] = match digit {
            0..10 => [b'0' + digit; 2],
            _ => [b'a' + digit - 10, b'A' + digit - 10],
        };
        values[lower as usize] = digit;
        values[upper as usize] = digit;
        digit += 1;
    }
    values
};
const NO_DIGIT: u8 = u8::MAX;

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
    fn ipv6_addresses_are_those_of_core() {
        let parts =
            ["", ":", "::", "0", "1:", "a:B:", "ffff", "fffff", ":c", "1:2:3:4:5", "1.2.3.4", "g"];
        let mut text = alloc::string::String::new();
        for a in parts {
            for b in parts {
                for c in parts {
                    for d in parts {
                        text.clear();
                        text.extend([a, b, c, d]);
                        assert_eq!(ipv6(&text), text.parse().ok(), "{text}");
                    }
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
