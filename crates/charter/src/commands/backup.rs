//! `backup`: snapshots of records, configuration and live release.

use charter_backup::{BackupError, Depth};
use charter_deploy_model::{Failure, Stamp, UsersSee, exit};
use charter_pipeline::{Stop, keeping};
use serde_json::json;

use super::{Ended, Invocation};
use crate::args::Backup;
use crate::{open, usage};

pub(super) async fn backup(invocation: &Invocation<'_>, command: Backup) -> Ended {
    let project = invocation.project().await?;
    let scope = invocation.output.scope();
    let backups = &project.backups;
    match command {
        Backup::Create => match charter_pipeline::take_backup(&project, "by hand", &scope).await {
            Ok(_) => Ok(exit::DONE),
            Err(stop) => Err(invocation.failure(&project, &stop).await),
        },
        Backup::List => {
            let list = backups.list(&scope).await.map_err(failed)?;
            invocation
                .output
                .result(|| charter_report::snapshots(&list), || charter_report::json::v1::snapshots(&list));
            Ok(exit::DONE)
        }
        Backup::Verify { snapshot } => {
            let id = match snapshot {
                Some(id) => id,
                None => newest(&backups.list(&scope).await.map_err(failed)?)?,
            };
            let verified = backups.verify(id, Depth::Read, &scope).await.map_err(failed)?;
            if !verified.faults.is_empty() {
                let mut failure =
                    open::broken(&format!("the snapshot {id} is damaged"), &Damaged(verified.faults.join("; ")));
                failure.next = vec!["`cargo xtask backup create` takes a new one".to_owned()];
                return Err(failure);
            }
            invocation.output.result(
                || {
                    format!(
                        "{id}: every one of {} blobs was read back and is what it was ({} bytes)",
                        verified.blobs, verified.bytes
                    )
                },
                || json!({ "v": 1, "snapshot": id, "blobs": verified.blobs, "bytes": verified.bytes, "faults": [] }),
            );
            Ok(exit::DONE)
        }
        Backup::Prune { dry_run } => {
            let elsewhere = open::elsewhere(invocation.charter, invocation.surroundings, &invocation.common, &project)?;
            let stopped = |stop: Stop| stop.failure(UsersSee::NotConcerned);
            if dry_run {
                let plan = keeping::plan_snapshots(&project, &elsewhere, &scope).await.map_err(stopped)?;
                invocation
                    .output
                    .result(|| charter_report::snapshot_plan(&plan), || charter_report::json::v1::snapshot_plan(&plan));
            } else {
                let freed = keeping::prune_snapshots(&project, &elsewhere, &scope).await.map_err(stopped)?;
                invocation.output.result(
                    || charter_report::snapshots_pruned(freed.snapshots, freed.packs, freed.bytes),
                    || charter_report::json::v1::snapshots_pruned(freed.snapshots, freed.packs, freed.bytes),
                );
            }
            Ok(exit::DONE)
        }
        Backup::Restore { snapshot, into, only } => {
            let folder = invocation.surroundings.folder.as_ref().map_or(into.clone(), |folder| folder.join(&into));
            let bytes = backups.restore(snapshot, &only, &folder, &scope).await.map_err(failed)?;
            invocation.output.result(
                || format!("{bytes} bytes of {snapshot} are in {}", folder.display()),
                || json!({ "v": 1, "snapshot": snapshot, "bytes": bytes }),
            );
            Ok(exit::DONE)
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Damaged(String);

fn newest(list: &[charter_deploy_model::Snapshot]) -> Result<Stamp, Failure> {
    list.last()
        .map(|snapshot| snapshot.id)
        .ok_or_else(|| usage("there is no snapshot yet", Vec::new(), &["cargo xtask backup create"]))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn failed(error: BackupError) -> Failure {
    let mut failure = match &error {
        BackupError::NoSnapshot { .. } | BackupError::NoContent { .. } | BackupError::NotEmpty { .. } => {
            usage(error.to_string(), Vec::new(), &["cargo xtask backup list"])
        }
        BackupError::Locked { .. } => {
            Failure { exit_code: exit::LOCKED, ..open::broken("the backups are in use", &error) }
        }
        _ => open::broken("the backup could not be used", &error),
    };
    failure.next.extend(error.help());
    failure
}
