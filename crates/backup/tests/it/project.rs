//! A small project to back up, and an engine whose clock stands still.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use charter_backup::{BackupEngine, BackupError, Content, Depth, SnapshotEngine, Taken};
use charter_deploy_model::Stamp;
use charter_host::Scope;
use charter_testkit::ManualClock;
use jiff::Timestamp;
use tempfile::TempDir;

/// A clock that stands still: it is always the same second, so every second snapshot meets a taken name.
pub(crate) fn stopped_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_second(1_800_000_000).expect("a second of this century")))
}

/// A folder with a ledger and a site, and a repository beside them.
pub(crate) struct Project {
    folder: TempDir,
    pub(crate) engine: SnapshotEngine,
    pub(crate) scope: Scope,
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = SnapshotEngine::open(&folder.path().join("backups"), stopped_clock()).unwrap();
        let project = Self { folder, engine, scope: Scope::default() };
        project.write("ledger/deployments/one.json", b"{\"one\": 1}");
        project.write("ledger/log/entries", b"a line\nanother\n");
        project.write("live/index.html", "<!doctype html><title>Tides</title>".repeat(40).as_bytes());
        project.write("live/assets/empty.css", b"");
        project
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, bytes: &[u8]) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn contents(&self) -> Vec<Content> {
        ["ledger", "live"].map(|name| Content::folder(name, &self.path(name)).unwrap()).into()
    }

    pub(crate) async fn create(&self) -> Result<Taken, BackupError> {
        self.engine.create("a test", &self.contents(), &self.scope).await
    }

    pub(crate) async fn faults(&self, id: Stamp, depth: Depth) -> Vec<String> {
        self.engine.verify(id, depth, &self.scope).await.unwrap().faults
    }

    pub(crate) async fn restore(&self, id: Stamp) -> Result<BTreeMap<String, Vec<u8>>, BackupError> {
        let into = self.path("restored");
        let _ = fs::remove_dir_all(&into);
        self.engine.restore(id, &[], &into, &self.scope).await?;
        Ok(files_in(&into))
    }

    /// Returns what a restore should bring back.
    pub(crate) fn sources(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = files_in(self.folder.path());
        files.retain(|path, _| path.starts_with("ledger/") || path.starts_with("live/"));
        files
    }

    /// Returns the repository's files that end like this, in order.
    pub(crate) fn repository_files(&self, ending: &str) -> Vec<PathBuf> {
        let mut found: Vec<_> = files_in(&self.path("backups")).into_keys().collect();
        found.retain(|path| path.ends_with(ending));
        found.into_iter().map(|path| self.path("backups").join(path)).collect()
    }
}

/// Returns every file below a folder, by its path.
pub(crate) fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(below, fs::read(&path).unwrap());
            }
        }
    }
    files
}
