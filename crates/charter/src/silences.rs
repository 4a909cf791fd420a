//! What people ask of the monitor while it runs, or before it does: one file each, which it looks for.

use std::fs;
use std::path::{Path, PathBuf};

use charter_host::durable::{self, DurableError};
use charter_monitor::rules::silence::Silence;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Somebody takes an alert on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakenOn {
    /// The alert's name, or its endpoint's.
    pub(crate) which: String,
    /// Who.
    pub(crate) by: String,
    /// Why, or what they do about it.
    pub(crate) reason: String,
}

fn silences(folder: &Path) -> PathBuf {
    folder.join("silences")
}

fn taken_on(folder: &Path) -> PathBuf {
    folder.join("asks")
}

/// Adds a silence, and returns its file.
pub(crate) fn add(folder: &Path, silence: &Silence, now: Timestamp) -> Result<PathBuf, DurableError> {
    put(&silences(folder), silence, now)
}

/// Asks that an alert be taken on, and returns the file, which goes away once the monitor has done so.
pub(crate) fn take_on(folder: &Path, order: &TakenOn, now: Timestamp) -> Result<PathBuf, DurableError> {
    put(&taken_on(folder), order, now)
}

/// Returns the silences that there are, with their files.
pub(crate) fn read(folder: &Path) -> Vec<(PathBuf, Silence)> {
    list(&silences(folder))
}

/// Returns what people asked and nobody has done yet, with the files.
pub(crate) fn asked(folder: &Path) -> Vec<(PathBuf, TakenOn)> {
    list(&taken_on(folder))
}

/// Names a file by the moment; what others named by the same one gets the next.
fn put<T: Serialize>(folder: &Path, value: &T, now: Timestamp) -> Result<PathBuf, DurableError> {
    durable::make_folder(folder)?;
    let text = serde_json::to_vec(value).expect("what people ask has a JSON form");
    let mut number = now.as_millisecond();
    loop {
        let path = folder.join(format!("{number}.json"));
        match durable::publish(&path, &text) {
            Err(error) if error.is_already_there() => number += 1,
            published => return published.map(|()| path),
        }
    }
}

/// What cannot be read was not written here, and says nothing.
fn list<T: DeserializeOwned>(folder: &Path) -> Vec<(PathBuf, T)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let value = |path: PathBuf| Some((path.clone(), serde_json::from_slice(&fs::read(path).ok()?).ok()?));
    paths.into_iter().filter_map(value).collect()
}
