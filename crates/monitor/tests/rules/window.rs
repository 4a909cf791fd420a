//! Maintenance windows on ordinary days, and on the two days of the year that are not.

use charter_monitor::rules::window::{Maintenance, MaintenanceConfig};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn window(rest: &str) -> Maintenance {
    read(rest).unwrap()
}

fn read(rest: &str) -> Result<Maintenance, String> {
    let text = format!("name = 'w'\nowner = 'ann'\nreason = 'updates'\n{rest}");
    let config: MaintenanceConfig = toml::from_str(&text).map_err(|error| error.to_string())?;
    Maintenance::new(config).map_err(|error| format!("{error}: {}", error.help()))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns the windows that begin after a moment, as text.
fn following(window: &Maintenance, after: &str, count: usize) -> Vec<String> {
    let mut at = time(after);
    let mut found = Vec::new();
    while let Some(next) = window.next(at).filter(|_| found.len() < count) {
        found.push(format!("{}/{}", next.from, next.to));
        at = next.from;
    }
    found
}

#[test]
fn a_window_comes_once() {
    let once = window("from = '2026-12-01T22:00:00+01:00'\nto = '2026-12-02T01:00:00+01:00'");
    assert!(!once.is_open(time("2026-12-01T20:59:59Z")));
    assert!(once.is_open(time("2026-12-01T21:00:00Z")));
    assert!(!once.is_open(time("2026-12-02T00:00:00Z")));
    assert_eq!(following(&once, "2026-01-01T00:00:00Z", 9), ["2026-12-01T21:00:00Z/2026-12-02T00:00:00Z"]);
    assert_eq!(once.next(time("2026-12-01T21:00:00Z")), None);
}

#[test]
fn where_the_clocks_are_put_forward_over_its_start_it_begins_an_hour_later_by_the_clock() {
    // Berlin, 29 March 2026: after 01:59:59 came 03:00:00.
    let daily = window("every = 'day'\nstart = '02:30'\nduration-minutes = 60\nzone = 'Europe/Berlin'");
    assert_eq!(
        following(&daily, "2026-03-27T12:00:00Z", 3),
        [
            "2026-03-28T01:30:00Z/2026-03-28T02:30:00Z",
            "2026-03-29T01:30:00Z/2026-03-29T02:30:00Z",
            "2026-03-30T00:30:00Z/2026-03-30T01:30:00Z",
        ]
    );
    assert!(daily.is_open(time("2026-03-29T03:30:00+02:00")) && daily.is_open(time("2026-03-29T04:29:59+02:00")));
    assert!(!daily.is_open(time("2026-03-29T03:29:59+02:00")) && !daily.is_open(time("2026-03-29T04:30:00+02:00")));
}

#[test]
fn where_the_clocks_show_its_start_twice_it_begins_the_first_time() {
    // Berlin, 25 October 2026: after 02:59:59 came 02:00:00 again.
    let daily = window("every = 'day'\nstart = '02:30'\nduration-minutes = 60\nzone = 'Europe/Berlin'");
    assert_eq!(
        following(&daily, "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T00:30:00Z/2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z/2026-10-26T02:30:00Z"]
    );
    assert!(daily.is_open(time("2026-10-25T02:30:00+02:00")) && daily.is_open(time("2026-10-25T02:29:59+01:00")));
    assert!(!daily.is_open(time("2026-10-25T02:30:00+01:00")), "the second 02:30");
    // One that lasts over the change lasts as long as ever, and ends earlier by the clock.
    let night = window("every = 'saturday'\nstart = '23:00'\nduration-minutes = 300\nzone = 'Europe/Berlin'");
    assert_eq!(following(&night, "2026-10-24T12:00:00Z", 1), ["2026-10-24T21:00:00Z/2026-10-25T02:00:00Z"]);
    assert!(night.is_open(time("2026-10-25T02:59:59+01:00")) && !night.is_open(time("2026-10-25T03:00:00+01:00")));
}

#[test]
fn a_month_that_is_too_short_has_its_window_on_the_last_day() {
    let monthly = window("every = 'month'\nday = 31\nstart = '22:00'\nduration-minutes = 240");
    assert_eq!(
        following(&monthly, "2028-01-31T22:00:00Z", 3),
        [
            "2028-02-29T22:00:00Z/2028-03-01T02:00:00Z",
            "2028-03-31T22:00:00Z/2028-04-01T02:00:00Z",
            "2028-04-30T22:00:00Z/2028-05-01T02:00:00Z",
        ]
    );
    assert!(monthly.is_open(time("2028-03-01T01:59:59Z")), "after midnight it is still open");
}

#[test]
fn a_day_that_a_zone_left_out_has_no_window_twice() {
    // Samoa went from 29 to 31 December 2011.
    let daily = window("every = 'day'\nstart = '12:00'\nduration-minutes = 10\nzone = 'Pacific/Apia'");
    let found = following(&daily, "2011-12-28T22:30:00Z", 3);
    let mut unique = found.clone();
    unique.dedup();
    assert_eq!(unique, found);
    assert_eq!(found[1], "2011-12-30T22:00:00Z/2011-12-30T22:10:00Z");
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_write() {
    for (rest, expected) in [
        ("every = 'sunday'", "neither just `from`"),
        ("from = '2026-12-01T22:00:00Z'\nto = '2026-12-01T22:00:00Z'", "`to` that makes no sense"),
        ("from = '2026-12-01T22:00:00Z'\nto = '2027-12-01T22:00:00Z'", "at most seven days later"),
        ("from = '2026-12-01T22:00:00Z'\nto = '2026-12-02T22:00:00Z'\nevery = 'day'", "neither just `from`"),
        ("every = 'sunday'\nstart = '2:00'\nduration-minutes = 60", "hours and minutes, such as `02:00`"),
        ("every = 'sunday'\nstart = '24:00'\nduration-minutes = 60", "hours and minutes"),
        ("every = 'sunday'\nstart = '02:00'\nduration-minutes = 60\nzone = 'Mars/Olympus'", "an IANA name"),
        ("every = 'sunday'\nstart = '02:00'\nduration-minutes = 0", "a week"),
        ("every = 'day'\nstart = '02:00'\nduration-minutes = 1441", "a week"),
        ("every = 'sunday'\nday = 3\nstart = '02:00'\nduration-minutes = 60", "`day` that makes no sense"),
        ("every = 'month'\nstart = '02:00'\nduration-minutes = 60", "a day from 1 to 31"),
        ("every = 'month'\nday = 32\nstart = '02:00'\nduration-minutes = 60", "a day from 1 to 31"),
        ("every = 'fortnight'\nstart = '02:00'\nduration-minutes = 60", "unknown variant"),
        ("every = 'sunday'\nstart = '02:00'\nduration = 60", "unknown field"),
    ] {
        let error = read(rest).unwrap_err();
        assert!(error.contains(expected), "{rest}: {error}");
    }
}

fn zones() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Africa/Casablanca",
    ])
}

fn days() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["day", "sunday", "wednesday", "month"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_come_in_order_last_as_said_and_are_open_just_then(
        zone in zones(), every in days(), hour in 0_u8..24, minute in 0_u8..60, minutes in 1_u32..1440,
        seconds in 1_700_000_000_i64..2_000_000_000,
    ) {
        let day = if every == "month" { "day = 30\n" } else { "" };
        let it = window(&format!(
            "every = '{every}'\n{day}start = '{hour:02}:{minute:02}'\nduration-minutes = {minutes}\nzone = '{zone}'"
        ));
        let lasts = SignedDuration::from_mins(minutes.into());
        let mut at = Timestamp::from_second(seconds).unwrap();
        for _ in 0..12 {
            let next = it.next(at).unwrap();
            prop_assert!(next.from > at && next.to.duration_since(next.from) == lasts);
            prop_assert!(it.is_open(next.from) && it.is_open(next.to - SignedDuration::from_secs(1)));
            prop_assert!(it.next(next.to - SignedDuration::from_secs(1)).unwrap().from > next.from);
            if every == "day" {
                let apart = next.from.duration_since(at);
                prop_assert!(apart <= SignedDuration::from_hours(25), "a day was left out");
            } else {
                prop_assert!(!it.is_open(next.to) && !it.is_open(next.from - SignedDuration::from_secs(1)));
            }
            at = next.from;
        }
    }
}
