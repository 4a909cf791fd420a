//! Production branches.

use std::fs;

use charter_repository::{BranchAnchor, Repository, RepositoryError};

use crate::{Project, branch, digest, git, time};

#[test]
fn an_anchor_keeps_the_source_and_the_checkpoint() {
    let project = Project::new();
    let source = project.head();
    let made = project.anchor("first", &source, 3);
    let show = |format: &str| git(project.root(), &["show", "-s", &format!("--format={format}"), made.as_str()]);
    assert_eq!(show("%P"), source.as_str());
    assert_eq!(show("%T"), git(project.root(), &["rev-parse", "HEAD^{tree}"]));
    assert_eq!(show("%an <%ae> %cn %at"), format!("Dev <web@example.org> Dev {}", time().as_second()));
    assert_eq!(show("%s"), "Deployed");
    assert_eq!(show("%(trailers:key=Charter-Checkpoint,valueonly)").trim(), format!("3 {}", digest(3).hex()));
    let expected = BranchAnchor { branch: branch("first"), commit: made, size: 3, root: digest(3), published: false };
    assert_eq!(project.repository.anchors().unwrap(), [expected]);
    git(project.root(), &["fsck", "--strict"]);
}

#[test]
fn anchoring_touches_nothing_else() {
    let project = Project::new();
    fs::write(project.root().join("index.html"), "half done\n").unwrap();
    fs::write(project.root().join("new"), "x").unwrap();
    git(project.root(), &["add", "new"]);
    let look = || (git(project.root(), &["status", "--porcelain=v2", "--branch"]), project.head());
    let before = look();
    project.anchor("first", &project.head(), 1);
    assert_eq!(look(), before);
}

#[test]
fn anchoring_twice_makes_one_anchor() {
    let project = Project::new();
    let source = project.head();
    let first = project.anchor("first", &source, 1);
    let later = time() + jiff::SignedDuration::from_secs(60);
    let again = project.repository.anchor(&branch("first"), &source, 1, &digest(1), "Other words", later).unwrap();
    assert_eq!(again, first);
    git(project.root(), &["pack-refs", "--all"]);
    git(project.root(), &["gc", "-q"]);
    assert_eq!(project.anchor("first", &source, 1), first);
}

#[test]
fn the_same_anchor_is_the_same_commit_in_every_clone() {
    let project = Project::new();
    let clone = project.beside("clone");
    git(project.root(), &["clone", "-q", ".", clone.to_str().unwrap()]);
    git(&clone, &["config", "user.name", "Dev"]);
    git(&clone, &["config", "user.email", "web@example.org"]);
    let there = Repository::discover(&clone).unwrap();
    let source = project.head();
    let made = there.anchor(&branch("first"), &source, 1, &digest(1), "Deployed", time()).unwrap();
    assert_eq!(made, project.anchor("first", &source, 1));
}

#[test]
fn a_branch_that_keeps_something_else_is_left_alone() {
    let project = Project::new();
    let first = project.head();
    let second = project.commit("a", "a");
    let made = project.anchor("first", &first, 1);
    git(project.root(), &["branch", &branch("plain").to_string(), first.as_str()]);
    for (name, source, size, taken_by) in
        [("first", &second, 1, &made), ("first", &first, 2, &made), ("plain", &first, 1, &first)]
    {
        let error = project.repository.anchor(&branch(name), source, size, &digest(size), "x", time()).unwrap_err();
        assert!(matches!(&error, RepositoryError::BranchTaken { commit, .. } if commit == taken_by), "{error:?}");
    }
    assert_eq!(project.repository.resolve(&branch("first").to_string()).unwrap(), made);
    assert_eq!(project.repository.resolve(&branch("plain").to_string()).unwrap(), first);
}

#[test]
fn a_commit_that_is_not_here_cannot_be_anchored() {
    let project = Project::new();
    let absent = "1".repeat(40).parse().unwrap();
    let error = project.repository.anchor(&branch("x"), &absent, 1, &digest(1), "x", time()).unwrap_err();
    assert!(matches!(error, RepositoryError::NoSuchRevision { .. }), "{error:?}");
}

#[test]
fn without_a_git_user_charter_signs() {
    let project = Project::new();
    // Set in the repository, it hides what the machine's configuration may say.
    git(project.root(), &["config", "user.name", ""]);
    git(project.root(), &["config", "user.email", ""]);
    let made = project.anchor("first", &project.head(), 1);
    let author = git(project.root(), &["show", "-s", "--format=%an <%ae>", made.as_str()]);
    assert_eq!(author, "Charter <charter@localhost>");
}

#[test]
fn a_fresh_clone_knows_the_anchors_that_were_published() {
    let project = Project::new();
    let made = project.anchor("first", &project.head(), 1);
    project.with_remote();
    git(project.root(), &["push", "-q", "origin", "main", &branch("first").to_string()]);
    git(project.folder.path(), &["clone", "-q", "remote.git", "clone"]);
    let anchors = Repository::discover(&project.beside("clone")).unwrap().anchors().unwrap();
    let expected = BranchAnchor { branch: branch("first"), commit: made, size: 1, root: digest(1), published: true };
    assert_eq!(anchors, [expected]);
}
