//! Reading reports from anybody: lenient by default, strict on demand, one parser for both.

mod anomaly;
mod budget;
mod context;
mod detail;
mod error;
mod object;
mod policy;
mod quirk;
mod repair;
mod report;
mod value;

pub(crate) use budget::Budget;
pub use error::ReadError;
pub(crate) use quirk::Found;
pub use quirk::{Anomaly, Quirk};

use alloc::borrow::Cow;

use serde::de::DeserializeSeed;

use crate::gzip::{self, Inflater};
use crate::limits;
use crate::report::Report;
use context::Context;
use report::ReportSeed;

/// The bytes of a report, decompressed where they were gzip.
///
/// A report that is read borrows from its document.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    json: Cow<'a, [u8]>,
    quirks: Found<Quirk>,
}

impl<'a> Document<'a> {
    /// Takes the bytes as they came: JSON, or gzip of it, told apart by their first two bytes.
    ///
    /// # Errors
    ///
    /// [`ReadError::GzipTruncated`], [`ReadError::GzipDamaged`] or [`ReadError::TooLarge`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        if !gzip::is_gzip(bytes) {
            return Self::plain(Cow::Borrowed(bytes));
        }
        let mut inflater = Inflater::new(bytes.len(), limits::INFLATED);
        inflater.push(bytes)?;
        Self::inflated(inflater)
    }

    pub(crate) fn plain(json: Cow<'a, [u8]>) -> Result<Self, ReadError> {
        if json.len() > limits::INFLATED {
            return Err(ReadError::TooLarge);
        }
        Ok(Self { json, quirks: Found::default() })
    }

    pub(crate) fn inflated(inflater: Inflater) -> Result<Self, ReadError> {
        let (json, oddities) = inflater.finish()?;
        let mut quirks = Found::default();
        if oddities.crc {
            quirks.add(Quirk::GzipCrc);
        }
        if oddities.trailing {
            quirks.add(Quirk::GzipTrailingBytes);
        }
        Ok(Self { json: Cow::Owned(json), quirks })
    }

    /// The JSON text, which need not be UTF-8.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }
}

/// Whether a reader goes on where a report departs from RFC 8460.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "section 5 of the reading rules has two modes")]
pub enum Mode {
    /// It goes on, and tells the quirks.
    #[default]
    Lenient,
    /// The first quirk is its error.
    Strict,
}

/// Reads reports.
///
/// ```
/// use tlsrpt::{Document, Quirk, Reader};
///
/// let document = Document::open(br#"{"organization-name": "Sender", "report-id": "1@a.example",
///     "contact-info": "tls@a.example", "policies": [], "date-range":
///     {"start-datetime": "2026-11-20T00:00:00", "end-datetime": "2026-11-20T23:59:59Z"}}"#)?;
/// let reading = Reader::lenient().read(&document)?;
/// assert_eq!(reading.report().organization_name(), "Sender");
/// assert_eq!(reading.quirks(), [Quirk::DateWithoutZone]);
/// assert!(Reader::strict().read(&document).is_err());
/// # Ok::<(), tlsrpt::ReadError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader<'h> {
    mode: Mode,
    report_domain: Option<&'h str>,
    report_id: Option<&'h str>,
}

impl<'h> Reader<'h> {
    /// A reader that tolerates every known [`Quirk`] and tells those it met.
    #[must_use]
    pub fn lenient() -> Self {
        Self::default()
    }

    /// A reader that refuses a report for the first quirk that a lenient one would tell.
    #[must_use]
    pub fn strict() -> Self {
        Self { mode: Mode::Strict, ..Self::default() }
    }

    /// A reader of this mode.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// The domain reported on, if something beside the report tells it: it stands in for a policy
    /// domain that is missing.
    #[must_use]
    pub fn report_domain(self, domain: &'h str) -> Self {
        Self { report_domain: Some(domain), ..self }
    }

    /// The report id, if a subject or file name tells it: it stands in for one that is missing.
    #[must_use]
    pub fn report_id(self, report_id: &'h str) -> Self {
        Self { report_id: Some(report_id), ..self }
    }

    /// Reads a report, borrowed from its document wherever that is possible.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; of its variants, [`ReadError::Quirk`] comes from a strict reader only.
    pub fn read<'d>(&self, document: &'d Document<'_>) -> Result<Reading<'d>, ReadError> {
        self.read_within(document, Budget::new())
    }

    pub(crate) fn read_within<'d>(
        &self,
        document: &'d Document<'_>,
        budget: Budget,
    ) -> Result<Reading<'d>, ReadError> {
        let mut quirks = document.quirks.clone();
        let json = match document.json.strip_prefix(MARK) {
            Some(rest) => {
                quirks.add(Quirk::ByteOrderMark);
                rest
            }
            None => &document.json,
        };
        let mark = document.json.len() - json.len();
        let parsed = match core::str::from_utf8(json) {
            Ok(text) => self.parse(text, quirks.clone(), budget),
            Err(error) => Err(ReadError::NotJson { at: error.valid_up_to() }),
        };
        // Only if the bytes as they are cannot be parsed are they mended and parsed again.
        match parsed {
            Err(error @ ReadError::NotJson { at }) => match repair::repair(json, &mut quirks)? {
                Some(text) => self.parse(&text, quirks, budget).map(Reading::into_owned),
                None if mark > 0 => Err(ReadError::NotJson { at: at + mark }),
                None => Err(error),
            },
            parsed => parsed,
        }
    }

    /// Opens and reads a report that borrows from nobody.
    ///
    /// # Errors
    ///
    /// As [`Document::open`] and [`read`](Self::read).
    pub fn read_owned(&self, bytes: &[u8]) -> Result<Reading<'static>, ReadError> {
        let document = Document::open(bytes)?;
        self.read(&document).map(Reading::into_owned)
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    fn parse<'d>(
        &self,
        json: &'d str,
        quirks: Found<Quirk>,
        budget: Budget,
    ) -> Result<Reading<'d>, ReadError> {
        let mut context = Context::new(quirks, budget);
        // A failure row takes some 280 bytes of JSON and less memory than that.
        context.details.reserve((json.len() / 250).min(budget.details));
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let head =
            ReportSeed { context: &mut context, reader: self }.deserialize(&mut deserializer);
        let head = head.map_err(|error| context.reason(json, &error))?;
        if deserializer.end().is_err() {
            context.quirks.add(Quirk::TrailingBytes);
        }
        // One list serves both modes, so that what strict refuses is what lenient tells first.
        if let (Mode::Strict, Some(quirk)) = (self.mode, context.quirks.first()) {
            return Err(ReadError::Quirk(quirk));
        }
        let Context { quirks, rows, strings, details, .. } = context;
        let report = Report { head, rows, strings, details };
        Ok(Reading { anomalies: anomaly::of(&report), report, quirks })
    }
}

/// A report that was read, and what is odd about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reading<'a> {
    pub(crate) report: Report<'a>,
    pub(crate) quirks: Found<Quirk>,
    pub(crate) anomalies: Found<Anomaly>,
}

impl<'a> Reading<'a> {
    /// The report.
    #[must_use]
    pub fn report(&self) -> &Report<'a> {
        &self.report
    }

    /// The report, without the rest.
    #[must_use]
    pub fn into_report(self) -> Report<'a> {
        self.report
    }

    /// What a strict reader would refuse, each once, in order of first occurrence.
    #[must_use]
    pub fn quirks(&self) -> &[Quirk] {
        self.quirks.as_slice()
    }

    /// What is legal and suspicious, each once.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        self.anomalies.as_slice()
    }

    /// The same reading, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> Reading<'static> {
        let Self { report, quirks, anomalies } = self;
        Reading { report: report.into_owned(), quirks, anomalies }
    }
}

/// The byte-order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
