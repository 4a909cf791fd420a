//! The repository that a project is in.

use std::path::{Path, PathBuf};

use charter_deploy_model::CommitHash;
use jiff::Timestamp;

use crate::RepositoryError;
use crate::credentials::without_credentials;

/// A git repository with a work tree.
///
/// It holds paths only and is opened anew for each operation, so it can be shared between threads and never shows an
/// outdated state. All methods that are not `async` read files and should be called where blocking is fine.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    git_folder: PathBuf,
}

/// The commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: CommitHash,
    /// The first line of its message.
    pub summary: String,
    /// The branch that is checked out; absent when `HEAD` is detached.
    pub branch: Option<String>,
}

impl Repository {
    /// Returns the repository that `folder` is in.
    ///
    /// # Errors
    /// When there is none, or it is bare, of an unsupported format, or another user's.
    pub fn discover(folder: &Path) -> Result<Self, RepositoryError> {
        let missing = || RepositoryError::NotARepository { folder: folder.to_owned() };
        let git_folder = match git2::Repository::discover_path(folder, &[] as &[&Path]) {
            Ok(path) => path,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Err(missing()),
            Err(error) => return Err(refusal(folder, &git_folder_above(folder).ok_or_else(missing)?, error)),
        };
        let repository = git2::Repository::open(&git_folder).map_err(|error| refusal(folder, &git_folder, error))?;
        let root = repository.workdir().ok_or_else(|| RepositoryError::Bare { folder: git_folder.clone() })?;
        Ok(Self { root: plain(root), git_folder: plain(repository.commondir()) })
    }

    /// Returns the top folder of the work tree.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder that holds objects and branches; linked work trees share it.
    #[must_use]
    pub fn git_folder(&self) -> &Path {
        &self.git_folder
    }

    /// Returns the commit that is checked out.
    ///
    /// # Errors
    /// [`RepositoryError::NoCommits`] when there is none yet.
    pub fn head(&self) -> Result<Commit, RepositoryError> {
        let repository = self.open()?;
        let head = match repository.head() {
            Ok(head) => head,
            Err(error) if error.code() == git2::ErrorCode::UnbornBranch => {
                return Err(RepositoryError::NoCommits { folder: self.root.clone() });
            }
            Err(error) => return Err(RepositoryError::other("read `HEAD`")(error)),
        };
        let commit = head.peel_to_commit().map_err(RepositoryError::other("read the commit that is checked out"))?;
        let branch = head.is_branch().then(|| String::from_utf8_lossy(head.shorthand_bytes()).into_owned());
        let message = String::from_utf8_lossy(commit.message_bytes());
        Ok(Commit { hash: hash(commit.id()), summary: message.lines().next().unwrap_or_default().to_owned(), branch })
    }

    /// Returns the commit that a revision such as `main`, `v1.2^{commit}` or `HEAD~2` names.
    ///
    /// # Errors
    /// [`RepositoryError::NoSuchRevision`] when it names none.
    pub fn resolve(&self, revision: &str) -> Result<CommitHash, RepositoryError> {
        let repository = self.open()?;
        let commit = repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
        commit
            .map(|commit| hash(commit.id()))
            .map_err(|_| RepositoryError::NoSuchRevision { revision: without_credentials(revision) })
    }

    /// Returns when a commit was made: the committer's time, which rebasing sets anew and the author's does not tell;
    /// absent when there is no such commit, or no calendar has its time.
    #[must_use]
    pub fn committed_at(&self, commit: &CommitHash) -> Option<Timestamp> {
        let repository = self.open().ok()?;
        let commit = repository.find_commit(oid(commit)).ok()?;
        Timestamp::from_second(commit.time().seconds()).ok()
    }

    /// Returns the name that the user commits under; absent when git was not told.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.setting("user.name")
    }

    /// Returns where a remote is, without user name and password; absent when there is no such remote.
    #[must_use]
    pub fn remote_url(&self, name: &str) -> Option<String> {
        let repository = self.open().ok()?;
        let remote = repository.find_remote(name).ok()?;
        Some(without_credentials(&String::from_utf8_lossy(remote.url_bytes())))
    }

    /// Returns one value of git's configuration; absent when it is not set.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        let text = self.open().ok()?.config().ok()?.get_string(name).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Opens the repository for one operation.
    pub(crate) fn open(&self) -> Result<git2::Repository, RepositoryError> {
        git2::Repository::open(&self.root).map_err(|error| refusal(&self.root, &self.git_folder, error))
    }
}

/// Returns a commit's id as a value of the model.
pub(crate) fn hash(id: git2::Oid) -> CommitHash {
    id.to_string().parse().expect("only repositories with 40-digit ids are opened")
}

/// Returns a commit's id as libgit2 wants it.
pub(crate) fn oid(hash: &CommitHash) -> git2::Oid {
    git2::Oid::from_str(hash.as_str()).expect("a commit hash is 40 hexadecimal digits")
}

/// Says why libgit2 would not open the repository.
fn refusal(folder: &Path, git_folder: &Path, error: git2::Error) -> RepositoryError {
    if error.code() == git2::ErrorCode::Owner {
        let work_tree = git_folder.parent().filter(|_| git_folder.ends_with(".git"));
        return RepositoryError::NotYours { folder: plain(work_tree.unwrap_or(git_folder)) };
    }
    if error.code() == git2::ErrorCode::NotFound {
        return RepositoryError::NotARepository { folder: folder.to_owned() };
    }
    // libgit2 refuses such a repository with a text only, so its configuration is asked.
    let extension = |name: &str| {
        let config = git2::Config::open(&git_folder.join("config")).ok()?;
        config.get_string(&format!("extensions.{name}")).ok().map(|value| value.to_lowercase())
    };
    match extension("objectformat").filter(|it| it != "sha1").or(extension("refstorage").filter(|it| it != "files")) {
        Some(format) => RepositoryError::UnsupportedFormat { folder: plain(git_folder), format },
        None => RepositoryError::other("open the git repository")(error),
    }
}

/// Returns the nearest `.git` folder at or above `folder`, for saying why libgit2 would not look at it.
fn git_folder_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|above| above.join(".git")).find(|path| path.is_dir())
}

/// Returns the path without a slash at its end, which libgit2 puts there.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}
