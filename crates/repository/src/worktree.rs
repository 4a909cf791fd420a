//! Clean checkouts of a commit, away from the user's own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use charter_deploy_model::CommitHash;
use charter_host::{Host, ProcessError, Scope, durable};

use crate::program::{git, lines};
use crate::repository::oid;
use crate::{Repository, RepositoryError};

/// A checkout may have to fetch large files through a filter.
const LIMIT: Duration = Duration::from_secs(600);

/// What git is told for a checkout: no hooks, no leftover processes, and all files even where the user's own work
/// tree is sparse, which new work trees inherit.
const SETTINGS: [&str; 4] =
    ["core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "core.sparseCheckout=false"];

impl Repository {
    /// Makes `folder`, an absolute path outside the project, hold exactly the files of `commit` and what is called by
    /// one of the names in `keep`, which are patterns as in `.gitignore`.
    ///
    /// The first time it is made; later it is brought up to date, which is quick. One that is broken, or that the
    /// repository has forgotten, is made anew, without what was to be kept. Submodules and filters are as git does
    /// them; hooks are not run. Only one caller at a time may work on a folder.
    ///
    /// # Errors
    /// When git could not do it, or `folder` holds something that is no checkout; that is then left as it is.
    pub async fn worktree(
        &self,
        commit: &CommitHash,
        folder: &Path,
        keep: &[String],
        host: &Host,
        scope: &Scope,
    ) -> Result<(), RepositoryError> {
        let state = {
            let (repository, commit, folder) = (self.clone(), commit.clone(), folder.to_owned());
            blocking("look at the checkout", move || repository.state(&commit, &folder)).await?
        };
        if state == State::Healthy {
            match self.update(commit, folder, keep, host, scope).await {
                // A killed git may have left an index that it no longer reads, or its lock.
                Err(RepositoryError::Failed { .. }) => {}
                updated => return updated,
            }
        }
        if state != State::Absent {
            let folder = folder.to_owned();
            blocking("remove the broken checkout", move || {
                durable::remove_tree(&folder).map_err(RepositoryError::other("remove the broken checkout"))
            })
            .await?;
        }
        if let Some(above) = folder.parent().map(Path::to_owned) {
            blocking("make the folder of the checkout", move || {
                durable::make_folder(&above).map_err(RepositoryError::other("make the folder of the checkout"))
            })
            .await?;
        }
        // Forced twice: over an entry whose folder is gone, even if git was killed while it held that entry locked.
        let mut arguments = words(&["worktree", "add", "--quiet", "--force", "--force", "--detach"]);
        arguments.extend([folder.into(), commit.as_str().into()]);
        self.checkout(self.root(), arguments, host, scope).await
    }

    /// Brings a healthy checkout to `commit` and removes whatever else is in it.
    async fn update(
        &self,
        commit: &CommitHash,
        folder: &Path,
        keep: &[String],
        host: &Host,
        scope: &Scope,
    ) -> Result<(), RepositoryError> {
        let checkout = words(&["checkout", "--quiet", "--detach", "--force", commit.as_str(), "--"]);
        self.checkout(folder, checkout, host, scope).await?;
        let mut clean = words(&["clean", "--quiet", "-ffdx"]);
        clean.extend(keep.iter().map(|name| format!("--exclude={name}").into()));
        self.checkout(folder, clean, host, scope).await
    }

    async fn checkout(
        &self,
        folder: &Path,
        arguments: Vec<OsString>,
        host: &Host,
        scope: &Scope,
    ) -> Result<(), RepositoryError> {
        let doing = "check the commit out";
        let mut all: Vec<OsString> = SETTINGS.iter().flat_map(|&setting| ["-c".into(), setting.into()]).collect();
        all.extend(arguments);
        match git(self, folder, all, LIMIT, None, host, scope).await {
            Ok(output) if output.succeeded() => Ok(()),
            Ok(output) => Err(RepositoryError::Failed { doing, status: output.ended, lines: lines(&output) }),
            Err(ProcessError::NotFound { .. }) => Err(RepositoryError::NoGit),
            Err(source) => Err(RepositoryError::Unfinished { doing, source }),
        }
    }

    /// Says what is in the folder, and that the commit is there to be checked out.
    fn state(&self, commit: &CommitHash, folder: &Path) -> Result<State, RepositoryError> {
        self.open()?
            .find_commit(oid(commit))
            .map_err(|_| RepositoryError::NoSuchRevision { revision: commit.to_string() })?;
        let read = |error| RepositoryError::other("look at the checkout")(error);
        match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Absent),
            Err(error) => return Err(read(error)),
            Ok(true) => return Ok(State::Absent),
            Ok(false) => {}
        }
        // What is to be removed must say itself that it is a checkout: a file that names its entry in a repository.
        let entry = fs::read_to_string(folder.join(".git"))
            .ok()
            .and_then(|text| text.trim_end().strip_prefix("gitdir: ").map(PathBuf::from))
            .filter(|entry| entry.parent().is_some_and(|above| above.ends_with("worktrees")))
            .ok_or_else(|| RepositoryError::Occupied { folder: folder.to_owned() })?;
        let same = |a: &Path, b: &Path| matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b);
        let is_ours =
            folder.join(entry).parent().is_some_and(|above| same(above, &self.git_folder().join("worktrees")))
                && git2::Repository::open(folder).is_ok_and(|it| it.workdir().is_some_and(|root| same(root, folder)));
        Ok(if is_ours { State::Healthy } else { State::Broken })
    }
}

/// What is in the folder of a checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Healthy,
    Broken,
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// Does file work where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, RepositoryError> + Send + 'static,
) -> Result<T, RepositoryError> {
    tokio::task::spawn_blocking(work).await.map_err(RepositoryError::other(doing))?
}
