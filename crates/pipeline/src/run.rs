//! One deployment under way: its journal, and what is known of it.

use charter_deploy_model::{
    CommitHash, DeploymentId, DeploymentStatus, DeploymentType, Emergency, EventKind, ProductionDeployment, Stamp,
    TriggerSource,
};
use charter_host::durable::DurableError;
use charter_host::{Scope, fault};
use tokio::time::Instant;

use crate::facts::Facts;
use crate::journal::{self, Begun, Entry, Journal};
use crate::lock::Locked;
use crate::{Project, Stop, configuration};

/// One deployment under way. It holds the locks for as long as it lives.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) project: &'a Project,
    pub(crate) facts: Facts,
    pub(crate) started: Instant,
    journal: Journal,
    _locked: &'a Locked,
}

/// What sets a deployment off.
#[derive(Debug)]
pub(crate) struct Cause {
    pub(crate) deployment_type: DeploymentType,
    pub(crate) trigger: TriggerSource,
    pub(crate) commit: CommitHash,
    pub(crate) branch: String,
    pub(crate) back_to: Option<DeploymentId>,
    pub(crate) emergency: Option<Emergency>,
}

impl<'a> Run<'a> {
    /// Begins a deployment: gives it an id, opens its journal, records the configuration it is made under.
    pub(crate) async fn begin(
        project: &'a Project,
        locked: &'a Locked,
        id: DeploymentId,
        cause: Cause,
    ) -> Result<Self, Stop> {
        let begun = Begun {
            deployment: id,
            environment: project.settings.environment,
            deployment_type: cause.deployment_type,
            committed_at: project.repository.committed_at(&cause.commit),
            commit: cause.commit,
            branch: cause.branch,
            trigger: cause.trigger,
            by: project.repository.user().unwrap_or_else(|| "unknown".to_owned()),
            at: project.host.clock.now(),
            back_to: cause.back_to,
            emergency: cause.emergency,
        };
        let journal = Journal::open(&project.records, id).map_err(Stop::durable("open the journal"))?;
        let facts = Facts::new(begun.clone());
        let mut run = Self { project, facts, started: Instant::now(), journal, _locked: locked };
        run.note(Entry::Begun(begun)).map_err(Stop::durable("write the journal"))?;
        project.events.emit(EventKind::DeploymentStarted {
            deployment: id,
            environment: project.settings.environment,
            deployment_type: run.facts.begun.deployment_type,
            commit: run.facts.begun.commit.clone(),
        });
        Ok(run)
    }

    /// Takes up an interrupted deployment.
    pub(crate) fn take_up(project: &'a Project, locked: &'a Locked, facts: Facts) -> Result<Self, Stop> {
        let journal =
            journal::reopen(&project.records, facts.begun.deployment).map_err(Stop::durable("open the journal"))?;
        Ok(Self { project, facts, started: Instant::now(), journal, _locked: locked })
    }

    /// Writes an entry to the journal and learns it.
    ///
    /// It blocks for as long as one sync takes: the next step must not begin before.
    pub(crate) fn note(&mut self, entry: Entry) -> Result<(), DurableError> {
        self.journal.write(&entry)?;
        self.facts.learn(&entry);
        fault::point("journaled").map_err(|source| DurableError {
            doing: "go on after journaling for",
            path: self.facts.begun.deployment.to_string().into(),
            source,
        })
    }

    /// Writes an entry before the switch, where a failure means that nothing is published.
    pub(crate) fn note_before(&mut self, entry: Entry) -> Result<(), Stop> {
        self.note(entry).map_err(Stop::durable("write the journal"))
    }

    /// Records the configuration, when it is not the one last recorded.
    pub(crate) async fn record_configuration(&mut self) -> Result<(), Stop> {
        configuration::record(self).await
    }

    /// Removes the journal and says how the deployment ended.
    pub(crate) fn close(self) -> Result<(), DurableError> {
        let Self { project, facts, started, journal, .. } = self;
        journal.close()?;
        project.events.emit(EventKind::DeploymentFinished {
            deployment: facts.begun.deployment,
            status: facts.status(),
            url: project.address(),
            milliseconds: milliseconds(started),
        });
        Ok(())
    }
}

/// Returns the milliseconds since `started`.
pub(crate) fn milliseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Returns the next free deployment id.
pub(crate) async fn next_id(project: &Project) -> Result<DeploymentId, Stop> {
    let taken = project.store.paths("deployments").await.map_err(Stop::Records)?;
    let mut id = DeploymentId::new(Stamp::of(project.host.clock.now()));
    while journal::exists(&project.records, id) || taken.contains(&format!("deployments/{id}.json")) {
        id = DeploymentId::new(id.stamp().next());
    }
    Ok(id)
}

/// Returns this environment's deployments, in the order of the log.
pub(crate) async fn deployments(project: &Project) -> Result<Vec<ProductionDeployment>, Stop> {
    let mut all: Vec<ProductionDeployment> = project.store.read_all("deployments").await.map_err(Stop::Records)?;
    all.retain(|record| record.environment == project.settings.environment);
    Ok(all)
}

/// Returns the releases that were shown and verified, in the order in which each was first.
pub(crate) fn verified(deployments: &[ProductionDeployment]) -> Vec<&ProductionDeployment> {
    deployments
        .iter()
        .filter(|record| {
            record.status == DeploymentStatus::Success && record.deployment_type != DeploymentType::Rollback
        })
        .collect()
}

/// Says that the user wants to stop, if so.
pub(crate) fn go_on(scope: &Scope) -> Result<(), Stop> {
    if scope.cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
}
