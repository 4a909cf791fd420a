//! How much of the time each endpoint answered, and of how much it is known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::{Better, Trend, trend};
use crate::{MonitoringHour, Percent, StatusSeconds, Window};

/// How one endpoint fared over days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointUptime {
    /// Its name.
    pub name: String,
    /// What is looked at, by the newest hour.
    pub address: String,
    /// How long it was each, in seconds.
    pub seconds: StatusSeconds,
    /// In which share of the time that is known it answered, degraded or not; absent when nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_percent: Option<Percent>,
    /// Of which share of the time since its first hour in the window it is known how things stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage_percent: Option<Percent>,
    /// Where the uptime of its days is going, a tenth of a point or more; absent for fewer than four days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

const HOUR_SECONDS: i64 = 3600;
/// So long after its end an hour may still lack its record, in seconds.
const SEALED_AFTER: i64 = 120;

/// Returns how each endpoint fared in a window, by name, from the hours on record in any order.
///
/// Time in which no monitor ran is time of which nothing is known: it lowers the coverage and leaves the uptime as it
/// is. The hour under way has no record yet and does not count.
#[must_use]
pub fn uptime(hours: &[MonitoringHour], window: Window) -> Vec<EndpointUptime> {
    let mut newest_first: Vec<&MonitoringHour> = hours.iter().filter(|hour| window.contains(hour.hour)).collect();
    newest_first.sort_by_key(|hour| std::cmp::Reverse(hour.hour));
    let mut endpoints: BTreeMap<&str, Seen> = BTreeMap::new();
    for hour in newest_first {
        for endpoint in &hour.endpoints {
            let seen = endpoints.entry(&endpoint.name).or_insert_with(|| Seen::new(&endpoint.address));
            seen.first = hour.hour;
            seen.seconds += endpoint.seconds;
            *seen.days.entry(hour.hour.as_second().div_euclid(24 * HOUR_SECONDS)).or_default() += endpoint.seconds;
        }
    }
    let until = (window.to.as_second() - SEALED_AFTER).div_euclid(HOUR_SECONDS) * HOUR_SECONDS;
    endpoints.into_iter().map(|(name, seen)| seen.endpoint(name, until)).collect()
}

/// What is known of one endpoint.
struct Seen<'a> {
    address: &'a str,
    first: Timestamp,
    seconds: StatusSeconds,
    days: BTreeMap<i64, StatusSeconds>,
}

impl<'a> Seen<'a> {
    fn new(address: &'a str) -> Self {
        Self { address, first: Timestamp::MAX, seconds: StatusSeconds::default(), days: BTreeMap::new() }
    }

    fn endpoint(&self, name: &str, until: i64) -> EndpointUptime {
        let percent = |value: f64| Percent::new(value.clamp(0.0, 100.0)).ok();
        #[expect(clippy::cast_precision_loss, reason = "windows are shorter than 2^53 seconds")]
        let passed = (until - self.first.as_second()) as f64;
        let days: Vec<f64> = self.days.values().filter_map(StatusSeconds::availability).collect();
        EndpointUptime {
            name: name.to_owned(),
            address: self.address.to_owned(),
            seconds: self.seconds,
            uptime_percent: self.seconds.availability().and_then(percent),
            coverage_percent: (passed > 0.0).then(|| self.seconds.known() * 100.0 / passed).and_then(percent),
            trend: trend(&days, Better::Higher { by: 0.1 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::EndpointHour;

    fn hour(number: i64, seconds: StatusSeconds) -> MonitoringHour {
        let endpoint = EndpointHour {
            name: "docs".to_owned(),
            address: "https://example.org/".to_owned(),
            seconds,
            latency: None,
        };
        MonitoringHour {
            hour: Timestamp::from_second(number * HOUR_SECONDS).unwrap(),
            location: "here".to_owned(),
            endpoints: vec![endpoint],
            causes: Vec::new(),
            samples: String::new(),
        }
    }

    fn until(hours: i64) -> Window {
        Window {
            from: Timestamp::from_second(0).unwrap(),
            to: Timestamp::from_second(hours * HOUR_SECONDS + 1800).unwrap(),
        }
    }

    #[test]
    fn time_that_nobody_watched_is_no_downtime_and_lowers_the_coverage() {
        let up = StatusSeconds { up: 3600.0, ..Default::default() };
        let half = StatusSeconds { up: 900.0, down: 900.0, unknown: 1800.0, ..Default::default() };
        let found = uptime(&[hour(0, up), hour(1, half)], until(4));
        let [docs] = found.as_slice() else { panic!("one endpoint: {found:?}") };
        assert_eq!(docs.uptime_percent, Percent::new(4500.0 * 100.0 / 5400.0).ok());
        assert_eq!(docs.coverage_percent, Percent::new(5400.0 * 100.0 / 14_400.0).ok());
        assert_eq!(uptime(&[hour(9, up)], until(4)), [], "what is outside the window is not counted");
    }

    #[test]
    fn nothing_known_has_no_uptime() {
        let unknown = StatusSeconds { unknown: 3600.0, ..Default::default() };
        let found = uptime(&[hour(0, unknown)], until(1));
        assert_eq!((found[0].uptime_percent, found[0].coverage_percent), (None, Some(Percent::ZERO)));
    }

    proptest! {
        #[test]
        fn the_order_of_hours_does_not_matter_and_shares_are_shares(
            parts in proptest::collection::vec((0.0..900.0_f64, 0.0..900.0_f64, 0.0..900.0_f64, 0.0..900.0_f64), 1..200)
        ) {
            let of = |(up, degraded, down, unknown): &(f64, f64, f64, f64)| {
                StatusSeconds { up: *up, degraded: *degraded, down: *down, unknown: *unknown }
            };
            let mut hours: Vec<_> = parts.iter().enumerate().map(|(n, part)| hour(n as i64, of(part))).collect();
            let window = until(parts.len() as i64);
            let found = uptime(&hours, window);
            hours.reverse();
            prop_assert_eq!(&found, &uptime(&hours, window));
            prop_assert!(found[0].coverage_percent.is_some_and(|covered| covered.get() <= 100.0));
        }
    }
}
