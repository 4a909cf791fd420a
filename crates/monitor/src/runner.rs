//! Looks at every endpoint when it is due. Nothing here waits for anything but the network and the clock: what was
//! seen is handed on through a channel, and whoever is at its other end may be slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use charter_deploy_model::UptimeStatus;
use charter_host::{Clock, Scope};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{Probe, Reading, Slots};

/// What is watched, and when.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// What looks at it.
    pub probe: Arc<dyn Probe>,
    /// When.
    pub slots: Slots,
    /// Woken to have it looked at at once.
    pub now: Arc<Notify>,
}

impl Endpoint {
    /// Puts an endpoint together.
    #[must_use]
    pub fn new(name: &str, probe: Arc<dyn Probe>, interval: Duration) -> Self {
        Self { name: name.to_owned(), probe, slots: Slots::of(name, interval), now: Arc::default() }
    }
}

/// What became of one moment at which an endpoint was to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Which endpoint, by its place in the list.
    pub endpoint: usize,
    /// The moment it was due.
    pub due: Timestamp,
    /// What was seen; absent when nobody looked or nothing could be learned.
    pub reading: Option<Reading>,
    /// Why nothing is known.
    pub unknown: Option<String>,
    /// How often it was looked at until it was certain; 0 when nobody looked.
    pub attempts: u32,
    /// Whether this moment is covered by the look of an earlier one, which took longer than the interval.
    pub is_covered: bool,
}

impl Look {
    /// Returns what it showed.
    #[must_use]
    pub fn status(&self) -> UptimeStatus {
        self.reading.as_ref().map_or(UptimeStatus::Unknown, |reading| reading.status)
    }
}

/// How far the runner is behind its plan, for those who ask.
#[derive(Debug, Default)]
pub struct Lateness {
    buckets: [AtomicU64; 24],
    missed: AtomicU64,
    lost: AtomicU64,
}

impl Lateness {
    fn note(&self, late: Duration) {
        // Each bucket is twice as wide as the one before, from one millisecond on.
        let millis = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
        let bucket = usize::try_from((u64::BITS - millis.leading_zeros()).min(23)).unwrap_or_default();
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how late the given share of all looks was at the most, in milliseconds, rounded up to a power of two;
    /// nothing before the first look.
    #[must_use]
    pub fn milliseconds(&self, percent: f64) -> Option<u64> {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let wanted = all as f64 * percent / 100.0;
        let mut sum = 0;
        counts.iter().enumerate().find_map(|(bucket, count)| {
            sum += count;
            #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
            (all > 0 && sum as f64 >= wanted).then(|| if bucket == 0 { 0 } else { 1 << bucket })
        })
    }

    /// Returns how many moments passed at which nobody looked.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// Returns how many looks nobody took note of, because whoever should was too far behind.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// How long after a bad look it is looked again, each time by a new connection, before it counts.
pub const CONFIRM_AFTER: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3)];

/// The longest sleep. A machine that slept, or a clock that was set, is noticed no later than this.
const NAP: Duration = Duration::from_secs(5);

/// What was overdue for longer is not made up for, so that nothing comes in a rush after a sleep.
const OVERDUE: SignedDuration = SignedDuration::from_secs(2);

/// Looks at all endpoints until the scope is cancelled. Looks that `seen` has no room for are counted as lost.
pub async fn run(
    endpoints: &[Endpoint],
    clock: &Arc<dyn Clock>,
    seen: &mpsc::Sender<Look>,
    lateness: &Arc<Lateness>,
    scope: &Scope,
) {
    let mut tasks = JoinSet::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        let one = One {
            index,
            endpoint: endpoint.clone(),
            clock: Arc::clone(clock),
            seen: seen.clone(),
            lateness: Arc::clone(lateness),
            scope: scope.clone(),
        };
        tasks.spawn(one.run());
    }
    while tasks.join_next().await.is_some() {}
}

struct One {
    index: usize,
    endpoint: Endpoint,
    clock: Arc<dyn Clock>,
    seen: mpsc::Sender<Look>,
    lateness: Arc<Lateness>,
    scope: Scope,
}

enum Woken {
    Due,
    Asked,
    SetBack,
    Stopped,
}

impl One {
    async fn run(self) {
        let slots = self.endpoint.slots;
        let (mut last, mut is_down) = (self.clock.now(), false);
        loop {
            let due = slots.after(last);
            match self.wait_for(due, last).await {
                Woken::Stopped => return,
                Woken::SetBack => last = self.clock.now(),
                Woken::Asked => {
                    let asked = self.clock.now();
                    if let Some(status) = self.look_and_tell(asked, is_down).await {
                        is_down = status == UptimeStatus::Down;
                    }
                    last = last.max(asked);
                }
                Woken::Due => {
                    let now = self.clock.now();
                    let late = now.duration_since(due);
                    if late > OVERDUE.max(slots.interval() / 2).min(slots.interval()) {
                        self.tell_missed(last, now);
                        last = now;
                        continue;
                    }
                    self.lateness.note(late.unsigned_abs());
                    if let Some(status) = self.look_and_tell(due, is_down).await {
                        is_down = status == UptimeStatus::Down;
                    }
                    last = due.max(self.clock.now().min(due + slots.interval() * 1000));
                }
            }
            if self.scope.cancel.is_cancelled() {
                return;
            }
        }
    }

    /// Waits by the wall clock, in naps: a timer does not run while the machine sleeps.
    async fn wait_for(&self, due: Timestamp, last: Timestamp) -> Woken {
        loop {
            let now = self.clock.now();
            if now >= due {
                return Woken::Due;
            }
            if last.duration_since(now) > self.endpoint.slots.interval() {
                return Woken::SetBack;
            }
            let nap = due.duration_since(now).unsigned_abs().min(NAP);
            tokio::select! {
                () = sleep(nap) => {}
                () = self.endpoint.now.notified() => return Woken::Asked,
                () = self.scope.cancel.cancelled() => return Woken::Stopped,
            }
        }
    }

    /// Looks, tells what was seen, and returns it; also for the moments that passed meanwhile.
    async fn look_and_tell(&self, due: Timestamp, is_down: bool) -> Option<UptimeStatus> {
        let look = self.look(due, is_down).await?;
        let status = look.status();
        let until = self.clock.now().min(due + self.endpoint.slots.interval() * 1000);
        let covered: Vec<Look> = self
            .endpoint
            .slots
            .each_between(due, until)
            .map(|due| Look { due, is_covered: true, ..look.clone() })
            .collect();
        self.tell(look);
        covered.into_iter().for_each(|look| self.tell(look));
        (status != UptimeStatus::Unknown).then_some(status)
    }

    async fn look(&self, due: Timestamp, is_down: bool) -> Option<Look> {
        let mut look = Look { endpoint: self.index, due, reading: None, unknown: None, attempts: 0, is_covered: false };
        // What is known to be down need not be confirmed each time.
        let again = if is_down { &[][..] } else { &CONFIRM_AFTER[..] };
        for wait in std::iter::once(None).chain(again.iter().map(Some)) {
            if let Some(wait) = wait {
                tokio::select! {
                    () = sleep(*wait) => {}
                    () = self.scope.cancel.cancelled() => return None,
                }
            }
            look.attempts += 1;
            match self.endpoint.probe.measure(&self.scope).await {
                Ok(reading) => (look.reading, look.unknown) = (Some(reading), None),
                Err(crate::ProbeError::Cancelled) => return None,
                Err(error) => (look.reading, look.unknown) = (None, Some(in_words(&error))),
            }
            if look.status() != UptimeStatus::Down {
                break;
            }
        }
        Some(look)
    }

    fn tell_missed(&self, last: Timestamp, now: Timestamp) {
        let missed = self.endpoint.slots.between(last, now);
        self.lateness.missed.fetch_add(missed, Ordering::Relaxed);
        // A sleep of months is no reason to fill the memory: the newest day is told, the rest is not planned time.
        let from = last.max(now - SignedDuration::from_hours(24));
        for due in self.endpoint.slots.each_between(from, now) {
            let unknown = Some("nobody looked: this machine was asleep or overloaded".to_owned());
            self.tell(Look { endpoint: self.index, due, reading: None, unknown, attempts: 0, is_covered: false });
        }
    }

    fn tell(&self, look: Look) {
        if self.seen.try_send(look).is_err() {
            self.lateness.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Returns an error with its causes.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

/// Looks at all endpoints once, so many at a time, and returns what was seen in their order.
pub async fn once(endpoints: &[Endpoint], clock: &dyn Clock, at_once: usize, scope: &Scope) -> Vec<Look> {
    let permits = Arc::new(tokio::sync::Semaphore::new(at_once.max(1)));
    let mut tasks = JoinSet::new();
    let due = clock.now();
    for (index, endpoint) in endpoints.iter().enumerate() {
        let (endpoint, scope, permits) = (endpoint.clone(), scope.clone(), Arc::clone(&permits));
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            let measured = endpoint.probe.measure(&scope).await;
            let (reading, unknown) = match measured {
                Ok(reading) => (Some(reading), None),
                Err(error) => (None, Some(in_words(&error))),
            };
            Look { endpoint: index, due, reading, unknown, attempts: 1, is_covered: false }
        });
    }
    let mut looks = Vec::new();
    while let Some(done) = tasks.join_next().await {
        looks.extend(done.ok());
        scope.progress(looks.len() as u64, Some(endpoints.len() as u64), "looking");
    }
    looks.sort_by_key(|look| look.endpoint);
    looks
}
