//! Any name that the DNS may hold, for aliases and questions.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::Name;

/// Any name of the DNS: its labels may hold any octets, letters are in lower case.
///
/// An alias may point to a name that is none of a host; it is followed all the same. `Display`
/// writes the form of zone files, without the root dot but for the root itself:
///
/// ```text
/// name  = "." / label *( "." label ) [ "." ]
/// label = 1*( "\" 3DIGIT / "\" OCTET / OCTET )    ; an OCTET as it stands is no dot
/// ```
///
/// [RFC 1035 section 5.1](https://www.rfc-editor.org/rfc/rfc1035#section-5.1),
/// [RFC 2181 section 11](https://www.rfc-editor.org/rfc/rfc2181#section-11).
///
/// ```
/// let name: dane::DomainName = r"-CDN.a\.b.example.".parse()?;
/// assert_eq!(name.to_string(), r"-cdn.a\.b.example");
/// assert_eq!(name.labels().collect::<Vec<_>>(), [&b"-cdn"[..], b"a.b", b"example"]);
/// assert!(dane::Name::try_from(&name).is_err());
/// # Ok::<(), dane::DomainNameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct DomainName(
    /// As on the wire, without the root's empty label.
    Vec<u8>,
);

impl DomainName {
    /// The name of these labels, the root's empty label left out.
    ///
    /// # Errors
    ///
    /// [`DomainNameError`] if a label has no octet or too many, or there are too many in all.
    pub fn from_labels<'a>(
        labels: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, DomainNameError> {
        let mut name = Self(Vec::new());
        for label in labels {
            name.push(label)?;
        }
        Ok(name)
    }

    fn push(&mut self, label: &[u8]) -> Result<(), DomainNameError> {
        let len = match u8::try_from(label.len()) {
            Ok(len @ 1..=limits::LABEL) => len,
            _ => return Err(DomainNameError::Label(label.len())),
        };
        self.0.push(len);
        self.0.extend(label.iter().map(u8::to_ascii_lowercase));
        // One more for the root.
        if self.0.len() < limits::NAME { Ok(()) } else { Err(DomainNameError::Length) }
    }

    /// The labels, the root's empty label left out.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.0.as_slice();
        core::iter::from_fn(move || {
            let (len, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(usize::from(*len))?;
            rest = after;
            Some(label)
        })
    }

    /// The owner name of the TLSA records of this base domain; none if it is too long for the DNS.
    pub(crate) fn tlsa_owner(&self, port: u16) -> Option<Self> {
        let port = alloc::format!("_{port}");
        let labels = [port.as_bytes(), b"_tcp"].into_iter().chain(self.labels());
        Self::from_labels(labels).ok()
    }
}

impl From<&Name> for DomainName {
    fn from(name: &Name) -> Self {
        let labels = name.as_str().split('.').map(str::as_bytes);
        // The labels of a host name fit: it has at most 253 octets as text.
        Self::from_labels(labels).unwrap_or(Self(Vec::new()))
    }
}

impl FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, DomainNameError> {
        let mut name = Self(Vec::new());
        if text == "." {
            return Ok(name);
        }
        let (mut label, mut rest) = (Vec::new(), text.as_bytes());
        loop {
            rest = match rest {
                [] | [b'.'] => {
                    name.push(&label)?;
                    return Ok(name);
                }
                [b'.', after @ ..] => {
                    name.push(&label)?;
                    label.clear();
                    after
                }
                [b'\\', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..] => {
                    let digits = [a, b, c].map(|digit| u16::from(digit.wrapping_sub(b'0')));
                    let octet = digits
                        .iter()
                        .fold(0_u16, |sum, digit| sum.saturating_mul(10).saturating_add(*digit));
                    label.push(u8::try_from(octet).map_err(|_| DomainNameError::Escape)?);
                    after
                }
                [b'\\', b'0'..=b'9', ..] | [b'\\'] => return Err(DomainNameError::Escape),
                [b'\\', octet, after @ ..] | [octet, after @ ..] => {
                    label.push(*octet);
                    after
                }
            };
        }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        for (at, label) in self.labels().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            for octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(*octet))?;
                    }
                    0x21..=0x7e => write!(f, "{}", char::from(*octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
        }
        Ok(())
    }
}

/// Why labels or a text are no [`DomainName`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DomainNameError {
    /// A backslash is followed by nothing, or by digits that are not three or not 0 to 255.
    #[error("backslash without an octet, or three digits, behind it")]
    Escape,
    /// A label has this many octets.
    #[error("label has {0} octets, expected 1 to {max}", max = limits::LABEL)]
    Label(usize),
    /// There are more octets than a name can have.
    #[error("name has more than {max} octets", max = limits::NAME)]
    Length,
}

/// Limits of [RFC 1035 section 2.3.4](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4).
mod limits {
    /// Octets of a label.
    pub(super) const LABEL: u8 = 63;
    /// Octets of a name on the wire.
    pub(super) const NAME: usize = 255;
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::{format, vec};

    use super::*;

    fn parse(text: &str) -> Result<DomainName, DomainNameError> {
        text.parse()
    }

    #[test]
    fn rfc1035_2_3_4_limits_of_labels_and_names() {
        for text in ["", "a..b", ".a", "..", "a.."] {
            assert_eq!(parse(text), Err(DomainNameError::Label(0)), "{text:?}");
        }
        assert!(parse(&"a".repeat(63)).is_ok());
        assert_eq!(parse(&"a".repeat(64)), Err(DomainNameError::Label(64)));
        assert_eq!(parse(&"a".repeat(300)), Err(DomainNameError::Label(300)));
        let long = "a.".repeat(127);
        assert_eq!(parse(&long).unwrap().labels().count(), 127);
        assert_eq!(parse(&format!("{long}a")), Err(DomainNameError::Length));
    }

    #[test]
    fn rfc1035_5_1_escapes() {
        for text in ["a\\", "a\\1", "a\\12", "a\\12x", "a\\256", "a\\999"] {
            assert_eq!(parse(text), Err(DomainNameError::Escape), "{text:?}");
        }
        let name = parse("\\A\\.b.\\000\\255 c.\u{e4}").unwrap();
        let labels: Vec<&[u8]> = name.labels().collect();
        assert_eq!(labels, [&b"a.b"[..], b"\0\xff c", "\u{e4}".as_bytes()]);
        assert_eq!(name.to_string(), "a\\.b.\\000\\255\\032c.\\195\\164");
    }

    #[test]
    fn any_octets_are_written_and_read_again() {
        for octet in 0..=255 {
            let label = [octet, b'1', octet];
            let name = DomainName::from_labels([&label[..], b"example"]).unwrap();
            assert_eq!(parse(&name.to_string()), Ok(name.clone()), "{octet}");
            assert_eq!(parse(&format!("{name}.")), Ok(name));
        }
        assert_eq!(parse(".").unwrap().to_string(), ".");
        assert_eq!(DomainName::from_labels([]), parse("."));
    }

    #[test]
    fn a_host_name_is_one_of_them_and_comes_back() {
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        for text in ["mx.example.org", "_a.b_c", "xn--bcher-kva.example", &longest] {
            let name: Name = text.parse().unwrap();
            let wide = DomainName::from(&name);
            assert_eq!(wide.to_string(), text);
            assert_eq!(Name::try_from(&wide), Ok(name));
        }
        for text in ["-cdn.example", "a\\.b.example", "a b", "a*", "1.2", "\u{e4}", "."] {
            assert!(Name::try_from(&parse(text).unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn dane_t1_owner_names() {
        let owner = |base: &str| parse(base).unwrap().tlsa_owner(25).map(|it| it.to_string());
        assert_eq!(owner("MX.example"), Some("_25._tcp.mx.example".into()));
        assert_eq!(owner("-cdn.example"), Some("_25._tcp.-cdn.example".into()));
        // Nine octets in front, and 255 with the root.
        let base = |last: usize| {
            let labels: Vec<String> = vec!["a".repeat(63); 3];
            format!("{}.{}", labels.join("."), "b".repeat(last))
        };
        assert!(owner(&base(52)).is_some());
        assert_eq!(owner(&base(53)), None);
    }
}
