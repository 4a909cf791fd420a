//! Every way to change the past is named.

use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::Standing;
use charter_store::{Anchor, StoreError};
use proptest::prelude::*;

use crate::note::{Note, Pruning, faults, folder_with, note, open, verify};

#[tokio::test]
async fn an_untouched_store_is_sound() {
    let (_folder, store) = folder_with(5).await;
    let verification = verify(&store, &[]).await;
    assert!(verification.is_sound());
    assert_eq!((verification.size, verification.sound), (5, 5));
    assert_eq!(verification.root, store.checkpoint().await.unwrap().root);
}

#[tokio::test]
async fn an_altered_record_is_named_and_not_read() {
    let (folder, store) = folder_with(3).await;
    let path = folder.path().join("notes/b.json");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("says", "said")).unwrap();
    assert_eq!(faults(&verify(&store, &[]).await), [("notes/b.json", &Standing::Altered)]);
    for error in
        [store.read::<Note>("notes/b.json").await.unwrap_err(), store.read_all::<Note>("notes").await.unwrap_err()]
    {
        assert!(matches!(&error, StoreError::Altered { path, .. } if path == "notes/b.json"), "{error:?}");
    }
}

#[tokio::test]
async fn a_deleted_record_is_missing() {
    let (folder, store) = folder_with(3).await;
    fs::remove_file(folder.path().join("notes/b.json")).unwrap();
    let verification = verify(&store, &[]).await;
    assert_eq!(faults(&verification), [("notes/b.json", &Standing::Missing)]);
    assert_eq!(verification.sound, 2);
    let error = store.read::<Note>("notes/b.json").await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
}

#[tokio::test]
async fn a_planted_record_is_unlogged_wherever_it_is() {
    let (folder, store) = folder_with(1).await;
    let planted = ["approvals/x.json", "deployments/20260101-000000-deployment.json", "notes/sub/z.json"];
    for path in planted {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(folder.path().join("notes/a.json"), path).unwrap();
    }
    let verification = verify(&store, &[]).await;
    assert_eq!(faults(&verification), planted.map(|path| (path, &Standing::Unlogged)));
    assert_eq!(store.paths("notes").await.unwrap(), ["notes/a.json"]);
    let error = store.read::<Note>("notes/never.json").await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_shortened_log_does_not_fit_its_anchor() {
    let (folder, store) = folder_with(3).await;
    let checkpoint = store.checkpoint().await.unwrap();
    let anchor = Anchor { size: checkpoint.size, root: checkpoint.root, branch: "prod".to_owned(), published: true };
    assert!(verify(&store, std::slice::from_ref(&anchor)).await.is_sound());

    let log = folder.path().join("log/entries");
    let text = fs::read_to_string(&log).unwrap();
    let two: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&log, two).unwrap();
    fs::remove_file(folder.path().join("notes/c.json")).unwrap();

    let fresh = open(folder.path()).await.unwrap();
    assert!(verify(&fresh, &[]).await.is_sound(), "without an anchor nobody can tell");
    let verification = verify(&fresh, std::slice::from_ref(&anchor)).await;
    assert_eq!(faults(&verification), [("log/entries", &Standing::Truncated)]);
    assert_eq!((verification.anchors, verification.anchors_published), (1, 1));
    assert!(verification.faults[0].detail.as_ref().unwrap().contains("`prod`"));

    assert_eq!(faults(&verify(&store, &[]).await), [("log/entries", &Standing::Truncated)], "an open store remembers");
    assert!(matches!(store.append(&note("d")).await.unwrap_err(), StoreError::LogCut));
}

#[tokio::test]
async fn a_store_that_was_written_anew_does_not_fit_its_anchor() {
    let (folder, store) = folder_with(3).await;
    let checkpoint = store.checkpoint().await.unwrap();
    let anchor = Anchor { size: checkpoint.size, root: checkpoint.root, branch: "prod".to_owned(), published: false };
    store.flush().await.unwrap();

    for name in ["log", "notes"] {
        fs::remove_dir_all(folder.path().join(name)).unwrap();
    }
    let forger = open(folder.path()).await.unwrap();
    for name in ["a", "b", "c"] {
        forger.append(&Note { text: "nothing ever happened".to_owned(), ..note(name) }).await.unwrap();
    }
    assert!(verify(&forger, &[]).await.is_sound());
    let verification = verify(&forger, &[anchor]).await;
    assert_eq!(faults(&verification), [("log/entries", &Standing::Rewritten)]);
    assert_eq!(verification.anchors_published, 0);
}

#[tokio::test]
async fn the_checkpoint_beside_the_log_tells_too() {
    let (folder, store) = folder_with(3).await;
    store.flush().await.unwrap();
    let log = folder.path().join("log/entries");
    let text = fs::read_to_string(&log).unwrap();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.swap(0, 1);
    fs::write(&log, lines.concat()).unwrap();
    let fresh = open(folder.path()).await.unwrap();
    assert_eq!(faults(&verify(&fresh, &[]).await), [("log/checkpoint", &Standing::Rewritten)]);
}

#[tokio::test]
async fn a_second_line_for_a_record_is_malformed() {
    let (folder, _) = folder_with(2).await;
    let log = folder.path().join("log/entries");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, format!("{text}{}\nnonsense\n", text.lines().next().unwrap())).unwrap();
    let verification = verify(&open(folder.path()).await.unwrap(), &[]).await;
    let malformed = ("log/entries", &Standing::Malformed);
    assert_eq!(faults(&verification), [malformed, malformed]);
    assert_eq!(verification.size, 4);
}

#[tokio::test]
async fn a_pruned_record_is_sound_and_its_pruning_is_named() {
    let (folder, store) = folder_with(3).await;
    let paths = vec!["notes/a.json".to_owned(), "notes/c.json".to_owned()];
    store.append(&Pruning { name: "first".to_owned(), paths }).await.unwrap();
    fs::remove_file(folder.path().join("notes/a.json")).unwrap();

    let verification = verify(&store, &[]).await;
    assert!(verification.is_sound(), "{verification:?}");
    assert_eq!(verification.sound, 4, "one that is not removed yet is sound too");
    assert_eq!(store.read_all::<Note>("notes").await.unwrap(), [note("b"), note("c")]);
    let error = store.read::<Note>("notes/a.json").await.unwrap_err();
    assert!(matches!(&error, StoreError::Pruned { by, .. } if by == "integrity/prunings/first.json"), "{error:?}");

    let pruning = folder.path().join("integrity/prunings/first.json");
    fs::write(&pruning, fs::read_to_string(&pruning).unwrap().replace("notes/c.json", "notes/b.json")).unwrap();
    let verification = verify(&store, &[]).await;
    let (missing, altered) = (&Standing::Missing, &Standing::Altered);
    assert_eq!(faults(&verification), [("notes/a.json", missing), ("integrity/prunings/first.json", altered)]);
}

#[tokio::test]
async fn a_damaged_line_costs_only_its_own_record() {
    let (folder, _) = folder_with(3).await;
    let log = folder.path().join("log/entries");
    let mut bytes = fs::read(&log).unwrap();
    bytes[0] = 0xff;
    fs::write(&log, bytes).unwrap();
    let fresh = open(folder.path()).await.unwrap();
    assert_eq!(fresh.read::<Note>("notes/b.json").await.unwrap(), note("b"));
    let verification = verify(&fresh, &[]).await;
    let expected = [("log/entries", &Standing::Malformed), ("notes/a.json", &Standing::Unlogged)];
    assert_eq!(faults(&verification), expected);
    fresh.append(&note("d")).await.unwrap();
}

/// Returns every file that is believed, with the checkpoint.
fn believed(folder: &Path) -> Vec<PathBuf> {
    ["store.json", "log/entries", "log/checkpoint", "notes/a.json", "notes/b.json", "integrity/prunings/p.json"]
        .map(|path| folder.join(path))
        .to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_byte_is_flipped_something_is_named(file in 0_usize..6, place: prop::sample::Index, bit in 0_u8..8) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (folder, store) = folder_with(2).await;
            store.append(&Pruning { name: "p".to_owned(), paths: vec!["notes/x.json".to_owned()] }).await.unwrap();
            store.flush().await.unwrap();
            assert!(verify(&store, &[]).await.is_sound());

            let path = &believed(folder.path())[file];
            let mut bytes = fs::read(path).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            fs::write(path, bytes).unwrap();

            let named = verify(&store, &[]).await;
            prop_assert!(!named.is_sound(), "the store that was open: {} at {place}", path.display());
            match open(folder.path()).await {
                Ok(fresh) => {
                    let named = verify(&fresh, &[]).await;
                    prop_assert!(!named.is_sound(), "a fresh one: {} at {place}", path.display());
                }
                Err(StoreError::Unreadable { path, .. }) => prop_assert_eq!(path, "store.json"),
                Err(StoreError::NewerStore { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            Ok(())
        })?;
    }
}
