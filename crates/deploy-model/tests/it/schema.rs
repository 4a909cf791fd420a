//! What a schema refuses.

use charter_deploy_model::RecordKind;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::golden::record;

pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn of_kind(name: &str) -> Validator {
    let kind = RecordKind::all().into_iter().find(|kind| kind.schema == name).unwrap();
    validator(kind.json_schema.as_value())
}

/// Says whether a full record still fits its schema once the value at a pointer is another.
fn fits_with(kind: &str, pointer: &str, value: Value) -> bool {
    let mut full = record(kind, "full");
    let schema = of_kind(kind);
    assert!(schema.is_valid(&full), "{kind}");
    *full.pointer_mut(pointer).unwrap_or_else(|| panic!("{kind} has no {pointer}")) = value;
    schema.is_valid(&full)
}

#[test]
fn ids_and_moments_have_their_grammar() {
    for (kind, pointer) in [
        ("deployment/1", "/deploymentId"),
        ("deployment/1", "/commitHash"),
        ("deployment/1", "/timestamp"),
        ("deployment/1", "/finishedAt"),
        ("deployment/1", "/configurationId"),
        ("deployment/1", "/releaseId"),
        ("configuration/2", "/configurationId"),
        ("configuration/2", "/version"),
        ("monitoring/1", "/monitoringId"),
        ("monitoring/1", "/entries/0/deploymentId"),
        ("monitoring/1", "/entries/0/timestamp"),
        ("maintenance/1", "/maintenanceId"),
        ("maintenance/1", "/scheduledTime"),
        ("incident/1", "/incidentId"),
        ("incident/1", "/startTime"),
    ] {
        assert!(!fits_with(kind, pointer, json!("yesterday")), "{kind} {pointer}");
    }
}

#[test]
fn scores_are_from_0_to_100_and_times_are_not_negative() {
    for (kind, pointer, value) in [
        ("deployment/1", "/validation/constitutionalCompliance/score", json!(100.5)),
        ("deployment/1", "/validation/performance/lighthouse/seo", json!(-1)),
        ("deployment/1", "/validation/security/securityScore", json!(101)),
        ("deployment/1", "/buildInfo/buildTime", json!(-0.5)),
        ("monitoring/1", "/entries/0/uptime/availability", json!(100.01)),
        ("monitoring/1", "/entries/0/performance/loadTime/dns", json!(-3)),
        ("maintenance/1", "/impactAssessment/downtime", json!(-1)),
        ("incident/1", "/duration", json!(-1)),
    ] {
        assert!(!fits_with(kind, pointer, value.clone()), "{kind} {pointer}: {value}");
    }
}

#[test]
fn what_may_be_absent_may_not_be_null() {
    for (kind, pointer) in [
        ("deployment/1", "/validation/security"),
        ("deployment/1", "/buildInfo/nodeVersion"),
        ("configuration/2", "/performance"),
        ("monitoring/1", "/entries/0/uptime/responseTime"),
        ("maintenance/1", "/results"),
        ("incident/1", "/endTime"),
    ] {
        assert!(!fits_with(kind, pointer, Value::Null), "{kind} {pointer}");
    }
}

#[test]
fn words_that_the_data_model_does_not_know_are_refused() {
    for (kind, pointer) in [
        ("deployment/1", "/validation/security/vulnerabilities/0/severity"),
        ("deployment/1", "/environment"),
        ("monitoring/1", "/entries/0/uptime/status"),
        ("maintenance/1", "/maintenanceType"),
        ("incident/1", "/severity"),
    ] {
        // npm's word for moderate in other places: it is mapped before it is recorded.
        assert!(!fits_with(kind, pointer, json!("medium")), "{kind} {pointer}");
    }
}

#[test]
fn a_monitoring_entry_needs_the_group_that_its_type_names_and_no_other() {
    let schema = of_kind("monitoring/1");
    for named in ["uptime", "performance", "accessibility", "security", "constitutional"] {
        let mut run = record("monitoring/1", "full");
        let groups = run["entries"][0].clone();
        run["monitoringType"] = named.into();
        run["entries"].as_array_mut().unwrap().truncate(1);
        let entry = run["entries"][0].as_object_mut().unwrap();
        for group in ["uptime", "performance", "accessibility", "security", "constitutional"] {
            entry.remove(group);
        }
        entry.insert("monitoringType".to_owned(), named.into());
        assert!(!schema.is_valid(&run), "{named}");
        run["entries"][0][named] = groups[named].clone();
        assert!(schema.is_valid(&run), "{named}");
    }
}

#[test]
fn fields_of_later_versions_are_no_fault() {
    for kind in RecordKind::all() {
        let mut full = record(kind.schema, "full");
        full["addedLater"] = json!({ "anything": [1, null] });
        assert!(validator(kind.json_schema.as_value()).is_valid(&full), "{}", kind.schema);
    }
}
