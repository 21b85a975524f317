//! Small judgements on text: is it a mail address, a URI; where may it be cut.

use pki_types::DnsName;

/// Whether the text is one addr-spec as [RFC 5321 section 4.1.2] writes a mailbox, in ASCII.
///
/// [RFC 5321 section 4.1.2]: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2
pub(crate) fn is_addr_spec(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let literal = domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']')).is_some_and(
        |literal| {
            !literal.is_empty()
                && literal
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && !matches!(b, b'[' | b'\\' | b']'))
        },
    );
    (is_dot_atom(local) || is_quoted_string(local))
        && (literal || DnsName::try_from(domain).is_ok())
}

/// The domain of a mail address, if it is a domain name.
pub(crate) fn mail_domain(address: &str) -> Option<DnsName<'_>> {
    let (_, domain) = address.rsplit_once('@')?;
    DnsName::try_from(domain).ok()
}

/// `dot-atom-text` of [RFC 5322 section 3.2.3].
///
/// [RFC 5322 section 3.2.3]: https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
pub(crate) fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_quoted_string(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return false;
    };
    let mut bytes = inner.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'\\' => bytes.next().is_some_and(|b| matches!(b, b' '..=b'~')),
            b'"' => false,
            _ => matches!(byte, b' '..=b'~'),
        };
        if !fine {
            return false;
        }
    }
    true
}

/// Whether the text is a URI: a scheme, a colon, and characters that [RFC 3986] allows.
///
/// [RFC 3986]: https://www.rfc-editor.org/rfc/rfc3986#section-2
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_is_fine = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    scheme_is_fine && has_uri_characters(rest.as_bytes())
}

fn has_uri_characters(mut rest: &[u8]) -> bool {
    let mut fragment = false;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match (byte, tail) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                tail
            }
            (b'#', _) if !fragment => {
                fragment = true;
                tail
            }
            _ if byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=".contains(&byte) => tail,
            _ => return false,
        };
    }
    true
}

/// The text, cut to at most `max` bytes where a character ends.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary_at(max)).unwrap_or(text)
}

/// The name with which a host answers EHLO, out of that name, its line, or the whole reply.
///
/// ```text
/// ehlo-ok-rsp = ( "250 " Domain [ SP ehlo-greet ] CRLF )
///             / ( "250-" Domain [ SP ehlo-greet ] CRLF *( "250-" ehlo-line CRLF ) "250 " ehlo-line CRLF )
/// ```
///
/// RFC 5321 section 4.1.1.1. A name may begin with three digits and a hyphen: only where another
/// line follows are they a reply's.
pub(crate) fn ehlo_name(text: &str) -> &str {
    let line = text.split(['\r', '\n']).next().unwrap_or(text);
    let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    let rest = match (code, line.as_bytes().get(3)) {
        (Some(_), Some(b' ')) => line.get(4..),
        (Some(_), Some(b'-')) if line.len() < text.trim_ascii_end().len() => line.get(4..),
        (Some(_), None) => Some(""),
        _ => Some(line),
    };
    rest.unwrap_or_default().split_ascii_whitespace().next().unwrap_or_default()
}

/// Where a character ends at or before an offset; the standard method is newer than our Rust.
trait FloorCharBoundary {
    fn floor_char_boundary_at(&self, max: usize) -> usize;
}

impl FloorCharBoundary for str {
    fn floor_char_boundary_at(&self, max: usize) -> usize {
        if max >= self.len() {
            return self.len();
        }
        (0..=max).rev().find(|&at| self.is_char_boundary(at)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // checks: tlsrpt/J6
    #[test]
    fn rfc5321_4_1_2_addresses() {
        for text in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@b..example",
            ".a@b.example",
            "a b@c.example",
            "a@b@c.example",
            "\"a\"b\"@c.example",
            "a@[",
            "a@[]",
            "mailto:a@b.example,c@d.example",
            "a@b.example,c@d.example",
            "é@b.example",
            "\"a\\\"@b.example",
        ] {
            assert!(!is_addr_spec(text), "{text}");
        }
        for text in [
            "a@b",
            "a.b+c@d.example",
            "\"a b\"@c.example",
            "\"a@b\"@c.example",
            "a@[192.0.2.1]",
            "a!b@c.example",
            "\"a\\\"b\"@c.example",
        ] {
            assert!(is_addr_spec(text), "{text}");
        }
    }

    // checks: tlsrpt/J18
    #[test]
    fn rfc3986_uris() {
        for text in
            ["", "a", "/a", "1a:b", "a b:c", "a:b c", "a:%4", "a:%zz", "a:é", "a:b#c#d", ":b"]
        {
            assert!(!is_uri(text), "{text}");
        }
        for text in ["a:", "https://a.example/b?c=d&e=%20#f", "mailto:a@b", "a+b-c.d:e", "urn:x:y"]
        {
            assert!(is_uri(text), "{text}");
        }
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("abc", 0), "");
    }

    // checks: tlsrpt/J17
    #[test]
    fn rfc8460_4_4_the_name_in_an_ehlo_reply() {
        for (text, name) in [
            ("250-sink\r\n250-STARTTLS\r\n250 SMTPUTF8", "sink"),
            ("250-mx.a.example Hello\r\n250 STARTTLS\r\n", "mx.a.example"),
            ("250 mx.a.example at your service", "mx.a.example"),
            ("250 mx.a.example\r\n", "mx.a.example"),
            ("mx.a.example ESMTP\r\nSTARTTLS", "mx.a.example"),
            ("mx.a.example", "mx.a.example"),
            ("[192.0.2.1]", "[192.0.2.1]"),
            // Names that begin as a reply does.
            ("250-sink.example", "250-sink.example"),
            ("250-sink.example\r\n", "250-sink.example"),
            ("25-sink\r\nx", "25-sink"),
            ("2500 a", "2500"),
            ("250", ""),
            ("250-", "250-"),
            ("250-\r\n250 A", ""),
            ("250 ", ""),
            ("\r\nb", ""),
            ("", ""),
            ("é50-a\r\nb", "é50-a"),
        ] {
            assert_eq!(ehlo_name(text), name, "{text:?}");
        }
    }
}
