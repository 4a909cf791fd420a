//! What the tip of the branch shows: a release, nothing of ours, or what somebody else published.

use charter_deploy_model::{CommitHash, ReleaseId};
use charter_repository::{CommitContent, ObjectId, Repository, TreeEntry};

use super::layout::{self, CNAME, Publication};
use super::{GitBranch, local};
use crate::TargetError;

/// How many commits of a branch are searched.
pub(super) const HISTORY: usize = 20_000;

/// How many commits that only set the custom domain are looked through.
const DOMAIN_CHANGES: usize = 16;

/// What the remote shows.
#[derive(Debug)]
pub(super) enum Shown {
    /// No release: there is no branch, a release was withdrawn, or nothing was ever published with this program.
    Nothing {
        /// What the branch points at.
        tip: Option<CommitContent>,
    },
    /// A release.
    Release {
        /// What the branch points at.
        tip: CommitContent,
        /// The release.
        release: ReleaseId,
        /// The commit that published it: the tip, but for changes of the custom domain.
        publication: CommitContent,
    },
    /// What somebody else published over our releases.
    Foreign {
        /// What the branch points at.
        tip: CommitHash,
    },
}

impl Shown {
    pub(super) const fn nothing() -> Self {
        Self::Nothing { tip: None }
    }

    /// Returns what the branch points at.
    pub(super) fn into_tip(self) -> Option<CommitContent> {
        match self {
            Self::Nothing { tip } => tip,
            Self::Release { tip, .. } => Some(tip),
            Self::Foreign { .. } => None,
        }
    }

    /// Returns the release that is shown.
    pub(super) fn release_id(&self, target: &GitBranch) -> Result<Option<ReleaseId>, TargetError> {
        match self {
            Self::Nothing { .. } => Ok(None),
            Self::Release { release, .. } => Ok(Some(release.clone())),
            Self::Foreign { tip } => Err(foreign(target, tip)),
        }
    }
}

/// Says that somebody else was here.
pub(super) fn foreign(target: &GitBranch, tip: &CommitHash) -> TargetError {
    TargetError::Foreign {
        place: target.place(),
        what: tip.short().to_owned(),
        accept: format!("git update-ref {} {tip}", target.reference("accepted")),
    }
}

/// Says what a branch shows whose tip is here.
pub(super) fn interpret(target: &GitBranch, repository: &Repository, tip: &CommitHash) -> Result<Shown, TargetError> {
    let reading = local("read the branch");
    let read = |commit: &CommitHash| repository.commit_content(commit).map_err(&reading);
    let Some(tip) = read(tip)? else {
        let source = format!("its commit {} is not here", tip.short()).into();
        return Err(TargetError::Place { doing: "read the branch", help: None, source });
    };
    let mut at = tip.clone();
    for _ in 0..DOMAIN_CHANGES {
        match layout::publication(&at) {
            Some(Publication::Release(release)) => return Ok(Shown::Release { tip, release, publication: at }),
            Some(Publication::Nothing) => return Ok(Shown::Nothing { tip: Some(tip) }),
            None => {}
        }
        // A host's settings page commits the custom domain to the branch: the release is still what users see.
        let before = match at.parents.as_slice() {
            [before] => read(before)?,
            _ => None,
        };
        match before {
            Some(before) if differ_in_domain_only(target, repository, at.tree, before.tree)? => at = before,
            _ => break,
        }
    }
    let accepted = repository.reference(&target.reference("accepted")).map_err(&reading)?;
    if accepted.as_ref() == Some(&tip.hash) || !was_published_before(target, repository, &tip)? {
        return Ok(Shown::Nothing { tip: Some(tip) });
    }
    Ok(Shown::Foreign { tip: tip.hash })
}

/// Says whether two states of the branch serve the same files but for the custom domain.
fn differ_in_domain_only(
    target: &GitBranch,
    repository: &Repository,
    a: ObjectId,
    b: ObjectId,
) -> Result<bool, TargetError> {
    let site = |root| -> Result<Option<Vec<TreeEntry>>, TargetError> {
        let Some(site) = layout::site_of(repository, root, target.config.folder)? else { return Ok(None) };
        let entries = repository.tree(site).map_err(local("read the branch"))?;
        Ok(entries.map(|mut entries| {
            entries.retain(|entry| entry.name != CNAME.as_bytes());
            entries
        }))
    };
    let (a, b) = (site(a)?, site(b)?);
    Ok(a.is_some() && a == b)
}

/// Says whether this program ever published here: from this repository, or as the branch's history tells.
fn was_published_before(target: &GitBranch, repository: &Repository, tip: &CommitContent) -> Result<bool, TargetError> {
    let reading = local("read the branch");
    if repository.reference(&target.reference("published")).map_err(&reading)?.is_some() {
        return Ok(true);
    }
    let found =
        repository.find_back(&tip.hash, HISTORY, |commit| layout::publication(commit).map(|_| ())).map_err(&reading)?;
    Ok(found.is_some())
}
