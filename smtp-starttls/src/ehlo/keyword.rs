//! The keywords that mean something here.

/// An EHLO keyword that this crate knows.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Keyword {
    /// 8BITMIME, [RFC 6152](https://www.rfc-editor.org/rfc/rfc6152).
    EightBitMime,
    /// SIZE, [RFC 1870](https://www.rfc-editor.org/rfc/rfc1870).
    Size,
    /// PIPELINING, [RFC 2920](https://www.rfc-editor.org/rfc/rfc2920).
    Pipelining,
    /// STARTTLS, [RFC 3207](https://www.rfc-editor.org/rfc/rfc3207).
    StartTls,
    /// ENHANCEDSTATUSCODES, [RFC 2034](https://www.rfc-editor.org/rfc/rfc2034).
    EnhancedStatusCodes,
    /// DSN, [RFC 3461](https://www.rfc-editor.org/rfc/rfc3461).
    Dsn,
    /// CHUNKING, [RFC 3030](https://www.rfc-editor.org/rfc/rfc3030).
    Chunking,
    /// BINARYMIME, [RFC 3030](https://www.rfc-editor.org/rfc/rfc3030).
    BinaryMime,
    /// SMTPUTF8, [RFC 6531](https://www.rfc-editor.org/rfc/rfc6531).
    SmtpUtf8,
    /// LIMITS, [RFC 9422](https://www.rfc-editor.org/rfc/rfc9422).
    Limits,
    /// REQUIRETLS, [RFC 8689](https://www.rfc-editor.org/rfc/rfc8689).
    RequireTls,
    /// AUTH, [RFC 4954](https://www.rfc-editor.org/rfc/rfc4954).
    Auth,
}

impl Keyword {
    /// Every keyword known here.
    pub const ALL: [Self; 12] = [
        Self::EightBitMime,
        Self::Size,
        Self::Pipelining,
        Self::StartTls,
        Self::EnhancedStatusCodes,
        Self::Dsn,
        Self::Chunking,
        Self::BinaryMime,
        Self::SmtpUtf8,
        Self::Limits,
        Self::RequireTls,
        Self::Auth,
    ];

    /// The keyword in upper case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EightBitMime => "8BITMIME",
            Self::Size => "SIZE",
            Self::Pipelining => "PIPELINING",
            Self::StartTls => "STARTTLS",
            Self::EnhancedStatusCodes => "ENHANCEDSTATUSCODES",
            Self::Dsn => "DSN",
            Self::Chunking => "CHUNKING",
            Self::BinaryMime => "BINARYMIME",
            Self::SmtpUtf8 => "SMTPUTF8",
            Self::Limits => "LIMITS",
            Self::RequireTls => "REQUIRETLS",
            Self::Auth => "AUTH",
        }
    }

    /// The keyword that this word is, whatever its case.
    #[must_use]
    #[inline]
    pub fn of_word(word: &[u8]) -> Option<Self> {
        // Length and first octet leave at most one keyword to compare.
        match (word.len(), word.first()? | 0x20) {
            (3, b'd') => Self::Dsn.if_named(word, b"DSN"),
            (4, b's') => Self::Size.if_named(word, b"SIZE"),
            (4, b'a') => Self::Auth.if_named(word, b"AUTH"),
            (6, b'l') => Self::Limits.if_named(word, b"LIMITS"),
            (8, b's') => match word.get(1)? | 0x20 {
                b't' => Self::StartTls.if_named(word, b"STARTTLS"),
                _ => Self::SmtpUtf8.if_named(word, b"SMTPUTF8"),
            },
            (8, b'8') => Self::EightBitMime.if_named(word, b"8BITMIME"),
            (8, b'c') => Self::Chunking.if_named(word, b"CHUNKING"),
            (10, b'p') => Self::Pipelining.if_named(word, b"PIPELINING"),
            (10, b'b') => Self::BinaryMime.if_named(word, b"BINARYMIME"),
            (10, b'r') => Self::RequireTls.if_named(word, b"REQUIRETLS"),
            (19, b'e') => Self::EnhancedStatusCodes.if_named(word, b"ENHANCEDSTATUSCODES"),
            _ => None,
        }
    }

    /// This keyword, if the word is its name in any case. Without a branch for each octet, so that
    /// the comparison becomes a few wide ones.
    #[inline]
    fn if_named<const LEN: usize>(self, word: &[u8], name: &[u8; LEN]) -> Option<Self> {
        let word: &[u8; LEN] = word.try_into().ok()?;
        let case = |octet: u8| if octet.is_ascii_alphabetic() { 0x20 } else { 0 };
        let differences = word.iter().zip(name).map(|(octet, name)| (octet ^ name) & !case(*name));
        let is_same = differences.fold(0, |all, difference| all | difference) == 0;
        is_same.then_some(self)
    }
}

/// A set of [`Keyword`]s.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct KeywordSet(u16);

impl KeywordSet {
    /// No keyword.
    pub const EMPTY: Self = Self(0);

    /// Whether the keyword is in the set.
    #[must_use]
    pub const fn contains(self, keyword: Keyword) -> bool {
        self.0 & (1 << keyword as u16) != 0
    }

    /// The keywords of this set that the other lacks.
    ///
    /// Before and after TLS they may differ; the difference is for logs.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each keyword of the set.
    pub fn iter(self) -> impl Iterator<Item = Keyword> {
        Keyword::ALL.into_iter().filter(move |&keyword| self.contains(keyword))
    }

    #[inline]
    pub(crate) const fn insert(&mut self, keyword: Keyword) {
        self.0 |= 1 << keyword as u16;
    }

    pub(crate) const fn remove(&mut self, keyword: Keyword) {
        self.0 &= !(1 << keyword as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c2_rfc5321_2_4_keywords_are_compared_without_case_and_in_full() {
        for keyword in Keyword::ALL {
            let name = keyword.name();
            assert_eq!(Keyword::of_word(name.as_bytes()), Some(keyword));
            assert_eq!(Keyword::of_word(name.to_ascii_lowercase().as_bytes()), Some(keyword));
            assert_eq!(Keyword::of_word(&name.as_bytes()[1..]), None);
            for at in 0..name.len() {
                let mut other = [0; 20];
                other[..name.len()].copy_from_slice(name.as_bytes());
                other[at] = b'_';
                assert_eq!(Keyword::of_word(&other[..name.len()]), None);
            }
        }
        for word in [&b""[..], b"STARTTLS=1", b"STARTTLSX", b" STARTTLS", b"STARTTL", b"SIZE\t"] {
            assert_eq!(Keyword::of_word(word), None);
        }
    }
}
