//! Locks that the kernel frees when their holder dies.
//!
//! The lock is on the open file, never on its existence, so a holder that was killed blocks nobody. The file's text
//! only names the holder, for the message that others get.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who holds a lock, as others are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// What the holder is doing, such as a deployment's id.
    pub doing: String,
    /// Its process id, on its own machine and in its own namespace.
    pub process: u32,
    /// The project folder it works for.
    pub project: String,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    /// Describes this process.
    #[must_use]
    pub fn this_process(doing: &str, project: &Path, since: Timestamp) -> Self {
        Self { doing: doing.to_owned(), process: std::process::id(), project: project.display().to_string(), since }
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else holds it.
    #[error("{} is held by {}", path.display(), match holder { Some(holder) => format!("{} (process {}, since {}, for {})", holder.doing, holder.process, holder.since, holder.project), None => "another process".to_owned() })]
    Held {
        /// The lock's file.
        path: PathBuf,
        /// Who, as far as the file tells.
        holder: Option<Holder>,
    },
    /// The file could not be opened or written.
    #[error("could not use the lock `{}`", path.display())]
    Unusable {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Takes the lock at `path`, or says who holds it; never waits.
///
/// # Errors
/// [`LockError::Held`] when somebody else has it.
pub fn take(path: &Path, holder: &Holder) -> Result<Lock, LockError> {
    let unusable = |source| LockError::Unusable { path: path.to_owned(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(LockError::Held { path: path.to_owned(), holder: serde_json::from_str(&text).ok() });
        }
        Err(TryLockError::Error(source)) => return Err(unusable(source)),
    }
    // The lock holds whether or not the disk has room for the text.
    let text = serde_json::to_string(holder).unwrap_or_default();
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    Ok(Lock { file })
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_comer_learns_who_was_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Holder::this_process("first", folder.path(), Timestamp::UNIX_EPOCH);
        let held = take(&path, &first).unwrap();
        let Err(LockError::Held { holder, .. }) = take(&path, &first) else { panic!("the lock was taken twice") };
        assert_eq!(holder, Some(first.clone()));
        drop(held);
        take(&path, &first).unwrap();
    }
}
