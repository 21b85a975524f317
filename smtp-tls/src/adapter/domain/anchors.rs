//! Trust anchors, as text in zone-file form.

use core::fmt;
use core::str::FromStr;

use ::domain::base::iana::{Class, Rtype};
use ::domain::dnssec::validator::anchor::TrustAnchors;
use ::domain::zonefile::inplace::{Entry, Zonefile};

/// Where chains of trust begin: DS or DNSKEY records in the form of a zone file.
///
/// Names below none of them are insecure: nothing could prove them.
pub struct Anchors(pub(super) TrustAnchors);

impl Anchors {
    /// The root's keys of 2017 and of 2024, as IANA publishes them
    /// ([RFC 9718](https://www.rfc-editor.org/rfc/rfc9718)).
    #[must_use]
    #[expect(clippy::expect_used, reason = "the text is a constant that a test parses")]
    pub fn root() -> Self {
        ROOT.parse().expect("the root's anchors are well formed")
    }
}

impl FromStr for Anchors {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check(text)?;
        TrustAnchors::from_u8(text.as_bytes()).map(Self).map_err(|_| AnchorError::Syntax)
    }
}

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchors").finish_non_exhaustive()
    }
}

/// Why a text holds no trust anchors.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnchorError {
    /// There is no record in it.
    #[error("no trust anchor, expected DS or DNSKEY records")]
    Empty,
    /// A record is of another type, or another file is to be read in.
    #[error("entry is no trust anchor, expected DS or DNSKEY records")]
    Entry,
    /// It is not in the form of a zone file of class IN.
    #[error("not in zone-file form")]
    Syntax,
}

/// The library takes records of any type, and they would then match nothing.
fn check(text: &str) -> Result<(), AnchorError> {
    let mut file = Zonefile::new();
    file.set_default_class(Class::IN);
    file.extend_from_slice(text.as_bytes());
    file.extend_from_slice(b"\n");
    let mut count = 0_usize;
    for entry in file {
        match entry.map_err(|_| AnchorError::Syntax)? {
            Entry::Record(record) if matches!(record.rtype(), Rtype::DS | Rtype::DNSKEY) => {
                count += 1;
            }
            Entry::Record(_) | Entry::Include { .. } => return Err(AnchorError::Entry),
        }
    }
    if count == 0 { Err(AnchorError::Empty) } else { Ok(()) }
}

const ROOT: &str = "\
. 172800 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. 172800 IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_anchor_is_refused() {
        for (text, expected) in [
            ("", AnchorError::Empty),
            ("; only a comment", AnchorError::Empty),
            (". 1 IN A 127.0.0.1", AnchorError::Entry),
            ("$INCLUDE keys", AnchorError::Entry),
            (". 1 CH DS 1 8 2 00", AnchorError::Syntax),
            (". 1 IN DS 20326", AnchorError::Syntax),
            ("no trust", AnchorError::Syntax),
        ] {
            assert_eq!(text.parse::<Anchors>().unwrap_err(), expected, "{text:?}");
        }
    }

    #[test]
    fn both_root_keys_are_there() {
        assert_eq!(check(ROOT), Ok(()));
        let _ = Anchors::root();
    }

    #[test]
    fn class_and_time_to_live_may_be_left_out() {
        assert!("test. DS 1 13 2 00".parse::<Anchors>().is_ok());
    }
}
