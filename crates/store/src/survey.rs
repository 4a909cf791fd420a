//! What there is, and how it is kept.

use std::sync::Arc;

use charter_deploy_model::Digest;
use charter_host::Scope;
use serde::de::DeserializeOwned;

use crate::archive::find;
use crate::log::Line;
use crate::path::PRUNINGS;
use crate::record::decode_part;
use crate::store::checked;
use crate::{Backend, Store, StoreError};

/// One record, with what was asked of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Surveyed<T> {
    /// Where it is.
    pub path: String,
    /// The SHA-256 of its own bytes.
    pub digest: Digest,
    /// Its own size, in bytes.
    pub bytes: u64,
    /// The size of what is kept of it, in bytes: less, when it is compressed.
    pub stored_bytes: u64,
    /// Whether it is compressed.
    pub archived: bool,
    /// What was asked of it.
    pub part: T,
}

impl Store {
    /// Returns the part `T` of each record under a folder, in the order of the log, but for those that were pruned.
    ///
    /// `T` names the members it wants and need not be a record, so records of several sorts can be read by what they
    /// have in common; old versions are brought up to date first.
    ///
    /// # Errors
    /// Those of [`Store::read`], for the first record that cannot be read.
    pub async fn survey<T>(&self, folder: &str, scope: &Scope) -> Result<Vec<Surveyed<T>>, StoreError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut lines = self.lines_under(folder).await?;
        let pruned = self.prunings(self.lines_under(PRUNINGS).await?).await?;
        lines.retain(|line| !pruned.contains_key(&*line.path));
        let work = |backend: Arc<dyn Backend>, line: Line| async move {
            let found = find(&*backend, &line).await;
            let archived = found.as_ref().ok().and_then(|found| found.archived);
            let bytes = checked(&line, found.map(|found| found.bytes))?;
            Ok(Surveyed {
                path: line.path.to_string(),
                digest: line.digest,
                bytes: line.length,
                stored_bytes: archived.unwrap_or(line.length),
                archived: archived.is_some(),
                part: decode_part(&line.path, &bytes)?,
            })
        };
        self.each(lines, work, "records looked at", scope).await?.into_iter().collect()
    }
}
