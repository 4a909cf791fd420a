//! Pull requests, and who approved them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::{GitHub, GitHubError};

/// Somebody on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The name in URLs.
    pub login: String,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// Who opened it; absent when that account is gone.
    #[serde(default)]
    pub user: Option<User>,
    /// The commit it would merge, or did.
    pub head: PullHead,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<Timestamp>,
}

/// The commit that a pull request would merge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PullHead {
    /// Its hash.
    pub sha: String,
}

/// One review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Review {
    /// Who looked; absent when that account is gone.
    #[serde(default)]
    pub user: Option<User>,
    /// What came of it.
    pub state: ReviewState,
    /// The commit that was looked at.
    #[serde(default)]
    pub commit_id: Option<String>,
}

/// What came of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewState {
    /// It may be merged.
    Approved,
    /// It may not.
    ChangesRequested,
    /// An earlier word was taken back.
    Dismissed,
    /// Neither.
    Commented,
    /// Not sent yet.
    Pending,
    /// A word that is not documented.
    #[serde(other)]
    Unknown,
}

impl GitHub {
    /// Returns the pull requests that a commit is part of or came from, a thousand at most.
    ///
    /// # Errors
    /// When GitHub does not answer as documented; [`GitHubError::Refused`] for a commit it does not have.
    pub async fn pulls_of(&self, commit: &str) -> Result<Vec<PullRequest>, GitHubError> {
        let url = self.of_repository(&["commits", commit, "pulls"]);
        Ok(self.list("find the pull requests of the commit", &url, |pulls: Vec<PullRequest>| pulls).await?.0)
    }

    /// Returns the reviews of a pull request, the first first, a thousand at most.
    ///
    /// # Errors
    /// When GitHub does not answer as documented.
    pub async fn reviews(&self, number: u64) -> Result<Vec<Review>, GitHubError> {
        let url = self.of_repository(&["pulls", &number.to_string(), "reviews"]);
        Ok(self.list("read the reviews of the pull request", &url, |reviews: Vec<Review>| reviews).await?.0)
    }
}

/// Returns who approved what the pull request merges, sorted; nobody as long as somebody asks for changes.
///
/// What counts is each reviewer's last word that decides something. One who opened the pull request does not approve
/// it, and an approval of an earlier commit says nothing of what was pushed since.
#[must_use]
pub fn approvers(pull: &PullRequest, reviews: &[Review]) -> Vec<String> {
    let mut last: BTreeMap<&str, &Review> = BTreeMap::new();
    for review in reviews {
        let decides =
            matches!(review.state, ReviewState::Approved | ReviewState::ChangesRequested | ReviewState::Dismissed);
        if let Some(user) = review.user.as_ref().filter(|_| decides) {
            last.insert(&user.login, review);
        }
    }
    if last.values().any(|review| review.state == ReviewState::ChangesRequested) {
        return Vec::new();
    }
    let author = pull.user.as_ref().map(|user| user.login.as_str());
    last.into_iter()
        .filter(|(login, _)| author.is_none_or(|author| !author.eq_ignore_ascii_case(login)))
        .filter(|(_, review)| review.state == ReviewState::Approved)
        .filter(|(_, review)| review.commit_id.as_deref() == Some(&pull.head.sha))
        .map(|(login, _)| login.to_owned())
        .collect()
}
