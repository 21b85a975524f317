//! The dates of a certificate.

use super::{DerError, Reader, Tlv, tag};

/// From when until when a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Validity {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl Validity {
    /// Reads the contents of a validity element.
    pub(crate) fn parse(contents: &[u8]) -> Result<Self, DerError> {
        let mut reader = Reader::new(contents)?;
        let not_before = time(reader.next()?)?;
        let not_after = time(reader.next()?)?;
        reader.end()?;
        Ok(Self { not_before, not_after })
    }
}

/// `YYMMDDHHMMSSZ` (00 to 49 is 20xx) or `YYYYMMDDHHMMSSZ`
/// ([RFC 5280 section 4.1.2.5](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5)).
fn time(tlv: Tlv<'_>) -> Result<i64, DerError> {
    let bad = DerError::Value(tlv.at);
    let mut pairs = [0_i64; 7];
    let (digits, skip) = match (tlv.tag, tlv.value) {
        (tag::UTC_TIME, [digits @ .., b'Z']) if digits.len() == 12 => (digits, 1),
        (tag::GENERALIZED_TIME, [digits @ .., b'Z']) if digits.len() == 14 => (digits, 0),
        (tag::UTC_TIME | tag::GENERALIZED_TIME, _) => return Err(bad),
        _ => return Err(DerError::Tag(tlv.at)),
    };
    for (pair, text) in pairs.iter_mut().skip(skip).zip(digits.chunks_exact(2)) {
        *pair = match text {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                i64::from(tens - b'0') * 10 + i64::from(ones - b'0')
            }
            _ => return Err(bad),
        };
    }
    let [century, year, month, day, hour, minute, second] = pairs;
    let year = match tlv.tag {
        tag::UTC_TIME if year < 50 => 2000 + year,
        tag::UTC_TIME => 1900 + year,
        _ => century * 100 + year,
    };
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return Err(bad);
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(bad);
    }
    Ok(((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1 January 1970, in the Gregorian calendar: years are counted from March, so that the
/// leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

/// Year, month and day of a day since 1 January 1970: the way back from [`days_since_1970`].
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year_of_era + era * 400 + carry, month, day)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn read(tag: u8, text: &str) -> Result<i64, DerError> {
        let value = text.as_bytes();
        time(Tlv { tag, value, whole: value, at: 0 })
    }

    #[test]
    fn w7_times_that_are_malformed() {
        for text in [
            "",
            "Z",
            "2601010000Z",
            "260101000000",
            "260101000000+0000",
            "2601010000000Z",
            "26010100000aZ",
            "261301000000Z",
            "260001000000Z",
            "260100000000Z",
            "260132000000Z",
            "260229000000Z",
            "260101240000Z",
            "260101006000Z",
            "260101000060Z",
            "-60101000000Z",
        ] {
            assert_eq!(read(tag::UTC_TIME, text), Err(DerError::Value(0)), "{text:?}");
        }
        for text in ["260101000000Z", "20260101000000.0Z", "20260101000000", "21000229000000Z"] {
            assert_eq!(read(tag::GENERALIZED_TIME, text), Err(DerError::Value(0)), "{text:?}");
        }
        assert_eq!(read(tag::INTEGER, "260101000000Z"), Err(DerError::Tag(0)));
    }

    #[test]
    fn w7_times_and_the_seconds_that_they_are() {
        for (text, seconds) in [
            ("700101000000Z", 0),
            ("000229000000Z", 951_782_400),
            ("260728120000Z", 1_785_240_000),
            ("491231235959Z", 2_524_607_999),
            ("500101000000Z", -631_152_000),
        ] {
            assert_eq!(read(tag::UTC_TIME, text), Ok(seconds), "{text}");
        }
        assert_eq!(read(tag::UTC_TIME, "991231235959Z"), Ok(946_684_799));
        for (text, seconds) in [
            ("19700101000000Z", 0),
            ("19691231235959Z", -1),
            ("20000229235959Z", 951_868_799),
            ("20500101000000Z", 2_524_608_000),
            ("99991231235959Z", 253_402_300_799),
            ("00010101000000Z", -62_135_596_800),
        ] {
            assert_eq!(read(tag::GENERALIZED_TIME, text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn a_day_is_its_date_and_back() {
        for days in (-719_162..2_932_897).step_by(7).chain([-1, 0, 11_016, 11_017, 47_540]) {
            let (year, month, day) = civil(days);
            assert!((1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day));
            assert_eq!(days_since_1970(year, month, day), days);
        }
        assert_eq!(civil(11_016), (2000, 2, 29));
    }

    #[test]
    fn a_validity_is_two_times_and_nothing_after() {
        let one = [&[tag::UTC_TIME, 13][..], b"260101000000Z"].concat();
        let two: Vec<u8> = [&one[..], &one].concat();
        let validity = Validity::parse(&two).unwrap();
        assert_eq!(validity.not_before, validity.not_after);
        assert_eq!(Validity::parse(&one), Err(DerError::Ends(15)));
        assert_eq!(Validity::parse(&[&two[..], &[5, 0]].concat()), Err(DerError::Trailing(30)));
    }
}
