//! Which days are drawn, and how high.

use crate::summary::DayRow;
use crate::table::Rows;

/// Days that are drawn, the last ones: a quarter of a year.
pub(crate) const DAYS: usize = 92;

/// A day's column; the heights are per mille of the highest.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Column<'a> {
    pub(crate) day: &'a str,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
    pub(crate) successful_height: u64,
    pub(crate) failed_height: u64,
    /// Of the highest number of failed sessions alone.
    pub(crate) failed_alone: u64,
    /// Whether days without a report lie before this one.
    pub(crate) gap: bool,
}

/// The columns, in order of days, and how many earlier days there are.
pub(crate) fn columns(days: &Rows<DayRow>) -> (Vec<Column<'_>>, u64) {
    let earlier = days.rows.len().saturating_sub(DAYS);
    let shown = days.rows.get(earlier..).unwrap_or_default();
    let total = |row: &DayRow| u128::from(row.successful) + u128::from(row.failed);
    let highest = shown.iter().map(total).max().unwrap_or(0);
    let most_failed = shown.iter().map(|row| u128::from(row.failed)).max().unwrap_or(0);
    let before = core::iter::once(None).chain(shown.iter().map(Some));
    let columns =
        shown.iter().zip(before).map(|(row, before)| column(row, [highest, most_failed], before));
    (columns.collect(), days.more.saturating_add(crate::table::as_u64(earlier)))
}

fn column<'a>(
    row: &'a DayRow,
    [highest, most_failed]: [u128; 2],
    before: Option<&DayRow>,
) -> Column<'a> {
    Column {
        day: &row.day,
        successful: row.successful,
        failed: row.failed,
        successful_height: height(row.successful, highest),
        failed_height: height(row.failed, highest),
        failed_alone: height(row.failed, most_failed),
        gap: before.is_some_and(|before| before.number.saturating_add(1) < row.number),
    }
}

/// Per mille of the highest; what there is can be seen, however little.
fn height(count: u64, highest: u128) -> u64 {
    let share = (u128::from(count) * 1000).checked_div(highest).unwrap_or(0);
    let least = if count > 0 { 4 } else { 0 };
    u64::try_from(share).unwrap_or(1000).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(rows: &[(u32, u64, u64)]) -> Rows<DayRow> {
        let mut days = Rows::default();
        for &(number, successful, failed) in rows {
            days.rows.push(DayRow { day: number.to_string(), number, successful, failed });
        }
        days
    }

    #[test]
    fn heights_are_shares_of_the_highest_and_never_vanish() {
        let days = days(&[(1, 900, 100), (2, 0, 1), (9, u64::MAX, u64::MAX)]);
        let (columns, earlier) = columns(&days);
        assert_eq!(earlier, 0);
        let heights: Vec<_> =
            columns.iter().map(|c| (c.successful_height, c.failed_height, c.gap)).collect();
        assert_eq!(heights, [(4, 4, false), (0, 4, false), (500, 500, true)]);
        let alone: Vec<_> = columns.iter().map(|c| c.failed_alone).collect();
        assert_eq!(alone, [4, 4, 1000]);
        assert_eq!(height(0, 0), 0);
    }

    #[test]
    fn the_last_days_are_drawn() {
        let rows: Vec<_> = (0..=u32::try_from(DAYS).unwrap()).map(|day| (day, 1, 0)).collect();
        let days = days(&rows);
        let (columns, earlier) = columns(&days);
        assert_eq!((columns.len(), earlier, columns[0].day), (DAYS, 1, "1"));
    }
}
