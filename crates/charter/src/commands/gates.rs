//! `gates`: what judges a build.

use std::sync::Arc;

use charter_deploy_model::exit;
use charter_host::{Scope, nearest};
use charter_pipeline::{Project, Stop};

use super::{Ended, Invocation, deploy};
use crate::args::Gates;
use crate::usage;

pub(super) async fn gates(invocation: &Invocation<'_>, command: Gates) -> Ended {
    match command {
        Gates::List => {
            let kinds: Vec<_> = invocation.charter.gates.kinds().collect();
            invocation.output.result(|| charter_report::kinds(&kinds), || charter_report::json::v1::kinds(&kinds));
            Ok(exit::DONE)
        }
        Gates::Explain { code } => explain(invocation, &code),
        Gates::Run => run(invocation).await,
    }
}

fn explain(invocation: &Invocation<'_>, code: &str) -> Ended {
    let id = code.split('/').next().unwrap_or_default();
    let kinds = || invocation.charter.gates.kinds();
    let Some(meta) = kinds().find(|meta| meta.id == id && (id == code || meta.code(code).is_some())) else {
        let known = kinds().flat_map(|meta| std::iter::once(meta.id).chain(meta.codes.iter().map(|code| code.id)));
        let next = match nearest(code, known) {
            Some(meant) => format!("cargo xtask gates explain {meant}"),
            None => "cargo xtask gates list".to_owned(),
        };
        return Err(usage(format!("there is no gate or code called `{code}`"), Vec::new(), &[&next]));
    };
    invocation.output.result(|| charter_report::explain(meta), || charter_report::json::v1::kinds(&[meta]));
    Ok(exit::DONE)
}

async fn run(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project_to_build().await?;
    let work = |project: Arc<Project>, scope: Scope| async move { charter_pipeline::plan(&project, &scope).await };
    let plan = deploy::carry_out(invocation, &project, work).await?;
    deploy::say_reports(invocation, &plan.reports);
    match Stop::of_verdicts(&plan.reports) {
        None => Ok(exit::DONE),
        Some(stop) => Err(invocation.failure(&project, &stop).await),
    }
}
