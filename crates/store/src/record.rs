//! A record as it is kept: checked against its schema before it is written, brought up to date when it is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use charter_deploy_model::{Digest, Record, record_schema};
use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::digest_of;
use crate::log::Line;
use crate::path::check_record_path;
use crate::upcast;
use crate::{Store, StoreError};

/// A record that is ready to be committed: it can go into a journal's intent, and be committed after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prepared {
    /// Where it will be, relative to the store.
    pub path: String,
    /// The exact bytes of its file.
    pub text: String,
    /// Their SHA-256.
    pub digest: Digest,
}

impl Prepared {
    /// Returns the line that the log will have, if this is still what was prepared.
    pub(crate) fn line(&self) -> Result<Line, StoreError> {
        check_record_path(&self.path)?;
        let found = digest_of(self.text.as_bytes());
        if found != self.digest {
            return Err(StoreError::Altered { path: self.path.clone(), recorded: self.digest, found });
        }
        Ok(Line { path: self.path.as_str().into(), digest: found, length: self.text.len() as u64 })
    }
}

impl Store {
    /// Makes a record ready: adds its `schema`, checks it against its JSON Schema (formats too), fixes its bytes.
    ///
    /// Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when it does not fit its schema, [`StoreError::BadPath`] when it cannot be kept where
    /// it says.
    pub fn prepare<R: Record>(&self, record: &R) -> Result<Prepared, StoreError> {
        #[derive(Serialize)]
        struct Kept<'a, R> {
            schema: &'static str,
            #[serde(flatten)]
            record: &'a R,
        }

        let path = record.path();
        check_record_path(&path)?;
        let unwritable =
            |source: serde_json::Error| StoreError::Unwritable { schema: R::SCHEMA.to_owned(), source: source.into() };
        let kept = Kept { schema: R::SCHEMA, record };
        let value = serde_json::to_value(&kept).map_err(unwritable)?;
        let faults = self.schemas.faults::<R>(&value)?;
        if !faults.is_empty() {
            return Err(StoreError::Invalid { path, schema: R::SCHEMA.to_owned(), faults });
        }
        let mut text = serde_json::to_string_pretty(&kept).map_err(unwritable)?;
        text.push('\n');
        Ok(Prepared { path, digest: digest_of(text.as_bytes()), text })
    }
}

/// Compiled JSON Schemas, each compiled when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Mutex<HashMap<&'static str, Arc<Validator>>>);

impl Schemas {
    /// Returns in what a record as stored does not fit its schema.
    fn faults<R: Record>(&self, value: &Value) -> Result<Vec<String>, StoreError> {
        let validator = self.validator::<R>()?;
        if validator.is_valid(value) {
            return Ok(Vec::new());
        }
        let named = |fault: jsonschema::ValidationError<'_>| match fault.instance_path().as_str() {
            "" => fault.to_string(),
            place => format!("{place}: {fault}"),
        };
        Ok(validator.iter_errors(value).map(named).collect())
    }

    fn validator<R: Record>(&self) -> Result<Arc<Validator>, StoreError> {
        // A panic while compiling leaves the map as it was.
        let mut compiled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = compiled.get(R::SCHEMA) {
            return Ok(Arc::clone(validator));
        }
        // Formats that only say how large a number may be, such as `uint64`, are unknown to JSON Schema and ignored.
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(record_schema::<R>().as_value())
            .map_err(|source| StoreError::Unwritable { schema: R::SCHEMA.to_owned(), source: source.into() })?;
        let validator = Arc::new(validator);
        compiled.insert(R::SCHEMA, Arc::clone(&validator));
        Ok(validator)
    }
}

/// One step from a schema's version to the next: the version it starts from, such as `deployment/1`, and the change.
pub(crate) type Upcast = (&'static str, fn(Value) -> Value);

/// Every step there is. Old files are never rewritten, so no step is ever taken out.
pub(crate) const UPCASTS: &[Upcast] = &[("configuration/1", upcast::configuration_1)];

/// Reads the bytes of a record, whatever version wrote them.
pub(crate) fn decode<R: Record>(
    path: &str,
    bytes: &[u8],
    upcasts: &[Upcast],
    schemas: &Schemas,
) -> Result<R, StoreError> {
    let unreadable = |source| StoreError::Unreadable { path: path.to_owned(), source };
    let mut value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
    let found = value["schema"].as_str().unwrap_or_default().to_owned();
    let (found, known) = (found.as_str(), R::SCHEMA);
    let other = || StoreError::OtherKind { path: path.to_owned(), found: found.to_owned(), wanted: known.to_owned() };
    let ((kind, version), (_, known_version)) =
        split(found).zip(split(known)).filter(|((found, _), (known, _))| found == known).ok_or_else(other)?;
    if version > known_version {
        let (found, known) = (found.to_owned(), known.to_owned());
        return Err(StoreError::NewerVersion { path: path.to_owned(), found, known });
    }
    for step in version..known_version {
        let (_, upcast) = upcasts.iter().find(|(from, _)| split(from) == Some((kind, step))).ok_or_else(other)?;
        value = upcast(value);
    }
    value["schema"] = known.into();
    let faults = schemas.faults::<R>(&value)?;
    if !faults.is_empty() {
        return Err(StoreError::Unfit { path: path.to_owned(), schema: known.to_owned(), faults });
    }
    R::deserialize(value).map_err(unreadable)
}

/// Reads a part of a record of any kind, brought up to the newest version there is a step to.
pub(crate) fn decode_part<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, StoreError> {
    let unreadable = |source| StoreError::Unreadable { path: path.to_owned(), source };
    let Named { schema } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if !UPCASTS.iter().any(|(from, _)| *from == schema) {
        return serde_json::from_slice(bytes).map_err(unreadable);
    }
    let mut value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
    if let Some((kind, version)) = split(&schema) {
        for step in version.. {
            let Some((_, upcast)) = UPCASTS.iter().find(|(from, _)| split(from) == Some((kind, step))) else { break };
            value = upcast(value);
        }
    }
    T::deserialize(value).map_err(unreadable)
}

/// What every record says first.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    schema: String,
}

/// Splits `deployment/1` into kind and version.
fn split(schema: &str) -> Option<(&str, u32)> {
    let (kind, version) = schema.rsplit_once('/')?;
    Some((kind, version.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Note {
        text: String,
        words: u64,
    }

    impl Record for Note {
        const SCHEMA: &'static str = "note/3";

        fn path(&self) -> String {
            "notes/a.json".to_owned()
        }
    }

    fn add_words(mut value: Value) -> Value {
        value["words"] = value["text"].as_str().unwrap_or_default().split(' ').count().into();
        value
    }

    fn rename_text(mut value: Value) -> Value {
        value["text"] = value["body"].take();
        value
    }

    const STEPS: &[Upcast] = &[("note/2", add_words), ("note/1", rename_text)];

    fn read(value: &Value) -> Result<Note, StoreError> {
        decode("notes/a.json", value.to_string().as_bytes(), STEPS, &Schemas::default())
    }

    #[test]
    fn old_versions_are_read_as_the_present_one() {
        let note = Note { text: "two words".to_owned(), words: 2 };
        assert_eq!(read(&json!({ "schema": "note/1", "body": "two words" })).unwrap(), note);
        assert_eq!(read(&json!({ "schema": "note/2", "text": "two words" })).unwrap(), note);
        assert_eq!(read(&json!({ "schema": "note/3", "text": "two words", "words": 2, "new": 1 })).unwrap(), note);
    }

    #[test]
    fn newer_versions_and_other_kinds_are_told_apart() {
        let newer = read(&json!({ "schema": "note/4", "text": "" })).unwrap_err();
        assert!(matches!(newer, StoreError::NewerVersion { .. }), "{newer:?}");
        for schema in ["letter/1", "note", "", "note/0"] {
            let other = read(&json!({ "schema": schema, "text": "" })).unwrap_err();
            assert!(matches!(other, StoreError::OtherKind { .. }), "{schema}: {other:?}");
        }
        let unfit = read(&json!({ "schema": "note/3", "text": 1, "words": 1 })).unwrap_err();
        assert!(matches!(&unfit, StoreError::Unfit { .. }) && unfit.to_string().contains("/text"), "{unfit:?}");
    }
}
