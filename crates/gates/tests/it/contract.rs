//! Every kind of gate over its samples in `test-data/`.

use std::path::Path;

use charter_testkit::contract::gate::{Samples, gate};

/// Makes a test of each gate, so that they run beside each other and one can be run alone.
macro_rules! contract {
    ($($(#[$attribute:meta])? $name:ident)*) => {
        $(#[tokio::test]
        $(#[$attribute])?
        async fn $name() {
            let id = stringify!($name).replace('_', "-");
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data").join(&id);
            gate(&charter_gates::standard(), &id, &Samples::read(&folder, &id).await).await;
        })*

        const HELD: &[&str] = &[$(stringify!($name)),*];
    };
}

contract! {
    accessibility
    branches
    clean_tree
    code_quality
    command
    commits
    compose
    #[ignore = "measures time: the checks run it alone"]
    core_web_vitals
    dependencies
    dockerfile
    headers
    html
    kubernetes
    licenses
    #[ignore = "measures time: the checks run it alone"]
    lighthouse
    links
    migrations
    page_weight
    policy
    publishable
    pwa
    runbook
    sbom
    secrets
    spec_driven
    typescript
    zero_actions
}

#[test]
fn every_gate_is_held_to_the_contract() {
    let catalog = charter_gates::standard();
    let mut ids: Vec<String> = catalog.kinds().map(|kind| kind.id.replace('-', "_")).collect();
    ids.sort();
    assert_eq!(ids, HELD);
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
