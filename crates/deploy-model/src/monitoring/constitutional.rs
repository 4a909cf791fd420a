//! How a site stands against the constitution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Percent;

/// How a site stands against the constitution. A principle that could not be judged is absent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConstitutionalGroup {
    /// Whether nothing routine runs on GitHub Actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_git_hub_actions: Option<bool>,
    /// Whether production is as fast as promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_first: Option<bool>,
    /// Whether a change loses nothing and is easy to take back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_preservation: Option<bool>,
    /// Whether production branches are named, complete and kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_preservation: Option<bool>,
    /// Whether everything was judged on this machine first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_validation: Option<bool>,
    /// The score, 0 to 100.
    pub compliance_score: Percent,
}
