//! What is new since the last deployment.

use std::collections::BTreeSet;

use charter_deploy_model::{CommitHash, ProductionBranch};
use charter_repository::{HistoryEntry, RepositoryError};

use crate::{GateError, Source};

/// More commits are not judged in one run.
pub(crate) const COMMIT_LIMIT: usize = 10_000;

/// The commits that are new, and what they are compared with.
#[derive(Debug)]
pub(crate) struct Since {
    pub(crate) commits: Vec<HistoryEntry>,
    /// The last production branch, where there is one.
    pub(crate) branch: Option<String>,
    /// The commit before all that is new: that of the last production branch, or the one that the last commits follow.
    pub(crate) base: Option<CommitHash>,
    /// Whether there are more than [`COMMIT_LIMIT`].
    pub(crate) is_cut: bool,
}

/// Finds the commits that no production branch has; without one, the last.
pub(crate) fn deployment(source: &Source, last: usize) -> Result<Since, GateError> {
    let branches = source.repository.branches().map_err(failed)?;
    // A remote may have another commit under the name of one of ours; neither is new.
    let production: Vec<(ProductionBranch, CommitHash)> =
        branches.into_iter().filter_map(|branch| Some((branch.name.parse().ok()?, branch.commit))).collect();
    let known: Vec<CommitHash> = production.iter().map(|(_, commit)| commit.clone()).collect();
    let limit = if known.is_empty() { last } else { COMMIT_LIMIT + 1 };
    let mut commits = source.repository.history(&source.commit, &known, limit).map_err(failed)?;
    let is_cut = commits.len() > COMMIT_LIMIT;
    commits.truncate(COMMIT_LIMIT);
    let (branch, base) = match production.into_iter().max() {
        Some((branch, commit)) => (Some(branch.to_string()), Some(commit)),
        None => (None, before(source, &commits)?),
    };
    Ok(Since { commits, branch, base, is_cut })
}

/// Finds the commits that `base` does not have, also those that came with a merge and are older than `base`.
pub(crate) fn base(source: &Source, base: &CommitHash) -> Result<(Vec<HistoryEntry>, bool), GateError> {
    let known = std::slice::from_ref(base);
    let mut commits = source.repository.history(&source.commit, known, COMMIT_LIMIT + 1).map_err(failed)?;
    let is_cut = commits.len() > COMMIT_LIMIT;
    commits.truncate(COMMIT_LIMIT);
    Ok((commits, is_cut))
}

/// Returns the first commit on the line of first parents that is none of `commits`.
fn before(source: &Source, commits: &[HistoryEntry]) -> Result<Option<CommitHash>, GateError> {
    let own: BTreeSet<&str> = commits.iter().map(|commit| commit.hash.as_str()).collect();
    let is_before = |hash: &CommitHash| (!own.contains(hash.as_str())).then(|| hash.clone());
    source.repository.find_back(&source.commit, commits.len() + 1, |commit| is_before(&commit.hash)).map_err(failed)
}

fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the history of the commit".to_owned(), source: source.into() }
}
