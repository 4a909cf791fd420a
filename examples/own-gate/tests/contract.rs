//! The gate keeps the contract of all gates.

use std::path::Path;

use charter_host::Catalog;
use charter_testkit::contract::gate::{Samples, gate};

#[tokio::test]
async fn no_todo_keeps_the_contract() {
    let mut catalog = Catalog::new("gate");
    catalog.register(&own_gate::META, own_gate::gate);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data/no-todo");
    gate(&catalog, "no-todo", &Samples::read(&folder, "no-todo").await).await;
}
