//! Where the patterns of a body stand, and how they are found in it.

use core::ops::Range;

use crate::bytes::{trim_wsp_end, trim_wsp_start};
use crate::mx::{PatternKind, scan_domain};

/// Where a pattern stands in a body: 16 bits of offset of its domain, 8 of length, one for `*.`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Span(pub(super) u32);

impl Span {
    /// A body has at most 65 536 bytes and a domain 253, so neither number is cut.
    pub(super) const fn new(at: usize, len: usize, kind: PatternKind) -> Self {
        let wildcard = match kind {
            PatternKind::Host => 0,
            PatternKind::Wildcard => WILDCARD,
        };
        Self((at as u32) << 16 | (len as u32) << 8 | wildcard)
    }

    pub(super) const fn range(self) -> Range<usize> {
        let at = (self.0 >> 16) as usize;
        at..at + self.len()
    }

    pub(super) const fn len(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    /// Length and kind alone.
    pub(super) const fn shape(self) -> u32 {
        self.0 & 0xFFFF
    }

    pub(super) const fn kind(self) -> PatternKind {
        if self.0 & WILDCARD == 0 { PatternKind::Host } else { PatternKind::Wildcard }
    }
}

const WILDCARD: u32 = 1;

/// The domain of an `mx` line without any fault, its kind, and the bytes of the line.
#[inline]
pub(super) fn plain_pattern(line: &[u8]) -> Option<(Range<usize>, PatternKind, usize)> {
    let value = match line.strip_prefix(b"mx:")? {
        [b' ' | b'\t', value @ ..] => trim_wsp_start(value),
        value => value,
    };
    let (domain, kind) = match value.strip_prefix(b"*.") {
        Some(domain) => (domain, PatternKind::Wildcard),
        None => (value, PatternKind::Host),
    };
    let len = scan_domain(domain).ok()?;
    let after = end_of_line(domain.get(len..)?)?;
    let at = line.len() - domain.len();
    Some((at..at + len, kind, line.len() - after.len()))
}

/// What comes after white space and the end of the line.
#[inline]
pub(super) fn end_of_line(text: &[u8]) -> Option<&[u8]> {
    match trim_wsp_start(text) {
        [] => Some(&[]),
        [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] => Some(after),
        _ => None,
    }
}

/// The patterns of a body that was accepted, in its order.
pub(super) fn spans(text: &[u8]) -> impl Iterator<Item = Span> {
    let mut at = 0;
    core::iter::from_fn(move || {
        while let Some(rest) = text.get(at..)
            && !rest.is_empty()
        {
            let line_at = at;
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
            at += end;
            if let Some((domain, kind)) = accepted_pattern(rest.get(..end).unwrap_or_default()) {
                return Some(Span::new(line_at + domain.start, domain.len(), kind));
            }
        }
        None
    })
}

/// The domain of an accepted line, if the line is an `mx` that was kept.
fn accepted_pattern(line: &[u8]) -> Option<(Range<usize>, PatternKind)> {
    if let Some((domain, kind, _)) = plain_pattern(line) {
        return Some((domain, kind));
    }
    // What is left are names with a dot at their end, and address literals.
    let value = trim_wsp_start(line.strip_prefix(b"mx:")?);
    let at = line.len() - value.len();
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let value = trim_wsp_end(value).strip_suffix(b".")?;
    let (domain, kind) = match value.strip_prefix(b"*.") {
        Some(domain) => (domain, PatternKind::Wildcard),
        None => (value, PatternKind::Host),
    };
    let at = at + value.len() - domain.len();
    Some((at..at + domain.len(), kind))
}
