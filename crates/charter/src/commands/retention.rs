//! `retention`: which records stay, which are compressed, which go; and what is held.

use charter_deploy_model::{Failure, HoldId, Pruning, RetentionAction, UsersSee, exit};
use charter_pipeline::{Project, Stop, keeping};
use charter_report::json::v1;
use jiff::Timestamp;

use super::{Ended, Invocation};
use crate::args::{Covered, Retention};
use crate::{open, usage};

pub(super) async fn retention(invocation: &Invocation<'_>, command: Retention) -> Ended {
    match command {
        Retention::Plan { all } => plan(invocation, all).await,
        Retention::Apply => apply(invocation).await,
        Retention::Hold { covers, reason, until } => hold(invocation, covers, &reason, until).await,
        Retention::Lift { hold, reason } => lift(invocation, hold, &reason).await,
        Retention::Holds => holds(invocation).await,
        Retention::Pruned => pruned(invocation).await,
    }
}

/// Says why it stopped; none of this changes what users see.
fn stopped(stop: &Stop) -> Failure {
    stop.failure(UsersSee::NotConcerned)
}

async fn plan(invocation: &Invocation<'_>, all: bool) -> Ended {
    let project = invocation.project().await?;
    let elsewhere = open::elsewhere(invocation.charter, invocation.surroundings, &invocation.common, &project)?;
    let mut plan =
        keeping::plan(&project, &elsewhere, &invocation.output.scope()).await.map_err(|stop| stopped(&stop))?;
    let kept = plan.records.iter().filter(|record| record.decision.action == RetentionAction::Keep).count() as u64;
    if !all {
        plan.records.retain(|record| record.decision.action != RetentionAction::Keep);
    }
    invocation.output.result(|| charter_report::retention_plan(&plan, kept), || v1::retention_plan(&plan, kept));
    Ok(exit::DONE)
}

async fn apply(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let elsewhere = open::elsewhere(invocation.charter, invocation.surroundings, &invocation.common, &project)?;
    let done = keeping::apply(&project, &elsewhere, &invocation.output.scope()).await.map_err(|stop| stopped(&stop))?;
    invocation.output.result(|| charter_report::retention_done(&done), || v1::retention_done(&done));
    Ok(exit::DONE)
}

async fn hold(
    invocation: &Invocation<'_>,
    covers: Vec<Covered>,
    reason: &str,
    until: Option<jiff::civil::Date>,
) -> Ended {
    let reason = said(reason)?;
    let project = invocation.project().await?;
    let until = until.map(|until| end_of(until, project.host.clock.now())).transpose()?;
    let covers = covers.into_iter().map(|covered| covered.path).collect();
    let hold = keeping::hold(&project, covers, reason, until, &invocation.output.scope())
        .await
        .map_err(|stop| stopped(&stop))?;
    invocation.output.result(|| charter_report::hold_placed(&hold), || v1::hold_placed(&hold));
    Ok(exit::DONE)
}

async fn lift(invocation: &Invocation<'_>, id: HoldId, reason: &str) -> Ended {
    let reason = said(reason)?;
    let project = invocation.project().await?;
    let lifted =
        keeping::lift(&project, id, reason, &invocation.output.scope()).await.map_err(|stop| stopped(&stop))?;
    invocation.output.result(|| charter_report::hold_lifted(&lifted), || v1::hold_lifted(&lifted));
    Ok(exit::DONE)
}

async fn holds(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let holds = keeping::holds(&project).await.map_err(|stop| stopped(&stop))?;
    invocation.output.result(|| charter_report::holds(&holds), || v1::holds(&holds));
    Ok(exit::DONE)
}

async fn pruned(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let prunings = prunings(&project).await?;
    invocation.output.result(|| charter_report::pruned(&prunings), || v1::pruned(&prunings));
    Ok(exit::DONE)
}

/// Returns every pruning on record.
pub(super) async fn prunings(project: &Project) -> Result<Vec<Pruning>, Failure> {
    keeping::prunings(project).await.map_err(|stop| stopped(&stop))
}

fn said(reason: &str) -> Result<&str, Failure> {
    match reason.trim() {
        "" => Err(usage("the reason is empty", Vec::new(), &["say why in a few words: --reason \"…\""])),
        reason => Ok(reason),
    }
}

/// Returns the moment at which a day ends, in UTC; it must be ahead.
fn end_of(day: jiff::civil::Date, now: Timestamp) -> Result<Timestamp, Failure> {
    let end = day.tomorrow().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC)).map(|end| end.timestamp());
    end.ok().filter(|end| *end > now).ok_or_else(|| {
        usage(format!("{day} is over already"), Vec::new(), &["name a day to come, or none: then it has to be lifted"])
    })
}
