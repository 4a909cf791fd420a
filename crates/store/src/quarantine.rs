//! What cannot be read is moved aside, with a report, and never taken for nothing.

use serde::Serialize;

use crate::digest::digest_of;
use crate::path::QUARANTINE;
use crate::{BackendError, Key, PutMode, Store, StoreError};

/// Lies beside the bytes that were moved aside. It tells no time: it is the same however often it is written.
#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: &'static str,
    path: &'a str,
    reason: &'a str,
    sha256: String,
    bytes: usize,
}

impl Store {
    /// Moves a file aside, under `integrity/quarantine/`, with a report beside it, and returns where its bytes are now.
    ///
    /// Its line, if it has one, stays in the log, so verification names it as missing until it is restored.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such file, [`StoreError::BadPath`] when it is the log itself.
    pub async fn quarantine(&self, path: &str, reason: &str) -> Result<String, StoreError> {
        let bad = || StoreError::BadPath { path: path.to_owned() };
        let key: Key = path.parse().map_err(|_| bad())?;
        if key.is_under(&Key::fixed("log")) || key.is_under(&Key::fixed(QUARANTINE)) {
            return Err(bad());
        }
        let bytes = self.backend.get(&key).await.map_err(|error| match error {
            BackendError::NotFound { .. } => StoreError::Missing { path: path.to_owned() },
            error => error.into(),
        })?;
        let aside = self.set_aside(path, &bytes, reason).await?;
        self.backend.remove(&key).await?;
        Ok(aside)
    }

    /// Keeps a copy of bytes that will be removed, and a report on why.
    ///
    /// The name depends on path and bytes, so doing it again after a crash completes what was begun.
    pub(crate) async fn set_aside(&self, path: &str, bytes: &[u8], reason: &str) -> Result<String, StoreError> {
        let digest = digest_of(bytes);
        let name = digest_of(format!("{path}\n{digest}").as_bytes()).hex();
        let folder = format!("{QUARANTINE}/{}", &name[..16]);
        let content = format!("{folder}/content");
        let report = Report { schema: "quarantine/1", path, reason, sha256: digest.hex(), bytes: bytes.len() };
        let mut report = serde_json::to_string_pretty(&report)
            .map_err(|source| StoreError::Unwritable { schema: "quarantine/1".to_owned(), source: source.into() })?;
        report.push('\n');
        for (path, bytes) in [(&content, bytes), (&format!("{folder}/report.json"), report.as_bytes())] {
            match self.backend.put(&Key::fixed(path), bytes, PutMode::Create).await {
                Ok(()) | Err(BackendError::AlreadyExists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(content)
    }
}
