//! The patterns of a body, found again quickly: a few in place, many by a table.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::walk::{Sink, Span};
use crate::bytes::{name_hash, same_name};
use crate::mx::PatternKind;
use crate::name::HostName;

/// As many as nearly every policy has.
pub(super) const FEW: usize = 5;

/// Where the patterns of a body stand.
#[derive(Clone, Debug)]
pub(super) enum Patterns {
    /// So many of the array, in the order of the body.
    Few(u8, [Span; FEW]),
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
        Self { len: 0, spans: [Span(0); FEW], more: false }
    }

    pub(super) fn finish(self) -> Patterns {
        if self.more { Patterns::Scan } else { Patterns::Few(self.len, self.spans) }
    }
}

impl Sink for FewSink {
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

    pub(super) fn finish(self, text: &[u8]) -> Patterns {
        if self.few.more { Patterns::Many(Table::new(text, &self.more)) } else { self.few.finish() }
    }
}

impl Sink for AllSink {
    fn pattern(&mut self, span: Span) {
        self.few.pattern(span);
        if self.few.more {
            if self.more.is_empty() {
                self.more.extend(self.few.spans);
            }
            self.more.push(span);
        }
    }
}

/// A hash table of spans, made in one go: buckets of any size, one after the other.
///
/// Whoever writes the body chooses the names, so many may fall into one bucket. Making the table takes
/// the same time then, and looking into that bucket takes no longer than looking through the body.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// `buckets + 1` positions where the spans of each bucket begin and the last ends; then the spans.
    words: Arc<[u32]>,
    /// A power of two.
    buckets: u32,
}

impl Table {
    #[expect(
        clippy::indexing_slicing,
        reason = "a bucket is below `buckets` and the positions are sums of the counts of `spans`"
    )]
    fn new(text: &[u8], spans: &[Span]) -> Self {
        let buckets = spans.len().next_power_of_two();
        let mut words: Arc<[u32]> = core::iter::repeat_n(0, buckets + 1 + spans.len()).collect();
        let table = Arc::get_mut(&mut words).unwrap_or_default();
        let hashes: Vec<u32> =
            spans.iter().map(|span| bucket(text, *span, buckets as u32)).collect();
        for &hash in &hashes {
            table[hash as usize] += 1;
        }
        let mut end = buckets as u32 + 1;
        for start in &mut table[..=buckets] {
            end += *start;
            *start = end;
        }
        // Each bucket is filled from its end, after which its position is its start.
        for (&hash, span) in hashes.iter().zip(spans).rev() {
            table[hash as usize] -= 1;
            let position = table[hash as usize] as usize;
            table[position] = span.0;
        }
        Self { words, buckets: buckets as u32 }
    }

    fn contains(&self, text: &[u8], name: &[u8], kind: PatternKind) -> bool {
        let bucket = (salt(kind) ^ name_hash(name)) & (self.buckets - 1);
        let bucket = bucket as usize;
        let (Some(&start), Some(&end)) = (self.words.get(bucket), self.words.get(bucket + 1))
        else {
            return false;
        };
        let spans = self.words.get(start as usize..end as usize).unwrap_or_default();
        spans.iter().any(|&word| is(text, Span(word), name, kind))
    }
}

fn bucket(text: &[u8], span: Span, buckets: u32) -> u32 {
    let name = text.get(span.range()).unwrap_or_default();
    (salt(span.kind()) ^ name_hash(name)) & (buckets - 1)
}

/// Tells the bucket of `*.example.org` from that of `example.org`.
const fn salt(kind: PatternKind) -> u32 {
    match kind {
        PatternKind::Host => 0,
        PatternKind::Wildcard => 0x5555_5555,
    }
}

fn is(text: &[u8], span: Span, name: &[u8], kind: PatternKind) -> bool {
    let range = span.range();
    range.len() == name.len()
        && span.kind() == kind
        && text.get(range).is_some_and(|pattern| same_name(pattern, name))
}

impl Patterns {
    /// Whether one of the patterns allows the host, whose last label is no number.
    pub(super) fn allow(&self, text: &str, host: &HostName) -> bool {
        let text = text.as_bytes();
        let (name, parent) = (host.as_str().as_bytes(), host.parent().unwrap_or_default());
        match self {
            Self::Few(len, spans) => {
                let spans = spans.get(..usize::from(*len)).unwrap_or_default();
                spans.iter().any(|&span| match span.kind() {
                    PatternKind::Host => is(text, span, name, PatternKind::Host),
                    PatternKind::Wildcard => is(text, span, parent, PatternKind::Wildcard),
                })
            }
            Self::Many(table) => {
                table.contains(text, name, PatternKind::Host)
                    || table.contains(text, parent, PatternKind::Wildcard)
            }
            Self::Scan => super::walk::spans(text).any(|span| match span.kind() {
                PatternKind::Host => is(text, span, name, PatternKind::Host),
                PatternKind::Wildcard => is(text, span, parent, PatternKind::Wildcard),
            }),
        }
    }
}
