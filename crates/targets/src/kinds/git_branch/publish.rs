//! Publishing: one commit on top of what the remote shows, pushed only from there; going back is the same.

use charter_deploy_model::{CommitHash, ReleaseId};
use charter_host::Scope;
use charter_repository::{CommitContent, ObjectId, ObjectKind, PushError, RefUpdate, Repository, TreeEntry};

use super::layout::{self, CNAME, DOCS, NO_JEKYLL, Publication};
use super::shown::{self, HISTORY, Shown};
use super::{Folder, GitBranch, blocking, local};
use crate::TargetError;

const DOING: &str = "publish the release";

pub(super) async fn activate(
    target: &GitBranch,
    to: &ReleaseId,
    expected: Option<&ReleaseId>,
    scope: &Scope,
) -> Result<(), TargetError> {
    let shown = target.shown(scope).await?;
    let found = shown.release_id(target)?;
    if found.as_ref() == Some(to) {
        return Ok(());
    }
    if found.as_ref() != expected {
        return Err(TargetError::Moved { expected: expected.cloned(), found });
    }
    let tip = shown.into_tip();
    let (this, wanted, on) = (target.clone(), to.clone(), tip.clone());
    let commit = blocking(move || {
        let repository = this.repository()?;
        publication(&this, &repository, &wanted, on.as_ref())
    })
    .await?;
    match push(target, commit, tip, scope).await? {
        Pushed::Done => Ok(()),
        Pushed::Moved => match target.shown(scope).await?.release_id(target)? {
            Some(found) if found == *to => Ok(()),
            found => Err(TargetError::Moved { expected: expected.cloned(), found }),
        },
    }
}

pub(super) async fn withdraw(target: &GitBranch, expected: &ReleaseId, scope: &Scope) -> Result<(), TargetError> {
    let (tip, published) = match target.shown(scope).await? {
        Shown::Nothing { .. } => return Ok(()),
        Shown::Foreign { tip } => return Err(shown::foreign(target, &tip)),
        Shown::Release { tip, release, publication } if release == *expected => (tip, publication),
        Shown::Release { release, .. } => {
            return Err(TargetError::Moved { expected: Some(expected.clone()), found: Some(release) });
        }
    };
    let (this, release, on) = (target.clone(), expected.clone(), tip.clone());
    let commit = blocking(move || {
        let repository = this.repository()?;
        let tree = before(&this, &repository, &on, &published)?;
        let message = layout::publication_message(&format!("Withdraw release {release}"), &Publication::Nothing, tree);
        write_commit(&this, &repository, tree, &[on.hash], &message)
    })
    .await?;
    match push(target, commit, Some(tip), scope).await? {
        Pushed::Done => Ok(()),
        Pushed::Moved => match target.shown(scope).await?.release_id(target)? {
            None => Ok(()),
            found => Err(TargetError::Moved { expected: Some(expected.clone()), found }),
        },
    }
}

/// Makes the commit that shows a release on top of `tip`.
fn publication(
    target: &GitBranch,
    repository: &Repository,
    to: &ReleaseId,
    tip: Option<&CommitContent>,
) -> Result<CommitHash, TargetError> {
    let shows = Publication::Release(to.clone());
    let earlier = match tip {
        Some(tip) => repository
            .find_back(&tip.hash, HISTORY, |commit| {
                (layout::publication(commit).as_ref() == Some(&shows)).then(|| commit.clone())
            })
            .map_err(local(DOING))?,
        None => None,
    };
    // A release that another clone published is not staged here, but the branch has it.
    let site = match (target.staged_one(repository, to)?, &earlier) {
        (Some(staged), _) => Some(staged.site),
        (None, Some(earlier)) => layout::site_of(repository, earlier.tree, target.config.folder)?,
        (None, None) => None,
    };
    let site = site.ok_or_else(|| TargetError::NotStaged { id: to.clone() })?;
    let tree = branch_tree(target, repository, site, tip)?;
    // With the commit that published it first as a second parent, git knows that the remote has all of its files, and
    // sends one object.
    let parents: Vec<CommitHash> = tip.into_iter().chain(&earlier).map(|commit| commit.hash.clone()).collect();
    let subject = if earlier.is_some() { format!("Show release {to} again") } else { format!("Publish release {to}") };
    write_commit(target, repository, tree, &parents, &layout::publication_message(&subject, &shows, tree))
}

/// Returns what the branch held before a publication: what is shown again when it is withdrawn.
fn before(
    target: &GitBranch,
    repository: &Repository,
    tip: &CommitContent,
    published: &CommitContent,
) -> Result<ObjectId, TargetError> {
    let parent = match published.parents.first() {
        Some(parent) => repository.commit_content(parent).map_err(local(DOING))?,
        None => None,
    };
    match parent {
        Some(parent) if !matches!(layout::publication(&parent), Some(Publication::Release(_))) => Ok(parent.tree),
        // The host has to be shown something, even if it is a folder without pages.
        _ => {
            let id = write(target, repository, ObjectKind::Blob, b"")?;
            let entry = TreeEntry { name: NO_JEKYLL.into(), mode: TreeEntry::FILE, id };
            let site = write(target, repository, ObjectKind::Tree, &TreeEntry::encode(&mut [entry]))?;
            branch_tree(target, repository, site, Some(tip))
        }
    }
}

/// Returns the tree of the branch that serves `site`: with the custom domain that the branch has when the site brings
/// none, and with whatever is beside the folder that is served.
fn branch_tree(
    target: &GitBranch,
    repository: &Repository,
    site: ObjectId,
    tip: Option<&CommitContent>,
) -> Result<ObjectId, TargetError> {
    let folder = target.config.folder;
    let entries = |id| repository.tree(id).map_err(local(DOING)).map(Option::unwrap_or_default);
    let served = match tip {
        Some(tip) => layout::site_of(repository, tip.tree, folder)?,
        None => None,
    };
    let domain = match served {
        Some(served) => layout::named(&entries(served)?, CNAME).filter(|entry| entry.mode == TreeEntry::FILE).cloned(),
        None => None,
    };
    let mut own = entries(site)?;
    let site = match domain {
        Some(domain) if layout::named(&own, CNAME).is_none() => {
            own.push(domain);
            write(target, repository, ObjectKind::Tree, &TreeEntry::encode(&mut own))?
        }
        _ => site,
    };
    match folder {
        Folder::Root => Ok(site),
        Folder::Docs => {
            let mut root = match tip {
                Some(tip) => entries(tip.tree)?,
                None => Vec::new(),
            };
            root.retain(|entry| entry.name != DOCS.as_bytes());
            root.push(TreeEntry { name: DOCS.into(), mode: TreeEntry::FOLDER, id: site });
            write(target, repository, ObjectKind::Tree, &TreeEntry::encode(&mut root))
        }
    }
}

fn write(
    target: &GitBranch,
    repository: &Repository,
    kind: ObjectKind,
    content: &[u8],
) -> Result<ObjectId, TargetError> {
    repository.write_object(kind, content, &target.work(repository)).map_err(local(DOING))
}

fn write_commit(
    target: &GitBranch,
    repository: &Repository,
    tree: ObjectId,
    parents: &[CommitHash],
    message: &str,
) -> Result<CommitHash, TargetError> {
    let now = target.host.clock.now();
    let commit = repository.encode_commit(tree, parents, message, now).map_err(local(DOING))?;
    write(target, repository, ObjectKind::Commit, &commit).map(CommitHash::from)
}

/// How a push ended that did not fail.
enum Pushed {
    Done,
    /// The branch was not where it was seen to be: nothing was published by this push.
    Moved,
}

/// Pushes a commit on top of what was seen. When the push does not say how it ended, the remote is asked.
async fn push(
    target: &GitBranch,
    commit: CommitHash,
    tip: Option<CommitContent>,
    scope: &Scope,
) -> Result<Pushed, TargetError> {
    if scope.cancel.is_cancelled() {
        return Err(TargetError::Cancelled);
    }
    let repository = target.repository()?;
    let (remote, branch, host) = (&target.config.remote, &target.config.branch, &target.host);
    charter_host::fault::point("about to push").map_err(failed)?;
    let update = RefUpdate { name: branch.clone(), to: commit.clone(), expected: tip.map(|tip| tip.hash) };
    match repository.push(remote, &[update], host, scope).await {
        Ok(()) => {}
        Err(PushError::Moved { .. }) => return Ok(Pushed::Moved),
        Err(error) => {
            let landed = matches!(error, PushError::Remote(_) | PushError::Repository { .. })
                && repository.ask(remote, branch, host, scope).await.is_ok_and(|tip| tip.as_ref() == Some(&commit));
            if !landed {
                return Err(TargetError::Place { doing: DOING, help: error.help(), source: error.into() });
            }
        }
    }
    // It is published; that this is not noted here only makes another's commit look like the first one.
    let _ = charter_host::fault::point("pushed")
        .map_err(failed)
        .and_then(|()| repository.point_reference(&target.reference("published"), &commit).map_err(local(DOING)));
    Ok(Pushed::Done)
}

fn failed(source: std::io::Error) -> TargetError {
    TargetError::Place { doing: DOING, help: None, source: source.into() }
}
