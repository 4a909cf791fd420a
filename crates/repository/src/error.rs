//! Why git did not answer.

use std::path::PathBuf;

use charter_deploy_model::{CommitHash, ProductionBranch};
use charter_host::durable::DurableError;
use charter_host::{Ended, ProcessError};

/// Why git did not answer. Text that comes from git has no credentials in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Neither the folder nor one above it is a git repository.
    #[error("`{}` is not in a git repository", folder.display())]
    NotARepository {
        /// Where the search began.
        folder: PathBuf,
    },
    /// The repository has no work tree.
    #[error("`{}` is a bare repository, without files to deploy", folder.display())]
    Bare {
        /// The repository.
        folder: PathBuf,
    },
    /// The repository is of a format that is not supported.
    #[error("`{}` uses git's `{format}` format, which is not supported", folder.display())]
    UnsupportedFormat {
        /// The repository's git folder.
        folder: PathBuf,
        /// The format, such as `sha256` or `reftable`.
        format: String,
    },
    /// The repository belongs to another user, and git was not told to trust it.
    #[error("`{}` belongs to another user", folder.display())]
    NotYours {
        /// The repository's folder.
        folder: PathBuf,
    },
    /// Nothing was ever committed.
    #[error("`{}` has no commits yet", folder.display())]
    NoCommits {
        /// The repository.
        folder: PathBuf,
    },
    /// No commit goes by that name.
    #[error("`{revision}` names no commit")]
    NoSuchRevision {
        /// What was looked for.
        revision: String,
    },
    /// The production branch is there already and keeps something else.
    #[error("the branch `{branch}` is taken by commit `{}`", commit.short())]
    BranchTaken {
        /// The branch.
        branch: ProductionBranch,
        /// What it points at.
        commit: CommitHash,
    },
    /// A folder that should hold a clean checkout holds something that is not one.
    #[error("`{}` is not empty and is no checkout of this repository", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
    },
    /// The git program is not there.
    #[error("the program `git` is not installed or not on the PATH")]
    NoGit,
    /// The git program said no.
    #[error("git could not {doing}{}", quoted(lines))]
    Failed {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// How the program ended.
        status: Ended,
        /// The last lines it printed.
        lines: Vec<String>,
    },
    /// The git program was not seen to its end: it ran too long, was cancelled or could not be started.
    #[error("git did not get to {doing}")]
    Unfinished {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// Why.
        source: ProcessError,
    },
    /// A write failed: the disk is full, the folder is read-only.
    #[error(transparent)]
    Durable {
        /// Which, and why.
        source: DurableError,
    },
    /// Anything else.
    #[error("could not {doing}")]
    Other {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl RepositoryError {
    /// Returns what to type, or do, next, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotARepository { .. } => Some("run it inside a git repository, or make one with `git init`".into()),
            Self::Bare { .. } => Some("run it inside a clone of that repository".into()),
            Self::UnsupportedFormat { format, .. } if format == "sha256" => {
                Some("use a repository with SHA-1 commits: `git init --object-format=sha1`".into())
            }
            Self::UnsupportedFormat { format, .. } if format == "reftable" => {
                Some("convert its branches with `git refs migrate --ref-format=files`".into())
            }
            Self::NotYours { folder } => {
                Some(format!("if you trust it, run `git config --global --add safe.directory '{}'`", folder.display()))
            }
            Self::NoCommits { .. } => Some("commit something first: `git add . && git commit`".into()),
            Self::NoSuchRevision { .. } => Some("see what there is with `git log --oneline --all`".into()),
            Self::BranchTaken { branch, .. } => Some(format!("see what it keeps with `git show {branch}`")),
            Self::Occupied { folder } => Some(format!("move `{}` out of the way", folder.display())),
            Self::NoGit => Some("install git, or put it on the PATH".into()),
            Self::Durable { source } => source.help().map(str::to_owned),
            _ => None,
        }
    }

    /// Makes an open error of anything that failed while `doing`.
    pub(crate) fn other<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        doing: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::Other { doing, source: source.into() }
    }
}

/// Returns the line that most likely says why, for the end of a message.
pub(crate) fn quoted(lines: &[String]) -> String {
    let telling = |line: &&String| line.starts_with("fatal: ") || line.starts_with("error: ");
    lines.iter().find(telling).or(lines.last()).map(|line| format!(": {line}")).unwrap_or_default()
}
