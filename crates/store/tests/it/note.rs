//! A small kind of record for these tests, and a folder with some.

use std::path::Path;
use std::sync::Arc;

use charter_deploy_model::{Record, Standing, Verification};
use charter_host::Scope;
use charter_store::{Anchor, FileBackend, Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Note {
    pub(crate) name: String,
    #[schemars(length(min = 1))]
    pub(crate) text: String,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
}

impl Record for Note {
    const SCHEMA: &'static str = "note/1";

    fn path(&self) -> String {
        format!("notes/{}.json", self.name)
    }
}

pub(crate) fn note(name: &str) -> Note {
    Note { name: name.to_owned(), text: format!("what {name} says"), at: "2026-11-21T02:07:11Z".to_owned() }
}

/// What a pruning's record looks like to the store.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Pruning {
    pub(crate) name: String,
    pub(crate) paths: Vec<String>,
}

impl Record for Pruning {
    const SCHEMA: &'static str = "pruning/1";

    fn path(&self) -> String {
        format!("integrity/prunings/{}.json", self.name)
    }
}

pub(crate) async fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(Arc::new(FileBackend::open(folder)?)).await
}

/// Returns a folder with notes called `a`, `b` and so on, and the store that wrote them.
pub(crate) async fn folder_with(notes: u8) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    for number in 0..notes {
        store.append(&note(&char::from(b'a' + number).to_string())).await.unwrap();
    }
    (folder, store)
}

pub(crate) async fn verify(store: &Store, anchors: &[Anchor]) -> Verification {
    store.verify(anchors, &Scope::default()).await.unwrap()
}

/// Returns path and standing of each fault.
pub(crate) fn faults(verification: &Verification) -> Vec<(&str, &Standing)> {
    verification.faults.iter().map(|fault| (fault.path.as_str(), &fault.standing)).collect()
}
