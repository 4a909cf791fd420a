//! One release on a target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CommitHash, DeploymentId, Digest, Environment, ReleaseId};

/// What a release says of itself: the content of the `deploy.json` that is published with it.
///
/// Live verification reads it back over HTTP to learn which release users are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The release's id, which is also its folder's name.
    pub id: ReleaseId,
    /// The deployment that staged it.
    pub deployment_id: DeploymentId,
    /// The commit it was built from.
    pub commit: CommitHash,
    /// The digest of its files, without overlay and `deploy.json`.
    pub digest: Digest,
    /// The environment it was staged for.
    pub environment: Environment,
}

impl Release {
    /// The name under which a release publishes what it is.
    pub const MARKER: &str = "deploy.json";
}
