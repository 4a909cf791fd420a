//! The JSON Schema of the configuration file.

use charter_deploy_model::CodeMeta;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Config;

/// Returns the generator for the schemas that [`schema()`] takes: draft 2020-12, every subschema in its place.
#[must_use]
pub fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator()
}

/// Returns the JSON Schema (draft 2020-12) of `charter.toml`.
///
/// `gates` is the schema of the table `gates`, as `Catalog::schema` makes it; `targets` is that of every environment's
/// `target`, as `Catalog::tagged_schema` makes it. Make both with [`generator`], for they must not refer elsewhere.
#[must_use]
pub fn schema(gates: Value, targets: Value) -> Value {
    let mut schema = generator().into_root_schema_for::<Config>().to_value();
    without_null(&mut schema);

    schema["$id"] = json!("https://github.com/charter-deploy/charter/raw/main/charter.schema.json");
    schema["title"] = json!("charter.toml");
    describe_as(&mut schema["properties"]["gates"], gates);
    if let Some(environments) = schema.pointer_mut("/properties/environments/properties").and_then(Value::as_object_mut)
    {
        for environment in environments.values_mut() {
            describe_as(&mut environment["properties"]["target"], targets.clone());
        }
    }
    schema["properties"]["waivers"]["items"]["properties"]["expires"]["format"] = json!("date");
    schema
}

/// Narrows the codes that waivers and severities may name to those that the gates declare.
///
/// Without this any code is accepted, for a schema of gates does not say what they can find.
#[must_use]
pub fn with_codes<'a>(mut schema: Value, codes: impl IntoIterator<Item = &'a CodeMeta>) -> Value {
    let codes: Vec<&CodeMeta> = codes.into_iter().collect();
    let severity = &mut schema["properties"]["severity"];
    let level = severity["additionalProperties"].take();
    severity["properties"] = codes
        .iter()
        .map(|code| {
            let mut level = level.clone();
            level["description"] = json!(code.summary());
            (code.id.to_owned(), level)
        })
        .collect::<Map<_, _>>()
        .into();
    severity["additionalProperties"] = json!(false);
    schema["properties"]["waivers"]["items"]["properties"]["code"]["enum"] =
        codes.iter().map(|code| json!(code.id)).collect();
    schema
}

/// Narrows how people may be told to the kinds there are; `notify` is made by `charter_notify::Policy::schema`.
#[must_use]
pub fn with_notifiers(mut schema: Value, notify: Value) -> Value {
    describe_as(&mut schema["properties"]["notify"], notify);
    without_null(&mut schema["properties"]["notify"]);
    schema
}

/// Narrows what endpoints may be looked at with to the probes there are; `probes` is made by `Catalog::tagged_schema`.
#[must_use]
pub fn with_probes(mut schema: Value, probes: Value) -> Value {
    if let Some(endpoint) = schema.pointer_mut("/properties/monitor/properties/endpoints/additionalProperties") {
        describe_as(&mut endpoint["properties"]["probe"], probes);
    }
    schema
}

/// Puts `schema` in the place of `place`, whose description stays unless it brings its own.
fn describe_as(place: &mut Value, schema: Value) {
    let description = place["description"].take();
    *place = schema;
    if place.get("description").is_none() && !description.is_null() {
        place["description"] = description;
    }
}

/// Removes `null` wherever it is allowed: TOML cannot say it, a key is left out instead.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            if let Some(Value::Array(values)) = object.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            let only = match object.get_mut("anyOf") {
                Some(Value::Array(variants)) => {
                    variants.retain(|variant| variant != &json!({ "type": "null" }));
                    if variants.len() == 1 { variants.pop() } else { None }
                }
                _ => None,
            };
            if let Some(Value::Object(only)) = only {
                object.remove("anyOf");
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(array) => array.iter_mut().for_each(without_null),
        _ => {}
    }
}
