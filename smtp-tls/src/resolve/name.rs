//! Domain names as this crate passes them around.

use core::borrow::Borrow;
use core::fmt;
use core::str::FromStr;

use super::limits;

/// A domain name: lower-case A-labels, no root dot, at most 253 bytes.
///
/// Names are normalised once, here: upper-case letters become lower-case and one root dot is
/// dropped. Labels have 1 to 63 bytes of printable ASCII; an underscore is legal, because DNS names
/// are wider than host names. U-labels are refused: convert them first. The root itself is `.`, as
/// it stands in a null MX ([RFC 7505](https://www.rfc-editor.org/rfc/rfc7505)).
///
/// ```
/// use smtp_tls::resolve::Name;
///
/// let name: Name = "_25._TCP.MX1.Example.org.".parse()?;
/// assert_eq!(name.as_str(), "_25._tcp.mx1.example.org");
/// # Ok::<(), smtp_tls::resolve::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(Box<str>);

impl Name {
    /// The name as text: `example.org`, or `.` for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root of the DNS.
    #[must_use]
    pub fn is_root(&self) -> bool {
        &*self.0 == "."
    }

    /// This name with one more label, or several, in front.
    ///
    /// # Errors
    ///
    /// As for parsing: what is put in front may be no label, or the whole too long.
    pub fn with_prefix(&self, labels: &str) -> Result<Self, NameError> {
        if self.is_root() { labels.parse() } else { format!("{labels}.{self}").parse() }
    }

    /// The name that these labels of the wire make, the root's empty label left out.
    ///
    /// # Errors
    ///
    /// As for parsing. A name of the wire may hold any byte, a dot within a label included: such
    /// names cannot be written as text without escapes and are refused.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NameError> {
        let mut text = String::new();
        for label in labels {
            if !text.is_empty() {
                text.push('.');
            }
            let at = text.len();
            check_label(label, at)?;
            text.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
        }
        if text.is_empty() {
            text.push('.');
        }
        check_length(&text)?;
        Ok(Self(text.into()))
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "." {
            return Ok(Self(text.into()));
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        check_length(text)?;
        let mut at = 0;
        for label in text.split('.') {
            check_label(label.as_bytes(), at)?;
            at += label.len() + 1;
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a [`Name`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// The label that starts at this offset has no byte or more than 63.
    #[error("label at offset {0} has no byte or more than 63")]
    Label(usize),
    /// The byte at this offset cannot stand in a name that is written as text.
    #[error("byte at offset {0} cannot stand in a name, expected printable ASCII")]
    InvalidByte(usize),
    /// The name has this many bytes.
    #[error("name has {0} bytes, not at most {max}", max = limits::NAME)]
    Length(usize),
}

fn check_length(text: &str) -> Result<(), NameError> {
    if text.len() > limits::NAME { Err(NameError::Length(text.len())) } else { Ok(()) }
}

fn check_label(label: &[u8], at: usize) -> Result<(), NameError> {
    if label.is_empty() || label.len() > limits::LABEL {
        return Err(NameError::Label(at));
    }
    let refused = |byte: &u8| !byte.is_ascii_graphic() || matches!(byte, b'.' | b'\\' | b'"');
    match label.iter().position(refused) {
        Some(offset) => Err(NameError::InvalidByte(at + offset)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_labels_are_refused_with_their_offset() {
        for (text, at) in [("", 0), ("..", 0), (".a", 0), ("a..b", 2), ("a..", 2)] {
            assert_eq!(text.parse::<Name>(), Err(NameError::Label(at)), "{text:?}");
        }
    }

    #[test]
    fn bytes_that_need_escapes_are_refused_with_their_offset() {
        for (text, at) in
            [("a b", 1), ("a.\u{fc}", 2), ("a\\b", 1), ("a\u{0}", 1), ("a.b\"", 3), ("a.\u{7f}", 2)]
        {
            assert_eq!(text.parse::<Name>(), Err(NameError::InvalidByte(at)), "{text:?}");
        }
        assert_eq!(Name::from_labels([&b"a.b"[..]]), Err(NameError::InvalidByte(1)));
    }

    #[test]
    fn labels_have_at_most_63_bytes() {
        assert!("a".repeat(63).parse::<Name>().is_ok());
        assert_eq!("a".repeat(64).parse::<Name>(), Err(NameError::Label(0)));
    }

    #[test]
    fn names_have_at_most_253_bytes() {
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert_eq!(long.len(), 253);
        assert!(long.parse::<Name>().is_ok());
        assert!(format!("{long}.").parse::<Name>().is_ok());
        let longer = format!("{long}b");
        assert_eq!(longer.parse::<Name>(), Err(NameError::Length(254)));
        assert_eq!(
            Name::from_labels(longer.split('.').map(str::as_bytes)),
            Err(NameError::Length(254))
        );
    }

    #[test]
    fn case_and_root_dot_do_not_count() {
        let name: Name = "MX.Example.ORG.".parse().unwrap();
        assert_eq!(name, "mx.example.org".parse().unwrap());
        assert_eq!(Name::from_labels([&b"MX"[..], b"example", b"org"]).unwrap(), name);
        assert_eq!(name.to_string().parse(), Ok(name));
    }

    #[test]
    fn the_root_is_a_dot() {
        let root: Name = ".".parse().unwrap();
        assert!(root.is_root());
        assert_eq!(Name::from_labels([]), Ok(root.clone()));
        assert_eq!(root.with_prefix("org").unwrap().as_str(), "org");
    }

    #[test]
    fn prefixes_go_in_front() {
        let name: Name = "mx.example".parse().unwrap();
        assert_eq!(name.with_prefix("_25._tcp").unwrap().as_str(), "_25._tcp.mx.example");
        assert_eq!(name.with_prefix(""), Err(NameError::Label(0)));
    }
}
