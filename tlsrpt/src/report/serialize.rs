//! The report for any serializer of `serde`: the same members in the same order.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::write::date_time;
use super::{Detail, Report, Row, Summary, order};
use crate::time;

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("organization-name", &self.head.organization_name)?;
        map.serialize_entry("date-range", &DateRange(self))?;
        map.serialize_entry("contact-info", &self.head.contact_info)?;
        map.serialize_entry("report-id", &self.head.report_id)?;
        map.serialize_entry("policies", &Policies(self))?;
        map.end()
    }
}

struct DateRange<'r>(&'r Report<'r>);

impl Serialize for DateRange<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let window = self.0.head.window;
        let mut map = serializer.serialize_map(Some(2))?;
        let start = time::write(window.start().as_secs());
        map.serialize_entry("start-datetime", date_time(&start))?;
        let end = time::write(window.last().as_secs());
        map.serialize_entry("end-datetime", date_time(&end))?;
        map.end()
    }
}

struct Policies<'r>(&'r Report<'r>);

impl Serialize for Policies<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.0;
        let mut list = serializer.serialize_seq(Some(report.rows.len()))?;
        order::in_order(
            &report.rows,
            |a, b| report.compare_rows(a, b),
            |row| list.serialize_element(&PolicyRow { report, row }),
        )?;
        list.end()
    }
}

struct PolicyRow<'r> {
    report: &'r Report<'r>,
    row: &'r Row<'r>,
}

impl Serialize for PolicyRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("policy", &PolicyObject(self))?;
        map.serialize_entry("summary", &self.row.summary)?;
        let details = self.report.details_of(self.row);
        if !details.is_empty() {
            map.serialize_entry("failure-details", &Details(details))?;
        }
        map.end()
    }
}

struct PolicyObject<'r>(&'r PolicyRow<'r>);

impl Serialize for PolicyObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PolicyRow { report, row } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("policy-type", &row.policy_type)?;
        if row.writes_strings() {
            map.serialize_entry("policy-string", report.texts(&row.strings))?;
        }
        map.serialize_entry("policy-domain", &row.policy_domain)?;
        if row.writes_mx_hosts() {
            map.serialize_entry("mx-host", report.texts(&row.mx_hosts))?;
        }
        map.end()
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("total-successful-session-count", &self.successful)?;
        map.serialize_entry("total-failure-session-count", &self.failed)?;
        map.end()
    }
}

struct Details<'r>(&'r [Detail<'r>]);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        order::in_order(self.0, order::details, |detail| list.serialize_element(detail))?;
        list.end()
    }
}

impl Serialize for Detail<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let failure = &self.failure;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("result-type", &failure.result_type)?;
        entry(&mut map, "sending-mta-ip", failure.sending_mta_ip.as_ref())?;
        entry(&mut map, "receiving-mx-hostname", failure.receiving_mx_hostname.as_ref())?;
        entry(&mut map, "receiving-mx-helo", failure.receiving_mx_helo.as_ref())?;
        entry(&mut map, "receiving-ip", failure.receiving_ip.as_ref())?;
        map.serialize_entry("failed-session-count", &self.failed_session_count)?;
        entry(&mut map, "additional-information", failure.additional_information.as_ref())?;
        entry(&mut map, "failure-reason-code", failure.failure_reason_code.as_ref())?;
        map.end()
    }
}

fn entry<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: Option<&impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, value))
}
