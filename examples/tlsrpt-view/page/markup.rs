//! Markup that text of a report cannot become.

use core::iter::zip;

use crate::text::{printable, push_html};

/// Characters of one cell.
const CELL: usize = 256;

/// A page as it is written: markup is known when the program is built, everything else is text.
#[derive(Default)]
pub(super) struct Markup(String);

/// A column of a table.
#[derive(Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    class: &'static str,
}

impl Column {
    pub(super) const fn text(title: &'static str) -> Self {
        Self { title, class: "text" }
    }

    pub(super) const fn number(title: &'static str) -> Self {
        Self { title, class: "number" }
    }
}

impl Markup {
    /// Appends markup.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Appends text, for an element or a quoted attribute.
    pub(super) fn text(&mut self, text: &str) {
        push_html(&mut self.0, &printable(text, CELL));
    }

    /// Appends a table with its title, or nothing where there are no rows.
    pub(super) fn table<R, const N: usize>(
        &mut self,
        title: &'static str,
        columns: [Column; N],
        (rows, more): (&[R], u64),
        cells: impl Fn(&R) -> [String; N],
    ) {
        if rows.is_empty() {
            return;
        }
        self.raw("<section>\n<h2>");
        self.raw(title);
        self.raw("</h2>\n<table>\n<thead><tr>");
        for column in columns {
            self.raw("<th scope=\"col\" class=\"");
            self.raw(column.class);
            self.raw("\">");
            self.raw(column.title);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.raw("<tr>");
            zip(columns, cells(row)).for_each(|(column, cell)| self.cell(column, &cell));
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table>\n");
        self.more(more);
        self.raw("</section>\n");
    }

    /// On a narrow screen a row is a list, and each cell has its title before it.
    fn cell(&mut self, column: Column, text: &str) {
        self.raw("<td class=\"");
        self.raw(column.class);
        self.raw("\" data-title=\"");
        self.raw(column.title);
        self.raw("\">");
        self.text(text);
        self.raw("</td>");
    }

    /// Says how many entries are not shown.
    pub(super) fn more(&mut self, more: u64) {
        if more > 0 {
            self.raw("<p>and ");
            self.text(&more.to_string());
            self.raw(" more</p>\n");
        }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}
