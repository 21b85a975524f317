//! The digests that records may use, strongest first.

use core::fmt;

use sha2::Digest as _;

use crate::tlsa::Matching;

/// Octets of the longest digest that a table may hold.
pub const MAX_DIGEST: usize = 64;

/// A digest under its matching type. [`Sha256`] and [`Sha512`] are in the default table.
pub trait DigestAlgorithm: fmt::Debug + Send + Sync {
    /// The number that records give it.
    fn matching(&self) -> Matching;

    /// Octets of the digest: 1 to [`MAX_DIGEST`].
    fn output_len(&self) -> usize;

    /// Writes the digest of `input` to the start of `output`, exactly
    /// [`output_len`](Self::output_len) octets.
    fn digest(&self, input: &[u8], output: &mut [u8; MAX_DIGEST]);
}

/// SHA2-256, matching type 1.
#[derive(Clone, Copy, Debug)]
pub struct Sha256;

impl DigestAlgorithm for Sha256 {
    fn matching(&self) -> Matching {
        Matching::SHA2_256
    }

    fn output_len(&self) -> usize {
        32
    }

    fn digest(&self, input: &[u8], output: &mut [u8; MAX_DIGEST]) {
        let digest = sha2::Sha256::digest(input);
        output.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    }
}

/// SHA2-512, matching type 2.
#[derive(Clone, Copy, Debug)]
pub struct Sha512;

impl DigestAlgorithm for Sha512 {
    fn matching(&self) -> Matching {
        Matching::SHA2_512
    }

    fn output_len(&self) -> usize {
        64
    }

    fn digest(&self, input: &[u8], output: &mut [u8; MAX_DIGEST]) {
        *output = sha2::Sha512::digest(input).into();
    }
}

/// The digests to act on, strongest first. The default is SHA2-512 before SHA2-256.
///
/// Where a server publishes several, only the strongest one counts: digest agility,
/// [RFC 7671 section 9](https://www.rfc-editor.org/rfc/rfc7671#section-9).
#[derive(Clone, Copy, Debug)]
pub struct Digests(&'static [&'static dyn DigestAlgorithm]);

impl Digests {
    /// For clients that prefer SHA2-256, or know no other.
    pub(crate) const OTHERS: [Self; 2] = [Self(&[&Sha256, &Sha512]), Self(&[&Sha256])];

    /// A table of these digests, strongest first.
    ///
    /// # Errors
    ///
    /// [`DigestsError`] if a number is reserved or stands twice, or a digest has no octets or more
    /// than [`MAX_DIGEST`].
    pub fn new(
        strongest_first: &'static [&'static dyn DigestAlgorithm],
    ) -> Result<Self, DigestsError> {
        for (at, one) in strongest_first.iter().enumerate() {
            let matching = one.matching();
            if matching == Matching::FULL || matching == Matching::PRIVATE {
                return Err(DigestsError::Reserved(matching.0));
            }
            if strongest_first.iter().take(at).any(|other| other.matching() == matching) {
                return Err(DigestsError::Twice(matching.0));
            }
            if one.output_len() == 0 || one.output_len() > MAX_DIGEST {
                return Err(DigestsError::Length(one.output_len()));
            }
        }
        Ok(Self(strongest_first))
    }

    /// The digests, strongest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static dyn DigestAlgorithm> + use<> {
        self.0.iter().copied()
    }

    /// The digest of this number, and its rank: 0 is the strongest.
    pub(crate) fn find(&self, matching: Matching) -> Option<(usize, &'static dyn DigestAlgorithm)> {
        self.0.iter().copied().enumerate().find(|(_, one)| one.matching() == matching)
    }
}

impl Default for Digests {
    fn default() -> Self {
        Self(&[&Sha512, &Sha256])
    }
}

/// Why digests do not make a table.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DigestsError {
    /// A digest has this many octets.
    #[error("digest has {0} octets, expected 1 to {max}", max = MAX_DIGEST)]
    Length(usize),
    /// This number is no digest: 0 is full data and 255 is for private use.
    #[error("matching type {0} cannot stand for a digest")]
    Reserved(u8),
    /// This number stands twice.
    #[error("matching type {0} stands twice")]
    Twice(u8),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fake(u8, usize);

    impl DigestAlgorithm for Fake {
        fn matching(&self) -> Matching {
            Matching(self.0)
        }

        fn output_len(&self) -> usize {
            self.1
        }

        fn digest(&self, _: &[u8], output: &mut [u8; MAX_DIGEST]) {
            output.fill(self.0);
        }
    }

    #[test]
    fn dane_u7_0_and_255_are_never_digests() {
        assert_eq!(Digests::new(&[&Fake(0, 32)]).unwrap_err(), DigestsError::Reserved(0));
        assert_eq!(
            Digests::new(&[&Sha256, &Fake(255, 32)]).unwrap_err(),
            DigestsError::Reserved(255)
        );
        assert!(Digests::new(&[&Fake(3, 32), &Sha256, &Fake(254, 1)]).is_ok());
    }

    #[test]
    fn a_number_stands_once() {
        assert_eq!(Digests::new(&[&Sha256, &Fake(1, 32)]).unwrap_err(), DigestsError::Twice(1));
    }

    #[test]
    fn digests_have_1_to_64_octets() {
        for len in [0, 65] {
            let fake: &'static Fake = alloc::boxed::Box::leak(alloc::boxed::Box::new(Fake(3, len)));
            let table: &'static [&'static dyn DigestAlgorithm] =
                alloc::boxed::Box::leak(alloc::boxed::Box::new([fake as &dyn DigestAlgorithm]));
            assert_eq!(Digests::new(table).unwrap_err(), DigestsError::Length(len));
        }
        assert!(Digests::new(&[&Fake(3, 1), &Fake(4, 64)]).is_ok());
    }

    #[test]
    fn fips_180_digests_of_abc() {
        let mut output = [0; MAX_DIGEST];
        Sha256.digest(b"abc", &mut output);
        assert_eq!(output[..4], [0xba, 0x78, 0x16, 0xbf]);
        Sha512.digest(b"abc", &mut output);
        assert_eq!(output[..4], [0xdd, 0xaf, 0x35, 0xa1]);
        assert_eq!(output[60..], [0xa5, 0x4c, 0xa4, 0x9f]);
    }
}
