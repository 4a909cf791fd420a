//! What a repository is, and what nobody may do to its branches.

use serde::Deserialize;

use crate::{GitHub, GitHubError};

/// What GitHub says to one who may administer a repository whose branch has no protection.
const UNPROTECTED: &str = "Branch not protected";

/// What a repository is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RepositoryInfo {
    /// Its main branch.
    pub default_branch: String,
    /// Whose it is.
    pub owner: Owner,
    /// Whether only some may see it.
    pub private: bool,
}

/// Whose a repository is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Owner {
    /// The name in URLs.
    pub login: String,
    /// A person or an organisation.
    #[serde(rename = "type")]
    pub kind: OwnerKind,
}

/// A person or an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum OwnerKind {
    /// A person.
    User,
    /// An organisation.
    Organization,
    /// A word that is not documented.
    #[serde(other)]
    Unknown,
}

/// A rule of a ruleset that holds for a branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rule {
    /// What it forbids or demands, such as `deletion`, `non_fast_forward` or `pull_request`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The older protection of a branch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct BranchProtection {
    /// Whether it may be turned to commits that do not follow from those before.
    #[serde(default)]
    pub allow_force_pushes: Toggle,
    /// Whether it may be deleted.
    #[serde(default)]
    pub allow_deletions: Toggle,
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Toggle {
    /// Whether it is on.
    pub enabled: bool,
}

impl GitHub {
    /// Returns what the repository is.
    ///
    /// # Errors
    /// When GitHub does not answer as documented, or hides it from this token.
    pub async fn repository(&self) -> Result<RepositoryInfo, GitHubError> {
        self.get("read the repository", self.of_repository(&[])).await
    }

    /// Returns the rules that rulesets impose on a branch.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn rules(&self, branch: &str) -> Result<Vec<Rule>, GitHubError> {
        let url = self.of_repository(&["rules", "branches", branch]);
        Ok(self.list("read the rules of the branch", &url, |rules: Vec<Rule>| rules).await?.0)
    }

    /// Returns the older protection of a branch; `None` when it has none.
    ///
    /// # Errors
    /// When GitHub does not answer as documented. One who may not administer the repository is told
    /// [`GitHubError::NotFound`] or [`GitHubError::Forbidden`].
    pub async fn protection(&self, branch: &str) -> Result<Option<BranchProtection>, GitHubError> {
        let url = self.of_repository(&["branches", branch, "protection"]);
        match self.get("read the protection of the branch", url).await {
            Err(GitHubError::NotFound { message, .. }) if message == UNPROTECTED => Ok(None),
            other => other.map(Some),
        }
    }
}
