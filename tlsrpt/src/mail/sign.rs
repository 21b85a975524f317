//! The DKIM signature that a report's mail must have: what is asked of it, and the proof.

use alloc::string::String;
use alloc::vec::Vec;

use pki_types::DnsName;

/// A mail without its DKIM signature, and so not to be sent.
///
/// The caller signs, as [`requirement`](Self::requirement) says, and hands the signature to
/// [`sign`](Self::sign).
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Unsigned {
    pub(super) message: Vec<u8>,
    pub(super) submitter: DnsName<'static>,
}

/// A mail with a DKIM signature of the required form. Whether it verifies is the signer's matter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signed(Vec<u8>);

/// What the DKIM signature of a report must be like
/// ([RFC 8460 section 3](https://www.rfc-editor.org/rfc/rfc8460#section-3)).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DkimRequirement<'a> {
    /// The `d=` tag: the submitter's domain.
    pub domain: &'a DnsName<'static>,
    /// Header fields that the `h=` tag names at least.
    pub headers: &'static [&'static str],
    /// The service type that the key record should have, if it names any but `*`.
    pub service: &'static str,
}

/// Why a text is not the signature that was asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It is not one header field named DKIM-Signature, in ASCII, ending with CRLF.
    #[error("not one DKIM-Signature header field that ends with CRLF")]
    NotAField,
    /// The tag `d` is missing or another domain.
    #[error("signature is of another domain than the submitter's")]
    Domain,
    /// The tag `h` lacks a field.
    #[error("signature does not cover the field {0}")]
    Header(&'static str),
    /// The tag `l` is there: text could be added behind what is signed.
    #[error("signature has a length limit")]
    Length,
    /// The tag `b` or `bh` is missing or empty.
    #[error("signature has no signature data")]
    Empty,
}

impl Unsigned {
    /// What the signature must be like.
    #[must_use]
    pub fn requirement(&self) -> DkimRequirement<'_> {
        DkimRequirement { domain: &self.submitter, headers: &COVERED, service: "tlsrpt" }
    }

    /// The mail as it stands, to compute the signature of.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Puts the signature, a whole header field with its line end, in front of the mail.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] if it is not as required. It is not verified here.
    pub fn sign(self, signature: &str) -> Result<Signed, SignatureError> {
        self.check(signature)?;
        Ok(Signed([signature.as_bytes(), &self.message].concat()))
    }

    fn check(&self, signature: &str) -> Result<(), SignatureError> {
        let value = field_value(signature).ok_or(SignatureError::NotAField)?;
        let tags: Vec<(&str, String)> = value
            .split(';')
            .filter_map(|tag| tag.split_once('='))
            .map(|(name, value)| (name.trim(), value.split_whitespace().collect()))
            .collect();
        let tag = |name: &str| {
            tags.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
        };
        let submitter: &str = self.submitter.as_ref();
        if !tag("d").is_some_and(|domain| domain.eq_ignore_ascii_case(submitter)) {
            return Err(SignatureError::Domain);
        }
        if tag("l").is_some() {
            return Err(SignatureError::Length);
        }
        let covered = tag("h").unwrap_or_default();
        let covers = |field: &&str| covered.split(':').any(|name| name.eq_ignore_ascii_case(field));
        if let Some(field) = COVERED.iter().find(|field| !covers(field)) {
            return Err(SignatureError::Header(field));
        }
        let full = |name| tag(name).is_some_and(|value| !value.is_empty());
        if full("b") && full("bh") { Ok(()) } else { Err(SignatureError::Empty) }
    }
}

impl Signed {
    /// The bytes to hand to an MTA.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to hand to an MTA.
    #[must_use]
    pub fn into_message(self) -> Vec<u8> {
        self.0
    }
}

/// The value of exactly one header field, folded or not.
fn field_value(field: &str) -> Option<&str> {
    let (name, value) = field.strip_suffix("\r\n")?.split_once(':')?;
    let folded = value.split("\r\n").skip(1).all(|line| line.starts_with([' ', '\t']));
    let bare = value.replace("\r\n", "").contains(['\r', '\n']);
    let fine = name.eq_ignore_ascii_case("DKIM-Signature") && folded && !bare && value.is_ascii();
    fine.then_some(value)
}

/// RFC 8460 section 5.3 asks for the two TLS-Report fields; the others are what readers rely on.
const COVERED: [&str; 9] = [
    "From",
    "To",
    "Date",
    "Subject",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "TLS-Report-Domain",
    "TLS-Report-Submitter",
];
