//! How latencies are spread, in little space, and together with others.
//!
//! Buckets are log-linear: 64 for each doubling, so that a bucket's middle is within 0.8 % of whatever fell into it.
//! Adding up two histograms gives what one of all values would have been: bucket by bucket, nothing is lost by it.
//!
//! ```
//! use charter_monitor::rules::histogram::Histogram;
//!
//! let mut first = Histogram::default();
//! (1..=500).for_each(|millisecond| first.record(millisecond * 1000));
//! let mut second = Histogram::default();
//! (501..=1000).for_each(|millisecond| second.record(millisecond * 1000));
//! first.merge(&second);
//! let p95 = first.percentile(95.0).ok_or("there are values")?;
//! assert!(p95.abs_diff(950_000) < 9_500);
//! assert_eq!(serde_json::from_str::<Histogram>(&serde_json::to_string(&first)?)?, first);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use bytes::BytesError;

/// Each doubling is divided into two to the power of this many buckets.
const BITS: u32 = 6;

/// The greatest bucket's number: that of `u64::MAX`.
const LAST: u16 = 64 + 57 * 64 + 63;

/// Latencies in microseconds, counted in buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: BTreeMap<u16, u64>,
    /// Together, as far as 64 bits reach.
    sum: u64,
}

impl Histogram {
    /// Counts a latency, in microseconds.
    pub fn record(&mut self, micros: u64) {
        let count = self.buckets.entry(bucket(micros)).or_default();
        *count = count.saturating_add(1);
        self.sum = self.sum.saturating_add(micros);
    }

    /// Counts all that another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            let sum = self.buckets.entry(*bucket).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// Returns how many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Returns what they add up to, in microseconds: exactly, not by buckets.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.sum
    }

    /// Returns the mean, in microseconds; nothing when nothing was counted.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean of fifteen digits is enough")]
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum as f64 / count as f64)
    }

    /// Returns the nearest-rank percentile in microseconds, within 0.8 %; nothing when nothing was counted. `percent` is
    /// held between 0 and 100.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is held between 1 and the count"
    )]
    pub fn percentile(&self, percent: f64) -> Option<u64> {
        let count = self.count();
        let rank = (percent.clamp(0.0, 100.0) * count as f64 / 100.0 - 1e-9).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        let mut reaches = |count: &u64| {
            seen = seen.saturating_add(*count);
            seen >= rank
        };
        let found = self.buckets.iter().find(|(_, count)| reaches(count)).or_else(|| self.buckets.last_key_value());
        found.map(|(bucket, _)| middle(*bucket))
    }

    /// Returns how many were at most this long, in microseconds; those in the same bucket count as at most.
    #[must_use]
    pub fn at_most(&self, micros: u64) -> u64 {
        self.buckets.range(..=bucket(micros)).fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Returns the buckets that are not empty: the least and the greatest value of each, in microseconds, and how many
    /// it counted.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.buckets.iter().map(|(bucket, count)| (low(*bucket), high(*bucket), *count))
    }
}

/// Returns the bucket of a value: below 64 its own, then 64 for each doubling.
fn bucket(micros: u64) -> u16 {
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(BITS + 1);
    let within = micros >> shift;
    u16::try_from((u64::from(shift) << BITS) + within).unwrap_or(LAST)
}

fn low(bucket: u16) -> u64 {
    let (shift, within) = parts(bucket);
    within << shift
}

fn high(bucket: u16) -> u64 {
    let (shift, within) = parts(bucket);
    (within << shift) + ((1_u64 << shift) - 1)
}

fn middle(bucket: u16) -> u64 {
    low(bucket) + (high(bucket) - low(bucket)) / 2
}

fn parts(bucket: u16) -> (u32, u64) {
    let shift = u32::from(bucket >> BITS).saturating_sub(1);
    (shift, u64::from(bucket) - (u64::from(shift) << BITS))
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text.as_bytes()).map_err(de::Error::custom)?;
        Self::from_bytes(&bytes).map_err(de::Error::custom)
    }
}

impl JsonSchema for Histogram {
    fn schema_name() -> Cow<'static, str> {
        "Histogram".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_value_has_a_bucket_and_every_bucket_its_values() {
        assert_eq!(bucket(u64::MAX), LAST);
        for number in 0..=LAST {
            assert_eq!((bucket(low(number)), bucket(high(number))), (number, number));
            if number > 0 {
                assert_eq!(low(number), high(number - 1) + 1);
            }
        }
    }

    proptest! {
        #[test]
        fn the_middle_of_a_bucket_is_within_a_hundredth(shift in 0_u32..64, value: u64) {
            let value = value >> shift;
            let off = middle(bucket(value)).abs_diff(value);
            prop_assert!(u128::from(off) * 100 <= u128::from(value));
        }
    }
}
