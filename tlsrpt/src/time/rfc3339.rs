//! Date-times of RFC 3339 section 5.6, read with the deviations that reports are known to have.

use core::fmt;
use core::str::FromStr;

use pki_types::UnixTime;

use super::{DAY, LAST_SECOND, civil, days, unix};

/// An instant in the form of RFC 3339, to the second.
///
/// ```text
/// date-time = full-date "T" full-time        ; "t" and "z" are legal too
/// full-time = partial-time time-offset       ; "Z" or +hh:mm or -hh:mm
/// ```
///
/// Reading cuts fractions of a second and takes a leap second `:60` as `:59`. `Display` writes
/// UTC with `Z`.
///
/// ```
/// let time: tlsrpt::DateTime = "2026-11-20T01:00:00.5+01:00".parse()?;
/// assert_eq!(time.to_string(), "2026-11-20T00:00:00Z");
/// # Ok::<(), tlsrpt::DateTimeError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DateTime(u64);

impl DateTime {
    /// This instant.
    #[must_use]
    pub fn time(self) -> UnixTime {
        unix(self.0)
    }
}

impl From<UnixTime> for DateTime {
    fn from(time: UnixTime) -> Self {
        Self(time.as_secs().min(LAST_SECOND))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = write(self.0);
        f.write_str(core::str::from_utf8(&text).unwrap_or_default())
    }
}

impl FromStr for DateTime {
    type Err = DateTimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse(text) {
            Some((seconds, form)) if form == Form::default() => Ok(Self(seconds)),
            _ => Err(DateTimeError),
        }
    }
}

/// The text is not a date-time of RFC 3339 between 1970 and 9999.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an RFC 3339 date-time between 1970 and 9999")]
pub struct DateTimeError;

/// How a date-time departs from RFC 3339. All false: not at all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Form {
    /// No `Z` and no offset: read as UTC.
    pub(crate) without_zone: bool,
    /// A space instead of `T`.
    pub(crate) space_separator: bool,
    /// `24:00:00`: the next day's first second.
    pub(crate) hour_24: bool,
}

/// Seconds since 1970, and how the text departs from RFC 3339.
pub(crate) fn parse(text: &str) -> Option<(u64, Form)> {
    let (day, rest) = date(text.as_bytes())?;
    let (&separator, rest) = rest.split_first()?;
    let ([h1, h2, b':', m1, m2, b':', s1, s2], rest) = rest.split_first_chunk()? else {
        return None;
    };
    let (hour, minute) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
    let second = number(&[*s1, *s2])?;
    let (whole, rest) = fraction(rest)?;
    let hour_24 = hour == 24;
    if hour_24 && (minute > 0 || second > 0 || !whole) {
        return None;
    }
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let space_separator = match separator {
        b'T' | b't' => false,
        b' ' => true,
        _ => return None,
    };
    // A leap second has no number of its own in the count of seconds since 1970.
    let local = day * DAY + hour * 3_600 + minute * 60 + second.min(59);
    let (seconds, without_zone) = zone(local, rest)?;
    (seconds <= LAST_SECOND).then_some((seconds, Form { without_zone, space_separator, hour_24 }))
}

/// Days since 1970 of `YYYY-MM-DD`, and what follows it.
pub(super) fn date(text: &[u8]) -> Option<(u64, &[u8])> {
    let ([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2], rest) = text.split_first_chunk()? else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let (month, day) = (number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > length {
        return None;
    }
    Some((days(year, month, day)?, rest))
}

/// `YYYY-MM-DDThh:mm:ssZ`. The instant must not lie after the year 9999.
pub(crate) fn write(seconds: u64) -> [u8; 20] {
    let seconds = seconds.min(LAST_SECOND);
    let (year, month, day) = civil(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3_600, seconds % 3_600 / 60, seconds % 60);
    let [y1, y2] = digits(year / 100);
    let [y3, y4] = digits(year % 100);
    let ([m1, m2], [d1, d2]) = (digits(month), digits(day));
    let ([h1, h2], [i1, i2], [s1, s2]) = (digits(hour), digits(minute), digits(second));
    [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2, b'Z']
}

/// Skips a fraction; tells whether it is absent or zero.
fn fraction(text: &[u8]) -> Option<(bool, &[u8])> {
    let Some((b'.', rest)) = text.split_first() else {
        return Some((true, text));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(length)?;
    (length > 0).then_some((digits.iter().all(|&digit| digit == b'0'), rest))
}

/// The instant of a local time and its zone, and whether the zone is missing.
fn zone(local: u64, zone: &[u8]) -> Option<(u64, bool)> {
    let (sign, offset) = match zone {
        [] => return Some((local, true)),
        [b'Z' | b'z'] => return Some((local, false)),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (*sign, hours * 3_600 + minutes * 60)
        }
        _ => return None,
    };
    let utc = if sign == b'+' { local.checked_sub(offset)? } else { local + offset };
    Some((utc, false))
}

/// The value of ASCII digits.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0'))
    })
}

/// Two ASCII digits of a number below 100.
fn digits(value: u64) -> [u8; 2] {
    let digit = |value: u64| b'0' + u8::try_from(value % 10).unwrap_or_default();
    [digit(value / 10), digit(value)]
}
