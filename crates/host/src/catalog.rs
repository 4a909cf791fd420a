//! The kinds of a thing that a configuration can name: one visible line each.

use std::collections::BTreeMap;
use std::fmt;

use charter_deploy_model::KindMeta;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Setup;

/// Why a kind will not be built with this configuration, in words for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(
    /// A sentence fragment.
    pub String,
);

/// Why a configured thing could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// There is no such kind.
    #[error("there is no {what} called `{id}`{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// What the catalog holds, such as `gate`.
        what: &'static str,
        /// The name that was looked for.
        id: String,
        /// The most similar name there is.
        nearest: Option<String>,
    },
    /// A key of its section is unknown, missing or of the wrong type.
    #[error("{message}")]
    Malformed {
        /// The kind.
        id: String,
        /// The path of the key within the section, such as `budgets[2].max`.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// The kind looked at its section and will not have it.
    #[error("{refusal}")]
    Refused {
        /// The kind.
        id: String,
        /// Why.
        refusal: Refusal,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

/// Returns the candidate most similar to `word`, when one is similar enough to have been meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

type Build<T> = dyn Fn(Value, &Setup<'_>) -> Result<Box<T>, CatalogError> + Send + Sync;

struct Entry<T: ?Sized> {
    meta: &'static KindMeta,
    build: Box<Build<T>>,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

/// All kinds of one thing: what runs, what the configuration accepts, what help and docs say, from the same line.
pub struct Catalog<T: ?Sized> {
    what: &'static str,
    entries: BTreeMap<&'static str, Entry<T>>,
}

impl<T: ?Sized + 'static> Catalog<T> {
    /// Makes an empty catalog of `what`, a singular noun such as `gate`.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what, entries: BTreeMap::new() }
    }

    /// Adds a kind: what it says of itself, and how it is built from its section of the configuration.
    ///
    /// # Panics
    /// When there is a kind of that id already.
    #[track_caller]
    pub fn register<C: DeserializeOwned + JsonSchema + 'static>(
        &mut self,
        meta: &'static KindMeta,
        build: fn(C, &Setup<'_>) -> Result<Box<T>, Refusal>,
    ) -> &mut Self {
        let build = move |section: Value, setup: &Setup<'_>| {
            let config = serde_path_to_error::deserialize(section).map_err(|error| CatalogError::Malformed {
                id: meta.id.to_owned(),
                key: error.path().to_string(),
                message: error.inner().to_string(),
            })?;
            build(config, setup).map_err(|refusal| CatalogError::Refused { id: meta.id.to_owned(), refusal })
        };
        let entry = Entry { meta, build: Box::new(build), schema: C::json_schema };
        assert!(self.entries.insert(meta.id, entry).is_none(), "the {} `{}` is registered twice", self.what, meta.id);
        self
    }

    /// Builds a kind from its section of the configuration.
    ///
    /// # Errors
    /// When there is no such kind, or it will not have that section.
    pub fn build(&self, id: &str, section: Value, setup: &Setup<'_>) -> Result<Box<T>, CatalogError> {
        let entry = self.entries.get(id).ok_or_else(|| CatalogError::Unknown {
            what: self.what,
            id: id.to_owned(),
            nearest: nearest(id, self.entries.keys().copied()).map(str::to_owned),
        })?;
        (entry.build)(section, setup)
    }

    /// Returns the schema of an object with one optional member per kind.
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Value {
        let properties: serde_json::Map<String, Value> =
            self.entries.values().map(|entry| (entry.meta.id.to_owned(), described(entry, generator))).collect();
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }

    /// Returns the schema of an object whose member `kind` names the kind, and whose other members are that kind's.
    pub fn tagged_schema(&self, generator: &mut SchemaGenerator) -> Value {
        let variants: Vec<Value> = self
            .entries
            .values()
            .map(|entry| {
                let mut schema = described(entry, generator);
                schema["properties"]["kind"] = json!({ "const": entry.meta.id });
                schema["required"] = match schema.get("required").and_then(Value::as_array) {
                    Some(required) => required.iter().cloned().chain([json!("kind")]).collect(),
                    None => json!(["kind"]),
                };
                schema
            })
            .collect();
        json!({ "oneOf": variants })
    }

    /// Returns what each kind says of itself, sorted by id.
    pub fn kinds(&self) -> impl Iterator<Item = &'static KindMeta> {
        self.entries.values().map(|entry| entry.meta)
    }
}

fn described<T: ?Sized + 'static>(entry: &Entry<T>, generator: &mut SchemaGenerator) -> Value {
    let mut schema = (entry.schema)(generator).to_value();
    schema["description"] = json!(entry.meta.summary());
    schema
}

impl<T: ?Sized> fmt::Debug for Catalog<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("what", &self.what).field("kinds", &self.entries.keys()).finish()
    }
}
