//! `gates`: what judges a build.

use std::sync::Arc;

use charter_deploy_model::exit;
use charter_host::{Scope, nearest};
use charter_pipeline::{Project, Stop};

use super::{Ended, Session, deploy};
use crate::args::Gates;
use crate::usage;

pub(super) async fn gates(session: &Session<'_>, command: Gates) -> Ended {
    match command {
        Gates::List => {
            let kinds: Vec<_> = session.charter.gates.kinds().collect();
            session.output.result(|| charter_report::kinds(&kinds), || charter_report::json::v1::kinds(&kinds));
            Ok(exit::DONE)
        }
        Gates::Explain { code } => explain(session, &code),
        Gates::Run => run(session).await,
    }
}

fn explain(session: &Session<'_>, code: &str) -> Ended {
    let id = code.split('/').next().unwrap_or_default();
    let kinds = || session.charter.gates.kinds();
    let Some(meta) = kinds().find(|meta| meta.id == id && (id == code || meta.code(code).is_some())) else {
        let known = kinds().flat_map(|meta| std::iter::once(meta.id).chain(meta.codes.iter().map(|code| code.id)));
        let next = match nearest(code, known) {
            Some(meant) => format!("cargo xtask gates explain {meant}"),
            None => "cargo xtask gates list".to_owned(),
        };
        return Err(usage(format!("there is no gate or code called `{code}`"), Vec::new(), &[&next]));
    };
    session.output.result(|| charter_report::explain(meta), || charter_report::json::v1::kinds(&[meta]));
    Ok(exit::DONE)
}

async fn run(session: &Session<'_>) -> Ended {
    let project = session.project_to_build().await?;
    let work = |project: Arc<Project>, scope: Scope| async move { charter_pipeline::plan(&project, &scope).await };
    let plan = deploy::carry_out(session, &project, work).await?;
    deploy::say_reports(session, &plan.reports);
    match Stop::of_verdicts(&plan.reports) {
        None => Ok(exit::DONE),
        Some(stop) => Err(session.failure(&project, &stop).await),
    }
}
