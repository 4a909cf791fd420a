//! `gates`: what judges a build.

mod baseline;
mod fix;
mod import;
mod new;
mod write;

use std::sync::Arc;

use charter_deploy_model::{Failure, exit};
use charter_host::{Scope, nearest};
use charter_pipeline::{Extent, Plan, Project, Since, Stop};

use super::{Ended, Invocation, deploy};
use crate::args::{Gates, Judged};
use crate::usage;

pub(super) async fn gates(invocation: &Invocation<'_>, command: Gates) -> Ended {
    match command {
        Gates::List => {
            let kinds: Vec<_> = invocation.charter.judges().collect();
            invocation.output.result(|| charter_report::kinds(&kinds), || charter_report::json::v1::kinds(&kinds));
            Ok(exit::DONE)
        }
        Gates::Explain { code } => explain(invocation, &code),
        Gates::Run(judged) => run(invocation, judged).await,
        Gates::Baseline { accept_new, figures, dry_run } => {
            baseline::write(invocation, accept_new, figures, dry_run).await
        }
        Gates::Fix { dry_run } => fix::fix(invocation, dry_run).await,
        Gates::Import(asked) => import::run(invocation, asked).await,
        Gates::New { id, into } => new::new(invocation, &id, into),
    }
}

fn explain(invocation: &Invocation<'_>, code: &str) -> Ended {
    let id = code.split('/').next().unwrap_or_default();
    let kinds = || invocation.charter.judges();
    let Some(meta) = kinds().find(|meta| meta.id == id && (id == code || meta.code(code).is_some())) else {
        return Err(unknown(invocation, code));
    };
    let text = || match meta.code(code) {
        Some(code) => charter_report::explain_code(meta, code),
        None => charter_report::explain(meta),
    };
    invocation.output.result(text, || charter_report::json::v1::kinds(&[meta]));
    Ok(exit::DONE)
}

fn unknown(invocation: &Invocation<'_>, code: &str) -> Failure {
    let kinds = invocation.charter.judges();
    let known = kinds.flat_map(|meta| std::iter::once(meta.id).chain(meta.codes.iter().map(|code| code.id)));
    let next = match nearest(code, known) {
        Some(meant) => format!("cargo xtask gates explain {meant}"),
        None => "cargo xtask gates list".to_owned(),
    };
    usage(format!("there is no gate or code called `{code}`"), Vec::new(), &[&next])
}

async fn run(invocation: &Invocation<'_>, judged: Judged) -> Ended {
    for id in &judged.gates {
        if !invocation.charter.judges().any(|meta| meta.id == id) {
            return Err(unknown(invocation, id));
        }
    }
    let since = match judged.since {
        Some(revision) => Some(Since::Revision(revision)),
        None => judged.changed.then_some(Since::Live),
    };
    let extent = Extent { gates: judged.gates.into_iter().collect(), since, afresh: judged.afresh, emergency: None };
    let project = invocation.project_to_build().await?;
    let plan = judge(invocation, &project, extent).await?;
    write::reports(invocation, &project, &plan.site, &plan.reports, &judged.report)?;
    match Stop::of_verdicts(&plan.reports) {
        None => Ok(exit::DONE),
        Some(stop) => Err(invocation.failure(&project, &stop).await),
    }
}

/// Builds HEAD and judges it.
pub(super) async fn judge(
    invocation: &Invocation<'_>,
    project: &Arc<Project>,
    extent: Extent,
) -> Result<Plan, Failure> {
    let work =
        |project: Arc<Project>, scope: Scope| async move { charter_pipeline::judge(&project, &extent, &scope).await };
    deploy::carry_out(invocation, project, work).await
}
