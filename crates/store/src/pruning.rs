//! Removing records that a logged pruning names.

use std::collections::HashMap;
use std::sync::Arc;

use charter_host::Scope;
use serde::Deserialize;

use crate::archive::fetch;
use crate::log::Line;
use crate::path::PRUNINGS;
use crate::store::checked;
use crate::{Backend, Key, Store, StoreError};

/// What the store understands of a pruning's record.
#[derive(Deserialize)]
struct Pruning {
    schema: String,
    paths: Vec<String>,
}

const SCHEMA: &str = "pruning/1";

impl Store {
    /// Removes the files of the records that the pruning at `path` names, and returns how many records there are.
    ///
    /// The pruning is on record by then, so a crash anywhere leaves a sound store, and doing it again completes it.
    ///
    /// # Errors
    /// Those of [`Store::read`] for the pruning itself; [`StoreError::BadPath`] when it is no pruning, or names what
    /// nobody recorded or what no pruning may remove: another pruning. Then nothing is removed.
    pub async fn remove_pruned(&self, path: &str, scope: &Scope) -> Result<u64, StoreError> {
        let bad = |path: &str| StoreError::BadPath { path: path.to_owned() };
        let line = self.line_of(path).await?;
        let bytes = checked(&line, fetch(&*self.backend, &line).await)?;
        let pruning: Pruning = serde_json::from_slice(&bytes)
            .map_err(|source| StoreError::Unreadable { path: path.to_owned(), source })?;
        let prunings = Key::fixed(PRUNINGS);
        if pruning.schema != SCHEMA || !line.key().is_under(&prunings) {
            return Err(bad(path));
        }
        let lines = {
            let log = self.refreshed().await?;
            let line = |path: &String| log.find(path).filter(|line| !line.key().is_under(&prunings)).cloned();
            pruning.paths.iter().map(|path| line(path).ok_or_else(|| bad(path))).collect::<Result<Vec<_>, _>>()?
        };
        let work = |backend: Arc<dyn Backend>, line: Line| async move {
            if let Some(key) = line.archive_key() {
                backend.remove(&key).await?;
            }
            backend.remove(&line.key()).await
        };
        let removed = self.each(lines, work, "records removed", scope).await?;
        let count = removed.len() as u64;
        removed.into_iter().collect::<Result<(), _>>()?;
        Ok(count)
    }

    /// Returns which records were pruned, and by which pruning's record.
    ///
    /// A pruning's record is `pruning/1` and lists `paths`; one that is not what was logged prunes nothing.
    pub(crate) async fn prunings(&self, lines: Vec<Line>) -> Result<HashMap<String, String>, StoreError> {
        let mut pruned = HashMap::new();
        for line in lines {
            let Ok(bytes) = checked(&line, fetch(&*self.backend, &line).await) else { continue };
            match serde_json::from_slice::<Pruning>(&bytes) {
                Ok(pruning) if pruning.schema == SCHEMA => {
                    pruned.extend(pruning.paths.into_iter().map(|path| (path, line.path.to_string())));
                }
                _ => {}
            }
        }
        Ok(pruned)
    }
}
