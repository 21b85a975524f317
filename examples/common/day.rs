//! Which days are closed.

use core::time::Duration;

use pki_types::UnixTime;
use tlsrpt::{UtcDay, limits};

/// The latest day that is closed.
pub(crate) fn latest_sealed(now: UnixTime) -> UtcDay {
    let past = now.as_secs().saturating_sub(limits::SEAL_AFTER);
    UtcDay::of(UnixTime::since_unix_epoch(Duration::from_secs(past))).previous()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_sealed_ten_minutes_after_its_end() {
        let at = |second| UnixTime::since_unix_epoch(Duration::from_secs(second));
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let end = day.end().as_secs();
        assert_eq!(latest_sealed(at(end + limits::SEAL_AFTER - 1)), day.previous());
        assert_eq!(latest_sealed(at(end + limits::SEAL_AFTER)), day);
    }
}
