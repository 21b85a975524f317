//! A report as mail, and as the body of an HTTPS POST.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki_types::{DnsName, UnixTime};

use super::sign::Unsigned;
use crate::gzip::Compressor;
use crate::tally::{Compression, DomainReport, FileName};
use crate::text::{is_addr_spec, is_dot_atom};
use crate::time::{DateTime, UtcDay};

/// A report that is ready to be sent: its bytes, and what its mail says about it.
///
/// A retry sends the same bytes, so this is made once for each report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mail {
    domain: DnsName<'static>,
    submitter: DnsName<'static>,
    contact_info: String,
    report_id: String,
    file_name: FileName,
    first: DateTime,
    last: DateTime,
    body: Vec<u8>,
}

/// A mail address, or a text that goes into a header, that cannot stand there.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MailTextError {
    /// The recipient is not a mail address.
    #[error("recipient is not a mail address")]
    Recipient,
    /// The report id is not of the form `left@right` that a message id has.
    #[error("report id is not of the form left@right")]
    ReportId,
}

/// The body of an HTTPS POST, and its media type
/// ([RFC 8460 section 5.4](https://www.rfc-editor.org/rfc/rfc8460#section-5.4)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Post<'a> {
    /// The value of Content-Type. There is no Content-Encoding: gzip is the type.
    pub content_type: &'static str,
    /// The bytes.
    pub body: &'a [u8],
}

impl Mail {
    /// The report, gzipped, as section 5.2 recommends.
    #[must_use]
    pub fn gzip(report: &DomainReport<'_>, compressor: &mut Compressor) -> Self {
        let body = compressor.gzip(report.report().to_json().as_bytes());
        Self::with(report, body, Compression::Gzip)
    }

    /// The report as plain JSON.
    #[must_use]
    pub fn plain(report: &DomainReport<'_>) -> Self {
        Self::with(report, report.report().to_json().into_bytes(), Compression::Plain)
    }

    fn with(report: &DomainReport<'_>, body: Vec<u8>, compression: Compression) -> Self {
        let window = report.report().window();
        Self {
            domain: report.domain().to_owned(),
            submitter: report.submitter().to_owned(),
            contact_info: report.report().contact_info().into(),
            report_id: report.report().report_id().into(),
            file_name: FileName { compression, ..report.file_name() },
            first: window.start().into(),
            last: window.last().into(),
            body,
        }
    }

    /// The name of the report's file.
    #[must_use]
    pub fn file_name(&self) -> &FileName {
        &self.file_name
    }

    /// The report for an HTTPS POST.
    #[must_use]
    pub fn post(&self) -> Post<'_> {
        Post { content_type: self.content_type(), body: &self.body }
    }

    fn content_type(&self) -> &'static str {
        match self.file_name.compression {
            Compression::Gzip => "application/tlsrpt+gzip",
            Compression::Plain => "application/tlsrpt+json",
        }
    }

    /// The report as mail to this address, dated now, without its DKIM signature.
    ///
    /// The mail asks to be delivered whatever happens to TLS (`TLS-Required: No`, RFC 8689): a
    /// report about broken TLS would not arrive otherwise.
    ///
    /// # Errors
    ///
    /// If the address is none, or the report id cannot stand in a header.
    pub fn message(&self, to: &str, now: UnixTime) -> Result<Unsigned, MailTextError> {
        if !is_addr_spec(to) {
            return Err(MailTextError::Recipient);
        }
        let (left, right) = self.report_id.split_once('@').ok_or(MailTextError::ReportId)?;
        if !is_dot_atom(left) || DnsName::try_from(right).is_err() {
            return Err(MailTextError::ReportId);
        }
        let mut message = self.header(to, now);
        message.push_str(&self.text());
        message.push_str(&self.attachment());
        Ok(Unsigned { message: message.into_bytes(), submitter: self.submitter.clone() })
    }

    fn header(&self, to: &str, now: UnixTime) -> String {
        let (domain, submitter): (&str, &str) = (self.domain.as_ref(), self.submitter.as_ref());
        let (from, id) = (&self.contact_info, &self.report_id);
        let (date, boundary) = (date(now), self.boundary());
        format!(
            "From: <{from}>\r\n\
             To: <{to}>\r\n\
             Date: {date}\r\n\
             Message-ID:\r\n <{id}>\r\n\
             Subject: Report Domain: {domain}\r\n Submitter: {submitter}\r\n Report-ID: <{id}>\r\n\
             TLS-Report-Domain: {domain}\r\n\
             TLS-Report-Submitter: {submitter}\r\n\
             TLS-Required: No\r\n\
             Auto-Submitted: auto-generated\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"{boundary}\"\r\n\
             \r\n"
        )
    }

    /// The part for people.
    fn text(&self) -> String {
        let (domain, submitter): (&str, &str) = (self.domain.as_ref(), self.submitter.as_ref());
        format!(
            "--{boundary}\r\n\
             Content-Type: text/plain; charset=us-ascii\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             \r\n\
             This is an aggregate TLS report from\r\n {submitter}\r\n\
             on the TLS connections to the mail servers of\r\n {domain}\r\n\
             from {first} to {last}.\r\n\
             \r\n\
             It was asked for by the TXT record at _smtp._tls of that domain (RFC 8460).\r\n\
             \r\n",
            boundary = self.boundary(),
            first = self.first,
            last = self.last,
        )
    }

    fn attachment(&self) -> String {
        let (boundary, name) = (self.boundary(), self.file_name.to_string());
        let mut part = format!(
            "--{boundary}\r\n\
             Content-Type: {};\r\n name=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment;\r\n filename=\"{name}\"\r\n\
             \r\n",
            self.content_type()
        );
        part.reserve(self.body.len() * 3 / 2 + 100);
        // 57 bytes make a line of 76 characters.
        for line in self.body.chunks(57) {
            STANDARD.encode_string(line, &mut part);
            part.push_str("\r\n");
        }
        part.push_str(&format!("--{boundary}--\r\n"));
        part
    }

    /// A text that stands in neither part: base64 has no underscore, and the other part none of
    /// this form.
    fn boundary(&self) -> String {
        let id = self.file_name.unique_id.as_deref().unwrap_or_default().to_owned();
        format!("=_tlsrpt_{id}")
    }
}

/// The date-time of RFC 5322 section 3.3, in UTC.
fn date(now: UnixTime) -> String {
    let day = UtcDay::of(now);
    let text = day.to_string();
    let mut parts = text.split('-');
    let mut part = || parts.next().unwrap_or_default();
    let (year, month, date) = (part(), part(), part());
    let name = |names: &'static str, at: usize| names.get(at * 3..at * 3 + 3).unwrap_or_default();
    let month = month.parse::<usize>().unwrap_or(1).saturating_sub(1);
    // 1 January 1970 was a Thursday.
    let weekday = name("ThuFriSatSunMonTueWed", day.number() as usize % 7);
    let month = name("JanFebMarAprMayJunJulAugSepOctNovDec", month);
    let second = now.as_secs() % 86_400;
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{weekday}, {date} {month} {year} {hours:02}:{minutes:02}:{seconds:02} +0000")
}
