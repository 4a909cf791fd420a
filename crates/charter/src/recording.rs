//! Records what is not a deployment's: what the monitor saw, and incidents.
//!
//! An intent is on the disk before the record is touched, so a crash loses nothing and leaves nothing that nobody
//! logged. Each writer has an intent of its own; whoever shares one takes turns.

use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{IncidentId, Record, UptimeIncident};
use charter_host::durable;
use charter_store::{Prepared, Store, StoreError};

/// Brings to an end what a predecessor was about to record when it died.
pub(crate) async fn settle(store: &Store, intent: &Path) -> Result<(), String> {
    let Ok(text) = fs::read(intent) else { return Ok(()) };
    // Its bytes were on the disk before the record was touched, so what is torn was never begun.
    if let Ok(prepared) = serde_json::from_slice::<Prepared>(&text) {
        commit(store, &prepared).await.map_err(|error| chain(&error))?;
    }
    durable::remove_file(intent).map_err(|error| chain(&error))
}

/// Records one thing; the same path twice is one record, the first.
pub(crate) async fn record<R: Record>(store: &Store, intent: &Path, record: &R) -> Result<(), String> {
    let prepared = store.prepare(record).map_err(|error| chain(&error))?;
    let path: PathBuf = intent.to_owned();
    let bytes = serde_json::to_vec(&prepared).expect("what is prepared has a JSON form");
    let (written, to) = (path.clone(), bytes);
    let kept = tokio::task::spawn_blocking(move || durable::replace(&written, &to)).await;
    kept.map_err(|error| error.to_string())?.map_err(|error| chain(&error))?;
    commit(store, &prepared).await.map_err(|error| chain(&error))?;
    let removed = tokio::task::spawn_blocking(move || durable::remove_file(&path)).await;
    removed.map_err(|error| error.to_string())?.map_err(|error| chain(&error))
}

/// Records an incident that is over, under its name or, where another incident has that, under the next free one:
/// outages that the monitor sees and incidents that people open are named by the second in which they begin. One that
/// is on record already stays as it is.
pub(crate) async fn record_incident(
    store: &Store,
    intent: &Path,
    incident: &UptimeIncident,
) -> Result<IncidentId, String> {
    let mut incident = incident.clone();
    loop {
        match store.read::<UptimeIncident>(&incident.path()).await {
            Ok(other) if is_same(&other, &incident) => return Ok(incident.incident_id),
            Ok(_) | Err(StoreError::Pruned { .. }) => {
                incident.incident_id = IncidentId::new(incident.incident_id.stamp().next());
            }
            Err(StoreError::Unknown { .. } | StoreError::Unlogged { .. }) => {
                record(store, intent, &incident).await?;
                return Ok(incident.incident_id);
            }
            Err(error) => return Err(chain(&error)),
        }
    }
}

fn is_same(one: &UptimeIncident, other: &UptimeIncident) -> bool {
    let told = |it: &UptimeIncident| {
        (it.start_time, it.end_time, it.description.clone(), it.impacted_services.clone(), it.updates.clone())
    };
    told(one) == told(other)
}

/// Puts a record into the log; the same is there already when a predecessor came as far.
async fn commit(store: &Store, prepared: &Prepared) -> Result<(), StoreError> {
    let folder = prepared.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match store.commit(prepared).await {
        Err(StoreError::AlreadyTaken { path }) if store.paths(folder).await?.contains(&path) => Ok(()),
        Err(StoreError::AlreadyTaken { path }) => {
            store.quarantine(&path, "it was never logged, and another record took its place").await?;
            store.commit(prepared).await.map(drop)
        }
        committed => committed.map(drop),
    }
}

pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    charter_pipeline::chain_of(error).join(": ")
}
