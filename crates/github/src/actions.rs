//! Workflow runs, and whether there may be any.

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::{GitHub, GitHubError};

/// Where the workflow lies by which Pages publish a branch.
const PAGES_WORKFLOWS: &str = "dynamic/pages/";

/// Which runs are asked for; all, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Of this branch only.
    pub branch: Option<String>,
    /// Begun by this event only.
    pub event: Option<String>,
    /// Of this commit only.
    pub head_sha: Option<String>,
    /// Created at this time or later.
    pub since: Option<Timestamp>,
}

/// Workflow runs, the last first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// How many GitHub says there are.
    pub total: u64,
    /// Those that were fetched, a thousand at most.
    pub runs: Vec<Run>,
}

impl Runs {
    /// Says whether all there are were fetched.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.runs.len() as u64 >= self.total
    }
}

/// One workflow run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Run {
    /// Its number, unique on the server.
    pub id: u64,
    /// What its workflow is called.
    #[serde(default)]
    pub name: Option<String>,
    /// The workflow's file; those of GitHub's own begin with `dynamic/`.
    pub path: String,
    /// What began it, such as `push`.
    pub event: String,
    /// How it stands.
    #[serde(default)]
    pub status: Option<String>,
    /// How it ended.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// The branch it is of.
    #[serde(default)]
    pub head_branch: Option<String>,
    /// The commit it is of.
    pub head_sha: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Run {
    /// Says whether it is the run by which Pages publish a branch: it is free, and there is no way around it.
    ///
    /// A repository's own workflows lie in `.github/workflows/`, so none can pass for one.
    #[must_use]
    pub fn is_pages(&self) -> bool {
        self.event == "dynamic" && self.path.starts_with(PAGES_WORKFLOWS)
    }
}

/// Whether Actions may run in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActionsPermissions {
    /// Whether they may at all.
    pub enabled: bool,
    /// Whose actions: `all`, `local_only` or `selected`.
    #[serde(default)]
    pub allowed_actions: Option<String>,
}

impl GitHub {
    /// Returns workflow runs, the last first. GitHub gives a thousand at most.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Runs, GitHubError> {
        #[derive(Deserialize)]
        struct Page {
            total_count: u64,
            workflow_runs: Vec<Run>,
        }
        let mut url = self.of_repository(&["actions", "runs"]);
        let since = filter.since.map(|since| format!(">={since:.0}"));
        let given =
            [("branch", &filter.branch), ("event", &filter.event), ("head_sha", &filter.head_sha), ("created", &since)];
        for (key, value) in given {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(key, value);
            }
        }
        let mut total = 0;
        let take = |page: Page| {
            total = total.max(page.total_count);
            page.workflow_runs
        };
        let (mut runs, _) = self.list("list the workflow runs", &url, take).await?;
        // A run that begins while pages are fetched pushes another onto the next page.
        let mut seen = std::collections::HashSet::new();
        runs.retain(|run| seen.insert(run.id));
        Ok(Runs { total, runs })
    }

    /// Returns whether Actions may run.
    ///
    /// # Errors
    /// When GitHub does not answer as documented, or the token may not administer the repository.
    pub async fn actions_permissions(&self) -> Result<ActionsPermissions, GitHubError> {
        self.get("read whether Actions may run", self.of_repository(&["actions", "permissions"])).await
    }

    /// Switches Actions on or off.
    ///
    /// # Errors
    /// When GitHub does not answer as documented, or the token may not administer the repository.
    pub async fn set_actions_enabled(&self, enabled: bool) -> Result<(), GitHubError> {
        let url = self.of_repository(&["actions", "permissions"]);
        let body = json!({ "enabled": enabled });
        self.send_bytes("set whether Actions may run", Method::PUT, url, &body).await.map(drop)
    }
}
