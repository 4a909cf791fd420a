//! What was deployed.

use charter_deploy_model::{CommitHash, DeploymentId, DeploymentStatus, DeploymentType, ProductionDeployment};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What users see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Live {
    /// The deployment that showed it.
    pub deployment_id: DeploymentId,
    /// Its commit.
    pub commit: CommitHash,
    /// Since when.
    pub since: Timestamp,
    /// Where.
    pub url: String,
}

/// One deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployed {
    /// Its id.
    pub id: DeploymentId,
    /// Its commit.
    pub commit: CommitHash,
    /// What it was in the life of the site.
    pub sort: DeploymentType,
    /// How it ended.
    pub status: DeploymentStatus,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in seconds.
    pub duration_seconds: f64,
    /// How long the switch took, in milliseconds; absent when it did not come to that.
    pub switch_ms: Option<u64>,
    /// Who did it.
    pub by: String,
    /// What the constitution gave it, of 100.
    pub score: Option<f64>,
    /// What went wrong, one line each.
    pub errors: Vec<String>,
}

impl From<&ProductionDeployment> for Deployed {
    fn from(record: &ProductionDeployment) -> Self {
        Self {
            id: record.deployment_id,
            commit: record.commit_hash.clone(),
            sort: record.deployment_type,
            status: record.status,
            at: record.timestamp,
            duration_seconds: record.finished_at.duration_since(record.timestamp).as_secs_f64().max(0.0),
            switch_ms: record.switch_ms,
            by: record.deployed_by.clone(),
            score: record.validation.constitutional_compliance.as_ref().and_then(|it| it.score),
            errors: record.errors.iter().map(|error| error.message.clone()).collect(),
        }
    }
}
