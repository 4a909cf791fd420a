//! `status`, `history`, `show`, `verify`: what only looks.

use charter_deploy_model::{
    DeploymentId, DeploymentStatus, Failure, ProductionDeployment, PrunedRecord, Pruning, ReleaseId, UsersSee, exit,
};
use charter_pipeline::{Project, Stop, freeze, unfinished};
use charter_report::json::v1;
use charter_report::{DeploymentLine, LogSummary, Status};
use charter_store::{Anchor, StoreError};
use jiff::Timestamp;

use super::{Ended, Invocation};
use crate::{open, usage};

/// Makes the failure of records that cannot be read.
fn unreadable(error: &StoreError) -> Failure {
    let mut failure = open::broken("the records cannot be trusted", error);
    failure.exit_code = exit::LOG_BROKEN;
    failure.users_see = UsersSee::NotConcerned;
    failure.next = vec!["`cargo xtask verify` tells how each record stands".to_owned()];
    failure
}

async fn deployments(project: &Project) -> Result<Vec<ProductionDeployment>, Failure> {
    let mut all: Vec<ProductionDeployment> =
        project.store.read_all("deployments").await.map_err(|error| unreadable(&error))?;
    all.retain(|record| record.environment == project.settings.environment);
    Ok(all)
}

async fn live(invocation: &Invocation<'_>, project: &Project) -> Result<Option<ReleaseId>, Failure> {
    let scope = invocation.output.scope();
    project.target.live(&scope).await.map_err(|error| open::broken("the target cannot be asked what is live", &error))
}

/// What became of each deployment: the live one, and those that a later one took back.
fn lines(records: Vec<ProductionDeployment>, live: Option<&ReleaseId>) -> Vec<DeploymentLine> {
    let shows_live = |record: &ProductionDeployment| {
        record.status == DeploymentStatus::Success && live.is_some() && record.release_id.as_ref() == live
    };
    let current = records.iter().rposition(shows_live);
    let taken_back_by = |record: &ProductionDeployment| {
        records.iter().find(|later| {
            later.rollback_deployment_id.is_some()
                && later.status == DeploymentStatus::Success
                && later.previous_release_id == record.release_id
                && later.deployment_id != record.deployment_id
        })
    };
    let standings: Vec<Option<String>> = records
        .iter()
        .enumerate()
        .map(|(index, record)| {
            if Some(index) == current {
                Some("live".to_owned())
            } else if record.status == DeploymentStatus::Success && record.rollback_deployment_id.is_none() {
                taken_back_by(record).map(|later| format!("rolled back by {}", later.deployment_id))
            } else {
                None
            }
        })
        .collect();
    records.into_iter().zip(standings).map(|(record, standing)| DeploymentLine { record, standing }).collect()
}

pub(super) async fn history(invocation: &Invocation<'_>, limit: usize) -> Ended {
    let project = invocation.project().await?;
    let live = live(invocation, &project).await?;
    let mut lines = lines(deployments(&project).await?, live.as_ref());
    lines.reverse();
    lines.truncate(limit);
    invocation.output.result(|| charter_report::history(&lines), || v1::history(&lines));
    let removed = pruned(&project).await?.len();
    if lines.len() < limit && removed > 0 {
        let text = format!("{removed} older ones were removed; `cargo xtask retention pruned` tells what they were");
        invocation.output.note(&text);
    }
    Ok(exit::DONE)
}

pub(super) async fn show(invocation: &Invocation<'_>, wanted: Option<DeploymentId>) -> Ended {
    let project = invocation.project().await?;
    let live = live(invocation, &project).await?;
    let lines = lines(deployments(&project).await?, live.as_ref());
    let line = match wanted {
        Some(id) => lines.iter().find(|line| line.record.deployment_id == id),
        None => lines.last(),
    };
    let Some(line) = line else { return Err(absent(&project, wanted).await?) };
    invocation.output.result(
        || charter_report::show(&line.record, line.standing.as_deref()),
        || v1::show(&line.record, line.standing.as_deref()),
    );
    Ok(exit::DONE)
}

/// Makes the failure of a deployment that has no record, or none any more.
async fn absent(project: &Project, wanted: Option<DeploymentId>) -> Result<Failure, Failure> {
    let Some(id) = wanted else {
        return Ok(usage("nothing was deployed yet", Vec::new(), &["cargo xtask history"]));
    };
    let gone = pruned(project).await?.into_iter().find(|(_, record)| record.summary.id == Some(id.to_string()));
    Ok(match gone {
        None => usage(format!("there is no deployment `{id}`"), Vec::new(), &["cargo xtask history"]),
        Some((at, _)) => {
            let what = format!("the record of `{id}` was removed at {at}, as the policy says");
            usage(what, Vec::new(), &["`cargo xtask retention pruned` tells what it was"])
        }
    })
}

/// Returns this environment's deployments whose records were removed, each with when that was.
async fn pruned(project: &Project) -> Result<Vec<(Timestamp, PrunedRecord)>, Failure> {
    let prunings: Vec<Pruning> = project.store.read_all(Pruning::FOLDER).await.map_err(|error| unreadable(&error))?;
    let is_ours = |record: &PrunedRecord| {
        record.path.starts_with("deployments/") && record.summary.environment == Some(project.settings.environment)
    };
    let of = |pruning: Pruning| {
        let at = pruning.pruned_at;
        pruning.records.into_iter().filter(is_ours).map(move |record| (at, record))
    };
    Ok(prunings.into_iter().flat_map(of).collect())
}

pub(super) async fn status(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let scope = invocation.output.scope();
    let live = live(invocation, &project).await?;
    let staged =
        project.target.releases(&scope).await.map_err(|error| open::broken("the target cannot be asked", &error))?;
    let records = deployments(&project).await?;
    let since = records
        .iter()
        .rev()
        .find(|record| record.status == DeploymentStatus::Success && record.release_id == live)
        .map(|record| record.finished_at);
    let unfinished = match unfinished(&project) {
        Ok(unfinished) => unfinished,
        Err(stop) => return Err(invocation.failure(&project, &stop).await),
    };
    let checkpoint = project.store.checkpoint().await.map_err(|error| unreadable(&error))?;
    let frozen =
        freeze::current(&project.records).map_err(|error| open::broken("the freeze cannot be read", &error))?;
    let status = Status {
        environment: project.settings.environment,
        live: staged.iter().find(|release| Some(&release.id) == live.as_ref()).cloned(),
        since,
        url: project.settings.url.clone(),
        unfinished,
        frozen: frozen.map(|freeze| freeze.reason),
        log: (checkpoint.size > 0).then_some(LogSummary { size: checkpoint.size, root: checkpoint.root }),
        releases: staged.into_iter().map(|release| release.id).collect(),
    };
    invocation.output.result(|| charter_report::status(&status), || v1::status(&status));
    Ok(exit::DONE)
}

pub(super) async fn verify(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let scope = invocation.output.scope();
    let anchors = project
        .repository
        .anchors()
        .map_err(|error| session_failure(&Stop::Repository(error)))?
        .into_iter()
        .map(|anchor| Anchor {
            size: anchor.size,
            root: anchor.root,
            branch: anchor.branch.to_string(),
            published: anchor.published,
        })
        .collect::<Vec<_>>();
    let verification = project.store.verify(&anchors, &scope).await.map_err(|error| unreadable(&error))?;
    invocation.output.result(|| charter_report::verification(&verification), || v1::verification(&verification));
    Ok(if verification.is_sound() { exit::DONE } else { exit::LOG_BROKEN })
}

fn session_failure(stop: &Stop) -> Failure {
    stop.failure(UsersSee::NotConcerned)
}
