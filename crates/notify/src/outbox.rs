//! What does not forget: notices on the disk until each of their routes is through with them.

mod delivery;
mod entry;
mod error;
mod ledger;
mod plan;
mod status;
mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use charter_deploy_model::Notice;
use charter_host::durable;
use charter_host::lock::{self, Holder};
use charter_host::{Clock, Scope};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::Notifier;
use crate::wording::{cut, cut_bytes};
use delivery::Delivery;
use entry::Entry;
use ledger::Ledger;
use writer::Pending;

pub use error::OutboxError;
pub use ledger::Lost;
pub use plan::Backoff;
pub use status::{DeliveryFailed, Queued, RouteStatus};

/// The journal's name; the number is that of its form.
const JOURNAL: &str = "outbox-1.ndjson";
/// A journal that is larger was not written by us, in bytes.
const JOURNAL_LIMIT: u64 = 256 << 20;
/// Longer titles are cut, in characters, and longer texts, in bytes.
const TITLE: usize = 500;
const TEXT: usize = 32 << 10;

/// One way to tell people, as the outbox uses it.
#[derive(Debug, Clone)]
pub struct Route {
    /// How it is done.
    pub notifier: Arc<dyn Notifier>,
    /// How many messages a minute go by it; beyond that, several notices are put into one.
    pub per_minute: u32,
}

/// How hard the outbox tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a route that failed is left alone.
    pub backoff: Backoff,
    /// After how many failed attempts at one notice somebody is told, so that it can be passed on.
    pub report_after: u32,
    /// A notice that is older is given up when it fails again.
    pub give_up_after: SignedDuration,
    /// One attempt may take this long, whatever its notifier does.
    pub attempt_limit: Duration,
    /// When more notices wait for one route, the oldest are given up.
    pub waiting_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            report_after: 3,
            give_up_after: SignedDuration::from_hours(24),
            attempt_limit: Duration::from_secs(65),
            waiting_limit: 10_000,
        }
    }
}

/// What the tasks share.
#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    ledger: Mutex<Ledger>,
    settled: Notify,
}

impl Shared {
    /// A fold that panicked half-way cannot be: it only moves plain data.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells people at least once by each route, over crashes and outages.
///
/// Each route has a task of its own, so a slow one delays no other. Dropping the outbox ends the tasks, as a crash
/// would, and frees it once the last write is over; [`Outbox::close`] lets them finish what they are doing.
#[derive(Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
    routes: BTreeMap<String, (&'static str, Arc<Notify>)>,
    journal: mpsc::Sender<Pending>,
    failed: mpsc::UnboundedSender<DeliveryFailed>,
    deliveries: JoinSet<()>,
    writer: JoinSet<()>,
    scope: Scope,
    settings: Settings,
    damaged: u64,
}

impl Outbox {
    /// Opens the outbox in a folder, making it when it is not there, and goes on with what waits in it.
    ///
    /// Also returns what did not arrive, as it turns out: at most two reports for each notice and route.
    ///
    /// Call it within a tokio runtime. What waits for a route that there is no longer is kept for
    /// [`Settings::give_up_after`], in case the route comes back.
    ///
    /// # Errors
    /// When another process has it, or its files cannot be used. Lines that cannot be read are no error: the file is
    /// kept beside the new one, and [`Outbox::damaged`] says how many there were.
    pub fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        routes: BTreeMap<String, Route>,
        settings: Settings,
    ) -> Result<(Self, mpsc::UnboundedReceiver<DeliveryFailed>), OutboxError> {
        durable::make_folder(folder).map_err(OutboxError::Durable)?;
        let holder = Holder::this_process("the outbox", folder, clock.now());
        let lock = lock::take(&folder.join("outbox.lock"), &holder).map_err(OutboxError::Locked)?;
        durable::sweep(folder).map_err(OutboxError::Durable)?;
        let path = folder.join(JOURNAL);
        let (mut ledger, whole, damaged) = load(&path, clock.now())?;
        let start_writing = writer::open(&path, whole, lock).map_err(OutboxError::Durable)?;
        for name in routes.keys() {
            ledger.lane(name);
        }

        let shared = Arc::new(Shared { clock, ledger: Mutex::new(ledger), settled: Notify::new() });
        let (journal, pending) = mpsc::channel(writer::PENDING);
        let (failed, failures) = mpsc::unbounded_channel();
        let mut writer = JoinSet::new();
        writer.spawn(start_writing(Arc::clone(&shared), pending).until_closed());
        let mut outbox = Self {
            shared,
            routes: BTreeMap::new(),
            journal,
            failed,
            deliveries: JoinSet::new(),
            writer,
            scope: Scope::default(),
            settings,
            damaged,
        };
        outbox.give_up_on_the_unroutable(&routes);
        for (name, route) in routes {
            outbox.start(name, route);
        }
        Ok((outbox, failures))
    }

    fn start(&mut self, name: String, route: Route) {
        let arrived = Arc::new(Notify::new());
        self.routes.insert(name.clone(), (route.notifier.meta().id, Arc::clone(&arrived)));
        let delivery = Delivery {
            name,
            route,
            settings: self.settings,
            shared: Arc::clone(&self.shared),
            arrived,
            journal: self.journal.clone(),
            failed: self.failed.clone(),
        };
        self.deliveries.spawn(delivery.run(self.scope.child()));
    }

    fn give_up_on_the_unroutable(&self, routes: &BTreeMap<String, Route>) {
        let now = self.shared.clock.now();
        let mut ledger = self.shared.ledger();
        let too_old: Vec<Lost> = (ledger.lanes.iter())
            .filter(|(name, _)| !routes.contains_key(*name))
            .flat_map(|(name, lane)| lane.waiting.values().map(move |waiting| (name, waiting)))
            .filter(|(_, waiting)| now.duration_since(waiting.queued_at) > self.settings.give_up_after)
            .map(|(name, waiting)| lost(name, &waiting.notice, now, "the route is no longer configured"))
            .collect();
        for lost in too_old {
            self.give_up(&mut ledger, lost);
        }
    }

    /// Without room for the receipt nothing is given up, for it would come back after a crash.
    fn give_up(&self, ledger: &mut Ledger, lost: Lost) {
        let Ok(permit) = self.journal.try_reserve() else { return };
        let entry = Entry::GaveUp(lost);
        ledger.learn(&entry);
        permit.send(Pending { entry, written: None });
    }

    /// Brings a notice in, to go by these routes; a route that had this key before does not get it again.
    ///
    /// It is on the disk when this returns, and its delivery has begun by then. How long that takes is up to the disk:
    /// what must not wait for a disk calls this from a task of its own. What is for a route that there is not (yet) is
    /// kept, and reported as not delivered.
    ///
    /// # Errors
    /// [`OutboxError::OnlyHeld`] when the disk did not take it; it is being delivered all the same.
    pub async fn enqueue(&self, notice: &Notice, routes: &[&str]) -> Result<Queued, OutboxError> {
        let (count, written) = {
            let mut ledger = self.shared.ledger();
            let fresh: Vec<String> = ledger.unknown(&notice.key, routes).into_iter().map(str::to_owned).collect();
            if fresh.is_empty() {
                return Ok(Queued { routes: 0 });
            }
            let permit = self.journal.try_reserve().map_err(|error| match error {
                mpsc::error::TrySendError::Full(()) => OutboxError::Full,
                mpsc::error::TrySendError::Closed(()) => OutboxError::Closed,
            })?;
            let count = fresh.len();
            let entry = Entry::Queued { at: self.shared.clock.now(), notice: bounded(notice), routes: fresh.clone() };
            // Delivery begins before the disk is done: who is to be told that it is full, is told.
            ledger.learn(&entry);
            let (written, is_written) = oneshot::channel();
            permit.send(Pending { entry, written: Some(written) });
            for route in &fresh {
                self.keep_to_the_limit(&mut ledger, route);
                match self.routes.get(route) {
                    Some((_, arrived)) => arrived.notify_one(),
                    None => self.report_unroutable(notice, route),
                }
            }
            (count, is_written)
        };
        match written.await {
            Ok(outcome) => outcome.map(|()| Queued { routes: count }),
            Err(_) => Err(OutboxError::OnlyHeld { reason: "the outbox was closed meanwhile".to_owned() }),
        }
    }

    /// Nobody will try it, so nobody else would say that it does not arrive.
    fn report_unroutable(&self, notice: &Notice, route: &str) {
        let _ = self.failed.send(DeliveryFailed {
            notice: Arc::new(notice.clone()),
            route: route.to_owned(),
            attempts: 0,
            gave_up: false,
            error: "there is no such route at present".to_owned(),
        });
    }

    /// A route that takes nothing for days must not fill the memory: the oldest goes, and is kept as lost.
    fn keep_to_the_limit(&self, ledger: &mut Ledger, route: &str) {
        let lane = ledger.lane(route);
        let too_many = lane.waiting.len().saturating_sub(self.settings.waiting_limit);
        let oldest: Vec<Arc<Notice>> =
            lane.waiting.values().take(too_many).map(|waiting| Arc::clone(&waiting.notice)).collect();
        for notice in oldest {
            let because = format!("more than {} notices wait for this route", self.settings.waiting_limit);
            self.give_up(ledger, lost(route, &notice, self.shared.clock.now(), &because));
        }
    }

    /// Returns how each route is doing, sorted by name.
    #[must_use]
    pub fn status(&self) -> Vec<RouteStatus> {
        let ledger = self.shared.ledger();
        (ledger.lanes.iter())
            .map(|(name, lane)| RouteStatus {
                route: name.clone(),
                kind: self.routes.get(name).map(|(kind, _)| *kind),
                waiting: lane.waiting.len(),
                last_success: lane.last_success,
                last_failure: lane.last_error.as_ref().map(|(at, _)| *at),
                last_error: lane.last_error.as_ref().map(|(_, error)| error.clone()),
                consecutive_failures: lane.consecutive_failures,
                lost: lane.lost.iter().cloned().collect(),
            })
            .collect()
    }

    /// Returns how many lines of the journal could not be read when it was opened.
    #[must_use]
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Waits until nothing waits any more: everything was delivered or given up. That may be never; set a limit.
    pub async fn settled(&self) {
        loop {
            let settled = self.shared.settled.notified();
            if self.shared.ledger().is_settled() {
                return;
            }
            settled.await;
        }
    }

    /// Lets each route finish what it is delivering, writes the receipts, and ends. What waits is delivered when the
    /// outbox is opened again.
    pub async fn close(mut self) {
        self.scope.cancel.cancel();
        while self.deliveries.join_next().await.is_some() {}
        let Self { journal, mut writer, .. } = self;
        drop(journal);
        while writer.join_next().await.is_some() {}
    }
}

fn lost(route: &str, notice: &Notice, at: Timestamp, because: &str) -> Lost {
    Lost {
        at,
        key: notice.key.clone(),
        title: notice.title.clone(),
        route: route.to_owned(),
        because: because.to_owned(),
    }
}

fn bounded(notice: &Notice) -> Notice {
    Notice { title: cut(&notice.title, TITLE), text: cut_bytes(&notice.text, TEXT), ..notice.clone() }
}

/// Reads the journal; returns also where its last whole line ends and how many lines could not be read.
fn load(path: &Path, now: Timestamp) -> Result<(Ledger, u64, u64), OutboxError> {
    let unreadable = |source| OutboxError::Unreadable { path: path.to_owned(), source };
    let bytes = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(unreadable(error)),
        Ok(metadata) if metadata.len() == 0 => Vec::new(),
        Ok(metadata) if metadata.len() > JOURNAL_LIMIT => return Err(unreadable(io::ErrorKind::FileTooLarge.into())),
        Ok(_) => fs::read(path).map_err(unreadable)?,
    };
    let mut read = entry::read(&bytes);
    let mut ledger = Ledger::default();
    read.entries.iter().for_each(|entry| ledger.learn(entry));
    if read.damaged > 0 {
        let aside = path.with_extension(format!("damaged-{}", now.as_millisecond()));
        durable::replace(&aside, &bytes).map_err(OutboxError::Durable)?;
        let entries = ledger.compact(Timestamp::MIN);
        writer::rewrite(path, &entries).map_err(OutboxError::Durable)?;
        read.whole = fs::metadata(path).map_err(unreadable)?.len();
    }
    Ok((ledger, read.whole, read.damaged))
}
