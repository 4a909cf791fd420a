//! One route's task: takes what waits for it, one message after the other.

use std::sync::Arc;
use std::time::Duration;

use charter_deploy_model::Notice;
use charter_host::Scope;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::entry::Entry;
use super::ledger::{Lost, Waiting};
use super::plan::{self, Pace, Step};
use super::writer::Pending;
use super::{DeliveryFailed, Route, Settings, Shared};
use crate::{Notifier, NotifyError};

/// What a route's task holds.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) name: String,
    pub(super) route: Route,
    pub(super) settings: Settings,
    pub(super) shared: Arc<Shared>,
    pub(super) arrived: Arc<Notify>,
    pub(super) journal: mpsc::Sender<Pending>,
    pub(super) failed: mpsc::UnboundedSender<DeliveryFailed>,
}

impl Delivery {
    /// Delivers until cancelled; what is being delivered at that moment is still brought to its end.
    pub(super) async fn run(self, scope: Scope) {
        let mut pace = Pace::default();
        loop {
            let folds = self.route.notifier.folds();
            let step = {
                let mut ledger = self.shared.ledger();
                plan::next(ledger.lane(&self.name), &mut pace, self.route.per_minute, folds, Instant::now())
            };
            let mut pause = Duration::ZERO;
            if let Step::Send(orders) = &step {
                pause = self.send(orders).await;
                pace.sent(Instant::now());
            }
            let wait = async {
                match step {
                    Step::Send(_) => tokio::time::sleep(pause).await,
                    // What arrives meanwhile may be too urgent to wait.
                    Step::Wait(until) => drop(tokio::time::timeout_at(until, self.arrived.notified()).await),
                    Step::Idle => self.arrived.notified().await,
                }
            };
            tokio::select! {
                biased;
                () = scope.cancel.cancelled() => return,
                () = wait => {}
            }
        }
    }

    /// Sends one message, and returns how long to leave the receiver alone after it.
    async fn send(&self, orders: &[u64]) -> Duration {
        let items: Vec<Waiting> = {
            let mut ledger = self.shared.ledger();
            let lane = ledger.lane(&self.name);
            orders.iter().filter_map(|order| lane.waiting.get(order).cloned()).collect()
        };
        let notice = match items.as_slice() {
            [] => return Duration::ZERO,
            [only] => Arc::clone(&only.notice),
            several => match plan::digest(&several.iter().collect::<Vec<_>>()) {
                Some(digest) => Arc::new(digest),
                None => return Duration::ZERO,
            },
        };
        match attempt(&self.route.notifier, notice, self.settings.attempt_limit).await {
            Ok(()) => {
                let keys = items.iter().map(|item| item.notice.key.clone()).collect();
                self.record(Entry::Delivered { at: self.shared.clock.now(), keys, route: self.name.clone() }).await;
                self.shared.ledger().lane(&self.name).consecutive_failures = 0;
                self.shared.settled.notify_waiters();
                Duration::ZERO
            }
            Err(error) => self.failed(orders, &items, &error).await,
        }
    }

    async fn failed(&self, orders: &[u64], items: &[Waiting], error: &NotifyError) -> Duration {
        let now = self.shared.clock.now();
        let failures = {
            let mut ledger = self.shared.ledger();
            let lane = ledger.lane(&self.name);
            lane.consecutive_failures = lane.consecutive_failures.saturating_add(1);
            lane.last_error = Some((now, error.to_string()));
            for order in orders {
                if let Some(waiting) = lane.waiting.get_mut(order) {
                    waiting.attempts = waiting.attempts.saturating_add(1);
                    // Perhaps only one of them is what the receiver will not take.
                    waiting.alone |= error.is_permanent();
                }
            }
            lane.consecutive_failures
        };
        let was_folded = items.len() > 1;
        for item in items {
            let attempts = item.attempts.saturating_add(1);
            let is_too_old = now.duration_since(item.queued_at) > self.settings.give_up_after;
            let gave_up = (error.is_permanent() && !was_folded) || is_too_old;
            if gave_up {
                let because = match error.is_permanent() {
                    true => error.to_string(),
                    false => format!("{error}, {attempts} times since {}", item.queued_at),
                };
                self.record(Entry::GaveUp(Lost {
                    at: now,
                    key: item.notice.key.clone(),
                    title: item.notice.title.clone(),
                    route: self.name.clone(),
                    because,
                }))
                .await;
                self.shared.settled.notify_waiters();
            }
            if gave_up || attempts == self.settings.report_after {
                let _ = self.failed.send(DeliveryFailed {
                    notice: Arc::clone(&item.notice),
                    route: self.name.clone(),
                    attempts,
                    gave_up,
                    error: error.to_string(),
                });
            }
        }
        let seed = items.first().map(|item| format!("{} {}", self.name, item.notice.key)).unwrap_or_default();
        self.settings.backoff.delay(failures, &seed).max(error.retry_after().unwrap_or_default())
    }

    /// Learns a receipt, and has it written. A receipt that the disk did not get is written with the next one.
    async fn record(&self, entry: Entry) {
        self.shared.ledger().learn(&entry);
        let _ = self.journal.send(Pending { entry, written: None }).await;
    }
}

/// Ends the task when dropped.
struct Aborting(tokio::task::JoinHandle<Result<(), NotifyError>>);

impl Drop for Aborting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tries once, and survives a notifier that panics or forgets its own time limit.
async fn attempt(notifier: &Arc<dyn Notifier>, notice: Arc<Notice>, limit: Duration) -> Result<(), NotifyError> {
    let notifier = Arc::clone(notifier);
    let mut task = Aborting(tokio::spawn(async move { notifier.notify(&notice, &Scope::default()).await }));
    match tokio::time::timeout(limit, &mut task.0).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(NotifyError::Broken),
        Err(_) => Err(NotifyError::TimedOut { limit }),
    }
}
