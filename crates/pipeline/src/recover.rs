//! Bringing interrupted deployments to an end: completed when their release is live, undone when it is not.
//!
//! Nothing remembered is trusted over what is so: the target is asked which release is live.

use charter_deploy_model::{DeploymentId, DeploymentStatus, EventKind, ProductionDeployment};
use charter_host::Scope;

use crate::facts::Facts;
use crate::journal::{self, Entry};
use crate::lock::{self, Locked};
use crate::publish::{self, Live};
use crate::run::Run;
use crate::stop::chain;
use crate::{Project, Stop, keeping};

/// Returns the interrupted deployments of this environment, oldest first.
///
/// # Errors
/// When a journal cannot be understood.
pub fn unfinished(project: &Project) -> Result<Vec<DeploymentId>, Stop> {
    let interrupted = journal::interrupted(&project.records).map_err(Stop::Journal)?;
    let ours = |facts: &Facts| facts.begun.environment == project.settings.environment;
    Ok(interrupted
        .iter()
        .filter(|one| Facts::fold(&one.entries).as_ref().is_none_or(ours))
        .map(|one| one.deployment)
        .collect())
}

/// Brings every interrupted deployment of this environment to an end.
///
/// # Errors
/// When one cannot be settled. What users see is then what the target says.
pub async fn recover(project: &Project, scope: &Scope) -> Result<usize, Stop> {
    let locked = lock::take(project, "resume").await?;
    recover_all(project, &locked, scope).await
}

pub(crate) async fn recover_all(project: &Project, locked: &Locked, scope: &Scope) -> Result<usize, Stop> {
    // Whatever it leaves is sound, so it keeps nobody from deploying or going back.
    if let Err(stop) = keeping::settle(project, locked, scope).await {
        project.events.warn(format!("an interrupted pruning could not be completed: {}", chain(&stop)));
    }
    let mut settled = 0;
    for interrupted in journal::interrupted(&project.records).map_err(Stop::Journal)? {
        match Facts::fold(&interrupted.entries) {
            // It had an id and nothing else.
            None => {
                let journal = journal::reopen(&project.records, interrupted.deployment);
                journal.and_then(journal::Journal::close).map_err(Stop::durable("remove an empty journal"))?;
            }
            Some(facts) if facts.begun.environment == project.settings.environment => {
                settle(project, locked, facts, scope).await?;
                settled += 1;
            }
            Some(facts) => project.events.warn(format!(
                "{} in {} was interrupted: settle it with `resume --environment {}`",
                facts.begun.deployment, facts.begun.environment, facts.begun.environment
            )),
        }
    }
    Ok(settled)
}

async fn settle(project: &Project, locked: &Locked, facts: Facts, scope: &Scope) -> Result<(), Stop> {
    let deployment = facts.begun.deployment;
    project.events.emit(EventKind::RecoveryStarted { deployment });
    let mut run = Run::take_up(project, locked, facts)?;
    settle_configuration(&mut run).await?;
    let live = project.live(scope).await?;
    let is_live = run.facts.release.as_ref().is_some_and(|release| live.as_ref() == Some(&release.id));

    let summary = if run.facts.prepared.is_some() && !is_contradicted(&run, is_live) {
        if run.facts.checkpoint.is_none() {
            publish::commit_record(&mut run).await?;
        }
        let record =
            project.store.read::<ProductionDeployment>(&record_path(deployment)).await.map_err(Stop::Records)?;
        let status = run.facts.status();
        publish::finish(run, record, None, scope).await;
        (status, "its record was completed")
    } else if run.facts.go_back.is_some() || (run.facts.activated && !is_live) {
        let reason =
            run.facts.go_back.clone().unwrap_or_else(|| "it was interrupted while it was being taken back".to_owned());
        finish_going_back(run, reason, is_live, scope).await?;
        (DeploymentStatus::RolledBack, "the release before is shown again")
    } else if is_live && run.facts.activation.is_some() {
        settle_shown(run, scope).await?
    } else {
        let stop = Stop::NotPublished {
            doing: "finish",
            help: None,
            source: "it was interrupted before users saw anything of it".into(),
        };
        let _ = publish::abandon(run, stop, scope).await;
        (DeploymentStatus::Failed, "it was undone; users had seen nothing of it")
    };
    let (status, summary) = summary;
    project.events.emit(EventKind::RecoveryFinished { deployment, status, summary: summary.to_owned() });
    Ok(())
}

fn record_path(deployment: DeploymentId) -> String {
    format!("deployments/{deployment}.json")
}

/// Says whether the announced record tells something that is not so: a success, although the release was taken back.
fn is_contradicted(run: &Run<'_>, is_live: bool) -> bool {
    run.facts.status() == DeploymentStatus::Success && !is_live && run.facts.checkpoint.is_none()
}

/// Puts the configuration on record that the journal announces.
pub(crate) async fn settle_configuration(run: &mut Run<'_>) -> Result<(), Stop> {
    if let Some(prepared) = run.facts.configuration_pending.clone() {
        run.project.store.commit(&prepared).await.map_err(Stop::store("record the configuration"))?;
        run.note_before(Entry::ConfigurationRecorded)?;
    }
    Ok(())
}

/// Goes on where a deployment was interrupted whose release is live.
async fn settle_shown(run: Run<'_>, scope: &Scope) -> Result<(DeploymentStatus, &'static str), Stop> {
    let settled = match Live::from_journal(&run, scope).await {
        Ok(live) => publish::settle_live(run, live, scope).await,
        Err(problem) => publish::go_back(run, problem, &scope.shielded()).await,
    };
    match settled {
        Ok(_) => Ok((DeploymentStatus::Success, "its release was live, is verified and on record")),
        Err(Stop::RolledBack { .. }) => Ok((
            DeploymentStatus::RolledBack,
            "its release did not pass the live check; the release before is shown again",
        )),
        Err(stop) => Err(stop),
    }
}

async fn finish_going_back(mut run: Run<'_>, reason: String, is_live: bool, scope: &Scope) -> Result<(), Stop> {
    if is_live {
        return match publish::go_back(run, reason, &scope.shielded()).await {
            Err(Stop::RolledBack { .. }) | Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        };
    }
    if run.facts.abandoned.is_none() {
        run.facts.go_back = Some(reason);
    }
    run.facts.prepared = None;
    publish::close_failed(run, &scope.shielded()).await;
    Ok(())
}
