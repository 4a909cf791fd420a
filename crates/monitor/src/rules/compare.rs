//! Whether a deployment made things worse: before and after it, side by side.
//!
//! A figure that looks worse is believed only when chance seldom makes it look so: errors by Fisher's exact test, times by
//! the ranks of Mann and Whitney. What is past a limit and not believed leaves it open, so that whoever asks looks on.
//!
//! ```
//! use charter_monitor::rules::compare::{Answer, Limits, Side, compare};
//!
//! let before: Vec<f64> = (0..60).map(|index| 100.0 + f64::from(index % 10)).collect();
//! let after: Vec<f64> = before.iter().map(|time| time * 2.5).collect();
//! let side = |times| Side { good: 60, bad: 0, times_ms: times, critical_failure: None };
//! let found = compare(&side(&before), &side(&after), &Limits::default());
//! assert_eq!(found.answer, Answer::Fail);
//! assert!(found.reasons[0].starts_with("the median response time rose by 150 %"), "{:?}", found.reasons);
//! assert_eq!(compare(&side(&before), &side(&before), &Limits::default()).answer, Answer::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chance;

use charter_deploy_model::statistics::{compare as by_rank, middle, percentile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use chance::greater_share;

/// What was seen of a site on one side of a deployment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Side<'a> {
    /// How many looks or requests went well.
    pub good: u64,
    /// How many did not.
    pub bad: u64,
    /// How long answers took, in milliseconds.
    pub times_ms: &'a [f64],
    /// The critical check that failed, and failed again, by name.
    pub critical_failure: Option<&'a str>,
}

/// How much worse is too much. The figures are the deployment policy's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// An error rate that is higher by more than this share of what it was is held, in percent.
    pub hold_errors_percent: f64,
    /// One that is higher by more than this is rolled back, in percent.
    pub fail_errors_percent: f64,
    /// Where there were no errors before, an error rate above this is rolled back, in percent of all events.
    pub least_errors_percent: f64,
    /// Response times that are longer by more than this are held, in percent.
    pub hold_times_percent: f64,
    /// Response times that are longer by more than this are rolled back, in percent.
    pub fail_times_percent: f64,
    /// Response times that are longer by less than this count as the same, in milliseconds.
    pub least_times_ms: f64,
    /// How many values are needed of each side.
    pub least_samples: usize,
    /// How likely chance alone may make it look so much worse, 0 to 1.
    pub chance: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hold_errors_percent: 10.0,
            fail_errors_percent: 50.0,
            least_errors_percent: 1.0,
            hold_times_percent: 20.0,
            fail_times_percent: 100.0,
            least_times_ms: 20.0,
            least_samples: 20,
            chance: 0.01,
        }
    }
}

/// Fewer errors than this say nothing about a rate.
const LEAST_BAD: u64 = 3;

/// What a deployment did, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing is worse.
    Pass,
    /// Too little was seen to tell.
    Inconclusive,
    /// Something is worse: a rollout goes no further, and people are warned.
    Hold,
    /// Something is so much worse that the release before is to be shown again.
    Fail,
}

/// What a deployment did, and why that is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What it did.
    pub answer: Answer,
    /// Why, with the figures, the worst first. Empty when nothing is worse.
    pub reasons: Vec<String>,
}

type Reason = (Answer, String);

/// Compares what was seen before a deployment with what was seen after it.
#[must_use]
pub fn compare(before: &Side<'_>, after: &Side<'_>, limits: &Limits) -> Compared {
    let critical = after
        .critical_failure
        .filter(|_| before.critical_failure != after.critical_failure)
        .map(|check| (Answer::Fail, format!("the critical check `{check}` failed")));
    let mut reasons: Vec<Reason> = critical.into_iter().collect();
    reasons.extend(errors(before, after, limits));
    reasons.extend(times(before, after, limits));
    reasons.sort_by_key(|(answer, _)| std::cmp::Reverse(*answer));
    let answer = reasons.first().map_or(Answer::Pass, |(answer, _)| *answer);
    Compared { answer, reasons: reasons.into_iter().map(|(_, reason)| reason).collect() }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 events are more than anything that is counted here")]
fn errors(before: &Side<'_>, after: &Side<'_>, limits: &Limits) -> Option<Reason> {
    let count = |side: &Side<'_>| side.good.saturating_add(side.bad);
    let (all_before, all_after) = (count(before), count(after));
    let least = limits.least_samples as u64;
    let share = |bad: u64, all: u64| if all == 0 { 0.0 } else { bad as f64 * 100.0 / all as f64 };
    let (was, is) = (share(before.bad, all_before), share(after.bad, all_after));
    let grown = |percent: f64, least: f64| if was > 0.0 { was * (1.0 + percent / 100.0) } else { least };
    let text = |what: &str| format!("{what}: {is:.2} % of {all_after} after, {was:.2} % of {all_before} before");
    let is_believed = || {
        after.bad >= LEAST_BAD
            && all_before >= least
            && greater_share((before.bad, all_before), (after.bad, all_after)) <= limits.chance
    };
    let fails = is > grown(limits.fail_errors_percent, limits.least_errors_percent);
    if fails || is > grown(limits.hold_errors_percent, 0.0) {
        return Some(match (is_believed(), fails) {
            (true, true) => (Answer::Fail, text("the error rate rose")),
            (true, false) => (Answer::Hold, text("the error rate rose a little")),
            (false, _) => (Answer::Inconclusive, text("the error rate rose, which may be chance")),
        });
    }
    let is_enough = all_before >= least && all_after >= least;
    (!is_enough).then(|| (Answer::Inconclusive, format!("{} are needed of each side, {}", least, text("for errors"))))
}

fn times(before: &Side<'_>, after: &Side<'_>, limits: &Limits) -> Vec<Reason> {
    let (first, second) = (before.times_ms, after.times_ms);
    let (was_known, is_known) = (first.len(), second.len());
    if was_known.min(is_known) < limits.least_samples.max(1) {
        let least = limits.least_samples.max(1);
        let text = format!("{least} response times are needed of each side: {is_known} after, {was_known} before");
        return vec![(Answer::Inconclusive, text)];
    }
    let rank = by_rank(first, second).zip(middle(first));
    let Some((rank, median)) = rank else {
        return vec![(Answer::Inconclusive, "a response time is no number".to_owned())];
    };
    let median = judge("median", median, median + rank.shift, rank.p, limits);
    median.into_iter().chain(tail(first, second, limits)).collect()
}

/// Judges the 95th percentile: it is past a limit just when more than a twentieth of all answers take longer than that,
/// so it is a share that is tested.
fn tail(first: &[f64], second: &[f64], limits: &Limits) -> Option<Reason> {
    let (was, is) = (percentile(first, 95)?, percentile(second, 95)?);
    let slow = |times: &[f64], limit: f64| times.iter().filter(|time| **time > limit).count() as u64;
    let chance = |percent: f64| {
        let limit = was * (1.0 + percent / 100.0);
        greater_share((slow(first, limit), first.len() as u64), (slow(second, limit), second.len() as u64))
    };
    let fails = rises(was, is, limits.fail_times_percent, limits);
    let p = chance(if fails { limits.fail_times_percent } else { limits.hold_times_percent });
    judge("95th percentile of the", was, is, p, limits)
}

fn judge(figure: &str, was: f64, is: f64, p: f64, limits: &Limits) -> Option<Reason> {
    let fails = rises(was, is, limits.fail_times_percent, limits);
    if !fails && !rises(was, is, limits.hold_times_percent, limits) {
        return None;
    }
    let by = if was > 0.0 { format!(" by {:.0} %", (is / was - 1.0) * 100.0) } else { String::new() };
    let text = format!("the {figure} response time rose{by}, from {was:.0} ms to {is:.0} ms");
    Some(match (p <= limits.chance, fails) {
        (true, true) => (Answer::Fail, text),
        (true, false) => (Answer::Hold, text),
        (false, _) => (Answer::Inconclusive, format!("{text}, which may be chance")),
    })
}

fn rises(was: f64, is: f64, percent: f64, limits: &Limits) -> bool {
    is - was >= limits.least_times_ms && is > was * (1.0 + percent / 100.0)
}
