use alloc::format;
use alloc::string::ToString;

use super::rfc3339::{Form, parse};
use super::*;

fn seconds(text: &str) -> Option<u64> {
    text.parse::<DateTime>().ok().map(|time| time.time().as_secs())
}

// checks: tlsrpt/J7
#[test]
fn rfc3339_5_6_refuses_what_is_no_date_time() {
    for text in [
        "",
        "2026-11-20",
        "2026-11-20T00:00:00",
        "2026-11-20 00:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T24:00:01Z",
        "2026-11-20T25:00:00Z",
        "2026-11-20T00:60:00Z",
        "2026-11-20T00:00:61Z",
        "2026-11-20T00:00:00.Z",
        "2026-11-20T00:00:00+0100",
        "2026-11-20T00:00:00+24:00",
        "2026-11-20T00:00:00+01:60",
        "2026-11-20T00:00:00Zx",
        "2026-13-20T00:00:00Z",
        "2026-00-20T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "+026-11-20T00:00:00Z",
        "2026-11-20T0a:00:00Z",
    ] {
        assert_eq!(seconds(text), None, "{text}");
    }
}

// checks: tlsrpt/J7
#[test]
fn rfc3339_5_6_reads_zones_fractions_and_leap_seconds() {
    let noon = 1_795_176_000;
    for text in [
        "2026-11-20T12:00:00Z",
        "2026-11-20t12:00:00z",
        "2026-11-20T12:00:00.999999Z",
        "2026-11-20T13:30:00+01:30",
        "2026-11-19T13:00:00-23:00",
        "2026-11-20T12:00:00-00:00",
    ] {
        assert_eq!(seconds(text), Some(noon), "{text}");
    }
    assert_eq!(seconds("2016-12-31T23:59:60Z"), seconds("2016-12-31T23:59:59Z"));
    assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(seconds("2024-02-29T00:00:00Z"), Some(1_709_164_800));
    assert_eq!(seconds("9999-12-31T23:59:59Z"), Some(LAST_SECOND));
}

// checks: tlsrpt/J7
#[test]
fn deviations_are_told_apart() {
    let form = |text| parse(text).map(|(_, form)| form);
    let plain = Form::default();
    assert_eq!(form("2026-11-20T00:00:00"), Some(Form { without_zone: true, ..plain }));
    assert_eq!(form("2026-11-20 00:00:00Z"), Some(Form { space_separator: true, ..plain }));
    assert_eq!(form("2026-11-20T24:00:00Z"), Some(Form { hour_24: true, ..plain }));
    assert_eq!(form("2026-11-20T24:00:00.0Z"), Some(Form { hour_24: true, ..plain }));
    assert_eq!(form("2026-11-20T24:00:00.1Z"), None);
    assert_eq!(parse("2026-11-20T24:00:00Z").map(|(at, _)| at), seconds("2026-11-21T00:00:00Z"));
}

// checks: tlsrpt/S1
#[test]
fn a_day_is_half_open() {
    let day: UtcDay = "2026-11-20".parse().unwrap();
    assert_eq!(UtcDay::of(day.start()), day);
    assert_eq!(UtcDay::of(unix(day.end().as_secs() - 1)), day);
    assert_eq!(UtcDay::of(day.end()), day.next());
    assert_eq!(day.next().previous(), day);
    assert_eq!(day.digits(), 20_261_120);
    assert_eq!(Window::from(day).as_day(), Some(day));
    assert_eq!(DateTime::from(Window::from(day).last()).to_string(), "2026-11-20T23:59:59Z");
}

#[test]
fn days_stop_at_the_ends_of_the_calendar() {
    let (first, last) = (UtcDay::from_number(0), UtcDay::from_number(u64::MAX));
    assert_eq!((first.previous(), last.next()), (first, last));
    assert_eq!((first.to_string(), last.to_string()), ("1970-01-01".into(), "9999-12-31".into()));
    assert_eq!(UtcDay::of(unix(u64::MAX)), last);
    assert!("2026-11-20Z".parse::<UtcDay>().is_err());
    assert!("1969-12-31".parse::<UtcDay>().is_err());
}

#[test]
fn a_window_does_not_end_before_it_starts() {
    assert!(Window::new(unix(10), unix(9)).is_none());
    assert!(Window::new(unix(10), unix(10)).is_some());
    assert!(Window::new(unix(10), unix(LAST_SECOND + 1)).is_some());
    assert!(Window::new(unix(10), unix(LAST_SECOND + 2)).is_none());
}

// checks: tlsrpt/J7
#[test]
fn jiff_agrees_on_every_day_and_on_many_seconds() {
    for number in (0..=u64::from(LAST_DAY)).step_by(97).chain([u64::from(LAST_DAY)]) {
        let at = number * DAY + number * 7_919 % DAY;
        let Ok(oracle) = jiff::Timestamp::from_second(at.try_into().unwrap()) else { continue };
        let ours = DateTime::from(unix(at)).to_string();
        assert_eq!(ours, format!("{oracle}"));
        assert_eq!(seconds(&ours), Some(at));
    }
}
