//! Finding a repository and reading what is so.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use charter_repository::{Change, ChangeKind, Repository, RepositoryError};

use crate::{Project, git, init};

#[test]
fn a_folder_outside_of_git_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Repository::discover(folder.path()).unwrap_err();
    assert!(matches!(error, RepositoryError::NotARepository { .. }), "{error:?}");
    assert!(error.help().unwrap().contains("git init"));
}

#[test]
fn a_folder_deep_inside_finds_its_repository() {
    let project = Project::new();
    let deep = project.root().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    let found = Repository::discover(&deep).unwrap();
    assert_eq!(found.root(), project.root());
    assert_eq!(found.git_folder(), project.root().join(".git"));
}

#[test]
fn a_bare_repository_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "--bare"]);
    let error = Repository::discover(folder.path()).unwrap_err();
    assert!(matches!(error, RepositoryError::Bare { .. }), "{error:?}");
}

#[test]
fn formats_that_are_not_supported_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, option) in [("sha256", "--object-format=sha256"), ("reftable", "--ref-format=reftable")] {
        let root = folder.path().join(name);
        init(&root, &[option]);
        let error = Repository::discover(&root).unwrap_err();
        assert!(matches!(&error, RepositoryError::UnsupportedFormat { format, .. } if format == name), "{error:?}");
        assert!(error.help().is_some());
    }
}

#[test]
fn another_users_repository_is_explained() {
    let project = Project::new();
    if std::os::unix::fs::chown(project.root(), Some(65534), None)
        .and_then(|()| std::os::unix::fs::chown(project.root().join(".git"), Some(65534), None))
        .is_err()
    {
        eprintln!("SKIPPED: only root can give a repository to another user");
        return;
    }
    let error = Repository::discover(project.root()).unwrap_err();
    assert!(matches!(&error, RepositoryError::NotYours { folder } if folder == project.root()), "{error:?}");
    assert!(error.help().unwrap().contains("safe.directory"));
}

#[test]
fn before_the_first_commit_there_is_no_head() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &[]);
    let repository = Repository::discover(folder.path()).unwrap();
    assert!(matches!(repository.head(), Err(RepositoryError::NoCommits { .. })));
    assert_eq!(repository.branches().unwrap(), []);
    assert_eq!(repository.anchors().unwrap(), []);
}

#[test]
fn head_tells_commit_summary_and_branch() {
    let project = Project::new();
    let head = project.repository.head().unwrap();
    assert_eq!(head.hash.as_str(), git(project.root(), &["rev-parse", "HEAD"]));
    assert_eq!((head.summary.as_str(), head.branch.as_deref()), ("First words", Some("main")));
    git(project.root(), &["checkout", "-q", "--detach"]);
    assert_eq!(project.repository.head().unwrap().branch, None);
}

#[test]
fn revisions_resolve_to_commits_only() {
    let project = Project::new();
    let first = project.head();
    let second = project.commit("a", "a");
    git(project.root(), &["tag", "-am", "x", "v1", "HEAD~1"]);
    assert_eq!(project.repository.resolve("v1").unwrap(), first);
    assert_eq!(project.repository.resolve(second.short()).unwrap(), second);
    for revision in ["no-such", "HEAD:a", ""] {
        let error = project.repository.resolve(revision).unwrap_err();
        assert!(matches!(error, RepositoryError::NoSuchRevision { .. }), "{error:?}");
    }
}

#[test]
fn the_user_and_the_remote_are_named_without_secrets() {
    let project = Project::new();
    assert_eq!(project.repository.user().as_deref(), Some("Dev"));
    assert_eq!(project.repository.remote_url("origin"), None);
    git(project.root(), &["remote", "add", "origin", "https://dev:hunter2@example.org/site.git"]);
    assert_eq!(project.repository.remote_url("origin").as_deref(), Some("https://example.org/site.git"));
}

#[test]
fn changes_are_told_by_kind_and_sorted() {
    let project = Project::new();
    let root = project.root();
    project.commit("gone", "x");
    project.commit(".gitignore", "dist/\n*.log\n");
    assert_eq!(project.repository.changes().unwrap(), []);
    fs::write(root.join("index.html"), "two\n").unwrap();
    fs::remove_file(root.join("gone")).unwrap();
    fs::write(root.join("staged"), "x").unwrap();
    git(root, &["add", "staged"]);
    fs::write(root.join("new"), "x").unwrap();
    fs::create_dir(root.join("dist")).unwrap();
    fs::write(root.join("dist/page.html"), "x").unwrap();
    fs::write(root.join("a.log"), "x").unwrap();
    let expected = [
        ("gone", ChangeKind::Deleted),
        ("index.html", ChangeKind::Modified),
        ("new", ChangeKind::Untracked),
        ("staged", ChangeKind::Added),
    ];
    assert_eq!(
        project.repository.changes().unwrap(),
        expected.map(|(path, kind)| Change { path: path.to_owned(), kind })
    );
}

#[test]
fn an_undecided_merge_shows() {
    let project = Project::new();
    git(project.root(), &["branch", "other"]);
    project.commit("index.html", "ours\n");
    git(project.root(), &["checkout", "-q", "other"]);
    project.commit("index.html", "theirs\n");
    let (merged, _) = crate::try_git(project.root(), &["merge", "-q", "main"]);
    assert!(!merged);
    let changes = project.repository.changes().unwrap();
    assert_eq!(changes, [Change { path: "index.html".to_owned(), kind: ChangeKind::Conflicted }]);
}

#[test]
fn a_file_name_that_is_not_utf8_is_told_all_the_same() {
    let project = Project::new();
    fs::write(project.root().join(OsStr::from_bytes(b"caf\xe9.html")), "x").unwrap();
    let changes = project.repository.changes().unwrap();
    assert_eq!(changes, [Change { path: "caf\u{fffd}.html".to_owned(), kind: ChangeKind::Untracked }]);
}

#[test]
fn ignored_paths_are_recognised_before_they_exist() {
    let project = Project::new();
    project.commit(".gitignore", "/production/\n*.log\n");
    let ignored = |path: &Path| project.repository.is_ignored(path).unwrap();
    assert!(ignored(Path::new("production/")));
    assert!(ignored(Path::new("production/deployments/x.json")));
    assert!(ignored(&project.root().join("production/site")));
    assert!(ignored(Path::new("a.log")));
    assert!(!ignored(Path::new("index.html")));
    assert!(!ignored(Path::new("production")), "a file of that name is not what the rule is about");
    for outside in [Path::new("/var/log/a.log"), Path::new("../a.log"), project.root()] {
        assert!(!ignored(outside), "{}", outside.display());
    }
    fs::create_dir(project.root().join("production")).unwrap();
    assert!(ignored(Path::new("production")));
}

#[test]
fn branches_of_remotes_are_told_apart_from_ours() {
    let project = Project::new();
    let first = project.head();
    project.with_remote();
    git(project.root(), &["branch", "feature/x"]);
    git(project.root(), &["push", "-q", "origin", "main", "feature/x"]);
    git(project.root(), &["remote", "set-head", "origin", "main"]);
    let second = project.commit("a", "a");
    let told: Vec<_> = project
        .repository
        .branches()
        .unwrap()
        .into_iter()
        .map(|branch| (branch.name, branch.remote, branch.commit))
        .collect();
    let origin = || Some("origin".to_owned());
    assert_eq!(
        told,
        [
            ("feature/x".to_owned(), None, first.clone()),
            ("feature/x".to_owned(), origin(), first.clone()),
            ("main".to_owned(), None, second),
            ("main".to_owned(), origin(), first),
        ]
    );
}

#[test]
fn a_linked_work_tree_is_a_project_of_its_own() {
    let project = Project::new();
    let linked = project.beside("linked");
    git(project.root(), &["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let repository = Repository::discover(&linked).unwrap();
    assert_eq!(repository.root(), linked);
    assert_eq!(repository.git_folder(), project.root().join(".git"));
    assert_eq!(repository.head().unwrap().branch.as_deref(), Some("side"));
}
