//! What the journal comes to: what waits where, and which keys are known.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use charter_deploy_model::Notice;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::Entry;

/// So much of what a route lost is kept.
const LOST: usize = 100;

/// A notice that a route will never deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lost {
    /// When it was given up.
    pub at: Timestamp,
    /// The notice's key.
    pub key: String,
    /// What it was about.
    pub title: String,
    /// The route.
    pub route: String,
    /// Why.
    pub because: String,
}

/// A notice that a route has yet to deliver.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) notice: Arc<Notice>,
    pub(super) queued_at: Timestamp,
    /// How often it was tried by this process.
    pub(super) attempts: u32,
    /// Whether it goes alone, because a message that it was folded into was refused.
    pub(super) alone: bool,
}

/// What there is to know about one route.
#[derive(Debug, Clone, Default)]
pub(super) struct Lane {
    /// By their order of arrival.
    pub(super) waiting: BTreeMap<u64, Waiting>,
    pub(super) last_success: Option<Timestamp>,
    pub(super) last_error: Option<(Timestamp, String)>,
    pub(super) consecutive_failures: u32,
    pub(super) lost: VecDeque<Lost>,
}

impl Lane {
    fn remove(&mut self, keys: &[String]) {
        let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
        self.waiting.retain(|_, waiting| !keys.contains(waiting.notice.key.as_str()));
    }
}

#[derive(Debug, Clone)]
struct Known {
    at: Timestamp,
    routes: BTreeSet<String>,
}

/// The fold of all entries. Learning an entry twice is learning it once.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pub(super) lanes: BTreeMap<String, Lane>,
    known: BTreeMap<String, Known>,
    arrived: u64,
}

impl Ledger {
    /// Returns which of the routes a key was never queued for.
    pub(super) fn unknown<'a>(&self, key: &str, routes: &[&'a str]) -> Vec<&'a str> {
        let known = self.known.get(key);
        let mut fresh: Vec<&str> = Vec::new();
        for route in routes {
            if !known.is_some_and(|known| known.routes.contains(*route)) && !fresh.contains(route) {
                fresh.push(route);
            }
        }
        fresh
    }

    /// Learns one entry.
    pub(super) fn learn(&mut self, entry: &Entry) {
        match entry {
            Entry::Queued { at, notice, routes } => {
                let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
                let fresh = self.unknown(&notice.key, &routes);
                self.know(&notice.key, *at, &fresh);
                let notice = Arc::new(notice.clone());
                for route in fresh {
                    let waiting = Waiting { notice: Arc::clone(&notice), queued_at: *at, attempts: 0, alone: false };
                    let order = self.arrived;
                    self.lane(route).waiting.insert(order, waiting);
                }
                self.arrived += 1;
            }
            Entry::Delivered { at, keys, route } => {
                let lane = self.lane(route);
                lane.remove(keys);
                lane.last_success = Some(*at);
            }
            Entry::GaveUp(lost) => {
                let lane = self.lane(&lost.route);
                lane.remove(std::slice::from_ref(&lost.key));
                if !lane.lost.contains(lost) {
                    lane.lost.push_back(lost.clone());
                }
                if lane.lost.len() > LOST {
                    lane.lost.pop_front();
                }
            }
            Entry::Known { at, key, routes } => {
                let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
                self.know(key, *at, &routes);
            }
        }
    }

    fn know(&mut self, key: &str, at: Timestamp, routes: &[&str]) {
        let known = self.known.entry(key.to_owned()).or_insert_with(|| Known { at, routes: BTreeSet::new() });
        known.routes.extend(routes.iter().map(|&route| route.to_owned()));
    }

    /// Returns what there is to know about a route, which may be one that nobody heard of before.
    pub(super) fn lane(&mut self, route: &str) -> &mut Lane {
        if !self.lanes.contains_key(route) {
            self.lanes.insert(route.to_owned(), Lane::default());
        }
        self.lanes.get_mut(route).expect("it was put there")
    }

    /// Says whether nothing waits anywhere.
    pub(super) fn is_settled(&self) -> bool {
        self.lanes.values().all(|lane| lane.waiting.is_empty())
    }

    /// Forgets keys that came in before `since` and wait nowhere, and returns the fewest entries that come to the same.
    pub(super) fn compact(&mut self, since: Timestamp) -> Vec<Entry> {
        let mut waiting: BTreeMap<u64, (Arc<Notice>, Timestamp, Vec<String>)> = BTreeMap::new();
        for (route, lane) in &self.lanes {
            for (order, item) in &lane.waiting {
                let new = || (Arc::clone(&item.notice), item.queued_at, Vec::new());
                waiting.entry(*order).or_insert_with(new).2.push(route.clone());
            }
        }
        let mut waits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (notice, _, routes) in waiting.values() {
            waits.entry(&notice.key).or_default().extend(routes.iter().map(String::as_str));
        }
        self.known.retain(|key, known| known.at >= since || waits.contains_key(key.as_str()));
        let mut entries = Vec::new();
        for (key, known) in &self.known {
            let waits = waits.get(key.as_str());
            let through: Vec<String> = (known.routes.iter())
                .filter(|route| !waits.is_some_and(|waits| waits.contains(route.as_str())))
                .cloned()
                .collect();
            if !through.is_empty() {
                entries.push(Entry::Known { at: known.at, key: key.clone(), routes: through });
            }
        }
        for lane in self.lanes.values() {
            entries.extend(lane.lost.iter().cloned().map(Entry::GaveUp));
        }
        for (route, lane) in &self.lanes {
            let receipt = |at| Entry::Delivered { at, keys: Vec::new(), route: route.clone() };
            entries.extend(lane.last_success.map(receipt));
        }
        entries.extend(waiting.into_values().map(|(notice, at, routes)| Entry::Queued {
            at,
            notice: Arc::unwrap_or_clone(notice),
            routes,
        }));
        entries
    }
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::{AlertSeverity, Occasion};
    use proptest::prelude::*;

    use super::*;
    use crate::outbox::entry::read;

    /// What happens to the outbox: a notice comes in for some routes, or a route is through with what it has.
    #[derive(Debug, Clone)]
    enum Event {
        Comes { key: u8, routes: u8 },
        Taken { key: u8, route: u8 },
        Lost { key: u8, route: u8 },
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            3 => (0u8..4, 1u8..8).prop_map(|(key, routes)| Event::Comes { key, routes }),
            3 => (0u8..4, 0u8..3).prop_map(|(key, route)| Event::Taken { key, route }),
            1 => (0u8..4, 0u8..3).prop_map(|(key, route)| Event::Lost { key, route }),
        ]
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_230_431 + second).unwrap()
    }

    fn entry(event: &Event, at: Timestamp) -> Entry {
        let (key, route) = (|key: &u8| format!("{key}/raised"), |route: &u8| format!("r{route}"));
        match event {
            Event::Comes { key: number, routes } => Entry::Queued {
                at,
                notice: Notice::new(&key(number), Occasion::Raised, AlertSeverity::Error, "docs\nare down", at),
                routes: (0u8..3).filter(|n| routes & (1 << n) != 0).map(|n| route(&n)).collect(),
            },
            Event::Taken { key: number, route: by } => {
                Entry::Delivered { at, keys: vec![key(number)], route: route(by) }
            }
            Event::Lost { key: number, route: by } => Entry::GaveUp(super::Lost {
                at,
                key: key(number),
                title: String::new(),
                route: route(by),
                because: "400".to_owned(),
            }),
        }
    }

    /// Returns the entries of a history; only what waits can be taken or lost.
    fn history(events: &[Event]) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (second, event) in (0..).zip(events) {
            let is_possible = match event {
                Event::Comes { .. } => true,
                Event::Taken { key, route } | Event::Lost { key, route } => {
                    expected(&entries).contains(&(format!("{key}/raised"), format!("r{route}")))
                }
            };
            if is_possible {
                entries.push(entry(event, at(second)));
            }
        }
        entries
    }

    /// What must wait after these entries, worked out in the plainest way: a pair that came in and is not through.
    fn expected(entries: &[Entry]) -> BTreeSet<(String, String)> {
        let (mut waits, mut known) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            match entry {
                Entry::Queued { notice, routes, .. } => {
                    for route in routes {
                        let pair = (notice.key.clone(), route.clone());
                        if known.insert(pair.clone()) {
                            waits.insert(pair);
                        }
                    }
                }
                Entry::Delivered { keys, route, .. } => {
                    for key in keys {
                        waits.remove(&(key.clone(), route.clone()));
                    }
                }
                Entry::GaveUp(lost) => {
                    waits.remove(&(lost.key.clone(), lost.route.clone()));
                }
                Entry::Known { .. } => {}
            }
        }
        waits
    }

    fn waits(ledger: &Ledger) -> BTreeSet<(String, String)> {
        let of = |(route, lane): (&String, &Lane)| {
            lane.waiting.values().map(|waiting| (waiting.notice.key.clone(), route.clone())).collect::<Vec<_>>()
        };
        ledger.lanes.iter().flat_map(of).collect()
    }

    fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Ledger {
        let mut ledger = Ledger::default();
        entries.into_iter().for_each(|entry| ledger.learn(entry));
        ledger
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The machine may stop after any byte: what was acknowledged by then waits, unless it has its receipt.
        #[test]
        fn cut_at_any_byte_nothing_is_lost_and_nothing_comes_back(events in prop::collection::vec(event(), 1..14)) {
            let entries = history(&events);
            let mut journal = Vec::new();
            let ends: Vec<usize> = (entries.iter())
                .map(|entry| {
                    journal.extend(entry.line());
                    journal.len()
                })
                .collect();
            for cut in 0..=journal.len() {
                let read = read(&journal[..cut]);
                let whole = ends.iter().filter(|end| **end <= cut).count();
                prop_assert_eq!(read.damaged, 0);
                prop_assert_eq!(read.whole as usize, whole.checked_sub(1).map_or(0, |last| ends[last]));
                prop_assert_eq!(waits(&fold(&read.entries)), expected(&entries[..whole]));
            }
        }

        /// A compacted journal says the same, also when entries that it was made of are written after it once more.
        #[test]
        fn compaction_changes_nothing(events in prop::collection::vec(event(), 1..30), split in 0usize..30) {
            let entries = history(&events);
            let mut ledger = fold(&entries);
            let compacted = ledger.compact(at(0));
            let late = &entries[split.min(entries.len())..];
            let again = fold(compacted.iter().chain(late));
            prop_assert_eq!(waits(&again), waits(&ledger));
            for key in 0..6 {
                let key = format!("{key}/raised");
                prop_assert_eq!(again.unknown(&key, &["r0", "r1", "r2"]), ledger.unknown(&key, &["r0", "r1", "r2"]));
            }
            let order = |ledger: &Ledger| -> Vec<Vec<String>> {
                let keys = |lane: &Lane| lane.waiting.values().map(|waiting| waiting.notice.key.clone()).collect();
                ledger.lanes.values().map(keys).collect()
            };
            prop_assert_eq!(order(&fold(&compacted)), order(&ledger));
        }
    }

    #[test]
    fn an_old_key_is_forgotten_unless_it_waits() {
        let comes = |key, second| entry(&Event::Comes { key, routes: 1 }, at(second));
        let mut ledger = fold(&[comes(1, 0), comes(2, 0), entry(&Event::Taken { key: 2, route: 0 }, at(1))]);
        ledger.compact(at(60));
        assert_eq!(ledger.unknown("1/raised", &["r0"]), [""; 0]);
        assert_eq!(ledger.unknown("2/raised", &["r0"]), ["r0"]);
    }
}
