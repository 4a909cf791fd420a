//! Good, bad and unknown events, counted in time.

use std::collections::VecDeque;
use std::ops::AddAssign;

use charter_deploy_model::Percent;
use jiff::Timestamp;

/// How many events were good, bad, or not measured. One look is one event, and so is one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that were good.
    pub good: u64,
    /// Those that were bad, confirmed.
    pub bad: u64,
    /// Those that should have been measured and were not: neither good nor bad.
    pub unknown: u64,
}

impl Counts {
    /// One good event.
    pub const GOOD: Self = Self { good: 1, bad: 0, unknown: 0 };
    /// One bad event.
    pub const BAD: Self = Self { good: 0, bad: 1, unknown: 0 };
    /// One event that was not measured.
    pub const UNKNOWN: Self = Self { good: 0, bad: 0, unknown: 1 };

    /// Returns how many were measured.
    #[must_use]
    pub const fn known(&self) -> u64 {
        self.good.saturating_add(self.bad)
    }

    /// Returns the share of bad ones among those that were measured, 0 to 1; nothing when none was.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "2^53 events are more than anything that is counted here")]
    pub fn bad_share(&self) -> Option<f64> {
        (self.known() > 0).then(|| self.bad as f64 / self.known() as f64)
    }

    /// Returns the share that was measured; nothing when nothing was to be.
    #[must_use]
    pub fn coverage(&self) -> Option<Percent> {
        Percent::of(self.known(), self.known().saturating_add(self.unknown))
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.good = self.good.saturating_add(other.good);
        self.bad = self.bad.saturating_add(other.bad);
        self.unknown = self.unknown.saturating_add(other.unknown);
    }
}

/// The events of the last days, finer the nearer: by minutes for six hours, by quarters of an hour for three days, by
/// four hours for as long as the objective's window.
///
/// It takes at most 14 kB for 30 days. A window longer than six hours may leave out a part of its oldest quarter of an
/// hour, one longer than three days of its oldest four hours. It is not kept in files: adding what is kept there gives
/// the same. After a clock that was far ahead was put right, it has to be made anew like that.
#[derive(Debug, Clone)]
pub struct Series {
    tiers: [Tier; 3],
}

impl Series {
    /// Returns an empty series that looks back this many days, at least three and at most 400.
    #[must_use]
    pub fn new(days: u16) -> Self {
        let days = i64::from(days.clamp(3, 400));
        Self { tiers: [Tier::new(60, 6 * 60), Tier::new(900, 3 * 96), Tier::new(4 * 3600, days * 6)] }
    }

    /// Counts events of a moment. Moments may come in any order; what is older than the series looks back is left out.
    pub fn add(&mut self, at: Timestamp, counts: Counts) {
        for tier in &mut self.tiers {
            tier.add(at.as_second(), counts);
        }
    }

    /// Returns the events of the last `seconds` up to and with `at`. Those of the moment at which they begin are not
    /// among them.
    #[must_use]
    pub fn within(&self, seconds: i64, at: Timestamp) -> Counts {
        let [.., coarse] = &self.tiers;
        let tier = self.tiers.iter().find(|tier| tier.step * tier.kept >= seconds).unwrap_or(coarse);
        tier.within(seconds, at.as_second())
    }
}

/// Counts of equal stretches of time. `u32`s, because there are many of them for each endpoint.
#[derive(Debug, Clone)]
struct Tier {
    step: i64,
    kept: i64,
    /// The number of the newest stretch, counted from the epoch.
    newest: i64,
    counts: VecDeque<[u32; 3]>,
}

impl Tier {
    const fn new(step: i64, kept: i64) -> Self {
        Self { step, kept, newest: 0, counts: VecDeque::new() }
    }

    fn add(&mut self, second: i64, counts: Counts) {
        let stretch = second.div_euclid(self.step);
        if self.counts.is_empty() {
            self.newest = stretch;
            self.counts.push_back([0; 3]);
        }
        // One more than is kept, because a window rarely begins with a stretch.
        let most = self.kept + 1;
        if stretch - self.newest >= most {
            self.counts.clear();
            self.newest = stretch;
            self.counts.push_back([0; 3]);
        }
        while self.newest < stretch {
            self.newest += 1;
            self.counts.push_back([0; 3]);
        }
        while self.newest - stretch >= self.length() && self.length() < most {
            self.counts.push_front([0; 3]);
        }
        while self.length() > most {
            self.counts.pop_front();
        }
        let index = self.length() - 1 - (self.newest - stretch);
        let Some(slot) = usize::try_from(index).ok().and_then(|index| self.counts.get_mut(index)) else { return };
        for (slot, count) in slot.iter_mut().zip([counts.good, counts.bad, counts.unknown]) {
            *slot = slot.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
    }

    fn length(&self) -> i64 {
        i64::try_from(self.counts.len()).unwrap_or(i64::MAX)
    }

    fn within(&self, seconds: i64, second: i64) -> Counts {
        let last = second.div_euclid(self.step);
        let before = (second - seconds).div_euclid(self.step);
        let skipped = (self.newest - last).max(0);
        let taken = last.min(self.newest) - before;
        let mut sum = Counts::default();
        let (skipped, taken) = (usize::try_from(skipped).unwrap_or(0), usize::try_from(taken).unwrap_or(0));
        for [good, bad, unknown] in self.counts.iter().rev().skip(skipped).take(taken) {
            sum += Counts { good: (*good).into(), bad: (*bad).into(), unknown: (*unknown).into() };
        }
        sum
    }
}
