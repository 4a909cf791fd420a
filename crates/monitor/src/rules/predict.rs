//! When a figure will be past its limit if it goes on like this, and how far that can be believed.
//!
//! A forecast never calls anyone: it is a warning at most. How good forecasts were is told by their Brier score, once it
//! is known what came of them.
//!
//! ```
//! use charter_monitor::rules::predict::{Bound, Sample, outlook};
//! use jiff::{SignedDuration, Timestamp};
//!
//! // A disk with 40 % free loses 1 % an hour, with some to and fro.
//! let begin: Timestamp = "2026-11-21T00:00:00Z".parse()?;
//! let free = |hour: i64| Sample {
//!     at: begin + SignedDuration::from_hours(hour),
//!     value: 40.0 - hour as f64 + [0.0, 0.4, -0.4][hour as usize % 3],
//! };
//! let samples: Vec<Sample> = (0..12).map(free).collect();
//! let now = begin + SignedDuration::from_hours(12);
//! let outlook = outlook(&samples, Bound::AtLeast(20.0), SignedDuration::from_hours(24), now).ok_or("enough")?;
//! assert_eq!(outlook.violated_in.map(|time| (time.as_secs_f64() / 3600.0).round()), Some(8.0));
//! assert!(outlook.confidence > 0.9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use charter_deploy_model::AlertSeverity;
use charter_deploy_model::statistics::{middle, normal_tail};
use jiff::{SignedDuration, Timestamp};

/// With fewer samples nothing is said.
const LEAST: usize = 10;

/// The samples must reach back at least this part of how far ahead is looked.
const REACH: f64 = 0.25;

/// More samples than this are thinned out evenly: every pair of them is looked at.
const MOST: usize = 240;

/// From this confidence on it is worth a warning.
const CONFIDENT: f64 = 0.8;

/// Nothing is ever certain.
const CERTAIN: f64 = 0.99;

/// A figure at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When it was measured.
    pub at: Timestamp,
    /// What was measured.
    pub value: f64,
}

/// What a figure is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// It is to stay at or below: a latency.
    AtMost(f64),
    /// It is to stay at or above: free space, days of a certificate, a score.
    AtLeast(f64),
}

/// Where a figure is going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// What it is now, by the line through what was measured.
    pub level: f64,
    /// By how much it changes in a day.
    pub per_day: f64,
    /// How long until it is past its limit, by the line; zero when it is already; absent when it does not go there.
    pub violated_in: Option<SignedDuration>,
    /// How likely it is past its limit within the horizon, 0 to 1.
    pub confidence: f64,
}

impl Outlook {
    /// Returns how urgent it is to look at it: a warning at most, whatever it says.
    #[must_use]
    pub fn severity(&self) -> Option<AlertSeverity> {
        (self.confidence >= CONFIDENT).then_some(AlertSeverity::Warning)
    }
}

/// Says where a figure is going, and how likely it is past its limit within `horizon`. Nothing when there is too little
/// to tell: fewer than ten samples, or samples that reach back less than a quarter as far as is looked ahead.
///
/// The line is that of Theil and Sen, the median of the slopes of all pairs, which a few samples gone astray do not bend.
/// The confidence is that of Kendall's test of whether the slope is steeper than the limit needs. It supposes that
/// samples stray independently, which they seldom do: hence [`brier`].
#[must_use]
pub fn outlook(samples: &[Sample], bound: Bound, horizon: SignedDuration, at: Timestamp) -> Option<Outlook> {
    let points = points(samples, bound, at);
    let reach = points.last()?.0 - points.first()?.0;
    if points.len() < LEAST || horizon <= SignedDuration::ZERO || reach < REACH * horizon.as_secs_f64() {
        return None;
    }
    let pairs =
        || points.iter().enumerate().flat_map(|(index, first)| points[index + 1..].iter().map(move |it| (first, it)));
    let slopes: Vec<f64> = pairs()
        .filter(|(first, second)| second.0 > first.0)
        .map(|(first, second)| (second.1 - first.1) / (second.0 - first.0))
        .collect();
    let slope = middle(&slopes)?;
    // How much is missing to the limit: what is past it is negative.
    let level = middle(&points.iter().map(|(time, value)| value - slope * time).collect::<Vec<_>>())?;
    let violated_in = if level < 0.0 {
        Some(SignedDuration::ZERO)
    } else if slope < 0.0 {
        SignedDuration::try_from_secs_f64(level / -slope).ok()
    } else {
        None
    };
    let confidence = if level < 0.0 { CERTAIN } else { steeper(&slopes, -level / horizon.as_secs_f64(), points.len()) };
    let (sign, limit) = match bound {
        Bound::AtMost(limit) => (-1.0, limit),
        Bound::AtLeast(limit) => (1.0, limit),
    };
    Some(Outlook { level: limit + sign * level, per_day: sign * slope * 86_400.0, violated_in, confidence })
}

/// Returns seconds from `at` on, and how far each value is from the limit on the good side, in the order of time.
fn points(samples: &[Sample], bound: Bound, at: Timestamp) -> Vec<(f64, f64)> {
    let distance = |value: f64| match bound {
        Bound::AtMost(limit) => limit - value,
        Bound::AtLeast(limit) => value - limit,
    };
    let mut points: Vec<(f64, f64)> = samples
        .iter()
        .filter(|sample| sample.at <= at)
        .map(|sample| (sample.at.duration_since(at).as_secs_f64(), distance(sample.value)))
        .filter(|(_, distance)| distance.is_finite())
        .collect();
    points.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    if points.len() > MOST {
        points = (0..MOST).map(|index| points[index * (points.len() - 1) / (MOST - 1)]).collect();
    }
    points
}

/// Returns how likely the true slope falls faster than `needed`, by Kendall's test (1938) of the samples against a line
/// of that slope.
#[expect(clippy::cast_precision_loss, reason = "there are at most 240 samples")]
fn steeper(slopes: &[f64], needed: f64, count: usize) -> f64 {
    let below = slopes.iter().filter(|slope| **slope < needed).count() as f64;
    let above = slopes.iter().filter(|slope| **slope > needed).count() as f64;
    let count = count as f64;
    let deviation = (count * (count - 1.0) * 2.0_f64.mul_add(count, 5.0) / 18.0).sqrt();
    normal_tail((above - below) / deviation).clamp(1.0 - CERTAIN, CERTAIN)
}

/// What came of a forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// How likely it was said to happen, 0 to 1.
    pub confidence: f64,
    /// Whether it did.
    pub happened: bool,
}

/// Returns the Brier score of forecasts, the mean square of how far they were off: 0 is always right, 0.25 is what
/// saying "one half" each time gives, 1 is always wrong. Nothing without forecasts.
///
/// ```
/// use charter_monitor::rules::predict::{Forecast, brier};
///
/// let forecasts = [(0.9, true), (0.2, false)].map(|(confidence, happened)| Forecast { confidence, happened });
/// assert_eq!(brier(&forecasts).map(|score| (score * 1000.0).round()), Some(25.0));
/// assert_eq!(brier(&[]), None);
/// ```
#[must_use]
pub fn brier(forecasts: &[Forecast]) -> Option<f64> {
    let off = |it: &Forecast| (it.confidence - f64::from(u8::from(it.happened))).powi(2);
    charter_deploy_model::statistics::mean(&forecasts.iter().map(off).collect::<Vec<_>>())
}

/// Returns how much better forecasts were than always saying how often it happens: 1 is always right, 0 no better, less
/// is worse. Nothing when it happened always or never, because then that is always right.
#[must_use]
pub fn skill(forecasts: &[Forecast]) -> Option<f64> {
    let happened: Vec<f64> = forecasts.iter().map(|it| f64::from(u8::from(it.happened))).collect();
    let base = charter_deploy_model::statistics::mean(&happened)?;
    let reference = base * (1.0 - base);
    (reference > 0.0).then_some(1.0 - brier(forecasts)? / reference)
}
