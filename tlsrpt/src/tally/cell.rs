//! One counter, kept apart for each writer.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Who counts: a node and an epoch, which is a number never used again for that node.
///
/// Each counter is kept as an absolute value of each writer. A program that starts without its
/// earlier counters takes a new epoch, such as the time of its start.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Writer {
    node: Box<str>,
    epoch: u64,
}

impl Writer {
    /// The writer of this node and epoch.
    #[must_use]
    pub fn new(node: impl Into<Box<str>>, epoch: u64) -> Self {
        Self { node: node.into(), epoch }
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The number of this life of the node.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// The two counts of a cell: sessions that complied and sessions that failed. A failure row has
/// only the second.
pub(super) type Counts = [u64; 2];

/// The counts of one policy or failure row.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    first: Counts,
    /// Number of the first writer.
    writer: u16,
    /// Of a policy: zero, or one more than the failure rows that the counting writer has begun.
    pub(super) rows: u16,
    /// Where the next writer's counts are, plus one.
    next: u32,
    /// The last session that was counted here.
    pub(super) session: u32,
}

/// The counts of a further writer.
#[derive(Clone, Debug)]
pub(super) struct More {
    counts: Counts,
    writer: u16,
    next: u32,
}

impl Cell {
    pub(super) const EMPTY: Self =
        Self { first: [0; 2], writer: u16::MAX, rows: 0, next: 0, session: 0 };
}

pub(super) fn raise(ours: &mut Counts, theirs: Counts) {
    for (ours, theirs) in ours.iter_mut().zip(theirs) {
        *ours = (*ours).max(theirs);
    }
}

/// The counts of one writer, which begin at zero.
pub(super) fn counts<'c>(
    cell: &'c mut Cell,
    more: &'c mut Vec<More>,
    writer: u16,
) -> &'c mut Counts {
    if cell.writer == u16::MAX {
        cell.writer = writer;
    }
    if cell.writer == writer {
        return &mut cell.first;
    }
    let mut at = cell.next;
    let mut found = None;
    while let Some(index) = at.checked_sub(1) {
        let Some(entry) = more.get(index as usize) else { break };
        if entry.writer == writer {
            found = Some(index);
            break;
        }
        at = entry.next;
    }
    let index = found.unwrap_or_else(|| {
        more.push(More { counts: [0; 2], writer, next: cell.next });
        let index = u32::try_from(more.len() - 1).unwrap_or(u32::MAX - 1);
        cell.next = index + 1;
        index
    });
    match more.get_mut(index as usize) {
        Some(entry) => &mut entry.counts,
        None => &mut cell.first,
    }
}

pub(super) fn has(cell: &Cell, more: &[More], writer: u16) -> bool {
    let mut found = false;
    each(cell, more, |other, counts| found |= other == writer && counts != [0; 2]);
    found
}

pub(super) fn each(cell: &Cell, more: &[More], mut visit: impl FnMut(u16, Counts)) {
    if cell.writer != u16::MAX {
        visit(cell.writer, cell.first);
    }
    let mut at = cell.next;
    while let Some(entry) = at.checked_sub(1).and_then(|index| more.get(index as usize)) {
        visit(entry.writer, entry.counts);
        at = entry.next;
    }
}
