//! Pieces of JSON text, written without allocation.

use core::net::{Ipv4Addr, Ipv6Addr};

use alloc::string::String;

use crate::report::Address;

/// Where JSON text goes: into a string, or only its length into a number.
pub(crate) trait Sink {
    fn raw(&mut self, text: &str);
}

impl Sink for String {
    fn raw(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Counts bytes instead of keeping them.
#[derive(Debug, Default)]
pub(crate) struct Length(pub(crate) usize);

impl Sink for Length {
    fn raw(&mut self, text: &str) {
        self.0 += text.len();
    }
}

/// A JSON string: quotes around it, and escapes only where JSON demands them.
pub(crate) fn string(out: &mut impl Sink, text: &str) {
    out.raw("\"");
    if needs_escape(text) {
        escaped(out, text)
    } else {
        out.raw(text)
    }
    out.raw("\"");
}

/// Looks at all bytes without stopping early, which the compiler turns into wide instructions.
fn needs_escape(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte < 0x20) | (byte == b'"') | (byte == b'\\'))
}

#[cold]
fn escaped(out: &mut impl Sink, mut text: &str) {
    while let Some(at) = text.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        let (plain, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        out.raw(plain);
        let mut characters = rest.chars();
        match characters.next() {
            Some('\u{8}') => out.raw("\\b"),
            Some('\t') => out.raw("\\t"),
            Some('\n') => out.raw("\\n"),
            Some('\u{c}') => out.raw("\\f"),
            Some('\r') => out.raw("\\r"),
            Some('"') => out.raw("\\\""),
            Some('\\') => out.raw("\\\\"),
            Some(control) => {
                let code = u32::from(control);
                out.raw("\\u00");
                out.raw(hex_digit(code >> 4));
                out.raw(hex_digit(code & 0xf));
            }
            None => {}
        }
        text = characters.as_str();
    }
    out.raw(text);
}

/// A number in decimal.
pub(crate) fn number(out: &mut impl Sink, mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut length = 0;
    for place in digits.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
        length += 1;
        if value == 0 {
            break;
        }
    }
    ascii(out, digits.get(digits.len() - length..).unwrap_or_default());
}

/// The lower-case hexadecimal digit of a number below 16.
fn hex_digit(value: u32) -> &'static str {
    let at = (value & 0xf) as usize;
    "0123456789abcdef".get(at..=at).unwrap_or_default()
}

fn ascii(out: &mut impl Sink, bytes: &[u8]) {
    out.raw(core::str::from_utf8(bytes).unwrap_or_default());
}

impl Address<'_> {
    /// The text of the address: for IPv6 the form of RFC 5952, as `Display` writes it.
    pub(crate) fn write(&self, out: &mut impl Sink) {
        match self {
            Self::V4(ip) => ipv4(out, *ip),
            Self::V6(ip) => ipv6(out, *ip),
            Self::Text(text) => out.raw(text),
        }
    }
}

fn ipv4(out: &mut impl Sink, ip: Ipv4Addr) {
    for (at, octet) in ip.octets().into_iter().enumerate() {
        out.raw(if at == 0 { "" } else { "." });
        number(out, octet.into());
    }
}

/// RFC 5952 section 4: no leading zeros, the first longest run of two or more zeros as `::`,
/// lower case; section 5: IPv4-mapped addresses in mixed notation.
fn ipv6(out: &mut impl Sink, ip: Ipv6Addr) {
    if let Some(ip) = ip.to_ipv4_mapped() {
        out.raw("::ffff:");
        return ipv4(out, ip);
    }
    let segments = ip.segments();
    let (start, length) = longest_zeros(segments);
    let mut colon = false;
    for (at, segment) in segments.into_iter().enumerate() {
        if length > 1 && at >= start && at < start + length {
            out.raw(if at == start { "::" } else { "" });
            colon = false;
            continue;
        }
        out.raw(if colon { ":" } else { "" });
        hexadecimal(out, segment);
        colon = true;
    }
}

/// Where the first longest run of zeros begins, and its length.
fn longest_zeros(segments: [u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((0, 0), (0, 0));
    for (at, segment) in segments.into_iter().enumerate() {
        run = match (segment, run) {
            (0, (_, 0)) => (at, 1),
            (0, (start, length)) => (start, length + 1),
            _ => (0, 0),
        };
        if run.1 > best.1 {
            best = run;
        }
    }
    best
}

fn hexadecimal(out: &mut impl Sink, segment: u16) {
    let mut digits = [0_u8; 4];
    let mut length = 0;
    let mut value = segment;
    for place in digits.iter_mut().rev() {
        *place = match (value & 0xf) as u8 {
            digit @ 0..=9 => b'0' + digit,
            digit => b'a' + digit - 10,
        };
        value >>= 4;
        length += 1;
        if value == 0 {
            break;
        }
    }
    ascii(out, digits.get(digits.len() - length..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn of(write: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn strings_are_those_of_serde_json() {
        let mut all: String = ('\0'..='\u{80}').collect();
        all.push_str("é\u{2028}😀");
        for text in ["", "a", "\"", "a\\b", "\u{1f}\u{7f}", &all] {
            let written = of(|out| string(out, text));
            assert_eq!(written, serde_json::to_string(text).unwrap());
            let mut length = Length::default();
            string(&mut length, text);
            assert_eq!(length.0, written.len());
        }
    }

    #[test]
    fn numbers_are_those_of_core() {
        for value in [0, 9, 10, 99, 100, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(of(|out| number(out, value)), value.to_string());
        }
    }

    // checks: tlsrpt/J3
    #[test]
    fn rfc5952_4_addresses_are_those_of_core() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 33
        };
        let fixed = [
            "::",
            "::1",
            "1::",
            "0:1::",
            "1:0:0:2:0:0:0:3",
            "1:0:0:2:3:0:0:4",
            "::ffff:1.2.3.4",
            "1:0:2:3:4:5:6:7",
            "::1.2.3.4",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ];
        let fixed = fixed
            .iter()
            .map(|text| text.parse::<Ipv6Addr>().unwrap())
            .collect::<alloc::vec::Vec<_>>();
        let random = (0..2_000).map(|_| {
            let mut segments = [0_u16; 8];
            for segment in &mut segments {
                *segment = if next() % 2 == 0 { 0 } else { (next() >> (next() % 16)) as u16 };
            }
            Ipv6Addr::from(segments)
        });
        for ip in fixed.into_iter().chain(random.collect::<alloc::vec::Vec<_>>()) {
            assert_eq!(of(|out| Address::V6(ip).write(out)), ip.to_string());
        }
        let ip = Ipv4Addr::new(203, 0, 113, 9);
        assert_eq!(of(|out| Address::V4(ip).write(out)), ip.to_string());
    }
}
