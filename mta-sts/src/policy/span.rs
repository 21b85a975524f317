//! Where the patterns of a body stand, and how they are found in it.

use core::ops::Range;

use crate::bytes::{same_name, trim_wsp_end, trim_wsp_start};
use crate::mx::{PatternKind, scan_domain};
use crate::name::HostName;
use crate::shape::Shape;

/// Where a pattern stands in a body: 16 bits of offset of its domain, and its shape.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Span(pub(super) u32);

impl Span {
    /// No place: that of an empty name, which allows no host.
    pub(super) const NONE: Self = Self(0);

    /// A body has at most 65 536 bytes, so the offset of a domain in it is not cut.
    #[inline]
    pub(super) fn new(at: usize, domain: &[u8], kind: PatternKind) -> Self {
        Self((at as u32) << 16 | u32::from(Shape::new(domain, kind).bits()))
    }

    pub(super) const fn range(self) -> Range<usize> {
        let at = (self.0 >> 16) as usize;
        at..at + self.shape().len()
    }

    pub(super) const fn shape(self) -> Shape {
        Shape::from_bits(self.0 as u16)
    }

    pub(super) const fn kind(self) -> PatternKind {
        self.shape().kind()
    }

    /// Whether the pattern, which stands in this text, allows the host.
    #[inline]
    pub(super) fn allows(self, text: &[u8], host: &HostName) -> bool {
        host.may_match(self.shape()) && self.allows_by_name(text, host)
    }

    #[inline(never)]
    fn allows_by_name(self, text: &[u8], host: &HostName) -> bool {
        match self.kind() {
            PatternKind::Host => self.is(text, host.as_str().as_bytes()),
            PatternKind::Wildcard => host.parent().is_some_and(|parent| self.is(text, parent)),
        }
    }

    /// Whether the domain, which stands in this text, is this name.
    #[inline]
    pub(super) fn is(self, text: &[u8], name: &[u8]) -> bool {
        text.get(self.range()).is_some_and(|domain| same_name(domain, name))
    }
}

/// The domain of an `mx` line without any fault, its kind, and the bytes of the line.
#[inline(always)]
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
    match text {
        [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => Some(after),
        [b' ' | b'\t', after @ ..] => end_of_line_after_wsp(trim_wsp_start(after)),
        [] => Some(&[]),
        _ => None,
    }
}

#[cold]
const fn end_of_line_after_wsp(text: &[u8]) -> Option<&[u8]> {
    match text {
        [] => Some(&[]),
        [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => Some(after),
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
            let line = rest.get(..end).unwrap_or_default();
            if let Some((domain, kind)) = accepted_pattern(line) {
                let name = line.get(domain.clone()).unwrap_or_default();
                return Some(Span::new(line_at + domain.start, name, kind));
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
