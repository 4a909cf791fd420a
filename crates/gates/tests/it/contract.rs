//! Every kind of gate over its samples in `test-data/`.

use std::path::Path;

use charter_testkit::contract::gate::{Samples, gate};

#[tokio::test]
async fn every_gate_keeps_the_contract() {
    let catalog = charter_gates::standard();
    for kind in catalog.kinds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data").join(kind.id);
        gate(&catalog, kind.id, &Samples::read(&folder, kind.id).await).await;
    }
}

#[test]
fn no_samples_lie_around_for_gates_that_do_not_exist() {
    let catalog = charter_gates::standard();
    let ids: Vec<&str> = catalog.kinds().map(|kind| kind.id).collect();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(ids.contains(&name.as_str()), "there is no gate `{name}`");
    }
}
