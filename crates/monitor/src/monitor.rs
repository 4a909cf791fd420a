//! Watches until it is told to stop: hands looks to the engine, saves what it knows, tells people, keeps the series.
//!
//! Everything that may be slow (the disk, whoever carries notices, the store) is done by one task at a time beside the
//! loop, so that looks are taken in whatever becomes of it. What that task could not do it does the next time.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{
    DeploymentId, Environment, IncidentId, MonitoringHour, MonitoringId, MonitoringRun, MonitoringType, Notice,
    Percent, ProductionMonitoring, Stamp, UptimeGroup, UptimeIncident, UptimeStatus, statistics,
};
use charter_host::durable::{self, Appender, DurableError};
use charter_host::{Clock, Scope};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::engine::{Around, Effect, NoSuchAlert, Pulse, Standing, Watched};
use crate::runner::{self, Endpoint, Lateness, Look};
use crate::series::{Line, Series};
use crate::{Reading, UNKNOWN_LOCATION};

/// What the monitor needs of those around it.
#[async_trait]
pub trait Surroundings: Debug + Send + Sync {
    /// Takes a notice on: it is not lost any more when this returns. The same key twice is one notice.
    ///
    /// # Errors
    /// Why it could not be taken on, in words; it is brought again.
    async fn tell(&self, notice: &Notice) -> Result<(), String>;

    /// Records how things stood over the last minutes.
    ///
    /// # Errors
    /// Why it could not be recorded, in words.
    async fn record_run(&self, run: &MonitoringRun) -> Result<(), String>;

    /// Records an hour of looks; one that is on record already is fine.
    ///
    /// # Errors
    /// Why it could not be recorded, in words; it is brought again.
    async fn record_hour(&self, hour: &MonitoringHour) -> Result<(), String>;

    /// Records an outage that is over; one that is on record already is fine.
    ///
    /// # Errors
    /// Why it could not be recorded, in words; it is brought again.
    async fn record_incident(&self, incident: &UptimeIncident) -> Result<(), String>;

    /// Says what is going on around the sites.
    async fn around(&self, now: Timestamp) -> Around;

    /// Hears what is wrong with the monitor itself.
    fn warn(&self, words: &str);
}

/// What is watched, and how it is kept.
#[derive(Debug)]
pub struct Plan {
    /// What is looked at.
    pub endpoints: Vec<Endpoint>,
    /// What the engine knows of each, in the same order.
    pub watched: Vec<Watched>,
    /// The environment they show.
    pub environment: Environment,
    /// Where it is looked from.
    pub location: String,
    /// The folder for what is not recorded yet.
    pub folder: PathBuf,
    /// How often a run is recorded.
    pub record_every: Duration,
}

/// What somebody asks of a running monitor.
#[derive(Debug)]
pub enum Ask {
    /// Take an alert on.
    Acknowledge {
        /// Its name, or its endpoint's.
        which: String,
        /// Who takes it on.
        by: String,
        /// Why.
        reason: String,
        /// Where the answer goes.
        answer: tokio::sync::oneshot::Sender<Result<(), NoSuchAlert>>,
    },
}

/// How things stand, for whoever shows it.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// What the engine knows.
    pub standing: Arc<Standing>,
    /// Each endpoint in the plan's order: the last look and the looks of the last hour.
    pub endpoints: Vec<EndpointNow>,
    /// What was going on around.
    pub around: Around,
}

/// How one endpoint stands.
#[derive(Debug, Clone, Default)]
pub struct EndpointNow {
    /// When it was looked at last.
    pub seen: Option<Timestamp>,
    /// What was seen.
    pub reading: Option<Arc<Reading>>,
    /// How it was over the hours that are not recorded yet.
    pub seconds: charter_deploy_model::StatusSeconds,
    /// Times of the last hour in milliseconds, the oldest first: at most 120, evenly taken.
    pub recent: Vec<(Timestamp, Option<f64>, UptimeStatus)>,
}

/// Looks that nobody has taken in yet: ten minutes of a thousand endpoints each ten seconds.
const BACKLOG: usize = 1 << 16;
/// An hour is sealed so long after its end: looks may take their time.
const SEAL_AFTER: i64 = 90_000;
/// What is known is saved at least this often.
const SAVE_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Watches until the scope is cancelled.
///
/// # Errors
/// When the folder cannot be used, or what it holds was not written here.
pub async fn run(
    plan: Plan,
    clock: Arc<dyn Clock>,
    surroundings: Arc<dyn Surroundings>,
    lateness: Arc<Lateness>,
    mut asks: mpsc::Receiver<Ask>,
    shown: watch::Sender<Snapshot>,
    scope: &Scope,
) -> Result<(), KeepError> {
    durable::make_folder(&plan.folder).map_err(KeepError::Disk)?;
    let (standing, series) = restore(&plan.folder)?;
    let (sender, mut looks) = mpsc::channel(BACKLOG);
    let looking = {
        let (endpoints, clock, lateness, scope) =
            (plan.endpoints.clone(), Arc::clone(&clock), Arc::clone(&lateness), scope.clone());
        tokio::spawn(async move { runner::run(&endpoints, &clock, &sender, &lateness, &scope).await })
    };
    let (around, surroundings_now) = watch::channel(surroundings.around(clock.now()).await);
    let noticing = tokio::spawn(notice_around(Arc::clone(&surroundings), Arc::clone(&clock), around, scope.clone()));
    let now = clock.now();
    let mut room = Room {
        last: vec![EndpointNow::default(); plan.endpoints.len()],
        lines: Vec::new(),
        is_dirty: !standing.to_tell.is_empty() || !standing.to_record.is_empty(),
        saved: now,
        run_at: now,
        standing,
        series,
        around: surroundings_now,
        plan: Arc::new(plan),
        since: now,
        is_ending: false,
        problems: Vec::new(),
        lateness,
        clock,
        surroundings,
    };
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut writing: Option<JoinHandle<Written>> = None;
    loop {
        tokio::select! {
            biased;
            look = looks.recv() => match look {
                Some(look) => room.take(&look),
                // All who look have stopped.
                None => break,
            },
            written = finished(&mut writing) => {
                writing = None;
                room.written(written);
            }
            Some(ask) = asks.recv() => room.answer(ask),
            _ = ticks.tick() => {
                room.tick();
                if shown.receiver_count() > 0 {
                    let _ = shown.send(room.snapshot());
                }
            }
        }
        if writing.is_none() && room.has_to_write() {
            writing = Some(room.write());
        }
    }
    let _ = (looking.await, noticing.await);
    if let Some(writing) = writing.take() {
        room.written(writing.await.unwrap_or_default());
    }
    // What is known when it stops is known when it starts again.
    (room.is_dirty, room.is_ending) = (true, true);
    let last = room.write().await.unwrap_or_default();
    room.written(last);
    Ok(())
}

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// The disk refused.
    #[error("what is watched cannot be kept")]
    Disk(#[source] DurableError),
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{} was not written here, or is damaged: {problem}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Keeps an eye on what goes on around, which may be slow to tell.
async fn notice_around(
    surroundings: Arc<dyn Surroundings>,
    clock: Arc<dyn Clock>,
    around: watch::Sender<Around>,
    scope: Scope,
) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = scope.cancel.cancelled() => return,
        }
        let now = surroundings.around(clock.now()).await;
        around.send_replace(now);
    }
}

async fn finished(writing: &mut Option<JoinHandle<Written>>) -> Written {
    match writing {
        Some(handle) => handle.await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}

/// What the writing task did.
#[derive(Debug, Default)]
struct Written {
    told: BTreeSet<String>,
    recorded: BTreeSet<IncidentId>,
    sealed: Vec<i64>,
    lines: Vec<Line>,
    is_saved: bool,
    problems: Vec<String>,
}

struct Room {
    plan: Arc<Plan>,
    clock: Arc<dyn Clock>,
    surroundings: Arc<dyn Surroundings>,
    standing: Standing,
    series: Series,
    last: Vec<EndpointNow>,
    lines: Vec<Line>,
    around: watch::Receiver<Around>,
    is_dirty: bool,
    saved: Timestamp,
    run_at: Timestamp,
    since: Timestamp,
    is_ending: bool,
    problems: Vec<String>,
    lateness: Arc<Lateness>,
}

impl Room {
    fn take(&mut self, look: &Look) {
        let (watched, now) = (&self.plan.watched[look.endpoint], self.clock.now());
        let seconds = self.plan.endpoints[look.endpoint].slots.interval().as_secs_f64();
        let line = Line::of(&watched.name, &watched.address, seconds, look);
        self.series.add(&line);
        self.lines.push(line);
        let last = &mut self.last[look.endpoint];
        if let Some(reading) = &look.reading {
            (last.seen, last.reading) = (Some(look.due), Some(Arc::new(reading.clone())));
        }
        let effects = self.standing.look(watched, look, now);
        self.act(effects);
    }

    fn tick(&mut self) {
        let (around, now) = (self.around.borrow().clone(), self.clock.now());
        let effects = self.standing.tick(&self.plan.watched, &around, now);
        self.act(effects);
    }

    fn act(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Save => self.is_dirty = true,
                Effect::Ask(name) => {
                    if let Some(endpoint) = self.plan.endpoints.iter().find(|endpoint| endpoint.name == name) {
                        endpoint.now.notify_one();
                    }
                }
            }
        }
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Acknowledge { which, by, reason, answer } => {
                let done = self.standing.acknowledge(&which, &by, &reason, self.clock.now());
                self.is_dirty |= done.is_ok();
                let _ = answer.send(done);
            }
        }
    }

    fn has_to_write(&self) -> bool {
        let now = self.clock.now();
        self.is_dirty
            || now.duration_since(self.saved).abs() >= SAVE_EVERY
            || self.lines.len() >= 4096
            || self.hours_to_seal(now).next().is_some()
    }

    fn hours_to_seal(&self, now: Timestamp) -> impl Iterator<Item = i64> + '_ {
        self.series.hours().filter(move |hour| now.as_millisecond() > hour + 3_600_000 + SEAL_AFTER)
    }

    /// Begins to write all that is to be written.
    fn write(&mut self) -> JoinHandle<Written> {
        let now = self.clock.now();
        self.standing.pulse = (!self.is_ending).then(|| Pulse {
            since: self.since,
            at: now,
            lateness_p99_ms: self.lateness.milliseconds(99.0),
            missed: self.lateness.missed(),
            lost: self.lateness.lost(),
        });
        let hours: Vec<i64> = self.hours_to_seal(now).collect();
        let sealed: Vec<(i64, std::io::Result<Option<MonitoringHour>>)> =
            hours.into_iter().map(|hour| (hour, self.series.seal(hour, &self.plan.location))).collect();
        let is_due = now.duration_since(self.run_at).unsigned_abs() >= self.plan.record_every;
        let run = is_due.then(|| self.record(now)).flatten();
        if is_due {
            self.run_at = now;
        }
        let work = Work {
            folder: self.plan.folder.clone(),
            standing: self.standing.clone(),
            lines: std::mem::take(&mut self.lines),
            sealed,
            run,
            surroundings: Arc::clone(&self.surroundings),
        };
        (self.is_dirty, self.saved) = (false, now);
        tokio::spawn(work.run())
    }

    fn written(&mut self, written: Written) {
        self.standing.done(&written.told, &written.recorded);
        written.sealed.iter().for_each(|hour| self.series.forget(*hour));
        // What could not be appended comes first the next time.
        self.lines.splice(..0, written.lines);
        if !written.is_saved || !self.standing.to_tell.is_empty() || !self.standing.to_record.is_empty() {
            // It is tried again with the next tick, not at once: a full disk is not emptied by trying.
            self.saved = self.clock.now() - SAVE_EVERY + SignedDuration::from_secs(1);
        }
        // A disk that stays full is told of once, not with every try.
        for problem in written.problems.iter().filter(|problem| !self.problems.contains(problem)) {
            self.surroundings.warn(problem);
        }
        self.problems = written.problems;
    }

    /// Returns how things stood since the last run.
    fn record(&self, now: Timestamp) -> Option<MonitoringRun> {
        let id = MonitoringId::new(Stamp::of(now));
        let from = self.run_at.as_millisecond();
        let live = self.around.borrow().live.map(|(deployment, _)| deployment);
        let mut seen = BTreeSet::new();
        let entries = self.plan.watched.iter().zip(&self.last).map(|(watched, last)| {
            let looks: Vec<_> = self.series.since(&watched.name, from).collect();
            let mut site_url = watched.address.clone();
            if !seen.insert(site_url.clone()) {
                site_url = format!("{site_url}#{}", watched.name);
            }
            entry(
                id,
                now,
                site_url,
                self.plan.environment,
                live,
                &self.plan.location,
                &looks,
                last,
                &self.standing,
                watched,
            )
        });
        MonitoringRun::new(id, now, MonitoringType::Uptime, entries.collect()).ok()
    }

    fn snapshot(&self) -> Snapshot {
        let from = (self.clock.now() - SignedDuration::from_hours(1)).as_millisecond();
        let endpoints = self.plan.watched.iter().zip(&self.last).map(|(watched, last)| {
            let looks: Vec<_> = self.series.since(&watched.name, from).collect();
            let step = looks.len().div_ceil(120).max(1);
            let recent = looks.iter().step_by(step).map(|look| {
                let at = Timestamp::from_millisecond(look.at).unwrap_or_default();
                (at, look.took.map(|took| f64::from(took) / 1000.0), look.status)
            });
            EndpointNow { seconds: self.series.seconds(&watched.name), recent: recent.collect(), ..last.clone() }
        });
        Snapshot {
            standing: Arc::new(self.standing.clone()),
            endpoints: endpoints.collect(),
            around: self.around.borrow().clone(),
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "an entry has as many parts")]
fn entry(
    id: MonitoringId,
    now: Timestamp,
    site_url: String,
    environment: Environment,
    deployment_id: Option<DeploymentId>,
    location: &str,
    looks: &[crate::Sample],
    last: &EndpointNow,
    standing: &Standing,
    watched: &Watched,
) -> ProductionMonitoring {
    let times: Vec<f64> = looks.iter().filter_map(|look| look.took).map(|took| f64::from(took) / 1000.0).collect();
    let known = looks.iter().filter(|look| look.status != UptimeStatus::Unknown).count();
    let good = looks.iter().filter(|look| matches!(look.status, UptimeStatus::Up | UptimeStatus::Degraded)).count();
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let availability = (known > 0).then(|| good as f64 * 100.0 / known as f64);
    let of_this = standing.alerts.values().filter(|alert| alert.endpoint == watched.name);
    let reading = last.reading.as_ref().filter(|_| known > 0);
    ProductionMonitoring {
        monitoring_id: id,
        timestamp: now,
        monitoring_type: MonitoringType::Uptime,
        site_url,
        environment,
        deployment_id,
        uptime: Some(UptimeGroup {
            status: looks.last().map_or(UptimeStatus::Unknown, |look| look.status),
            response_time: statistics::median(&times),
            http_status: reading.and_then(|reading| reading.http_status()),
            location: if location.is_empty() { UNKNOWN_LOCATION.to_owned() } else { location.to_owned() },
            availability: availability.and_then(|value| Percent::new(value).ok()),
            incidents: of_this.clone().filter_map(|alert| alert.incident.clone()).collect(),
        }),
        performance: None,
        accessibility: None,
        security: None,
        constitutional: None,
        alerts: of_this.map(|alert| alert.alert.clone()).collect(),
        trends: None,
    }
}

/// All that one writing does.
struct Work {
    folder: PathBuf,
    standing: Standing,
    lines: Vec<Line>,
    sealed: Vec<(i64, std::io::Result<Option<MonitoringHour>>)>,
    run: Option<MonitoringRun>,
    surroundings: Arc<dyn Surroundings>,
}

impl Work {
    async fn run(self) -> Written {
        let mut written = Written::default();
        let (folder, standing) = (self.folder.clone(), self.standing.clone());
        let mut lines = self.lines;
        let kept = tokio::task::spawn_blocking(move || {
            let saved = save(&folder, &standing);
            let appended = append(&folder, &mut lines);
            (saved, appended, lines)
        });
        let Ok((saved, appended, left)) = kept.await else { return written };
        written.lines = left;
        written.is_saved = saved.is_ok();
        written
            .problems
            .extend([saved, appended].into_iter().filter_map(Result::err).map(|error| runner::in_words(&error)));
        if !written.is_saved {
            // Who is told before it is saved may be told again under another name.
            return written;
        }
        for notice in &self.standing.to_tell {
            match self.surroundings.tell(notice).await {
                Ok(()) => drop(written.told.insert(notice.key.clone())),
                Err(problem) => written.problems.push(format!("`{}` could not be told: {problem}", notice.title)),
            }
        }
        for incident in &self.standing.to_record {
            match self.surroundings.record_incident(incident).await {
                Ok(()) => drop(written.recorded.insert(incident.incident_id)),
                Err(problem) => written.problems.push(format!("an outage could not be recorded: {problem}")),
            }
        }
        for (hour, sealed) in self.sealed {
            let recorded = match sealed {
                Ok(Some(it)) => self.surroundings.record_hour(&it).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
            let file = hour_file(&self.folder, hour);
            match recorded {
                Ok(()) => {
                    written.sealed.push(hour);
                    let _ = tokio::task::spawn_blocking(move || durable::remove_file(&file)).await;
                }
                Err(problem) => written.problems.push(format!("an hour could not be recorded: {problem}")),
            }
        }
        if let Some(run) = &self.run
            && let Err(problem) = self.surroundings.record_run(run).await
        {
            written.problems.push(format!("a run could not be recorded: {problem}"));
        }
        written
    }
}

/// Where the standing is kept.
#[must_use]
pub fn standing_file(folder: &Path) -> PathBuf {
    folder.join("standing.json")
}

fn hour_file(folder: &Path, hour: i64) -> PathBuf {
    folder.join(format!("looks-{hour}.ndjson"))
}

fn save(folder: &Path, standing: &Standing) -> Result<(), DurableError> {
    let text = serde_json::to_vec(standing).expect("a standing has a JSON form");
    durable::replace(&standing_file(folder), &text)
}

/// Appends lines to the files of their hours, and leaves those that it could not append.
fn append(folder: &Path, lines: &mut Vec<Line>) -> Result<(), DurableError> {
    lines.sort_by_key(Line::hour);
    while let Some(hour) = lines.first().map(Line::hour) {
        let count = lines.iter().take_while(|line| line.hour() == hour).count();
        let mut bytes = Vec::new();
        for line in &lines[..count] {
            serde_json::to_writer(&mut bytes, line).expect("a line has a JSON form");
            bytes.push(b'\n');
        }
        Appender::open(&hour_file(folder, hour))?.append(&bytes)?;
        lines.drain(..count);
    }
    Ok(())
}

/// Reads what was known and seen before. A torn end of a file is what a crash left, and is not a look.
fn restore(folder: &Path) -> Result<(Standing, Series), KeepError> {
    durable::sweep(folder).map_err(KeepError::Disk)?;
    let standing = read_standing(folder)?.unwrap_or_default();
    let mut series = Series::default();
    let unreadable = |path: &Path, source| KeepError::Unreadable { path: path.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("looks-") || !name.ends_with(".ndjson") {
            continue;
        }
        let text = fs::read(&path).map_err(|error| unreadable(&path, error))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            let mut file = Appender::open(&path).map_err(KeepError::Disk)?;
            file.cut(whole as u64).map_err(KeepError::Disk)?;
        }
        for line in text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // One line that says nothing is one look less, and no reason to forget the others.
            if let Ok(line) = serde_json::from_slice::<Line>(line) {
                series.add(&line);
            }
        }
    }
    Ok((standing, series))
}

/// Reads how things stood when a monitor saved it last; nothing where none ever did.
///
/// # Errors
/// When the file cannot be read, or is damaged.
pub fn read_standing(folder: &Path) -> Result<Option<Standing>, KeepError> {
    let path = standing_file(folder);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeepError::Unreadable { path, source }),
    };
    let standing = serde_json::from_slice(&text);
    standing.map(Some).map_err(|error| KeepError::Malformed { path, problem: error.to_string() })
}
