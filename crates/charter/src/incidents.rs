//! Incidents that people open: a file each in the monitor's journal until they are over, then a record.
//!
//! Who writes holds a lock for that moment, so that two who write at once lose nothing of each other. An incident that
//! is over is written as such before it is recorded, and its file goes last: whoever comes after a crash records it.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use charter_deploy_model::{
    DeploymentStatus, IncidentId, IncidentSeverity, OpenIncident, ProductionDeployment, Stamp, UptimeIncident,
};
use charter_host::Scope;
use charter_host::durable::{self, DurableError};
use charter_host::lock::{self, Holder, Lock, LockError};
use charter_monitor::monitor::read_standing;
use charter_monitor::{KeepError, Standing};
use charter_pipeline::Project;
use charter_store::StoreError;

use crate::recording;
use crate::watching;

/// Whoever else writes is waited for so often, and so long each time.
const PATIENCE: (u32, Duration) = (50, Duration::from_millis(100));

/// Why an incident could not be opened, changed or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IncidentError {
    /// There is none of this name that is open.
    #[error("there is no open incident `{0}`")]
    Unknown(IncidentId),
    /// The monitor opened it, and closes it.
    #[error("`{0}` is an outage that the monitor sees, and it is over when the monitor sees it end")]
    OfMonitor(IncidentId),
    /// It is over and on record.
    #[error("`{0}` is over, and what is on record stays as it is")]
    Over(IncidentId),
    /// Somebody else writes.
    #[error("somebody else is writing about an incident")]
    Held(#[source] LockError),
    /// The disk refused.
    #[error("the incident could not be written")]
    Disk(#[source] DurableError),
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{} is no incident, or is damaged", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// What the monitor knows cannot be read.
    #[error("what the monitor knows cannot be read")]
    Monitor(#[source] KeepError),
    /// The records cannot be read.
    #[error("the records cannot be read")]
    Records(#[source] StoreError),
    /// It is over, and could not be put on record yet.
    #[error("it is over, and could not be put on record: {0}")]
    Unrecorded(String),
}

impl IncidentError {
    /// Says what to type next.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "cargo xtask incident list",
            Self::OfMonitor(_) => "`cargo xtask incident open` begins one of your own",
            Self::Over(_) => "`cargo xtask incident open` begins a new one that names it",
            Self::Held(_) => "run the same command again",
            Self::Malformed { .. } => "put the file right, or move it away",
            Self::Records(_) => "cargo xtask verify",
            Self::Disk(_) | Self::Unreadable { .. } | Self::Monitor(_) => "look at the folder and the disk",
            Self::Unrecorded(_) => {
                "`cargo xtask incident list` tries again; `cargo xtask verify` tells how records stand"
            }
        }
    }
}

/// What a new incident begins with.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    pub(crate) title: String,
    pub(crate) severity: IncidentSeverity,
    pub(crate) services: Vec<String>,
    pub(crate) public_title: Option<String>,
}

/// Returns the folder of incidents that are not on record yet, below the records.
pub(crate) fn folder(records: &Path) -> PathBuf {
    records.join(watching::FOLDER).join("incidents")
}

/// Returns what the monitor knew when it saved it last; nothing where none ever ran.
pub(crate) fn standing(project: &Project) -> Result<Option<Standing>, IncidentError> {
    read_standing(&project.records.join(watching::FOLDER)).map_err(IncidentError::Monitor)
}

/// Returns the incidents that people opened and that are not on record, in the order of their beginnings.
pub(crate) fn open_incidents(records: &Path) -> Result<Vec<OpenIncident>, IncidentError> {
    let folder = folder(records);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(IncidentError::Unreadable { path: folder, source }),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| IncidentError::Unreadable { path: folder.clone(), source })?.path();
        paths.extend(path.to_string_lossy().ends_with("-incident.json").then_some(path));
    }
    paths.sort();
    paths.iter().filter_map(|path| read(path).transpose()).collect()
}

/// Returns all incidents that are known, in the order of their beginnings: on record, the monitor's, people's.
pub(crate) async fn all(project: &Project) -> Result<Vec<UptimeIncident>, IncidentError> {
    let mut all: Vec<UptimeIncident> = project.store.read_all("incidents").await.map_err(IncidentError::Records)?;
    let known: BTreeSet<_> = all.iter().map(|it| (it.incident_id, it.start_time)).collect();
    let of_monitor = standing(project)?.map(of_monitor).unwrap_or_default();
    let open = open_incidents(&project.records)?.into_iter().map(|open| open.record());
    all.extend(of_monitor.into_iter().chain(open).filter(|it| !known.contains(&(it.incident_id, it.start_time))));
    all.sort_by_key(|it| (it.start_time, it.incident_id));
    Ok(all)
}

/// Returns the outages that the monitor sees, or has seen and not recorded yet.
fn of_monitor(standing: Standing) -> Vec<UptimeIncident> {
    let open = standing.alerts.into_values().filter_map(|alert| alert.incident);
    standing.to_record.into_iter().chain(open).collect()
}

/// Begins an incident.
pub(crate) async fn open(
    project: &Project,
    beginning: Beginning,
    before: Option<&ProductionDeployment>,
) -> Result<OpenIncident, IncidentError> {
    let _turn = take_turn(project).await?;
    let now = project.host.clock.now();
    let mut id = IncidentId::new(Stamp::of(now));
    let recorded = project.store.paths("incidents").await.map_err(IncidentError::Records)?;
    // That the monitor cannot be asked about its own keeps nobody from opening one; the record takes a free name.
    let seen: Vec<IncidentId> = standing(project)
        .ok()
        .flatten()
        .map_or_else(Vec::new, |it| of_monitor(it).iter().map(|incident| incident.incident_id).collect());
    while recorded.contains(&format!("incidents/{id}.json")) || seen.contains(&id) || file(project, id).exists() {
        id = IncidentId::new(id.stamp().next());
    }
    let Beginning { title, severity, services, public_title } = beginning;
    let mut open = OpenIncident::begin(id, now, &who(project), severity, &title, services);
    open.incident.deployment_id = before.map(|deployment| deployment.deployment_id);
    open.public_title = public_title;
    durable::publish(&file(project, id), &text(&open)).map_err(IncidentError::Disk)?;
    Ok(open)
}

/// Changes an open incident, and records it when it is over then.
pub(crate) async fn change(
    project: &Project,
    id: IncidentId,
    change: impl FnOnce(&mut OpenIncident),
) -> Result<OpenIncident, IncidentError> {
    let _turn = take_turn(project).await?;
    let Some(mut open) = read(&file(project, id))? else { return Err(absent(project, id).await?) };
    change(&mut open);
    durable::replace(&file(project, id), &text(&open)).map_err(IncidentError::Disk)?;
    if open.is_over() {
        open.incident.incident_id = record(project, &open).await?;
    }
    Ok(open)
}

async fn absent(project: &Project, id: IncidentId) -> Result<IncidentError, IncidentError> {
    let recorded = project.store.paths("incidents").await.map_err(IncidentError::Records)?;
    if recorded.contains(&format!("incidents/{id}.json")) {
        return Ok(IncidentError::Over(id));
    }
    let of_monitor = standing(project)?.map(of_monitor).unwrap_or_default();
    let is_seen = of_monitor.iter().any(|it| it.incident_id == id);
    Ok(if is_seen { IncidentError::OfMonitor(id) } else { IncidentError::Unknown(id) })
}

/// Brings to an end what somebody was about to record when they died.
pub(crate) async fn settle(project: &Project) -> Result<(), IncidentError> {
    if folder(&project.records).exists() { take_turn(project).await.map(drop) } else { Ok(()) }
}

/// Waits until nobody else writes, and settles what the last one left.
async fn take_turn(project: &Project) -> Result<Lock, IncidentError> {
    let folder = folder(&project.records);
    durable::make_folder(&folder).map_err(IncidentError::Disk)?;
    let holder = Holder::this_process("incident", project.repository.root(), project.host.clock.now());
    let (mut left, pause) = PATIENCE;
    let turn = loop {
        match lock::take(&folder.join("lock"), &holder) {
            Ok(turn) => break turn,
            Err(LockError::Held { .. }) if left > 0 => {
                left -= 1;
                tokio::time::sleep(pause).await;
            }
            Err(error) => return Err(IncidentError::Held(error)),
        }
    };
    durable::sweep(&folder).map_err(IncidentError::Disk)?;
    recording::settle(&project.store, &intent(project)).await.map_err(IncidentError::Unrecorded)?;
    for open in open_incidents(&project.records)?.iter().filter(|open| open.is_over()) {
        record(project, open).await?;
    }
    Ok(turn)
}

async fn record(project: &Project, open: &OpenIncident) -> Result<IncidentId, IncidentError> {
    let recorded = recording::record_incident(&project.store, &intent(project), &open.record()).await;
    let id = recorded.map_err(IncidentError::Unrecorded)?;
    durable::remove_file(&file(project, open.incident.incident_id)).map_err(IncidentError::Disk)?;
    Ok(id)
}

fn intent(project: &Project) -> PathBuf {
    folder(&project.records).join("recording.json")
}

fn file(project: &Project, id: IncidentId) -> PathBuf {
    folder(&project.records).join(format!("{id}.json"))
}

fn read(path: &Path) -> Result<Option<OpenIncident>, IncidentError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        // Whoever lists the folder may be overtaken by one who records.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(IncidentError::Unreadable { path: path.to_owned(), source }),
    };
    let open = serde_json::from_slice(&text);
    open.map(Some).map_err(|source| IncidentError::Malformed { path: path.to_owned(), source })
}

fn text(open: &OpenIncident) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(open).expect("an incident has string keys only, so it has a JSON form");
    text.push(b'\n');
    text
}

/// Returns who types.
pub(crate) fn who(project: &Project) -> String {
    project.repository.user().unwrap_or_else(|| "unknown".to_owned())
}

/// Returns this environment's deployments, in the order of the log.
pub(crate) async fn deployments(project: &Project) -> Result<Vec<ProductionDeployment>, IncidentError> {
    let all = project.store.read_all::<ProductionDeployment>("deployments").await.map_err(IncidentError::Records)?;
    Ok(all.into_iter().filter(|record| record.environment == project.settings.environment).collect())
}

/// Returns the deployment that users see, by the target where it answers, else by the records.
pub(crate) async fn shown(project: &Project, scope: &Scope) -> Option<ProductionDeployment> {
    let succeeded = deployments(project).await.ok()?;
    let mut succeeded = succeeded.into_iter().filter(|it| it.status == DeploymentStatus::Success);
    match project.target.live(scope).await {
        Ok(live) => succeeded.rfind(|it| live.is_some() && it.release_id == live),
        Err(_) => succeeded.next_back(),
    }
}
