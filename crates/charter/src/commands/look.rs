//! `status`, `history`, `show`, `verify`: what only looks.

use charter_deploy_model::{DeploymentId, DeploymentStatus, Failure, ProductionDeployment, ReleaseId, UsersSee, exit};
use charter_pipeline::{Project, Stop, freeze, unfinished};
use charter_report::json::v1;
use charter_report::{DeploymentLine, LogSummary, Status};
use charter_store::{Anchor, StoreError};

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
    let line = line.ok_or_else(|| {
        let what =
            wanted.map_or_else(|| "nothing was deployed yet".to_owned(), |id| format!("there is no deployment `{id}`"));
        usage(what, Vec::new(), &["cargo xtask history"])
    })?;
    invocation.output.result(
        || charter_report::show(&line.record, line.standing.as_deref()),
        || v1::show(&line.record, line.standing.as_deref()),
    );
    Ok(exit::DONE)
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
