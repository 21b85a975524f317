//! Byte strings, each kept once, with a value: identity by content, a hash only as the index.

use alloc::vec::Vec;

/// Byte strings numbered in the order of their arrival.
///
/// The strings lie in chunks, one after the other, each behind its length. The index is a table
/// of numbers, open addressed.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    seed: u64,
    chunks: Vec<Vec<u8>>,
    entries: Vec<Entry<T>>,
    /// Number of an entry plus one, or zero. The length is a power of two.
    slots: Vec<u32>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    /// Chunk and offset of the length that precedes the string.
    at: u32,
    hash: u32,
    value: T,
}

impl<T> Table<T> {
    /// An empty table. The seed keeps those who choose the strings from choosing collisions.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, chunks: Vec::new(), entries: Vec::new(), slots: Vec::new(), bytes: 0 }
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Bytes of the strings and of what is kept beside them, without unused capacity.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.entries.len() * size_of::<Entry<T>>() + self.slots.len() * 4
    }

    pub(super) fn value(&self, id: u32) -> Option<&T> {
        self.entries.get(id as usize).map(|entry| &entry.value)
    }

    pub(super) fn value_mut(&mut self, id: u32) -> Option<&mut T> {
        self.entries.get_mut(id as usize).map(|entry| &mut entry.value)
    }

    pub(super) fn key(&self, id: u32) -> &[u8] {
        self.entries.get(id as usize).map_or(&[], |entry| self.stored(entry.at))
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.find_under(key, key)
    }

    /// As [`find`](Self::find), in a table whose strings are placed by their heads.
    pub(super) fn find_under(&self, head: &[u8], key: &[u8]) -> Option<u32> {
        self.probe(hash(self.seed, head), key).ok()
    }

    /// As [`find`](Self::find), with a guess at the number.
    pub(super) fn find_near(&self, guess: u32, key: &[u8]) -> Option<u32> {
        if self.is(guess, key) { Some(guess) } else { self.find(key) }
    }

    fn is(&self, id: u32, key: &[u8]) -> bool {
        self.entries.get(id as usize).is_some_and(|entry| self.stored(entry.at) == key)
    }

    /// How many strings there are with this head, in a table whose strings are placed by it.
    pub(super) fn count_under(&self, head: &[u8]) -> usize {
        let hash = hash(self.seed, head);
        let mask = self.slots.len().saturating_sub(1);
        let slots = (0..self.slots.len()).map(|step| self.slots.get((hash as usize + step) & mask));
        let ids = slots.map_while(|slot| slot.copied()?.checked_sub(1));
        let entries = ids.filter_map(|id| self.entries.get(id as usize));
        let with_head =
            |entry: &&Entry<T>| entry.hash == hash && self.stored(entry.at).starts_with(head);
        entries.filter(with_head).count()
    }

    /// The number of this string; it is added where it is new. `None` where the table is full.
    pub(super) fn intern(&mut self, key: &[u8], value: impl FnOnce() -> T) -> Option<u32> {
        self.intern_under(key, key, value)
    }

    /// As [`intern`](Self::intern), in a table whose strings are placed by their heads: those of one
    /// head lie one behind the other, so there must be few.
    pub(super) fn intern_under(
        &mut self,
        head: &[u8],
        key: &[u8],
        value: impl FnOnce() -> T,
    ) -> Option<u32> {
        self.intern_hashed(hash(self.seed, head), key, value)
    }

    fn intern_hashed(&mut self, hash: u32, key: &[u8], value: impl FnOnce() -> T) -> Option<u32> {
        let slot = match self.probe(hash, key) {
            Ok(id) => return Some(id),
            Err(Some(slot)) if (self.entries.len() + 1) * 8 <= self.slots.len() * 7 => slot,
            Err(_) => {
                self.grow();
                self.probe(hash, key).err()??
            }
        };
        let number = u32::try_from(self.entries.len() + 1).ok()?;
        let at = self.store(key)?;
        self.entries.push(Entry { at, hash, value: value() });
        *self.slots.get_mut(slot)? = number;
        Some(number - 1)
    }

    /// As [`intern`](Self::intern), with a guess at the number.
    pub(super) fn intern_near(
        &mut self,
        guess: u32,
        key: &[u8],
        value: impl FnOnce() -> T,
    ) -> Option<u32> {
        if self.is(guess, key) { Some(guess) } else { self.intern(key, value) }
    }

    /// Interns strings by the hundred, placed by their heads: their numbers, in order. What `key`
    /// does not write has none.
    ///
    /// In a large table each look-up waits for memory a few times. Here the places of a batch are
    /// read first, with nothing between, so that the processor waits for many at once.
    pub(super) fn intern_all(
        &mut self,
        count: u32,
        key: impl Fn(u32, &mut Vec<u8>) -> Option<()>,
        head: fn(&[u8]) -> &[u8],
        value: impl Fn() -> T,
        mut each: impl FnMut(u32, &mut T),
    ) -> Vec<Option<u32>> {
        let mut numbers = Vec::with_capacity(count as usize);
        let (mut keys, mut ends, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for first in (0..count).step_by(BATCH) {
            keys.clear();
            ends.clear();
            hashes.clear();
            let batch = first..count.min(first.saturating_add(BATCH as u32));
            for id in batch.clone() {
                let start = keys.len();
                ends.push(key(id, &mut keys).map(|()| start..keys.len()));
                hashes.push(hash(self.seed, head(keys.get(start..).unwrap_or_default())));
            }
            self.warm(&hashes);
            for ((id, range), hash) in batch.zip(&ends).zip(&hashes) {
                let key = range.clone().and_then(|range| keys.get(range));
                let number = key.and_then(|key| self.intern_hashed(*hash, key, &value));
                if let Some(value) = number.and_then(|number| self.value_mut(number)) {
                    each(id, value);
                }
                numbers.push(number);
            }
        }
        numbers
    }

    /// Reads what a look-up of these hashes will read first.
    fn warm(&self, hashes: &[u32]) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut places = [0_u32; BATCH];
        for (place, &hash) in places.iter_mut().zip(hashes) {
            *place = self.slots.get(hash as usize & mask).copied().unwrap_or_default();
        }
        for place in &mut places {
            let entry = self.entries.get(place.wrapping_sub(1) as usize);
            *place = entry.map_or(0, |entry| entry.at);
        }
        let bytes = places.map(|at| {
            let chunk = self.chunks.get((at >> CHUNK_BITS) as usize);
            chunk.and_then(|chunk| chunk.get(at as usize & (CHUNK - 1))).copied()
        });
        core::hint::black_box(bytes);
    }

    /// The number of the string, or the free slot where it belongs.
    fn probe(&self, hash: u32, key: &[u8]) -> Result<u32, Option<usize>> {
        let mask = self.slots.len().checked_sub(1).ok_or(None)?;
        let mut slot = hash as usize & mask;
        loop {
            let Some(id) = self.slots.get(slot).ok_or(None)?.checked_sub(1) else {
                return Err(Some(slot));
            };
            let entry = self.entries.get(id as usize).ok_or(None)?;
            if entry.hash == hash && self.stored(entry.at) == key {
                return Ok(id);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        let mut slots = alloc::vec![0; size];
        for (number, entry) in (1..).zip(&self.entries) {
            let mut slot = entry.hash as usize & (size - 1);
            while slots.get(slot).is_some_and(|&taken| taken != 0) {
                slot = (slot + 1) & (size - 1);
            }
            if let Some(free) = slots.get_mut(slot) {
                *free = number;
            }
        }
        self.slots = slots;
    }

    fn stored(&self, at: u32) -> &[u8] {
        let (chunk, offset) = ((at >> CHUNK_BITS) as usize, at as usize & (CHUNK - 1));
        let rest = self.chunks.get(chunk).and_then(|chunk| chunk.get(offset..)).unwrap_or_default();
        let mut rest = rest;
        let length = super::key::take_number(&mut rest).unwrap_or_default();
        rest.get(..length).unwrap_or_default()
    }

    fn store(&mut self, key: &[u8]) -> Option<u32> {
        let fits =
            |chunk: &&mut Vec<u8>| chunk.len() < CHUNK && chunk.len() + key.len() + 9 <= CHUNK;
        if self.chunks.last_mut().filter(fits).is_none() {
            // The first chunk grows as needed; later ones are taken whole.
            let size = if self.chunks.is_empty() { 0 } else { CHUNK.max(key.len() + 9) };
            self.chunks.push(Vec::with_capacity(size));
        }
        let number = u32::try_from(self.chunks.len() - 1).ok()?;
        let chunk = self.chunks.last_mut()?;
        let offset = u32::try_from(chunk.len()).ok()?;
        super::key::put_number(chunk, key.len());
        chunk.extend_from_slice(key);
        self.bytes += chunk.len() - offset as usize;
        (number >> (32 - CHUNK_BITS) == 0).then_some(number << CHUNK_BITS | offset)
    }
}

/// A hash of folded multiplications for longer texts: 32 bytes at a time, in four lanes that do not
/// wait for one another.
pub(super) fn hash_wide(seed: u64, bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut lanes = [1, 2, 3, 4].map(|lane| fold(seed ^ lane));
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = fold(*lane ^ u64::from_le_bytes(*word));
        }
    }
    let tail = u64::from(hash(seed, rest)) ^ (bytes.len() as u64) << 32;
    lanes.iter().fold(tail, |hash, lane| fold(hash ^ lane))
}

/// A hash of folded multiplications, 8 bytes at a time.
fn hash(seed: u64, bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let start = fold(seed ^ bytes.len() as u64);
    let hash = words.iter().fold(start, |hash, word| fold(hash ^ u64::from_le_bytes(*word)));
    let last = rest.iter().fold(1, |last, &byte| last << 8 | u64::from(byte));
    let hash = fold(hash ^ last) ^ seed;
    (hash ^ hash >> 32) as u32
}

/// The two halves of a 128-bit product, folded into one.
fn fold(value: u64) -> u64 {
    let product = u128::from(value) * u128::from(FACTOR);
    (product as u64) ^ (product >> 64) as u64
}

/// An odd constant with an even spread of bits: the fraction of the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// Strings interned together.
const BATCH: usize = 64;
const CHUNK_BITS: u32 = 16;
const CHUNK: usize = 1 << CHUNK_BITS;

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;

    use super::*;

    #[test]
    fn equal_strings_have_one_number() {
        let mut table = Table::new(7);
        for round in 0..2 {
            for number in 0..10_000_u32 {
                let key = format!("{number}");
                assert_eq!(table.intern(key.as_bytes(), || number), Some(number), "round {round}");
            }
        }
        assert_eq!(table.len(), 10_000);
        for number in [0, 17, 9_999] {
            assert_eq!(table.key(number), format!("{number}").as_bytes());
            assert_eq!(table.value(number), Some(&number));
        }
        assert_eq!(table.find(b"10000"), None);
    }

    #[test]
    fn strings_interned_together_have_the_numbers_of_those_interned_alone() {
        for count in [0, 1, 63, 64, 65, 1_000] {
            let (mut alone, mut together) = (Table::new(7), Table::new(7));
            // Some come twice, and some are none.
            let key = |id: u32, out: &mut Vec<u8>| {
                (!id.is_multiple_of(5)).then(|| out.extend_from_slice(&(id % 300).to_le_bytes()))
            };
            let numbers: Vec<_> = (0..count)
                .map(|id| {
                    let mut bytes = Vec::new();
                    key(id, &mut bytes)?;
                    let number = alone.intern(&bytes, || 0)?;
                    *alone.value_mut(number)? += id;
                    Some(number)
                })
                .collect();
            let all = together.intern_all(count, key, |key| key, || 0, |id, sum| *sum += id);
            assert_eq!(all, numbers);
            assert_eq!(alone.len(), together.len());
            for id in 0..alone.len() {
                assert_eq!(
                    (alone.key(id), alone.value(id)),
                    (together.key(id), together.value(id))
                );
            }
        }
    }

    #[test]
    fn strings_of_any_length_are_kept() {
        let mut table = Table::new(0);
        let lengths = [0, 1, 127, 128, 16_383, 16_384, CHUNK - 9, CHUNK - 8, CHUNK, 4 * CHUNK, 3];
        for (at, &length) in lengths.iter().enumerate() {
            assert_eq!(table.intern(&vec![b'x'; length], || ()), u32::try_from(at).ok());
        }
        for (id, &length) in (0..).zip(&lengths) {
            assert_eq!(table.key(id).len(), length);
        }
    }

    #[test]
    fn content_decides_where_hashes_collide() {
        // A seed of zero and strings of one bit each still meet in a table of few slots.
        let mut table = Table::new(0);
        let ids: Vec<_> = (0..=255_u8).map(|byte| table.intern(&[byte], || byte)).collect();
        assert!(ids.iter().enumerate().all(|(at, id)| *id == u32::try_from(at).ok()));
    }

    #[test]
    fn strings_of_one_head_are_counted() {
        let mut table = Table::new(7);
        for number in 0..1_000_u32 {
            let key = format!("{:03} {number}", number % 100);
            let id = table.intern_under(&key.as_bytes()[..3], key.as_bytes(), || ());
            assert_eq!(id, Some(number));
        }
        for head in 0..100 {
            let head = format!("{head:03}");
            assert_eq!(table.count_under(head.as_bytes()), 10);
            let key = format!("{head} 7");
            let found = table.find_under(head.as_bytes(), key.as_bytes());
            assert_eq!(found, (head == "007").then_some(7));
        }
        assert_eq!(table.count_under(b"100"), 0);
        assert_eq!(Table::<()>::new(7).count_under(b"100"), 0);
    }

    #[test]
    fn the_seed_changes_the_hash() {
        assert_ne!(hash(1, b"example.com"), hash(2, b"example.com"));
        assert_ne!(hash(1, b"a"), hash(1, b"a\0"));
        assert_ne!(hash_wide(1, &[b'a'; 100]), hash_wide(2, &[b'a'; 100]));
    }

    #[test]
    fn every_byte_of_a_long_text_changes_its_hash() {
        let text = vec![b'a'; 100];
        for at in 0..text.len() {
            let mut other = text.clone();
            other[at] = b'b';
            assert_ne!(hash_wide(7, &text), hash_wide(7, &other), "{at}");
            assert_ne!(hash_wide(7, &text), hash_wide(7, &text[..at]), "{at}");
        }
    }
}
