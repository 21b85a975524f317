//! Mail addresses with the domain that their mail goes to.

use core::fmt;
use core::str::FromStr;

use smtp_starttls::{ForwardPath, Mailbox, MailboxError, ReversePath};

use crate::resolve::{Name, NameError};

/// A mail address at a domain, which is kept in A-labels.
///
/// With the feature `idna` a domain with U-labels is converted
/// ([RFC 5891](https://www.rfc-editor.org/rfc/rfc5891)); without it, it is refused. A local part
/// beyond ASCII is kept and needs a server that offers SMTPUTF8.
///
/// ```
/// let address: smtp_tls::Address = "Alice@Example.ORG".parse()?;
/// assert_eq!(address.domain().as_str(), "example.org");
/// assert_eq!(address.to_string(), "Alice@example.org");
/// # Ok::<(), smtp_tls::AddressError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Address {
    text: Box<str>,
    domain: Name,
}

impl Address {
    /// The domain.
    #[must_use]
    pub const fn domain(&self) -> &Name {
        &self.domain
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address as a recipient.
    #[must_use]
    pub fn forward_path(&self) -> ForwardPath<'_> {
        self.mailbox().into()
    }

    /// The address as a sender.
    #[must_use]
    pub fn reverse_path(&self) -> ReversePath<'_> {
        self.mailbox().into()
    }

    #[expect(clippy::expect_used, reason = "parsing has read the same text as a mailbox")]
    fn mailbox(&self) -> Mailbox<'_> {
        Mailbox::try_from(&*self.text).expect("the text is a mailbox")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoDomain)?;
        if domain.is_empty() {
            return Err(AddressError::NoDomain);
        }
        if domain.starts_with('[') {
            return Err(AddressError::AddressLiteral);
        }
        let domain: Name = to_ascii(domain)?.parse()?;
        if domain.is_root() {
            return Err(AddressError::NoDomain);
        }
        let text = format!("{local}@{domain}");
        Mailbox::try_from(text.as_str())?;
        Ok(Self { text: text.into(), domain })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Why a text is not an [`Address`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AddressError {
    /// The domain is an address literal: there is no policy for it, and no MX to look up.
    #[error("domain is an address literal, expected a name")]
    AddressLiteral,
    /// The domain is not a name of the DNS.
    #[error("domain is not a name: {0}")]
    Domain(#[from] NameError),
    /// The whole is not a mailbox.
    #[error("not a mailbox: {0}")]
    Mailbox(#[from] MailboxError),
    /// There is no domain.
    #[error("address has no domain, expected local-part@domain")]
    NoDomain,
    /// The domain has a label beyond ASCII that cannot be converted.
    #[error("domain has a label beyond ascii that cannot be converted to an a-label")]
    ULabel,
}

#[cfg(feature = "idna")]
fn to_ascii(domain: &str) -> Result<std::borrow::Cow<'_, str>, AddressError> {
    if domain.is_ascii() {
        return Ok(domain.into());
    }
    idna::domain_to_ascii_strict(domain).map(Into::into).map_err(|_| AddressError::ULabel)
}

#[cfg(not(feature = "idna"))]
fn to_ascii(domain: &str) -> Result<std::borrow::Cow<'_, str>, AddressError> {
    if domain.is_ascii() { Ok(domain.into()) } else { Err(AddressError::ULabel) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_without_a_domain_is_refused() {
        for text in ["", "alice", "alice@", "alice@."] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::NoDomain), "{text:?}");
        }
    }

    #[test]
    fn an_address_literal_is_refused() {
        for text in ["a@[192.0.2.1]", "a@[IPv6:2001:db8::1]"] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::AddressLiteral));
        }
    }

    #[test]
    fn what_could_break_out_of_a_command_is_refused() {
        for text in ["a b@example.org", "a\r\nDATA@example.org", "a>@example.org", "@example.org"] {
            assert!(matches!(text.parse::<Address>(), Err(AddressError::Mailbox(_))), "{text:?}");
        }
        for text in ["a@exa mple.org", "a@example..org", "a@example.org\r\n"] {
            assert!(matches!(text.parse::<Address>(), Err(AddressError::Domain(_))), "{text:?}");
        }
    }

    #[test]
    fn a_quoted_local_part_may_hold_an_at_sign() {
        let address: Address = "\"a@b\"@example.org".parse().unwrap();
        assert_eq!(address.domain().as_str(), "example.org");
        assert!(matches!(address.forward_path(), ForwardPath::Mailbox(_)));
        assert!(matches!(address.reverse_path(), ReversePath::Mailbox(_)));
    }

    #[cfg(feature = "idna")]
    #[test]
    fn a_u_label_domain_becomes_a_labels() {
        let address: Address = "alice@M\u{fc}ller.example".parse().unwrap();
        assert_eq!(address.as_str(), "alice@xn--mller-kva.example");
        assert_eq!("a@\u{ad}.example".parse::<Address>(), Err(AddressError::ULabel));
    }

    #[cfg(not(feature = "idna"))]
    #[test]
    fn a_u_label_domain_is_refused() {
        assert_eq!("a@m\u{fc}ller.example".parse::<Address>(), Err(AddressError::ULabel));
    }
}
