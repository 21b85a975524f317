//! Addresses of the envelope.
//!
//! ```text
//! Mailbox    = Local-part "@" ( Domain / address-literal )
//! Local-part = Dot-string / Quoted-string
//! ```

use core::fmt;

use crate::limits::{DOMAIN, LOCAL_PART};
use crate::name::{EhloNameError, check_domain, check_literal};

/// A mailbox, borrowed; no octet of it can end a path or a command.
///
/// [RFC 5321 section 4.1.2](https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2), with the
/// characters beyond ASCII of [RFC 6531 section 3.3]; at most
/// [`limits::LOCAL_PART`](crate::limits::LOCAL_PART) octets before the `@` and
/// [`limits::DOMAIN`](crate::limits::DOMAIN) behind it.
///
/// [RFC 6531 section 3.3]: https://www.rfc-editor.org/rfc/rfc6531#section-3.3
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mailbox<'a>(&'a str);

impl<'a> Mailbox<'a> {
    /// The mailbox as text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether it has characters beyond ASCII, so that the server must offer SMTPUTF8.
    #[must_use]
    pub const fn needs_smtputf8(&self) -> bool {
        !self.0.is_ascii()
    }
}

impl<'a> TryFrom<&'a str> for Mailbox<'a> {
    type Error = MailboxError;

    fn try_from(text: &'a str) -> Result<Self, Self::Error> {
        let at = match text.as_bytes() {
            [b'"', ..] => quoted_string(text.as_bytes())?,
            _ => dot_string(text.as_bytes())?,
        };
        if at > LOCAL_PART {
            return Err(MailboxError::LongLocalPart(at));
        }
        let domain = text.get(at + 1..).unwrap_or_default();
        let checked = match domain.as_bytes() {
            [b'[', literal @ .., b']'] => check_literal(literal),
            _ if domain.is_ascii() => check_domain(domain.as_bytes()),
            _ => check_u_labels(domain),
        };
        checked.map_err(|error| MailboxError::Domain(at + 1, error))?;
        Ok(Self(text))
    }
}

impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// The length of the atoms and dots before the `@`.
fn dot_string(text: &[u8]) -> Result<usize, MailboxError> {
    let mut is_start = true;
    for (at, &octet) in text.iter().enumerate() {
        match octet {
            b'@' if !is_start => return Ok(at),
            b'.' if !is_start => is_start = true,
            _ if is_atext(octet) => is_start = false,
            _ => return Err(MailboxError::LocalPart(at)),
        }
    }
    Err(MailboxError::NoDomain)
}

/// The length of the quoted string before the `@`.
fn quoted_string(text: &[u8]) -> Result<usize, MailboxError> {
    let mut is_escaped = false;
    for (at, &octet) in text.iter().enumerate().skip(1) {
        match (is_escaped, octet) {
            (true, b' '..=b'~') => is_escaped = false,
            (false, b'\\') => is_escaped = true,
            (false, b'"') => {
                return match text.get(at + 1) {
                    Some(b'@') => Ok(at + 1),
                    Some(_) => Err(MailboxError::LocalPart(at + 1)),
                    None => Err(MailboxError::NoDomain),
                };
            }
            (false, b' '..=b'~' | 0x80..) => {}
            _ => return Err(MailboxError::LocalPart(at)),
        }
    }
    Err(MailboxError::NoDomain)
}

const fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || octet >= 0x80
        || matches!(
            octet,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?'
        )
        || matches!(octet, b'^' | b'_' | b'`' | b'{' | b'|' | b'}' | b'~')
}

/// A domain with U-labels: as a domain, and any character beyond ASCII is a letter.
///
/// What IDNA says of such a label is for whoever looks it up.
fn check_u_labels(domain: &str) -> Result<(), EhloNameError> {
    if domain.len() > DOMAIN {
        return Err(EhloNameError::Length(domain.len()));
    }
    let mut start = 0;
    for label in domain.split('.') {
        let inner = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || c == '-';
        let wrong = label.char_indices().find(|&(_, c)| !inner(c) || c.is_control());
        if let Some((at, _)) = wrong {
            return Err(EhloNameError::InvalidOctet(start + at));
        }
        if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
            return Err(EhloNameError::InvalidOctet(start));
        }
        start += label.len() + 1;
    }
    Ok(())
}

/// Why a string is not a [`Mailbox`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MailboxError {
    /// The octet at this offset cannot stand there in a local part.
    #[error("octet at offset {0} cannot stand there in a local part")]
    LocalPart(usize),
    /// The local part has this many octets.
    #[error("local part has {0} octets, more than {max}", max = LOCAL_PART)]
    LongLocalPart(usize),
    /// There is no `@` with a domain behind it.
    #[error("no domain behind the local part")]
    NoDomain,
    /// The domain that begins at this offset is none.
    #[error("domain at offset {0}: {1}")]
    Domain(usize, EhloNameError),
}

/// Where bounces go: a mailbox, or nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReversePath<'a> {
    /// `<>`, as of every bounce.
    Null,
    /// A mailbox.
    Mailbox(Mailbox<'a>),
}

impl<'a> From<Mailbox<'a>> for ReversePath<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        Self::Mailbox(mailbox)
    }
}

impl ReversePath<'_> {
    pub(super) const fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForwardPath<'a> {
    /// `<Postmaster>` of the server itself, [RFC 5321 section 4.1.1.3].
    ///
    /// [RFC 5321 section 4.1.1.3]: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.3
    Postmaster,
    /// A mailbox.
    Mailbox(Mailbox<'a>),
}

impl<'a> From<Mailbox<'a>> for ForwardPath<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        Self::Mailbox(mailbox)
    }
}

impl ForwardPath<'_> {
    pub(super) const fn as_str(&self) -> &str {
        match self {
            Self::Postmaster => "Postmaster",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5321_4_1_2_what_could_end_a_path_is_no_mailbox() {
        use MailboxError::{LocalPart, NoDomain};
        for (text, error) in [
            ("", NoDomain),
            ("a", NoDomain),
            ("@b", LocalPart(0)),
            (".a@b", LocalPart(0)),
            ("a.@b", LocalPart(2)),
            ("a..c@b", LocalPart(2)),
            ("a>@b", LocalPart(1)),
            ("a b@b", LocalPart(1)),
            ("a\r\n@b", LocalPart(1)),
            ("a\0@b", LocalPart(1)),
            ("\"a@b", NoDomain),
            ("\"a\"", NoDomain),
            ("\"a\"b@c", LocalPart(3)),
            ("\"a\r\n\"@b", LocalPart(2)),
            ("\"a\\\r\"@b", LocalPart(3)),
        ] {
            assert_eq!(Mailbox::try_from(text), Err(error), "{text:?}");
        }
        for text in ["a@", "a@b>", "a@b\r\nDATA", "a@b@c", "a@[1.2.3]", "a@b_c", "a@é\u{85}"] {
            assert!(matches!(Mailbox::try_from(text), Err(MailboxError::Domain(2, _))), "{text:?}");
        }
    }

    #[test]
    fn rfc5321_4_1_2_mailboxes_are_written_as_read() {
        for text in [
            "a@b",
            "a.b+c=d@mx-1.example",
            "\"a b\"@b",
            "\"a\\\"b@c>\"@b",
            "\"\"@b",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
        ] {
            let mailbox = Mailbox::try_from(text).unwrap();
            assert_eq!(mailbox.as_str(), text);
            assert!(!mailbox.needs_smtputf8());
        }
        for text in ["é@example", "a@bücher.example", "\"é\"@b"] {
            assert!(Mailbox::try_from(text).unwrap().needs_smtputf8());
        }
    }

    #[test]
    fn a_local_part_has_255_octets_at_most() {
        let mut text = [b'a'; 258];
        text[256..].copy_from_slice(b"@b");
        let text = core::str::from_utf8(&text).unwrap();
        assert!(Mailbox::try_from(&text[1..]).is_ok());
        assert_eq!(Mailbox::try_from(text), Err(MailboxError::LongLocalPart(256)));
    }
}
