//! Byte classes, and comparison of names without regard to case.

/// SP or HTAB.
pub(crate) const fn is_wsp(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `(ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")`: RFC 8461 sections 3.1 and 3.2.
pub(crate) fn is_field_name(name: &[u8]) -> bool {
    name.len() <= NAME_MAX
        && name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().all(|&byte| is_name_byte(byte))
}

/// A byte that may stand inside a field name.
pub(crate) const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Without spaces and tabs at its end.
pub(crate) fn trim_wsp_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Without spaces and tabs at its start.
#[inline]
pub(crate) const fn trim_wsp_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Whether two names are equal, ASCII case aside.
///
/// Only for names of letters, digits, `.`, `-` and `_`: among these, bit 5 is case and tells nothing
/// else apart.
#[inline]
pub(crate) fn same_name(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    // The last word overlaps the one before it, so that nothing is left over.
    if let (Some(last), Some(other_last)) = (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        let same = |a, b| (word(a) ^ word(b)) & !CASES == 0;
        let mut words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
        return words.all(|(a, b)| same(a, b)) && same(last, other_last);
    }
    one.iter().zip(other).all(|(a, b)| (a ^ b) & !CASE == 0)
}

/// A number for a name, the same whatever its case. The same alphabet as [`same_name`].
#[inline]
pub(crate) fn name_hash(name: &[u8]) -> u32 {
    let words = name.as_chunks::<8>().0;
    let hash = words.iter().fold(name.len() as u64, |hash, next| mix(hash, word(next) | CASES));
    let tail = match name.last_chunk::<8>() {
        Some(last) => word(last) | CASES,
        None => name.iter().fold(0, |tail, byte| (tail << 8) | u64::from(byte | CASE)),
    };
    (mix(hash, tail) >> 32) as u32
}

/// A number for how a name begins and ends, the same whatever its case: 0 if it has less than 8 bytes.
#[inline]
pub(crate) fn name_ends_hash(name: &[u8]) -> u8 {
    match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => (mix(word(first) | CASES, word(last) | CASES) >> 56) as u8,
        _ => 0,
    }
}

const fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The bit in which ASCII letters of one case differ from the other.
const CASE: u8 = 0x20;

/// The same in each byte of a word.
const CASES: u64 = 0x2020_2020_2020_2020;

/// Bytes in the longest field name: one and 31.
pub(crate) const NAME_MAX: usize = 32;
