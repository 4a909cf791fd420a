//! Whether the files are what the log says, and the log what it was.

use std::collections::HashSet;

use charter_deploy_model::{Standing, Verification, VerifiedEntry};
use charter_host::Scope;

use crate::archive::expanded;
use crate::blocking::blocking;
use crate::derived::{CHECKPOINT, parse_checkpoint};
use crate::log::{LOG, Line, Log};
use crate::path::{ARCHIVED, PRUNINGS, is_record};
use crate::store::{MARK, MARK_TEXT, checked};
use crate::{Anchor, BackendError, Checkpoint, Key, Store, StoreError};

impl Store {
    /// Looks at every line of the log, every record's file, and every anchor.
    ///
    /// The log is read anew; what this store knew of it before counts as an anchor of its own, and so does the
    /// checkpoint beside it. Derived files other than the checkpoint are not looked at: nobody believes them.
    ///
    /// # Errors
    /// When something could not be looked at; what is amiss with the records is in the answer.
    pub async fn verify(&self, anchors: &[Anchor], scope: &Scope) -> Result<Verification, StoreError> {
        let known = self.known().await.checkpoint();
        let mut faults = Vec::new();
        let log = self.read_log(&mut faults).await?;
        for bad in &log.bad {
            faults.push(fault(LOG, Standing::Malformed, format!("line {}: {}", bad.number, bad.reason)));
        }
        self.check_mark(&log, &mut faults).await?;

        let mut sound = 0;
        let pruned = self.prunings(log.under(&Key::fixed(PRUNINGS))).await?;
        let standings = self.read_many(log.lines().to_vec(), standing, "records verified", scope).await?;
        for (line, standing) in log.lines().iter().zip(standings) {
            match (standing?, pruned.get(&*line.path)) {
                ((Standing::Ok, _), _) | ((Standing::Missing, _), Some(_)) => sound += 1,
                ((standing, detail), _) => {
                    faults.push(VerifiedEntry { path: line.path.to_string(), standing, detail });
                }
            }
        }
        self.find_unlogged(&log, &mut faults, scope).await?;

        compare(&log, LOG, &known, "this store, a moment ago,", &mut faults);
        self.compare_checkpoint(&log, &mut faults).await?;
        for anchor in anchors {
            let checkpoint = Checkpoint { size: anchor.size, root: anchor.root };
            compare(&log, LOG, &checkpoint, &format!("branch `{}`", anchor.branch), &mut faults);
        }
        let Checkpoint { size, root } = log.checkpoint();
        Ok(Verification {
            size,
            root,
            sound,
            anchors: anchors.len() as u64,
            anchors_published: anchors.iter().filter(|anchor| anchor.published).count() as u64,
            faults,
        })
    }

    /// Reads the whole log anew.
    async fn read_log(&self, faults: &mut Vec<VerifiedEntry>) -> Result<Log, StoreError> {
        let key = Key::fixed(LOG);
        loop {
            let bytes = match self.backend.get(&key).await {
                Ok(bytes) => bytes,
                Err(BackendError::NotFound { .. }) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            let length = bytes.len() as u64;
            let (log, unfinished) = blocking(move || {
                let mut log = Log::default();
                let unfinished = log.absorb(&bytes).len();
                (log, unfinished)
            })
            .await;
            if unfinished > 0 {
                // Either somebody is writing, then the length has changed when they are done; or it stays like this.
                if let Err(BackendError::Conflict { .. }) = self.backend.append(&key, b"", length).await {
                    continue;
                }
                let detail = format!("line {}: it has no end", log.size + 1);
                faults.push(fault(LOG, Standing::Malformed, detail));
            }
            return Ok(log);
        }
    }

    async fn check_mark(&self, log: &Log, faults: &mut Vec<VerifiedEntry>) -> Result<(), StoreError> {
        match self.backend.get(&Key::fixed(MARK)).await {
            Ok(bytes) if bytes == MARK_TEXT.as_bytes() => {}
            Ok(_) => faults.push(fault(MARK, Standing::Altered, format!("it should be `{}`", MARK_TEXT.trim_end()))),
            Err(BackendError::NotFound { .. }) if log.size == 0 => {}
            Err(BackendError::NotFound { .. }) => {
                faults.push(VerifiedEntry { path: MARK.to_owned(), standing: Standing::Missing, detail: None });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Finds files that would be taken for records, but were never logged.
    async fn find_unlogged(&self, log: &Log, faults: &mut Vec<VerifiedEntry>, scope: &Scope) -> Result<(), StoreError> {
        let mut unlogged = Vec::new();
        for folder in Self::folders(log) {
            if scope.cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            let keys: HashSet<Key> = self.backend.list(&folder).await?.into_iter().collect();
            for key in keys.iter().filter(|key| is_record(record_of(key))) {
                match log.find(record_of(key)) {
                    None => unlogged.push(key.clone()),
                    // A crash while it was compressed left both: the file itself was looked at with its line.
                    Some(line) if line.key() != *key && keys.contains(&line.key()) => {
                        let bytes = self.backend.get(key).await.map(|frame| expanded(&frame, line));
                        if let (standing @ (Standing::Altered | Standing::Malformed), detail) = standing(line, bytes)? {
                            faults.push(VerifiedEntry { path: key.to_string(), standing, detail });
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        if unlogged.is_empty() {
            return Ok(());
        }
        // What was recorded while this verification ran is in the log by now.
        let log = self.read_log(&mut Vec::new()).await?;
        unlogged.retain(|key| log.find(record_of(key)).is_none());
        unlogged.sort_unstable();
        faults.extend(unlogged.into_iter().map(|key| VerifiedEntry {
            path: key.to_string(),
            standing: Standing::Unlogged,
            detail: None,
        }));
        Ok(())
    }

    async fn compare_checkpoint(&self, log: &Log, faults: &mut Vec<VerifiedEntry>) -> Result<(), StoreError> {
        match self.backend.get(&Key::fixed(CHECKPOINT)).await {
            Ok(bytes) => match parse_checkpoint(&bytes) {
                Some(checkpoint) => compare(log, CHECKPOINT, &checkpoint, "the checkpoint", faults),
                None => faults.push(fault(CHECKPOINT, Standing::Malformed, "not a checkpoint".to_owned())),
            },
            Err(BackendError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Returns the path of the record that a file holds, compressed or not.
fn record_of(key: &Key) -> &str {
    key.as_str().strip_suffix(ARCHIVED).unwrap_or(key.as_str())
}

/// Says how a record's file stands against its line.
fn standing(line: &Line, bytes: Result<Vec<u8>, BackendError>) -> Result<(Standing, Option<String>), StoreError> {
    match checked(line, bytes) {
        Ok(_) => Ok((Standing::Ok, None)),
        Err(StoreError::Missing { .. }) => Ok((Standing::Missing, None)),
        Err(StoreError::Altered { recorded, found, .. }) => {
            Ok((Standing::Altered, Some(format!("recorded {recorded} of {} bytes, found {found}", line.length))))
        }
        Err(error) => Err(error),
    }
}

/// Compares the log with what somebody says it was.
fn compare(log: &Log, path: &str, said: &Checkpoint, who: &str, faults: &mut Vec<VerifiedEntry>) {
    let Checkpoint { size, root } = said;
    match log.root_at(*size) {
        None => {
            let detail = format!("{who} saw {size} lines, there are {}", log.size);
            faults.push(fault(path, Standing::Truncated, detail));
        }
        Some(found) if found != *root => {
            let detail = format!("{who} saw the first {size} lines as {root}, now they are {found}");
            faults.push(fault(path, Standing::Rewritten, detail));
        }
        Some(_) => {}
    }
}

fn fault(path: &str, standing: Standing, detail: String) -> VerifiedEntry {
    VerifiedEntry { path: path.to_owned(), standing, detail: Some(detail) }
}
