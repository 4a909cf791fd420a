//! The file of one snapshot: `snapshots/<stamp>.json`, written once.

use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{Snapshot, Stamp};
use charter_host::durable;
use serde::{Deserialize, Serialize};

use crate::content::unless_gone;
use crate::{BackupError, tree};

const SCHEMA: &str = "snapshot/1";

/// A snapshot as it is stored: with the version of its form.
#[derive(Serialize, Deserialize)]
struct Stored {
    schema: String,
    #[serde(flatten)]
    snapshot: Snapshot,
}

pub(crate) fn path(folder: &Path, id: Stamp) -> PathBuf {
    folder.join("snapshots").join(format!("{id}.json"))
}

/// Returns the ids of all snapshots, oldest first.
pub(crate) fn stamps(folder: &Path) -> Result<Vec<Stamp>, BackupError> {
    let snapshots = folder.join("snapshots");
    let mut stamps = Vec::new();
    for entry in fs::read_dir(&snapshots).map_err(BackupError::read(&snapshots))? {
        let name = entry.map_err(BackupError::read(&snapshots))?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".json"));
        stamps.extend(stem.and_then(|stem| stem.parse::<Stamp>().ok()));
    }
    stamps.sort_unstable();
    Ok(stamps)
}

/// Reads one snapshot; whoever changed it, the names in it lead nowhere but down.
pub(crate) fn read(folder: &Path, id: Stamp) -> Result<Snapshot, BackupError> {
    let path = path(folder, id);
    let bytes = unless_gone(fs::read(&path), &path)?.ok_or(BackupError::NoSnapshot { id })?;
    parse(&bytes, &path, id)
}

pub(crate) fn parse(bytes: &[u8], path: &Path, id: Stamp) -> Result<Snapshot, BackupError> {
    let damaged = |fault: String| BackupError::Damaged { path: path.to_owned(), fault };
    let stored: Stored =
        serde_json::from_slice(bytes).map_err(|error| damaged(format!("it does not parse ({error})")))?;
    if stored.schema != SCHEMA {
        return Err(damaged(format!("it has the form `{}`, this version reads `{SCHEMA}`", stored.schema)));
    }
    if stored.snapshot.id != id {
        return Err(damaged(format!("it says that it is `{}`", stored.snapshot.id)));
    }
    for content in &stored.snapshot.contents {
        tree::check_name(&content.name)?;
    }
    Ok(stored.snapshot)
}

/// Publishes a snapshot under its second, or the next one that is free.
pub(crate) fn publish(folder: &Path, mut snapshot: Snapshot) -> Result<Snapshot, BackupError> {
    loop {
        let path = path(folder, snapshot.id);
        let stored = Stored { schema: SCHEMA.to_owned(), snapshot: snapshot.clone() };
        let mut bytes = serde_json::to_vec_pretty(&stored).expect("a snapshot has text keys and finite numbers only");
        bytes.push(b'\n');
        match durable::publish(&path, &bytes) {
            Err(error) if error.is_already_there() => snapshot.id = snapshot.id.next(),
            published => return published.map(|()| snapshot).map_err(Into::into),
        }
    }
}
