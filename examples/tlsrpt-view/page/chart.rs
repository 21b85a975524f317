//! The timeline: a bar for each day with reports.

use crate::page::markup::{Column as Title, Markup};
use crate::summary::DayRow;
use crate::table::{Rows, as_u64};
use crate::text::{grouped, share};
use crate::timeline::{self, Column};

/// Width of a day, its space included. A picture is as wide as the window, whatever its units.
const STEP: u64 = 20;
/// Width of a bar.
const BAR: u64 = 16;
/// The height of the highest bar, for which the columns have per mille.
const HEIGHT: u64 = 200;
/// Days drawn at least as wide, so that one day alone is no wall.
const LEAST_DAYS: u64 = 31;

/// The charts with their title, or nothing where there is no day.
pub(super) fn timeline(out: &mut Markup, days: &Rows<DayRow>) {
    let (columns, earlier) = timeline::columns(days);
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return };
    out.section("days", "Sessions by day");
    out.raw("<p class=\"key\"><span class=\"ok\">successful</span> ");
    out.raw("<span class=\"bad\">failed</span>");
    out.raw(if columns.iter().any(|day| day.gap) {
        "; a line stands for days without a report"
    } else {
        ""
    });
    out.raw("</p>\n");
    let sessions = |day: &Column<'_>| day.successful.saturating_add(day.failed);
    highest(out, &columns, "All sessions", sessions);
    picture(out, "Sessions by day, successful and failed", "all", &columns, stacked);
    if columns.iter().any(|day| day.failed > 0) {
        highest(out, &columns, "Failed sessions alone", |day| day.failed);
        picture(out, "Failed sessions by day", "alone", &columns, failed_alone);
    }
    out.raw("<p class=\"days\"><span>");
    out.text(first.day);
    out.raw("</span><span>");
    out.text(if first.day == last.day { "" } else { last.day });
    out.raw("</span></p>\n");
    if earlier > 0 {
        out.raw("<p>and ");
        out.text(&grouped(earlier));
        out.raw(" earlier days</p>\n");
    }
    numbers(out, &columns);
    out.raw("</section>\n");
}

/// What a picture shows, and its scale in words.
fn highest(
    out: &mut Markup,
    columns: &[Column<'_>],
    title: &'static str,
    sessions: impl Fn(&Column<'_>) -> u64,
) {
    let Some(day) = columns.iter().max_by_key(|day| sessions(day)) else { return };
    out.raw("<h3>");
    out.raw(title);
    out.raw("</h3>\n<p>at most ");
    out.text(&grouped(sessions(day)));
    out.raw(" a day, on ");
    out.text(day.day);
    out.raw("</p>\n");
}

fn picture(
    out: &mut Markup,
    label: &'static str,
    class: &'static str,
    columns: &[Column<'_>],
    bars: impl Fn(&mut Markup, u64, &Column<'_>),
) {
    out.raw("<svg role=\"img\" aria-label=\"");
    out.raw(label);
    out.raw("\" class=\"");
    out.raw(class);
    out.raw("\" preserveAspectRatio=\"none\" viewBox=\"0 0 ");
    let width = as_u64(columns.len()).max(LEAST_DAYS) * STEP;
    out.text(&format!("{width} {HEIGHT}"));
    out.raw("\">\n");
    for (at, day) in columns.iter().enumerate() {
        let x = as_u64(at) * STEP;
        out.raw("<g><title>");
        let (ok, bad) = (grouped(day.successful), grouped(day.failed));
        out.text(&format!("{}: {ok} successful, {bad} failed", day.day));
        out.raw("</title>");
        if day.gap {
            let at = x.saturating_sub((STEP - BAR) / 2);
            out.raw("<path class=\"gap\" d=\"");
            out.text(&format!("M{at} 0V{HEIGHT}"));
            out.raw("\"/>");
        }
        bars(out, x, day);
        out.raw("</g>\n");
    }
    out.raw("</svg>\n");
}

fn scale(per_mille: u64) -> u64 {
    (per_mille * HEIGHT).div_ceil(1000)
}

/// The failed sessions stand on top of the successful ones.
fn stacked(out: &mut Markup, x: u64, day: &Column<'_>) {
    let (ok, bad) = (scale(day.successful_height), scale(day.failed_height));
    // A bar that was raised to be seen must not push the other one out of the picture.
    let ok_top = HEIGHT.saturating_sub(ok).max(bad.min(HEIGHT));
    rect(out, "ok", x, ok_top, HEIGHT - ok_top);
    rect(out, "bad", x, ok_top.saturating_sub(bad), bad.min(ok_top));
}

fn failed_alone(out: &mut Markup, x: u64, day: &Column<'_>) {
    let bad = scale(day.failed_alone).min(HEIGHT);
    rect(out, "bad", x, HEIGHT - bad, bad);
}

fn rect(out: &mut Markup, class: &'static str, x: u64, y: u64, height: u64) {
    out.raw("<rect class=\"");
    out.raw(class);
    for (name, value) in
        [("\" x=\"", x), ("\" y=\"", y), ("\" width=\"", BAR), ("\" height=\"", height)]
    {
        out.raw(name);
        out.text(&value.to_string());
    }
    out.raw("\"/>");
}

/// The same in numbers, for who does not see the pictures or wants to copy them.
fn numbers(out: &mut Markup, columns: &[Column<'_>]) {
    out.raw("<details><summary>The numbers</summary>\n");
    let titles = [
        Title::text("Day"),
        Title::number("Successful"),
        Title::number("Failed"),
        Title::number("Share failed"),
    ];
    out.table("Sessions by day in numbers", titles, (columns, 0), |day| {
        [
            day.day.to_owned(),
            grouped(day.successful),
            grouped(day.failed),
            share(day.failed, day.successful),
        ]
    });
    out.raw("</details>\n");
}
