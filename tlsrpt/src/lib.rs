//! SMTP TLS reporting ([RFC 8460]) without I/O.
//!
//! A mail domain asks, by a TXT record, to be told every day how other servers' TLS connections
//! to it went. This crate reads that record, counts session outcomes by policy, writes the day's
//! report and reads such reports from anybody.
//!
//! ```text
//! TXT answer ----> Record ---------------+
//!                                        v
//! sessions, datagrams ----> Tally ----> Counters ----> DomainReport ----> Mail, Post, Dispatch
//!
//! mail, bytes ----> Document ----> Reader ----> Reading: the Report, its quirks and anomalies
//! ```
//!
//! Counting a day and sending its reports:
//!
//! ```
//! use tlsrpt::pki_types::{DnsName, UnixTime};
//! use tlsrpt::{Compressor, Mail, Outcome, Policy, PolicyOutcome, PolicyType, Record, Reporter};
//! use tlsrpt::{Session, Tally, Target, UtcDay, Writer};
//!
//! let record = Record::choose([["v=TLSRPTv1; rua=mailto:tls@example.net"]])?;
//! let day: UtcDay = "2026-11-20".parse()?;
//! let mut tally = Tally::new(Writer::new("mx7", 1), 0x5eed);
//! let policy = Policy::new(PolicyType::NO_POLICY_FOUND, "example.net");
//! let session = Session::new(DnsName::try_from("example.net")?, &record, day.start())
//!     .policy(PolicyOutcome::new(policy, Outcome::Success));
//! tally.record(&session, day.start())?;
//!
//! let sealed = UnixTime::since_unix_epoch(std::time::Duration::from_secs(day.end().as_secs() + 600));
//! let reporter = Reporter::new("Sender Example Ltd", "tls-reports@sender.example", "mx7")?;
//! while let Some((day, counters)) = tally.take_sealed(sealed) {
//!     for report in counters.reports(&reporter, day) {
//!         let mail = Mail::gzip(&report, &mut Compressor::new());
//!         for uri in report.record().uris() {
//!             match uri.target() {
//!                 Target::Mail { address } => drop(mail.message(address, sealed)?),
//!                 Target::Https { .. } => drop(mail.post()),
//!                 _ => {}
//!             }
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate resolves, signs, sends, stores and logs nothing: time and seeds are arguments, DKIM
//! is a requirement handed over, and what happened is in the values that come back. It is
//! `no_std` throughout, the reading of mail included: that takes a few hundred lines here, and the
//! mail parsers there are need `std`.
//!
//! [RFC 8460]: https://www.rfc-editor.org/rfc/rfc8460
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod datagram;
mod dedupe;
mod delivery;
mod dispatch;
mod gzip;
mod json;
pub mod limits;
mod mail;
mod members;
mod read;
mod record;
mod report;
mod result;
mod tally;
mod text;
mod time;

pub use pki_types;

pub use datagram::{
    Datagram, DatagramError, DatagramQuirk, DatagramWriter, FailureTexts, OrderError, PolicyCode,
    ResultCode,
};
pub use dedupe::{Repeat, ReportDigest, ReportKey};
pub use delivery::{Delivery, DeliveryAction, DeliveryInput, GaveUp};
pub use dispatch::{Dispatch, DispatchAction, Recipients};
pub use gzip::{Compressor, GzipError};
pub use mail::{
    Authenticated, DkimRequirement, DkimVerdict, Mail, MailError, MailReading, MailTextError, Post,
    SignatureError, Signed, Subject, Unsigned,
};
pub use read::{Anomaly, Document, Mode, Quirk, ReadError, Reader, Reading};
pub use record::{Diagnostic, NoRecord, Record, RecordError, ReportUri, ReportUriError, Target};
pub use report::{Address, Detail, Failure, Policy, PolicyReport, Report, Summary};
pub use result::{PolicyType, ResultType};
pub use tally::{
    Changes, Compression, Counted, CounterRow, CounterRowError, Counters, DatagramRefused,
    DomainReport, FileName, FileNameError, Mark, Outcome, PolicyOutcome, Purpose, Refused,
    Reporter, ReporterError, Reports, Session, Statistics, Tally, Writer,
};
pub use time::{DateTime, DateTimeError, UtcDay, UtcDayError, Window};
