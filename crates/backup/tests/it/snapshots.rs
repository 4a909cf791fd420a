//! Taking snapshots and getting everything back.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use charter_backup::{BackupEngine, BackupError, Content, ContentFile, Depth};
use charter_deploy_model::Digest;
use charter_host::lock::{self, Holder};
use charter_host::{Progress, Scope};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::project::{Project, files_in};

fn digest(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}

/// Bytes that do not compress, the same ones every time.
fn noise(length: usize) -> Vec<u8> {
    let blocks = (0_u64..).flat_map(|number| <[u8; 32]>::from(Sha256::digest(number.to_le_bytes())));
    blocks.take(length).collect()
}

#[tokio::test]
async fn a_restore_returns_every_byte() {
    let project = Project::new();
    project.write("live/film.webm", &noise(9_000_000));
    project.write("live/strange \n name", b"x");
    let taken = project.create().await.unwrap();
    assert!(!taken.reused);
    assert_eq!(project.faults(taken.snapshot.id, Depth::Read).await, [""; 0]);
    assert_eq!(project.restore(taken.snapshot.id).await.unwrap(), project.sources());
}

#[tokio::test]
async fn what_was_counted_is_what_was_there() {
    let project = Project::new();
    let snapshot = project.create().await.unwrap().snapshot;
    let sizes: Vec<_> = snapshot.contents.iter().map(|content| (content.name.as_str(), content.files)).collect();
    assert_eq!(sizes, [("ledger", 2), ("live", 2)]);
    let bytes: u64 = project.sources().values().map(|bytes| bytes.len() as u64).sum();
    assert_eq!(snapshot.contents.iter().map(|content| content.bytes).sum::<u64>(), bytes);
    let packs: u64 = [".pack", ".index"]
        .iter()
        .flat_map(|ending| project.repository_files(ending))
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!(snapshot.added_bytes, packs);

    let into = project.path("restored");
    assert_eq!(project.engine.restore(snapshot.id, &[], &into, &project.scope).await.unwrap(), bytes);
}

#[tokio::test]
async fn unchanged_content_is_reused_and_nothing_is_written() {
    let project = Project::new();
    let first = project.create().await.unwrap();
    let before = files_in(&project.path("backups"));
    let mut contents = project.contents();
    contents.reverse();
    let second = project.engine.create("another reason", &contents, &project.scope).await.unwrap();
    assert!(second.reused);
    assert_eq!(second.snapshot, first.snapshot);
    assert_eq!(files_in(&project.path("backups")), before);
}

#[tokio::test]
async fn only_what_is_new_is_added() {
    let project = Project::new();
    project.write("live/photo.avif", &noise(300_000));
    let first = project.create().await.unwrap().snapshot;
    project.write("live/index.html", b"<!doctype html><title>New tides</title>");
    let second = project.create().await.unwrap();
    assert!(!second.reused);
    assert!(second.snapshot.added_bytes < 2_000, "{} bytes", second.snapshot.added_bytes);
    assert_eq!(project.restore(second.snapshot.id).await.unwrap(), project.sources());
    let old = project.restore(first.id).await.unwrap();
    assert_eq!(old["live/index.html"], "<!doctype html><title>Tides</title>".repeat(40).as_bytes());
}

#[tokio::test]
async fn the_same_second_gives_the_next_free_name() {
    let project = Project::new();
    let first = project.create().await.unwrap().snapshot;
    project.write("ledger/log/entries", b"a third\n");
    let second = project.create().await.unwrap().snapshot;
    assert_eq!(second.id, first.id.next());
    let listed = project.engine.list(&project.scope).await.unwrap();
    assert_eq!(listed, [first, second], "oldest first");
}

#[tokio::test]
async fn one_content_can_be_restored_alone() {
    let project = Project::new();
    let id = project.create().await.unwrap().snapshot.id;
    let into = project.path("restored");
    project.engine.restore(id, &["ledger".to_owned()], &into, &project.scope).await.unwrap();
    let restored: Vec<_> = files_in(&into).into_keys().collect();
    assert_eq!(restored, ["ledger/deployments/one.json", "ledger/log/entries"]);

    let absent = project.engine.restore(id, &["logs".to_owned()], &project.path("b"), &project.scope).await;
    assert!(matches!(absent, Err(BackupError::NoContent { .. })), "{absent:?}");
}

#[tokio::test]
async fn a_folder_that_has_something_in_it_is_not_restored_into() {
    let project = Project::new();
    let id = project.create().await.unwrap().snapshot.id;
    let refused = project.engine.restore(id, &[], &project.path("live"), &project.scope).await;
    assert!(matches!(refused, Err(BackupError::NotEmpty { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_absent_ledger_is_an_empty_content() {
    let project = Project::new();
    let contents = [
        Content::folder("ledger", &project.path("nothing")).unwrap(),
        Content::file("configuration", &project.path("live/index.html")).unwrap(),
    ];
    let snapshot = project.engine.create("first ever", &contents, &project.scope).await.unwrap().snapshot;
    assert_eq!(snapshot.contents[0].files, 0);
    let restored: Vec<_> = project.restore(snapshot.id).await.unwrap().into_keys().collect();
    assert_eq!(restored, ["configuration/index.html"]);
    assert!(project.path("restored/ledger").is_dir());
}

#[tokio::test]
async fn a_file_that_is_not_what_its_manifest_says_stops_the_snapshot() {
    for size in [10, 9_000_000] {
        let project = Project::new();
        let bytes = noise(size);
        project.write("live/film.webm", &bytes);
        let mut contents = project.contents();
        for file in &mut contents[1].files {
            file.digest = Some(digest(&fs::read(project.path("live").join(&file.path)).unwrap()));
        }
        let mut changed = bytes.clone();
        changed[size / 2] ^= 1;
        project.write("live/film.webm", &changed);
        let error = project.engine.create("a test", &contents, &project.scope).await.unwrap_err();
        assert!(matches!(&error, BackupError::Changed { path } if path.ends_with("live/film.webm")), "{error:?}");
        assert_eq!(project.engine.list(&project.scope).await.unwrap(), []);
        project.write("live/film.webm", &bytes);
        assert!(!project.engine.create("a test", &contents, &project.scope).await.unwrap().reused);
    }
}

/// Appends to a log whenever the engine says how far it is, so often.
#[derive(Debug)]
struct Restless {
    log: PathBuf,
    times: u64,
    written: AtomicU64,
}

impl Progress for Restless {
    fn progress(&self, _done: u64, _total: Option<u64>, _doing: &str) {
        if self.written.fetch_add(1, Ordering::SeqCst) < self.times {
            fs::write(&self.log, "a line\n".repeat(self.written.load(Ordering::SeqCst) as usize)).unwrap();
        }
    }
}

fn restless(project: &Project, times: u64) -> Scope {
    let log = project.path("ledger/log/entries");
    Scope::with_progress(Arc::new(Restless { log, times, written: AtomicU64::new(0) }))
}

#[tokio::test]
async fn a_log_that_grows_meanwhile_is_taken_as_it_is_then() {
    let project = Project::new();
    let scope = restless(&project, 1);
    let snapshot = project.engine.create("a test", &project.contents(), &scope).await.unwrap().snapshot;
    assert_eq!(project.faults(snapshot.id, Depth::Read).await, [""; 0]);
    assert_eq!(project.restore(snapshot.id).await.unwrap(), project.sources());
}

#[tokio::test]
async fn a_log_that_never_rests_is_named() {
    let project = Project::new();
    let scope = restless(&project, u64::MAX);
    let error = project.engine.create("a test", &project.contents(), &scope).await.unwrap_err();
    assert!(matches!(&error, BackupError::Changed { path } if path.ends_with("ledger/log/entries")), "{error:?}");
    assert_eq!(project.engine.list(&project.scope).await.unwrap(), []);
}

#[tokio::test]
async fn known_digests_and_hashed_files_make_the_same_snapshot() {
    let project = Project::new();
    let hashed = project.create().await.unwrap();
    let mut contents = project.contents();
    for file in &mut contents[1].files {
        file.digest = Some(digest(&fs::read(project.path("live").join(&file.path)).unwrap()));
    }
    let known = project.engine.create("a test", &contents, &project.scope).await.unwrap();
    assert_eq!((known.reused, known.snapshot), (true, hashed.snapshot));
}

#[tokio::test]
async fn what_vanishes_after_it_was_listed_is_left_out() {
    let project = Project::new();
    let contents = project.contents();
    fs::remove_file(project.path("ledger/log/entries")).unwrap();
    let snapshot = project.engine.create("a test", &contents, &project.scope).await.unwrap().snapshot;
    assert_eq!(snapshot.contents[0].files, 1);
    assert_eq!(project.restore(snapshot.id).await.unwrap(), project.sources());
}

#[tokio::test]
async fn paths_that_leave_the_root_are_not_taken() {
    let project = Project::new();
    for path in ["../secret", "/etc/passwd", "a//b"] {
        let files = vec![ContentFile { path: path.to_owned(), size: 0, digest: None }];
        let content = Content { name: "live".to_owned(), root: project.path("live"), files };
        let error = project.engine.create("a test", &[content], &project.scope).await.unwrap_err();
        assert!(matches!(error, BackupError::Refused { .. }), "{error:?}");
    }
    let twice = [project.contents(), project.contents()].concat();
    assert!(matches!(project.engine.create("a test", &twice, &project.scope).await, Err(BackupError::Refused { .. })));
}

#[tokio::test]
async fn a_second_writer_learns_who_was_first() {
    let project = Project::new();
    let holder = Holder::this_process("20261121-020711-deployment", &project.path("shop"), Timestamp::UNIX_EPOCH);
    let held = lock::take(&project.path("backups/lock"), &holder).unwrap();
    let error = project.create().await.unwrap_err();
    assert!(matches!(&error, BackupError::Locked { holder: Some(found), .. } if *found == holder), "{error:?}");
    assert!(error.to_string().contains("20261121-020711-deployment"), "{error}");
    drop(held);
    project.create().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_the_same_time_exclude_each_other() {
    let project = Project::new();
    let creates: Vec<_> = (0..8)
        .map(|number| {
            project.write(&format!("part-{number}/file"), &noise(1000 + number));
            let content = Content::folder("live", &project.path(&format!("part-{number}"))).unwrap();
            let (engine, scope) = (project.engine.clone(), project.scope.clone());
            tokio::spawn(async move { engine.create("a test", &[content], &scope).await })
        })
        .collect();
    let mut taken = 0;
    for create in creates {
        match create.await.unwrap() {
            Ok(snapshot) => {
                taken += 1;
                assert_eq!(project.faults(snapshot.snapshot.id, Depth::Read).await, [""; 0]);
            }
            Err(error) => assert!(matches!(error, BackupError::Locked { .. }), "{error:?}"),
        }
    }
    assert!(taken > 0);
    assert_eq!(project.engine.list(&project.scope).await.unwrap().len(), taken);
}

#[tokio::test]
async fn a_cancelled_snapshot_is_not_there() {
    let project = Project::new();
    project.scope.cancel.cancel();
    let error = project.create().await.unwrap_err();
    assert!(matches!(error, BackupError::Cancelled), "{error:?}");
    assert_eq!(project.engine.list(&project.scope).await.unwrap(), []);
}
