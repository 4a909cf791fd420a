//! What in the work tree is not in the commit.

use std::path::{Component, Path};

use crate::{Repository, RepositoryError};

/// A path that differs from the commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Relative to the root, with `/`; a folder in which nothing is tracked ends in one. What is not UTF-8 in it is
    /// replaced.
    pub path: String,
    /// How it differs.
    pub kind: ChangeKind,
}

/// How a path differs from the commit that is checked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// Its content, mode or type is another.
    Modified,
    /// It is new and will be in the next commit.
    Added,
    /// It is gone.
    Deleted,
    /// It is new and git was not told of it.
    Untracked,
    /// A merge could not decide about it.
    Conflicted,
}

impl Repository {
    /// Returns what differs from the commit that is checked out, sorted by path; ignored files do not.
    ///
    /// A renamed file is a deleted one and a new one. Filters such as Git LFS are not run: a file under one counts as
    /// modified when its time or size differs from what git remembers, until `git status` has looked at it again.
    ///
    /// # Errors
    /// When index or work tree cannot be read.
    pub fn changes(&self) -> Result<Vec<Change>, RepositoryError> {
        let repository = self.open()?;
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).include_ignored(false).renames_head_to_index(false);
        let statuses =
            repository.statuses(Some(&mut options)).map_err(RepositoryError::other("compare the work tree"))?;
        let mut changes: Vec<Change> = statuses
            .iter()
            .filter_map(|entry| {
                let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
                kind(entry.status()).map(|kind| Change { path, kind })
            })
            .collect();
        changes.sort();
        Ok(changes)
    }

    /// Says whether git leaves a path out, as `.gitignore` and its kin tell it to.
    ///
    /// The path is absolute or relative to the root and need not exist; with a `/` at its end it is a folder. A path
    /// outside the work tree is not ignored, and whether git tracks it all the same is not asked.
    ///
    /// # Errors
    /// When the rules cannot be read.
    pub fn is_ignored(&self, path: &Path) -> Result<bool, RepositoryError> {
        let relative = path.strip_prefix(self.root()).unwrap_or(path);
        if relative.is_absolute() || relative.components().any(|part| part == Component::ParentDir) {
            return Ok(false);
        }
        // Taking a path apart loses the slash.
        let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let relative = if is_folder { relative.join("") } else { relative.to_owned() };
        if relative.as_os_str().is_empty() {
            return Ok(false);
        }
        let repository = self.open()?;
        repository.is_path_ignored(&relative).map_err(RepositoryError::other("read the rules for ignored files"))
    }
}

/// Returns the one kind that says most about a status.
fn kind(status: git2::Status) -> Option<ChangeKind> {
    use git2::Status;
    let any = |these: Status| status.intersects(these);
    if any(Status::CONFLICTED) {
        Some(ChangeKind::Conflicted)
    } else if any(Status::WT_DELETED | Status::INDEX_DELETED) && !any(Status::WT_NEW) {
        Some(ChangeKind::Deleted)
    } else if any(Status::INDEX_NEW) {
        Some(ChangeKind::Added)
    } else if status == Status::WT_NEW {
        Some(ChangeKind::Untracked)
    } else if any(Status::all() - Status::IGNORED) {
        Some(ChangeKind::Modified)
    } else {
        None
    }
}
