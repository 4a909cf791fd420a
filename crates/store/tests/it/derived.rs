//! What can be made again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::note::{faults, folder_with, note, open, verify};

/// Returns every file below `folder` with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn the_index_lists_every_record_in_order() {
    let (folder, store) = folder_with(0).await;
    for name in ["b", "a"] {
        store.append(&note(name)).await.unwrap();
    }
    store.flush().await.unwrap();
    store.append(&note("c")).await.unwrap();
    store.flush().await.unwrap();
    let index: Value = serde_json::from_slice(&fs::read(folder.path().join("notes/index.json")).unwrap()).unwrap();
    let paths: Vec<_> = index.as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["notes/b.json", "notes/a.json", "notes/c.json"]);
    assert_eq!(index[0]["schema"], "note/1");
    assert_eq!(index[0]["bytes"], fs::metadata(folder.path().join("notes/b.json")).unwrap().len());
    assert_eq!(index[0]["sha256"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn step_by_step_or_at_once_the_same_is_derived() {
    let (folder, store) = folder_with(0).await;
    for number in 0..600 {
        store.append(&note(&number.to_string())).await.unwrap();
        if number % 100 == 7 {
            store.flush().await.unwrap();
        }
    }
    store.flush().await.unwrap();
    let by_steps = files(folder.path());
    let tiles: Vec<_> = by_steps.keys().filter(|path| path.starts_with("log/tile/")).collect();
    assert_eq!(tiles, ["log/tile/0/000", "log/tile/0/001", "log/tile/0/002.p/88", "log/tile/1/000.p/2"]);
    assert_eq!(by_steps["log/tile/0/000"].len(), 256 * 32);

    for path in ["log/tile/0/000", "log/checkpoint", "notes/index.json"] {
        fs::write(folder.path().join(path), "damaged").unwrap();
    }
    fs::write(folder.path().join("log/tile/0/009"), "planted").unwrap();
    store.rebuild().await.unwrap();
    assert!(files(folder.path()) == by_steps, "a rebuild makes the same files");

    fs::remove_dir_all(folder.path().join("log/tile")).unwrap();
    fs::remove_file(folder.path().join("log/checkpoint")).unwrap();
    fs::remove_file(folder.path().join("notes/index.json")).unwrap();
    let fresh = open(folder.path()).await.unwrap();
    assert!(verify(&fresh, &[]).await.is_sound(), "nothing derived is needed");
    fresh.flush().await.unwrap();
    assert!(files(folder.path()) == by_steps);
}

#[tokio::test]
async fn the_tiles_hash_to_the_root() {
    use tlog_tiles::tile::Tile;

    let (folder, store) = folder_with(0).await;
    for number in 0..256 {
        store.append(&note(&number.to_string())).await.unwrap();
    }
    store.flush().await.unwrap();
    let root = store.checkpoint().await.unwrap().root;
    let tile = fs::read(folder.path().join("log/tile/0/000")).unwrap();
    assert_eq!(&Tile::subtree_hash(&tile).0, root.as_bytes());
    assert_eq!(fs::read(folder.path().join("log/tile/1/000.p/1")).unwrap(), root.as_bytes());
    let checkpoint = fs::read_to_string(folder.path().join("log/checkpoint")).unwrap();
    assert!(checkpoint.starts_with("charter/records\n256\n") && checkpoint.ends_with("=\n"), "{checkpoint}");
}

#[tokio::test]
async fn a_wrong_index_changes_no_answer() {
    let (folder, store) = folder_with(2).await;
    store.flush().await.unwrap();
    fs::write(folder.path().join("notes/index.json"), "[]").unwrap();
    assert_eq!(store.paths("notes").await.unwrap().len(), 2);
    assert!(faults(&verify(&store, &[]).await).is_empty());
}
