//! What is told of a certificate's contents: small, and safe to show.

use core::fmt;

/// The first octets of a text out of a certificate, at most 40; shown escaped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Excerpt {
    octets: [u8; Self::MAX],
    /// Octets of the whole text; beyond the array some are left off.
    len: u32,
}

impl Excerpt {
    const MAX: usize = 40;

    pub(crate) fn new(text: &[u8]) -> Self {
        let mut octets = [0; Self::MAX];
        octets.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Self { octets, len: u32::try_from(text.len()).unwrap_or(u32::MAX) }
    }

    /// The octets that are kept.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        let len = usize::try_from(self.len).unwrap_or(usize::MAX);
        self.octets.get(..len).unwrap_or(&self.octets)
    }

    /// Whether octets are left off.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        usize::try_from(self.len).is_ok_and(|len| len > Self::MAX)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.octets().escape_ascii().fmt(f)?;
        f.write_str(if self.is_cut() { "..." } else { "" })
    }
}

/// An object identifier out of a certificate, at most its first 40 octets; shown with dots.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Oid(Excerpt);

impl Oid {
    pub(crate) fn new(contents: &[u8]) -> Self {
        Self(Excerpt::new(contents))
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut arc, mut is_first) = (0_u64, true);
        for octet in self.0.octets() {
            arc = arc.saturating_mul(128).saturating_add(u64::from(octet & 0x7f));
            if octet & 0x80 != 0 {
                continue;
            }
            if is_first {
                let top = (arc / 40).min(2);
                write!(f, "{top}.{}", arc.saturating_sub(top.saturating_mul(40)))?;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, is_first) = (0, false);
        }
        f.write_str(if self.0.is_cut() { "..." } else { "" })
    }
}

/// Seconds since 1970 as a date in UTC.
pub(super) struct Date(pub(super) i64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = crate::der::time::civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Seconds, or whole days if they are two or more.
pub(super) struct Span(pub(super) u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 / 86_400 {
            0 | 1 => write!(f, "{} s", self.0),
            days => write!(f, "{days} days"),
        }
    }
}
