//! Pushing, with a lease.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use charter_deploy_model::CommitHash;
use charter_host::Scope;
use charter_repository::{PushError, RefUpdate, RemoteError};

use crate::{Project, branch, git, host, try_git};

fn update(name: &str, to: &CommitHash, expected: Option<&CommitHash>) -> RefUpdate {
    RefUpdate { name: name.to_owned(), to: to.clone(), expected: expected.cloned() }
}

async fn push(project: &Project, refs: &[RefUpdate]) -> Result<(), PushError> {
    project.repository.push("origin", refs, &host(), &Scope::default()).await
}

/// Returns the commit a branch of the remote points at.
fn at(remote: &Path, name: &str) -> Option<String> {
    let (found, hash) = try_git(remote, &["rev-parse", "--verify", "--quiet", name]);
    found.then_some(hash)
}

/// Makes the remote refuse one branch.
fn refuse(remote: &Path, name: &str) {
    let hook = remote.join("hooks/update");
    fs::write(&hook, format!("#!/bin/sh\n[ \"$1\" != refs/heads/{name} ] || {{ echo 'not on a Friday'; exit 1; }}\n"))
        .unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn what_was_pushed_is_on_the_remote_and_known_to_be() {
    let project = Project::new();
    let remote = project.with_remote();
    let source = project.head();
    let anchor = project.anchor("first", &source, 1);
    let name = branch("first").to_string();
    assert!(!project.repository.anchors().unwrap()[0].published);
    push(&project, &[update("main", &source, None), update(&name, &anchor, None)]).await.unwrap();
    assert_eq!(at(&remote, "main").as_deref(), Some(source.as_str()));
    assert_eq!(at(&remote, &name).as_deref(), Some(anchor.as_str()));
    assert!(project.repository.anchors().unwrap()[0].published);
}

#[tokio::test]
async fn a_clone_that_fetches_one_branch_only_knows_what_it_published() {
    let project = Project::new();
    project.with_remote();
    git(project.root(), &["config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main"]);
    let anchor = project.anchor("first", &project.head(), 1);
    push(&project, &[update(&branch("first").to_string(), &anchor, None)]).await.unwrap();
    assert!(project.repository.anchors().unwrap()[0].published);
}

#[tokio::test]
async fn a_push_moves_forward_and_can_be_repeated() {
    let project = Project::new();
    let remote = project.with_remote();
    let first = project.head();
    push(&project, &[update("main", &first, None)]).await.unwrap();
    let second = project.commit("a", "a");
    for _ in 0..2 {
        push(&project, &[update("refs/heads/main", &second, Some(&first))]).await.unwrap();
        assert_eq!(at(&remote, "main").as_deref(), Some(second.as_str()));
    }
    push(&project, &[update("main", &second, None)]).await.unwrap();
}

#[tokio::test]
async fn one_refused_branch_keeps_all_of_them_back() {
    let project = Project::new();
    let remote = project.with_remote();
    refuse(&remote, "main");
    let source = project.head();
    let error = push(&project, &[update("aside", &source, None), update("main", &source, None)]).await.unwrap_err();
    let PushError::Rejected { name, reason, lines } = &error else { panic!("{error:?}") };
    assert_eq!((name.as_str(), reason.as_str()), ("refs/heads/main", "hook declined"));
    assert!(lines.iter().any(|line| line.contains("not on a Friday")), "{lines:?}");
    assert_eq!((at(&remote, "aside"), at(&remote, "main")), (None, None));
    assert!(project.repository.branches().unwrap().iter().all(|branch| branch.remote.is_none()));
}

#[tokio::test]
async fn a_branch_that_somebody_else_moved_is_left_where_it_is() {
    let project = Project::new();
    let remote = project.with_remote();
    let first = project.head();
    push(&project, &[update("main", &first, None)]).await.unwrap();
    let theirs = project.commit("theirs", "x");
    git(project.root(), &["push", "-q", "origin", "main"]);
    git(project.root(), &["reset", "-q", "--hard", first.as_str()]);
    let ours = project.commit("ours", "x");
    let error = push(&project, &[update("aside", &ours, None), update("main", &ours, Some(&first))]).await.unwrap_err();
    assert!(
        matches!(&error, PushError::Moved { name, expected } if name == "refs/heads/main" && *expected == Some(first)),
        "{error:?}"
    );
    assert_eq!(at(&remote, "main").as_deref(), Some(theirs.as_str()));
    assert_eq!(at(&remote, "aside"), None);
}

#[tokio::test]
async fn a_branch_that_should_be_new_is_not_taken_over() {
    let project = Project::new();
    let remote = project.with_remote();
    let first = project.head();
    push(&project, &[update("main", &first, None)]).await.unwrap();
    let second = project.commit("a", "a");
    let error = push(&project, &[update("main", &second, None)]).await.unwrap_err();
    assert!(matches!(&error, PushError::Moved { expected: None, .. }), "{error:?}");
    assert_eq!(at(&remote, "main").as_deref(), Some(first.as_str()));
}

#[tokio::test]
async fn history_is_never_rewritten_even_with_the_right_lease() {
    let project = Project::new();
    let remote = project.with_remote();
    let first = project.head();
    let second = project.commit("a", "a");
    push(&project, &[update("main", &second, None)]).await.unwrap();
    git(project.root(), &["reset", "-q", "--hard", first.as_str()]);
    let other = project.commit("b", "b");
    for to in [&first, &other] {
        let error = push(&project, &[update("main", to, Some(&second))]).await.unwrap_err();
        assert!(matches!(error, PushError::NotForward { .. }), "{error:?}");
    }
    assert_eq!(at(&remote, "main").as_deref(), Some(second.as_str()));
}

#[tokio::test]
async fn a_remote_without_a_repository_is_told_from_one_without_a_server() {
    let project = Project::new();
    let source = project.head();
    let error = push(&project, &[update("main", &source, None)]).await.unwrap_err();
    assert!(matches!(error, PushError::Remote(RemoteError::NoSuchRemote { .. })), "{error:?}");
    assert!(!error.retry());
    // Nobody listens on this port of loopback.
    git(project.root(), &["remote", "add", "origin", "http://dev:hunter2@127.0.0.1:9/site.git"]);
    let error = push(&project, &[update("main", &source, None)]).await.unwrap_err();
    assert!(matches!(error, PushError::Remote(RemoteError::Unreachable { .. })), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(error.retry());
}

#[tokio::test]
async fn a_remote_without_atomic_pushes_takes_one_branch_but_not_two() {
    let project = Project::new();
    let remote = project.with_remote();
    git(&remote, &["config", "receive.advertiseAtomic", "false"]);
    let source = project.head();
    let error = push(&project, &[update("main", &source, None), update("aside", &source, None)]).await.unwrap_err();
    assert!(matches!(error, PushError::NotAtomic { .. }), "{error:?}");
    assert_eq!(at(&remote, "main"), None);
    push(&project, &[update("main", &source, None)]).await.unwrap();
    assert_eq!(at(&remote, "main").as_deref(), Some(source.as_str()));
}

#[tokio::test]
async fn a_commit_that_is_not_here_is_not_pushed() {
    let project = Project::new();
    project.with_remote();
    let absent: CommitHash = "1".repeat(40).parse().unwrap();
    let error = push(&project, &[update("main", &absent, None)]).await.unwrap_err();
    assert!(matches!(error, PushError::Repository { .. }), "{error:?}");
}

#[tokio::test]
async fn pushing_nothing_pushes_nothing() {
    let project = Project::new();
    let remote = project.with_remote();
    git(project.root(), &["config", "push.default", "matching"]);
    push(&project, &[]).await.unwrap();
    assert_eq!(at(&remote, "main"), None);
}

#[tokio::test]
async fn a_cancelled_push_is_not_said_to_have_failed() {
    let project = Project::new();
    project.with_remote();
    let scope = Scope::default();
    scope.cancel.cancel();
    let refs = [update("main", &project.head(), None)];
    let error = project.repository.push("origin", &refs, &host(), &scope).await.unwrap_err();
    assert!(matches!(error, PushError::Remote(RemoteError::Unfinished { .. })), "{error:?}");
}
