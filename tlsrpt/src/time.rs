//! Civil time: UTC days, report windows and the date-times of RFC 3339.
//!
//! The crate has no clock. Every function takes seconds since 1970 and gives them back.

mod rfc3339;

pub use rfc3339::{DateTime, DateTimeError};
pub(crate) use rfc3339::{parse, write};

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use pki_types::UnixTime;

/// One day in UTC, from 00:00 to 24:00, between 1970 and 9999.
///
/// Reports cover such a day ([RFC 8460 section 4.1]). `Display` and `FromStr` use `YYYY-MM-DD`.
///
/// ```
/// let day: tlsrpt::UtcDay = "2026-11-20".parse()?;
/// assert_eq!(day.start().as_secs(), 1_795_132_800);
/// assert_eq!(day.next().to_string(), "2026-11-21");
/// # Ok::<(), tlsrpt::UtcDayError>(())
/// ```
///
/// [RFC 8460 section 4.1]: https://www.rfc-editor.org/rfc/rfc8460#section-4.1
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UtcDay(u32);

impl UtcDay {
    /// The day on which this instant lies; instants after the year 9999 lie on its last day.
    #[must_use]
    pub fn of(time: UnixTime) -> Self {
        Self::from_number(time.as_secs() / DAY)
    }

    /// The first second of this day.
    #[must_use]
    pub fn start(self) -> UnixTime {
        unix(u64::from(self.0) * DAY)
    }

    /// The first second after this day.
    #[must_use]
    pub fn end(self) -> UnixTime {
        unix((u64::from(self.0) + 1) * DAY)
    }

    /// The day after this one; the last day of the year 9999 is followed by itself.
    #[must_use]
    pub fn next(self) -> Self {
        Self::from_number(u64::from(self.0) + 1)
    }

    /// The day before this one; 1 January 1970 is preceded by itself.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The number of days since 1 January 1970.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The day that many days after 1 January 1970, at most the last day of the year 9999.
    #[must_use]
    pub fn from_number(days: u64) -> Self {
        Self(u32::try_from(days).map_or(LAST_DAY, |days| days.min(LAST_DAY)))
    }

    /// The eight digits that begin a report id.
    pub(crate) fn digits(self) -> u32 {
        let (year, month, day) = civil(u64::from(self.0));
        u32::try_from((year * 100 + month) * 100 + day).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for UtcDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(u64::from(self.0));
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for UtcDay {
    type Err = UtcDayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (days, rest) = rfc3339::date(text.as_bytes()).ok_or(UtcDayError)?;
        if rest.is_empty() { Ok(Self::from_number(days)) } else { Err(UtcDayError) }
    }
}

/// The text is not a date from 1970-01-01 to 9999-12-31.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a date of the form YYYY-MM-DD between 1970 and 9999")]
pub struct UtcDayError;

/// The time a report covers: half-open, from its first second to the first second after it.
///
/// RFC 8460 does not say whether an end belongs to the window. A report is written with an
/// inclusive last second (`23:59:59`); both spellings are read as the same window.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Window {
    start: u64,
    end: u64,
}

impl Window {
    /// The window from `start` up to, but without, `end`; `None` where the end comes first
    /// or either lies after the year 9999.
    #[must_use]
    pub fn new(start: UnixTime, end: UnixTime) -> Option<Self> {
        Self::from_seconds(start.as_secs(), end.as_secs())
    }

    pub(crate) fn from_seconds(start: u64, end: u64) -> Option<Self> {
        (start <= end && end <= LAST_SECOND + 1 && start <= LAST_SECOND)
            .then_some(Self { start, end })
    }

    /// The first second.
    #[must_use]
    pub fn start(self) -> UnixTime {
        unix(self.start)
    }

    /// The first second after the window.
    #[must_use]
    pub fn end(self) -> UnixTime {
        unix(self.end)
    }

    /// The last second, as reports and file names write it.
    #[must_use]
    pub fn last(self) -> UnixTime {
        unix(self.end.saturating_sub(1))
    }

    /// The day, if the window is exactly one UTC day.
    #[must_use]
    pub fn as_day(self) -> Option<UtcDay> {
        let day = UtcDay::of(self.start());
        (Self::from(day) == self).then_some(day)
    }
}

impl From<UtcDay> for Window {
    fn from(day: UtcDay) -> Self {
        Self { start: day.start().as_secs(), end: day.end().as_secs() }
    }
}

/// An instant from whole seconds since 1970.
pub(crate) fn unix(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// Year, month and day of a day since 1970, in the proleptic Gregorian calendar.
///
/// Years are counted from 1 March of the year 0, so that the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / ERA, days % ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// Days since 1970 of a date, which must exist; `None` before 1970.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let month = if month > 2 { month - 3 } else { month + 9 };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * ERA + day_of_era).checked_sub(DAYS_TO_1970)
}

/// Seconds in a day. UTC as RFC 3339 counts it has no other length.
const DAY: u64 = 86_400;
/// Days in 400 years.
const ERA: u64 = 146_097;
/// Days from 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: u64 = 719_468;
/// 9999-12-31: RFC 3339 has four digits for a year.
const LAST_DAY: u32 = 2_932_896;
/// 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
mod tests;
