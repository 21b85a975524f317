//! The three numbers of a record.

use core::fmt;
use core::str::FromStr;

use dane::{CertUsage, Matching, Selector};

/// Usage, selector and matching type: `3 1 1`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RecordKind {
    pub(crate) usage: CertUsage,
    pub(crate) selector: Selector,
    pub(crate) matching: Matching,
}

impl RecordKind {
    /// 3 1 1: what RFC 7672 section 3.1 recommends.
    pub(crate) const RECOMMENDED: Self =
        Self { usage: CertUsage::DANE_EE, selector: Selector::SPKI, matching: Matching::SHA2_256 };

    /// Whether it names the server's own certificate or key.
    pub(crate) fn is_of_server(self) -> bool {
        self.usage == CertUsage::DANE_EE || self.usage == CertUsage::PKIX_EE
    }
}

impl FromStr for RecordKind {
    type Err = RecordKindError;

    fn from_str(text: &str) -> Result<Self, RecordKindError> {
        let mut numbers = text.split_ascii_whitespace().map(str::parse::<u8>);
        let mut next = || numbers.next().and_then(Result::ok).ok_or(RecordKindError::Syntax);
        let (usage, selector, matching) = (next()?, next()?, next()?);
        match (usage, selector, matching) {
            _ if numbers.next().is_some() => Err(RecordKindError::Syntax),
            (0..=3, 0..=1, 0..=2) => Ok(Self {
                usage: CertUsage(usage),
                selector: Selector(selector),
                matching: Matching(matching),
            }),
            _ => Err(RecordKindError::Unknown),
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.usage.0, self.selector.0, self.matching.0)
    }
}

/// Why a text is no kind of record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum RecordKindError {
    #[error("not three numbers such as \"3 1 1\"")]
    Syntax,
    #[error("usage must be 0 to 3, selector 0 or 1, matching type 0 to 2")]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_kind() {
        for text in ["", "3", "3 1", "3 1 1 1", "a 1 1", "256 1 1", "-1 1 1", "3,1,1"] {
            assert_eq!(text.parse::<RecordKind>(), Err(RecordKindError::Syntax), "{text:?}");
        }
        for text in ["4 1 1", "3 2 1", "3 1 3"] {
            assert_eq!(text.parse::<RecordKind>(), Err(RecordKindError::Unknown), "{text:?}");
        }
    }

    #[test]
    fn a_kind_is_three_numbers() {
        let kind: RecordKind = " 3  1 1 ".parse().unwrap();
        assert_eq!(kind, RecordKind::RECOMMENDED);
        assert_eq!(kind.to_string(), "3 1 1");
        assert!(kind.is_of_server() && !"2 0 1".parse::<RecordKind>().unwrap().is_of_server());
    }
}
