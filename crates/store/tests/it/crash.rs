//! What a crash can leave, and what becomes of it.

use std::fs::{self, OpenOptions};
use std::io::Write;

use charter_deploy_model::Standing;
use charter_store::StoreError;

use crate::note::{Note, faults, folder_with, note, open, verify};

#[tokio::test]
async fn opening_an_empty_place_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("not/there");
    let store = open(&place).await.unwrap();
    assert!(verify(&store, &[]).await.is_sound());
    assert!(!place.exists());
}

#[tokio::test]
async fn a_line_without_its_end_is_cut_off_and_kept() {
    let (folder, store) = folder_with(2).await;
    let before = store.checkpoint().await.unwrap();
    let log = folder.path().join("log/entries");
    let whole = fs::read(&log).unwrap();
    OpenOptions::new().append(true).open(&log).unwrap().write_all(b"notes/c.json 0123").unwrap();

    let reopened = open(folder.path()).await.unwrap();
    assert_eq!(fs::read(&log).unwrap(), whole);
    assert_eq!(reopened.checkpoint().await.unwrap(), before);
    let kept: Vec<_> = fs::read_dir(folder.path().join("integrity/quarantine")).unwrap().collect();
    let kept = kept[0].as_ref().unwrap().path();
    assert_eq!(fs::read(kept.join("content")).unwrap(), b"notes/c.json 0123");
    assert!(fs::read_to_string(kept.join("report.json")).unwrap().contains("log/entries"));
    assert!(verify(&reopened, &[]).await.is_sound());
    reopened.append(&note("c")).await.unwrap();
    assert!(verify(&store, &[]).await.is_sound(), "the other store that was open goes on too");
}

#[tokio::test]
async fn a_store_that_is_open_gets_past_a_line_that_another_process_left_unfinished() {
    let (folder, store) = folder_with(1).await;
    let log = folder.path().join("log/entries");
    OpenOptions::new().append(true).open(&log).unwrap().write_all(b"notes/x").unwrap();
    store.append(&note("b")).await.unwrap();
    assert_eq!(store.paths("notes").await.unwrap(), ["notes/a.json", "notes/b.json"]);
    assert!(verify(&store, &[]).await.is_sound());
}

#[tokio::test]
async fn committing_completes_what_a_crash_left() {
    let (folder, store) = folder_with(1).await;
    let prepared = store.prepare(&note("b")).unwrap();
    // The journal's intent is there, the file is there, the line is not.
    let text = serde_json::to_string(&prepared).unwrap();
    fs::write(folder.path().join("notes/b.json"), &prepared.text).unwrap();

    let reopened = open(folder.path()).await.unwrap();
    assert_eq!(faults(&verify(&reopened, &[]).await), [("notes/b.json", &Standing::Unlogged)]);
    let error = reopened.read::<Note>("notes/b.json").await.unwrap_err();
    assert!(matches!(error, StoreError::Unlogged { .. }), "{error:?}");

    let prepared = serde_json::from_str(&text).unwrap();
    let first = reopened.commit(&prepared).await.unwrap();
    assert_eq!(first.size, 2);
    assert_eq!(reopened.commit(&prepared).await.unwrap(), first, "doing it twice is doing it once");
    assert_eq!(reopened.read::<Note>("notes/b.json").await.unwrap(), note("b"));
    assert!(verify(&reopened, &[]).await.is_sound());
}

#[tokio::test]
async fn a_file_with_other_bytes_is_never_adopted() {
    let (folder, store) = folder_with(1).await;
    fs::write(folder.path().join("notes/b.json"), "{}").unwrap();
    let error = store.append(&note("b")).await.unwrap_err();
    assert!(matches!(&error, StoreError::AlreadyTaken { path } if path == "notes/b.json"), "{error:?}");
    assert_eq!(fs::read(folder.path().join("notes/b.json")).unwrap(), b"{}");

    let other = Note { text: "something else".to_owned(), ..note("a") };
    let error = store.append(&other).await.unwrap_err();
    assert!(matches!(error, StoreError::AlreadyTaken { .. }), "{error:?}");
    fs::remove_file(folder.path().join("notes/a.json")).unwrap();
    let fresh = open(folder.path()).await.unwrap();
    let error = fresh.append(&other).await.unwrap_err();
    assert!(matches!(error, StoreError::AlreadyTaken { .. }), "{error:?}");
    assert!(!folder.path().join("notes/a.json").exists(), "a logged record's place is not taken");
}

#[tokio::test]
async fn a_half_written_file_is_nobodys_record() {
    let (folder, store) = folder_with(1).await;
    fs::write(folder.path().join("notes/.charter-tmp-1-1"), "half of a reco").unwrap();
    assert!(verify(&store, &[]).await.is_sound());
}

#[tokio::test]
async fn a_damaged_intent_is_refused() {
    let (_folder, store) = folder_with(0).await;
    let mut prepared = store.prepare(&note("a")).unwrap();
    prepared.text.push(' ');
    let error = store.commit(&prepared).await.unwrap_err();
    assert!(matches!(error, StoreError::Altered { .. }), "{error:?}");
}

#[tokio::test]
async fn what_does_not_fit_its_schema_is_not_written() {
    let (folder, store) = folder_with(0).await;
    let empty = Note { text: String::new(), ..note("a") };
    let timeless = Note { at: "yesterday".to_owned(), ..note("a") };
    for (wrong, place) in [(empty, "/text"), (timeless, "/at")] {
        let error = store.append(&wrong).await.unwrap_err();
        assert!(matches!(&error, StoreError::Invalid { .. }) && error.to_string().contains(place), "{error}");
    }
    let error = store.append(&note("../../a")).await.unwrap_err();
    assert!(matches!(error, StoreError::BadPath { .. }), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let (folder, _) = folder_with(1).await;
    fs::write(folder.path().join("store.json"), "{\"format\":2}").unwrap();
    let error = open(folder.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerStore { found: 2, known: 1 }), "{error:?}");
    assert!(error.help().is_some());
}

#[tokio::test]
async fn the_file_is_what_people_expect_to_read() {
    let (folder, _) = folder_with(1).await;
    let text = fs::read_to_string(folder.path().join("notes/a.json")).unwrap();
    let expected = "{\n  \"schema\": \"note/1\",\n  \"name\": \"a\",\n  \"text\": \"what a says\",\n  \"at\": \"2026-11-21T02:07:11Z\"\n}\n";
    assert_eq!(text, expected);
    let log = fs::read_to_string(folder.path().join("log/entries")).unwrap();
    assert!(log.starts_with("notes/a.json ") && log.ends_with(&format!(" {}\n", expected.len())), "{log}");
}

#[tokio::test]
async fn what_is_unreadable_is_moved_aside_with_a_report() {
    let (folder, store) = folder_with(2).await;
    fs::write(folder.path().join("notes/a.json"), "torn").unwrap();
    let aside = store.quarantine("notes/a.json", "it is torn").await.unwrap();
    assert_eq!(fs::read(folder.path().join(&aside)).unwrap(), b"torn");
    let report = fs::read_to_string(folder.path().join(aside.replace("content", "report.json"))).unwrap();
    assert!(report.contains("it is torn") && report.contains("notes/a.json"), "{report}");
    assert!(!folder.path().join("notes/a.json").exists());
    assert_eq!(faults(&verify(&store, &[]).await), [("notes/a.json", &Standing::Missing)]);
    assert!(store.read_all::<Note>("notes").await.is_err(), "never read as if there were fewer");
}
