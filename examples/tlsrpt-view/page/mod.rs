//! The summary as one HTML page that stands alone.
//!
//! It has no script, no link and nothing from elsewhere, and its Content-Security-Policy forbids
//! all of that; the one style is allowed by its digest. Text of reports gets into it only through
//! [`Markup::text`].

mod chart;
mod markup;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::summary::{ReportRow, Summary};
use crate::table::Rows;
use markup::{Column, Markup};

/// Rows of one table.
const ROWS: usize = 200;
const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn page(summary: &Summary) -> String {
    let mut out = Markup::default();
    out.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"");
    out.text(&content_security_policy());
    out.raw("\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>TLS reports</title>\n");
    out.raw("<style>");
    out.raw(STYLE);
    out.raw("</style>\n</head>\n<body>\n<main>\n");
    head(&mut out, summary);
    chart::timeline(&mut out, &summary.days);
    totals(&mut out, summary);
    hosts(&mut out, summary);
    failures(&mut out, summary);
    sources(&mut out, summary);
    out.raw("</main>\n</body>\n</html>\n");
    out.into_string()
}

/// Nothing is loaded, sent, framed or run; the style is the one above.
fn content_security_policy() -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

fn head(out: &mut Markup, summary: &Summary) {
    let totals = &summary.totals;
    out.raw("<h1>TLS reports</h1>\n");
    if let Some(range) = &summary.range {
        out.raw("<p>");
        out.text(&range.first);
        out.raw(" to ");
        out.text(&range.last);
        out.raw("</p>\n");
    }
    out.raw("<dl class=\"figures\">\n");
    figure(out, "reports", totals.reports);
    figure(out, "sessions successful", totals.successful);
    figure(out, "sessions failed", totals.failed);
    figure(out, "came again, counted once", totals.duplicates);
    figure(out, "came again with another content, the first counted", totals.conflicts);
    figure(out, "could not be read", totals.unread);
    out.raw("</dl>\n");
}

fn figure(out: &mut Markup, name: &'static str, number: u64) {
    out.raw("<div><dt>");
    out.raw(name);
    out.raw("</dt><dd>");
    out.text(&number.to_string());
    out.raw("</dd></div>\n");
}

fn totals(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::text("Domain"),
        Column::text("Policy"),
        Column::number("Reports"),
        Column::number("Successful"),
        Column::number("Failed"),
    ];
    out.table("Totals", columns, summary.policies.first(ROWS), |row| {
        [
            row.domain.clone(),
            row.policy_type.clone(),
            row.reports.to_string(),
            row.successful.to_string(),
            row.failed.to_string(),
        ]
    });
    let columns = [
        Column::text("Domain"),
        Column::text("Policy"),
        Column::text("Result"),
        Column::number("Sessions"),
    ];
    out.table("Failures by result", columns, summary.results.first(ROWS), |row| {
        let result = if row.result_type.is_empty() { "(not said)" } else { &row.result_type };
        let sessions = row.sessions.to_string();
        [row.domain.clone(), row.policy_type.clone(), result.to_owned(), sessions]
    });
}

fn hosts(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::text("MX host"),
        Column::text("Named by the policy"),
        Column::number("Sessions"),
        Column::text("Results"),
        Column::text("Domains"),
    ];
    out.table("MX hosts affected", columns, summary.hosts.first(ROWS), |row| {
        [
            row.host.clone(),
            row.in_policy.to_owned(),
            row.sessions.to_string(),
            row.result_types.join(", "),
            row.domains.join(", "),
        ]
    });
}

fn failures(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::number("Sessions"),
        Column::text("Domain"),
        Column::text("Policy"),
        Column::text("Result"),
        Column::text("MX host"),
        Column::text("Its greeting"),
        Column::text("Its address"),
        Column::text("Sent from"),
        Column::text("Reason"),
        Column::text("More"),
        Column::text("Reported by"),
    ];
    out.table("Failure details", columns, summary.failures.first(ROWS), |row| {
        let failure = row.failure.clone();
        [
            row.sessions.to_string(),
            failure.domain,
            failure.policy_type,
            failure.result_type,
            failure.receiving_mx_hostname.unwrap_or_default(),
            failure.receiving_mx_helo.unwrap_or_default(),
            failure.receiving_ip.unwrap_or_default(),
            failure.sending_mta_ip.unwrap_or_default(),
            failure.failure_reason_code.unwrap_or_default(),
            failure.additional_information.unwrap_or_default(),
            failure.organization,
        ]
    });
}

/// Who reported, the reports, and what is no report.
fn sources(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::text("Organization"),
        Column::text("Contact"),
        Column::number("Reports"),
        Column::number("Successful"),
        Column::number("Failed"),
    ];
    out.table("Senders, as they call themselves", columns, summary.senders.first(ROWS), |row| {
        [
            row.organization.clone(),
            row.contact.clone(),
            row.reports.to_string(),
            row.successful.to_string(),
            row.failed.to_string(),
        ]
    });
    reports(out, &summary.reports);
    let columns = [Column::text("File"), Column::text("Reason"), Column::text("In words")];
    out.table("Not read", columns, summary.unread.first(ROWS), |row| {
        [row.file.clone(), row.reason.to_owned(), row.text.clone()]
    });
}

fn reports(out: &mut Markup, reports: &Rows<ReportRow>) {
    let columns = [
        Column::text("File"),
        Column::text("Report"),
        Column::text("Organization"),
        Column::text("From"),
        Column::text("To"),
        Column::text("Repeat"),
        Column::text("Quirks"),
        Column::text("Anomalies"),
    ];
    out.table("Reports", columns, reports.first(ROWS), |row| {
        [
            row.file.clone(),
            row.report_id.clone(),
            row.organization.clone(),
            row.range.first.clone(),
            row.range.last.clone(),
            row.repeat.to_owned(),
            row.quirks.join(", "),
            row.anomalies.join(", "),
        ]
    });
}
