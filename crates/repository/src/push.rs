//! Publishing: every branch or none, and each only from where it was expected to be.

use std::ffi::OsString;
use std::time::Duration;

use charter_deploy_model::CommitHash;
use charter_host::{Ended, Host, Output, ProcessError, Scope};

use crate::credentials::without_credentials;
use crate::error::quoted;
use crate::program::{git, lines};
use crate::repository::oid;
use crate::worktree::blocking;
use crate::{Repository, RepositoryError};

/// A slow line and a large site take their time.
const LIMIT: Duration = Duration::from_secs(900);

/// One branch to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// A branch's name, or a full reference name that begins with `refs/`.
    pub name: String,
    /// The commit it shall point at.
    pub to: CommitHash,
    /// The commit it points at on the remote now; absent when the remote does not have it yet.
    pub expected: Option<CommitHash>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The remote would not have it.
    #[error("the remote refused `{name}`: {reason}")]
    Rejected {
        /// The branch.
        name: String,
        /// The remote's short reason.
        reason: String,
        /// What the remote's hooks printed.
        lines: Vec<String>,
    },
    /// The branch is not where it was expected to be on the remote: somebody else published.
    #[error("`{name}` has moved on the remote{}", match expected { Some(commit) => format!(": it was expected at `{}`", commit.short()), None => ": it was expected not to be there".to_owned() })]
    Moved {
        /// The branch.
        name: String,
        /// Where it was expected to be.
        expected: Option<CommitHash>,
    },
    /// The new commit does not follow from the one that is expected there, so publishing it would lose that one.
    #[error("`{name}` would lose commit `{}`: `{}` does not follow from it", expected.short(), to.short())]
    NotForward {
        /// The branch.
        name: String,
        /// The commit that would be lost.
        expected: CommitHash,
        /// The commit that was to be published.
        to: CommitHash,
    },
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
    /// The remote cannot take several branches as one.
    #[error("the remote `{remote}` does not support atomic pushes")]
    NotAtomic {
        /// The remote.
        remote: String,
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
    #[error("git could not push{}", quoted(lines))]
    Failed {
        /// How it ended.
        status: Ended,
        /// What it printed.
        lines: Vec<String>,
    },
    /// The push was not seen to its end, so it may have happened: ask the remote.
    #[error("the push was not seen to its end")]
    Unfinished {
        /// Why.
        source: ProcessError,
    },
    /// The repository could not be read or written.
    #[error("could not look after the branches of this repository")]
    Repository {
        /// Why.
        source: RepositoryError,
    },
}

impl PushError {
    /// Returns what to type, or do, next, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Moved { .. } | Self::NotForward { .. } => {
                Some("see what is there with `git fetch`, then deploy again from the newer commit".into())
            }
            Self::NoSuchRemote { remote, .. } => {
                Some(format!("check its address, `git remote get-url {remote}`, and that your user may see it"))
            }
            Self::Unreachable { .. } => Some("check the network, then run the command again".into()),
            Self::Denied { remote, .. } => Some(format!(
                "git must be able to push without asking; try `git push --dry-run {remote}`, then set up an ssh agent \
                 or a credential helper"
            )),
            Self::NotAtomic { .. } => Some("update git on the remote; atomic pushes came with git 2.4".into()),
            Self::NoGit => Some("install git, or put it on the PATH".into()),
            Self::Unfinished { .. } => Some("run the command again: what was published already is recognised".into()),
            Self::Repository { source } => source.help(),
            _ => None,
        }
    }

    /// Says whether the same push may succeed later without anyone doing anything.
    #[must_use]
    pub const fn retry(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unfinished { source: ProcessError::TimedOut { .. } })
    }
}

impl Repository {
    /// Publishes branches, all or none, each only if the remote has it where it was expected.
    ///
    /// Nothing is forced: the new commit must follow from the expected one. A branch that points where it shall
    /// already is fine, so a push can be repeated. The user's own credentials and `pre-push` hook (Git LFS sends its
    /// files from there) are used, but nobody is asked anything. Afterwards [`Repository::anchors`] counts the
    /// branches as published.
    ///
    /// # Errors
    /// When the push did not happen, or ([`PushError::Unfinished`]) perhaps did.
    pub async fn push(&self, remote: &str, refs: &[RefUpdate], host: &Host, scope: &Scope) -> Result<(), PushError> {
        // Without a reference git would push what it is configured to.
        if refs.is_empty() {
            return Ok(());
        }
        let refs: Vec<RefUpdate> =
            refs.iter().map(|it| RefUpdate { name: full_name(&it.name), ..it.clone() }).collect();
        {
            let (repository, refs) = (self.clone(), refs.clone());
            blocking("compare commits", move || Ok(repository.follows(&refs)))
                .await
                .map_err(|source| PushError::Repository { source })??;
        }
        let output = match git(self, self.root(), arguments(remote, &refs), LIMIT, host, scope).await {
            Ok(output) => output,
            Err(ProcessError::NotFound { .. }) => return Err(PushError::NoGit),
            Err(source) => return Err(PushError::Unfinished { source }),
        };
        judge(remote, &refs, &output)?;
        let (repository, remote) = (self.clone(), remote.to_owned());
        blocking("note what was published", move || repository.remember(&remote, &refs))
            .await
            .map_err(|source| PushError::Repository { source })
    }

    /// Checks that no update loses a commit.
    fn follows(&self, refs: &[RefUpdate]) -> Result<(), PushError> {
        let repository = self.open().map_err(|source| PushError::Repository { source })?;
        for RefUpdate { name, to, expected } in refs {
            let to_id = oid(to);
            if repository.find_commit(to_id).is_err() {
                let source = RepositoryError::NoSuchRevision { revision: to.to_string() };
                return Err(PushError::Repository { source });
            }
            let Some(expected) = expected.as_ref().filter(|expected| *expected != to) else { continue };
            // An expected commit that is not here cannot be seen to be followed.
            if !repository.graph_descendant_of(to_id, oid(expected)).unwrap_or(false) {
                return Err(PushError::NotForward { name: name.clone(), expected: expected.clone(), to: to.clone() });
            }
        }
        Ok(())
    }

    /// Notes where the remote's branches are now. Git does that by itself only for branches that it was told to fetch.
    fn remember(&self, remote: &str, refs: &[RefUpdate]) -> Result<(), RepositoryError> {
        let repository = self.open()?;
        if repository.find_remote(remote).is_err() {
            return Ok(());
        }
        for update in refs {
            if let Some(branch) = update.name.strip_prefix("refs/heads/") {
                repository
                    .reference(&format!("refs/remotes/{remote}/{branch}"), oid(&update.to), true, "charter: pushed")
                    .map_err(RepositoryError::other("note what was published"))?;
            }
        }
        Ok(())
    }
}

fn full_name(name: &str) -> String {
    if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") }
}

fn arguments(remote: &str, refs: &[RefUpdate]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        ["push", "--porcelain", "--atomic", "--no-follow-tags", "--recurse-submodules=no"].map(Into::into).into();
    // A lease is compared by the remote itself; an empty one says that the branch must not be there.
    arguments.extend(refs.iter().map(|RefUpdate { name, expected, .. }| {
        let expected = expected.as_ref().map(CommitHash::as_str).unwrap_or_default();
        format!("--force-with-lease={name}:{expected}").into()
    }));
    arguments.extend(["--".into(), remote.into()]);
    arguments.extend(refs.iter().map(|RefUpdate { name, to, .. }| format!("{to}:{name}").into()));
    arguments
}

/// Decides from what git printed whether every branch was published.
fn judge(remote: &str, refs: &[RefUpdate], output: &Output) -> Result<(), PushError> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let statuses: Vec<Status<'_>> = stdout.lines().filter_map(Status::parse).collect();
    let refused = |status: &&Status<'_>| status.flag == '!';
    // In an atomic push the innocent are refused along with the guilty.
    let guilty = statuses.iter().filter(refused).find(|status| !status.reason.starts_with("atomic"));
    if let Some(status) = guilty.or_else(|| statuses.iter().find(refused)) {
        let update = refs.iter().find(|update| update.name == status.name);
        let name = status.name.to_owned();
        return Err(if status.is_moved() {
            PushError::Moved { name, expected: update.and_then(|update| update.expected.clone()) }
        } else {
            let lines = lines(output).into_iter().filter(|line| line.starts_with("remote: ")).collect();
            PushError::Rejected { name, reason: without_credentials(status.reason), lines }
        });
    }
    let landed = |update: &RefUpdate| {
        statuses.iter().any(|status| status.name == update.name && matches!(status.flag, ' ' | '+' | '*' | '='))
    };
    if output.succeeded() && refs.iter().all(landed) {
        return Ok(());
    }
    let lines = lines(output);
    let remote = without_credentials(remote);
    let says = |texts: &[&str]| lines.iter().any(|line| texts.iter().any(|text| line.contains(text)));
    Err(if says(&["does not support --atomic"]) {
        PushError::NotAtomic { remote }
    } else if says(DENIED) {
        PushError::Denied { remote, lines }
    } else if says(NO_SUCH_REMOTE) {
        PushError::NoSuchRemote { remote, lines }
    } else if says(UNREACHABLE) {
        PushError::Unreachable { remote, lines }
    } else {
        PushError::Failed { status: output.ended, lines }
    })
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

/// What they print when there is nobody there.
const UNREACHABLE: &[&str] = &[
    "Could not resolve",
    "Couldn't connect",
    "Failed to connect",
    "Could not connect",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Network is unreachable",
    "No route to host",
    "Operation timed out",
    "unable to access",
    "Could not read from remote repository",
    "hung up unexpectedly",
    "returned error: 5",
];

/// One line of `git push --porcelain`: a flag, source and destination, and a summary, with tabs between them.
struct Status<'a> {
    flag: char,
    name: &'a str,
    summary: &'a str,
    /// What is in the parentheses of the summary, or all of it.
    reason: &'a str,
}

impl<'a> Status<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(3, '\t');
        let (flag, names, summary) = (fields.next()?, fields.next()?, fields.next()?);
        let mut flags = flag.chars();
        let (Some(flag), None) = (flags.next(), flags.next()) else { return None };
        let (_, name) = names.rsplit_once(':')?;
        let reason = summary.split_once(" (").and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(summary);
        Some(Self { flag, name, summary, reason })
    }

    /// Says whether it was refused because the branch is not where it was expected: found out before sending, or by
    /// the remote when somebody else published in that instant.
    fn is_moved(&self) -> bool {
        if self.summary.starts_with("[remote rejected]") {
            ["incorrect old value provided", "cannot lock ref", "failed to update ref", "reference already exists"]
                .iter()
                .any(|reason| self.reason.contains(reason))
        } else {
            ["stale info", "fetch first", "non-fast-forward", "needs force", "remote ref updated since checkout"]
                .contains(&self.reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn update(name: &str) -> RefUpdate {
        RefUpdate { name: full_name(name), to: "1".repeat(40).parse().unwrap(), expected: None }
    }

    fn output(status: i32, stdout: &str, stderr: &str) -> Output {
        Output { ended: Ended::Exited(status), stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn the_guilty_branch_of_an_atomic_push_is_named() {
        let printed = "To x\n!\ta:refs/heads/a\t[rejected] (atomic push failed)\n\
                       !\tb:refs/heads/b\t[rejected] (stale info)\n";
        let error = judge("origin", &[update("a"), update("b")], &output(1, printed, "")).unwrap_err();
        assert!(matches!(&error, PushError::Moved { name, .. } if name == "refs/heads/b"), "{error:?}");
    }

    #[test]
    fn a_branch_that_git_does_not_mention_is_not_published() {
        let printed = "To x\n*\ta:refs/heads/a\t[new branch]\nDone\n";
        assert!(judge("origin", &[update("a")], &output(0, printed, "")).is_ok());
        assert!(judge("origin", &[update("a"), update("b")], &output(0, printed, "")).is_err());
        assert!(judge("origin", &[update("a")], &output(1, printed, "")).is_err());
    }

    #[test]
    fn what_git_prints_decides_what_can_be_done_about_it() {
        let error = |stderr: &str| judge("origin", &[update("a")], &output(128, "", stderr)).unwrap_err();
        assert!(matches!(
            error("fatal: could not read Username for 'https://h': terminal prompts disabled"),
            PushError::Denied { .. }
        ));
        assert!(matches!(
            error("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository."),
            PushError::Denied { .. }
        ));
        assert!(matches!(
            error("fatal: unable to access 'https://h/': Could not resolve host: h"),
            PushError::Unreachable { .. }
        ));
        assert!(matches!(
            error("remote: Repository not found.\nfatal: repository 'https://h/x/' not found"),
            PushError::NoSuchRemote { .. }
        ));
        assert!(matches!(
            error("fatal: the receiving end does not support --atomic push"),
            PushError::NotAtomic { .. }
        ));
        let other = error("fatal: something else at https://me:secret@h/x");
        assert!(matches!(other, PushError::Failed { .. }));
        assert!(!format!("{other} {other:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn any_output_is_judged_without_a_panic(stdout in "(?s).{0,200}", stderr in "(?s).{0,200}", status in 0..3) {
            let _ = judge("origin", &[update("a")], &output(status, &stdout, &stderr));
        }
    }
}
