//! The summary on the terminal.

use core::fmt::Write;

use comfy_table::{ContentArrangement, Table, presets};

use crate::summary::{Summary, Totals};
use crate::table::Rows;
use crate::text::{listed, printable};

/// Rows of one table.
const ROWS: usize = 20;
/// Characters of one cell.
const CELL: usize = 64;

/// The whole text.
pub(crate) fn text(summary: &Summary) -> String {
    let mut out = String::new();
    head(&mut out, summary);
    totals(&mut out, summary);
    hosts(&mut out, summary);
    failures(&mut out, summary);
    senders(&mut out, summary);
    reports(&mut out, summary);
    unread(&mut out, summary);
    out
}

/// What was read, in one line for each number that matters.
fn head(out: &mut String, summary: &Summary) {
    let Totals { files, reports, duplicates, conflicts, .. } = summary.totals;
    let Totals { not_remembered, unread, successful, failed, .. } = summary.totals;
    let (reports, files) = (counted(reports, "report"), counted(files, "file"));
    let _ = writeln!(out, "{reports} in {files}, {unread} could not be read");
    if duplicates > 0 {
        let again = counted(duplicates, "report");
        let _ = writeln!(out, "{again} came again and counted once");
    }
    if conflicts > 0 {
        let again = counted(conflicts, "report");
        let _ = writeln!(out, "{again} came again with another content, and the first one counted");
    }
    if not_remembered > 0 {
        let more = counted(not_remembered, "report");
        let _ =
            writeln!(out, "{more} came when too many were known to tell whether they came before");
    }
    if let Some(range) = &summary.range {
        let _ = writeln!(out, "from {} to {}", range.first, range.last);
        let _ = writeln!(out, "{successful} sessions successful, {failed} failed");
        let _ = writeln!(out, "a session counts under each policy that applied to it");
    }
}

/// A number of things.
fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn totals(out: &mut String, summary: &Summary) {
    let titles = ["domain", "policy", "reports", "successful", "failed"];
    section(out, "Totals", titles, &summary.policies, |row| {
        let numbers = [row.reports, row.successful, row.failed].map(|number| number.to_string());
        let [reports, successful, failed] = numbers;
        [cell(&row.domain), cell(&row.policy_type), reports, successful, failed]
    });
    let titles = ["domain", "policy", "result", "sessions"];
    section(out, "Failures by result", titles, &summary.results, |row| {
        let result = if row.result_type.is_empty() { "(not said)" } else { &row.result_type };
        [cell(&row.domain), cell(&row.policy_type), cell(result), row.sessions.to_string()]
    });
}

fn hosts(out: &mut String, summary: &Summary) {
    let titles = ["MX host", "in policy", "sessions", "results", "domains"];
    section(out, "MX hosts affected", titles, &summary.hosts, |row| {
        [
            cell(&row.host),
            row.in_policy.to_owned(),
            row.sessions.to_string(),
            cell(&listed(&row.result_types)),
            cell(&listed(&row.domains)),
        ]
    });
}

fn failures(out: &mut String, summary: &Summary) {
    let titles =
        ["sessions", "result", "MX host", "receiving address", "sending address", "reason"];
    section(out, "Failure details", titles, &summary.failures, |row| {
        let failure = &row.failure;
        [
            row.sessions.to_string(),
            cell(&failure.result_type),
            optional(failure.receiving_mx_hostname.as_deref()),
            optional(failure.receiving_ip.as_deref()),
            optional(failure.sending_mta_ip.as_deref()),
            optional(failure.failure_reason_code.as_deref()),
        ]
    });
}

fn senders(out: &mut String, summary: &Summary) {
    let titles = ["organization", "contact", "reports", "successful", "failed"];
    section(out, "Senders, as they call themselves", titles, &summary.senders, |row| {
        let numbers = [row.reports, row.successful, row.failed].map(|number| number.to_string());
        let [reports, successful, failed] = numbers;
        [cell(&row.organization), cell(&row.contact), reports, successful, failed]
    });
}

/// Only the reports of which there is more to tell than that they were read.
fn reports(out: &mut String, summary: &Summary) {
    let rows = summary.reports.rows.iter().filter(|row| row.is_odd()).collect();
    let odd = Rows { rows, ..Rows::default() };
    let titles = ["file", "report", "repeat", "quirks", "anomalies"];
    section(out, "Odd reports", titles, &odd, |row| {
        [
            cell(&row.file),
            cell(&row.report_id),
            row.repeat.to_owned(),
            row.quirks.join(", "),
            row.anomalies.join(", "),
        ]
    });
}

fn unread(out: &mut String, summary: &Summary) {
    let titles = ["file", "reason", "in words"];
    section(out, "Not read", titles, &summary.unread, |row| {
        [cell(&row.file), row.reason.to_owned(), cell(&row.text)]
    });
}

fn cell(text: &str) -> String {
    printable(text, CELL)
}

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), cell)
}

/// A title and a table, or nothing where there are no rows.
fn section<R, const N: usize>(
    out: &mut String,
    title: &str,
    titles: [&str; N],
    rows: &Rows<R>,
    cells: impl Fn(&R) -> [String; N],
) {
    let (shown, more) = rows.first(ROWS);
    if shown.is_empty() {
        return;
    }
    let mut table = Table::new();
    if table.is_tty() {
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        // A line for a row, however long, for `grep` and the like.
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(titles);
    for row in shown {
        table.add_row(cells(row));
    }
    let _ = writeln!(out, "\n{title}\n{table}");
    if more > 0 {
        let _ = writeln!(out, " and {more} more");
    }
}
