//! A repository that somebody else wrote: nothing in it may reach outside the folder that is restored into.

use std::fs;
use std::path::Path;

use charter_backup::{BackupEngine, BackupError, Depth};
use charter_deploy_model::{Digest, Stamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::project::Project;

/// Writes a snapshot of one content with a single file, as this crate would, but without its checks.
fn forge(project: &Project, content: &str, path: &str) -> Stamp {
    let sha = |bytes: &[u8]| Digest::new(Sha256::digest(bytes).into());
    let blob = b"owned";
    let tree = format!("{} {} {path}\0", sha(blob).hex(), blob.len());
    let frames = [blob.as_slice(), tree.as_bytes()].map(|bytes| zstd::encode_all(bytes, 1).unwrap()).concat();
    fs::write(project.path(&format!("backups/packs/{}.pack", sha(&frames).hex())), frames).unwrap();
    let snapshot = json!({
        "schema": "snapshot/1", "id": "20261121-020711", "takenAt": "2026-11-21T02:07:11Z", "reason": "forged",
        "contents": [{ "name": content, "files": 1, "bytes": 5, "digest": sha(tree.as_bytes()) }], "addedBytes": 0,
    });
    fs::write(project.path("backups/snapshots/20261121-020711.json"), snapshot.to_string()).unwrap();
    "20261121-020711".parse().unwrap()
}

#[tokio::test]
async fn paths_that_lead_outside_are_refused_on_restore() {
    for (content, path) in [
        ("live", "../escaped"),
        ("live", "a/../../escaped"),
        ("live", "/tmp/charter-escaped"),
        ("live", ".."),
        ("../escaped", "file"),
        ("..", "file"),
        ("/tmp/charter-escaped", "file"),
    ] {
        let project = Project::new();
        let id = forge(&project, content, path);
        let error = project.restore(id).await.unwrap_err();
        assert!(matches!(error, BackupError::Refused { .. }), "{content} {path}: {error:?}");
        assert!(!project.path("escaped").exists() && !project.path("restored/escaped").exists());
        assert!(!Path::new("/tmp/charter-escaped").exists());
        assert_ne!(project.faults(id, Depth::Listed).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_forged_snapshot_that_stays_inside_is_an_ordinary_one() {
    let project = Project::new();
    let id = forge(&project, "live", "..inside/file");
    assert_eq!(project.restore(id).await.unwrap()["live/..inside/file"], b"owned");
}

#[tokio::test]
async fn a_snapshot_under_another_name_is_damaged() {
    let project = Project::new();
    let id = forge(&project, "live", "file");
    let name = |id: Stamp| project.path(&format!("backups/snapshots/{id}.json"));
    fs::rename(name(id), name(id.next())).unwrap();
    let error = project.engine.restore(id.next(), &[], &project.path("restored"), &project.scope).await.unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error:?}");
}
