//! Reports out of mail, wherever their senders put them.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use pki_types::DnsName;

use super::decode::Encoding;
use super::mime::{Entity, MediaType, parts};
use crate::limits;
use crate::read::{Anomaly, Budget, Found, Mode, Quirk, ReadError, Reader, Reading};
use crate::tally::FileName;
use crate::text::mail_domain;

/// Why no report can be taken out of a mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// It has too many bytes.
    #[error("mail has more than {max} bytes", max = limits::MAIL)]
    TooLarge,
    /// Multiparts and messages are nested too deep.
    #[error("mail is nested deeper than {max} levels", max = limits::MIME_DEPTH)]
    TooDeep,
    /// There are too many parts.
    #[error("mail has more than {max} parts", max = limits::MIME_PARTS)]
    TooManyParts,
    /// A header is too long.
    #[error("mail has a header of more than {max} bytes", max = limits::MIME_HEADER)]
    HeaderTooLong,
    /// No part looks like a report.
    #[error("mail has no TLS report")]
    NoReport,
    /// A strict reader met this quirk.
    #[error("mail departs from RFC 8460: {0}")]
    Quirk(Quirk),
}

/// What a report's subject says.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Subject {
    /// The domain reported on.
    pub report_domain: String,
    /// The domain of the sender.
    pub submitter: String,
    /// The report id, without angle brackets.
    pub report_id: String,
}

impl Subject {
    /// Reads `Report Domain: D Submitter: S Report-ID: <left@right>`, white space as it may be
    /// folded; `None` for anything else.
    #[must_use]
    pub fn parse(subject: &str) -> Option<Self> {
        let words: Vec<&str> = subject.split_whitespace().collect();
        let ["Report", "Domain:", domain, "Submitter:", submitter, "Report-ID:", id] = words[..]
        else {
            return None;
        };
        let report_id = id.strip_prefix('<')?.strip_suffix('>')?.into();
        Some(Self { report_domain: domain.into(), submitter: submitter.into(), report_id })
    }
}

/// What a mail holds: one or more reports, each judged alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MailReading {
    /// The reports, in order of their parts.
    pub reports: Vec<Result<Reading<'static>, ReadError>>,
    /// The domain reported on, as the header says.
    pub report_domain: Option<DnsName<'static>>,
    /// The domain of the sender, as the header says.
    pub submitter: Option<DnsName<'static>>,
    /// What the subject says.
    pub subject: Option<Subject>,
    quirks: Found<Quirk>,
}

impl MailReading {
    /// What is odd about the mail; each report has its own quirks besides.
    #[must_use]
    pub fn quirks(&self) -> &[Quirk] {
        self.quirks.as_slice()
    }
}

impl Reader<'_> {
    /// Reads the reports of a mail.
    ///
    /// The header that counts is that of the innermost message around the first report. The report
    /// domain and id it names stand in where a report has none.
    ///
    /// Reading takes at most 128 MiB beside the mail itself, and what is read keeps at most 64 MiB,
    /// whatever the mail holds: its reports share the limits of one, and those for which too little
    /// is left are [`ReadError::MailBudget`].
    ///
    /// # Errors
    ///
    /// [`MailError`]; a report that cannot be read is an error of its own in the result.
    pub fn read_mail(&self, mail: &[u8]) -> Result<MailReading, MailError> {
        if mail.len() > limits::MAIL {
            return Err(MailError::TooLarge);
        }
        let mut walk = Walk::default();
        walk.message(mail, 1)?;
        let candidates = walk.candidates();
        let first = candidates.first().ok_or(MailError::NoReport)?;
        let name =
            |field: &str| first.message.field(field).and_then(|text| DnsName::try_from(text).ok());
        let report_domain = name("TLS-Report-Domain");
        let submitter = name("TLS-Report-Submitter");
        let subject = first.message.field("Subject").as_deref().and_then(Subject::parse);
        let mut reading = MailReading {
            reports: Vec::new(),
            report_domain,
            submitter,
            subject,
            quirks: Found::default(),
        };
        self.shape(&mut reading, &candidates);
        let mut budget = Budget::new();
        for candidate in &candidates {
            let report = self.report(&mut reading, candidate, &mut budget);
            reading.reports.push(report);
            budget.next_report();
        }
        match (self.mode(), reading.quirks.first()) {
            (Mode::Strict, Some(quirk)) => Err(MailError::Quirk(quirk)),
            _ => Ok(reading),
        }
    }

    /// What is odd about where the reports stand.
    fn shape(&self, reading: &mut MailReading, candidates: &[Candidate<'_>]) {
        for candidate in candidates {
            let Candidate { around, depth, forwarded, .. } = candidate;
            if *forwarded {
                reading.quirks.add(Quirk::Forwarded);
            }
            match around {
                Some(multipart) if multipart.essence == "multipart/report" => {
                    let named = multipart.parameter("report-type");
                    if !named.is_some_and(|name| name.eq_ignore_ascii_case("tlsrpt")) {
                        reading.quirks.add(Quirk::ReportTypeMissing);
                    }
                }
                _ => reading.quirks.add(Quirk::MimeNotReport),
            }
            if *depth > 1 {
                reading.quirks.add(Quirk::NestedMultipart);
            }
            if candidate.mistyped {
                reading.quirks.add(Quirk::MediaType);
            }
            let (gzip, _) = candidate.encoding.sniff(candidate.entity.body);
            if candidate.says_gzip().is_some_and(|says| says != gzip) {
                reading.quirks.add(Quirk::MediaTypeMismatch);
            }
        }
        if candidates.len() > 1 {
            reading.quirks.add(Quirk::SeveralReports);
        }
        if reading.report_domain.is_none() || reading.submitter.is_none() {
            reading.quirks.add(Quirk::TlsReportHeaderMissing);
        }
    }

    fn report(
        &self,
        mail: &mut MailReading,
        candidate: &Candidate<'_>,
        budget: &mut Budget,
    ) -> Result<Reading<'static>, ReadError> {
        let document = candidate.encoding.open(candidate.entity.body, budget)?;
        let file_name =
            candidate.file_name.as_deref().and_then(|name| name.parse::<FileName>().ok());
        let domain = mail.report_domain.as_ref().map(AsRef::as_ref);
        let id = mail.subject.as_ref().map(|subject| subject.report_id.as_str());
        let mut reader = *self;
        reader = domain.map_or(reader, |domain| reader.report_domain(domain));
        reader = id.map_or(reader, |id| reader.report_id(id));
        let mut reading = reader.read_within(&document, *budget)?.into_owned();
        budget.take(&reading.report);
        let contact = mail_domain(reading.report.contact_info());
        if mail.submitter.is_some() && mail.submitter != contact.as_ref().map(DnsName::to_owned) {
            mail.quirks.add(Quirk::SubmitterMismatch);
        }
        // RFC 8460 section 5.6: where they disagree, the JSON wins.
        let same = |name: &str| {
            let contact: Option<&str> = contact.as_ref().map(AsRef::as_ref);
            contact.is_some_and(|contact| contact.eq_ignore_ascii_case(name))
        };
        if mail.subject.as_ref().is_some_and(|subject| {
            subject.report_id != reading.report.report_id() || !same(&subject.submitter)
        }) {
            reading.anomalies.add(Anomaly::SubjectMismatch);
        }
        let window = reading.report.window();
        if file_name.is_some_and(|name| {
            let ends = [window.last(), window.end()];
            name.begin != window.start() || !ends.contains(&name.end) || !same(name.sender.as_ref())
        }) {
            reading.anomalies.add(Anomaly::FilenameMismatch);
        }
        Ok(reading)
    }
}

/// A part that may be a report.
struct Candidate<'a> {
    entity: Entity<'a>,
    encoding: Encoding,
    media_type: MediaType,
    file_name: Option<String>,
    /// The innermost message around it.
    message: Entity<'a>,
    /// The multipart it is a part of.
    around: Option<Rc<MediaType>>,
    /// How many multiparts of that message are around it.
    depth: usize,
    forwarded: bool,
    /// Whether its media type is none of the two that RFC 8460 registers.
    mistyped: bool,
}

impl Candidate<'_> {
    /// Whether the media type says that this is gzip, where it says.
    fn says_gzip(&self) -> Option<bool> {
        match self.media_type.essence.as_str() {
            "application/tlsrpt+gzip" | "application/gzip" | "application/x-gzip" => Some(true),
            "application/tlsrpt+json" | "application/json" => Some(false),
            _ => None,
        }
    }

    /// Whether a part of another media type looks like a report.
    fn looks_like_a_report(&self) -> bool {
        let name = self.file_name.as_deref().unwrap_or_default().to_ascii_lowercase();
        let named = name.ends_with(".json") || name.ends_with(".json.gz");
        let (gzip, first) = self.encoding.sniff(self.entity.body);
        match self.media_type.essence.as_str() {
            "application/gzip" | "application/x-gzip" | "application/json" => true,
            "application/octet-stream" => named || gzip || first == Some(b'{'),
            "text/plain" => named,
            _ => false,
        }
    }
}

#[derive(Default)]
struct Walk<'a> {
    found: Vec<Candidate<'a>>,
    parts: usize,
}

/// Where a walk through a mail is.
#[derive(Clone)]
struct Place<'a> {
    message: Entity<'a>,
    around: Option<Rc<MediaType>>,
    depth: usize,
    forwarded: bool,
}

impl<'a> Walk<'a> {
    fn message(&mut self, bytes: &'a [u8], level: usize) -> Result<(), MailError> {
        let message = Entity::new(bytes)?;
        let place = Place { message, around: None, depth: 0, forwarded: level > 1 };
        self.entity(message, &place, level)
    }

    /// Each multipart and each forwarded message is a level of its own.
    fn entity(
        &mut self,
        entity: Entity<'a>,
        place: &Place<'a>,
        level: usize,
    ) -> Result<(), MailError> {
        let media_type = entity.content_type();
        let nested = media_type.is_multipart() || media_type.essence == "message/rfc822";
        if nested && level > limits::MIME_DEPTH {
            return Err(MailError::TooDeep);
        }
        if media_type.essence == "message/rfc822" {
            return self.message(entity.body, level + 1);
        }
        if media_type.is_multipart() {
            let around = Rc::new(media_type);
            let boundary = around.parameter("boundary").unwrap_or_default();
            let depth = place.depth + 1;
            let inner = Place { around: Some(Rc::clone(&around)), depth, ..place.clone() };
            for part in parts(entity.body, boundary) {
                self.parts += 1;
                if self.parts > limits::MIME_PARTS {
                    return Err(MailError::TooManyParts);
                }
                self.entity(Entity::new(part)?, &inner, level + 1)?;
            }
            return Ok(());
        }
        let mistyped = !media_type.essence.starts_with("application/tlsrpt+");
        self.found.push(Candidate {
            entity,
            encoding: Encoding::of(entity.field("Content-Transfer-Encoding").as_deref()),
            file_name: entity.file_name(&media_type),
            media_type,
            message: place.message,
            around: place.around.clone(),
            depth: place.depth,
            forwarded: place.forwarded,
            mistyped,
        });
        Ok(())
    }

    /// The parts of a registered type; only if there are none, those that look like reports.
    fn candidates(self) -> Vec<Candidate<'a>> {
        let (typed, others): (Vec<_>, Vec<_>) =
            self.found.into_iter().partition(|candidate| !candidate.mistyped);
        if typed.is_empty() {
            others.into_iter().filter(Candidate::looks_like_a_report).collect()
        } else {
            typed
        }
    }
}
