//! Clean checkouts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use charter_host::Scope;
use charter_repository::{Repository, RepositoryError};

use crate::{Project, git, host};

async fn check_out(project: &Project, commit: &str, folder: &Path) -> Result<(), RepositoryError> {
    let keep = ["node_modules".to_owned()];
    let commit = project.repository.resolve(commit).unwrap();
    project.repository.worktree(&commit, folder, &keep, &host(), &Scope::default()).await
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_checkout_holds_the_commit_and_not_the_users_changes() {
    let project = Project::new();
    fs::write(project.root().join("index.html"), "half done\n").unwrap();
    let folder = project.beside("cache/tree");
    check_out(&project, "HEAD", &folder).await.unwrap();
    assert_eq!(read(folder.join("index.html")), "one\n");
    assert_eq!(read(project.root().join("index.html")), "half done\n");
    assert_eq!(project.repository.head().unwrap().branch.as_deref(), Some("main"));
}

#[tokio::test]
async fn the_next_checkout_removes_all_but_what_is_to_be_kept() {
    let project = Project::new();
    project.commit(".gitignore", "dist/\nnode_modules/\n");
    let folder = project.beside("tree");
    check_out(&project, "HEAD", &folder).await.unwrap();
    for (path, text) in [
        ("node_modules/x/index.js", "kept"),
        ("packages/a/node_modules/y", "kept"),
        ("dist/page.html", "old"),
        ("stray", "old"),
        ("nested/.git/HEAD", "ref: refs/heads/main"),
        ("index.html", "changed by the build"),
    ] {
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        fs::write(folder.join(path), text).unwrap();
    }
    project.commit("new", "new");
    check_out(&project, "HEAD", &folder).await.unwrap();
    assert_eq!(read(folder.join("index.html")), "one\n");
    assert_eq!(read(folder.join("new")), "new");
    assert_eq!(read(folder.join("node_modules/x/index.js")), "kept");
    assert_eq!(read(folder.join("packages/a/node_modules/y")), "kept");
    for gone in ["dist", "stray", "nested"] {
        assert!(!folder.join(gone).exists(), "{gone}");
    }
    check_out(&project, "HEAD~2", &folder).await.unwrap();
    assert!(!folder.join("new").exists());
}

#[tokio::test]
async fn a_broken_checkout_is_made_anew() {
    let project = Project::new();
    let folder = project.beside("tree");
    let admin = project.root().join(".git/worktrees/tree");
    let breakages: [(&str, &dyn Fn()); 6] = [
        ("the folder is gone", &|| fs::remove_dir_all(&folder).unwrap()),
        ("git has forgotten it", &|| fs::remove_dir_all(&admin).unwrap()),
        ("its index is garbage", &|| fs::write(admin.join("index"), "garbage").unwrap()),
        ("a killed git left a lock", &|| fs::write(admin.join("index.lock"), "").unwrap()),
        ("a killed git left the entry locked", &|| {
            fs::write(admin.join("locked"), "initializing").unwrap();
            fs::remove_dir_all(&folder).unwrap();
        }),
        ("its head is garbage", &|| fs::write(admin.join("HEAD"), "garbage").unwrap()),
    ];
    for (what, break_it) in breakages {
        check_out(&project, "HEAD", &folder).await.unwrap();
        break_it();
        check_out(&project, "HEAD", &folder).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read(folder.join("index.html")), "one\n", "{what}");
        assert_eq!(git(&folder, &["status", "--porcelain"]), "", "{what}");
    }
}

#[tokio::test]
async fn a_checkout_follows_a_project_that_was_moved() {
    let mut project = Project::new();
    let folder = project.beside("tree");
    check_out(&project, "HEAD", &folder).await.unwrap();
    let moved = project.beside("moved");
    fs::rename(project.root(), &moved).unwrap();
    project.repository = Repository::discover(&moved).unwrap();
    check_out(&project, "HEAD", &folder).await.unwrap();
    assert_eq!(git(&folder, &["rev-parse", "HEAD"]), project.head().as_str());
}

#[tokio::test]
async fn a_folder_with_something_else_in_it_is_left_alone() {
    let project = Project::new();
    let folder = project.beside("precious");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("thesis.txt"), "years of work").unwrap();
    for _ in 0..2 {
        let error = check_out(&project, "HEAD", &folder).await.unwrap_err();
        assert!(matches!(error, RepositoryError::Occupied { .. }), "{error:?}");
        assert_eq!(read(folder.join("thesis.txt")), "years of work");
        // Nor is another repository a checkout of this one.
        git(&folder, &["init", "-q"]);
    }
}

#[tokio::test]
async fn a_sparse_project_is_checked_out_whole() {
    let project = Project::new();
    project.commit("b.html", "b");
    git(project.root(), &["sparse-checkout", "set", "--no-cone", "/index.html"]);
    assert!(!project.root().join("b.html").exists());
    let folder = project.beside("tree");
    for _ in 0..2 {
        check_out(&project, "HEAD", &folder).await.unwrap();
        assert_eq!(read(folder.join("b.html")), "b");
    }
}

#[tokio::test]
async fn hooks_are_not_run() {
    let project = Project::new();
    let hook = project.root().join(".git/hooks/post-checkout");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\ntouch ../hook-ran\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let folder = project.beside("tree");
    check_out(&project, "HEAD", &folder).await.unwrap();
    project.commit("a", "a");
    check_out(&project, "HEAD", &folder).await.unwrap();
    assert!(!project.beside("hook-ran").exists());
}

#[tokio::test]
async fn a_linked_work_tree_can_be_the_project() {
    let mut project = Project::new();
    let linked = project.beside("linked");
    git(project.root(), &["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    project.repository = Repository::discover(&linked).unwrap();
    project.commit("a", "a");
    let folder = project.beside("tree");
    for _ in 0..2 {
        check_out(&project, "HEAD", &folder).await.unwrap();
        assert_eq!(read(folder.join("a")), "a");
    }
}

#[tokio::test]
async fn a_commit_that_is_not_here_is_named() {
    let project = Project::new();
    let absent = "1".repeat(40).parse().unwrap();
    let folder = project.beside("tree");
    let error = project.repository.worktree(&absent, &folder, &[], &host(), &Scope::default()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::NoSuchRevision { .. }), "{error:?}");
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_machine_without_git_is_told_apart() {
    let project = Project::new();
    let host = charter_host::Host::system(charter_host::Environment::default().with("PATH", "/nonexistent"));
    let folder = project.beside("tree");
    let error = project.repository.worktree(&project.head(), &folder, &[], &host, &Scope::default()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::NoGit), "{error:?}");
}
