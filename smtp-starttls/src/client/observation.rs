//! What a session showed of a host, small enough to be kept.

use super::clear::Clear;
use super::session::Session;
use crate::downgrade::Downgrade;

/// What one session in clear showed of a host, as a value to store.
///
/// This crate has no memory: a caller that keeps observations can tell that a host listed STARTTLS
/// in the last days and does not now.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Observation {
    listed: Listed,
    label: Option<Downgrade>,
}

/// Whether STARTTLS was listed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Listed {
    /// The session did not come so far.
    Unknown,
    /// It was.
    Yes,
    /// It was not.
    No,
}

const LABELS: [Downgrade; 5] = [
    Downgrade::CommandMangled,
    Downgrade::MaskedLenPreserving,
    Downgrade::Garbled,
    Downgrade::BannerMasked,
    Downgrade::Absent,
];

impl Observation {
    /// Whether STARTTLS was listed.
    #[must_use]
    pub const fn listed(self) -> Listed {
        self.listed
    }

    /// What looked like stripping or masking.
    #[must_use]
    pub const fn label(self) -> Option<Downgrade> {
        self.label
    }

    /// Whether STARTTLS was listed then and is not now.
    #[must_use]
    pub const fn has_lost_starttls_since(self, then: Self) -> bool {
        matches!((then.listed, self.listed), (Listed::Yes, Listed::No))
    }

    /// The observation as a number that never changes its meaning: the low half is 0, 1 or 2 for
    /// unknown, listed or not listed; the high half is the label, 0 for none, then in the order of
    /// [`Downgrade`].
    #[must_use]
    pub fn to_bits(self) -> u8 {
        let listed = match self.listed {
            Listed::Unknown => 0,
            Listed::Yes => 1,
            Listed::No => 2,
        };
        let label = (1..).zip(LABELS).find(|&(_, label)| Some(label) == self.label);
        listed | label.map_or(0, |(number, _): (u8, _)| number) << 4
    }

    /// The observation of this number, if it is one.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        let listed = match bits & 15 {
            0 => Listed::Unknown,
            1 => Listed::Yes,
            2 => Listed::No,
            _ => return None,
        };
        let label = match usize::from(bits >> 4).checked_sub(1) {
            None => None,
            Some(number) => Some(*LABELS.get(number)?),
        };
        Some(Self { listed, label })
    }
}

impl Session<Clear> {
    /// What the session showed so far.
    #[must_use]
    pub fn observation(&self) -> Observation {
        Observation { listed: self.listed(), label: self.downgrade() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l4_numbers_are_read_back_and_no_others() {
        let all = (0..=u8::MAX).filter_map(|bits| Some((bits, Observation::from_bits(bits)?)));
        let mut count = 0;
        for (bits, observation) in all {
            assert_eq!(observation.to_bits(), bits);
            count += 1;
        }
        assert_eq!(count, 3 * 6);
        let masked = Observation::from_bits(0x22).unwrap();
        assert_eq!(masked.label(), Some(Downgrade::MaskedLenPreserving));
        assert_eq!(masked.listed(), Listed::No);
    }

    #[test]
    fn l4_what_was_listed_and_is_not_now_is_noticed() {
        let [unknown, listed, not_listed] =
            [0, 1, 2].map(|bits| Observation::from_bits(bits).unwrap());
        assert!(not_listed.has_lost_starttls_since(listed));
        assert!(!not_listed.has_lost_starttls_since(unknown));
        assert!(!unknown.has_lost_starttls_since(listed));
        assert!(!listed.has_lost_starttls_since(listed));
    }
}
