//! The canonical JSON form of a report, in one allocation.
//!
//! serde_json would escape every member name anew; here they are constants. The `serde` form
//! is the same text, which a test compares.

use alloc::borrow::Cow;
use alloc::string::String;

use super::{Address, Detail, Head, Report, Row, order};
use crate::json::{Length, Sink, number, string};
use crate::result::PolicyType;
use crate::time;

impl Report<'_> {
    /// The canonical JSON: compact, members in the order of RFC 8460 section 4.4, policies by
    /// type, domain and strings, failures by count (largest first) and then by key. Equal reports
    /// give equal bytes. An absent value has no member, and nothing is ever `null`.
    ///
    /// The text is made in one allocation, unless a list of more than 256 items is out of order.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.json_room());
        self.head.open(&mut json);
        let mut first = true;
        let row = |row: &Row<'_>| {
            json.push_str(if core::mem::take(&mut first) { "" } else { "," });
            self.write_row(&mut json, row);
            Ok::<(), core::convert::Infallible>(())
        };
        let Ok(()) = order::in_order(&self.rows, |a, b| self.compare_rows(a, b), row);
        json.push_str("]}");
        json
    }

    /// The exact number of bytes of [`to_json`](Self::to_json).
    #[must_use]
    pub fn json_len(&self) -> usize {
        let mut length = Length::default();
        self.head.open(&mut length);
        for row in &self.rows {
            self.open_row(&mut length, row);
            for item in self.details_of(row) {
                detail(&mut length, item);
            }
        }
        let commas = self.rows.len().saturating_sub(1);
        let inner = |row: &Row<'_>| match row.details.len() {
            0 => "}".len(),
            details => DETAILS.len() + details - 1 + "]}".len(),
        };
        length.0 + commas + self.rows.iter().map(inner).sum::<usize>() + "]}".len()
    }

    /// Room for the JSON text: enough unless much of it has to be escaped.
    fn json_room(&self) -> usize {
        let detail = |detail: &Detail<'_>| {
            let failure = &detail.failure;
            let address = |address: &Option<Address<'_>>| match address {
                Some(Address::Text(text)) => text.len(),
                Some(_) => ADDRESS,
                None => 0,
            };
            let text = |text: &Option<Cow<'_, str>>| text.as_ref().map_or(0, |text| text.len());
            DETAIL
                + failure.result_type.as_str().len()
                + address(&failure.sending_mta_ip)
                + text(&failure.receiving_mx_hostname)
                + text(&failure.receiving_mx_helo)
                + address(&failure.receiving_ip)
                + text(&failure.additional_information)
                + text(&failure.failure_reason_code)
        };
        let row = |row: &Row<'_>| ROW + row.policy_type.as_str().len() + row.policy_domain.len();
        let strings = self.strings.iter().map(|text| text.len() + r#""","#.len());
        let head = &self.head;
        let texts = [&head.organization_name, &head.contact_info, &head.report_id];
        texts.iter().map(|text| text.len()).sum::<usize>()
            + ROW
            + self.rows.iter().map(row).sum::<usize>()
            + strings.sum::<usize>()
            + self.details.iter().map(detail).sum::<usize>()
    }

    fn write_row(&self, json: &mut String, row: &Row<'_>) {
        self.open_row(json, row);
        let details = self.details_of(row);
        if details.is_empty() {
            json.push('}');
            return;
        }
        json.push_str(DETAILS);
        let mut first = true;
        let Ok(()) = order::in_order(details, order::details, |item| {
            json.push_str(if core::mem::take(&mut first) { "" } else { "," });
            detail(json, item);
            Ok::<(), core::convert::Infallible>(())
        });
        json.push_str("]}");
    }

    /// Everything of a policy but its failures.
    fn open_row(&self, out: &mut impl Sink, row: &Row<'_>) {
        out.raw(r#"{"policy":{"policy-type":"#);
        string(out, row.policy_type.as_str());
        let (strings, hosts) = (self.texts(&row.strings), self.texts(&row.mx_hosts));
        if row.writes_strings() {
            out.raw(r#","policy-string":"#);
            array(out, strings);
        }
        out.raw(r#","policy-domain":"#);
        string(out, &row.policy_domain);
        if row.writes_mx_hosts() {
            out.raw(r#","mx-host":"#);
            array(out, hosts);
        }
        out.raw(r#"},"summary":{"total-successful-session-count":"#);
        number(out, row.summary.successful);
        out.raw(r#","total-failure-session-count":"#);
        number(out, row.summary.failed);
        out.raw("}");
    }
}

impl Row<'_> {
    // RFC 8460 section 4.4 has strings for tlsa and sts, and mx-host for sts, even if empty.
    pub(super) fn writes_strings(&self) -> bool {
        !self.strings.is_empty() || self.policy_type.rank() < PolicyType::NO_POLICY_FOUND.rank()
    }

    pub(super) fn writes_mx_hosts(&self) -> bool {
        !self.mx_hosts.is_empty() || self.policy_type == PolicyType::STS
    }
}

impl Head<'_> {
    fn open(&self, out: &mut impl Sink) {
        out.raw(r#"{"organization-name":"#);
        string(out, &self.organization_name);
        out.raw(r#","date-range":{"start-datetime":""#);
        out.raw(date_time(&time::write(self.window.start().as_secs())));
        out.raw(r#"","end-datetime":""#);
        out.raw(date_time(&time::write(self.window.last().as_secs())));
        out.raw(r#""},"contact-info":"#);
        string(out, &self.contact_info);
        out.raw(r#","report-id":"#);
        string(out, &self.report_id);
        out.raw(r#","policies":["#);
    }
}

fn detail(out: &mut impl Sink, detail: &Detail<'_>) {
    let failure = &detail.failure;
    out.raw(r#"{"result-type":"#);
    string(out, failure.result_type.as_str());
    address(out, r#","sending-mta-ip":"#, failure.sending_mta_ip.as_ref());
    text(out, r#","receiving-mx-hostname":"#, failure.receiving_mx_hostname.as_deref());
    text(out, r#","receiving-mx-helo":"#, failure.receiving_mx_helo.as_deref());
    address(out, r#","receiving-ip":"#, failure.receiving_ip.as_ref());
    out.raw(r#","failed-session-count":"#);
    number(out, detail.failed_session_count);
    text(out, r#","additional-information":"#, failure.additional_information.as_deref());
    text(out, r#","failure-reason-code":"#, failure.failure_reason_code.as_deref());
    out.raw("}");
}

fn text(out: &mut impl Sink, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.raw(name);
        string(out, value);
    }
}

fn address(out: &mut impl Sink, name: &str, value: Option<&Address<'_>>) {
    let Some(value) = value else { return };
    out.raw(name);
    if let Address::Text(text) = value {
        string(out, text);
    } else {
        out.raw("\"");
        value.write(out);
        out.raw("\"");
    }
}

fn array(out: &mut impl Sink, items: &[impl AsRef<str>]) {
    out.raw("[");
    for (at, item) in items.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        string(out, item.as_ref());
    }
    out.raw("]");
}

pub(super) fn date_time(text: &[u8; 20]) -> &str {
    core::str::from_utf8(text).unwrap_or_default()
}

/// More than the member names, the punctuation and the count of one failure.
const DETAIL: usize = 240;
/// More than the member names, the punctuation and the counts of one policy, or of the head.
const ROW: usize = 260;
/// Bytes of the longest IPv6 address.
const ADDRESS: usize = 45;
const DETAILS: &str = r#","failure-details":["#;
