//! How often to measure what differs from run to run, and what may then be said of it.
//!
//! Three rules, all pure, and a look at the machine:
//!
//! - [`decide`] says whether a figure is certainly on one side of its limit. It asks for nothing of how the figure
//!   scatters: under five samples one has to be far away, from five on it is the sign test, which is to say the
//!   confidence interval of the median by order statistics ([`interval`]).
//! - [`Sampling`] holds many figures to their limits and says when there is no need to measure again.
//! - [`compare`] says whether one release is worse than another, by the ranks of what was measured of both in turn.
//! - [`wait_for_calm`] looks whether other programs leave the processors alone.
//!
//! ```
//! use charter_gates::sampling::{Decision, Limit, Sampling};
//!
//! let mut sampling = Sampling::new([("lcp", Limit::AtMost(2500.0))], 9);
//! for run in [1433.0, 1504.0, 1440.0] {
//!     assert!(sampling.wants_more());
//!     sampling.add(&[("lcp", run)].into());
//! }
//! assert!(!sampling.wants_more());
//! assert_eq!(sampling.series[&"lcp"].decision, Decision::Holds);
//! ```

mod calm;
mod demand;
mod ranks;

use std::collections::BTreeMap;

pub use calm::{Busy, wait_for_calm};
pub use charter_deploy_model::statistics::{Comparison, compare, middle as median};
pub use demand::{Demand, Off};
pub use ranks::turns;

/// The share of cases in which a figure whose median is exactly at its limit may be called certain, in one look.
pub const RISK: f64 = 0.05;

/// Fewer samples than this decide nothing.
pub const LEAST: usize = 3;

/// The part of the limit by which few samples have to be away from it.
const MARGIN: f64 = 0.1;

/// What a figure is held to. A value at the limit is on the good side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A time, a size: less is better.
    AtMost(f64),
    /// A score from 0 to 100: more is better.
    AtLeast(f64),
}

impl Limit {
    /// Says whether a value is on the good side.
    #[must_use]
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    /// Returns how far a value is from the limit, on whichever side.
    fn distance(self, value: f64) -> f64 {
        let (Self::AtMost(limit) | Self::AtLeast(limit)) = self;
        (value - limit).abs()
    }

    /// Returns the least distance of few samples: of a score, what is missing to 100 is what counts.
    fn margin(self) -> f64 {
        match self {
            Self::AtMost(limit) => limit.abs() * MARGIN,
            Self::AtLeast(limit) => (100.0 - limit).abs() * MARGIN,
        }
    }
}

/// What may be said of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is certainly on the good side of its limit.
    Holds,
    /// It is certainly on the bad side.
    Broken,
    /// It is too close to its limit for the samples there are.
    Uncertain,
}

/// Says on which side of its limit the median of a figure certainly is.
///
/// Where the median is at the limit, each sample is on the good side as likely as not, whatever the noise looks like.
/// So many on one side that this happens in at most [`RISK`] of all cases decide: all of five, six or seven, all but
/// one of eight, nine or ten. Looking again after each sample up to the ninth adds up to 5.1 %.
///
/// Three or four on the same side would happen too often (in 12.5 % and 6.3 %), so they decide only when they are clear:
/// the nearest is at least as far from the limit as they are from each other, and a tenth of the limit. A median that
/// is exactly at the limit looks like that in 1.9 % of cases where noise is normal, 3.1 % where it is even, and 12.5 %
/// in the very worst case, two values on either side and nothing between; all looks together err in 6.3 %, 7.3 % and
/// 13.8 %, and ever less the further the median is from its limit.
///
/// ```
/// use charter_gates::sampling::{Decision, Limit, decide};
///
/// assert_eq!(decide(&[90.0, 54.0, 87.0], Limit::AtMost(200.0)), Decision::Holds);
/// assert_eq!(decide(&[190.0, 154.0, 187.0], Limit::AtMost(200.0)), Decision::Uncertain);
/// assert_eq!(decide(&[71.0, 74.0, 72.0], Limit::AtLeast(95.0)), Decision::Broken);
/// ```
#[must_use]
pub fn decide(samples: &[f64], limit: Limit) -> Decision {
    // What is no number is no evidence either.
    if samples.len() < LEAST || samples.iter().any(|sample| !sample.is_finite()) {
        return Decision::Uncertain;
    }
    let good = samples.iter().filter(|sample| limit.is_met_by(**sample)).count();
    let bad = samples.len() - good;
    let is_clear = || {
        let low = samples.iter().copied().fold(f64::INFINITY, f64::min);
        let high = samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let nearest = limit.distance(low).min(limit.distance(high));
        nearest >= high - low && nearest >= limit.margin()
    };
    let is_certain = |side: usize| tail(samples.len(), side) <= RISK || (side == samples.len() && is_clear());
    if is_certain(good) {
        Decision::Holds
    } else if is_certain(bad) {
        Decision::Broken
    } else {
        Decision::Uncertain
    }
}

/// Returns how likely `least` or more of `count` fair coins show heads.
fn tail(count: usize, least: usize) -> f64 {
    let mut chance = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut sum = 0.0;
    for heads in (0..=count).rev() {
        if heads < least {
            break;
        }
        sum += chance;
        chance *= heads as f64 / (count - heads + 1) as f64;
    }
    sum
}

/// The middle of samples, and where the median certainly is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end, one of the samples.
    pub low: f64,
    /// The middle of the samples.
    pub median: f64,
    /// The upper end, one of the samples.
    pub high: f64,
    /// How likely the median of all that could be measured is between the ends, 0 to 1.
    pub confidence: f64,
}

/// Returns the confidence interval of the median by order statistics, which holds for any noise: the narrowest that
/// reaches the confidence, or all of the samples when none does. Nothing, without samples.
///
/// From the least to the greatest of 3 samples it is 75 %, of 4 87.5 %, of 5 93.8 %, of 6 96.9 %; from the second to the
/// last but one of 9 it is 96.1 %.
///
/// ```
/// use charter_gates::sampling::interval;
///
/// let found = interval(&[3.0, 1.0, 2.0], 0.95).ok_or("there are samples")?;
/// assert_eq!((found.low, found.median, found.high, found.confidence), (1.0, 2.0, 3.0, 0.75));
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn interval(samples: &[f64], confidence: f64) -> Option<Interval> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    let covers = |cut: usize| 1.0 - 2.0 * tail(count, count - cut);
    let cut = (0..count.div_ceil(2)).rev().find(|cut| covers(*cut) >= confidence).unwrap_or(0);
    let (low, high) = (*sorted.get(cut)?, *sorted.get(count - 1 - cut)?);
    Some(Interval { low, median: median(&sorted)?, high, confidence: covers(cut).max(0.0) })
}

/// What was measured of one figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is held to.
    pub limit: Limit,
    /// What was measured, in the order of the runs.
    pub samples: Vec<f64>,
    /// What may be said.
    pub decision: Decision,
    /// Whether a run brought no value of it: then nothing is said at all.
    pub is_missing: bool,
}

/// Figures of one thing that is measured again and again, until it is certain of each on which side of its limit it is.
///
/// The first run on a cold machine belongs thrown away, not into this.
#[derive(Debug, Clone)]
pub struct Sampling<K> {
    /// What was measured so far.
    pub series: BTreeMap<K, Series>,
    runs: usize,
    most: usize,
}

impl<K: Ord> Sampling<K> {
    /// Holds figures to limits, with `most` runs at most. With one, its values decide.
    pub fn new(limits: impl IntoIterator<Item = (K, Limit)>, most: usize) -> Self {
        let series = |limit| Series { limit, samples: Vec::new(), decision: Decision::Uncertain, is_missing: false };
        let series = limits.into_iter().map(|(figure, limit)| (figure, series(limit))).collect();
        Self { series, runs: 0, most }
    }

    /// Says whether another run may tell more.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        let is_open = |series: &Series| series.decision == Decision::Uncertain && !series.is_missing;
        self.runs < self.most && self.series.values().any(is_open)
    }

    /// Takes what a run measured. Values of figures without a limit are left out.
    pub fn add(&mut self, run: &BTreeMap<K, f64>) {
        self.runs += 1;
        for (figure, series) in &mut self.series {
            match run.get(figure).filter(|value| value.is_finite()) {
                Some(value) => series.samples.push(*value),
                None => series.is_missing = true,
            }
            series.decision = match series.samples[..] {
                _ if series.is_missing => Decision::Uncertain,
                [only] if self.most == 1 && series.limit.is_met_by(only) => Decision::Holds,
                [_] if self.most == 1 => Decision::Broken,
                _ => decide(&series.samples, series.limit),
            };
        }
    }

    /// Returns how many runs there were.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.runs
    }
}

#[cfg(test)]
mod tests;
