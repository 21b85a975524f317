//! What is compared of two names before their letters are.

use crate::bytes::name_ends_hash;
use crate::mx::PatternKind;

/// 16 bits that a pattern has in common with each name that it stands for: whether it is a wildcard,
/// the length of its domain, and seven bits of how that begins and ends, whatever its case.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Shape(u16);

impl Shape {
    /// A name has at most 253 bytes, so its length is not cut.
    #[inline]
    pub(crate) fn new(name: &[u8], kind: PatternKind) -> Self {
        let wildcard = match kind {
            PatternKind::Host => 0,
            PatternKind::Wildcard => WILDCARD,
        };
        Self((name.len() as u16) << 8 | u16::from(name_ends_hash(name)) & ENDS | wildcard)
    }

    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    pub(crate) const fn len(self) -> usize {
        (self.0 >> 8) as usize
    }

    pub(crate) const fn kind(self) -> PatternKind {
        if self.0 & WILDCARD == 0 { PatternKind::Host } else { PatternKind::Wildcard }
    }
}

const WILDCARD: u16 = 1;

const ENDS: u16 = 0xFE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_1_names_that_are_equal_have_one_shape() {
        for (one, other) in [("mx1.example.org", "MX1.Example.ORG"), ("a", "A"), ("", "")] {
            for kind in [PatternKind::Host, PatternKind::Wildcard] {
                let shape = Shape::new(one.as_bytes(), kind);
                assert_eq!(shape, Shape::new(other.as_bytes(), kind));
                assert_eq!((shape.len(), shape.kind()), (one.len(), kind));
                assert_eq!(Shape::from_bits(shape.bits()), shape);
            }
        }
    }

    #[test]
    fn s4_1_kind_length_and_ends_tell_shapes_apart() {
        let shape = |name: &str| Shape::new(name.as_bytes(), PatternKind::Host);
        assert_ne!(shape("a.example"), Shape::new(b"a.example", PatternKind::Wildcard));
        assert_ne!(shape("mx1.example"), shape("mx1.example.org"));
        assert_ne!(shape("mx1.example.org"), shape("mx2.example.org"));
        assert_ne!(shape("mx1.example.org"), shape("mx1.example.net"));
        let longest = [b'a'; 253];
        assert_eq!(Shape::new(&longest, PatternKind::Wildcard).len(), 253);
    }
}
