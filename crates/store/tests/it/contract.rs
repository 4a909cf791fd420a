//! Both backends keep the contract.

use std::sync::atomic::{AtomicU64, Ordering};

use charter_store::{FileBackend, MemoryBackend};
use charter_testkit::contract;

#[tokio::test(flavor = "multi_thread")]
async fn files_keep_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let number = AtomicU64::new(0);
    let make = async || {
        let name = number.fetch_add(1, Ordering::Relaxed).to_string();
        FileBackend::open(&folder.path().join(name)).unwrap()
    };
    contract::backend::backend(make).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    contract::backend::backend(async || MemoryBackend::default()).await;
}
