//! Tables that cannot grow without bound.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::text::Kept;

/// Rows counted one by one in each table; the sessions of more rows are counted together.
pub(crate) const KEYS: usize = 100_000;

/// Octets of text in the rows of each table, for which the same holds. Rows share names, and here each
/// row's names count, because each is written out. Ours: 335 for each of [`KEYS`] rows.
const OCTETS: usize = 32 << 20;

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

/// What has text of reports in it.
pub(crate) trait Octets {
    /// The octets of that text.
    fn octets(&self) -> usize;
}

impl Octets for u32 {
    fn octets(&self) -> usize {
        0
    }
}

impl Octets for Kept {
    fn octets(&self) -> usize {
        self.len()
    }
}

impl Octets for (Kept, Kept) {
    fn octets(&self) -> usize {
        self.0.len() + self.1.len()
    }
}

impl Octets for (Kept, Kept, Kept) {
    fn octets(&self) -> usize {
        self.0.len() + self.1.len() + self.2.len()
    }
}

/// The octets of text for which there still is room.
#[derive(Debug)]
pub(crate) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(OCTETS)
    }
}

impl Room {
    /// Whether there was room for this much.
    pub(crate) fn take(&mut self, octets: usize) -> bool {
        let left = self.0.checked_sub(octets);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// Counts by key.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    room: Room,
    /// What came under a new key when the table was full.
    beyond: V,
    entries_beyond: u64,
}

impl<K, V: Default> Default for Table<K, V> {
    fn default() -> Self {
        let (rows, room) = (BTreeMap::new(), Room::default());
        Self { rows, room, beyond: V::default(), entries_beyond: 0 }
    }
}

impl<K: Clone + Ord + Octets, V: Count> Table<K, V> {
    /// The row of this key; that of all the rest where the table is full.
    pub(crate) fn at(&mut self, key: K) -> &mut V {
        self.at_with_room(key).0
    }

    /// The same, and the room that is left, for text that belongs to the row besides its key.
    pub(crate) fn at_with_room(&mut self, key: K) -> (&mut V, &mut Room) {
        let known = self.rows.contains_key(&key);
        if !known && (self.rows.len() >= KEYS || !self.room.take(key.octets())) {
            self.entries_beyond += 1;
            return (&mut self.beyond, &mut self.room);
        }
        (self.rows.entry(key).or_default(), &mut self.room)
    }

    /// The rows, those with the most sessions first, then by key.
    pub(crate) fn into_rows<R>(self, row: impl Fn(K, V) -> R) -> Rows<R> {
        let mut rows: Vec<(K, V)> = self.rows.into_iter().collect();
        rows.sort_by_key(|(_, count)| core::cmp::Reverse(count.sessions()));
        let rows = rows.into_iter().map(|(key, count)| row(key, count)).collect();
        Rows { rows, more: self.entries_beyond, more_sessions: self.beyond.sessions() }
    }
}

/// A list in the order in which its rows came.
#[derive(Debug)]
pub(crate) struct List<R> {
    rows: Rows<R>,
    room: Room,
}

impl<R> Default for List<R> {
    fn default() -> Self {
        Self { rows: Rows::default(), room: Room::default() }
    }
}

impl<R: Octets> List<R> {
    /// Adds a row, or counts it where there is too much.
    pub(crate) fn push(&mut self, row: R) {
        if self.rows.rows.len() < KEYS && self.room.take(row.octets()) {
            self.rows.rows.push(row);
        } else {
            self.rows.more += 1;
        }
    }

    /// These rows, and then those.
    pub(crate) fn followed_by(mut self, other: Self) -> Rows<R> {
        other.rows.rows.into_iter().for_each(|row| self.push(row));
        self.rows.more += other.rows.more;
        self.rows
    }

    pub(crate) fn into_rows(self) -> Rows<R> {
        self.rows
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

    fn full<K: Clone + Ord + Octets>(
        mut table: Table<K, u64>,
        keys: impl Iterator<Item = K>,
    ) -> Rows<(K, u64)> {
        keys.for_each(|key| *table.at(key) += 2);
        table.into_rows(|key, count| (key, count))
    }

    #[test]
    fn a_full_table_counts_the_rest_together() {
        let most = u32::try_from(KEYS).unwrap();
        let keys = (0..=most).chain([0]);
        let rows = full(Table::default(), keys);
        assert_eq!(rows.rows.len(), KEYS);
        assert_eq!(rows.rows[..2], [(0, 4), (1, 2)]);
        assert_eq!((rows.more, rows.more_sessions), (1, 2));
        assert_eq!(rows.first(3).1, as_u64(KEYS) - 2);
    }

    #[test]
    fn a_table_is_full_at_its_octets_too() {
        let table = Table { room: Room(10), ..Table::default() };
        let rows =
            full(table, ["12345", "abcde", "x", "12345", ""].iter().map(|key| Kept::of(key)));
        let rows_kept: Vec<_> = rows.rows.iter().map(|(key, count)| (&**key, *count)).collect();
        assert_eq!(rows_kept, [("12345", 4), ("", 2), ("abcde", 2)]);
        assert_eq!((rows.more, rows.more_sessions), (1, 2));
    }

    #[test]
    fn a_full_list_counts_the_rest() {
        let (mut list, mut other) = (List::default(), List::default());
        (0..KEYS).for_each(|_| list.push(0_u32));
        other.push(1);
        let rows = list.followed_by(other);
        assert_eq!((rows.rows.len(), rows.more), (KEYS, 1));
        assert_eq!(rows.first(KEYS + 5).0.len(), KEYS);
        let mut list = List { room: Room(2), ..List::default() };
        ["a", "bc", "d"].iter().for_each(|text| list.push(Kept::of(text)));
        let rows = list.into_rows();
        assert_eq!((rows.rows.len(), rows.more), (2, 1));
    }
}
