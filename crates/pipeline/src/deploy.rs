//! Deploying: reading [`deploy()`] from top to bottom is reading what happens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_deploy_model::{
    CommitHash, DeploymentType, Digest, Emergency, Environment, GateReport, ProductionBranch, ProductionDeployment,
    Release, ReleaseId, TriggerSource,
};
use charter_host::Scope;

use crate::judging::{self, Extent, Judging};
use crate::prepare::{self, BackedUp};
use crate::run::{Cause, Run, deployments, next_id, verified};
use crate::{Project, Stop, freeze, lock, publish, recover};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct DeployRequest {
    /// What sets it off.
    pub trigger: TriggerSource,
    /// Words for the production branch's name; the commit's summary when absent.
    pub description: Option<String>,
    /// Whether it is an urgent fix, for the record.
    pub hotfix: bool,
    /// Why it cannot wait for every gate, when it cannot: then it is a hotfix that goes without those that the
    /// environment names for that, and all this is put on record.
    pub emergency: Option<String>,
}

/// A deployment that reached its end.
#[derive(Debug)]
pub struct Finished {
    /// Its record.
    pub record: ProductionDeployment,
    /// The release that users are shown now; absent when the deployment failed.
    pub release: Option<Release>,
    /// What the gates said.
    pub reports: Vec<GateReport>,
}

/// Carries the commit at HEAD to its users.
///
/// # Errors
/// When it is not carried there. Unless the stop is [`Stop::RollbackFailed`], users then see what they saw before.
pub async fn deploy(project: &Project, request: &DeployRequest, scope: &Scope) -> Result<Finished, Stop> {
    let locked = lock::take(project, "deploy").await?;
    recover::recover_all(project, &locked, scope).await?;
    refuse_when_frozen(project)?;
    let id = next_id(project).await?;
    let cause = cause(project, request, id.stamp()).await?;
    warn_of(project, cause.emergency.as_ref());
    let mut run = Run::begin(project, &locked, id, cause).await?;
    match prepare_release(&mut run, scope).await {
        Ok(ready) => publish::publish(run, ready, scope).await,
        Err(stop) => publish::abandon(run, stop, scope).await,
    }
}

async fn prepare_release(run: &mut Run<'_>, scope: &Scope) -> Result<BackedUp, Stop> {
    run.record_configuration().await?;
    let built = prepare::build(run, scope).await?;
    let staged = prepare::stage(run, built, scope).await?;
    let judged = prepare::judge(run, staged, scope).await?;
    let approved = prepare::approve(run, judged)?;
    prepare::back_up(run, approved, scope).await
}

async fn cause(project: &Project, request: &DeployRequest, stamp: charter_deploy_model::Stamp) -> Result<Cause, Stop> {
    let head = project.repository.head().map_err(Stop::Repository)?;
    let is_first = verified(&deployments(project).await?).is_empty();
    let emergency = emergency(project, request.emergency.as_deref())?;
    let deployment_type = match (is_first, request.hotfix || emergency.is_some()) {
        (true, _) => DeploymentType::Initial,
        (false, true) => DeploymentType::Hotfix,
        (false, false) => DeploymentType::Update,
    };
    let words = request.description.as_deref().unwrap_or(&head.summary);
    let branch = match project.settings.environment {
        Environment::Production => ProductionBranch::new(stamp, words).to_string(),
        _ => head.branch.clone().unwrap_or_else(|| head.hash.to_string()),
    };
    let trigger = if emergency.is_some() { TriggerSource::Emergency } else { request.trigger };
    Ok(Cause { deployment_type, trigger, commit: head.hash, branch, back_to: None, emergency })
}

/// Says what a deployment that cannot wait goes without, and on whose word; nothing when it can wait.
fn emergency(project: &Project, reason: Option<&str>) -> Result<Option<Emergency>, Stop> {
    let Some(reason) = reason else { return Ok(None) };
    let declared_by = project.repository.user().ok_or(Stop::Nameless)?;
    let left_out = project.settings.skipped_in_emergency.iter().cloned().collect();
    Ok(Some(Emergency { reason: reason.to_owned(), declared_by, left_out }))
}

fn warn_of(project: &Project, emergency: Option<&Emergency>) {
    let Some(Emergency { declared_by, left_out, .. }) = emergency else { return };
    let left_out = if left_out.is_empty() { "none".to_owned() } else { left_out.join(", ") };
    project.events.warn(format!(
        "An emergency, on the word of {declared_by}. Gates left out: {left_out}; all else is judged. It is put on record, \
         and a post-mortem is due within 24 hours."
    ));
}

pub(crate) fn refuse_when_frozen(project: &Project) -> Result<(), Stop> {
    let unknown = |error: std::io::Error| Stop::NotPublished {
        doing: "tell whether deployments are frozen",
        help: None,
        source: error.into(),
    };
    match freeze::current(&project.records).map_err(unknown)? {
        Some(freeze) => Err(Stop::Frozen(freeze)),
        None => Ok(()),
    }
}

/// What a deployment would do, found out without doing it.
#[derive(Debug)]
pub struct Plan {
    /// What would be deployed.
    pub commit: CommitHash,
    /// What users see now.
    pub live: Option<ReleaseId>,
    /// The digest of what was built.
    pub digest: Digest,
    /// How many files it has.
    pub files: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// Files that users would see for the first time.
    pub added: Vec<String>,
    /// Files that would change.
    pub changed: Vec<String>,
    /// Files that would be gone.
    pub removed: Vec<String>,
    /// The folder with what was built.
    pub site: PathBuf,
    /// What the gates say.
    pub reports: Vec<GateReport>,
}

/// Builds and judges the commit at HEAD without staging, showing or recording anything.
///
/// # Errors
/// When deployments are frozen, or it cannot be built or read. What gates find is in the plan.
pub async fn plan(project: &Project, request: &DeployRequest, scope: &Scope) -> Result<Plan, Stop> {
    refuse_when_frozen(project)?;
    let emergency = emergency(project, request.emergency.as_deref())?;
    warn_of(project, emergency.as_ref());
    judge(project, &Extent { emergency, ..Extent::default() }, scope).await
}

/// Builds the commit at HEAD and has the gates look at as much of it as `extent` says, frozen or not.
///
/// # Errors
/// When it cannot be built or read. What gates find is in the plan.
pub async fn judge(project: &Project, extent: &Extent, scope: &Scope) -> Result<Plan, Stop> {
    let head = project.repository.head().map_err(Stop::Repository)?;
    let (artifact, _) = prepare::build_and_read(project, &head.hash, None, scope).await?;
    let live = project.live(scope).await?;
    let shown = match &live {
        Some(id) => project.target.digests(id, scope).await.map_err(Stop::target("read the live release"))?,
        None => None,
    };
    let judging = Judging { commit: &head.hash, artifact: Arc::clone(&artifact), folder: &artifact.root, extent };
    let reports = judging::run(project, judging, scope).await?;
    let (added, changed, removed) = differences(shown.unwrap_or_default(), &artifact);
    Ok(Plan {
        commit: head.hash,
        live,
        digest: artifact.digest,
        files: artifact.files.len() as u64,
        bytes: artifact.bytes(),
        added,
        changed,
        removed,
        site: artifact.root.clone(),
        reports,
    })
}

fn differences(mut before: BTreeMap<String, Digest>, next: &Artifact) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for file in next.files.iter() {
        match before.remove(&file.path) {
            None => added.push(file.path.clone()),
            Some(digest) if digest != file.digest => changed.push(file.path.clone()),
            Some(_) => {}
        }
    }
    (added, changed, before.into_keys().collect())
}
