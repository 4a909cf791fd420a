//! What went wrong in a deployment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that went wrong in a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentError {
    /// Names it within the deployment.
    pub error_id: String,
    /// Where it arose.
    #[serde(rename = "type")]
    pub error_type: DeploymentErrorType,
    /// How grave it is.
    pub severity: ErrorSeverity,
    /// What went wrong, with its causes.
    pub message: String,
    /// The causes one by one, outermost first, one a line; absent when the message says all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// Figures that help to understand it.
    pub context: BTreeMap<String, Value>,
    /// When.
    pub timestamp: Timestamp,
    /// Whether the deployment itself dealt with it.
    pub resolved: bool,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
}

/// In which part of a deployment an error arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentErrorType {
    /// Building.
    Build,
    /// Judging.
    Validation,
    /// Staging, showing, verifying.
    Deployment,
    /// Going back.
    Rollback,
}

/// How grave an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorSeverity {
    /// Noted.
    Warning,
    /// It kept the deployment from succeeding.
    Error,
    /// Users may be affected.
    Critical,
}
