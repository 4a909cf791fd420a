//! Asking a remote, and what goes wrong when one talks to it.

use std::ffi::OsString;
use std::time::Duration;

use charter_deploy_model::CommitHash;
use charter_host::{Ended, Host, Output, ProcessError, Scope, end_marked};

use crate::credentials::without_credentials;
use crate::error::quoted;
use crate::program::{git, lines};
use crate::{Repository, RepositoryError};

/// A question is answered in a few seconds or not at all.
const ASK_LIMIT: Duration = Duration::from_secs(60);

/// What others published may be large.
const FETCH_LIMIT: Duration = Duration::from_secs(900);

/// Why a remote did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// There is no such repository, or it hides from this user.
    #[error("the remote `{remote}` is no repository{}", quoted(lines))]
    NoSuchRemote {
        /// The remote.
        remote: String,
        /// What git printed.
        lines: Vec<String>,
    },
    /// The remote could not be reached.
    #[error("the remote `{remote}` could not be reached{}", quoted(lines))]
    Unreachable {
        /// The remote.
        remote: String,
        /// What git printed.
        lines: Vec<String>,
    },
    /// The remote does not let this user in.
    #[error("the remote `{remote}` denied access{}", quoted(lines))]
    Denied {
        /// The remote.
        remote: String,
        /// What git printed.
        lines: Vec<String>,
    },
    /// The git program is not there.
    #[error("the program `git` is not installed or not on the PATH")]
    NoGit,
    /// Git failed in another way.
    #[error("git could not {doing}{}", quoted(lines))]
    Failed {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// How it ended.
        status: Ended,
        /// What it printed.
        lines: Vec<String>,
    },
    /// Git was not seen to its end: it ran too long, was cancelled or could not be started. What it was to do on the
    /// remote may have happened: ask.
    #[error("git did not get to {doing}")]
    Unfinished {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// Why.
        source: ProcessError,
    },
}

impl RemoteError {
    /// Returns what to type, or do, next, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoSuchRemote { remote, .. } => {
                Some(format!("check its address, `git remote get-url {remote}`, and that your user may see it"))
            }
            Self::Unreachable { .. } => Some("check the network, then run the command again".into()),
            Self::Denied { remote, .. } => Some(format!(
                "git must be able to push without asking; try `git push --dry-run {remote}`, then set up an ssh agent \
                 or a credential helper"
            )),
            Self::NoGit => Some("install git, or put it on the PATH".into()),
            Self::Unfinished { .. } => Some("run the command again: what was published already is recognised".into()),
            Self::Failed { .. } => None,
        }
    }

    /// Says whether the same may succeed later without anyone doing anything.
    #[must_use]
    pub const fn retry(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unfinished { source: ProcessError::TimedOut { .. }, .. })
    }

    /// Makes an error of a git that was not seen to its end.
    pub(crate) fn unfinished(doing: &'static str, source: ProcessError) -> Self {
        match source {
            ProcessError::NotFound { .. } => Self::NoGit,
            source => Self::Unfinished { doing, source },
        }
    }

    /// Decides from what git printed why it failed.
    pub(crate) fn of(remote: &str, doing: &'static str, output: &Output) -> Self {
        let lines = lines(output);
        let remote = without_credentials(remote);
        let says = |texts: &[&str]| lines.iter().any(|line| texts.iter().any(|text| line.contains(text)));
        if says(DENIED) {
            Self::Denied { remote, lines }
        } else if says(NO_SUCH_REMOTE) {
            Self::NoSuchRemote { remote, lines }
        } else if says(UNREACHABLE) {
            Self::Unreachable { remote, lines }
        } else {
            Self::Failed { doing, status: output.ended, lines }
        }
    }
}

/// What git, curl and ssh print when the remote does not let the user in.
const DENIED: &[&str] = &[
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "terminal prompts disabled",
    "Permission denied",
    "denied to",
    "returned error: 401",
    "returned error: 403",
    "Host key verification failed",
    "detected dubious ownership",
];

/// What they print when there is no such repository.
const NO_SUCH_REMOTE: &[&str] = &["does not appear to be a git repository", "not found", "does not exist"];

/// What they print when there is nobody there, or nobody any more.
const UNREACHABLE: &[&str] = &[
    "Could not resolve",
    "Couldn't connect",
    "Failed to connect",
    "Could not connect",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Connection closed",
    "Network is unreachable",
    "No route to host",
    "Operation timed out",
    "unable to access",
    "Could not read from remote repository",
    "hung up unexpectedly",
    "early EOF",
    "unexpected disconnect",
    "RPC failed",
    "returned error: 5",
];

impl Repository {
    /// Asks a remote which commit a branch of it points at; nothing, when it has no such branch.
    ///
    /// Nobody is asked for a password, and nothing is remembered of the answer.
    ///
    /// # Errors
    /// When the remote did not answer.
    pub async fn ask(
        &self,
        remote: &str,
        branch: &str,
        host: &Host,
        scope: &Scope,
    ) -> Result<Option<CommitHash>, RemoteError> {
        const DOING: &str = "ask the remote for its branch";
        let name = format!("refs/heads/{branch}");
        let arguments = ["ls-remote", "--quiet", "--", remote, &name].map(OsString::from).into();
        let output = git(self, self.root(), arguments, ASK_LIMIT, None, host, scope)
            .await
            .map_err(|source| RemoteError::unfinished(DOING, source))?;
        if !output.succeeded() {
            return Err(RemoteError::of(remote, DOING, &output));
        }
        let printed = String::from_utf8_lossy(&output.stdout);
        // A name is matched from its end, so `x/refs/heads/<branch>` is listed too.
        let found = printed.lines().find_map(|line| line.split_once('\t').filter(|(_, it)| *it == name));
        match found.map(|(hash, _)| hash.parse()) {
            None => Ok(None),
            Some(Ok(hash)) => Ok(Some(hash)),
            Some(Err(_)) => Err(RemoteError::Failed { doing: DOING, status: output.ended, lines: lines(&output) }),
        }
    }

    /// Brings a remote's branch here, with its history; afterwards the remote-tracking branch points at it.
    ///
    /// # Errors
    /// When that did not succeed.
    pub async fn fetch(&self, remote: &str, branch: &str, host: &Host, scope: &Scope) -> Result<(), RemoteError> {
        const DOING: &str = "fetch the branch";
        let refspec = format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
        let options = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        let more = ["--no-auto-maintenance", "--no-prune", "--", remote, &refspec];
        let arguments = options.into_iter().chain(more).map(OsString::from).collect();
        let output = git(self, self.root(), arguments, FETCH_LIMIT, None, host, scope)
            .await
            .map_err(|source| RemoteError::unfinished(DOING, source))?;
        if output.succeeded() { Ok(()) } else { Err(RemoteError::of(remote, DOING, &output)) }
    }

    /// Ends what a process that was killed while it pushed this branch has left running, and says whether there was
    /// anything.
    ///
    /// Call it only while holding the lock that the dead process must have held.
    #[must_use]
    pub fn end_interrupted_push(&self, remote: &str, branch: &str) -> bool {
        end_marked(&self.push_mark(remote, &format!("refs/heads/{branch}"))) > 0
    }

    /// What a push is marked with, by the first of its references.
    pub(crate) fn push_mark(&self, remote: &str, name: &str) -> String {
        format!("push {} {remote} {name}", self.git_folder().display())
    }

    /// Says whether a commit is here.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn has_commit(&self, commit: &CommitHash) -> Result<bool, RepositoryError> {
        Ok(self.commit_content(commit)?.is_some())
    }
}
