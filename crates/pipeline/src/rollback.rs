//! Going back: the same path as going forward, on a release that is still staged.

use charter_deploy_model::{
    DeploymentId, DeploymentType, Environment, ProductionBranch, ProductionDeployment, TriggerSource,
};
use charter_host::Scope;

use crate::prepare::{self, BackedUp};
use crate::run::{Cause, Run, deployments, next_id, verified};
use crate::{Finished, Project, Stop, lock, publish, recover};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct RollbackRequest {
    /// What sets it off.
    pub trigger: TriggerSource,
    /// The deployment whose release is to be shown again; the one before the live one when absent.
    pub to: Option<DeploymentId>,
}

/// Shows an earlier release again. A freeze does not prevent it.
///
/// # Errors
/// When it is not shown. Unless the stop is [`Stop::RollbackFailed`], users then see what they saw before.
pub async fn rollback(project: &Project, request: &RollbackRequest, scope: &Scope) -> Result<Finished, Stop> {
    let locked = lock::take(project, "rollback").await?;
    recover::recover_all(project, &locked, scope).await?;
    let earlier = going_back_to(project, request, scope).await?;
    let id = next_id(project).await?;
    let branch = match project.settings.environment {
        Environment::Production => {
            ProductionBranch::new(id.stamp(), &format!("rollback to {}", earlier.deployment_id.stamp())).to_string()
        }
        _ => earlier.branch_name.clone(),
    };
    let cause = Cause {
        deployment_type: DeploymentType::Rollback,
        trigger: request.trigger,
        commit: earlier.commit_hash.clone(),
        branch,
        back_to: Some(earlier.deployment_id),
        emergency: None,
    };
    let mut run = Run::begin(project, &locked, id, cause).await?;
    match prepare_again(&mut run, &earlier, scope).await {
        Ok(ready) => publish::publish(run, ready, scope).await,
        Err(stop) => publish::abandon(run, stop, scope).await,
    }
}

async fn prepare_again(run: &mut Run<'_>, earlier: &ProductionDeployment, scope: &Scope) -> Result<BackedUp, Stop> {
    run.record_configuration().await?;
    let project = run.project;
    let staged = project.target.releases(scope).await.map_err(Stop::target("list the releases"))?;
    let release = staged
        .into_iter()
        .find(|release| Some(&release.id) == earlier.release_id.as_ref())
        .ok_or_else(|| gone(earlier))?;
    let previous = project.live(scope).await?;
    let approved = prepare::approve_again(run, earlier, release, previous)?;
    prepare::back_up(run, approved, scope).await
}

fn gone(earlier: &ProductionDeployment) -> Stop {
    Stop::NothingToGoBackTo(format!("the release of `{}` is no longer on the target", earlier.deployment_id))
}

/// Returns the deployment whose release a rollback would show.
///
/// Going back again goes further back, never forward to what was just taken back.
///
/// # Errors
/// [`Stop::NothingToGoBackTo`] when there is none, or the one asked for was never verified, is live or is gone.
pub async fn going_back_to(
    project: &Project,
    request: &RollbackRequest,
    scope: &Scope,
) -> Result<ProductionDeployment, Stop> {
    let deployments = deployments(project).await?;
    let shown = verified(&deployments);
    let live = project.live(scope).await?;
    let staged = project.target.releases(scope).await.map_err(Stop::target("list the releases"))?;
    let is_staged =
        |record: &ProductionDeployment| staged.iter().any(|release| Some(&release.id) == record.release_id.as_ref());

    if let Some(wanted) = request.to {
        let record = shown.into_iter().find(|record| record.deployment_id == wanted).ok_or_else(|| {
            Stop::NothingToGoBackTo(format!(
                "there is no verified deployment `{wanted}` in {}",
                project.settings.environment
            ))
        })?;
        if record.release_id == live {
            return Err(Stop::NothingToGoBackTo(format!("the release of `{wanted}` is live already")));
        }
        return if is_staged(record) { Ok(record.clone()) } else { Err(gone(record)) };
    }
    let position = shown.iter().position(|record| record.release_id == live).unwrap_or(shown.len());
    shown[..position]
        .iter()
        .rev()
        .find(|record| is_staged(record))
        .map(|record| (*record).clone())
        .ok_or_else(|| Stop::NothingToGoBackTo("there is no earlier release to go back to".to_owned()))
}
