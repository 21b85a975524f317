//! Policy ids: from the content, so that equal content has an equal id, or from a time.

use alloc::format;

use pki_types::UnixTime;

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

/// `YYYYMMDDhhmmssZ`, as in the example of section 3.1. A year over 9999 stays at the end of 9999.
pub(super) fn time_id(time: UnixTime) -> PolicyId {
    let seconds = time.as_secs().min(END_OF_9999);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    // Fifteen digits and letters are an id; were they none, the content of the text would be.
    text.parse().unwrap_or_else(|_| content_id(&text))
}

/// Year, month and day of the Gregorian calendar, so many days after 1970-01-01.
const fn civil(days: u64) -> (u64, u64, u64) {
    // Years that begin in March have the leap day at their end.
    let days = days + DAYS_TO_1970;
    let era = days / DAYS_IN_400_YEARS;
    let day_of_era = days % DAYS_IN_400_YEARS;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: u64 = 719_468;
const DAYS_IN_400_YEARS: u64 = 146_097;
/// 9999-12-31T23:59:59Z.
const END_OF_9999: u64 = 253_402_300_799;

/// The start value and the factor of FNV-1a with 128 bits.
const FNV_OFFSET: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
