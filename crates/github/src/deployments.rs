//! GitHub's own list of deployments, which shows people there what was deployed.

use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::{GitHub, GitHubError};

/// The longest description that GitHub takes, in characters.
const DESCRIPTION_LIMIT: usize = 140;

/// A deployment to be put on GitHub's list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewDeployment {
    /// The commit, branch or tag.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Such as `production`.
    pub environment: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Whatever a reader may want to know.
    pub payload: serde_json::Value,
    /// Whether users see it.
    pub production_environment: bool,
    /// Whether it will go away.
    pub transient_environment: bool,
}

/// One deployment of GitHub's list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Deployment {
    /// Its number.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// The commit, branch or tag it was made for.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Such as `production`.
    pub environment: String,
    /// What it is.
    #[serde(default)]
    pub description: Option<String>,
    /// When it was put on the list.
    pub created_at: Timestamp,
}

/// How a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// It could not be done.
    Error,
    /// It was done and is wrong.
    Failure,
    /// Another took its place.
    Inactive,
    /// It runs.
    InProgress,
    /// It waits.
    Queued,
    /// It is about to begin.
    Pending,
    /// Users see it.
    Success,
}

/// How a deployment stands, to be put on GitHub's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewDeploymentStatus {
    /// How it stands.
    pub state: DeploymentState,
    /// What that means here.
    pub description: String,
    /// Where it can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_url: Option<String>,
}

impl GitHub {
    /// Puts a deployment on GitHub's list. Nothing is merged and no status check is waited for.
    ///
    /// It starts no workflow but one that listens for `deployment`, which the gate `zero-actions` refuses.
    ///
    /// # Errors
    /// When GitHub does not answer as documented; [`GitHubError::Refused`] for a commit it does not have.
    pub async fn create_deployment(&self, deployment: &NewDeployment) -> Result<Deployment, GitHubError> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(flatten)]
            deployment: &'a NewDeployment,
            // GitHub would merge the default branch into the reference, and answer without a deployment.
            auto_merge: bool,
            // Left out, every status check of the commit must have passed.
            required_contexts: [&'a str; 0],
        }
        let deployment = NewDeployment { description: cut(&deployment.description), ..deployment.clone() };
        let body = Body { deployment: &deployment, auto_merge: false, required_contexts: [] };
        let url = self.of_repository(&["deployments"]);
        self.send("list a deployment", Method::POST, url, &body).await
    }

    /// Says how a deployment stands. Those before it in the same environment become inactive by GitHub's own rule.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn set_deployment_status(&self, id: u64, status: &NewDeploymentStatus) -> Result<(), GitHubError> {
        let status = NewDeploymentStatus { description: cut(&status.description), ..status.clone() };
        let url = self.of_repository(&["deployments", &id.to_string(), "statuses"]);
        self.send_bytes("say how a deployment stands", Method::POST, url, &status).await.map(drop)
    }

    /// Returns GitHub's list of deployments to an environment, the last first, a thousand at most.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn deployments(&self, environment: &str) -> Result<Vec<Deployment>, GitHubError> {
        let mut url = self.of_repository(&["deployments"]);
        url.query_pairs_mut().append_pair("environment", environment);
        Ok(self.list("read the list of deployments", &url, |deployments: Vec<Deployment>| deployments).await?.0)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(DESCRIPTION_LIMIT).collect()
}
