//! The log of records, and all that is derived from it.

#![no_main]

use std::sync::Arc;

use charter_host::Scope;
use charter_store::{Backend, Key, MemoryBackend, PutMode, Store};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs nothing of the machine");
    runtime.block_on(async {
        let backend = Arc::new(MemoryBackend::default());
        let key: Key = "log/entries".parse().expect("it is a key");
        backend.put(&key, log, PutMode::Create).await.expect("it is new");
        let Ok(store) = Store::open(backend).await else { return };
        let checkpoint = store.checkpoint().await.expect("an open store knows how long its log is");
        let whole_lines = log.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(checkpoint.size, whole_lines, "every whole line is a leaf");
        let _ = store.verify(&[], &Scope::default()).await;
    });
});
