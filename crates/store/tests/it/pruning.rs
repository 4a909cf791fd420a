//! What a logged pruning names is removed, and nothing else.

use std::fs;
use std::sync::Arc;

use charter_host::Scope;
use charter_store::{Backend, FileBackend, MemoryBackend, Store, StoreError};

use crate::note::{Note, Pruning, folder_with, note, verify};

fn pruning(name: &str, paths: &[&str]) -> Pruning {
    Pruning { name: name.to_owned(), paths: paths.iter().map(|path| (*path).to_owned()).collect() }
}

const FIRST: &str = "integrity/prunings/first.json";

async fn only_what_is_named_goes(backend: Arc<dyn Backend>) {
    let store = Store::open(Arc::clone(&backend)).await.unwrap();
    for name in ["a", "b", "c"] {
        store.append(&note(name)).await.unwrap();
    }
    store.archive(&["notes/b.json".to_owned()], &Scope::default()).await.unwrap();
    store.append(&pruning("first", &["notes/a.json", "notes/b.json"])).await.unwrap();
    assert_eq!(store.read_all::<Note>("notes").await.unwrap().len(), 3, "nothing is removed yet");
    for _ in 0..2 {
        assert_eq!(store.remove_pruned(FIRST, &Scope::default()).await.unwrap(), 2);
        assert_eq!(store.read_all::<Note>("notes").await.unwrap(), [note("c")]);
        let verification = verify(&store, &[]).await;
        assert!(verification.is_sound(), "{verification:?}");
        assert_eq!(verification.sound, 4);
    }
    let error = store.check("notes/b.json").await.unwrap_err();
    assert!(matches!(&error, StoreError::Pruned { by, .. } if by == FIRST), "{error:?}");
    store.check("notes/c.json").await.unwrap();
    let left = backend.list(&"notes".parse().unwrap()).await.unwrap();
    assert_eq!(left.iter().map(ToString::to_string).collect::<Vec<_>>(), ["notes/c.json"]);
    assert_eq!(store.survey::<serde_json::Value>("notes", &Scope::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_is_named_goes_from_files() {
    let folder = tempfile::tempdir().unwrap();
    only_what_is_named_goes(Arc::new(FileBackend::open(folder.path()).unwrap())).await;
}

#[tokio::test]
async fn only_what_is_named_goes_from_memory() {
    only_what_is_named_goes(Arc::new(MemoryBackend::default())).await;
}

#[tokio::test]
async fn nothing_goes_by_a_pruning_that_is_not_what_was_logged() {
    let (folder, store) = folder_with(2).await;
    store.append(&pruning("first", &["notes/a.json"])).await.unwrap();
    let path = folder.path().join(FIRST);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("a.json", "b.json")).unwrap();
    let error = store.remove_pruned(FIRST, &Scope::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Altered { .. }), "{error:?}");
    for path in ["integrity/prunings/other.json", "notes/a.json"] {
        let error = store.remove_pruned(path, &Scope::default()).await.unwrap_err();
        assert!(!matches!(error, StoreError::Altered { .. }), "{error:?}");
    }
    assert!(folder.path().join("notes/a.json").exists() && folder.path().join("notes/b.json").exists());
}

#[tokio::test]
async fn a_pruning_that_names_what_must_stay_removes_nothing() {
    let (folder, store) = folder_with(1).await;
    store.append(&pruning("first", &["notes/a.json"])).await.unwrap();
    for (name, also) in [("second", FIRST), ("third", "notes/never.json"), ("fourth", "../../etc/passwd")] {
        store.append(&pruning(name, &["notes/a.json", also])).await.unwrap();
        let path = format!("integrity/prunings/{name}.json");
        let error = store.remove_pruned(&path, &Scope::default()).await.unwrap_err();
        assert!(matches!(&error, StoreError::BadPath { path } if path == also), "{error:?}");
    }
    assert!(folder.path().join("notes/a.json").exists());
}

#[tokio::test]
async fn another_file_in_a_pruned_records_place_is_altered() {
    let (folder, store) = folder_with(2).await;
    store.append(&pruning("first", &["notes/a.json"])).await.unwrap();
    store.remove_pruned(FIRST, &Scope::default()).await.unwrap();
    fs::write(folder.path().join("notes/a.json"), "{}").unwrap();
    let verification = verify(&store, &[]).await;
    assert_eq!(verification.faults[0].path, "notes/a.json");
}
