//! Rows on their way into the database, in slices.

use core::iter::Peekable;

use tlsrpt::CounterRow;

/// The columns of some rows, as a statement takes them.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) domain: Vec<String>,
    pub(super) key: Vec<Vec<u8>>,
    pub(super) node: Vec<String>,
    pub(super) epoch: Vec<i64>,
    pub(super) successful: Vec<i64>,
    pub(super) failed: Vec<i64>,
    bytes: usize,
}

impl Columns {
    /// The next of these rows, as many as one statement takes.
    pub(super) fn next(rows: &mut Peekable<impl Iterator<Item = CounterRow>>) -> Option<Self> {
        rows.peek()?;
        let mut columns = Self::default();
        while let Some(row) = rows.next_if(|row| columns.has_room(row)) {
            columns.push(row);
        }
        Some(columns)
    }

    /// For one at least.
    fn has_room(&self, row: &CounterRow) -> bool {
        let is_room = self.key.len() < ROWS && self.bytes.saturating_add(size(row)) <= BYTES;
        is_room || self.key.is_empty()
    }

    /// A row whose key is not one of `tlsrpt` is left out: nobody could read it.
    fn push(&mut self, row: CounterRow) {
        let Some(domain) = row.domain() else { return };
        self.bytes = self.bytes.saturating_add(size(&row));
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.domain.push(domain.to_owned());
        self.node.push(row.writer.node().to_owned());
        self.epoch.push(row.writer.epoch().cast_signed());
        self.successful.push(number(row.successful));
        self.failed.push(number(row.failed));
        self.key.push(row.key);
    }
}

/// Bytes of a row; its domain is part of the key and goes a second time.
fn size(row: &CounterRow) -> usize {
    row.key.len() + row.writer.node().len() + PER_ROW
}

/// What else a row takes: its domain, its numbers, and the lengths before them.
const PER_ROW: usize = 300;

/// Rows in one statement. Ours.
const ROWS: usize = 10_000;

/// Bytes in one statement. Ours: a slow link of a megabit carries them in time.
const BYTES: usize = 2 << 20;

#[cfg(test)]
mod tests {
    use tlsrpt::{
        Outcome, Policy, PolicyOutcome, PolicyType, Record, Session, Tally, UtcDay, Writer,
    };

    use super::*;

    /// A row that takes so many bytes.
    fn row(bytes: usize) -> CounterRow {
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let asked: Record = "v=TLSRPTv1; rua=mailto:tls@d.example".parse().unwrap();
        let policy = Policy::new(PolicyType::NO_POLICY_FOUND, "d.example");
        let session = Session::new("d.example".try_into().unwrap(), &asked, day.start())
            .policy(PolicyOutcome::new(policy, Outcome::Success));
        let mut tally = Tally::new(Writer::new("n", 1), 1);
        tally.record(&session, day.start()).unwrap();
        let mut row = tally.day(day).unwrap().rows().next().unwrap();
        row.writer = Writer::new("n".repeat(bytes - PER_ROW - row.key.len()), 1);
        assert_eq!(size(&row), bytes);
        row
    }

    /// How many rows there are in each slice.
    fn slices(rows: Vec<CounterRow>) -> Vec<usize> {
        let mut rows = rows.into_iter().peekable();
        let slices = core::iter::from_fn(|| Columns::next(&mut rows));
        slices.map(|columns| columns.key.len()).collect()
    }

    #[test]
    fn a_slice_has_so_many_rows() {
        assert_eq!(slices(vec![]), [0; 0]);
        let small = row(PER_ROW + 100);
        // So that rows count, not bytes.
        let mut columns = Columns::default();
        for _ in 0..ROWS {
            assert!(columns.has_room(&small));
            columns.push(small.clone());
            columns.bytes = 0;
        }
        assert!(!columns.has_room(&small));
    }

    #[test]
    fn a_slice_has_so_many_bytes_and_one_row_at_least() {
        let quarter = BYTES / 4;
        assert_eq!(slices(vec![row(quarter); 9]), [4, 4, 1]);
        assert_eq!(slices(vec![row(quarter + 1); 4]), [3, 1]);
        assert_eq!(slices(vec![row(BYTES + 1), row(quarter), row(BYTES)]), [1, 1, 1]);
    }

    #[test]
    fn a_row_that_nobody_could_read_is_left_out() {
        let unreadable = CounterRow::new(vec![0xff; BYTES], Writer::new("n", 1), 1, 0);
        let rows = [unreadable.clone(), row(BYTES / 2), unreadable, row(BYTES / 2)];
        let mut rows = rows.into_iter().peekable();
        let all: usize =
            core::iter::from_fn(|| Columns::next(&mut rows)).map(|columns| columns.key.len()).sum();
        assert_eq!(all, 2);
    }
}
