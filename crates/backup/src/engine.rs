//! The port, and the engine that implements it with files of its own.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use charter_deploy_model::{Snapshot, Stamp};
use charter_host::{Clock, Scope, durable};

use crate::{BackupError, Content, Freed, PruneMode, create, prune, restore, snapshot, verify};

/// Takes, verifies and restores snapshots.
///
/// # Contract
/// - `a_listed_snapshot_was_verified`: what [`BackupEngine::list`] returns was read back before it was named.
/// - `unchanged_content_is_reused`: the same names and digests as an existing snapshot make no second one.
/// - `a_crash_leaves_no_snapshot_or_a_whole_one`.
/// - `what_is_restored_is_what_was_there`: every byte is checked against its digest before anybody sees it.
/// - `what_stays_can_be_restored`: of pruning, at every instant, a crash included.
/// - `a_second_writer_learns_who_was_first`: writers exclude each other, and never wait.
#[async_trait]
pub trait BackupEngine: Debug + Send + Sync {
    /// Takes a snapshot of `contents`, or returns the existing one that holds exactly these.
    ///
    /// # Errors
    /// [`BackupError::Locked`] while somebody else writes, [`BackupError::Changed`] when a file is not what its digest
    /// says; then there is no new snapshot.
    async fn create(&self, reason: &str, contents: &[Content], scope: &Scope) -> Result<Taken, BackupError>;

    /// Returns every snapshot, oldest first.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when a snapshot's file cannot be understood.
    async fn list(&self, scope: &Scope) -> Result<Vec<Snapshot>, BackupError>;

    /// Looks at one snapshot as deep as told. What is wrong with it is in the answer, not an error.
    ///
    /// # Errors
    /// [`BackupError::NoSnapshot`] when there is none of that name.
    async fn verify(&self, id: Stamp, depth: Depth, scope: &Scope) -> Result<BackupVerified, BackupError>;

    /// Writes the contents called `names` (all, when there are none) to `into/<name>/<path>`; returns their size in bytes.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`] when there is something in `into`, [`BackupError::Damaged`] when a byte is not what it
    /// was; then nothing is left in `into`.
    async fn restore(&self, id: Stamp, names: &[String], into: &Path, scope: &Scope) -> Result<u64, BackupError>;

    /// Removes snapshots and what only they needed, or says what that would free; one that is gone already is fine.
    ///
    /// Without any it removes what interrupted writers left.
    ///
    /// # Errors
    /// [`BackupError::Refused`] when none would be left; [`BackupError::Damaged`] when one that stays cannot tell what it
    /// needs; [`BackupError::Locked`] while somebody else writes. Then nothing is removed.
    async fn prune(&self, ids: &[Stamp], mode: PruneMode, scope: &Scope) -> Result<Freed, BackupError>;
}

/// A snapshot, and whether it was there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The snapshot that holds the contents.
    pub snapshot: Snapshot,
    /// Whether it is an older one with the same contents.
    pub reused: bool,
}

/// How closely a snapshot is looked at; each depth includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The snapshot's file, its trees and the indexes parse, and every blob is in an index.
    Listed,
    /// Every blob lies within its pack, with the size that the tree says.
    Sizes,
    /// Every blob was decompressed and hashed.
    Read,
}

/// What a look at one snapshot found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct BackupVerified {
    /// How many different blobs were looked at.
    pub blobs: u64,
    /// Their size before compression, in bytes.
    pub bytes: u64,
    /// What is wrong, a sentence each; empty when it can be restored as far as the depth tells.
    pub faults: Vec<String>,
}

/// The engine of this crate: snapshots in one local folder.
#[derive(Debug, Clone)]
pub struct SnapshotEngine {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

impl SnapshotEngine {
    /// Opens the repository in `folder`, making it when it is not there.
    ///
    /// # Errors
    /// When its folders cannot be made.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, BackupError> {
        durable::make_folder(&folder.join("packs"))?;
        durable::make_folder(&folder.join("snapshots"))?;
        Ok(Self { folder: folder.to_owned(), clock })
    }
}

#[async_trait]
impl BackupEngine for SnapshotEngine {
    async fn create(&self, reason: &str, contents: &[Content], scope: &Scope) -> Result<Taken, BackupError> {
        let (engine, reason, contents, scope) = (self.clone(), reason.to_owned(), contents.to_vec(), scope.clone());
        blocking(move || create::create(&engine.folder, engine.clock.as_ref(), &reason, contents, &scope)).await
    }

    async fn list(&self, _scope: &Scope) -> Result<Vec<Snapshot>, BackupError> {
        let folder = self.folder.clone();
        blocking(move || snapshot::stamps(&folder)?.into_iter().map(|id| snapshot::read(&folder, id)).collect()).await
    }

    async fn verify(&self, id: Stamp, depth: Depth, scope: &Scope) -> Result<BackupVerified, BackupError> {
        let (folder, scope) = (self.folder.clone(), scope.clone());
        blocking(move || verify::verify(&folder, id, depth, &scope)).await
    }

    async fn restore(&self, id: Stamp, names: &[String], into: &Path, scope: &Scope) -> Result<u64, BackupError> {
        let (folder, names, into, scope) = (self.folder.clone(), names.to_vec(), into.to_owned(), scope.clone());
        blocking(move || restore::restore(&folder, id, &names, &into, &scope)).await
    }

    async fn prune(&self, ids: &[Stamp], mode: PruneMode, scope: &Scope) -> Result<Freed, BackupError> {
        let (engine, ids, scope) = (self.clone(), ids.to_vec(), scope.clone());
        blocking(move || prune::prune(&engine.folder, engine.clock.as_ref(), &ids, mode, &scope)).await
    }
}

/// Runs file work where it holds nobody up. It goes on to its end even when the caller stops waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(BackupError::Cancelled),
        },
    }
}
