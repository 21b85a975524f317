//! The name by which the server greets.

use core::fmt;

use crate::limits::BANNER_NAME;
use crate::reply::Escaped;

/// The first word of a greeting: by [RFC 5321 section 4.2] the name of the server, and what a
/// report gives as the receiving MX's own name.
///
/// It is whatever the server said; its display is escaped.
///
/// [RFC 5321 section 4.2]: https://www.rfc-editor.org/rfc/rfc5321#section-4.2
#[derive(Clone, Copy)]
pub struct BannerName {
    octets: [u8; BANNER_NAME],
    len: u8,
    is_cut: bool,
}

impl Default for BannerName {
    fn default() -> Self {
        Self { octets: [0; BANNER_NAME], len: 0, is_cut: false }
    }
}

impl BannerName {
    pub(super) fn of_text(text: &[u8]) -> Self {
        let word = text.split(|&octet| octet == b' ').next().unwrap_or_default();
        let mut name = Self { is_cut: word.len() > BANNER_NAME, ..Self::default() };
        for (place, octet) in name.octets.iter_mut().zip(word) {
            *place = *octet;
            name.len += 1;
        }
        name
    }

    pub(super) fn is(&self, name: &[u8]) -> bool {
        !self.is_cut && !name.is_empty() && self.as_bytes().eq_ignore_ascii_case(name)
    }

    /// The word; empty before the greeting.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether the word was longer than [`limits::BANNER_NAME`](crate::limits::BANNER_NAME).
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl fmt::Display for BannerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for BannerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BannerName({self})")
    }
}
