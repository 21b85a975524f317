//! Finding the end of a word, eight octets at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The octets before the first space, and the rest from it on.
#[inline]
pub(super) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at_checked(find_space(text)).unwrap_or((text, &[]))
}

/// The offset of the first space, or the length.
#[inline]
fn find_space(text: &[u8]) -> usize {
    let (words, tail) = text.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let value = u64::from_le_bytes(*word) ^ (ONES * 0x20);
        // The lowest high bit marks the first octet that is zero now.
        let hits = value.wrapping_sub(ONES) & !value & HIGH;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + tail.iter().position(|&octet| octet == b' ').unwrap_or(tail.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_at_every_place_is_a_space_or_not() {
        for len in 0..20 {
            for at in 0..len {
                for octet in 0..=u8::MAX {
                    for filler in [b'a', b'!', b' ', 0x21, 0x1f, 0xa0] {
                        let mut octets = [filler; 20];
                        octets[at] = octet;
                        let slow = octets[..len].iter().position(|&octet| octet == b' ');
                        assert_eq!(find_space(&octets[..len]), slow.unwrap_or(len));
                    }
                }
            }
        }
    }
}
