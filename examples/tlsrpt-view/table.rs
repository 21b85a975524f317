//! Tables that cannot grow without bound.

use std::collections::BTreeMap;

use serde::Serialize;

/// Rows counted one by one in each table; the sessions of more rows are counted together.
pub(crate) const KEYS: usize = 100_000;

/// What a row counts.
pub(crate) trait Count: Default {
    /// By what rows are sorted, the largest first.
    fn sessions(&self) -> u64;
}

impl Count for u64 {
    fn sessions(&self) -> u64 {
        *self
    }
}

/// Counts by key.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    /// What came under a new key when the table was full.
    beyond: V,
    entries_beyond: u64,
}

impl<K, V: Default> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), beyond: V::default(), entries_beyond: 0 }
    }
}

impl<K: Clone + Ord, V: Count> Table<K, V> {
    /// The row of this key; that of all the rest where the table is full.
    pub(crate) fn at(&mut self, key: K) -> &mut V {
        if self.rows.len() >= KEYS && !self.rows.contains_key(&key) {
            self.entries_beyond += 1;
            return &mut self.beyond;
        }
        self.rows.entry(key).or_default()
    }

    /// The rows, those with the most sessions first, then by key.
    pub(crate) fn into_rows<R>(self, row: impl Fn(K, V) -> R) -> Rows<R> {
        let mut rows: Vec<(K, V)> = self.rows.into_iter().collect();
        rows.sort_by_key(|(_, count)| core::cmp::Reverse(count.sessions()));
        let rows = rows.into_iter().map(|(key, count)| row(key, count)).collect();
        Rows { rows, more: self.entries_beyond, more_sessions: self.beyond.sessions() }
    }
}

/// Rows to show, and how many there are besides.
#[derive(Debug, Serialize)]
pub(crate) struct Rows<R> {
    pub(crate) rows: Vec<R>,
    /// How many entries there are besides the rows.
    pub(crate) more: u64,
    /// Their sessions together.
    pub(crate) more_sessions: u64,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), more: 0, more_sessions: 0 }
    }
}

impl<R> Rows<R> {
    /// Adds a row, or counts it where there are too many.
    pub(crate) fn push(&mut self, row: R) {
        if self.rows.len() < KEYS {
            self.rows.push(row);
        } else {
            self.more += 1;
        }
    }

    /// The first rows, and how many entries there are besides these.
    pub(crate) fn first(&self, max: usize) -> (&[R], u64) {
        let shown = self.rows.get(..max).unwrap_or(&self.rows);
        (shown, self.more.saturating_add(as_u64(self.rows.len() - shown.len())))
    }
}

/// A length as a count.
pub(crate) fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_counts_the_rest_together() {
        let mut table: Table<usize, u64> = Table::default();
        for key in 0..=KEYS {
            *table.at(key) += 2;
        }
        *table.at(0) += 1;
        let rows = table.into_rows(|key, count| (key, count));
        assert_eq!(rows.rows.len(), KEYS);
        assert_eq!(rows.rows[..2], [(0, 3), (1, 2)]);
        assert_eq!((rows.more, rows.more_sessions), (1, 2));
        assert_eq!(rows.first(3).1, as_u64(KEYS) - 2);
    }

    #[test]
    fn a_full_list_counts_the_rest() {
        let mut rows = Rows::default();
        for row in 0..=KEYS {
            rows.push(row);
        }
        assert_eq!((rows.rows.len(), rows.more), (KEYS, 1));
        assert_eq!(rows.first(KEYS + 5).0.len(), KEYS);
    }
}
