//! Compressed records read and verify as they did before.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use charter_deploy_model::{Environment, Standing};
use charter_host::Scope;
use charter_store::{Backend, FileBackend, MemoryBackend, Store, StoreError};
use proptest::prelude::*;
use serde::Deserialize;

use crate::configuration::configuration;
use crate::note::{Note, faults, folder_with, note, open, verify};

fn paths(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("notes/{name}.json")).collect()
}

async fn archive(store: &Store, names: &[&str]) {
    store.archive(&paths(names), &Scope::default()).await.unwrap();
}

fn long(name: &str) -> Note {
    Note { text: "the same words again ".repeat(200), ..note(name) }
}

/// Goes through everything a reader can ask for, on any backend.
async fn readers_see_no_difference(backend: Arc<dyn Backend>) {
    let store = Store::open(Arc::clone(&backend)).await.unwrap();
    for name in ["a", "b", "c"] {
        store.append(&long(name)).await.unwrap();
    }
    let before = store.checkpoint().await.unwrap();
    let foreseen = store.archived_sizes(&paths(&["a", "b"]), &Scope::default()).await.unwrap();
    let done = store.archive(&paths(&["a", "b"]), &Scope::default()).await.unwrap();
    assert_eq!(done, foreseen, "what was foreseen is what came");
    assert!(done.iter().all(|it| it.stored_bytes * 10 < it.bytes), "{done:?}");

    for store in [store.clone(), Store::open(Arc::clone(&backend)).await.unwrap()] {
        assert_eq!(store.read::<Note>("notes/a.json").await.unwrap(), long("a"));
        assert_eq!(store.read_all::<Note>("notes").await.unwrap(), ["a", "b", "c"].map(long));
        assert_eq!(store.paths("notes").await.unwrap(), paths(&["a", "b", "c"]));
        assert_eq!(store.checkpoint().await.unwrap(), before, "the log is as it was");
        let verification = verify(&store, &[]).await;
        assert!(verification.is_sound(), "{verification:?}");
        assert_eq!(verification.sound, 3);
    }
    store.rebuild().await.unwrap();
    let index = backend.get(&"notes/index.json".parse().unwrap()).await.unwrap();
    assert_eq!(String::from_utf8(index).unwrap().matches("\"schema\":\"note/1\"").count(), 3, "the index sees through");

    archive(&store, &["a", "b", "c"]).await;
    assert!(verify(&store, &[]).await.is_sound(), "doing it twice is doing it once");
    assert_eq!(store.commit(&store.prepare(&long("d")).unwrap()).await.unwrap().size, 4);
}

#[tokio::test]
async fn readers_of_files_see_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    readers_see_no_difference(Arc::new(FileBackend::open(folder.path()).unwrap())).await;
    let mut names: Vec<_> = fs::read_dir(folder.path().join("notes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["a.json.zst", "b.json.zst", "c.json.zst", "d.json", "index.json"]);
}

#[tokio::test]
async fn readers_of_memory_see_no_difference() {
    readers_see_no_difference(Arc::new(MemoryBackend::default())).await;
}

#[tokio::test]
async fn the_standard_tool_expands_an_archive() {
    let (folder, store) = folder_with(1).await;
    let text = fs::read(folder.path().join("notes/a.json")).unwrap();
    archive(&store, &["a"]).await;
    let archive = fs::read(folder.path().join("notes/a.json.zst")).unwrap();
    assert_eq!(zstd::decode_all(archive.as_slice()).unwrap(), text);
}

#[tokio::test]
async fn a_survey_tells_how_each_record_is_kept() {
    #[derive(Debug, Deserialize)]
    struct Named {
        name: String,
    }

    let (_folder, store) = folder_with(0).await;
    for name in ["a", "b"] {
        store.append(&long(name)).await.unwrap();
    }
    archive(&store, &["b"]).await;
    let surveyed = store.survey::<Named>("notes", &Scope::default()).await.unwrap();
    let names: Vec<_> = surveyed.iter().map(|it| (it.part.name.as_str(), it.archived)).collect();
    assert_eq!(names, [("a", false), ("b", true)]);
    assert_eq!(surveyed[0].stored_bytes, surveyed[0].bytes);
    assert!(surveyed[1].stored_bytes < surveyed[1].bytes);
}

#[tokio::test]
async fn what_a_crash_leaves_of_archiving_is_sound_and_is_completed() {
    let (folder, store) = folder_with(1).await;
    let (own, archived) = (folder.path().join("notes/a.json"), folder.path().join("notes/a.json.zst"));
    let text = fs::read(&own).unwrap();
    archive(&store, &["a"]).await;
    // The compressed form was there, its own file was not removed yet.
    fs::write(&own, &text).unwrap();
    let store = open(folder.path()).await.unwrap();
    assert!(verify(&store, &[]).await.is_sound());
    assert!(!store.survey::<serde_json::Value>("notes", &Scope::default()).await.unwrap()[0].archived);
    archive(&store, &["a"]).await;
    assert!(!own.exists() && archived.exists());

    // The same, and the compressed form is not whole: it is told, and made again.
    fs::write(&own, &text).unwrap();
    let half = fs::read(&archived).unwrap();
    fs::write(&archived, &half[..half.len() / 2]).unwrap();
    assert_eq!(faults(&verify(&store, &[]).await), [("notes/a.json.zst", &Standing::Altered)]);
    archive(&store, &["a"]).await;
    assert!(verify(&store, &[]).await.is_sound());
    assert_eq!(store.read::<Note>("notes/a.json").await.unwrap(), note("a"));
}

#[tokio::test]
async fn an_altered_record_is_not_compressed() {
    let (folder, store) = folder_with(1).await;
    fs::write(folder.path().join("notes/a.json"), "{}").unwrap();
    let error = store.archive(&paths(&["a"]), &Scope::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Altered { .. }), "{error:?}");
    assert!(!folder.path().join("notes/a.json.zst").exists());
    let error = store.archive(&paths(&["never"]), &Scope::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_planted_archive_is_unlogged_and_a_deleted_one_is_missing() {
    let (folder, store) = folder_with(2).await;
    archive(&store, &["a"]).await;
    let notes = folder.path().join("notes");
    fs::copy(notes.join("a.json.zst"), notes.join("z.json.zst")).unwrap();
    assert_eq!(faults(&verify(&store, &[]).await), [("notes/z.json.zst", &Standing::Unlogged)]);
    fs::remove_file(notes.join("z.json.zst")).unwrap();
    fs::rename(notes.join("a.json.zst"), notes.join("b.json.zst")).unwrap();
    let expected = [("notes/a.json", &Standing::Missing), ("notes/b.json.zst", &Standing::Altered)];
    assert_eq!(faults(&verify(&store, &[]).await), expected);
}

#[tokio::test]
async fn an_archive_that_would_fill_the_memory_is_altered() {
    let (folder, store) = folder_with(1).await;
    archive(&store, &["a"]).await;
    let bomb = zstd::encode_all(std::io::repeat(b' ').take(1 << 28), 3).unwrap();
    fs::write(folder.path().join("notes/a.json.zst"), bomb).unwrap();
    assert_eq!(faults(&verify(&store, &[]).await), [("notes/a.json", &Standing::Altered)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_bit_of_an_archive_is_flipped_it_is_named_or_says_the_same(place: prop::sample::Index, bit in 0_u8..8) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (folder, store) = folder_with(1).await;
            archive(&store, &["a"]).await;
            flip(&folder.path().join("notes/a.json.zst"), place, bit);
            if verify(&store, &[]).await.is_sound() {
                prop_assert_eq!(store.read::<Note>("notes/a.json").await.unwrap(), note("a"));
            } else {
                let error = store.read::<Note>("notes/a.json").await.unwrap_err();
                prop_assert!(matches!(error, StoreError::Altered { .. }), "{:?}", error);
            }
            Ok(())
        })?;
    }
}

fn flip(path: &Path, place: prop::sample::Index, bit: u8) {
    let mut bytes = fs::read(path).unwrap();
    let place = place.index(bytes.len());
    bytes[place] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn an_archived_configuration_is_still_the_current_one() {
    let (folder, store) = folder_with(0).await;
    let configuration = configuration(Environment::Production, "tides");
    store.append(&configuration).await.unwrap();
    let path = "configuration/history/config-20261121-020711.json".to_owned();
    store.archive(&[path], &Scope::default()).await.unwrap();
    let current = store.current_configuration(Environment::Production).await.unwrap();
    assert_eq!(current, Some(configuration));
    store.rebuild().await.unwrap();
    assert!(folder.path().join("configuration/current.json").exists());
}
