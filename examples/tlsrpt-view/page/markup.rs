//! Markup that text of a report cannot become.

use core::iter::zip;

use crate::text::{grouped, printable, push_html};

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

    /// Text whose words are looked for, not read: names, addresses and codes.
    pub(super) const fn code(title: &'static str) -> Self {
        Self { title, class: "code" }
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

    /// Appends the start of a section with its title, to which a link of the page leads.
    pub(super) fn section(&mut self, id: &'static str, title: &'static str) {
        self.raw("<section id=\"");
        self.raw(id);
        self.raw("\">\n<h2>");
        self.raw(title);
        self.raw("</h2>\n");
    }

    /// Appends a section with a table, or nothing where there are no rows.
    pub(super) fn listing<R, const N: usize>(
        &mut self,
        (id, title): (&'static str, &'static str),
        columns: [Column; N],
        rows: (&[R], u64),
        cells: impl Fn(&R) -> [String; N],
    ) {
        if rows.0.is_empty() {
            return;
        }
        self.section(id, title);
        self.table(title, columns, rows, cells);
        self.raw("</section>\n");
    }

    /// Appends a table, without the columns that are empty in all of its rows.
    pub(super) fn table<R, const N: usize>(
        &mut self,
        title: &'static str,
        columns: [Column; N],
        (rows, more): (&[R], u64),
        cells: impl Fn(&R) -> [String; N],
    ) {
        let rows: Vec<[String; N]> = rows.iter().map(cells).collect();
        let shown: [bool; N] = core::array::from_fn(|at| {
            rows.iter().any(|row| row.get(at).is_some_and(|c| !c.is_empty()))
        });
        // A table too wide for the window is scrolled by itself, with the keyboard too.
        self.raw("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"");
        self.raw(title);
        self.raw("\">\n<table>\n<thead><tr>");
        for (column, _) in zip(columns, shown).filter(|(_, shown)| *shown) {
            self.raw("<th scope=\"col\" class=\"");
            self.raw(column.class);
            self.raw("\">");
            self.raw(column.title);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.raw("<tr>");
            for ((column, cell), _) in zip(zip(columns, row), shown).filter(|(_, shown)| *shown) {
                self.cell(column, &cell);
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table>\n</div>\n");
        self.more(more);
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
            self.text(&grouped(more));
            self.raw(" more</p>\n");
        }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}
