//! The timeline: a bar for each day with reports.

use crate::page::markup::Markup;
use crate::summary::DayRow;
use crate::table::{Rows, as_u64};
use crate::timeline::{self, Column};

/// Width of a day, its space included.
const STEP: u64 = 20;
/// Width of a bar.
const BAR: u64 = 16;
/// The height of the highest bar, for which the columns have per mille.
const HEIGHT: u64 = 200;
/// Days drawn at least as wide, so that one day alone is no wall.
const LEAST_DAYS: u64 = 31;

/// The chart with its title, or nothing where there is no day.
pub(super) fn timeline(out: &mut Markup, days: &Rows<DayRow>) {
    let (columns, earlier) = timeline::columns(days);
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return };
    out.raw("<section>\n<h2>Sessions by day</h2>\n");
    out.raw("<p class=\"key\"><span class=\"ok\">successful</span> ");
    out.raw("<span class=\"bad\">failed</span>; a line stands where days have no report</p>\n");
    out.raw("<svg role=\"img\" aria-label=\"Sessions by day, successful and failed\" ");
    out.raw("viewBox=\"0 0 ");
    let width = as_u64(columns.len()).max(LEAST_DAYS) * STEP;
    out.text(&format!("{width} {HEIGHT}"));
    out.raw("\">\n");
    for (at, day) in columns.iter().enumerate() {
        bar(out, as_u64(at) * STEP, day);
    }
    out.raw("</svg>\n<p class=\"days\">");
    out.text(first.day);
    if first.day != last.day {
        out.raw(" to ");
        out.text(last.day);
    }
    out.raw("</p>\n");
    if earlier > 0 {
        out.raw("<p>and ");
        out.text(&earlier.to_string());
        out.raw(" earlier days</p>\n");
    }
    out.raw("</section>\n");
}

/// The failed sessions stand on top of the successful ones.
fn bar(out: &mut Markup, x: u64, day: &Column<'_>) {
    out.raw("<g><title>");
    out.text(&format!("{}: {} successful, {} failed", day.day, day.successful, day.failed));
    out.raw("</title>");
    if day.gap {
        let at = x.saturating_sub((STEP - BAR) / 2);
        out.raw("<path class=\"gap\" d=\"");
        out.text(&format!("M{at} 0V{HEIGHT}"));
        out.raw("\"/>");
    }
    let scale = |height: u64| (height * HEIGHT).div_ceil(1000);
    let (ok, bad) = (scale(day.successful_height), scale(day.failed_height));
    // A bar that was raised to be seen must not push the other one out of the picture.
    let ok_top = HEIGHT.saturating_sub(ok).max(bad.min(HEIGHT));
    rect(out, "ok", x, ok_top, HEIGHT - ok_top);
    rect(out, "bad", x, ok_top.saturating_sub(bad), bad.min(ok_top));
    out.raw("</g>\n");
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
