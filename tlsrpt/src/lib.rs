//! SMTP TLS reporting ([RFC 8460]) without I/O.
//!
//! A mail domain asks, by a TXT record, to be told every day how other servers' TLS connections
//! to it went. This crate reads that record, counts session outcomes by policy, writes the day's
//! report and reads such reports from anybody.
//!
//! ```text
//! TXT answer ---> Record --------------------+
//!                                            v
//! session outcomes ---> Session ---> Tally ---> Counters ---> Report ---> JSON
//! ```
//!
//! The crate resolves, signs, sends, stores and logs nothing: time and seeds are arguments, and
//! what happened is in the values that come back.
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
mod gzip;
mod json;
pub mod limits;
mod mail;
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
    Compression, Counted, CounterKeyError, CounterRow, Counters, DatagramRefused, DomainReport,
    FileName, FileNameError, Mark, Outcome, PolicyOutcome, Purpose, Refused, Reporter,
    ReporterError, Reports, Session, Statistics, Tally, Writer,
};
pub use time::{DateTime, DateTimeError, UtcDay, UtcDayError, Window};
