//! Gathers what the constitution is judged by: the newest record that users see the result of, and how things are now.

use std::collections::BTreeMap;

use charter_backup::Depth;
use charter_deploy_model::constitution::{Audit, Evidence, Present, Week, audit, present, recorded};
use charter_deploy_model::{DeploymentStatus, ProductionBranch, ProductionDeployment, Stamp, Verification};
use charter_host::Scope;
use charter_repository::BranchAnchor;
use charter_store::Anchor;

use crate::run::deployments;
use crate::stop::chain;
use crate::{Project, Stop};

/// A deployment, and everything that speaks for or against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// The deployment.
    pub record: ProductionDeployment,
    /// Its evidence.
    pub evidence: Vec<Evidence>,
    /// How the records stand.
    pub verification: Verification,
}

/// Gathers the evidence of the newest deployment that succeeded, or of the newest when none did; nothing when nothing
/// was ever deployed to this environment.
///
/// The record is believed as far as the log vouches for it. Branches, releases and snapshots are asked for now.
///
/// # Errors
/// When the records, the target or the repository cannot be read. A backup that cannot be read is evidence.
pub async fn evidence(project: &Project, scope: &Scope) -> Result<Option<Gathered>, Stop> {
    let records = deployments(project).await?;
    let newest = records.iter().rev().find(|record| record.status == DeploymentStatus::Success).or(records.last());
    let Some(record) = newest.cloned() else { return Ok(None) };
    let anchors = project.repository.anchors().map_err(Stop::Repository)?;
    let verification = verify(project, &anchors, scope).await?;
    let staged = project.target.releases(scope).await.map_err(Stop::target("list the releases"))?;
    let was_shown = |record: &&ProductionDeployment| {
        matches!(record.status, DeploymentStatus::Success | DeploymentStatus::RolledBack)
    };
    let now = Present {
        verification,
        anchored: published(anchors),
        shown: records
            .iter()
            .filter(was_shown)
            .map(|record| (record.deployment_id, record.branch_name.clone()))
            .collect(),
        remote: project.settings.branches_remote.clone(),
        staged: staged.into_iter().map(|release| release.id).collect(),
        backup: newest_backup(project, scope).await,
        record,
    };
    let mut evidence = recorded(&now.record, &project.kinds());
    evidence.extend(present(&now));
    Ok(Some(Gathered { evidence, record: now.record, verification: now.verification }))
}

/// Audits a week of this environment from its records; the week under way when `week` is absent.
///
/// # Errors
/// When the records or the branches cannot be read.
pub async fn audit_week(project: &Project, week: Option<Week>, scope: &Scope) -> Result<Audit, Stop> {
    let records = deployments(project).await?;
    let anchors = project.repository.anchors().map_err(Stop::Repository)?;
    let verification = verify(project, &anchors, scope).await?;
    let now = project.host.clock.now();
    let week = week.unwrap_or_else(|| Week::of(now));
    Ok(audit(week, project.settings.environment, &records, &project.kinds(), verification, now))
}

async fn verify(project: &Project, anchors: &[BranchAnchor], scope: &Scope) -> Result<Verification, Stop> {
    let anchors: Vec<Anchor> = anchors
        .iter()
        .map(|anchor| Anchor {
            size: anchor.size,
            root: anchor.root,
            branch: anchor.branch.to_string(),
            published: anchor.published,
        })
        .collect();
    project.store.verify(&anchors, scope).await.map_err(Stop::Records)
}

/// A branch that is two different commits, one here and one on a remote, counts as not published.
fn published(anchors: Vec<BranchAnchor>) -> BTreeMap<ProductionBranch, bool> {
    let mut published = BTreeMap::new();
    for anchor in anchors {
        published.entry(anchor.branch).and_modify(|published| *published = false).or_insert(anchor.published);
    }
    published
}

async fn newest_backup(project: &Project, scope: &Scope) -> Option<(Stamp, Vec<String>)> {
    let newest = project.backups.list(scope).await.ok()?.last()?.id;
    let faults = match project.backups.verify(newest, Depth::Listed, scope).await {
        Ok(verified) => verified.faults,
        Err(error) => vec![chain(&error)],
    };
    Some((newest, faults))
}
