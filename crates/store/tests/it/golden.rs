//! Records of every version, read by this one.

use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{
    Digest, Hold, HoldLifted, MaintenanceAutomation, MonitoringRun, ProductionConfiguration, ProductionDeployment,
    Pruning, Record, UptimeIncident,
};
use charter_store::{Prepared, Store, StoreError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::note::folder_with;

fn golden(kind: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../deploy-model/test-data/golden/{kind}/{name}.json"))
}

/// Records a text as it is, as the version that wrote it did.
async fn commit(store: &Store, path: &str, text: String) {
    let digest = Digest::new(Sha256::digest(text.as_bytes()).into());
    store.commit(&Prepared { path: path.to_owned(), text, digest }).await.unwrap();
}

async fn read<R: Record>(kind: &str, name: &str) -> R {
    let (_folder, store) = folder_with(0).await;
    let text = fs::read_to_string(golden(kind, name)).unwrap();
    let path = format!("deployments/{kind}.json");
    commit(&store, &path, text.clone()).await;
    assert_eq!(store.read_raw(&path).await.unwrap(), serde_json::from_str::<Value>(&text).unwrap());
    store.read(&path).await.unwrap_or_else(|error| panic!("{kind} {name}: {error}"))
}

#[tokio::test]
async fn records_of_every_version_are_read() {
    for name in ["minimal", "full"] {
        read::<ProductionDeployment>("deployment-1", name).await;
        read::<ProductionConfiguration>("configuration-1", name).await;
        read::<ProductionConfiguration>("configuration-2", name).await;
        read::<MonitoringRun>("monitoring-1", name).await;
        read::<MaintenanceAutomation>("maintenance-1", name).await;
        read::<UptimeIncident>("incident-1", name).await;
        read::<Hold>("hold-1", name).await;
        read::<HoldLifted>("hold-lifted-1", name).await;
        read::<Pruning>("pruning-1", name).await;
    }
}

#[tokio::test]
async fn the_first_versions_budgets_are_the_second_ones_targets() {
    let full: ProductionConfiguration = read("configuration-1", "full").await;
    let sizes = full.performance.unwrap().targets.unwrap().bundle_size.unwrap();
    assert_eq!((sizes.javascript, sizes.css, sizes.total), (Some(100_000), Some(30_000), Some(500_000)));
    let minimal: ProductionConfiguration = read("configuration-1", "minimal").await;
    assert_eq!(minimal.performance, None);
}

#[tokio::test]
async fn what_a_later_version_recorded_is_kept_listed_and_shown() {
    let (_folder, store) = folder_with(0).await;
    let mut value: Value = serde_json::from_str(&fs::read_to_string(golden("deployment-1", "full")).unwrap()).unwrap();
    value["mood"] = json!("good");
    value["validation"]["smell"] = json!({ "of": "roses" });
    commit(&store, "deployments/a.json", value.to_string()).await;
    let record: ProductionDeployment = store.read("deployments/a.json").await.unwrap();
    assert_eq!(record.deployed_by, "ann");
    assert_eq!(store.read_raw("deployments/a.json").await.unwrap(), value, "every field is still there");

    value["schema"] = "deployment/2".into();
    commit(&store, "deployments/b.json", value.to_string()).await;
    let newer = store.read::<ProductionDeployment>("deployments/b.json").await.unwrap_err();
    assert!(matches!(newer, StoreError::NewerVersion { .. }), "{newer:?}");
    assert_eq!(store.read_raw("deployments/b.json").await.unwrap(), value);
    assert_eq!(store.paths("deployments").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_record_that_does_not_fit_its_schema_is_not_believed() {
    let (_folder, store) = folder_with(0).await;
    let mut value: Value = serde_json::from_str(&fs::read_to_string(golden("deployment-1", "full")).unwrap()).unwrap();
    value["validation"]["performance"]["lighthouse"]["seo"] = json!(920);
    commit(&store, "deployments/a.json", value.to_string()).await;
    let unfit = store.read::<ProductionDeployment>("deployments/a.json").await.unwrap_err();
    assert!(matches!(&unfit, StoreError::Unfit { .. }) && unfit.to_string().contains("lighthouse/seo"), "{unfit}");
}
