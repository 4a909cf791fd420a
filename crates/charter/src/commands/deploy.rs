//! `deploy`, `rollback`, `resume`, `freeze`: what changes something.

use std::future::Future;
use std::sync::Arc;

use charter_deploy_model::{DeploymentId, Failure, GateReport, TriggerSource, UsersSee, exit};
use charter_host::Scope;
use charter_pipeline::freeze::{self as freezing, Freeze};
use charter_pipeline::{DeployRequest, Plan, Project, RollbackRequest, Stop, going_back_to};
use serde_json::json;

use super::{Ended, Invocation};
use crate::{open, signals};

/// Carries one of the pipeline's works to its end, heeding signals.
pub(super) async fn carry_out<T, W>(
    invocation: &Invocation<'_>,
    project: &Arc<Project>,
    work: impl FnOnce(Arc<Project>, Scope) -> W,
) -> Result<T, Failure>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Stop>> + Send + 'static,
{
    let scope = invocation.output.scope();
    let output = invocation.output.clone();
    let ended = signals::heed(scope.clone(), |text| output.note(text), work(Arc::clone(project), scope)).await;
    match ended {
        Some(Ok(value)) => Ok(value),
        Some(Err(stop)) => {
            if let Stop::Blocked { reports } | Stop::Inconclusive { reports } | Stop::NothingChecked { reports } = &stop
            {
                say_reports(invocation, reports);
            }
            Err(invocation.failure(project, &stop).await)
        }
        None => Err(Failure {
            exit_code: exit::NOT_PUBLISHED,
            what: "stopped at once, as you asked".to_owned(),
            why: Vec::new(),
            users_see: UsersSee::Unknown,
            next: vec!["`cargo xtask resume` completes or undoes what was under way".to_owned()],
        }),
    }
}

/// Says what the gates found, where the events have not said it already.
pub(super) fn say_reports(invocation: &Invocation<'_>, reports: &[GateReport]) {
    let kinds: Vec<_> = invocation.charter.judges().collect();
    invocation.output.result(|| charter_report::gates(reports, &kinds), || charter_report::json::v1::gates(reports));
}

pub(super) async fn deploy(invocation: &Invocation<'_>, request: DeployRequest) -> Ended {
    let project = invocation.project_to_build().await?;
    let work =
        |project: Arc<Project>, scope: Scope| async move { charter_pipeline::deploy(&project, &request, &scope).await };
    carry_out(invocation, &project, work).await?;
    Ok(exit::DONE)
}

pub(super) async fn rollback(invocation: &Invocation<'_>, to: Option<DeploymentId>) -> Ended {
    let project = invocation.project_to_show().await?;
    let request = RollbackRequest { trigger: TriggerSource::Manual, to };
    let work = |project: Arc<Project>, scope: Scope| async move {
        charter_pipeline::rollback(&project, &request, &scope).await
    };
    carry_out(invocation, &project, work).await?;
    Ok(exit::DONE)
}

pub(super) async fn resume(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project_to_show().await?;
    let work = |project: Arc<Project>, scope: Scope| async move { charter_pipeline::recover(&project, &scope).await };
    let settled = carry_out(invocation, &project, work).await?;
    if settled == 0 {
        invocation.output.result(|| "nothing was interrupted".to_owned(), || json!({ "v": 1, "settled": 0 }));
    }
    Ok(exit::DONE)
}

pub(super) async fn plan(invocation: &Invocation<'_>, request: DeployRequest) -> Ended {
    let project = invocation.project_to_build().await?;
    let work =
        |project: Arc<Project>, scope: Scope| async move { charter_pipeline::plan(&project, &request, &scope).await };
    let plan = carry_out(invocation, &project, work).await?;
    say_reports(invocation, &plan.reports);
    invocation.output.result(
        || describe(&plan),
        || {
            json!({
                "v": 1, "dryRun": true, "commit": plan.commit, "live": plan.live, "digest": plan.digest,
                "files": plan.files, "bytes": plan.bytes,
                "added": plan.added, "changed": plan.changed, "removed": plan.removed,
            })
        },
    );
    match charter_pipeline::Stop::of_verdicts(&plan.reports) {
        None => Ok(exit::DONE),
        Some(stop) => Err(invocation.failure(&project, &stop).await),
    }
}

/// No more names than this are listed of one sort.
const LISTED: usize = 10;

fn describe(plan: &Plan) -> String {
    let mut text = match &plan.live {
        Some(live) => format!("Would replace {live} by {} files of commit {}:\n", plan.files, plan.commit.short()),
        None => format!("Would show {} files of commit {} for the first time:\n", plan.files, plan.commit.short()),
    };
    for (sort, names) in [("new", &plan.added), ("changed", &plan.changed), ("gone", &plan.removed)] {
        for name in names.iter().take(LISTED) {
            text.push_str(&format!("  {sort:8} {}\n", name.escape_debug()));
        }
        if names.len() > LISTED {
            text.push_str(&format!("  {sort:8} … and {} more\n", names.len() - LISTED));
        }
    }
    if plan.added.is_empty() && plan.changed.is_empty() && plan.removed.is_empty() {
        text.push_str("  no file differs from what users see\n");
    }
    text.push_str("Nothing was staged, shown or recorded.\n");
    text
}

pub(super) async fn plan_rollback(invocation: &Invocation<'_>, to: Option<DeploymentId>) -> Ended {
    let project = invocation.project().await?;
    let request = RollbackRequest { trigger: TriggerSource::Manual, to };
    match going_back_to(&project, &request, &Scope::default()).await {
        Ok(record) => {
            invocation.output.result(
                || {
                    let release = record.release_id.as_ref().map(ToString::to_string).unwrap_or_default();
                    format!("Would show {release} of {} again. Nothing was changed.\n", record.deployment_id)
                },
                || json!({ "v": 1, "dryRun": true, "deployment": record.deployment_id, "release": record.release_id }),
            );
            Ok(exit::DONE)
        }
        Err(stop) => Err(invocation.failure(&project, &stop).await),
    }
}

pub(super) async fn freeze(invocation: &Invocation<'_>, reason: String) -> Ended {
    let project = invocation.project().await?;
    let by = project.repository.user().unwrap_or_else(|| "unknown".to_owned());
    let freeze = Freeze { reason, by, since: Some(project.host.clock.now()) };
    freezing::set(&project.records, &freeze).map_err(|error| open::broken("the freeze cannot be written", &error))?;
    invocation.output.result(
        || "Deployments are frozen. Going back stays possible; cargo xtask unfreeze lifts it.".to_owned(),
        || json!({ "v": 1, "frozen": freeze }),
    );
    Ok(exit::DONE)
}

pub(super) async fn unfreeze(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    freezing::lift(&project.records).map_err(|error| open::broken("the freeze cannot be lifted", &error))?;
    invocation.output.result(|| "Deployments are possible again.".to_owned(), || json!({ "v": 1, "frozen": null }));
    Ok(exit::DONE)
}
