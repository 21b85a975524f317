//! Who reports, and the names that its reports and their files bear.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use pki_types::{DnsName, UnixTime};
use sha2::{Digest, Sha256};

use crate::text::{is_addr_spec, mail_domain};
use crate::time::{UtcDay, Window, unix};

/// Who reports: what its reports say of it, and the node that makes them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reporter {
    organization_name: Box<str>,
    contact_info: Box<str>,
    node: Box<str>,
    submitter: DnsName<'static>,
}

impl Reporter {
    /// A reporter with this organization name and mail address. `node` tells the machines of one
    /// fleet apart where each sends its own reports; it becomes part of the report id's digest.
    ///
    /// # Errors
    ///
    /// If the address is not one, has no domain name, or a text is longer than 1,024 bytes.
    pub fn new(organization: &str, contact_info: &str, node: &str) -> Result<Self, ReporterError> {
        if [organization, contact_info, node].iter().any(|text| text.len() > MAX) {
            return Err(ReporterError::TooLong);
        }
        if !is_addr_spec(contact_info) {
            return Err(ReporterError::ContactInfo);
        }
        let submitter = mail_domain(contact_info).ok_or(ReporterError::ContactInfo)?;
        Ok(Self {
            organization_name: organization.into(),
            contact_info: contact_info.into(),
            node: node.into(),
            submitter: submitter.to_lowercase_owned(),
        })
    }

    /// The organization's name.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        &self.organization_name
    }

    /// The mail address of whoever answers for the reports.
    #[must_use]
    pub fn contact_info(&self) -> &str {
        &self.contact_info
    }

    /// The domain of the mail address, in lower case.
    #[must_use]
    pub fn submitter(&self) -> &DnsName<'static> {
        &self.submitter
    }

    /// The part of a report id and of a file name that is unique: eight hexadecimal digits, the
    /// same for each try to deliver the same report.
    pub(super) fn unique_id(&self, record: &str, window: Window) -> String {
        let mut digest = Sha256::new();
        for text in [record, &self.node] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        digest.update(window.start().as_secs().to_be_bytes());
        digest.update(window.end().as_secs().to_be_bytes());
        digest.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn report_id(&self, domain: &str, day: UtcDay, unique_id: &str) -> String {
        format!("{}.{domain}.{unique_id}@{}", day.digits(), self.submitter.as_ref())
    }
}

/// Why there is no such [`Reporter`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReporterError {
    /// The contact is not a mail address at a domain name.
    #[error("contact info is not a mail address at a domain name")]
    ContactInfo,
    /// A text is longer than 1,024 bytes.
    #[error("text is longer than {MAX} bytes")]
    TooLong,
}

/// The name of a report's file
/// ([RFC 8460 section 5.1](https://www.rfc-editor.org/rfc/rfc8460#section-5.1)).
///
/// ```text
/// filename = sender "!" policy-domain "!" begin-timestamp "!" end-timestamp
///            [ "!" unique-id ] "." extension            ; "json" or "json.gz"
/// ```
///
/// ```
/// let name = "sender.example!example.net!1795132800!1795219199!5f3a9c01.json.gz";
/// assert_eq!(name.parse::<tlsrpt::FileName>()?.to_string(), name);
/// # Ok::<(), tlsrpt::FileNameError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FileName {
    /// The domain of the contact address.
    pub sender: DnsName<'static>,
    /// The domain reported on.
    pub policy_domain: DnsName<'static>,
    /// The first second of the report's window.
    pub begin: UnixTime,
    /// The last second of the report's window.
    pub end: UnixTime,
    /// One or more letters or digits.
    pub unique_id: Option<Box<str>>,
    /// Whether the file is gzipped, as its extension says.
    pub compression: Compression,
}

/// Whether JSON is gzipped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8460 section 5.1 has these two")]
pub enum Compression {
    /// Gzip, as section 5.2 recommends.
    #[default]
    Gzip,
    /// Plain JSON.
    Plain,
}

impl FileName {
    pub(super) fn new(
        sender: &DnsName<'_>,
        policy_domain: DnsName<'static>,
        window: Window,
        unique_id: &str,
    ) -> Self {
        Self {
            sender: sender.to_owned(),
            policy_domain,
            begin: window.start(),
            end: window.last(),
            unique_id: Some(unique_id.into()),
            compression: Compression::Gzip,
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begin, end) = (self.begin.as_secs(), self.end.as_secs());
        write!(f, "{}!{}!{begin}!{end}", self.sender.as_ref(), self.policy_domain.as_ref())?;
        if let Some(unique_id) = &self.unique_id {
            write!(f, "!{unique_id}")?;
        }
        f.write_str(match self.compression {
            Compression::Gzip => ".json.gz",
            Compression::Plain => ".json",
        })
    }
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let (stem, compression) = match (name.strip_suffix(".json.gz"), name.strip_suffix(".json"))
        {
            (Some(stem), _) => (stem, Compression::Gzip),
            (None, Some(stem)) => (stem, Compression::Plain),
            (None, None) => return Err(FileNameError::Extension),
        };
        let mut parts = stem.split('!');
        let mut part = || parts.next().ok_or(FileNameError::Parts);
        let (sender, policy_domain) = (domain(part()?)?, domain(part()?)?);
        let (begin, end) = (seconds(part()?)?, seconds(part()?)?);
        let unique_id = parts.next();
        if parts.next().is_some() {
            return Err(FileNameError::Parts);
        }
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if !unique_id.is_none_or(is_id) {
            return Err(FileNameError::UniqueId);
        }
        let unique_id = unique_id.map(Into::into);
        Ok(Self { sender, policy_domain, begin, end, unique_id, compression })
    }
}

fn domain(text: &str) -> Result<DnsName<'static>, FileNameError> {
    DnsName::try_from(text.to_string()).map_err(|_| FileNameError::Domain)
}

fn seconds(text: &str) -> Result<UnixTime, FileNameError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits);
    seconds.map(unix).ok_or(FileNameError::Timestamp)
}

/// Why a text is not a [`FileName`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileNameError {
    /// The extension is neither `json` nor `json.gz`.
    #[error("file name ends neither in .json nor in .json.gz")]
    Extension,
    /// There are not four or five parts.
    #[error("file name has not four or five parts between exclamation marks")]
    Parts,
    /// The sender or the policy domain is not a domain name.
    #[error("file name has a part that is not a domain name")]
    Domain,
    /// A time is not a number of seconds.
    #[error("file name has a part that is not a number of seconds")]
    Timestamp,
    /// The unique id has other characters than letters and digits.
    #[error("file name has a unique id that is not of letters and digits")]
    UniqueId,
}

/// Bytes of the texts with which a reporter describes itself.
const MAX: usize = 1_024;
