//! `constitution`, `score` and `audit`: how much of the constitution is kept.

use std::path::{Path, PathBuf};

use charter_deploy_model::constitution::{Audit, EvidenceState, Score, Week, judged, score as scored};
use charter_deploy_model::{Failure, Verification, exit};
use charter_host::durable;
use charter_pipeline::{Extent, Gathered, audit_week, evidence};
use charter_report::json::v1;

use super::{Ended, Invocation, gates};
use crate::open;

/// Builds HEAD, has every gate judge it, and says how it stands by the five principles.
pub(super) async fn constitution(invocation: &Invocation<'_>, afresh: bool) -> Ended {
    let project = invocation.project_to_build().await?;
    let plan = gates::judge(invocation, &project, Extent { afresh, ..Extent::default() }).await?;
    let environment = project.settings.environment;
    let score = scored(judged(&plan.reports, &project.kinds()));
    invocation.output.result(
        || charter_report::constitution(environment, &plan.commit, &score),
        || v1::constitution(environment, &plan.commit, &score),
    );
    Ok(standing(&score))
}

pub(super) async fn score(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let scope = invocation.output.scope();
    let gathered = match evidence(&project, &scope).await {
        Ok(gathered) => gathered,
        Err(stop) => return Err(invocation.failure(&project, &stop).await),
    };
    let environment = project.settings.environment;
    let Some(Gathered { record, evidence, verification }) = gathered else {
        return Err(nothing_to_score());
    };
    let score = scored(evidence);
    invocation.output.result(
        || charter_report::score(environment, record.deployment_id, &score),
        || v1::score(environment, record.deployment_id, &score),
    );
    Ok(exit_code(&score, &verification))
}

fn nothing_to_score() -> Failure {
    Failure {
        exit_code: exit::NOTHING_CHECKED,
        what: "there is nothing to score".to_owned(),
        why: vec!["nothing was deployed to this environment yet".to_owned()],
        users_see: charter_deploy_model::UsersSee::NotConcerned,
        next: vec!["cargo xtask deploy".to_owned()],
    }
}

/// A broken log comes first: then nothing else can be believed either.
fn exit_code(score: &Score, verification: &Verification) -> u8 {
    if verification.is_sound() { standing(score) } else { exit::LOG_BROKEN }
}

fn standing(score: &Score) -> u8 {
    let is_lost = || score.wanting().any(|it| it.state == EvidenceState::Lost);
    match score.compliant {
        true => exit::DONE,
        false if is_lost() => exit::BLOCKED,
        false => exit::INCONCLUSIVE,
    }
}

pub(super) async fn audit(invocation: &Invocation<'_>, week: Option<Week>, output: Option<PathBuf>) -> Ended {
    let project = invocation.project().await?;
    let scope = invocation.output.scope();
    let audit = match audit_week(&project, week, &scope).await {
        Ok(audit) => audit,
        Err(stop) => return Err(invocation.failure(&project, &stop).await),
    };
    match output {
        None => invocation.output.result(|| charter_report::audit(&audit), || v1::audit(&audit)),
        Some(folder) => {
            write(invocation, &audit, &open::root(invocation.surroundings, &invocation.common)?.join(folder))?
        }
    }
    Ok(if audit.verification.is_sound() { exit::DONE } else { exit::LOG_BROKEN })
}

fn write(invocation: &Invocation<'_>, audit: &Audit, folder: &Path) -> Result<(), Failure> {
    let stem = format!("audit-{}-{}", audit.week, audit.environment);
    let written = durable::make_folder(folder).and_then(|()| {
        let markdown = folder.join(format!("{stem}.md"));
        let json = folder.join(format!("{stem}.json"));
        durable::replace(&markdown, charter_report::audit(audit).as_bytes())?;
        durable::replace(&json, v1::audit(audit).as_bytes())?;
        Ok([markdown, json])
    });
    let files = written.map_err(|error| open::broken("the audit could not be written", &error))?;
    for file in files {
        invocation.output.note(&file.display().to_string());
    }
    Ok(())
}
