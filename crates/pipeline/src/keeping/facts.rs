//! What is so: the records there are, what is live, and which holds are in force.

mod part;

use std::collections::{BTreeMap, HashMap, HashSet};

use charter_deploy_model::{
    DeploymentId, Digest, Environment, Hold, HoldLifted, KeptRecord, Pin, RecordSort, RecordSummary, ReleaseId, Stamp,
    in_force,
};
use charter_host::Scope;
use charter_store::Surveyed;
use charter_targets::{Target, TargetError};
use jiff::Timestamp;

use super::{Elsewhere, stopped};
use crate::stop::chain;
use crate::{Project, Stop};

use part::{ConfigurationPart, DeploymentPart, IncidentPart, MaintenancePart, MonitoringPart};

/// All that retention decides from.
pub(super) struct Facts {
    pub(super) at: Timestamp,
    pub(super) records: Vec<Fact>,
    pub(super) holds: Vec<Hold>,
    by_path: HashMap<String, usize>,
}

/// What is known of one record.
pub(super) struct Fact {
    pub(super) kept: KeptRecord,
    pub(super) summary: RecordSummary,
    pub(super) digest: Digest,
    pub(super) bytes: u64,
    pub(super) stored_bytes: u64,
    /// For a deployment: its id, and the snapshot it began from.
    snapshot: Option<(DeploymentId, Stamp)>,
}

/// What an environment's target has; nothing when it could not be asked.
struct Shown {
    live: Option<ReleaseId>,
    staged: Vec<ReleaseId>,
}

impl Facts {
    pub(super) async fn gather(project: &Project, elsewhere: &[Elsewhere], scope: &Scope) -> Result<Self, Stop> {
        let at = project.host.clock.now();
        let shown = shown(project, elsewhere, scope).await;
        let placed: Vec<Hold> = project.store.read_all(Hold::FOLDER).await.map_err(Stop::Records)?;
        let lifted: Vec<HoldLifted> = project.store.read_all(HoldLifted::FOLDER).await.map_err(Stop::Records)?;
        let holds: Vec<Hold> = in_force(&placed, &lifted, at).into_iter().cloned().collect();

        let looked = stopped("look at the records");
        let deployments = project.store.survey::<DeploymentPart>("deployments", scope).await.map_err(&looked)?;
        let configurations =
            project.store.survey::<ConfigurationPart>("configuration/history", scope).await.map_err(&looked)?;
        let monitoring = project.store.survey::<MonitoringPart>("monitoring", scope).await.map_err(&looked)?;
        let maintenance = project.store.survey::<MaintenancePart>("maintenance", scope).await.map_err(&looked)?;
        let incidents = project.store.survey::<IncidentPart>("incidents", scope).await.map_err(&looked)?;

        let staged_by: HashMap<ReleaseId, String> = deployments
            .iter()
            .filter(|it| it.part.rollback_deployment_id.is_none())
            .filter_map(|it| Some((it.part.release_id.clone()?, it.path.clone())))
            .collect();
        let runs: HashMap<String, String> =
            monitoring.iter().filter_map(|it| Some((it.part.monitoring_id.clone()?, it.path.clone()))).collect();
        let reached: HashMap<DeploymentId, bool> =
            deployments.iter().map(|it| (it.part.deployment_id, it.part.reached_production())).collect();

        let mut records = Vec::new();
        records.extend(deployments.into_iter().map(|it| deployment(it, &shown, &staged_by)));
        records.extend(configurations.into_iter().map(configuration));
        records.extend(monitoring.into_iter().map(monitored));
        records.extend(maintenance.into_iter().map(|it| maintained(it, &runs, &reached)));
        records.extend(incidents.into_iter().map(incident));
        let by_path = records.iter().enumerate().map(|(index, fact)| (fact.kept.path.clone(), index)).collect();
        Ok(Self { at, records, holds, by_path })
    }

    /// Returns what the decision is made from.
    pub(super) fn kept(&self) -> Vec<KeptRecord> {
        self.records.iter().map(|fact| fact.kept.clone()).collect()
    }

    pub(super) fn find(&self, path: &str) -> Option<&Fact> {
        self.by_path.get(path).map(|index| &self.records[*index])
    }

    /// Returns the snapshots from which deployments began that can be gone back to, are held, or are needed by what is
    /// held.
    pub(super) fn needed_snapshots(&self) -> BTreeMap<Stamp, DeploymentId> {
        let covered: HashSet<&String> = self.holds.iter().flat_map(|hold| &hold.covers).collect();
        let referred = covered.iter().filter_map(|path| self.find(path)).flat_map(|fact| &fact.kept.needs);
        let held: HashSet<&String> = covered.iter().copied().chain(referred).collect();
        self.records
            .iter()
            .filter(|fact| fact.kept.pinned.is_some() || held.contains(&fact.kept.path))
            .filter_map(|fact| fact.snapshot)
            .map(|(deployment, snapshot)| (snapshot, deployment))
            .collect()
    }
}

/// Asks every target what it has. One that does not answer is left out, and told of.
async fn shown(project: &Project, elsewhere: &[Elsewhere], scope: &Scope) -> HashMap<Environment, Shown> {
    let here = (project.settings.environment, project.target.as_ref());
    let others = elsewhere.iter().map(|(environment, target)| (*environment, target.as_ref()));
    let mut shown = HashMap::new();
    for (environment, target) in std::iter::once(here).chain(others) {
        match ask(target, scope).await {
            Ok(answer) => {
                shown.insert(environment, answer);
            }
            Err(error) => project.events.warn(format!(
                "{environment} could not be asked what is live, so its deployments stay: {}",
                chain(&error)
            )),
        }
    }
    shown
}

async fn ask(target: &dyn Target, scope: &Scope) -> Result<Shown, TargetError> {
    let live = target.live(scope).await?;
    let staged = target.releases(scope).await?.into_iter().map(|release| release.id).collect();
    Ok(Shown { live, staged })
}

fn fact<T>(record: &Surveyed<T>, at: Timestamp, sort: RecordSort, summary: RecordSummary) -> Fact {
    let kept = KeptRecord {
        path: record.path.clone(),
        at,
        sort,
        archived: record.archived,
        pinned: None,
        needs: Vec::new(),
        follows: None,
    };
    let Surveyed { digest, bytes, stored_bytes, .. } = *record;
    Fact { kept, summary, digest, bytes, stored_bytes, snapshot: None }
}

fn deployment(
    record: Surveyed<DeploymentPart>,
    shown: &HashMap<Environment, Shown>,
    staged_by: &HashMap<ReleaseId, String>,
) -> Fact {
    let part = &record.part;
    let pinned = part.release_id.as_ref().and_then(|release| match shown.get(&part.environment) {
        None => Some(Pin::Unknown),
        Some(shown) if shown.live.as_ref() == Some(release) => Some(Pin::Live),
        Some(shown) if shown.staged.contains(release) => Some(Pin::Staged),
        Some(_) => None,
    });
    let configuration = part.configuration_id.map(|id| format!("configuration/history/config-{}.json", id.stamp()));
    let target = part.rollback_deployment_id.map(|id| format!("deployments/{id}.json"));
    let before = part.previous_release_id.as_ref().and_then(|release| staged_by.get(release)).cloned();
    let mut fact = fact(&record, part.finished_at, RecordSort::Deployment(part.environment), part.summary());
    fact.kept.pinned = pinned;
    fact.kept.needs = configuration.into_iter().chain(target).collect();
    fact.kept.follows = before;
    fact.snapshot = part.backup_id.map(|snapshot| (part.deployment_id, snapshot));
    fact
}

fn configuration(record: Surveyed<ConfigurationPart>) -> Fact {
    let part = &record.part;
    let sort = RecordSort::Configuration(part.environment);
    fact(&record, part.configuration_id.stamp().timestamp(), sort, part.summary())
}

fn monitored(record: Surveyed<MonitoringPart>) -> Fact {
    let part = &record.part;
    // Nothing sums runs up yet, so each stays as long as a sum would.
    let sort = RecordSort::Monitoring { alerts: part.alerts(), aggregated: false };
    let mut fact = fact(&record, part.timestamp, sort, part.summary());
    fact.kept.needs = part.deployments().map(|id| format!("deployments/{id}.json")).collect();
    fact
}

fn maintained(
    record: Surveyed<MaintenancePart>,
    runs: &HashMap<String, String>,
    reached: &HashMap<DeploymentId, bool>,
) -> Fact {
    let part = &record.part;
    let succeeded = part.status.as_deref() == Some("success");
    // A deployment that is gone may have reached production: what it was is for its pruning to tell.
    let reached_production = part.deployment_id.is_some_and(|id| reached.get(&id).copied().unwrap_or(true));
    let at = part.executed_time.unwrap_or(part.scheduled_time);
    let sort = RecordSort::Maintenance { succeeded, reached_production };
    let mut fact = fact(&record, at, sort, part.summary());
    let deployment = part.deployment_id.map(|id| format!("deployments/{id}.json"));
    let run = part.monitoring_id.as_ref().and_then(|id| runs.get(id)).cloned();
    fact.kept.needs = deployment.into_iter().chain(run).collect();
    fact
}

fn incident(record: Surveyed<IncidentPart>) -> Fact {
    let part = &record.part;
    let mut fact = fact(&record, part.start_time, RecordSort::Ledger, part.summary());
    // What it was laid to stays with it, so that it can still be explained.
    fact.kept.needs = part.deployment_id.map(|id| format!("deployments/{id}.json")).into_iter().collect();
    fact
}
