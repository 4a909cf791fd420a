//! A manual stop to deployments, with a reason: a different thing from the lock.

use std::io;
use std::path::{Path, PathBuf};

use charter_host::durable::{self, DurableError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why nothing may be deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Freeze {
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When; absent when the freeze's file cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

fn path(records: &Path) -> PathBuf {
    records.join("freeze.json")
}

/// Freezes deployments; going back stays possible.
///
/// # Errors
/// When the freeze cannot be written.
pub fn set(records: &Path, freeze: &Freeze) -> Result<(), DurableError> {
    durable::make_folder(records)?;
    let text = serde_json::to_vec_pretty(freeze).expect("a freeze has string keys only, so it has a JSON form");
    durable::replace(&path(records), &text)
}

/// Lifts the freeze, if there is one.
///
/// # Errors
/// When it cannot be removed.
pub fn lift(records: &Path) -> Result<(), DurableError> {
    if path(records).exists() { durable::remove_file(&path(records)) } else { Ok(()) }
}

/// Returns the freeze that is in force. One that cannot be read is in force all the same.
///
/// # Errors
/// When it cannot be told whether there is one.
pub fn current(records: &Path) -> io::Result<Option<Freeze>> {
    match std::fs::read(path(records)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(text) => Ok(Some(serde_json::from_slice(&text).unwrap_or_else(|error| Freeze {
            reason: format!("the freeze's file cannot be read ({error})"),
            by: "unknown".to_owned(),
            since: None,
        }))),
    }
}
