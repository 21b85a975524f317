//! TLS reporting.

mod datagram;
mod mail;
mod stored;
mod tally;

use serde_json::{Map, Value};
use tlsrpt::{Compressor, Document, Mode, NoRecord, ReadError, Reader, Reading, Record, ReportUri};

pub use datagram::datagram;
pub(super) use datagram::seed_datagram;
pub use mail::mail;
pub(super) use mail::seed_mail;
pub(super) use stored::seed_stored;
pub use stored::stored;
pub(super) use tally::seed_tally;
pub use tally::tally;

use super::{fail, request};
use crate::request::tlsrpt as asked;

/// TXT records: records end with a zero byte, character-strings with a one.
///
/// What a record says depends on its joined text alone; the order of records and records of others
/// do not matter; a second record of ours makes the answer unusable; URIs are in canonical form;
/// what is written is read back.
pub fn record(data: &[u8]) {
    let records: Vec<Vec<&[u8]>> =
        data.split(|byte| *byte == 0).map(|one| one.split(|byte| *byte == 1).collect()).collect();
    let joined: Vec<[Vec<u8>; 1]> = records.iter().map(|strings| [strings.concat()]).collect();
    let result = Record::choose(&records);
    assert_eq!(result, Record::choose(&joined), "a split has no meaning");
    assert_eq!(result, Record::choose(joined.iter().rev()), "the order has no meaning");
    let others = [[b"v=spf1 -all".to_vec()], [b"v=TLSRPTv2; rua=mailto:a@b.example".to_vec()]];
    let among = Record::choose(joined.iter().chain(&others));
    assert_eq!(result, among, "records of others have no meaning");
    let Ok(record) = result else { return };
    assert!(record.as_str().len() <= 4_096 && (1..=32).contains(&record.uris().len()));
    assert_eq!(record.to_string().parse().as_ref(), Ok(&record));
    for uri in record.uris() {
        assert_eq!(uri.to_string().parse::<ReportUri>().as_ref(), Ok(uri));
        let text = uri.as_str();
        assert!(text.starts_with("mailto:") || text.starts_with("https:"), "{text}");
        assert!(!text.contains([',', '!', ';', ' ', '\r', '\n']), "{text}");
    }
    let published = Record::publish(record.uris());
    assert_eq!(published.map(|again| again.uris().to_vec()), Ok(record.uris().to_vec()));
    let second = [[b"v=TLSRPTv1; rua=mailto:a@b.example".to_vec()]];
    let two = Record::choose(joined.iter().chain(&second));
    assert_eq!(two, Err(NoRecord::Several), "the first of two is not taken");
}

/// A report, plain or in gzip.
///
/// The strict reader takes what the lenient one takes without a quirk, and refuses what that lists;
/// what is written is read back and written again to the same bytes.
pub fn report(data: &[u8]) {
    let lenient = Reader::new(Mode::Lenient).read_owned(data);
    let strict = Reader::new(Mode::Strict).read_owned(data);
    match (&lenient, &strict) {
        (Ok(lenient), Ok(strict)) => {
            assert!(lenient.quirks().is_empty() && strict.quirks().is_empty());
            assert_eq!(lenient.report(), strict.report());
        }
        (Ok(lenient), Err(ReadError::Quirk(quirk))) => {
            assert!(lenient.quirks().contains(quirk), "what is refused is listed");
        }
        (Ok(lenient), Err(error)) => fail(&format!("{error} and {:?}", lenient.quirks())),
        (Err(_), Ok(_)) => fail("the strict reader is the stricter one"),
        (Err(_), Err(_)) => {}
    }
    if let Ok(reading) = lenient {
        is_written(&reading);
    }
}

fn is_written(reading: &Reading<'_>) {
    let report = reading.report();
    let written = report.to_json();
    assert_eq!(written.len(), report.json_len());
    assert!(serde_json::from_str::<Value>(&written).is_ok(), "{written}");
    let again = Reader::lenient().read_owned(written.as_bytes());
    let Ok(again) = again else { fail(&format!("what is written is read back: {written}")) };
    assert_eq!(again.report().to_json(), written, "the canonical form is one");
    let strings = report.policies().flat_map(|policy| policy.policy_strings().to_vec());
    assert!(strings.map(|string| string.len()).max() <= Some(65_536));
}

/// A text, and the same bytes as gzip: what is compressed is read back, and a bomb is bounded.
pub fn gzip(data: &[u8]) {
    let packed = Compressor::new().gzip(data);
    match Document::open(&packed) {
        Ok(document) => assert_eq!(document.json(), data),
        Err(error) => fail(&format!("what is compressed is read back: {error}")),
    }
    if let Ok(document) = Document::open(data) {
        let length = document.json().len();
        assert!(length <= 20_000_000);
        assert!(length <= 1_000_000 || length / 200 <= data.len() + 1, "the ratio is bounded");
    }
    let cut = packed.get(..packed.len().saturating_sub(1)).unwrap_or_default();
    let whole = Document::open(cut).is_ok_and(|document| document.json() == data);
    assert!(!whole, "a cut document is told from a whole one");
}

pub(super) fn seed_record(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let request: asked::Record = request("tlsrpt.record", operation, fields)?;
    let records: Vec<String> = request.txt.iter().map(|strings| strings.join("\u{1}")).collect();
    Some(records.join("\0").into_bytes())
}

pub(super) fn seed_report(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    Some(request::<asked::Report>("tlsrpt.report", operation, fields)?.report_b64.0)
}
