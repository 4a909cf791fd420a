//! A backend that forgets when the program ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::digest::digest_of;
use crate::{Backend, BackendError, Key, PutMode};

/// Keeps everything in memory: for examples, and for the tests of those who embed a store.
#[derive(Debug, Default)]
pub struct MemoryBackend {
    kept: Mutex<BTreeMap<Key, Vec<u8>>>,
}

impl MemoryBackend {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<Key, Vec<u8>>> {
        // Each change is one call on the map, so a panic elsewhere cannot have left half of one.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    async fn put(&self, key: &Key, bytes: &[u8], mode: PutMode) -> Result<(), BackendError> {
        let mut kept = self.kept();
        match (kept.get(key), mode) {
            (Some(_), PutMode::Create) => return Err(BackendError::AlreadyExists { key: key.clone() }),
            (None, PutMode::Replace(_)) => return Err(BackendError::NotFound { key: key.clone() }),
            (Some(present), PutMode::Replace(expected)) if digest_of(present) != expected => {
                return Err(BackendError::Conflict { key: key.clone() });
            }
            _ => {}
        }
        kept.insert(key.clone(), bytes.to_vec());
        Ok(())
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
        let present = kept.get(key).map_or(0, |present| present.len() as u64);
        if present != at {
            return Err(BackendError::Conflict { key: key.clone() });
        }
        kept.entry(key.clone()).or_default().extend_from_slice(bytes);
        Ok(())
    }
}
