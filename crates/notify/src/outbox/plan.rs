//! What a route does next: pure.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use aws_lc_rs::digest;
use charter_deploy_model::{AlertSeverity, Notice};
use serde::Deserialize;
use tokio::time::Instant;

use super::ledger::{Lane, Waiting};
use crate::wording::{cut, fingerprint, label, one_line};

/// How long a route that failed is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Backoff {
    /// At most this long after the first failure; twice as long after each further one.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(2), longest: Duration::from_secs(60) }
    }
}

impl Backoff {
    /// Returns how long to wait after so many failures in a row: anything up to the limit ("full jitter"), and the same
    /// for the same seed, so that many routes do not come back at one moment and a test can tell what will be.
    #[must_use]
    pub fn delay(&self, failures: u32, seed: &str) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let ceiling = self.first.saturating_mul(2u32.saturating_pow(doublings)).min(self.longest);
        let digest = digest::digest(&digest::SHA256, format!("{seed} {failures}").as_bytes());
        let bits = digest.as_ref()[..4].iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        ceiling.mul_f64(f64::from(bits) / f64::from(u32::MAX))
    }
}

/// A minute, as `per-minute` means it.
const MINUTE: Duration = Duration::from_secs(60);
/// So many titles are in a digest.
const TITLES: usize = 20;

/// What a route does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// There is nothing to do.
    Idle,
    /// It may not send until then.
    Wait(Instant),
    /// It sends these as one message.
    Send(Vec<u64>),
}

/// When a route sent its last messages; those of more than a minute ago are forgotten.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace(VecDeque<Instant>);

impl Pace {
    pub(super) fn sent(&mut self, at: Instant) {
        self.0.push_back(at);
    }
}

/// Decides what a route does next.
///
/// The most urgent goes first of those that were tried least often, so that one which nobody takes does not hold up the
/// others; of one thread always the first, so that nothing is over before it began. The last message that a minute has
/// room for takes everything along, if people read it; a quarter more is kept free for what is critical and new.
pub(super) fn next(lane: &Lane, pace: &mut Pace, per_minute: u32, folds: bool, now: Instant) -> Step {
    while pace.0.front().is_some_and(|sent| now.duration_since(*sent) >= MINUTE) {
        pace.0.pop_front();
    }
    let Some(first) = first(lane) else { return Step::Idle };
    let is_pressing = |waiting: &Waiting| waiting.attempts == 0 && waiting.notice.severity == AlertSeverity::Critical;
    let reserve = if lane.waiting.get(&first).is_some_and(is_pressing) { reserve(per_minute) } else { 0 };
    let most = per_minute.max(1).saturating_add(reserve) as usize;
    let left = most.saturating_sub(pace.0.len());
    if left == 0 {
        // Room is made when all but `most - 1` of them are a minute old.
        let until = pace.0.get(pace.0.len() - most).map_or(now, |sent| *sent + MINUTE);
        return Step::Wait(until);
    }
    let together: Vec<u64> =
        lane.waiting.iter().filter(|(_, waiting)| !waiting.alone).map(|(order, _)| *order).collect();
    if folds && left == 1 && together.len() > 1 { Step::Send(together) } else { Step::Send(vec![first]) }
}

/// Returns how many messages a minute are kept free for what is critical.
fn reserve(per_minute: u32) -> u32 {
    (per_minute / 4).max(1)
}

fn first(lane: &Lane) -> Option<u64> {
    let mut threads = BTreeSet::new();
    (lane.waiting.iter())
        .filter(|(_, waiting)| threads.insert(waiting.notice.thread.as_str()))
        .min_by_key(|(order, waiting)| (waiting.attempts, std::cmp::Reverse(waiting.notice.severity), **order))
        .map(|(order, _)| *order)
}

/// Puts several notices into one: the most urgent one's occasion and severity, and a line for each.
pub(super) fn digest(waiting: &[&Waiting]) -> Option<Notice> {
    let worst = waiting.iter().max_by_key(|waiting| waiting.notice.severity)?;
    let keys: Vec<&str> = waiting.iter().map(|waiting| waiting.notice.key.as_str()).collect();
    let name = format!("digest-{}", fingerprint(&keys.join("\n")));
    let title = format!("{} notices at once", waiting.len());
    let mut notice = Notice::new(&name, worst.notice.occasion, worst.notice.severity, &title, worst.notice.at);
    let mut lines: Vec<String> = (waiting.iter().take(TITLES))
        .map(|waiting| {
            format!("{} [{}] {}", waiting.notice.at, label(&waiting.notice), one_line(&cut(&waiting.notice.title, 100)))
        })
        .collect();
    if waiting.len() > TITLES {
        lines.push(format!("and {} more", waiting.len() - TITLES));
    }
    notice.text = lines.join("\n");
    notice.link = worst.notice.link.clone();
    Some(notice)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use charter_deploy_model::Occasion;
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn waiting(key: &str, severity: AlertSeverity, attempts: u32) -> Waiting {
        let at = Timestamp::from_second(1_795_230_431).unwrap();
        let notice = Arc::new(Notice::new(key, Occasion::Raised, severity, key, at));
        Waiting { notice, queued_at: at, attempts, alone: false }
    }

    fn lane(waiting: impl IntoIterator<Item = Waiting>) -> Lane {
        Lane { waiting: (0..).zip(waiting).collect(), ..Lane::default() }
    }

    #[tokio::test]
    async fn the_urgent_goes_first_and_what_nobody_takes_last() {
        use AlertSeverity::{Critical, Info};
        let (mut pace, now) = (Pace::default(), Instant::now());
        let mut step = |lane: &Lane| next(lane, &mut pace, 20, true, now);
        assert_eq!(step(&lane([])), Step::Idle);
        assert_eq!(step(&lane([waiting("a/1", Info, 0), waiting("b/1", Critical, 0)])), Step::Send(vec![1]));
        assert_eq!(step(&lane([waiting("a/1", Info, 0), waiting("b/1", Critical, 1)])), Step::Send(vec![0]));
        assert_eq!(step(&lane([waiting("a/1", Info, 7), waiting("a/2", Critical, 0)])), Step::Send(vec![0]));
    }

    #[tokio::test]
    async fn what_is_critical_does_not_wait_for_a_minute_full_of_chatter() {
        use AlertSeverity::{Critical, Info};
        let (mut pace, now) = (Pace::default(), Instant::now());
        (0..8).for_each(|_| pace.sent(now));
        let chatter = lane([waiting("a/1", Info, 0)]);
        assert_eq!(next(&chatter, &mut pace, 8, true, now), Step::Wait(now + MINUTE));
        let outage = lane([waiting("a/1", Info, 0), waiting("b/1", Critical, 0)]);
        assert_eq!(next(&outage, &mut pace, 8, true, now), Step::Send(vec![1]));
        pace.sent(now);
        assert_eq!(next(&outage, &mut pace, 8, true, now), Step::Send(vec![0, 1]));
        pace.sent(now);
        assert_eq!(next(&outage, &mut pace, 8, true, now), Step::Wait(now + MINUTE));
    }

    #[tokio::test]
    async fn a_storm_becomes_one_message_for_people_and_waits_for_programs() {
        let now = Instant::now();
        let storm = lane((0..100).map(|n| waiting(&format!("{n}/raised"), AlertSeverity::Error, 0)));
        let sent = |count: usize| {
            let mut pace = Pace::default();
            (0..count).for_each(|_| pace.sent(now));
            pace
        };
        assert_eq!(next(&storm, &mut sent(1), 3, true, now), Step::Send(vec![0]));
        assert_eq!(next(&storm, &mut sent(2), 3, true, now), Step::Send((0..100).collect()));
        assert_eq!(next(&storm, &mut sent(2), 3, false, now), Step::Send(vec![0]));
        assert_eq!(next(&storm, &mut sent(3), 3, true, now), Step::Wait(now + MINUTE));
        assert_eq!(next(&storm, &mut sent(3), 3, true, now + MINUTE), Step::Send(vec![0]));

        let items: Vec<&Waiting> = storm.waiting.values().collect();
        let digest = digest(&items).unwrap();
        assert_eq!(digest.title, "100 notices at once");
        assert!(digest.text.ends_with("and 80 more"));
    }

    proptest! {
        #[test]
        fn the_pause_grows_to_its_limit_and_never_beyond(failures in 0u32..100, seed in "[a-z]{0,8}") {
            let backoff = Backoff::default();
            let delay = backoff.delay(failures, &seed);
            let ceiling = 2f64.powi(failures.min(30) as i32);
            prop_assert!(delay <= backoff.longest && delay.as_secs_f64() <= ceiling);
            prop_assert_eq!(delay, backoff.delay(failures, &seed));
            prop_assert!(failures > 0 || delay.is_zero());
        }

        #[test]
        fn no_minute_has_more_messages_than_it_should(per_minute in 1u32..6, arrivals in prop::collection::vec((0u64..20, any::<bool>()), 1..60)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let start = Instant::now();
                let (mut now, mut pace, mut sent, mut lane) = (start, Pace::default(), Vec::new(), Lane::default());
                let mut delivered = 0;
                for (n, (pause, critical)) in arrivals.iter().enumerate() {
                    now += Duration::from_secs(*pause);
                    let severity = if *critical { AlertSeverity::Critical } else { AlertSeverity::Error };
                    lane.waiting.insert(n as u64, waiting(&format!("{n}/raised"), severity, 0));
                    while let Step::Send(orders) = next(&lane, &mut pace, per_minute, true, now) {
                        delivered += orders.len();
                        for order in orders {
                            lane.waiting.remove(&order);
                        }
                        pace.sent(now);
                        sent.push(now);
                    }
                }
                for at in &sent {
                    let within = sent.iter().filter(|other| *other >= at && other.duration_since(*at) < MINUTE).count();
                    assert!(within <= (per_minute + reserve(per_minute)) as usize);
                }
                assert_eq!(delivered + lane.waiting.len(), arrivals.len());
            });
        }
    }
}
