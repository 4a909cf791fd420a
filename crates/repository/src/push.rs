//! Publishing: every branch or none, and each only from where it was expected to be.

use std::ffi::OsString;
use std::time::Duration;

use charter_deploy_model::CommitHash;
use charter_host::{Host, Output, Scope};

use crate::credentials::without_credentials;
use crate::program::{git, lines};
use crate::repository::oid;
use crate::worktree::blocking;
use crate::{RemoteError, Repository, RepositoryError};

/// A slow line and a large site take their time.
const LIMIT: Duration = Duration::from_secs(900);

/// What is being done, for a message.
const DOING: &str = "push";

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
    /// The remote cannot take several branches as one.
    #[error("the remote `{remote}` does not support atomic pushes")]
    NotAtomic {
        /// The remote.
        remote: String,
    },
    /// The remote did not do it, or ([`RemoteError::Unfinished`]) perhaps did: ask it.
    #[error(transparent)]
    Remote(#[from] RemoteError),
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
            Self::Remote(error) => error.help(),
            Self::Rejected { name, .. } => Some(format!(
                "the remote's own rules decide that: let your user push to `{}` there, or ask whoever looks after it",
                name.trim_start_matches("refs/heads/")
            )),
            Self::NotAtomic { .. } => Some("update git on the remote; atomic pushes came with git 2.4".into()),
            Self::Repository { source } => source.help(),
        }
    }

    /// Says whether the same push may succeed later without anyone doing anything.
    #[must_use]
    pub const fn retry(&self) -> bool {
        matches!(self, Self::Remote(error) if error.retry())
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
    /// When the push did not happen, or ([`RemoteError::Unfinished`]) perhaps did.
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
        let mark = refs.first().map(|first| self.push_mark(remote, &first.name));
        let output = git(self, self.root(), arguments(remote, &refs), LIMIT, mark, host, scope)
            .await
            .map_err(|source| RemoteError::unfinished(DOING, source))?;
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
        ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"].map(Into::into).into();
    // One reference is all or nothing by itself, also where the remote knows nothing of atomic pushes.
    if refs.len() > 1 {
        arguments.push("--atomic".into());
    }
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
pub(crate) fn judge(remote: &str, refs: &[RefUpdate], output: &Output) -> Result<(), PushError> {
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
    if lines(output).iter().any(|line| line.contains("does not support --atomic")) {
        return Err(PushError::NotAtomic { remote: without_credentials(remote) });
    }
    Err(RemoteError::of(remote, DOING, output).into())
}

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
    use charter_host::Ended;
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
            PushError::Remote(RemoteError::Denied { .. })
        ));
        assert!(matches!(
            error("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository."),
            PushError::Remote(RemoteError::Denied { .. })
        ));
        assert!(matches!(
            error("fatal: unable to access 'https://h/': Could not resolve host: h"),
            PushError::Remote(RemoteError::Unreachable { .. })
        ));
        assert!(matches!(
            error("remote: Repository not found.\nfatal: repository 'https://h/x/' not found"),
            PushError::Remote(RemoteError::NoSuchRemote { .. })
        ));
        assert!(matches!(
            error("fatal: the receiving end does not support --atomic push"),
            PushError::NotAtomic { .. }
        ));
        let other = error("fatal: something else at https://me:secret@h/x");
        assert!(matches!(other, PushError::Remote(RemoteError::Failed { .. })));
        assert!(!format!("{other} {other:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn any_output_is_judged_without_a_panic(stdout in "(?s).{0,200}", stderr in "(?s).{0,200}", status in 0..3) {
            let _ = judge("origin", &[update("a")], &output(status, &stdout, &stderr));
        }
    }
}
