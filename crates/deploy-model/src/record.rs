//! What makes a type a record: a schema with a version, and a place in the store.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ProductionConfiguration, ProductionDeployment};

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
    const SCHEMA: &'static str = "configuration/1";

    fn path(&self) -> String {
        format!("configuration/history/config-{}.json", self.configuration_id.stamp())
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
        vec![kind::<ProductionConfiguration>(), kind::<ProductionDeployment>()]
    }
}

/// Returns the JSON Schema (draft 2020-12) of a record as stored, with its `schema` member.
#[must_use]
pub fn record_schema<R: Record>() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<R>();
    if let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) {
        properties.insert("schema".to_owned(), serde_json::json!({ "const": R::SCHEMA }));
    }
    if let Some(required) = schema.get_mut("required").and_then(|value| value.as_array_mut()) {
        required.insert(0, "schema".into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_demands_its_name() {
        for kind in RecordKind::all() {
            let schema = kind.json_schema.as_value();
            assert_eq!(schema["properties"]["schema"]["const"], kind.schema);
            assert_eq!(schema["required"][0], "schema");
        }
    }
}
