//! Means, percentiles and trends: the arithmetic under the analytics.

mod ranks;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use ranks::{Comparison, compare, normal_tail};

/// Where a figure is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trend {
    /// To the better.
    Improving,
    /// Nowhere.
    Stable,
    /// To the worse.
    Degrading,
}

/// Which way a figure is better, and by how much it must move before anyone says that it moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Better {
    /// More is better, beyond this much, in the figure's own unit: scores, shares.
    Higher {
        /// The least difference that counts.
        by: f64,
    },
    /// Less is better, beyond this share of what it was, 0.05 being 5 %: times, sizes.
    Lower {
        /// The least difference that counts, as a share of the older mean.
        by: f64,
    },
}

impl Better {
    /// Scores from 0 to 100: one point counts.
    pub const SCORE: Self = Self::Higher { by: 1.0 };
    /// Times and sizes: 5 % counts.
    pub const COST: Self = Self::Lower { by: 0.05 };
}

/// Fewer values than this have no trend.
const LEAST: usize = 4;

/// Says where a figure is going: the mean of the newer half of its values against the mean of the older half, the
/// middle one of an odd number left out.
///
/// `values` are in the order of time. Returns nothing for fewer than four values: two halves of one value each would
/// call every wobble a trend.
///
/// ```
/// use charter_deploy_model::statistics::{Better, Trend, trend};
///
/// assert_eq!(trend(&[10.0, 10.2, 12.0, 12.4], Better::COST), Some(Trend::Degrading));
/// assert_eq!(trend(&[10.0, 10.2, 10.1, 10.0], Better::COST), Some(Trend::Stable));
/// assert_eq!(trend(&[90.0, 98.0], Better::SCORE), None);
/// ```
#[must_use]
pub fn trend(values: &[f64], better: Better) -> Option<Trend> {
    if values.len() < LEAST {
        return None;
    }
    let half = values.len() / 2;
    let (older, newer) = (mean(&values[..half])?, mean(&values[values.len() - half..])?);
    let (gained, least) = match better {
        Better::Higher { by } => (newer - older, by),
        Better::Lower { by } => (older - newer, by * older.abs()),
    };
    Some(if gained > least {
        Trend::Improving
    } else if gained < -least {
        Trend::Degrading
    } else {
        Trend::Stable
    })
}

/// Returns the mean; nothing for no values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "2^53 values do not fit any memory")]
    let count = values.len() as f64;
    // Dividing first keeps the sum of large values finite.
    (!values.is_empty()).then(|| values.iter().map(|value| value / count).sum())
}

/// Returns the nearest-rank percentile: the least value that at least `percent` of all values do not exceed; nothing
/// for no values.
///
/// It is always one of the values. Hyndman and Fan call it the inverse of the empirical distribution function
/// ("Sample Quantiles in Statistical Packages", 1996, definition 1). `percent` is held between 1 and 100.
///
/// ```
/// use charter_deploy_model::statistics::percentile;
///
/// assert_eq!(percentile(&[40.0, 15.0, 50.0, 20.0, 35.0], 30), Some(20.0));
/// assert_eq!(percentile(&[3.0], 95), Some(3.0));
/// assert_eq!(percentile(&[], 95), None);
/// ```
#[must_use]
pub fn percentile(values: &[f64], percent: u8) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (usize::from(percent.clamp(1, 100)) * sorted.len()).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// Returns the median as the nearest-rank 50th percentile; nothing for no values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 50)
}

/// Returns the middle, the mean of the two in the middle of an even number; nothing for no values.
///
/// Unlike [`median`] it need not be one of the values.
///
/// ```
/// use charter_deploy_model::statistics::{median, middle};
///
/// assert_eq!(middle(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
/// assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(2.0));
/// ```
#[must_use]
pub fn middle(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted[half - 1], upper)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(0.0..1e6_f64, 1..60)
    }

    proptest! {
        #[test]
        fn a_percentile_is_a_value_that_enough_others_do_not_exceed(values in values(), percent in 1_u8..=100) {
            let found = percentile(&values, percent).unwrap();
            prop_assert!(values.contains(&found));
            let share = |count: usize| count * 100 >= usize::from(percent) * values.len();
            prop_assert!(share(values.iter().filter(|value| **value <= found).count()));
            prop_assert!(!share(values.iter().filter(|value| **value < found).count()));
        }

        #[test]
        fn percentiles_do_not_depend_on_order_and_rise(values in values(), low in 1_u8..=100, high in 1_u8..=100) {
            let mut turned = values.clone();
            turned.reverse();
            prop_assert_eq!(percentile(&values, low), percentile(&turned, low));
            prop_assert!(percentile(&values, low.min(high)) <= percentile(&values, low.max(high)));
        }

        #[test]
        fn a_mean_lies_between_the_least_and_the_most(values in values()) {
            let mean = mean(&values).unwrap();
            let slack = 1e-6;
            prop_assert!(mean >= percentile(&values, 1).unwrap() - slack);
            prop_assert!(mean <= percentile(&values, 100).unwrap() + slack);
        }

        #[test]
        fn time_turned_round_turns_the_trend_of_a_score(values in values()) {
            let mut turned = values.clone();
            turned.reverse();
            let opposite = trend(&turned, Better::SCORE).map(|trend| match trend {
                Trend::Improving => Trend::Degrading,
                Trend::Stable => Trend::Stable,
                Trend::Degrading => Trend::Improving,
            });
            prop_assert_eq!(trend(&values, Better::SCORE), opposite);
        }

        #[test]
        fn what_does_not_move_is_stable(value in 0.0..1e6_f64, count in 4_usize..40) {
            prop_assert_eq!(trend(&vec![value; count], Better::COST), Some(Trend::Stable));
        }
    }
}
