//! The patterns of a body, found again quickly: a few in place, many by a table.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::span::{Span, spans};
use super::walk::Sink;
use crate::bytes::name_hash;
use crate::mx::PatternKind;
use crate::name::HostName;
use crate::shape::Shape;

/// As many as nearly every policy has.
pub(super) const FEW: usize = 5;

/// A first guess where there are more.
const MANY: usize = 64;

/// Where the patterns of a body stand.
#[derive(Clone, Debug)]
pub(super) enum Patterns {
    /// These, in the order of the body; what is left of the array is [`Span::NONE`].
    Few([Span; FEW]),
    /// More, in a table.
    Many(Table),
    /// More, not kept: they are looked for in the body.
    Scan,
}

/// Takes the first few patterns, and marks if there are more.
pub(super) struct FewSink {
    len: u8,
    spans: [Span; FEW],
    more: bool,
}

impl FewSink {
    pub(super) const fn new() -> Self {
        Self { len: 0, spans: [Span::NONE; FEW], more: false }
    }

    pub(super) fn finish(self) -> Patterns {
        if self.more { Patterns::Scan } else { Patterns::Few(self.spans) }
    }
}

impl Sink for FewSink {
    #[inline]
    fn pattern(&mut self, span: Span) {
        match self.spans.get_mut(usize::from(self.len)) {
            Some(free) => {
                *free = span;
                self.len += 1;
            }
            None => self.more = true,
        }
    }
}

/// Takes all patterns: the first few in place, the others in a vector.
pub(super) struct AllSink {
    few: FewSink,
    more: Vec<Span>,
}

impl AllSink {
    pub(super) const fn new() -> Self {
        Self { few: FewSink::new(), more: Vec::new() }
    }

    #[inline(never)]
    fn one_more(&mut self, span: Span) {
        if self.more.is_empty() {
            self.more.reserve(MANY);
            self.more.extend(self.few.spans);
        }
        self.more.push(span);
    }

    pub(super) fn finish(self, text: &[u8]) -> Patterns {
        if self.few.more { Patterns::Many(Table::new(text, &self.more)) } else { self.few.finish() }
    }
}

impl Sink for AllSink {
    #[inline]
    fn pattern(&mut self, span: Span) {
        if !self.few.more {
            self.few.pattern(span);
        }
        if self.few.more {
            self.one_more(span);
        }
    }
}

/// A hash table of spans: chains of any length in one block of memory.
///
/// Whoever writes the body chooses the names, so many may fall into one chain. Making the table takes
/// the same time then, and following that chain takes no longer than looking through the body.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The first entry of each chain; then the entries, each a span and the entry after it. An entry
    /// is called by its position; position 0 is that of a chain, so it ends one.
    words: Arc<[u32]>,
    /// A power of two.
    chains: u32,
}

impl Table {
    fn new(text: &[u8], spans: &[Span]) -> Self {
        let chains = spans.len().next_power_of_two();
        let mut words: Arc<[u32]> = core::iter::repeat_n(0, chains + 2 * spans.len()).collect();
        let (heads, entries) = Arc::get_mut(&mut words).unwrap_or_default().split_at_mut(chains);
        let entries = entries.as_chunks_mut::<2>().0.iter_mut();
        for ((entry, span), position) in entries.zip(spans).zip((chains as u32..).step_by(2)) {
            let name = text.get(span.range()).unwrap_or_default();
            let chain = salt(span.kind()) ^ name_hash(name);
            if let Some(head) = heads.get_mut(chain as usize & (chains - 1)) {
                *entry = [span.0, *head];
                *head = position;
            }
        }
        Self { words, chains: chains as u32 }
    }

    #[inline(never)]
    fn allows(&self, text: &[u8], host: &HostName) -> bool {
        self.contains(text, host.as_str().as_bytes(), host.shape())
            || host.parent().is_some_and(|parent| self.contains(text, parent, host.parent_shape()))
    }

    fn contains(&self, text: &[u8], name: &[u8], shape: Shape) -> bool {
        let chain = (salt(shape.kind()) ^ name_hash(name)) & (self.chains - 1);
        let mut position = self.words.get(chain as usize).copied().unwrap_or_default() as usize;
        while position != 0
            && let Some(&[span, next]) = self.words.get(position..).and_then(|at| at.first_chunk())
        {
            if Span(span).shape() == shape && Span(span).is(text, name) {
                return true;
            }
            position = next as usize;
        }
        false
    }
}

/// Tells the bucket of `*.example.org` from that of `example.org`.
const fn salt(kind: PatternKind) -> u32 {
    match kind {
        PatternKind::Host => 0,
        PatternKind::Wildcard => 0x5555_5555,
    }
}

impl Patterns {
    /// Whether one of the patterns allows the host, whose last label is no number.
    #[inline]
    pub(super) fn allow(&self, text: &str, host: &HostName) -> bool {
        let text = text.as_bytes();
        match self {
            Self::Few(few) => few.iter().any(|span| span.allows(text, host)),
            Self::Many(table) => table.allows(text, host),
            Self::Scan => scan(text, host),
        }
    }
}

/// Looks through the whole body.
#[inline(never)]
fn scan(text: &[u8], host: &HostName) -> bool {
    spans(text).any(|span| span.allows(text, host))
}
