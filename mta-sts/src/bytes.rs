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
pub(crate) fn trim_wsp_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Whether two names are equal, ASCII case aside.
///
/// Only for names of letters, digits, `.`, `-` and `_`: among these, setting bit 5 folds case and
/// merges nothing else.
pub(crate) fn same_name(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (words, rest) = one.as_chunks::<8>();
    let (other_words, other_rest) = other.as_chunks::<8>();
    words.iter().zip(other_words).all(|(a, b)| fold(*a) == fold(*b))
        && rest.iter().zip(other_rest).all(|(a, b)| (a | CASE) == (b | CASE))
}

/// A number for a name, the same whatever its case. The same alphabet as [`same_name`].
pub(crate) fn name_hash(name: &[u8]) -> u32 {
    let (words, rest) = name.as_chunks::<8>();
    let mut hash = mix(0, name.len() as u64);
    for word in words {
        hash = mix(hash, fold(*word));
    }
    if !rest.is_empty() {
        let tail = rest.iter().fold(0, |tail, byte| (tail << 8) | u64::from(byte | CASE));
        hash = mix(hash, tail);
    }
    (hash >> 32) as u32
}

const fn fold(word: [u8; 8]) -> u64 {
    u64::from_le_bytes(word) | 0x2020_2020_2020_2020
}

const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The bit in which ASCII letters of one case differ from the other.
const CASE: u8 = 0x20;

/// Bytes in the longest field name: one and 31.
pub(crate) const NAME_MAX: usize = 32;
