//! What was received and is not counted yet.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Datagrams, one behind the other.
#[derive(Default)]
pub(crate) struct Datagrams {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Datagrams {
    pub(crate) fn push(&mut self, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = core::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).filter_map(|(&start, &end)| self.bytes.get(start..end))
    }

    /// Empties the list. It gives back what a burst has made it take.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.ends.clear();
        self.ends.shrink_to(KEPT / size_of::<usize>());
    }

    fn append(&mut self, other: &Self) {
        other.iter().for_each(|datagram| self.push(datagram));
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<usize>()
    }
}

/// Hands datagrams from the thread that receives to the one that counts, up to [`ROOM`] bytes.
#[derive(Default)]
pub(crate) struct Ring {
    inner: Mutex<Inner>,
    arrived: Condvar,
}

#[derive(Default)]
struct Inner {
    waiting: Datagrams,
    closed: bool,
}

impl Ring {
    /// Takes these over, or returns how many datagrams were dropped for want of room.
    pub(crate) fn put(&self, datagrams: &Datagrams) -> Result<(), u64> {
        let mut inner = self.lock();
        if inner.waiting.size() + datagrams.size() > ROOM {
            return Err(datagrams.ends.len() as u64);
        }
        inner.waiting.append(datagrams);
        drop(inner);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for datagrams and gives them all out, in exchange for an empty list. Returns whether there
    /// may be more: not when the ring is closed and empty.
    pub(crate) fn take(&self, list: &mut Datagrams) -> bool {
        list.clear();
        let mut inner = self.lock();
        while inner.waiting.ends.is_empty() {
            if inner.closed {
                return false;
            }
            inner = self.arrived.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        core::mem::swap(&mut inner.waiting, list);
        true
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that wait. Ours: 100,000 common datagrams, a second of counting.
const ROOM: usize = 32 << 20;

/// Bytes of room that an empty list keeps.
const KEPT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_come_out_whole_and_in_order() {
        let (ring, mut list) = (Ring::default(), Datagrams::default());
        let mut sent = Datagrams::default();
        for datagram in [&b"one"[..], b"", b"three"] {
            sent.push(datagram);
        }
        assert_eq!(ring.put(&sent), Ok(()));
        ring.close();
        assert!(ring.take(&mut list));
        assert_eq!(list.iter().collect::<Vec<_>>(), [&b"one"[..], b"", b"three"]);
        assert!(!ring.take(&mut list));
    }

    #[test]
    fn a_full_ring_says_how_many_it_drops() {
        let ring = Ring::default();
        let mut half = Datagrams::default();
        half.push(&vec![0; ROOM / 2 - 8]);
        assert_eq!(ring.put(&half), Ok(()));
        assert_eq!(ring.put(&half), Ok(()), "to the last byte");
        let mut more = Datagrams::default();
        more.push(b"");
        more.push(b"");
        assert_eq!(ring.put(&more), Err(2));
        let mut list = Datagrams::default();
        assert!(ring.take(&mut list));
        assert_eq!(ring.put(&more), Ok(()), "room again");
    }
}
