//! Records as every version wrote them: they stay readable, and are never altered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{
    Attestation, Hold, HoldLifted, MaintenanceAutomation, MonitoringHour, MonitoringRun, ProductionConfiguration,
    ProductionDeployment, Pruning, Record, RecordKind, RunFault, UptimeIncident,
};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::schema::validator;

/// Versions that are read and not written any more, each with the SHA-256 of its schema, which is not made from types,
/// but kept.
const NOT_WRITTEN_ANY_MORE: &[(&str, &str)] =
    &[("configuration/1", "090525454916fb64a98902d83c1eee238ce212d1cd43f88ee8602f57cc88fa36")];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data/golden")
}

fn file_name(schema: &str) -> String {
    schema.replace('/', "-")
}

/// Returns a golden record of a kind.
pub(crate) fn record(schema: &str, name: &str) -> Value {
    let path = folder().join(file_name(schema)).join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Returns every golden file: its path below the folder, and its text.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for kind in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    files
}

#[test]
fn no_golden_file_was_altered() {
    let listed = fs::read_to_string(folder().join("SHA256SUMS")).unwrap();
    let found: String = files().iter().map(|(name, text)| format!("{}  {name}\n", digest_of(text))).collect();
    assert_eq!(listed, found, "a golden file is added, with its line; one that is there stays as it is");
}

fn digest_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_version_has_a_least_and_a_full_record_and_a_schema() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let written = RecordKind::all().into_iter().map(|kind| kind.schema);
    for schema in written.chain(NOT_WRITTEN_ANY_MORE.iter().map(|(schema, _)| *schema)) {
        for name in ["minimal", "full"] {
            assert_eq!(record(schema, name)["schema"], schema);
        }
    }
    for (schema, digest) in NOT_WRITTEN_ANY_MORE {
        let text = fs::read_to_string(schemas.join(format!("{}.json", file_name(schema)))).unwrap();
        assert_eq!(digest_of(&text), *digest, "the schema of {schema} was altered");
    }
    for name in files().keys() {
        let kind = name.split('/').next().unwrap();
        assert!(schemas.join(format!("{kind}.json")).exists(), "there is no schema of {kind}");
    }
}

#[test]
fn every_golden_file_fits_its_schema() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let written: BTreeMap<String, Value> =
        RecordKind::all().into_iter().map(|kind| (file_name(kind.schema), kind.json_schema.to_value())).collect();
    for (name, text) in files() {
        let kind = name.split('/').next().unwrap();
        let schema = written.get(kind).cloned().unwrap_or_else(|| {
            serde_json::from_str(&fs::read_to_string(schemas.join(format!("{kind}.json"))).unwrap()).unwrap()
        });
        let value: Value = serde_json::from_str(&text).unwrap();
        let faults: Vec<String> =
            validator(&schema).iter_errors(&value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

#[test]
fn what_is_read_is_written_again_byte_for_byte() {
    round_trip::<ProductionDeployment>();
    round_trip::<ProductionConfiguration>();
    round_trip::<MonitoringHour>();
    round_trip::<MonitoringRun>();
    round_trip::<MaintenanceAutomation>();
    round_trip::<UptimeIncident>();
    round_trip::<Hold>();
    round_trip::<HoldLifted>();
    round_trip::<Pruning>();
    round_trip::<Attestation>();
}

fn round_trip<R: Record>() {
    #[derive(Serialize)]
    struct Kept<R> {
        schema: &'static str,
        #[serde(flatten)]
        record: R,
    }

    let mut count = 0;
    for (name, text) in files() {
        if name.starts_with(&format!("{}/", file_name(R::SCHEMA))) {
            let record: R = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let again = serde_json::to_string_pretty(&Kept { schema: R::SCHEMA, record }).unwrap() + "\n";
            assert_eq!(text, again, "{name}");
            count += 1;
        }
    }
    assert!(count >= 2, "{}", R::SCHEMA);
}

#[test]
fn every_record_has_a_place_of_its_own() {
    let path = |text: &str| serde_json::from_str::<MonitoringRun>(text).unwrap().path();
    assert_eq!(path(&record("monitoring/1", "full").to_string()), "monitoring/2026/11/21/uptime-021500.json");
    let maintenance: MaintenanceAutomation = serde_json::from_value(record("maintenance/1", "full")).unwrap();
    assert_eq!(maintenance.path(), "maintenance/20261121-030000-maintenance.json");
    let incident: UptimeIncident = serde_json::from_value(record("incident/1", "full")).unwrap();
    assert_eq!(incident.path(), "incidents/20261121-021455-incident.json");
}

#[test]
fn a_run_is_made_of_entries_that_belong_together() {
    let read = |change: fn(&mut Value)| {
        let mut run = record("monitoring/1", "full");
        change(&mut run);
        serde_json::from_value::<MonitoringRun>(run).map_err(|error| error.to_string())
    };
    assert!(read(|_| ()).is_ok());
    let refused = [
        read(|run| run["entries"] = json!([])),
        read(|run| run["entries"][1]["monitoringId"] = "20261121-021501-monitor".into()),
        read(|run| run["entries"][1]["siteUrl"] = run["entries"][0]["siteUrl"].clone()),
        read(|run| drop(run["entries"][1].as_object_mut().unwrap().remove("uptime"))),
    ];
    let [empty, other, twice, bare] = refused.map(Result::unwrap_err);
    assert_eq!(empty, RunFault::Empty.to_string());
    assert!(other.contains("20261121-021501-monitor"), "{other}");
    assert!(twice.contains("two entries"), "{twice}");
    assert!(bare.contains("no group `uptime`"), "{bare}");
}
