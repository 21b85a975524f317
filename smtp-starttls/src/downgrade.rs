//! Labels for answers that look like a box in the path that masks SMTP extensions.
//!
//! Often that box is the receiver's own firewall. A label is a fact for logs and reports; no
//! decision reads it.

use core::fmt;

use crate::reply::{EnhancedCode, ReplyLine};

/// What a session shows of stripping or masking, the strongest sign first.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Downgrade {
    /// STARTTLS was listed, and the command is not recognised or turned into another.
    CommandMangled,
    /// A keyword is overwritten by as many `X`, as `XXXXXXXX`
    /// ([RFC 8689 section 8.2](https://www.rfc-editor.org/rfc/rfc8689#section-8.2)).
    MaskedLenPreserving,
    /// A line begins like STARTTLS but is no offer.
    Garbled,
    /// The greeting is overwritten by asterisks.
    BannerMasked,
    /// STARTTLS is not listed, or HELO had to be used; most often an honest old server.
    Absent,
}

impl Downgrade {
    /// The stable word for logs and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::CommandMangled => "command-mangled",
            Self::MaskedLenPreserving => "masked-len-preserving",
            Self::Garbled => "garbled",
            Self::BannerMasked => "banner-masked",
            Self::Absent => "absent",
        }
    }
}

impl fmt::Display for Downgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The signs in the lines of an EHLO reply after the first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct EhloSigns {
    pub(crate) masked: bool,
    pub(crate) garbled: bool,
}

impl EhloSigns {
    pub(crate) const NONE: Self = Self { masked: false, garbled: false };

    /// The label of a reply to EHLO that was accepted and offers no STARTTLS.
    pub(crate) const fn without_offer(self) -> Downgrade {
        if self.masked {
            Downgrade::MaskedLenPreserving
        } else if self.garbled {
            Downgrade::Garbled
        } else {
            Downgrade::Absent
        }
    }
}

/// A word of three or more octets: only `X`, or `X` and one other final letter.
#[inline]
pub(crate) fn is_masked(word: &[u8]) -> bool {
    match word {
        [b'X', b'X', middle @ .., last] => {
            last.is_ascii_uppercase() && middle.iter().all(|&octet| octet == b'X')
        }
        _ => false,
    }
}

/// A line that begins like STARTTLS once its leading spaces are removed.
///
/// The caller has found that it is no offer.
#[inline]
pub(crate) fn is_garbled(text: &[u8]) -> bool {
    let start = text.iter().position(|&octet| octet != b' ').unwrap_or_default();
    let start = text.get(start..).and_then(|text| text.get(..8));
    start.is_some_and(|start| start.eq_ignore_ascii_case(b"STARTTLS"))
}

/// Whether a greeting is masked: asterisks, and otherwise only what such boxes leave in place.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct BannerSigns {
    asterisk: bool,
    other: bool,
}

impl BannerSigns {
    pub(crate) fn line(&mut self, text: &[u8]) {
        self.asterisk |= text.contains(&b'*');
        self.other |= text.iter().any(|octet| !b"*20 \t".contains(octet));
    }

    pub(crate) const fn is_masked(self) -> bool {
        self.asterisk && !self.other
    }
}

/// Whether an answer to STARTTLS, where it was listed, is that of a box that knows no such command.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct CommandSigns(bool);

impl CommandSigns {
    pub(crate) fn line(&mut self, line: &ReplyLine<'_>) {
        const UNKNOWN: &[u8] = b"command not recognized";
        let is_text = |window: &[u8]| window.eq_ignore_ascii_case(UNKNOWN);
        self.0 |= matches!(line.code().value(), 250 | 500 | 502)
            || line.enhanced() == Some(EnhancedCode::known(5, 5, 2))
            || line.text().windows(UNKNOWN.len()).any(is_text);
    }

    pub(crate) const fn is_mangled(self) -> bool {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_masked_words_keep_their_length_and_honest_words_are_left_alone() {
        for word in ["XXX", "XXXX", "XXXXXXXX", "XXXXXXXA", "XXA", "XXXXXXXZ"] {
            assert!(is_masked(word.as_bytes()), "{word}");
        }
        for word in ["", "X", "XX", "XA", "XCLIENT", "X-EXPS", "XXXX1", "XXXXa", "xxxxxxxx", "XXAX"]
        {
            assert!(!is_masked(word.as_bytes()), "{word}");
        }
    }

    #[test]
    fn l1_lines_that_begin_like_starttls_are_garbled() {
        for line in ["STARTTLS=1", " STARTTLS", "STARTTLSX", "   starttls foo", "STARTTLS\tx"] {
            assert!(is_garbled(line.as_bytes()), "{line}");
        }
        for line in ["", "START", "X STARTTLS", "\tSTARTTLS", "STARTTL S", "        "] {
            assert!(!is_garbled(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn l1_a_banner_is_masked_when_nothing_but_asterisks_and_2_and_0_is_left() {
        for (lines, masked) in [
            (&["***************"][..], true),
            (&["*2*0* **\t**"], true),
            (&["****", "**0**"], true),
            (&["****", "mx.example"], false),
            (&["2020"], false),
            (&[""], false),
            (&["mx * example"], false),
        ] {
            let mut signs = BannerSigns::default();
            lines.iter().for_each(|line| signs.line(line.as_bytes()));
            assert_eq!(signs.is_masked(), masked, "{lines:?}");
        }
    }

    #[test]
    fn labels_are_ordered_by_strength() {
        assert!(Downgrade::CommandMangled < Downgrade::MaskedLenPreserving);
        assert!(Downgrade::MaskedLenPreserving < Downgrade::Garbled);
        assert!(Downgrade::Garbled < Downgrade::BannerMasked);
        assert!(Downgrade::BannerMasked < Downgrade::Absent);
    }
}
