//! What makes a type a record: a schema with a version, and a place in the store.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    Attestation, Hold, HoldLifted, MaintenanceAutomation, MonitoringHour, MonitoringRun, ProductionConfiguration,
    ProductionDeployment, Pruning, UptimeIncident,
};

/// A fact that is written once, in its final state.
///
/// The stored JSON has one member more than the type: `schema`, which is [`Record::SCHEMA`]. Readers upcast older
/// versions; a stored file is never rewritten.
pub trait Record: Serialize + DeserializeOwned + JsonSchema + Send + Sync {
    /// Kind and version, such as `deployment/1`.
    const SCHEMA: &'static str;

    /// Returns the record's path relative to the store, such as `deployments/20261121-020711-deployment.json`.
    fn path(&self) -> String;
}

impl Record for ProductionDeployment {
    const SCHEMA: &'static str = "deployment/1";

    fn path(&self) -> String {
        format!("deployments/{}.json", self.deployment_id)
    }
}

impl Record for ProductionConfiguration {
    const SCHEMA: &'static str = "configuration/2";

    fn path(&self) -> String {
        format!("configuration/history/config-{}.json", self.configuration_id.stamp())
    }
}

impl Record for MonitoringRun {
    const SCHEMA: &'static str = "monitoring/1";

    /// A folder a day, as in `monitoring/2026/11/21/uptime-020711.json`.
    fn path(&self) -> String {
        let stamp = self.id().stamp().to_string();
        let (year, month, day, time) = (&stamp[..4], &stamp[4..6], &stamp[6..8], &stamp[9..]);
        format!("monitoring/{year}/{month}/{day}/{}-{time}.json", self.monitoring_type())
    }
}

impl Record for MonitoringHour {
    const SCHEMA: &'static str = "monitoring-hour/1";

    /// Beside the day's runs, as in `monitoring/2026/11/21/samples-020000.json`.
    fn path(&self) -> String {
        let hour = self.hour.to_zoned(jiff::tz::TimeZone::UTC);
        let (year, month, day) = (hour.year(), hour.month(), hour.day());
        format!("monitoring/{year:04}/{month:02}/{day:02}/samples-{:02}0000.json", hour.hour())
    }
}

impl Record for MaintenanceAutomation {
    const SCHEMA: &'static str = "maintenance/1";

    fn path(&self) -> String {
        format!("maintenance/{}.json", self.maintenance_id)
    }
}

impl Record for UptimeIncident {
    const SCHEMA: &'static str = "incident/1";

    fn path(&self) -> String {
        format!("incidents/{}.json", self.incident_id)
    }
}

/// One kind of record: its schema name and JSON Schema, for whoever validates without knowing the type.
#[derive(Debug, Clone)]
pub struct RecordKind {
    /// Kind and version, such as `deployment/1`.
    pub schema: &'static str,
    /// Draft 2020-12.
    pub json_schema: Schema,
}

impl RecordKind {
    /// Returns every kind of record this version writes.
    #[must_use]
    pub fn all() -> Vec<Self> {
        fn kind<R: Record>() -> RecordKind {
            RecordKind { schema: R::SCHEMA, json_schema: record_schema::<R>() }
        }
        vec![
            kind::<ProductionConfiguration>(),
            kind::<ProductionDeployment>(),
            kind::<MonitoringHour>(),
            kind::<MonitoringRun>(),
            kind::<MaintenanceAutomation>(),
            kind::<UptimeIncident>(),
            kind::<Hold>(),
            kind::<HoldLifted>(),
            kind::<Pruning>(),
            kind::<Attestation>(),
        ]
    }
}

/// Returns the JSON Schema (draft 2020-12) of a record as stored, with its `schema` member.
///
/// What may be absent may not be null, and what it does not name may be there: a later version's field is no fault.
#[must_use]
pub fn record_schema<R: Record>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(refuse_null));
    let mut schema = settings.into_generator().into_root_schema_for::<R>();
    if let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) {
        properties.insert("schema".to_owned(), json!({ "const": R::SCHEMA }));
    }
    if let Some(required) = schema.get_mut("required").and_then(|value| value.as_array_mut()) {
        required.insert(0, "schema".into());
    }
    schema
}

/// Takes out the null that schemars lets stand for an absent value.
fn refuse_null(schema: &mut Schema) {
    let is_null = |value: &Value| value == &json!("null") || value == &json!({ "type": "null" });
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| !is_null(name));
        if let [only] = &mut types[..] {
            let only = only.take();
            schema.insert("type".to_owned(), only);
            if let Some(Value::Array(values)) = schema.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| !is_null(choice));
        if let [Value::Object(only)] = &mut choices[..] {
            let only = std::mem::take(only);
            schema.remove("anyOf");
            for (keyword, value) in only {
                schema.ensure_object().entry(keyword).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_recorded_may_be_null() {
        for kind in RecordKind::all() {
            let text = kind.json_schema.as_value().to_string();
            assert!(!text.contains("null"), "{}: {text}", kind.schema);
        }
    }

    #[test]
    fn a_monitoring_run_lies_in_the_folder_of_its_day() {
        let entry = json!({
            "monitoringId": "20261121-020711-monitor", "timestamp": "2026-11-21T02:07:11Z", "monitoringType": "uptime",
            "siteUrl": "https://example.org/", "environment": "production", "alerts": [],
            "uptime": { "status": "unknown", "location": "here", "incidents": [] },
        });
        let run: MonitoringRun = serde_json::from_value(json!({
            "monitoringId": "20261121-020711-monitor", "timestamp": "2026-11-21T02:07:11Z", "monitoringType": "uptime",
            "entries": [entry],
        }))
        .unwrap();
        assert_eq!(run.path(), "monitoring/2026/11/21/uptime-020711.json");
    }

    #[test]
    fn every_schema_demands_its_name() {
        for kind in RecordKind::all() {
            let schema = kind.json_schema.as_value();
            assert_eq!(schema["properties"]["schema"]["const"], kind.schema);
            assert_eq!(schema["required"][0], "schema");
        }
    }
}
