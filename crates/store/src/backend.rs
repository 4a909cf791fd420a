//! Where bytes are kept.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;
use charter_deploy_model::Digest;

use crate::Key;

/// What must be so for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// Nothing is there yet.
    Create,
    /// What is there has this SHA-256.
    Replace(Digest),
}

/// Keeps bytes under keys. Everything that makes records trustworthy is above it, in [`Store`](crate::Store).
///
/// Every write is a compare-and-swap, so that any number of tasks and processes can share one place. When a writing
/// call has returned `Ok`, its effect survives a power cut.
///
/// # Contract
/// Each clause is a function of `charter_testkit::contract::backend`.
///
/// - `missing_is_not_found`: getting or replacing what is not there is [`BackendError::NotFound`]; listing it is empty;
///   removing it is `Ok`.
/// - `create_twice_conflicts`: a second [`PutMode::Create`] is [`BackendError::AlreadyExists`] and changes nothing.
/// - `stale_replace_conflicts`: [`PutMode::Replace`] over other bytes is [`BackendError::Conflict`], nothing changes.
/// - `of_two_racing_replaces_one_wins`: the other conflicts.
/// - `of_two_racing_appends_one_wins`: the other conflicts; no byte of it is kept.
/// - `an_empty_append_only_compares`: it is `Ok` at the present length and a conflict anywhere else.
/// - `readers_see_old_or_new_never_part`: of a put, under any number of readers.
/// - `get_from_is_the_end_of_get`: and a conflict beyond the end.
/// - `list_is_sorted_and_segmentwise`: as [`Key::is_under`] says, in the order of keys.
/// - `removed_is_not_found`: and can be created again.
/// - `large_and_odd_keys_survive`: every key and every sequence of bytes comes back as it was put.
#[async_trait]
pub trait Backend: Debug + Send + Sync {
    /// Writes all of `bytes`, or nothing.
    ///
    /// # Errors
    /// [`BackendError::AlreadyExists`], [`BackendError::NotFound`] or [`BackendError::Conflict`] when what is there is
    /// not what `mode` wants.
    async fn put(&self, key: &Key, bytes: &[u8], mode: PutMode) -> Result<(), BackendError>;

    /// Returns what was put there.
    ///
    /// # Errors
    /// [`BackendError::NotFound`].
    async fn get(&self, key: &Key) -> Result<Vec<u8>, BackendError>;

    /// Returns the keys under `prefix`, sorted.
    ///
    /// # Errors
    /// When they cannot be listed; that there are none is no error.
    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError>;

    /// Removes it; that it is gone already is fine.
    ///
    /// # Errors
    /// When it cannot be removed.
    async fn remove(&self, key: &Key) -> Result<(), BackendError>;

    /// Adds `bytes` at the end, which must be `at` bytes from the beginning; what is not there has length 0.
    ///
    /// A crash may keep the beginning of `bytes`; an error keeps nothing of them where that is possible.
    ///
    /// # Errors
    /// [`BackendError::Conflict`] when the present length is not `at`.
    async fn append(&self, key: &Key, bytes: &[u8], at: u64) -> Result<(), BackendError>;

    /// Returns what is there from `at` bytes on. Worth implementing where that is cheaper than getting everything.
    ///
    /// # Errors
    /// [`BackendError::NotFound`]; [`BackendError::Conflict`] when there are fewer than `at` bytes.
    async fn get_from(&self, key: &Key, at: u64) -> Result<Vec<u8>, BackendError> {
        let mut bytes = self.get(key).await?;
        match usize::try_from(at) {
            Ok(at) if at <= bytes.len() => Ok(bytes.split_off(at)),
            _ => Err(BackendError::Conflict { key: key.clone() }),
        }
    }
}

/// Why a backend did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// There is nothing under that key.
    #[error("there is no `{key}`")]
    NotFound {
        /// The key.
        key: Key,
    },
    /// There is something under that key already.
    #[error("`{key}` is there already")]
    AlreadyExists {
        /// The key.
        key: Key,
    },
    /// What is there is not what the caller believed: read it again, then decide again.
    #[error("`{key}` was changed by somebody else")]
    Conflict {
        /// The key.
        key: Key,
    },
    /// The caller may not do that.
    #[error("access to `{at}` was denied")]
    Denied {
        /// The key, or the place itself.
        at: String,
        /// What the place said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no room left.
    #[error("there is no room for `{at}`")]
    Full {
        /// The key.
        at: String,
        /// What the place said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Anything else.
    #[error("could not {doing}")]
    Other {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl BackendError {
    /// Returns what would let it succeed, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Denied { at, .. } => Some(format!("make `{at}` readable and writable for you")),
            Self::Full { .. } => Some("free some space there, then run the command again".to_owned()),
            _ => None,
        }
    }
}
