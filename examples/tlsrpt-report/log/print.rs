//! The log in words.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};
use tlsrpt::UtcDay;

use super::tables::PRINT;
use crate::stopped::Stopped;

/// Prints the log, a line for each attempt and for each delivery that has none yet. A reader that has seen
/// enough is no failure.
pub(crate) fn print(path: &Path) -> Result<(), Stopped> {
    let failed = |error: rusqlite::Error| Stopped::new(66, format!("{}: {error}", path.display()));
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let file = file.map_err(failed)?;
    let mut select = file.prepare(PRINT).map_err(failed)?;
    let mut rows = select.query([]).map_err(failed)?;
    let mut out = BufWriter::new(io::stdout().lock());
    while let Some(row) = rows.next().map_err(failed)? {
        if !went(writeln!(out, "{}", line(row).map_err(failed)?))? {
            return Ok(());
        }
    }
    went(out.flush()).map(|_| ())
}

/// Whether there still is a reader.
fn went(written: io::Result<()>) -> Result<bool, Stopped> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Stopped::new(74, error)),
        Ok(()) => Ok(true),
    }
}

fn line(row: &Row<'_>) -> rusqlite::Result<String> {
    let day = UtcDay::from_number(row.get::<_, u32>(0)?.into());
    let [id, uri, state]: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
    let at: Option<i64> = row.get(4)?;
    let words: Option<String> = row.get(5)?;
    let (at, words) =
        (at.map_or_else(|| "-".to_owned(), |at| at.to_string()), words.unwrap_or_default());
    Ok(format!("{day}\t{id}\t{uri}\t{state}\t{at}\t{}", words.escape_debug()))
}
