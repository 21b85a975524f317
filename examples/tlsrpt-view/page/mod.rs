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

use crate::meaning::meaning;
use crate::summary::{Range, ReportRow, Summary, Totals};
use crate::table::Rows;
use crate::text::{Kept, grouped, listed, share};
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
    links(&mut out, summary);
    chart::timeline(&mut out, &summary.days);
    results(&mut out, summary);
    hosts(&mut out, summary);
    totals(&mut out, summary);
    senders(&mut out, summary);
    failures(&mut out, summary);
    reports(&mut out, &summary.reports);
    unread(&mut out, summary);
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
    out.raw("<header>\n<h1>TLS reports</h1>\n");
    if let Some(range) = &summary.range {
        out.raw("<p>");
        let (first, last) = days(range);
        out.text(first);
        if first != last {
            out.raw(" to ");
            out.text(last);
        }
        out.raw("</p>\n");
    }
    verdict(out, summary);
    out.raw("<dl class=\"figures\">\n");
    figure(out, "reports", grouped(totals.reports));
    figure(out, "sessions successful", grouped(totals.successful));
    figure(out, "sessions failed", grouped(totals.failed));
    figure(out, "share failed", share(totals.failed, totals.successful));
    for (name, number) in [
        ("came again, counted once", totals.duplicates),
        ("came again with another content, the first counted", totals.conflicts),
        ("came when too many were known to tell whether they came before", totals.not_remembered),
        ("could not be read", totals.unread),
    ] {
        if number > 0 {
            figure(out, name, grouped(number));
        }
    }
    out.raw("</dl>\n</header>\n");
}

/// The days where the range is of whole days, else the times.
fn days(range: &Range) -> (&str, &str) {
    let whole = range.first.strip_suffix("T00:00:00Z").zip(range.last.strip_suffix("T23:59:59Z"));
    whole.unwrap_or((&range.first, &range.last))
}

/// What it comes to, in a sentence or two.
fn verdict(out: &mut Markup, summary: &Summary) {
    let Totals { successful, failed, .. } = summary.totals;
    let all = grouped(successful.saturating_add(failed));
    out.raw("<p class=\"verdict\">");
    match (successful, failed) {
        (0, 0) => out.raw("No sessions were reported."),
        (_, 0) => {
            out.raw("All ");
            out.text(&all);
            out.raw(" sessions met the policy.");
        }
        _ => {
            out.text(&grouped(failed));
            out.raw(" of ");
            out.text(&all);
            out.raw(" sessions did not meet the policy.");
        }
    }
    if let Some(result) = summary.results.rows.first() {
        out.raw(" The most frequent result is <b>");
        out.text(said(&result.result_type));
        out.raw("</b> at ");
        out.text(&result.domain);
        out.raw(".");
    }
    out.raw("</p>\n<p>A session counts under each policy that applied to it. ");
    out.raw("Reports are claims of their senders: nobody has verified them here.</p>\n");
}

fn figure(out: &mut Markup, name: &'static str, number: String) {
    out.raw("<div><dt>");
    out.raw(name);
    out.raw("</dt><dd>");
    out.text(&number);
    out.raw("</dd></div>\n");
}

/// Links to the sections that there are.
fn links(out: &mut Markup, summary: &Summary) {
    out.raw("<nav aria-label=\"Sections\"><ul>\n");
    for (there, link) in [
        (!summary.days.rows.is_empty(), "<li><a href=\"#days\">Days</a></li>\n"),
        (!summary.results.rows.is_empty(), "<li><a href=\"#results\">What failed</a></li>\n"),
        (!summary.hosts.rows.is_empty(), "<li><a href=\"#hosts\">MX hosts</a></li>\n"),
        (!summary.policies.rows.is_empty(), "<li><a href=\"#totals\">Domains</a></li>\n"),
        (!summary.senders.rows.is_empty(), "<li><a href=\"#senders\">Senders</a></li>\n"),
        (!summary.failures.rows.is_empty(), "<li><a href=\"#failures\">Details</a></li>\n"),
        (!summary.reports.rows.is_empty(), "<li><a href=\"#reports\">Reports</a></li>\n"),
        (!summary.unread.rows.is_empty(), "<li><a href=\"#unread\">Not read</a></li>\n"),
    ] {
        out.raw(if there { link } else { "" });
    }
    out.raw("</ul></nav>\n");
}

fn said(result_type: &str) -> &str {
    if result_type.is_empty() { "(not said)" } else { result_type }
}

fn results(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::number("Sessions"),
        Column::code("Result"),
        Column::text("What it means"),
        Column::code("Domain"),
        Column::text("Policy"),
    ];
    out.listing(("results", "What failed"), columns, summary.results.first(ROWS), |row| {
        [
            grouped(row.sessions),
            said(&row.result_type).to_owned(),
            meaning(&row.result_type).to_owned(),
            row.domain.to_string(),
            row.policy_type.to_string(),
        ]
    });
}

fn totals(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::code("Domain"),
        Column::text("Policy"),
        Column::number("Reports"),
        Column::number("Successful"),
        Column::number("Failed"),
        Column::number("Share failed"),
    ];
    out.listing(("totals", "Totals by domain"), columns, summary.policies.first(ROWS), |row| {
        [
            row.domain.to_string(),
            row.policy_type.to_string(),
            grouped(row.reports),
            grouped(row.successful),
            grouped(row.failed),
            share(row.failed, row.successful),
        ]
    });
}

fn hosts(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::code("MX host"),
        Column::number("Sessions"),
        Column::text("Named by the policy"),
        Column::code("Results"),
        Column::code("Domains"),
    ];
    out.listing(("hosts", "MX hosts affected"), columns, summary.hosts.first(ROWS), |row| {
        [
            row.host.to_string(),
            grouped(row.sessions),
            row.in_policy.to_owned(),
            listed(&row.result_types),
            listed(&row.domains),
        ]
    });
}

fn failures(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::number("Sessions"),
        Column::code("Result"),
        Column::code("MX host"),
        Column::code("Its greeting"),
        Column::code("Its address"),
        Column::code("Sent from"),
        Column::text("Reason"),
        Column::code("Domain"),
        Column::text("Policy"),
        Column::text("Reported by"),
        Column::code("More"),
    ];
    let title = ("failures", "Failure details");
    out.listing(title, columns, summary.failures.first(ROWS), |row| {
        let failure = &row.failure;
        let said = |text: &Option<Kept>| text.as_deref().unwrap_or_default().to_owned();
        let host = said(&failure.receiving_mx_hostname);
        let greeting = said(&failure.receiving_mx_helo);
        [
            grouped(row.sessions),
            failure.result_type.to_string(),
            host.clone(),
            // A host that greets with its own name says nothing new.
            if greeting.eq_ignore_ascii_case(&host) { String::new() } else { greeting },
            said(&failure.receiving_ip),
            said(&failure.sending_mta_ip),
            said(&failure.failure_reason_code),
            failure.domain.to_string(),
            failure.policy_type.to_string(),
            failure.organization.to_string(),
            said(&failure.additional_information),
        ]
    });
}

fn senders(out: &mut Markup, summary: &Summary) {
    let columns = [
        Column::text("Organization"),
        Column::code("Contact"),
        Column::number("Reports"),
        Column::number("Successful"),
        Column::number("Failed"),
        Column::number("Share failed"),
    ];
    let title = ("senders", "Senders, as they call themselves");
    out.listing(title, columns, summary.senders.first(ROWS), |row| {
        [
            row.organization.to_string(),
            row.contact.to_string(),
            grouped(row.reports),
            grouped(row.successful),
            grouped(row.failed),
            share(row.failed, row.successful),
        ]
    });
}

fn unread(out: &mut Markup, summary: &Summary) {
    let columns = [Column::code("File"), Column::code("Reason"), Column::text("In words")];
    out.listing(("unread", "Not read"), columns, summary.unread.first(ROWS), |row| {
        [row.file.to_string(), row.reason.to_owned(), row.text.clone()]
    });
}

/// The odd ones stand first, and are what there is to look at.
fn reports(out: &mut Markup, reports: &Rows<ReportRow>) {
    if reports.rows.is_empty() {
        return;
    }
    let columns = [
        Column::text("Organization"),
        Column::text("From"),
        Column::text("To"),
        Column::text("Repeat"),
        Column::code("Quirks"),
        Column::code("Anomalies"),
        Column::code("Report"),
        Column::code("File"),
    ];
    out.section("reports", "Reports");
    out.raw("<details><summary>Each report that was read, the odd ones first</summary>\n");
    out.table("Reports", columns, reports.first(ROWS), |row| {
        let repeat = if row.repeat == "new" { "" } else { row.repeat };
        [
            row.organization.to_string(),
            row.range.first.clone(),
            row.range.last.clone(),
            repeat.to_owned(),
            row.quirks.join(", "),
            row.anomalies.join(", "),
            row.report_id.to_string(),
            row.file.to_string(),
        ]
    });
    out.raw("</details>\n</section>\n");
}
