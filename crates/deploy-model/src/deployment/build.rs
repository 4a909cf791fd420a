//! What was built.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Digest;

/// What was built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildInfo {
    /// Astro's version, where Astro was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub astro_version: Option<String>,
    /// Node's version, where Node was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_version: Option<String>,
    /// How long the build took, in seconds; absent when nothing was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub build_time: Option<f64>,
    /// How large the result is; absent when it did not come to a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_size: Option<BundleSize>,
    /// What was done to make it smaller or faster.
    pub optimizations: Vec<String>,
    /// How many files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The digest of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_digest: Option<Digest>,
}

/// Sizes in bytes, uncompressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleSize {
    /// Script.
    pub javascript: u64,
    /// Style.
    pub css: u64,
    /// Everything that is neither script nor style nor a page.
    pub assets: u64,
    /// Everything.
    pub total: u64,
}
