//! Keeps records in a place of its own: a backend for the store, in one file.
//!
//! The place is a map with a limit, as a small hosted key-value service would be. All that a backend owes is the
//! contract in [`Backend`]'s documentation; `tests/contract.rs` calls it. The log, the checks and the verification
//! come with the store and do not change.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use charter_store::{Backend, BackendError, PutMode};
//! use own_store::LimitedBackend;
//!
//! let backend = LimitedBackend::with_room_for(4);
//! backend.put(&"a".parse()?, b"1234", PutMode::Create).await?;
//! let refused = backend.put(&"b".parse()?, b"5", PutMode::Create).await;
//! assert!(matches!(refused, Err(BackendError::Full { .. })));
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use charter_deploy_model::Digest;
use charter_store::{Backend, BackendError, Key, PutMode};
use sha2::{Digest as _, Sha256};

/// Keeps at most so many bytes, all contents together.
#[derive(Debug)]
pub struct LimitedBackend {
    limit: usize,
    kept: Mutex<BTreeMap<Key, Vec<u8>>>,
}

impl LimitedBackend {
    /// Makes a place for `limit` bytes.
    #[must_use]
    pub fn with_room_for(limit: usize) -> Self {
        Self { limit, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<Key, Vec<u8>>> {
        // Every change is a single call on the map: a panic cannot have left half of one.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `bytes` in the place of what is there, if there is room for them.
    fn set(&self, kept: &mut BTreeMap<Key, Vec<u8>>, key: &Key, bytes: Vec<u8>) -> Result<(), BackendError> {
        let others: usize = kept.iter().filter(|(other, _)| *other != key).map(|(_, bytes)| bytes.len()).sum();
        if others + bytes.len() > self.limit {
            let source = format!("only {} bytes are allowed", self.limit).into();
            return Err(BackendError::Full { at: key.to_string(), source });
        }
        kept.insert(key.clone(), bytes);
        Ok(())
    }
}

#[async_trait]
impl Backend for LimitedBackend {
    async fn put(&self, key: &Key, bytes: &[u8], mode: PutMode) -> Result<(), BackendError> {
        let mut kept = self.kept();
        let present = kept.get(key).map(|present| Digest::new(Sha256::digest(present).into()));
        match (present, mode) {
            (Some(_), PutMode::Create) => Err(BackendError::AlreadyExists { key: key.clone() }),
            (None, PutMode::Replace(_)) => Err(BackendError::NotFound { key: key.clone() }),
            (Some(present), PutMode::Replace(expected)) if present != expected => {
                Err(BackendError::Conflict { key: key.clone() })
            }
            _ => self.set(&mut kept, key, bytes.to_vec()),
        }
    }

    async fn get(&self, key: &Key) -> Result<Vec<u8>, BackendError> {
        self.kept().get(key).cloned().ok_or_else(|| BackendError::NotFound { key: key.clone() })
    }

    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError> {
        Ok(self.kept().keys().filter(|key| key.is_under(prefix)).cloned().collect())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        self.kept().remove(key);
        Ok(())
    }

    async fn append(&self, key: &Key, bytes: &[u8], at: u64) -> Result<(), BackendError> {
        let mut kept = self.kept();
        let present = kept.get(key).cloned().unwrap_or_default();
        if present.len() as u64 != at {
            return Err(BackendError::Conflict { key: key.clone() });
        }
        self.set(&mut kept, key, [&present, bytes].concat())
    }
}
