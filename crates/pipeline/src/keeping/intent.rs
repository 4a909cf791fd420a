//! Records that are written outside a deployment: the intent first, then the record, then what it announces.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::PathBuf;

use charter_deploy_model::{Pruning, Record, Stamp};
use charter_host::{Scope, durable, fault};
use charter_store::{Prepared, StoreError};

use super::stopped;
use crate::journal::JournalError;
use crate::lock::Locked;
use crate::{Project, Stop};

/// One at a time: whoever writes it holds the lock.
fn path(project: &Project) -> PathBuf {
    project.records.join("journal").join("retention.json")
}

/// Puts a record on record, removes what it prunes, and returns its path.
pub(super) async fn put_on_record(
    project: &Project,
    _locked: &Locked,
    record: &impl Record,
    scope: &Scope,
) -> Result<String, Stop> {
    let prepared = project.store.prepare(record).map_err(stopped("write the record"))?;
    let intent = serde_json::to_vec(&prepared).expect("a prepared record has string keys only");
    let path = path(project);
    let written = path.parent().map_or(Ok(()), durable::make_folder).and_then(|()| durable::replace(&path, &intent));
    written.map_err(Stop::durable("write the intent"))?;
    complete(project, &prepared, scope).await?;
    Ok(prepared.path)
}

/// Completes what a crash left: the record, and what it announces.
pub(crate) async fn settle(project: &Project, _locked: &Locked, scope: &Scope) -> Result<(), Stop> {
    let path = path(project);
    let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| {
        Stop::Journal(JournalError { path: path.clone(), line: 0, source })
    };
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        bytes => bytes.map_err(|error| unreadable(error.into()))?,
    };
    let prepared: Prepared = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.into()))?;
    complete(project, &prepared, scope).await
}

async fn complete(project: &Project, prepared: &Prepared, scope: &Scope) -> Result<(), Stop> {
    // What was announced is done to its end, as it would be after a crash.
    let scope = &scope.shielded();
    let passed = |source: io::Error| Stop::NotPublished { doing: "go on", help: None, source: source.into() };
    match project.store.commit(prepared).await {
        Ok(_) => {
            fault::point("put on record").map_err(passed)?;
            if prepared.path.starts_with(&format!("{}/", Pruning::FOLDER)) {
                let removed = project.store.remove_pruned(&prepared.path, scope).await;
                removed.map_err(stopped("remove the records"))?;
            }
        }
        Err(StoreError::AlreadyTaken { path }) => {
            let logged = project.store.paths(folder_of(&path)).await.map_err(Stop::Records)?;
            if logged.contains(&path) {
                // Another record has the name, so nothing that this one announces may happen.
                project.events.warn(format!("`{path}` was to be written and is another record; it was given up"));
            } else {
                project
                    .store
                    .quarantine(&path, "it was never logged, and another record took its place")
                    .await
                    .map_err(stopped("put a file aside that was never logged"))?;
                return Box::pin(complete(project, prepared, scope)).await;
            }
        }
        Err(error) => return Err(stopped("put it on record")(error)),
    }
    durable::remove_file(&self::path(project)).map_err(Stop::durable("remove the intent"))
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(folder, _)| folder)
}

/// Returns the id of the next free second in a folder.
pub(super) async fn free<I: Display>(
    project: &Project,
    folder: &str,
    from: Stamp,
    id: impl Fn(Stamp) -> I,
) -> Result<I, Stop> {
    let taken = project.store.paths(folder).await.map_err(Stop::Records)?;
    let mut stamp = from;
    while taken.contains(&format!("{folder}/{}.json", id(stamp))) {
        stamp = stamp.next();
    }
    Ok(id(stamp))
}
