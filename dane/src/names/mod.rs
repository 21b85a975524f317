//! Names of hosts: normalised once, TLSA owner names, and whether a presented name matches.

mod domain;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

pub use domain::{DomainName, DomainNameError};
use pki_types::{DnsName, ServerName};

/// A DNS name in the one form used here: lower case, A-labels, no root dot.
///
/// It serves as a host name, as a TLSA base domain and as a reference identifier. An underscore is
/// legal in it. U-labels are refused: convert them first. What else the DNS may hold is a
/// [`DomainName`].
///
/// ```
/// let name: dane::Name = "MX1.Example.org.".parse()?;
/// assert_eq!(name.as_str(), "mx1.example.org");
/// # Ok::<(), dane::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Name(DnsName<'static>);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// The name as the word that crates for certificates share.
    #[must_use]
    pub fn dns_name(&self) -> DnsName<'_> {
        self.0.borrow()
    }

    /// The name as a TLS client wants it for the server name indication.
    #[must_use]
    pub fn to_server_name(&self) -> ServerName<'static> {
        ServerName::DnsName(self.0.clone())
    }

    /// The owner name of the TLSA records of this base domain: `_25._tcp.mx1.example.org`.
    ///
    /// [RFC 6698 section 3](https://www.rfc-editor.org/rfc/rfc6698#section-3).
    #[must_use]
    pub fn tlsa_owner(&self, port: u16) -> String {
        format!("_{port}._tcp.{self}")
    }
}

impl TryFrom<&DnsName<'_>> for Name {
    type Error = NameError;

    fn try_from(name: &DnsName<'_>) -> Result<Self, NameError> {
        name.as_ref().parse()
    }
}

impl TryFrom<&DomainName> for Name {
    type Error = NameError;

    fn try_from(name: &DomainName) -> Result<Self, NameError> {
        // What is escaped has a backslash, which no host name has.
        name.to_string().parse()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bare = text.strip_suffix('.').unwrap_or(text);
        match DnsName::try_from_str(bare) {
            Ok(name) if !bare.ends_with('.') => Ok(Self(name.to_lowercase_owned())),
            _ => Err(NameError::Syntax),
        }
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Name> for DnsName<'static> {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl From<&Name> for String {
    fn from(name: &Name) -> Self {
        name.as_str().to_owned()
    }
}

/// Why a text is not a [`Name`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// It is not a host name of A-labels: letters, digits, inner hyphens and underscores in labels
    /// of 1 to 63 bytes, at most 253 bytes in all, the last label not of digits only.
    #[error("not a domain name in a-label form")]
    Syntax,
}

impl NameError {
    /// A stable word for this error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Syntax => "invalid-name",
        }
    }
}

/// Whether a name of a certificate stands for a reference identifier.
///
/// It does if both are equal but for ASCII case, or if it is `*.` before at least two labels and
/// the reference has one label in place of the `*`.
/// [RFC 7672 section 3.2.3](https://www.rfc-editor.org/rfc/rfc7672#section-3.2.3).
pub(crate) fn matches(presented: &[u8], reference: &Name) -> bool {
    let reference = reference.as_str().as_bytes();
    if presented.eq_ignore_ascii_case(reference) {
        return true;
    }
    let Some(rest) = presented.strip_prefix(b"*.") else { return false };
    let Some(dot) = reference.iter().position(|byte| *byte == b'.') else { return false };
    let (label, dotted) = reference.split_at(dot);
    is_wildcard_rest(rest)
        && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && dotted.get(1..).is_some_and(|base| base.eq_ignore_ascii_case(rest))
}

/// Whether a wildcard would stand for a reference identifier if its `*` were any number of labels.
pub(crate) fn wildcard_is_near(presented: &[u8], reference: &Name) -> bool {
    let Some(rest) = presented.strip_prefix(b"*.") else { return false };
    let reference = reference.as_str().as_bytes();
    let Some(start) = reference.len().checked_sub(rest.len()) else { return false };
    let at_label = start == 0 || reference.get(start.saturating_sub(1)) == Some(&b'.');
    let is_end = reference.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(rest));
    is_wildcard_rest(rest) && at_label && is_end
}

/// At least two labels of letters, digits and inner hyphens.
fn is_wildcard_rest(rest: &[u8]) -> bool {
    let mut labels = 0_usize;
    let well_formed = rest.split(|byte| *byte == b'.').all(|label| {
        labels = labels.saturating_add(1);
        !label.is_empty()
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && !label.starts_with(b"-")
            && !label.ends_with(b"-")
    });
    well_formed && labels >= 2
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn n4_texts_that_are_no_names() {
        let long = "a.".repeat(127) + "aa";
        for text in
            ["", ".", "a..b", "a..", ".a", "192.0.2.1", "mx.ä.org", "a b", "-a.org", "[::1]", &long]
        {
            assert_eq!(text.parse::<Name>(), Err(NameError::Syntax), "{text:?}");
        }
        assert_eq!(NameError::Syntax.reason(), "invalid-name");
    }

    #[test]
    fn n4_names_are_normalised() {
        assert_eq!(name("MX.Example.Org.").as_str(), "mx.example.org");
        assert_eq!(name("MX.Example.Org."), name("mx.example.org"));
        assert_eq!(name("_a.b_c.example").to_string(), "_a.b_c.example");
    }

    #[test]
    fn dane_t1_owner_names() {
        assert_eq!(name("mx.example.org").tlsa_owner(25), "_25._tcp.mx.example.org");
        assert_eq!(
            name("xn--bcher-kva.example.").tlsa_owner(465),
            "_465._tcp.xn--bcher-kva.example"
        );
    }

    #[test]
    fn n3_wildcards_that_match_nothing() {
        for (presented, reference) in [
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", "example.com"),
            ("*.com", "example.com"),
            ("smtp*.example.com", "smtp1.example.com"),
            ("*smtp.example.com", "xsmtp.example.com"),
            ("mx.*.example.com", "mx.a.example.com"),
            ("*", "com"),
            ("*.", "com"),
            ("**.example.com", "mx.example.com"),
            ("*.*.com", "mx.example.com"),
            ("*.exa_mple.com", "mx.exa_mple.com"),
            ("*.example.com", "m_x.example.com"),
            ("*.example.com.", "mx.example.com"),
        ] {
            assert!(!matches(presented.as_bytes(), &name(reference)), "{presented} {reference}");
        }
    }

    #[test]
    fn n3_a_wildcard_is_one_whole_label() {
        assert!(matches(b"*.example.com", &name("mx.example.com")));
        assert!(matches(b"*.EXAMPLE.com", &name("MX-1.example.com")));
    }

    #[test]
    fn b19_presented_names_compare_by_octets_without_case() {
        assert!(matches(b"MX.Example.Com", &name("mx.example.com")));
        assert!(matches(b"m_x.example.com", &name("m_x.example.com")));
        for presented in [&b"mx.example.com."[..], b"mx.example.com\0", b"mx.ex\0mple.com", b""] {
            assert!(!matches(presented, &name("mx.example.com")));
        }
        assert!(!matches("mx.exämple.com".as_bytes(), &name("mx.example.com")));
    }
}
