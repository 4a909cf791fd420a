//! References of our own, which keep objects from being cleared away and say what they are.

use charter_deploy_model::CommitHash;
use charter_host::{durable, fault};

use crate::repository::{hash, oid};
use crate::{Repository, RepositoryError};

/// Says whether a branch may go by this name.
#[must_use]
pub fn is_branch_name(name: &str) -> bool {
    git2::Branch::name_is_valid(name).unwrap_or(false)
}

/// Says whether a remote may go by this name.
#[must_use]
pub fn is_remote_name(name: &str) -> bool {
    !name.starts_with('-') && git2::Remote::is_valid_name(name)
}

impl Repository {
    /// Returns the commit that a reference points at; `name` begins with `refs/`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reference(&self, name: &str) -> Result<Option<CommitHash>, RepositoryError> {
        match self.open()?.find_reference(name).and_then(|reference| reference.peel_to_commit()) {
            Ok(commit) => Ok(Some(hash(commit.id()))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(RepositoryError::other("read a reference")(error)),
        }
    }

    /// Returns the references whose names begin with `prefix`, and the commits that they point at.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn references(&self, prefix: &str) -> Result<Vec<(String, CommitHash)>, RepositoryError> {
        let repository = self.open()?;
        let reading = |error| RepositoryError::other("list references")(error);
        let mut found = Vec::new();
        for reference in repository.references_glob(&format!("{prefix}*")).map_err(reading)? {
            let reference = reference.map_err(reading)?;
            if let (Ok(name), Ok(commit)) = (reference.name(), reference.peel_to_commit()) {
                found.push((name.to_owned(), hash(commit.id())));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Points a reference at a commit, wherever it pointed before; it is on disk when this returns.
    ///
    /// # Errors
    /// When a step fails; it then points where it did or at the commit.
    pub fn point_reference(&self, name: &str, commit: &CommitHash) -> Result<(), RepositoryError> {
        const DOING: &str = "write a reference";
        fault::point(DOING).map_err(RepositoryError::other(DOING))?;
        self.open()?.reference(name, oid(commit), true, "charter").map_err(RepositoryError::other(DOING))?;
        self.sync_reference(name)
    }

    /// Removes a reference; that it is gone already is fine.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_reference(&self, name: &str) -> Result<(), RepositoryError> {
        const DOING: &str = "remove a reference";
        let repository = self.open()?;
        let mut reference = match repository.find_reference(name) {
            Ok(reference) => reference,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(()),
            Err(error) => return Err(RepositoryError::other(DOING)(error)),
        };
        fault::point(DOING).map_err(RepositoryError::other(DOING))?;
        reference.delete().map_err(RepositoryError::other(DOING))?;
        self.sync_reference(name)
    }

    /// Brings a reference to disk: libgit2 leaves that to the kernel.
    fn sync_reference(&self, name: &str) -> Result<(), RepositoryError> {
        let path = self.git_folder().join(name);
        // The folders above it may be new as well.
        let above = path.ancestors().skip(1).take_while(|folder| *folder != self.git_folder());
        std::iter::once(path.as_path())
            .chain(above)
            .filter(|path| path.exists())
            .try_for_each(durable::sync_file)
            .map_err(|source| RepositoryError::Durable { source })
    }
}
