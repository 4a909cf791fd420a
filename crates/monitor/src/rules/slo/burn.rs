//! Whether the error budget burns too fast.

use charter_deploy_model::AlertSeverity;
use jiff::Timestamp;

use super::{Counts, Series, Slo};

/// Two windows that are looked at together: the longer says that much is spent, the shorter that it still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The longer window, in seconds.
    pub long_seconds: i64,
    /// The shorter window, in seconds.
    pub short_seconds: i64,
    /// The share of the budget of the whole period that is spent in the longer window when it fires, in percent.
    pub spends_percent: u8,
    /// How urgent it is.
    pub severity: AlertSeverity,
}

/// The pairs of the "Site Reliability Workbook": two that page, two that can wait until tomorrow.
pub const PAIRS: [Pair; 4] = [
    Pair { long_seconds: 3600, short_seconds: 300, spends_percent: 2, severity: AlertSeverity::Critical },
    Pair { long_seconds: 6 * 3600, short_seconds: 1800, spends_percent: 5, severity: AlertSeverity::Critical },
    Pair { long_seconds: 24 * 3600, short_seconds: 2 * 3600, spends_percent: 10, severity: AlertSeverity::Warning },
    Pair { long_seconds: 72 * 3600, short_seconds: 6 * 3600, spends_percent: 10, severity: AlertSeverity::Warning },
];

impl Pair {
    /// Returns how many times faster than evenly the budget burns when it fires.
    ///
    /// ```
    /// use charter_monitor::rules::slo::PAIRS;
    ///
    /// assert_eq!(PAIRS.map(|pair| pair.factor(30)), [14.4, 6.0, 3.0, 1.0]);
    /// assert_eq!(PAIRS.map(|pair| (pair.factor(28) * 1000.0).round() / 1000.0), [13.44, 5.6, 2.8, 0.933]);
    /// ```
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "windows are a few days")]
    pub fn factor(&self, window_days: u16) -> f64 {
        let hours = self.long_seconds as f64 / 3600.0;
        f64::from(self.spends_percent) * f64::from(window_days) * 24.0 / 100.0 / hours
    }
}

/// What a rule says at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It holds.
    Fires,
    /// It does not.
    Quiet,
    /// Too little is known: whatever was, stays.
    Frozen,
}

impl Condition {
    const fn holds(self, before: bool) -> bool {
        match self {
            Self::Fires => true,
            Self::Quiet => false,
            Self::Frozen => before,
        }
    }
}

/// How fast the budget burns in one pair of windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// The windows.
    pub pair: Pair,
    /// The rate above which it is too fast, 1 being even.
    pub factor: f64,
    /// The rate in the longer window; absent when nothing is known of it, or nothing may go wrong at all.
    pub long: Option<f64>,
    /// The rate in the shorter window; absent as above.
    pub short: Option<f64>,
    /// What it says.
    pub condition: Condition,
}

/// How fast the error budget burns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burn {
    /// The rate in each pair of windows, in the order of [`PAIRS`].
    pub rates: [Rate; 4],
}

impl Burn {
    /// Says whether to call for people now.
    #[must_use]
    pub fn page(&self) -> Condition {
        self.of(AlertSeverity::Critical)
    }

    /// Says whether to call for people by tomorrow.
    #[must_use]
    pub fn ticket(&self) -> Condition {
        self.of(AlertSeverity::Warning)
    }

    /// Returns how urgent it is, given how urgent it was at the moment before. What is frozen neither begins nor ends.
    #[must_use]
    pub fn severity(&self, before: Option<AlertSeverity>) -> Option<AlertSeverity> {
        if self.page().holds(before >= Some(AlertSeverity::Critical)) {
            Some(AlertSeverity::Critical)
        } else {
            self.ticket().holds(before.is_some()).then_some(AlertSeverity::Warning)
        }
    }

    fn of(&self, severity: AlertSeverity) -> Condition {
        let conditions = || self.rates.iter().filter(|rate| rate.pair.severity == severity).map(|rate| rate.condition);
        let any = |wanted| conditions().any(|condition| condition == wanted);
        if any(Condition::Fires) {
            Condition::Fires
        } else if any(Condition::Frozen) {
            Condition::Frozen
        } else {
            Condition::Quiet
        }
    }
}

/// Says how fast the error budget of an objective burns at a moment.
///
/// A pair fires when both its windows burn faster than its factor, and the longer has at least the floor of bad events.
/// It is frozen while too little of either window is known.
#[must_use]
pub fn burn(series: &Series, slo: &Slo, at: Timestamp) -> Burn {
    let rates = PAIRS.map(|pair| {
        let (long, short) = (series.within(pair.long_seconds, at), series.within(pair.short_seconds, at));
        let factor = pair.factor(slo.window_days);
        let rate =
            |counts: Counts| counts.bad_share().map(|share| share / slo.allowed()).filter(|rate| rate.is_finite());
        Rate { pair, factor, long: rate(long), short: rate(short), condition: condition(long, short, factor, slo) }
    });
    Burn { rates }
}

fn condition(long: Counts, short: Counts, factor: f64, slo: &Slo) -> Condition {
    let is_known = |counts: Counts| counts.coverage().is_some_and(|coverage| coverage >= slo.least_coverage);
    if !is_known(long) || !is_known(short) {
        return Condition::Frozen;
    }
    let limit = factor * slo.allowed();
    let is_too_fast = |counts: Counts| counts.bad_share().is_some_and(|share| share > limit);
    if is_too_fast(long) && is_too_fast(short) && long.bad >= slo.least_bad_events {
        Condition::Fires
    } else {
        Condition::Quiet
    }
}
