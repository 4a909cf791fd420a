//! When each endpoint is looked at: at its own moments of the wall clock, spread by its name.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

/// The moments at which one endpoint is looked at. They depend on its name and interval alone, so that a restart
/// neither moves them nor brings all of them together.
///
/// ```
/// use std::time::Duration;
///
/// use charter_monitor::Slots;
///
/// let slots = Slots::of("docs", Duration::from_secs(30));
/// let first = slots.after("2026-11-21T12:00:00Z".parse()?);
/// let second = slots.after(first);
/// assert_eq!(second.duration_since(first).as_secs(), 30);
/// assert_eq!(slots.between(first, second), 1);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    interval: i64,
    offset: i64,
}

impl Slots {
    /// Returns the moments of an endpoint by its name, `interval` apart and at least a millisecond.
    #[must_use]
    pub fn of(name: &str, interval: Duration) -> Self {
        let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let digest = Sha256::digest(name.as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let offset = i64::try_from(number % interval.unsigned_abs()).unwrap_or_default();
        Self { interval, offset }
    }

    /// Returns how far they are apart.
    #[must_use]
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_millis(self.interval)
    }

    /// Returns the first one after a moment.
    #[must_use]
    pub fn after(&self, moment: Timestamp) -> Timestamp {
        let number = (moment.as_millisecond() - self.offset).div_euclid(self.interval) + 1;
        Timestamp::from_millisecond(number * self.interval + self.offset).unwrap_or(Timestamp::MAX)
    }

    /// Returns how many there are after `from`, up to and with `to`.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> u64 {
        let number = |moment: Timestamp| (moment.as_millisecond() - self.offset).div_euclid(self.interval);
        u64::try_from(number(to) - number(from)).unwrap_or_default()
    }

    /// Returns those that [`Slots::between`] counts.
    pub fn each_between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> + use<> {
        let slots = *self;
        std::iter::successors(Some(slots.after(from)), move |slot| Some(slots.after(*slot)))
            .take_while(move |slot| *slot <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slots_are_an_interval_apart_and_counted_as_they_are_listed(
            name in "[a-z]{1,8}", interval in 1_u64..100_000, from in 0_i64..4_000_000_000_000, span in 0_i64..1_000_000,
        ) {
            let slots = Slots::of(&name, Duration::from_millis(interval));
            let from = Timestamp::from_millisecond(from).unwrap();
            let to = from + SignedDuration::from_millis(span.min(i64::try_from(interval).unwrap() * 100));
            let first = slots.after(from);
            prop_assert!(first > from && first.duration_since(from) <= slots.interval());
            prop_assert_eq!(slots.after(first).duration_since(first), slots.interval());
            prop_assert_eq!(slots.each_between(from, to).count() as u64, slots.between(from, to));
        }
    }

    #[test]
    fn a_thousand_endpoints_are_spread_over_their_interval() {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut in_second = [0; 10];
        for number in 0..1000 {
            let next = Slots::of(&format!("endpoint-{number}"), Duration::from_secs(10)).after(noon);
            in_second[usize::try_from((next.duration_since(noon).as_millis() - 1) / 1000).unwrap()] += 1;
        }
        assert!(in_second.iter().all(|count| (60..=140).contains(count)), "{in_second:?}");
    }
}
