//! Reports in mail.

use serde_json::{Map, Value};
use smtp_starttls::Message;
use tlsrpt::{
    Compressor, DomainReport, Failure, Mail, MailError, MailReading, Mode, Outcome, Policy,
    PolicyOutcome, PolicyType, ReadError, Reader, Record, Reporter, ResultType, Session, Tally,
    UtcDay, Writer, limits,
};

use super::super::input::Input;
use super::{fail, is_written, request};

/// A mail as it comes, and a report in mail whose texts are made of the same bytes.
///
/// The strict reader takes what the lenient one takes without a quirk and finds the same in it;
/// each report is judged alone; what is written are whole lines of ASCII, in which the strict reader
/// finds the same report and nothing odd.
pub fn mail(data: &[u8]) {
    let [lenient, strict] =
        [Mode::Lenient, Mode::Strict].map(|mode| Reader::new(mode).read_mail(data));
    match (&lenient, &strict) {
        (Ok(lenient), Ok(strict)) => agree(lenient, strict),
        (Ok(lenient), Err(MailError::Quirk(quirk))) => {
            assert!(lenient.quirks().contains(quirk), "what is refused is listed");
        }
        (Err(lenient), Err(strict)) => assert_eq!(lenient, strict),
        (lenient, strict) => fail(&format!("lenient: {lenient:?}, strict: {strict:?}")),
    }
    if let Ok(reading) = lenient {
        assert!((1..=limits::MIME_PARTS + 1).contains(&reading.reports.len()));
        reading.reports.iter().flatten().for_each(is_written);
    }
    let mut input = Input::new(data);
    if let Some(counted) = Written::read(&mut input) {
        counted.check();
    }
}

fn agree(lenient: &MailReading, strict: &MailReading) {
    assert!(strict.quirks().is_empty());
    let domains = |reading: &MailReading| {
        (reading.report_domain.clone(), reading.submitter.clone(), reading.subject.clone())
    };
    assert_eq!(domains(lenient), domains(strict));
    assert_eq!(lenient.reports.len(), strict.reports.len());
    for pair in lenient.reports.iter().zip(&strict.reports) {
        match pair {
            (Ok(lenient), Ok(strict)) => assert_eq!(lenient.report(), strict.report()),
            (Ok(lenient), Err(ReadError::Quirk(quirk))) => {
                assert!(lenient.quirks().contains(quirk), "what is refused is listed");
            }
            (Err(_), Err(_)) => {}
            (lenient, strict) => fail(&format!("lenient: {lenient:?}, strict: {strict:?}")),
        }
    }
}

/// A day's counters with one failure.
struct Written {
    tally: Tally,
    reporter: Reporter,
    day: UtcDay,
}

impl Written {
    fn read(input: &mut Input<'_>) -> Option<Self> {
        let day: UtcDay = "2026-11-20".parse().ok()?;
        let record: Record = "v=TLSRPTv1; rua=mailto:tls@example.net".parse().ok()?;
        let mut failure = Failure::new(ResultType::VALIDATION_FAILURE);
        failure.receiving_mx_helo = Some(input.text().into());
        failure.additional_information = Some(input.text().into());
        let policy = Policy::new(PolicyType::STS, "example.net").strings([input.text()]);
        let outcome = PolicyOutcome::new(policy, Outcome::Failure).failure(failure);
        let domain = "example.net".try_into().ok()?;
        let session = Session::new(domain, &record, day.start()).policy(outcome);
        let mut tally = Tally::new(Writer::new("a", 1), 7);
        tally.record(&session, day.start()).ok()?;
        let organization = input.text();
        let reporter = Reporter::new(&organization, "tls@sender.example", "node").ok()?;
        Some(Self { tally, reporter, day })
    }

    fn check(&self) {
        let reports = self.tally.day(self.day).into_iter();
        for report in reports.flat_map(|counters| counters.reports(&self.reporter, self.day)) {
            for mail in [Mail::plain(&report), Mail::gzip(&report, &mut Compressor::new())] {
                self.is_read_back(&report, &mail);
            }
        }
    }

    fn is_read_back(&self, report: &DomainReport<'_>, mail: &Mail) {
        let message = match mail.message("tls@example.net", self.day.start()) {
            Ok(message) => message,
            Err(error) => fail(&format!("a report of ours has a good id: {error}")),
        };
        let bytes = message.message();
        let is_ascii = Message::try_from(bytes).map(|message| !message.needs_eight_bit());
        assert_eq!(is_ascii, Ok(true), "whole lines of ASCII");
        let reading = match Reader::strict().read_mail(bytes) {
            Ok(reading) => reading,
            Err(error) => fail(&format!("what is written is read back: {error}")),
        };
        let [Ok(read)] = reading.reports.as_slice() else { fail("there is one report") };
        assert_eq!(read.report().to_json(), report.report().to_json());
        assert!(read.quirks().is_empty() && read.anomalies().is_empty(), "{:?}", read.anomalies());
        assert_eq!(reading.report_domain.as_ref(), Some(report.domain()));
    }
}

pub(in crate::properties) fn seed_mail(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: super::asked::Report = request("tlsrpt.report", operation, fields)?;
    let report = request.report_b64.0;
    let is_gzip = report.starts_with(&[0x1f, 0x8b]);
    let kind = if is_gzip { "application/tlsrpt+gzip" } else { "application/tlsrpt+json" };
    let head = format!(
        "TLS-Report-Domain: example.net\r\nTLS-Report-Submitter: sender.example\r\n\
         Subject: Report Domain: example.net\r\n Submitter: sender.example\r\n Report-ID: <1@a.b>\r\n\
         Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b\r\nContent-Type: {kind}\r\n\
         Content-Transfer-Encoding: binary\r\n\r\n"
    );
    Some([head.as_bytes(), &report, b"\r\n--b--\r\n"].concat())
}
