//! An `mx` pattern of a policy, and whether an MX host matches it.

use alloc::borrow::Cow;
use core::fmt;
use core::str::FromStr;

use crate::bytes::same_name;
use crate::name::{HostName, LABEL_MAX, LastLabel, NAME_MAX, last_label};

/// A host name, or `*.` and a domain: which MX hosts a policy allows.
///
/// `["*."] Domain` of [RFC 8461 section 3.2](https://www.rfc-editor.org/rfc/rfc8461#section-3.2), with
/// labels of at most 63 and a domain of at most 253 bytes. Case does not matter: patterns that differ
/// in case alone are equal. `Display` writes it in lower case.
///
/// ```
/// use mta_sts::{HostName, MxPattern};
///
/// let pattern = MxPattern::try_from("*.example.org")?;
/// assert!(pattern.matches(&"mx1.example.org".parse::<HostName>()?));
/// assert!(!pattern.matches(&"example.org".parse::<HostName>()?));
/// assert!(!pattern.matches(&"a.mx1.example.org".parse::<HostName>()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MxPattern<'a> {
    domain: Cow<'a, str>,
    kind: PatternKind,
}

/// Whether a pattern stands for one host or for all with one more label.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum PatternKind {
    Host,
    Wildcard,
}

impl<'a> MxPattern<'a> {
    pub(crate) const fn new(domain: &'a str, kind: PatternKind) -> Self {
        Self { domain: Cow::Borrowed(domain), kind }
    }

    /// The pattern without `*.`, as it was written.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it begins with `*.`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.kind == PatternKind::Wildcard
    }

    /// Whether its last label is a number, as in `192.0.2.1`. Such a pattern matches no host.
    #[must_use]
    pub fn is_address(&self) -> bool {
        last_label(self.domain.as_bytes()) == LastLabel::Number
    }

    /// Whether the host is one that this pattern allows.
    ///
    /// A wildcard stands for exactly one label (section 4.1).
    #[must_use]
    pub fn matches(&self, host: &HostName) -> bool {
        if host.last_label() == LastLabel::Number {
            return false;
        }
        let name = match self.kind {
            PatternKind::Host => Some(host.as_str().as_bytes()),
            PatternKind::Wildcard => host.parent(),
        };
        name.is_some_and(|name| same_name(name, self.domain.as_bytes()))
    }

    /// The same pattern, independent of the text that it was read from.
    #[must_use]
    pub fn into_owned(self) -> MxPattern<'static> {
        MxPattern { domain: Cow::Owned(self.domain.into_owned()), kind: self.kind }
    }
}

impl<'a> TryFrom<&'a str> for MxPattern<'a> {
    type Error = PatternError;

    fn try_from(pattern: &'a str) -> Result<Self, Self::Error> {
        let (domain, kind, at) = match pattern.strip_prefix("*.") {
            Some(domain) => (domain, PatternKind::Wildcard, 2),
            None => (pattern, PatternKind::Host, 0),
        };
        let len = scan_domain(domain.as_bytes()).map_err(|error| error.after(at))?;
        if len < domain.len() {
            return Err(PatternError::InvalidByte(at + len));
        }
        Ok(Self::new(domain, kind))
    }
}

impl FromStr for MxPattern<'static> {
    type Err = PatternError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        MxPattern::try_from(pattern).map(MxPattern::into_owned)
    }
}

impl Eq for MxPattern<'_> {}

impl PartialEq for MxPattern<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && same_name(self.domain.as_bytes(), other.domain.as_bytes())
    }
}

impl fmt::Display for MxPattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_wildcard() {
            f.write_str("*.")?;
        }
        f.write_str(&self.domain.to_ascii_lowercase())
    }
}

/// Why a text is not an [`MxPattern`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PatternError {
    /// The label at this offset is empty.
    #[error("the label at offset {0} is empty")]
    EmptyLabel(usize),
    /// The label that ends before this offset begins or ends with a hyphen.
    #[error("the label that ends before offset {0} begins or ends with a hyphen")]
    Hyphen(usize),
    /// The byte at this offset is not a letter, digit, hyphen or dot. `*` stands only as first label.
    #[error("byte at offset {0} is not a letter, digit, '-' or '.'")]
    InvalidByte(usize),
    /// The label that ends before this offset has more than 63 bytes.
    #[error("the label that ends before offset {0} has more than {max} bytes", max = LABEL_MAX)]
    LabelTooLong(usize),
    /// The name has this many bytes, more than 253.
    #[error("the name has {0} bytes, at most {max} are allowed", max = NAME_MAX)]
    TooLong(usize),
}

impl PatternError {
    /// A stable word for logs and reports: `invalid-pattern`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        "invalid-pattern"
    }

    /// The same error in a text with `before` more bytes at its start.
    pub(crate) const fn after(self, before: usize) -> Self {
        match self {
            Self::EmptyLabel(at) => Self::EmptyLabel(at + before),
            Self::Hyphen(at) => Self::Hyphen(at + before),
            Self::InvalidByte(at) => Self::InvalidByte(at + before),
            Self::LabelTooLong(at) => Self::LabelTooLong(at + before),
            Self::TooLong(len) => Self::TooLong(len),
        }
    }
}

/// How many bytes at the start of `text` are a `Domain`: all up to the first byte that is in none.
///
/// `Domain = sub-domain *("." sub-domain)`, `sub-domain = Let-dig [Ldh-str]`: RFC 5321 section 4.1.2.
///
/// A large policy is little else, so a name without fault is read run by run of letters and digits,
/// each in a loop that looks at a byte once.
#[inline]
pub(crate) fn scan_domain(text: &[u8]) -> Result<usize, PatternError> {
    let mut left = text;
    loop {
        let len = left.iter().position(|&byte| !IS_LET_DIG.is(byte)).unwrap_or(left.len());
        match left.get(len..) {
            // Neither a label nor what follows a hyphen begins otherwise.
            _ if len == 0 => return check_domain(text),
            Some([b'.', rest @ ..]) => left = rest,
            Some([b'-', rest @ ..]) => left = trim_hyphens(rest),
            // A name this short has no label that is too long.
            Some(rest) if text.len() - rest.len() <= LABEL_MAX => {
                return Ok(text.len() - rest.len());
            }
            _ => return check_domain(text),
        }
    }
}

fn trim_hyphens(mut text: &[u8]) -> &[u8] {
    while let [b'-', rest @ ..] = text {
        text = rest;
    }
    text
}

/// The same, slower, and with the reason if there is none.
#[cold]
fn check_domain(text: &[u8]) -> Result<usize, PatternError> {
    let mut label_at = 0;
    loop {
        let label = text.get(label_at..).unwrap_or_default();
        let len = label.iter().position(|&byte| !is_label_byte(byte)).unwrap_or(label.len());
        let end = label_at + len;
        match label.get(..len) {
            None | Some([]) => {
                let stray = label.first().is_some_and(|&byte| byte != b'.');
                let error =
                    if stray { PatternError::InvalidByte } else { PatternError::EmptyLabel };
                return Err(error(label_at));
            }
            Some([b'-', ..] | [.., b'-']) => return Err(PatternError::Hyphen(end)),
            Some(_) if len > LABEL_MAX => return Err(PatternError::LabelTooLong(end)),
            Some(_) => {}
        }
        if label.get(len) == Some(&b'.') {
            label_at = end + 1;
        } else if end > NAME_MAX {
            return Err(PatternError::TooLong(end));
        } else {
            return Ok(end);
        }
    }
}

const fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// A set of bytes.
struct ByteSet([bool; 256]);

impl ByteSet {
    #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
    const fn is(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }
}

static IS_LET_DIG: ByteSet = let_digs();

#[expect(clippy::indexing_slicing, reason = "`at` is below the length")]
const fn let_digs() -> ByteSet {
    let mut set = [false; 256];
    let mut at = 0;
    while at < set.len() {
        set[at] = (at as u8).is_ascii_alphanumeric();
        at += 1;
    }
    ByteSet(set)
}

#[cfg(test)]
#[path = "mx_tests.rs"]
mod tests;
