//! GitHub Pages: the site, its builds, and the call that unsticks them.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use crate::{GitHub, GitHubError, User};

/// A build of which nothing was heard for this long hangs. They take half a minute to two.
const HANGS_AFTER: Duration = Duration::from_secs(180);

/// A repository's Pages site.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PagesSite {
    /// How the last build stands; absent when there was none.
    #[serde(default)]
    pub status: Option<PagesStatus>,
    /// The site's own domain.
    #[serde(default)]
    pub cname: Option<String>,
    /// Where people see it.
    #[serde(default)]
    pub html_url: Option<String>,
    /// `legacy`: from a branch; `workflow`: by a workflow of the repository's own.
    #[serde(default)]
    pub build_type: Option<String>,
    /// The branch that is published.
    #[serde(default)]
    pub source: Option<PagesSource>,
    /// Whether plain HTTP is sent on to HTTPS.
    #[serde(default)]
    pub https_enforced: Option<bool>,
}

/// What a Pages site is published from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PagesSource {
    /// The branch.
    pub branch: String,
    /// `/` or `/docs`.
    pub path: String,
}

/// How a build of a Pages site stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PagesStatus {
    /// It waits for another.
    Queued,
    /// It runs.
    Building,
    /// It is done.
    Built,
    /// It failed.
    Errored,
    /// A word that is not documented.
    #[serde(other)]
    Unknown,
}

/// One build of a Pages site. The list can lag, and say that a build failed whose site is fine: only the live site
/// tells what users see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PagesBuild {
    /// How it stands; GitHub leaves it out for one that it forgot.
    #[serde(default)]
    pub status: Option<PagesStatus>,
    /// What went wrong.
    pub error: PagesBuildError,
    /// Who pushed.
    #[serde(default)]
    pub pusher: Option<User>,
    /// The commit that was built.
    #[serde(default)]
    pub commit: Option<String>,
    /// How long it took; GitHub's description does not say in which unit.
    #[serde(default)]
    pub duration: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl PagesBuild {
    /// Says whether nothing more will become of it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.status, Some(PagesStatus::Built | PagesStatus::Errored))
    }

    /// Says whether it is not over and nothing was heard of it for three minutes.
    #[must_use]
    pub fn hangs(&self, now: Timestamp) -> bool {
        let silent = Duration::try_from(now.duration_since(self.updated_at)).unwrap_or_default();
        !self.is_over() && silent >= HANGS_AFTER
    }
}

/// What became of the wish to unstick a Pages site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsticking {
    /// Pages are off, or never built anything.
    NotPages,
    /// The last build still works; another would only wait behind it.
    Underway,
    /// Another build was asked for, after this one.
    Requested(PagesBuild),
}

/// What went wrong with a build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PagesBuildError {
    /// GitHub's words; absent when nothing went wrong.
    #[serde(default)]
    pub message: Option<String>,
}

/// What GitHub says to the request for a build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PagesBuildRequest {
    /// How it stands: `queued`.
    pub status: PagesStatus,
}

/// How far the publication of one commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PagesDeploymentState {
    /// It began.
    DeploymentInProgress,
    /// Files are copied to where they are served.
    SyncingFiles,
    /// All are there.
    FinishedFileSync,
    /// The site is turned to them.
    UpdatingPages,
    /// Copies all over the world are dropped.
    PurgingCdn,
    /// Somebody stopped it.
    DeploymentCancelled,
    /// It failed.
    DeploymentFailed,
    /// It failed because of what is in it.
    DeploymentContentFailed,
    /// One attempt failed.
    DeploymentAttemptError,
    /// GitHub lost it.
    DeploymentLost,
    /// Users see it.
    Succeed,
    /// A word that is not documented.
    #[serde(other)]
    Unknown,
}

impl GitHub {
    /// Returns the Pages site; `None` when Pages are off. GitHub says the same of a repository it hides from the token.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn pages_site(&self) -> Result<Option<PagesSite>, GitHubError> {
        self.find("read the Pages site", self.of_repository(&["pages"])).await
    }

    /// Returns the builds of the Pages site, the last first, a thousand at most.
    ///
    /// # Errors
    /// When GitHub does not answer as documented; [`GitHubError::NotFound`] when Pages are off.
    pub async fn pages_builds(&self) -> Result<Vec<PagesBuild>, GitHubError> {
        let url = self.of_repository(&["pages", "builds"]);
        Ok(self.list("list the Pages builds", &url, |builds: Vec<PagesBuild>| builds).await?.0)
    }

    /// Returns the last build of the Pages site; `None` when there was none or Pages are off.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn latest_pages_build(&self) -> Result<Option<PagesBuild>, GitHubError> {
        self.find("read the last Pages build", self.of_repository(&["pages", "builds", "latest"])).await
    }

    /// Asks for a build of what the published branch holds: the call that unsticks a site whose build hangs.
    ///
    /// One build runs at a time and the next is queued. More than ten an hour are too many for GitHub.
    ///
    /// # Errors
    /// When GitHub does not answer as documented, or the token may not write the repository's Pages.
    pub async fn request_pages_build(&self) -> Result<PagesBuildRequest, GitHubError> {
        let url = self.of_repository(&["pages", "builds"]);
        self.send("request a Pages build", Method::POST, url, &serde_json::json!({})).await
    }

    /// Asks for another build when the last one failed, hangs, or is over without the site showing what it should.
    ///
    /// The list of builds can be behind; it decides about asking again and about nothing else.
    ///
    /// # Errors
    /// As [`GitHub::request_pages_build`].
    pub async fn unstick_pages(&self, now: Timestamp) -> Result<Unsticking, GitHubError> {
        let Some(build) = self.latest_pages_build().await? else { return Ok(Unsticking::NotPages) };
        if !build.is_over() && !build.hangs(now) {
            return Ok(Unsticking::Underway);
        }
        self.request_pages_build().await?;
        Ok(Unsticking::Requested(build))
    }

    /// Returns how far the publication of a commit is, by its 40 digits; `None` when GitHub knows of none.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn pages_deployment(&self, commit: &str) -> Result<Option<PagesDeploymentState>, GitHubError> {
        #[derive(Deserialize)]
        struct Answer {
            status: PagesDeploymentState,
        }
        let url = self.of_repository(&["pages", "deployments", commit]);
        let answer: Option<Answer> = self.find("read the Pages deployment", url).await?;
        Ok(answer.map(|answer| answer.status))
    }
}
