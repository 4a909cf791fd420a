//! The backend keeps the contract, and a store over it says so when there is no room left.

use std::sync::Arc;

use charter_deploy_model::Record;
use charter_host::Scope;
use charter_store::{BackendError, Store, StoreError};
use charter_testkit::contract;
use own_store::LimitedBackend;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    contract::backend::backend(async || LimitedBackend::with_room_for(10_000_000)).await;
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Page {
    number: u32,
    text: String,
}

impl Record for Page {
    const SCHEMA: &'static str = "page/1";

    fn path(&self) -> String {
        format!("pages/{}.json", self.number)
    }
}

#[tokio::test]
async fn a_full_place_refuses_and_keeps_what_it_has() {
    let store = Store::open(Arc::new(LimitedBackend::with_room_for(5_000))).await.unwrap();
    let mut written = 0;
    let refused = loop {
        match store.append(&Page { number: written, text: "x".repeat(500) }).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Backend(BackendError::Full { .. })), "{refused:?}");
    assert!(refused.help().is_some());
    assert_eq!(store.read_all::<Page>("pages").await.unwrap().len(), written as usize);
    assert_eq!(store.verify(&[], &Scope::default()).await.unwrap().sound, u64::from(written));
}
