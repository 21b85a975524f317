//! Names as the rest of the crate uses them: lower case, A-labels, no dot at the end.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::mx::PatternKind;
use crate::shape::Shape;

/// The name of an MX host, made comparable: lower case, A-labels, no dot at its end.
///
/// It is the name in the MX record, or the domain itself if it has no MX record; never the target
/// of a CNAME. Labels are 1 to 63 letters, digits, hyphens and underscores, 253 bytes in all.
/// U-labels are converted with feature `idna` and refused without it.
///
/// ```
/// let host: mta_sts::HostName = "MX1.Example.ORG.".parse()?;
/// assert_eq!(host.as_str(), "mx1.example.org");
/// # Ok::<(), mta_sts::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HostName {
    text: Box<str>,
    /// Where the second label begins; 0 if there is none.
    parent_at: u8,
    last_label: LastLabel,
    /// Of a pattern that is this name.
    shape: Shape,
    /// Of a wildcard that stands for it; that of no pattern if there is no parent.
    parent_shape: Shape,
}

/// What the last label of a name tells.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum LastLabel {
    /// It is a name.
    Name,
    /// It is all digits: no host has such a name, it is an address or a part of one.
    Number,
}

impl HostName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name without its first label, if any is left.
    pub(crate) fn parent(&self) -> Option<&[u8]> {
        match self.parent_at {
            0 => None,
            at => self.text.as_bytes().get(usize::from(at)..),
        }
    }

    /// Whether a pattern of this shape may stand for the name; nearly always it then does.
    #[inline]
    pub(crate) fn may_match(&self, shape: Shape) -> bool {
        shape == self.shape || shape == self.parent_shape
    }

    /// The shape of a pattern that is this name.
    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// The shape of a wildcard that stands for this name.
    pub(crate) const fn parent_shape(&self) -> Shape {
        self.parent_shape
    }

    /// Whether this can be the name of a host at all.
    pub(crate) const fn last_label(&self) -> LastLabel {
        self.last_label
    }
}

impl FromStr for HostName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut text = String::with_capacity(name.len());
        normalise(name, &mut text)?;
        let parent_at = text.find('.').and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0);
        let name = text.as_bytes();
        let parent = name.get(usize::from(parent_at)..).filter(|_| parent_at > 0);
        let shape = Shape::new(name, PatternKind::Host);
        let parent_shape = Shape::new(parent.unwrap_or_default(), PatternKind::Wildcard);
        let last_label = last_label(name);
        Ok(Self { text: text.into_boxed_str(), parent_at, last_label, shape, parent_shape })
    }
}

impl AsRef<str> for HostName {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The domain whose policy is asked for, made comparable like a [`HostName`].
///
/// It is the part of the recipient address after the `@`, or the smart host
/// ([RFC 8461 section 3.4](https://www.rfc-editor.org/rfc/rfc8461#section-3.4)). It is the key under
/// which a policy is stored, and it never becomes the target of a CNAME. Cheap to clone.
///
/// ```
/// let domain: mta_sts::PolicyDomain = "Example.org".parse()?;
/// assert_eq!(domain.as_str(), "example.org");
/// assert_eq!(domain.record_name(), Some("_mta-sts.example.org"));
/// assert_eq!(domain.policy_host(), Some("mta-sts.example.org"));
/// # Ok::<(), mta_sts::NameError>(())
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PolicyDomain {
    /// `_mta-sts.<domain>`, of which each name asked for is the end.
    prefixed: Arc<str>,
}

impl PolicyDomain {
    /// The domain itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.prefixed.get(RECORD_PREFIX.len()..).unwrap_or_default()
    }

    /// `_mta-sts.<domain>`, where the TXT record is (section 3.1).
    ///
    /// Nothing if that is no name: it has more than 253 bytes, or the domain is an IPv4 address. Such
    /// a domain has no policy.
    #[must_use]
    pub fn record_name(&self) -> Option<&str> {
        self.prefixed_within_limit(0)
    }

    /// `mta-sts.<domain>`, the host that serves the policy (section 3.3).
    ///
    /// Nothing if that is no name: see [`Self::record_name`].
    #[must_use]
    pub fn policy_host(&self) -> Option<&str> {
        self.prefixed_within_limit(1)
    }

    fn prefixed_within_limit(&self, skip: usize) -> Option<&str> {
        let name = self.prefixed.get(skip..)?;
        let fits = name.len() <= NAME_MAX;
        (fits && last_label(name.as_bytes()) == LastLabel::Name).then_some(name)
    }
}

impl FromStr for PolicyDomain {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut prefixed = String::with_capacity(RECORD_PREFIX.len() + name.len());
        prefixed.push_str(RECORD_PREFIX);
        normalise(name, &mut prefixed)?;
        Ok(Self { prefixed: prefixed.into() })
    }
}

impl AsRef<str> for PolicyDomain {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for PolicyDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyDomain({})", self.as_str())
    }
}

impl fmt::Display for PolicyDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text is not a name.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// It is an address literal, which has no policy and is no host name (section 3.4).
    #[error("an address literal is not a name")]
    AddressLiteral,
    /// It has no label.
    #[error("the name is empty")]
    Empty,
    /// The label at this offset is empty.
    #[error("the label at offset {0} is empty")]
    EmptyLabel(usize),
    /// The byte at this offset is not a letter, digit, hyphen, underscore or dot.
    #[error("byte at offset {0} is not a letter, digit, '-', '_' or '.'")]
    InvalidByte(usize),
    /// The label at this offset has more than 63 bytes.
    #[error("the label at offset {0} has more than {max} bytes", max = LABEL_MAX)]
    LabelTooLong(usize),
    /// The name has more than 253 bytes.
    #[error("the name has {0} bytes, at most {max} are allowed", max = NAME_MAX)]
    TooLong(usize),
    /// The name has a label outside ASCII that has no A-label, or feature `idna` is off.
    #[error("the name has a label outside ASCII that cannot be converted")]
    ULabel,
}

impl NameError {
    /// A stable word for logs and reports: `invalid-host`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        "invalid-host"
    }
}

/// Appends `name` in lower case, as A-labels, without a dot at its end.
fn normalise(full: &str, to: &mut String) -> Result<(), NameError> {
    let name = without_root(full);
    match check(name.as_bytes()) {
        Ok(()) => push_lowercase(name, to),
        Err(NameError::InvalidByte(_)) if is_address_literal(name) => {
            return Err(NameError::AddressLiteral);
        }
        Err(_) if !name.is_ascii() => {
            // Other characters than the full stop become one, the root's too (RFC 5891 section 5.2).
            let ascii = to_ascii(full)?;
            let name = without_root(&ascii);
            check(name.as_bytes())?;
            push_lowercase(name, to);
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn push_lowercase(name: &str, to: &mut String) {
    let start = to.len();
    to.push_str(name);
    if let Some(added) = to.get_mut(start..) {
        added.make_ascii_lowercase();
    }
}

fn check(name: &[u8]) -> Result<(), NameError> {
    let mut label_at = 0;
    for (at, &byte) in name.iter().enumerate() {
        if byte == b'.' {
            check_label(label_at, at)?;
            label_at = at + 1;
        } else if !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_') {
            return Err(NameError::InvalidByte(at));
        }
    }
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    check_label(label_at, name.len())?;
    if name.len() > NAME_MAX { Err(NameError::TooLong(name.len())) } else { Ok(()) }
}

const fn check_label(start: usize, end: usize) -> Result<(), NameError> {
    match end - start {
        0 => Err(NameError::EmptyLabel(start)),
        1..=LABEL_MAX => Ok(()),
        _ => Err(NameError::LabelTooLong(start)),
    }
}

/// Whether this is an address as it stands in a mail address or as a next hop. An IPv4 address
/// without brackets is left out: it has the shape of a name.
pub(crate) fn is_address_literal(text: &str) -> bool {
    if text.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return false;
    };
    let tagged = inner.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    let address = if tagged { inner.get(5..).unwrap_or_default() } else { inner };
    address.parse::<Ipv6Addr>().is_ok() || (!tagged && address.parse::<Ipv4Addr>().is_ok())
}

/// Whether the last label is a number, which makes it no host name (RFC 3696 section 2).
pub(crate) fn last_label(name: &[u8]) -> LastLabel {
    let mut label = name.rsplit(|&byte| byte == b'.').next().unwrap_or_default().iter();
    if label.all(u8::is_ascii_digit) { LastLabel::Number } else { LastLabel::Name }
}

#[cfg(feature = "idna")]
pub(crate) fn to_ascii(name: &str) -> Result<Cow<'_, str>, NameError> {
    if name.is_ascii() {
        return Ok(Cow::Borrowed(name));
    }
    idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY)
        .map_err(|_| NameError::ULabel)
}

#[cfg(not(feature = "idna"))]
pub(crate) fn to_ascii(name: &str) -> Result<Cow<'_, str>, NameError> {
    if name.is_ascii() { Ok(Cow::Borrowed(name)) } else { Err(NameError::ULabel) }
}

/// What stands before the policy domain in the name of its TXT record (section 3.1). Without its
/// first byte it is what stands before it in the name of its policy host (section 3.3).
const RECORD_PREFIX: &str = "_mta-sts.";

/// RFC 1035 section 2.3.4, in the form without length bytes and root.
pub(crate) const NAME_MAX: usize = 253;

/// RFC 1035 section 2.3.4.
pub(crate) const LABEL_MAX: usize = 63;

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
