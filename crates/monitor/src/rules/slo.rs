//! Objectives for a service, what is left of their error budget, and whether it burns too fast.
//!
//! Burning too fast is told by the multi-window, multi-burn-rate rules of Google's "Site Reliability Workbook" (chapter
//! 5) as [sloth](https://sloth.dev) has them, with two things added that looks from outside need: a floor of bad events,
//! because of few looks one failed one is a great share, and no judgement while too little is known.
//!
//! ```
//! use charter_deploy_model::AlertSeverity;
//! use charter_monitor::rules::slo::{Counts, Series, Slo, burn};
//!
//! let slo = Slo::new(charter_deploy_model::Percent::new(99.9)?);
//! let mut series = Series::new(slo.window_days);
//! for minute in 0..60 {
//!     let at = jiff::Timestamp::from_second(1_800_000_000 + minute * 60)?;
//!     series.add(at, if minute < 50 { Counts::GOOD } else { Counts::BAD });
//! }
//! let burn = burn(&series, &slo, jiff::Timestamp::from_second(1_800_000_000 + 59 * 60)?);
//! assert_eq!(burn.severity(None), Some(AlertSeverity::Critical));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod burn;
mod lint;
mod series;

use charter_deploy_model::Percent;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use burn::{Burn, Condition, PAIRS, Pair, Rate, burn};
pub use lint::{Problem, lint};
pub use series::{Counts, Series};

/// How good a service is to be, over how long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Slo {
    /// The share of events that are to be good, such as 99.9.
    pub objective: Percent,
    /// Over how many days, from 28 to 90.
    #[serde(default = "thirty")]
    pub window_days: u16,
    /// How fast it is to be; absent when that is no objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyObjective>,
    /// With fewer bad events than this in the longer of two windows nobody is called, whatever their share.
    #[serde(default = "three")]
    pub least_bad_events: u64,
    /// Of which share of a window it must be known whether it was good; below, an alert stays as it is.
    #[serde(default = "half")]
    pub least_coverage: Percent,
}

/// How fast a service is to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LatencyObjective {
    /// An answer that takes longer is a bad event, in milliseconds.
    pub within_ms: u64,
    /// The share of answers that are to be faster.
    pub objective: Percent,
}

fn thirty() -> u16 {
    30
}

fn three() -> u64 {
    3
}

fn half() -> Percent {
    Percent::of(1, 2).unwrap_or(Percent::ZERO)
}

impl Slo {
    /// Returns the objective over 30 days, with the usual floor and coverage.
    #[must_use]
    pub fn new(objective: Percent) -> Self {
        Self { objective, window_days: thirty(), latency: None, least_bad_events: three(), least_coverage: half() }
    }

    /// Returns the objective for speed as one of its own, over a series whose bad events are the slow answers.
    #[must_use]
    pub fn for_latency(&self) -> Option<Self> {
        self.latency.map(|latency| Self { objective: latency.objective, latency: None, ..*self })
    }

    /// Returns the share of events that may be bad, 0 to 1.
    ///
    /// ```
    /// use charter_monitor::rules::slo::Slo;
    ///
    /// assert_eq!(Slo::new(charter_deploy_model::Percent::new(99.9)?).allowed(), 0.001);
    /// # Ok::<(), charter_deploy_model::PercentError>(())
    /// ```
    #[must_use]
    pub fn allowed(&self) -> f64 {
        // 100 - 99.9 is 0.09999999999999432.
        ((100.0 - self.objective.get()) * 1e10).round() / 1e12
    }
}

/// What is left of what may go wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// What is spent of it: 1 is all, 2 is twice as much as there was. Absent when nothing may go wrong and nothing did.
    pub spent: Option<f64>,
    /// The share of known events that were good.
    pub good: Percent,
    /// Of which share of events it is known whether they were good.
    pub coverage: Percent,
}

/// Returns what is left of the error budget; nothing when nothing at all is known.
#[must_use]
pub fn budget(series: &Series, slo: &Slo, at: Timestamp) -> Option<Budget> {
    let counts = series.within(i64::from(slo.window_days) * 86_400, at);
    let (bad_share, allowed) = (counts.bad_share()?, slo.allowed());
    let spent = if bad_share > 0.0 || allowed > 0.0 { Some(bad_share / allowed) } else { None };
    Some(Budget { spent, good: Percent::of(counts.good, counts.known())?, coverage: counts.coverage()? })
}
