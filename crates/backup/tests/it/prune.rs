//! Removing snapshots.

use std::fs;

use charter_backup::{BackupEngine, BackupError, Depth, Freed, PruneMode};
use charter_deploy_model::Stamp;
use charter_host::lock::{self, Holder};
use jiff::Timestamp;

use crate::project::{Project, files_in};

/// Takes a snapshot of the site with another front page, and returns its id.
async fn version(project: &Project, number: u8) -> Stamp {
    project.write("live/index.html", format!("<!doctype html><title>Tides {number}</title>").repeat(50).as_bytes());
    project.create().await.unwrap().snapshot.id
}

async fn prune(project: &Project, ids: &[Stamp]) -> Result<Freed, BackupError> {
    project.engine.prune(ids, PruneMode::Remove, &project.scope).await
}

async fn ids(project: &Project) -> Vec<Stamp> {
    project.engine.list(&project.scope).await.unwrap().iter().map(|snapshot| snapshot.id).collect()
}

#[tokio::test]
async fn what_only_the_removed_snapshots_needed_goes() {
    let project = Project::new();
    let all = [version(&project, 1).await, version(&project, 2).await, version(&project, 3).await];
    let before = files_in(&project.path("backups"));
    let foreseen = project.engine.prune(&all[1..2], PruneMode::DryRun, &project.scope).await.unwrap();
    assert_eq!(files_in(&project.path("backups")), before, "a dry run removes nothing");

    let freed = prune(&project, &all[1..2]).await.unwrap();
    assert_eq!(freed, foreseen, "what was foreseen is what came");
    assert_eq!((freed.snapshots, freed.packs), (1, 1), "the first one's pack is shared with the last one");
    let bytes = |files: &std::collections::BTreeMap<String, Vec<u8>>| -> u64 {
        files.iter().filter(|(path, _)| path.starts_with("packs/")).map(|(_, bytes)| bytes.len() as u64).sum()
    };
    assert_eq!(bytes(&before) - bytes(&files_in(&project.path("backups"))), freed.bytes);
    assert_eq!(ids(&project).await, [all[0], all[2]]);
    for id in [all[0], all[2]] {
        assert_eq!(project.faults(id, Depth::Read).await, [""; 0]);
    }
    assert_eq!(project.restore(all[2]).await.unwrap(), project.sources());
    let error = project.restore(all[1]).await.unwrap_err();
    assert!(matches!(error, BackupError::NoSnapshot { .. }), "{error:?}");
    assert_eq!(prune(&project, &all[1..2]).await.unwrap(), Freed::default(), "doing it twice is doing it once");
}

#[tokio::test]
async fn what_was_removed_is_stored_afresh_when_it_comes_back() {
    let project = Project::new();
    let old = version(&project, 1).await;
    version(&project, 2).await;
    version(&project, 3).await;
    let second = ids(&project).await[1];
    prune(&project, &[old, second]).await.unwrap();
    let again = version(&project, 2).await;
    assert_eq!(project.faults(again, Depth::Read).await, [""; 0]);
    assert_eq!(project.restore(again).await.unwrap(), project.sources());
}

#[tokio::test]
async fn what_an_interrupted_writer_left_goes_without_any_snapshot_going() {
    let project = Project::new();
    let first = version(&project, 1).await;
    let second = version(&project, 2).await;
    // Its packs were written, its name was not.
    fs::remove_file(project.path(&format!("backups/snapshots/{second}.json"))).unwrap();
    let freed = prune(&project, &[]).await.unwrap();
    assert_eq!((freed.snapshots, freed.packs), (0, 1));
    assert_eq!(project.faults(first, Depth::Read).await, [""; 0]);
}

#[tokio::test]
async fn the_last_snapshot_is_never_removed() {
    let project = Project::new();
    let all = [version(&project, 1).await, version(&project, 2).await];
    let error = prune(&project, &all).await.unwrap_err();
    assert!(matches!(error, BackupError::Refused { .. }), "{error:?}");
    assert_eq!(ids(&project).await, all);
}

#[tokio::test]
async fn nothing_goes_while_one_that_stays_cannot_tell_what_it_needs() {
    let project = Project::new();
    let first = version(&project, 1).await;
    let second = version(&project, 2).await;
    let path = project.path(&format!("backups/snapshots/{second}.json"));
    let text = fs::read_to_string(&path).unwrap();
    let another = format!("sha256:{}", "0".repeat(64));
    let digest = text.split('"').find(|part| part.starts_with("sha256:")).unwrap();
    for damaged in [text.replace(digest, &another), "torn".to_owned()] {
        fs::write(&path, damaged).unwrap();
        let before = files_in(&project.path("backups"));
        let error = prune(&project, &[first]).await.unwrap_err();
        assert!(matches!(error, BackupError::Damaged { .. }), "{error:?}");
        assert_eq!(files_in(&project.path("backups")), before);
    }
    // The damaged one itself can go.
    prune(&project, &[second]).await.unwrap();
    assert_eq!(project.faults(first, Depth::Read).await, [""; 0]);
}

#[tokio::test]
async fn somebody_who_writes_is_not_disturbed() {
    let project = Project::new();
    let first = version(&project, 1).await;
    version(&project, 2).await;
    let holder = Holder::this_process("write", &project.path(""), Timestamp::UNIX_EPOCH);
    let _lock = lock::take(&project.path("backups/lock"), &holder).unwrap();
    let error = prune(&project, &[first]).await.unwrap_err();
    assert!(matches!(error, BackupError::Locked { .. }), "{error:?}");
}
