//! Branches, ours and those that remotes had when they were last asked.

use charter_deploy_model::CommitHash;

use crate::repository::hash;
use crate::{Repository, RepositoryError};

/// A branch and the commit it points at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Branch {
    /// Its name, without `refs/heads/` or the remote's name.
    pub name: String,
    /// The commit it points at.
    pub commit: CommitHash,
    /// The remote that had it there when it was last asked; absent for a local branch.
    pub remote: Option<String>,
}

impl Repository {
    /// Returns all local and remote-tracking branches, sorted by name, local ones first.
    ///
    /// A name that is not UTF-8 and a branch that leads to no commit are left out.
    ///
    /// # Errors
    /// When the branches cannot be read.
    pub fn branches(&self) -> Result<Vec<Branch>, RepositoryError> {
        let repository = self.open()?;
        let failed = |error| RepositoryError::other("read the branches")(error);
        let mut branches = Vec::new();
        for branch in repository.branches(None).map_err(failed)? {
            let (branch, kind) = branch.map_err(failed)?;
            let reference = branch.into_reference();
            // `origin/HEAD` only names another branch.
            if reference.kind() == Some(git2::ReferenceType::Symbolic) {
                continue;
            }
            let (Ok(full), Ok(short), Ok(commit)) =
                (reference.name(), reference.shorthand(), reference.peel_to_commit())
            else {
                continue;
            };
            let remote = match kind {
                git2::BranchType::Local => None,
                git2::BranchType::Remote => Some(remote_of(&repository, full, short)),
            };
            let name = remote.as_deref().and_then(|remote| short.strip_prefix(remote)?.strip_prefix('/'));
            branches.push(Branch { name: name.unwrap_or(short).to_owned(), commit: hash(commit.id()), remote });
        }
        branches.sort_by(|a, b| (&a.name, &a.remote).cmp(&(&b.name, &b.remote)));
        Ok(branches)
    }
}

/// Returns the remote that a remote-tracking branch belongs to, also when that remote was removed since.
fn remote_of(repository: &git2::Repository, full: &str, short: &str) -> String {
    let known = repository.branch_remote_name(full).ok().and_then(|name| name.as_str().ok().map(str::to_owned));
    known.unwrap_or_else(|| short.split('/').next().unwrap_or(short).to_owned())
}
