//! Where a domain's report goes: its record as it stands now.

use pki_types::DnsName;
use smtp_tls::resolve::{BoxedLookUp, Kind, LookUp, Outcome, Question, Record as Data};
use tlsrpt::Record;

/// What a fresh look-up of the record says.
pub(crate) enum Asked {
    /// The domain asks for reports.
    Yes(Record),
    /// It does not, any more.
    No,
    /// It could not be looked up.
    Unknown,
}

/// Looks the record up.
pub(crate) async fn look_up(dns: &BoxedLookUp, domain: &DnsName<'_>) -> Asked {
    let Ok(name) = Record::owner_name(domain).parse() else { return Asked::No };
    let Ok(answer) = dns.look_up(&Question::new(name, Kind::Txt)).await else {
        return Asked::Unknown;
    };
    if !matches!(answer.outcome, Outcome::Records(_)) {
        return Asked::No;
    }
    let texts = answer.records().iter().filter_map(|record| match record {
        Data::Txt(strings) => Some(strings.clone()),
        _ => None,
    });
    match Record::choose(texts) {
        Ok(record) => Asked::Yes(record),
        // RFC 8460 section 3: whatever is not one record that can be read is as if there were none.
        Err(_) => Asked::No,
    }
}
