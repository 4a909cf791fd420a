//! Which snapshots stay, and removing the others.

use charter_backup::{Depth, Freed, PruneMode};
use charter_deploy_model::{PlannedSnapshot, Snapshot, SnapshotPlan, Stamp};
use charter_host::Scope;

use super::facts::Facts;
use super::{Elsewhere, begin};
use crate::{Project, Stop};

/// Decides on every snapshot, and changes nothing. The newest one is read back whole, since it is what stays.
///
/// # Errors
/// When the snapshots or the records cannot be read.
pub async fn plan_snapshots(project: &Project, elsewhere: &[Elsewhere], scope: &Scope) -> Result<SnapshotPlan, Stop> {
    let facts = Facts::gather(project, elsewhere, scope).await?;
    let snapshots = project.backups.list(scope).await.map_err(Stop::backup)?;
    let sound = newest_sound(project, &snapshots, scope).await?;
    let policy = &project.settings.retention.backups;
    let decisions =
        charter_deploy_model::plan_snapshots(policy, &snapshots, sound, &facts.needed_snapshots(), facts.at);
    let going: Vec<Stamp> =
        decisions.iter().filter(|decision| decision.prune).map(|decision| decision.snapshot).collect();
    let freed = project.backups.prune(&going, PruneMode::DryRun, scope).await.map_err(Stop::backup)?;
    let planned = decisions.into_iter().zip(snapshots);
    Ok(SnapshotPlan {
        at: facts.at,
        snapshots: planned
            .map(|(decision, snapshot)| PlannedSnapshot { decision, taken_for: snapshot.reason })
            .collect(),
        freed_bytes: freed.bytes,
    })
}

/// Removes the snapshots that [`plan_snapshots`] lets go at this moment, and the packs that only they needed.
///
/// # Errors
/// Those of [`plan_snapshots`], and when something cannot be removed; the next time it goes on from there.
pub async fn prune_snapshots(project: &Project, elsewhere: &[Elsewhere], scope: &Scope) -> Result<Freed, Stop> {
    let _locked = begin(project, scope).await?;
    let plan = plan_snapshots(project, elsewhere, scope).await?;
    let going: Vec<Stamp> = plan
        .snapshots
        .iter()
        .filter(|snapshot| snapshot.decision.prune)
        .map(|snapshot| snapshot.decision.snapshot)
        .collect();
    project.backups.prune(&going, PruneMode::Remove, scope).await.map_err(Stop::backup)
}

async fn newest_sound(project: &Project, snapshots: &[Snapshot], scope: &Scope) -> Result<Option<Stamp>, Stop> {
    for snapshot in snapshots.iter().rev() {
        let verified = project.backups.verify(snapshot.id, Depth::Read, scope).await.map_err(Stop::backup)?;
        if verified.faults.is_empty() {
            return Ok(Some(snapshot.id));
        }
        project.events.warn(format!("the snapshot {} is damaged: {}", snapshot.id, verified.faults.join("; ")));
    }
    Ok(None)
}
