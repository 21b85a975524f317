//! The `_smtp._tls` TXT record: who wants reports, and where to.

mod uri;

pub use uri::{ReportUri, ReportUriError, Target};

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use pki_types::DnsName;

use crate::limits;

/// A TLS reporting record, with at least one address that reports can be sent to.
///
/// ```text
/// tlsrpt-record = tlsrpt-version 1*(field-delim tlsrpt-field) [field-delim]
/// field-delim   = *WSP ";" *WSP
/// tlsrpt-field  = tlsrpt-rua / tlsrpt-extension       ; at least one tlsrpt-rua
/// tlsrpt-rua    = %s"rua=" tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri)
/// ```
///
/// Grammar: [RFC 8460 section 3](https://www.rfc-editor.org/rfc/rfc8460#section-3). `Display`
/// writes the text as it was seen, unknown fields included, and two records are equal if their
/// texts are.
///
/// ```
/// let record: tlsrpt::Record = "v=TLSRPTv1; rua=mailto:tls@example.com".parse()?;
/// assert_eq!(record.uris()[0].to_string(), "mailto:tls@example.com");
/// # Ok::<(), tlsrpt::RecordError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Record {
    text: Box<str>,
    uris: Box<[ReportUri]>,
    diagnostics: Vec<Diagnostic>,
}

impl Record {
    /// The one record of a TXT answer, each answer given as its character-strings.
    ///
    /// Strings of one record are joined with nothing between them. Records that do not begin with
    /// `v=TLSRPTv1;` are other people's and are left out.
    ///
    /// # Errors
    ///
    /// [`NoRecord`] says why the domain has to be treated as one without TLS reporting.
    pub fn choose<R, S, B>(records: R) -> Result<Self, NoRecord>
    where
        R: IntoIterator<Item = S>,
        S: IntoIterator<Item = B>,
        B: AsRef<[u8]>,
    {
        let mut ours = None;
        for strings in records {
            let text = strings.into_iter().fold(Vec::new(), |mut text, string| {
                text.extend_from_slice(string.as_ref());
                text
            });
            if !claims_to_be_ours(&text) {
                continue;
            }
            // RFC 8460 section 3: unless exactly one is left, there is no TLS reporting.
            if ours.replace(text).is_some() {
                return Err(NoRecord::Several);
            }
        }
        Ok(Self::try_from(ours.ok_or(NoRecord::Absent)?.as_slice())?)
    }

    /// Where reports go, in the record's order: at least one, all of a scheme defined for it.
    #[must_use]
    pub fn uris(&self) -> &[ReportUri] {
        &self.uris
    }

    /// The record's text as it was seen.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What was tolerated, each once, in order of appearance.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The name at which the record of a domain is published: `_smtp._tls.` and the domain.
    #[must_use]
    pub fn owner_name(domain: &DnsName<'_>) -> String {
        format!("_smtp._tls.{}", domain.as_ref())
    }

    /// Writes a record for publication with these addresses.
    ///
    /// # Errors
    ///
    /// As parsing it would give: no address at all, too many, or too long a text.
    pub fn publish<'a>(uris: impl IntoIterator<Item = &'a ReportUri>) -> Result<Self, RecordError> {
        let mut text = String::from("v=TLSRPTv1; rua=");
        for (at, uri) in uris.into_iter().enumerate() {
            text.push_str(if at == 0 { "" } else { "," });
            text.push_str(uri.as_str());
        }
        text.parse()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Record {}

impl From<Record> for Cow<'_, Record> {
    fn from(record: Record) -> Self {
        Cow::Owned(record)
    }
}

impl<'a> From<&'a Record> for Cow<'a, Record> {
    fn from(record: &'a Record) -> Self {
        Cow::Borrowed(record)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for Record {
    type Err = RecordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > limits::RECORD {
            return Err(RecordError::TooLong { bytes: text.len() });
        }
        let mut parser = Parser { uris: Vec::new(), rua: 0, diagnostics: Vec::new() };
        parser.record(text)?;
        Ok(Self { text: text.into(), uris: parser.uris.into(), diagnostics: parser.diagnostics })
    }
}

impl TryFrom<&[u8]> for Record {
    type Error = RecordError;

    fn try_from(text: &[u8]) -> Result<Self, Self::Error> {
        if text.len() > limits::RECORD {
            return Err(RecordError::TooLong { bytes: text.len() });
        }
        core::str::from_utf8(text).map_err(|e| RecordError::Syntax { at: e.valid_up_to() })?.parse()
    }
}

/// What is odd about a record, yet tolerated.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Diagnostic {
    /// White space stands before the first semicolon.
    SpaceBeforeSemicolon,
    /// A mailto URI has header fields (`?subject=…`), which are not used.
    MailtoHeadersIgnored,
}

impl Diagnostic {
    /// The stable word for this diagnostic.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SpaceBeforeSemicolon => "space-before-semicolon",
            Self::MailtoHeadersIgnored => "mailto-headers-ignored",
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Why a text is not a [`Record`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// The grammar is broken at this byte.
    #[error("syntax error at offset {at} of a TLS reporting record")]
    Syntax {
        /// Byte offset into the record's text.
        at: usize,
    },
    /// No field is `rua`.
    #[error("record has no rua field")]
    MissingRua,
    /// A `rua` item is not a URI that may stand there.
    #[error("bad report URI at offset {at}: {reason}")]
    BadUri {
        /// Byte offset of the URI.
        at: usize,
        /// What is wrong with it.
        reason: ReportUriError,
    },
    /// All URIs have schemes for which no delivery is defined.
    #[error("record has no mailto or https URI")]
    NoUsableRua,
    /// The record has more bytes or URIs than are looked at.
    #[error("record of {bytes} bytes is too long, or has more than {max} URIs", max = limits::URIS)]
    TooLong {
        /// The size of the record.
        bytes: usize,
    },
}

/// Why a domain counts as one that does not take part in TLS reporting.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoRecord {
    /// No TXT record begins with `v=TLSRPTv1;`.
    #[error("no TLS reporting record")]
    Absent,
    /// More than one does.
    #[error("more than one TLS reporting record")]
    Several,
    /// The one record is not valid.
    #[error(transparent)]
    Invalid(#[from] RecordError),
}

impl NoRecord {
    /// The stable word for this reason.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "no-record",
            Self::Several => "several-records",
            Self::Invalid(RecordError::Syntax { .. }) => "syntax",
            Self::Invalid(RecordError::MissingRua) => "missing-rua",
            Self::Invalid(RecordError::BadUri { .. }) => "bad-uri",
            Self::Invalid(RecordError::NoUsableRua) => "no-usable-rua",
            Self::Invalid(RecordError::TooLong { .. }) => "too-long",
        }
    }
}

/// RFC 8460 section 3: records that do not begin with `v=TLSRPTv1;` are discarded.
// spec: the grammar allows white space before that semicolon, and so do we
// (vectors rfc8460/3/space-before-semicolon and following).
fn claims_to_be_ours(text: &[u8]) -> bool {
    text.strip_prefix(VERSION.as_bytes())
        .is_some_and(|rest| rest.iter().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b';'))
}

struct Parser {
    uris: Vec<ReportUri>,
    /// How many URIs were seen, of whatever scheme.
    rua: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Parser {
    fn record(&mut self, text: &str) -> Result<(), RecordError> {
        let mut rest = text.strip_prefix(VERSION).ok_or(RecordError::Syntax { at: 0 })?;
        if rest.starts_with(WSP) && rest.trim_start_matches(WSP).starts_with(';') {
            self.note(Diagnostic::SpaceBeforeSemicolon);
        }
        let mut fields = 0_usize;
        while !rest.is_empty() {
            let at = text.len() - rest.len();
            let field = rest
                .trim_start_matches(WSP)
                .strip_prefix(';')
                .ok_or(RecordError::Syntax { at })?
                .trim_start_matches(WSP);
            if field.is_empty() {
                break;
            }
            let at = text.len() - field.len();
            let end = field.find(';').unwrap_or(field.len());
            let (field, _) = field.split_at_checked(end).unwrap_or((field, ""));
            // White space that ends the record belongs to no delimiter.
            let trimmed = field.trim_end_matches(WSP);
            let last = at + end == text.len();
            if last && trimmed.len() < field.len() {
                return Err(RecordError::Syntax { at: at + trimmed.len() });
            }
            self.field(trimmed, at, text.len())?;
            fields += 1;
            rest = text.get(at + trimmed.len()..).unwrap_or_default();
        }
        match (fields, self.rua) {
            (0, _) => Err(RecordError::Syntax { at: text.len() }),
            (_, 0) => Err(RecordError::MissingRua),
            _ if self.uris.is_empty() => Err(RecordError::NoUsableRua),
            _ => Ok(()),
        }
    }

    fn field(&mut self, field: &str, at: usize, bytes: usize) -> Result<(), RecordError> {
        let Some(list) = field.strip_prefix("rua=") else {
            return extension(field).map_err(|offset| RecordError::Syntax { at: at + offset });
        };
        let mut at = at + "rua=".len();
        // The first item follows the equals sign, the last ends the field: no space there.
        if list.starts_with(WSP) {
            return Err(RecordError::Syntax { at });
        }
        for item in list.split(',') {
            let uri = item.trim_start_matches(WSP);
            let start = at + item.len() - uri.len();
            self.uri(uri.trim_end_matches(WSP), start, bytes)?;
            at += item.len() + 1;
        }
        Ok(())
    }

    fn uri(&mut self, uri: &str, at: usize, bytes: usize) -> Result<(), RecordError> {
        if uri.is_empty() {
            return Err(RecordError::Syntax { at });
        }
        self.rua += 1;
        if self.rua > limits::URIS {
            return Err(RecordError::TooLong { bytes });
        }
        match uri.parse::<ReportUri>() {
            Ok(uri) => {
                if uri.has_ignored_headers() {
                    self.note(Diagnostic::MailtoHeadersIgnored);
                }
                self.uris.push(uri);
                Ok(())
            }
            Err(ReportUriError::UnknownScheme) => Ok(()),
            Err(reason) => Err(RecordError::BadUri { at, reason }),
        }
    }

    fn note(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// Checks a field of unknown name; the error is the offset of the first byte that breaks it.
///
/// ```text
/// tlsrpt-ext-name  = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")
/// tlsrpt-ext-value = 1*(%x21-3A / %x3C / %x3E-7E)
/// ```
fn extension(field: &str) -> Result<(), usize> {
    let name_end = field.find('=').ok_or(field.len())?;
    let (name, value) = field.split_at_checked(name_end).ok_or(0_usize)?;
    let broken = name.bytes().enumerate().position(|(at, byte)| {
        let inner = at > 0 && matches!(byte, b'_' | b'-' | b'.');
        at >= 32 || !(byte.is_ascii_alphanumeric() || inner)
    });
    if let Some(at) = broken.or(name.is_empty().then_some(0)) {
        return Err(at);
    }
    let value = value.strip_prefix('=').unwrap_or_default();
    match value.bytes().position(|byte| !matches!(byte, 0x21..=0x3A | 0x3C | 0x3E..=0x7E)) {
        Some(at) => Err(name_end + 1 + at),
        None if value.is_empty() => Err(field.len()),
        None => Ok(()),
    }
}

const VERSION: &str = "v=TLSRPTv1";
const WSP: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests;
