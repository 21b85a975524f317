//! What is legal and suspicious in a report's content.

use super::quirk::{Anomaly, Found};
use crate::report::Report;

pub(super) fn of(report: &Report<'_>) -> Found<Anomaly> {
    let mut found = Found::default();
    for policy in report.policies() {
        let failed = policy.summary().failed;
        if policy.details().iter().any(|detail| detail.failed_session_count > failed) {
            found.add(Anomaly::DetailExceedsTotal);
        }
        if failed > 0 && policy.details().is_empty() {
            found.add(Anomaly::FailuresWithoutDetails);
        }
    }
    if report.window().as_day().is_none() {
        found.add(Anomaly::NotOneUtcDay);
    }
    found
}
