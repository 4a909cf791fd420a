//! What time and accidents do to a repository, and that it is noticed, told and mended.

use std::fs::{self, OpenOptions};
use std::path::Path;

use charter_backup::{BackupEngine, BackupError, Depth};
use proptest::prelude::*;

use crate::project::{Project, files_in};

fn cut(path: &Path, length: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_flipped_byte_is_found_by_reading_and_never_restored(at in any::<prop::sample::Index>(), flip in 1_u8..) {
        run(async {
            let project = Project::new();
            let id = project.create().await.unwrap().snapshot.id;
            let sources = project.sources();
            let pack = project.repository_files(".pack").remove(0);
            let mut bytes = fs::read(&pack).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            fs::write(&pack, bytes).unwrap();

            let faults = project.faults(id, Depth::Read).await;
            match project.restore(id).await {
                // A flip that zstd does not mind, such as in a reserved bit, changes nothing that anybody gets back.
                Ok(restored) => assert_eq!((restored, faults), (sources, vec![])),
                Err(error) => {
                    assert!(matches!(error, BackupError::Damaged { .. }), "{error:?}");
                    assert!(!faults.is_empty());
                    assert!(files_in(&project.path("restored")).is_empty(), "half a restore was left");
                }
            }
        });
    }
}

#[tokio::test]
async fn a_pack_that_was_cut_short_is_found_by_its_length() {
    let project = Project::new();
    let id = project.create().await.unwrap().snapshot.id;
    let pack = project.repository_files(".pack").remove(0);
    let length = fs::metadata(&pack).unwrap().len();
    for cut_to in [length - 1, length / 2, 0] {
        cut(&pack, cut_to);
        assert_ne!(project.faults(id, Depth::Sizes).await, [""; 0], "{cut_to} bytes");
        assert!(project.restore(id).await.is_err());
    }
}

#[tokio::test]
async fn the_next_backup_stores_again_what_was_lost() {
    let project = Project::new();
    let id = project.create().await.unwrap().snapshot.id;
    let pack = project.repository_files(".pack").remove(0);
    let length = fs::metadata(&pack).unwrap().len();
    let half = move |path: &Path| cut(path, length / 2);
    let gone = |path: &Path| fs::remove_file(path).unwrap();
    let harms: [&dyn Fn(&Path); 2] = [&half, &gone];
    for harm in harms {
        harm(&pack);
        let again = project.create().await.unwrap();
        assert_eq!((again.reused, again.snapshot.id), (true, id));
        assert_eq!(project.faults(id, Depth::Read).await, [""; 0]);
        assert_eq!(project.restore(id).await.unwrap(), project.sources());
    }
}

#[tokio::test]
async fn a_lost_index_is_told_costs_nothing_and_is_made_again() {
    let project = Project::new();
    let id = project.create().await.unwrap().snapshot.id;
    let index = project.repository_files(".index").remove(0);
    let original = fs::read(&index).unwrap();
    for harm in ["removed", "damaged", "cut"] {
        match harm {
            "removed" => fs::remove_file(&index).unwrap(),
            "damaged" => fs::write(&index, b"not an index").unwrap(),
            _ => cut(&index, 5),
        }
        let faults = project.faults(id, Depth::Listed).await;
        assert!(faults.len() == 1 && faults[0].contains("the index of"), "{faults:?}");
        assert_eq!(project.restore(id).await.unwrap(), project.sources());

        assert!(project.create().await.unwrap().reused);
        assert_eq!(fs::read(&index).unwrap(), original);
        assert_eq!(project.faults(id, Depth::Read).await, [""; 0]);
    }
}

#[tokio::test]
async fn one_damaged_snapshot_file_stops_neither_backups_nor_the_others() {
    let project = Project::new();
    let first = project.create().await.unwrap().snapshot.id;
    project.write("ledger/log/entries", b"more\n");
    let second = project.create().await.unwrap().snapshot.id;
    let file = project.path(&format!("backups/snapshots/{second}.json"));
    fs::write(&file, b"{").unwrap();

    let error = project.engine.list(&project.scope).await.unwrap_err();
    assert!(error.to_string().contains(&format!("{second}.json")), "{error}");
    assert_ne!(project.faults(second, Depth::Listed).await, [""; 0]);
    assert_eq!(project.faults(first, Depth::Read).await, [""; 0]);
    let third = project.create().await.unwrap();
    assert_eq!((third.reused, third.snapshot.id), (false, second.next()));
}

#[tokio::test]
async fn a_snapshot_that_is_not_there_is_said_to_be_missing() {
    let project = Project::new();
    let id = "20261121-020711".parse().unwrap();
    let error = project.engine.verify(id, Depth::Listed, &project.scope).await.unwrap_err();
    assert!(matches!(error, BackupError::NoSnapshot { .. }), "{error:?}");
    assert!(matches!(project.restore(id).await, Err(BackupError::NoSnapshot { .. })));
}

#[tokio::test]
async fn a_disk_error_names_the_path() {
    let project = Project::new();
    let contents = project.contents();
    fs::remove_file(project.path("live/index.html")).unwrap();
    fs::create_dir(project.path("live/index.html")).unwrap();
    let error = project.engine.create("a test", &contents, &project.scope).await.unwrap_err();
    assert!(matches!(&error, BackupError::Read { path, .. } if path.ends_with("live/index.html")), "{error:?}");

    fs::remove_dir(project.path("backups/packs")).unwrap();
    fs::write(project.path("backups/packs"), b"").unwrap();
    let error = project.create().await.unwrap_err();
    assert!(error.to_string().contains("backups/packs"), "{error}");
}
