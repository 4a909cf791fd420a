//! Secrets in the configuration: named, never written down.

use charter_host::{Refusal, Secret, Setup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A secret, by name; its value stays in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecretName {
    /// The environment variable that holds it.
    pub env: String,
}

impl SecretName {
    /// Returns the secret's value.
    ///
    /// # Errors
    /// When the variable is not set or empty.
    pub fn reveal(&self, setup: &Setup<'_>) -> Result<Secret, Refusal> {
        match setup.secrets.get(&self.env) {
            Some(secret) if !secret.reveal().trim().is_empty() => Ok(Secret::new(secret.reveal().trim().to_owned())),
            _ => Err(Refusal(format!("the variable `{}` is not set", self.env))),
        }
    }
}

/// Returns the names of all variables that a section names as secrets, `{ env = "NAME" }`, wherever they are in it.
///
/// ```
/// let section = serde_json::json!({ "url": { "env": "OPS_WEBHOOK" }, "timeout-seconds": 5 });
/// assert_eq!(charter_notify::secret_names(&section), ["OPS_WEBHOOK"]);
/// ```
#[must_use]
pub fn secret_names(section: &Value) -> Vec<String> {
    match section {
        Value::Object(members) => match (members.get("env"), members.len()) {
            (Some(Value::String(name)), 1) => vec![name.clone()],
            _ => members.values().flat_map(secret_names).collect(),
        },
        Value::Array(items) => items.iter().flat_map(secret_names).collect(),
        _ => Vec::new(),
    }
}
