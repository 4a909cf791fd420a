//! The monitor's surroundings: the project's records, its deployments, and whoever is to be told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use charter_deploy_model::{
    DeploymentId, DeploymentStatus, Environment, MonitoringHour, MonitoringRun, Notice, Occasion, ProductionDeployment,
    Record, UptimeIncident,
};
use charter_monitor::rules::labels::Labels;
use charter_monitor::rules::window::Maintenance;
use charter_monitor::{Around, Surroundings};
use charter_notify::{DeliveryFailed, Outbox, Policy};
use charter_pipeline::Project;
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::output::Output;
use crate::recording;
use crate::silences;

/// A deployment that has shown no sign of life for so long is not under way any more.
const UNDER_WAY: Duration = Duration::from_secs(15 * 60);

/// Where the monitor keeps what is not recorded yet, below the records.
pub(crate) const FOLDER: &str = "journal/monitor";

/// The label that holds an endpoint's name.
pub(crate) const ENDPOINT: &str = "endpoint";

/// The newest record of a deployment, and what it says of what users see.
type Newest = (PathBuf, Option<(DeploymentId, Timestamp)>);

/// What goes on around the sites of one project.
#[derive(Debug)]
pub(crate) struct Watching {
    project: Arc<Project>,
    output: Output,
    outbox: Option<Outbox>,
    policy: Policy,
    maintenance: Vec<Maintenance>,
    labels: Vec<Labels>,
    newest: Mutex<Option<Newest>>,
    recording: tokio::sync::Mutex<()>,
}

impl Watching {
    /// `labels` are those of each endpoint, among them its name as [`ENDPOINT`].
    pub(crate) fn new(
        project: Arc<Project>,
        output: Output,
        outbox: Option<Outbox>,
        policy: Policy,
        maintenance: Vec<Maintenance>,
        labels: Vec<Labels>,
    ) -> Self {
        let (newest, recording) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { project, output, outbox, policy, maintenance, labels, newest, recording }
    }

    /// Passes on what a route could not deliver, until there is nothing more to hear.
    pub(crate) async fn pass_on(&self, mut failures: mpsc::UnboundedReceiver<DeliveryFailed>) {
        while let Some(failed) = failures.recv().await {
            self.output.note(&format!("! `{}` did not take `{}`: {}", failed.route, failed.notice.title, failed.error));
            let is_alert = matches!(failed.notice.occasion, Occasion::Raised | Occasion::Reminder);
            if !is_alert {
                continue;
            }
            let mut notice = Notice::clone(&failed.notice);
            notice.key = format!("{}/not-by-{}", notice.key, failed.route);
            notice.occasion = Occasion::Escalated;
            let routes = self.policy.routes_for(&notice);
            let others: Vec<&str> = routes.into_iter().filter(|route| *route != failed.route).collect();
            if let (Some(outbox), false) = (&self.outbox, others.is_empty())
                && let Err(error) = outbox.enqueue(&notice, &others).await
            {
                self.output.note(&format!("! it could not be passed on: {}", recording::chain(&error)));
            }
        }
    }

    /// Waits until everything was delivered or given up, but not for ever.
    pub(crate) async fn settled(&self, limit: Duration) {
        if let Some(outbox) = &self.outbox {
            let _ = tokio::time::timeout(limit, outbox.settled()).await;
        }
    }

    fn silenced(&self, now: Timestamp) -> BTreeMap<String, String> {
        let silences = silences::read(&self.project.records.join(FOLDER));
        let reason = |labels: &Labels| {
            let found = silences.iter().find(|(_, silence)| silence.matches(labels, now));
            let (_, silence) = found?;
            Some((labels.get(ENDPOINT)?.clone(), format!("{} ({})", silence.reason(), silence.author())))
        };
        self.labels.iter().filter_map(reason).collect()
    }

    /// Brings to an end what a predecessor was about to record when it died.
    pub(crate) async fn settle(&self) -> Result<(), String> {
        recording::settle(&self.project.store, &intent(&self.project.records)).await
    }

    async fn record<R: Record>(&self, record: &R) -> Result<(), String> {
        let _one_at_a_time = self.recording.lock().await;
        recording::record(&self.project.store, &intent(&self.project.records), record).await
    }

    /// Returns the newest deployment that users see, and when it went live; read again only when there is a newer one.
    fn live(&self) -> Option<(DeploymentId, Timestamp)> {
        let folder = self.project.records.join("deployments");
        let entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        let newest = entries.filter(|path| path.to_string_lossy().ends_with("-deployment.json")).max()?;
        let mut known = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((path, live)) = known.as_ref()
            && *path == newest
        {
            return *live;
        }
        let live = read_live(&newest, self.project.settings.environment).or(known.as_ref().and_then(|(_, live)| *live));
        *known = Some((newest, live));
        live
    }
}

fn read_live(path: &Path, environment: Environment) -> Option<(DeploymentId, Timestamp)> {
    let record: ProductionDeployment = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let is_shown = record.status == DeploymentStatus::Success && record.environment == environment;
    is_shown.then_some((record.deployment_id, record.finished_at))
}

fn intent(records: &Path) -> PathBuf {
    records.join(FOLDER).join("recording.json")
}

/// Names the deployment that is under way, by its journal.
fn under_way(records: &Path) -> Option<String> {
    let entries = fs::read_dir(records.join("journal")).ok()?.flatten();
    let is_young = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        modified.is_some_and(|modified| age(modified) < UNDER_WAY)
    };
    let names = entries.filter(is_young).map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(".ndjson").map(str::to_owned)).max()
}

#[expect(clippy::disallowed_methods, reason = "the age of a file is the file system's time, not a record's")]
fn age(modified: SystemTime) -> Duration {
    SystemTime::now().duration_since(modified).unwrap_or_default()
}

#[async_trait]
impl Surroundings for Watching {
    async fn tell(&self, notice: &Notice) -> Result<(), String> {
        let routes = self.policy.routes_for(notice);
        if let Some(outbox) = &self.outbox {
            let queued = outbox.enqueue(notice, &routes).await.map_err(|error| recording::chain(&error))?;
            // What was told before the last crash was seen before it.
            if queued.routes == 0 && !routes.is_empty() {
                return Ok(());
            }
        }
        self.output.notice(notice);
        Ok(())
    }

    async fn record_run(&self, run: &MonitoringRun) -> Result<(), String> {
        self.record(run).await
    }

    async fn record_hour(&self, hour: &MonitoringHour) -> Result<(), String> {
        self.record(hour).await
    }

    async fn record_incident(&self, incident: &UptimeIncident) -> Result<(), String> {
        let _one_at_a_time = self.recording.lock().await;
        let intent = intent(&self.project.records);
        recording::record_incident(&self.project.store, &intent, incident).await.map(drop)
    }

    async fn around(&self, now: Timestamp) -> Around {
        let deploying = under_way(&self.project.records).map(|id| format!("the deployment {id} is under way"));
        let open = self.maintenance.iter().find(|window| window.is_open(now));
        let maintained = open.map(|window| format!("maintenance: {}", window.config().reason));
        Around { live: self.live(), quiet: deploying.or(maintained), silenced: self.silenced(now) }
    }

    fn warn(&self, words: &str) {
        self.output.note(&format!("! {words}"));
    }
}
