//! Policy ids: from the content, so that equal content has an equal id.

use crate::record::PolicyId;

/// The id of a policy with this text: the same for the same text, and another for another.
///
/// It is the 128-bit FNV-1a hash of the bytes, as 32 hexadecimal digits in lower case. It tells one
/// edit of a file from another. It is not made to resist who wants two files with one id; only the
/// owner of the file could want that.
#[must_use]
pub fn content_id(text: &str) -> PolicyId {
    let hash = text
        .bytes()
        .fold(FNV_OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(FNV_PRIME));
    PolicyId::from_hexadecimal(hash)
}

/// The start value and the factor of FNV-1a with 128 bits (draft-eastlake-fnv).
const FNV_OFFSET: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
