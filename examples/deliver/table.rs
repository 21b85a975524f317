//! Rows on the terminal, or as one JSON object a line.

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

use crate::row::Row;

/// Prints the rows as a table; colours only if standard output is a terminal.
pub(crate) fn print(rows: &[Row]) {
    let mut table = Table::new();
    if table.is_tty() {
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        // A line for a row, however long, for `grep` and the like.
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(
        ["domain", "DNS", "policy", "MX tried", "TLS", "authenticated", "verdict", "TLSRPT"]
            .map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
    );
    for row in rows {
        table.add_row([
            Cell::new(&row.domain),
            Cell::new(&row.dns),
            Cell::new(&row.policy),
            Cell::new(row.tried.join(", ")),
            Cell::new(&row.tls),
            Cell::new(&row.authenticated),
            verdict(row),
            Cell::new(row.tlsrpt.as_deref().unwrap_or("-")),
        ]);
    }
    println!("{table}");
}

fn verdict(row: &Row) -> Cell {
    let colour = match row.verdict {
        "delivered" => Color::Green,
        "deferred" => Color::Yellow,
        _ => Color::Red,
    };
    match &row.unexpected {
        None => Cell::new(row.verdict).fg(colour),
        Some(how) => Cell::new(format!("{} UNEXPECTED: {how}", row.verdict)).fg(Color::Red),
    }
}

/// Prints an object in one line.
pub(crate) fn print_json(row: &Row) {
    match serde_json::to_string(row) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("deliver: {error}"),
    }
}
