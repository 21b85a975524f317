//! Finding the octet that may end a line, eight octets at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// One past CR: NUL, LF and CR all lie below.
const BOUND: u64 = 0x0e;

/// The offset of the first CR, LF or NUL.
#[inline]
pub(super) fn find_stop(octets: &[u8]) -> Option<usize> {
    let (words, tail) = octets.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let value = u64::from_le_bytes(*word);
        // A high bit for every octet below the bound, and for some above such a one by borrowing;
        // so each is looked at, from the lowest.
        let mut hits = value.wrapping_sub(ONES * BOUND) & !value & HIGH;
        while hits != 0 {
            let within = hits.trailing_zeros() as usize / 8;
            if word.get(within).is_some_and(|&octet| is_stop(octet)) {
                return Some(at + within);
            }
            hits &= hits - 1;
        }
        at += 8;
    }
    tail.iter().position(|&octet| is_stop(octet)).map(|within| at + within)
}

/// Whether a line cannot go on with this octet.
#[inline]
const fn is_stop(octet: u8) -> bool {
    matches!(octet, b'\r' | b'\n' | 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_at_every_place_is_found_or_passed() {
        for len in 0..20 {
            for at in 0..len {
                for octet in 0..=u8::MAX {
                    for filler in [b'a', b'\t', 0x80, 0xff, 0x0e] {
                        let mut octets = [filler; 20];
                        octets[at] = octet;
                        let slow = octets[..len].iter().position(|&o| is_stop(o));
                        assert_eq!(find_stop(&octets[..len]), slow);
                    }
                }
            }
        }
    }
}
