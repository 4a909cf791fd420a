//! Whether an endpoint is up, from one look after another: a pure state machine.

use std::collections::VecDeque;

use charter_deploy_model::UptimeStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many looks it takes to change one's mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// So many bad looks in a row, each confirmed by others, make it down.
    pub fall: u32,
    /// So many good looks in a row make it up again.
    pub rise: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { fall: 1, rise: 2 }
    }
}

/// What is known of an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// How it is held to be.
    pub status: UptimeStatus,
    /// Since when.
    pub since: Timestamp,
    /// The last look that showed anything.
    pub seen: Option<Timestamp>,
    /// How often in a row it was bad.
    bad: u32,
    /// When the first of those looks was.
    bad_since: Option<Timestamp>,
    /// How often in a row it was good.
    good: u32,
    /// Whether each of the last looks was good, the newest last.
    past: VecDeque<bool>,
    /// Whether it comes and goes.
    pub is_flapping: bool,
}

/// What changed by one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It no longer answers as it should; the first bad look was then.
    Fell(Timestamp),
    /// It does again; it had fallen then.
    Rose(Timestamp),
    /// It comes and goes: whoever was told so need not hear of each time.
    StartedFlapping,
    /// It has settled.
    StoppedFlapping,
}

/// So many looks are held against flapping, as Nagios does.
const REMEMBERED: usize = 21;
/// Above this share of weighted changes it flaps.
const FLAPS_ABOVE: f64 = 0.30;
/// Below this share it has settled.
const SETTLED_BELOW: f64 = 0.15;

impl Watch {
    /// Begins to watch something of which nothing is known.
    #[must_use]
    pub const fn new(at: Timestamp) -> Self {
        Self {
            status: UptimeStatus::Unknown,
            since: at,
            seen: None,
            bad: 0,
            bad_since: None,
            good: 0,
            past: VecDeque::new(),
            is_flapping: false,
        }
    }

    /// Takes in one look. Time in which nobody could look changes nothing: neither a streak nor a verdict.
    ///
    /// ```
    /// use charter_deploy_model::UptimeStatus::{Down, Up};
    /// use charter_monitor::{Change, Patience, Watch};
    /// use jiff::{SignedDuration, Timestamp};
    ///
    /// let start: Timestamp = "2026-11-21T12:00:00Z".parse()?;
    /// let at = |seconds| start + SignedDuration::from_secs(seconds);
    /// let mut watch = Watch::new(start);
    /// assert_eq!(watch.observe(Patience::default(), at(0), Up), []);
    /// assert_eq!(watch.observe(Patience::default(), at(30), Down), [Change::Fell(at(30))]);
    /// assert_eq!(watch.observe(Patience::default(), at(60), Up), []);
    /// assert_eq!(watch.observe(Patience::default(), at(90), Up), [Change::Rose(at(30))]);
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn observe(&mut self, patience: Patience, at: Timestamp, seen: UptimeStatus) -> Vec<Change> {
        let is_good = match seen {
            UptimeStatus::Unknown => return Vec::new(),
            UptimeStatus::Up | UptimeStatus::Degraded => true,
            UptimeStatus::Down => false,
        };
        self.seen = Some(at);
        let mut changes = Vec::new();
        if is_good {
            (self.bad, self.bad_since, self.good) = (0, None, self.good.saturating_add(1));
            let was = self.status;
            if was != UptimeStatus::Down || self.good >= patience.rise {
                if was == UptimeStatus::Down {
                    changes.push(Change::Rose(self.since));
                }
                if was != seen {
                    (self.status, self.since) = (seen, at);
                }
            }
        } else {
            let first = *self.bad_since.get_or_insert(at);
            (self.bad, self.good) = (self.bad.saturating_add(1), 0);
            if self.status != UptimeStatus::Down && self.bad >= patience.fall {
                (self.status, self.since) = (UptimeStatus::Down, first);
                changes.push(Change::Fell(first));
            }
        }
        self.past.push_back(is_good);
        if self.past.len() > REMEMBERED {
            self.past.pop_front();
        }
        let restlessness = restlessness(&self.past);
        if !self.is_flapping && restlessness > FLAPS_ABOVE {
            self.is_flapping = true;
            changes.push(Change::StartedFlapping);
        } else if self.is_flapping && restlessness < SETTLED_BELOW {
            self.is_flapping = false;
            changes.push(Change::StoppedFlapping);
        }
        changes
    }
}

/// Returns the share of looks that differ from the one before, later ones weighing more: from 0.8 to 1.2, as Nagios
/// weighs them. It is a share of all that could be remembered, so few looks are never restless.
#[expect(clippy::cast_precision_loss, reason = "there are twenty at the most")]
fn restlessness(past: &VecDeque<bool>) -> f64 {
    let steps = REMEMBERED - 1;
    let empty = REMEMBERED - past.len();
    let changed = past.iter().zip(past.iter().skip(1)).enumerate().filter(|(_, (before, after))| before != after);
    let weight = |step: usize| 0.8 + 0.4 * (empty + step) as f64 / (steps - 1) as f64;
    changed.map(|(step, _)| weight(step)).sum::<f64>() / steps as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    fn run(patience: Patience, looks: &[UptimeStatus]) -> (Watch, Vec<Change>) {
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut watch = Watch::new(start);
        let mut all = Vec::new();
        for (number, look) in looks.iter().enumerate() {
            let at = start + SignedDuration::from_secs(30 * i64::try_from(number).unwrap());
            all.extend(watch.observe(patience, at, *look));
        }
        (watch, all)
    }

    fn look() -> impl Strategy<Value = UptimeStatus> {
        prop_oneof![
            Just(UptimeStatus::Up),
            Just(UptimeStatus::Degraded),
            Just(UptimeStatus::Down),
            Just(UptimeStatus::Unknown)
        ]
    }

    proptest! {
        #[test]
        fn falls_and_rises_take_turns(looks in prop::collection::vec(look(), 0..200), fall in 1_u32..4, rise in 1_u32..4) {
            let (watch, changes) = run(Patience { fall, rise }, &looks);
            let turns: Vec<bool> = changes.iter().filter_map(|change| match change {
                Change::Fell(_) => Some(false),
                Change::Rose(_) => Some(true),
                _ => None,
            }).collect();
            for (number, rose) in turns.iter().enumerate() {
                prop_assert_eq!(*rose, number % 2 == 1);
            }
            prop_assert_eq!(watch.status == UptimeStatus::Down, turns.last() == Some(&false));
        }

        #[test]
        fn time_in_which_nobody_looked_changes_nothing(looks in prop::collection::vec(look(), 0..100)) {
            let seen: Vec<UptimeStatus> = looks.iter().copied().filter(|look| *look != UptimeStatus::Unknown).collect();
            let (with, _) = run(Patience::default(), &looks);
            let (without, _) = run(Patience::default(), &seen);
            prop_assert_eq!((with.status, with.is_flapping), (without.status, without.is_flapping));
        }

        #[test]
        fn what_is_restored_goes_on_as_if_nothing_had_happened(looks in prop::collection::vec(look(), 0..60), cut in 0_usize..60) {
            let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
            let (mut one, mut other) = (Watch::new(start), Watch::new(start));
            for (number, look) in looks.iter().enumerate() {
                if number == cut {
                    other = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
                }
                let at = start + SignedDuration::from_secs(i64::try_from(number).unwrap());
                prop_assert_eq!(
                    one.observe(Patience::default(), at, *look),
                    other.observe(Patience::default(), at, *look)
                );
            }
        }
    }

    #[test]
    fn what_comes_and_goes_flaps_until_it_has_settled() {
        use UptimeStatus::{Down, Up};
        let restless: Vec<UptimeStatus> = (0..30).map(|number| if number % 2 == 0 { Up } else { Down }).collect();
        let (watch, changes) = run(Patience { fall: 1, rise: 1 }, &restless);
        assert!(watch.is_flapping);
        assert_eq!(changes.iter().filter(|change| **change == Change::StartedFlapping).count(), 1);
        let settled: Vec<UptimeStatus> = restless.into_iter().chain([Up; 30]).collect();
        let (watch, changes) = run(Patience { fall: 1, rise: 1 }, &settled);
        assert!(!watch.is_flapping);
        assert!(changes.contains(&Change::StoppedFlapping));
    }

    #[test]
    fn one_outage_is_no_flapping() {
        use UptimeStatus::{Down, Up};
        let looks: Vec<UptimeStatus> = [Up; 10].into_iter().chain([Down; 3]).chain([Up; 10]).collect();
        let (watch, changes) = run(Patience::default(), &looks);
        assert!(!watch.is_flapping);
        assert_eq!(changes.len(), 2);
    }
}
