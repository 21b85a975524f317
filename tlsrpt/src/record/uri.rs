//! The addresses of a record's `rua` fields.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::text::{is_addr_spec, is_uri, mail_domain};

/// Where reports are sent: a `mailto` URI of one address, or an `https` URI.
///
/// RFC 8460 [section 3](https://www.rfc-editor.org/rfc/rfc8460#section-3) defines delivery for
/// these two schemes and forbids `,`, `!` and `;` inside them. `Display` writes the canonical
/// form: as written, with the scheme, and the host of an `https` URI, in lower case.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ReportUri {
    text: Box<str>,
    kind: Kind,
}

impl ReportUri {
    /// The canonical form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What has to be done to deliver to this URI.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        match &self.kind {
            Kind::Mailto { address, .. } => Target::Mail { address },
            Kind::Https { host, target, .. } => Target::Https {
                host: self.text.get(host.clone()).unwrap_or_default(),
                request_target: target,
            },
        }
    }

    /// Whether a mailto URI has header fields; they are never used.
    pub(super) fn has_ignored_headers(&self) -> bool {
        matches!(self.kind, Kind::Mailto { headers: true, .. })
    }
}

impl fmt::Display for ReportUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A report address, taken apart for those who deliver to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Target<'a> {
    /// Mail to this address, percent-decoded.
    Mail {
        /// An addr-spec of RFC 5321.
        address: &'a str,
    },
    /// An HTTPS POST to this host. User information and fragment of the URI are never sent.
    Https {
        /// Host and, where the URI has one, `:` and port.
        host: &'a str,
        /// Path and query; begins with `/`.
        request_target: &'a str,
    },
}

/// Why a text is not a [`ReportUri`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReportUriError {
    /// A byte, or a percent escape, that no URI has, or no scheme.
    #[error("not a URI")]
    NotUri,
    /// `,`, `!` and `;` have to be percent-encoded in a record.
    #[error("'{0}' must be percent-encoded")]
    Reserved(char),
    /// A mailto URI that does not hold exactly one mail address.
    #[error("mailto URI without exactly one mail address")]
    Address,
    /// An https URI without a host, or with a host or port that cannot be one.
    #[error("https URI without a host")]
    Host,
    /// A URI whose scheme is neither `mailto` nor `https`.
    #[error("neither a mailto nor an https URI")]
    UnknownScheme,
}

impl FromStr for ReportUri {
    type Err = ReportUriError;

    fn from_str(uri: &str) -> Result<Self, Self::Err> {
        // RFC 8460 section 3: these three MUST be percent-encoded.
        if let Some(reserved) = uri.chars().find(|c| matches!(c, ',' | '!' | ';')) {
            return Err(ReportUriError::Reserved(reserved));
        }
        if !is_uri(uri) {
            return Err(ReportUriError::NotUri);
        }
        let (scheme, rest) = uri.split_once(':').ok_or(ReportUriError::NotUri)?;
        if scheme.eq_ignore_ascii_case("mailto") {
            mailto(rest)
        } else if scheme.eq_ignore_ascii_case("https") {
            https(rest)
        } else {
            Err(ReportUriError::UnknownScheme)
        }
    }
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Kind {
    Mailto { address: Box<str>, headers: bool },
    Https { host: core::ops::Range<usize>, target: Box<str> },
}

/// RFC 6068: the addresses come percent-encoded, header fields after a question mark.
fn mailto(rest: &str) -> Result<ReportUri, ReportUriError> {
    let rest = rest.split('#').next().unwrap_or(rest);
    let (encoded, headers) = match rest.split_once('?') {
        Some((encoded, _)) => (encoded, true),
        None => (rest, false),
    };
    let address =
        String::from_utf8(percent_decode(encoded)).map_err(|_| ReportUriError::Address)?;
    if !is_addr_spec(&address) || mail_domain(&address).is_none() {
        return Err(ReportUriError::Address);
    }
    let mut text = String::from("mailto:");
    text.push_str(rest);
    let kind = Kind::Mailto { address: address.into(), headers };
    Ok(ReportUri { text: text.into(), kind })
}

/// RFC 3986 section 3.2: `//`, user information, host, port; then path, query and fragment.
fn https(rest: &str) -> Result<ReportUri, ReportUriError> {
    let rest = rest.strip_prefix("//").ok_or(ReportUriError::Host)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(ReportUriError::Host)?;
    let user_end = authority.rfind('@').map_or(0, |at| at + 1);
    let (user, host) = authority.split_at_checked(user_end).ok_or(ReportUriError::Host)?;
    if !is_host(host) {
        return Err(ReportUriError::Host);
    }
    let mut text = String::from("https://");
    text.push_str(user);
    let host_at = text.len();
    text.push_str(&host.to_ascii_lowercase());
    let host = host_at..text.len();
    text.push_str(path);
    let path = path.split('#').next().unwrap_or(path);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let target = [slash, path].concat().into();
    Ok(ReportUri { text: text.into(), kind: Kind::Https { host, target } })
}

/// A host name, an IPv4 address or an IPv6 address in brackets; then perhaps a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<core::net::Ipv6Addr>().is_err() {
                return false;
            }
            (None, port)
        }
        None => {
            let end = host.find(':').unwrap_or(host.len());
            let (name, port) = host.split_at_checked(end).unwrap_or((host, ""));
            (Some(name), port)
        }
    };
    let name_is_fine = name.is_none_or(|name| {
        pki_types::DnsName::try_from(name).is_ok() || name.parse::<core::net::Ipv4Addr>().is_ok()
    });
    let port_is_fine = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| {
            port.is_empty()
                || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok())
        });
    name_is_fine && port_is_fine
}

/// Decodes `%xx`. The text is a URI, so every escape in it is whole.
fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
        rest = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let value = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low);
                decoded.extend(value);
                tail
            }
            _ => {
                decoded.push(byte);
                tail
            }
        };
    }
    decoded
}
