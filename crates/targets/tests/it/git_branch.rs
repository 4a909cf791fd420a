//! What a publish branch looks like to those who fetch it, and what it does when others are there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use charter_deploy_model::ReleaseId;
use charter_host::{Environment, Host, Scope};
use charter_targets::kinds::git_branch::{Folder, GitBranch, GitBranchConfig};
use charter_targets::{Target, TargetError};
use charter_testkit::contract::target::{self as contract, Built};
use tempfile::TempDir;

/// A project and the bare repository that it publishes to.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.git(".", &["init", "-q", "-b", "main", "project"]);
        place.git(".", &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        place.git("project", &["config", "user.name", "ann"]);
        place.git("project", &["config", "user.email", "ann@example.org"]);
        let url = format!("file://{}", place.path("remote.git").display());
        place.git("project", &["remote", "add", "origin", &url]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config() -> GitBranchConfig {
        serde_json::from_value(serde_json::json!({})).unwrap()
    }

    fn target(&self) -> GitBranch {
        self.target_with(Self::config())
    }

    fn target_with(&self, config: GitBranchConfig) -> GitBranch {
        GitBranch::new(self.path("project"), config, host())
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        git(&self.path(folder), arguments)
    }

    /// Returns the names of all files on the branch.
    fn files(&self) -> Vec<String> {
        let listed = self.git("remote.git", &["ls-tree", "-r", "--name-only", "gh-pages"]);
        listed.lines().map(str::to_owned).collect()
    }

    fn show(&self, path: &str) -> String {
        self.git("remote.git", &["show", &format!("gh-pages:{path}")])
    }

    fn commits(&self) -> usize {
        self.git("remote.git", &["rev-list", "--count", "--first-parent", "gh-pages"]).parse().unwrap()
    }

    fn tip(&self) -> String {
        self.git("remote.git", &["rev-parse", "gh-pages"])
    }

    /// Commits files to the branch as somebody else would, on top of what is there or instead of it.
    fn somebody_else(&self, files: &[(&str, &str)], force: bool) {
        let other = tempfile::tempdir_in(self.folder.path()).unwrap();
        let clone = other.path().to_str().unwrap();
        self.git(".", &["clone", "-q", "remote.git", clone]);
        let has_branch = !self.git("remote.git", &["branch", "--list", "gh-pages"]).is_empty();
        if has_branch && !force {
            git(other.path(), &["checkout", "-q", "gh-pages"]);
        } else {
            git(other.path(), &["checkout", "-q", "--orphan", "gh-pages"]);
        }
        for (path, text) in files {
            let path = other.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        git(other.path(), &["add", "--all"]);
        git(other.path(), &["commit", "-q", "--allow-empty", "-m", "Something else"]);
        git(other.path(), &["push", "-q", "--force", "origin", "gh-pages"]);
    }

    fn hook(&self, name: &str, script: &str) {
        let hook = self.path("remote.git/hooks").join(name);
        fs::write(&hook, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn host() -> Host {
    let environment = Environment::default().with("PATH", "/usr/local/bin:/usr/bin:/bin").with("HOME", "/nonexistent");
    Host::system(environment)
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    #[expect(clippy::disallowed_methods, reason = "the test is the user here")]
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=bob", "-c", "user.email=bob@example.org"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .output()
        .expect("git is needed for these tests");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

async fn publish(target: &dyn Target, built: &Built, over: Option<&Built>) -> Result<(), TargetError> {
    built.stage(target).await;
    target.activate(built.id(), over.map(Built::id), &Scope::default()).await
}

async fn live(target: &dyn Target) -> Option<ReleaseId> {
    target.live(&Scope::default()).await.unwrap()
}

#[tokio::test]
async fn keeps_the_contract() {
    contract::target(async || {
        let place = Place::new();
        (place.target(), place)
    })
    .await;
}

#[tokio::test]
async fn keeps_the_contract_in_a_folder_of_a_branch_with_a_domain() {
    contract::target(async || {
        let place = Place::new();
        place.somebody_else(&[("docs/CNAME", "example.org\n"), ("src/main.txt", "source")], false);
        (place.target_with(GitBranchConfig { folder: Folder::Docs, ..Place::config() }), place)
    })
    .await;
}

#[tokio::test]
async fn a_publication_is_the_files_and_nothing_else_on_top_of_the_one_before() {
    let place = Place::new();
    let target = place.target();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    publish(&target, &first, None).await.unwrap();
    let before = place.tip();
    publish(&target, &second, Some(&first)).await.unwrap();
    let mut expected: Vec<String> = second.contents().into_keys().collect();
    expected.extend([".nojekyll".to_owned(), "deploy.json".to_owned()]);
    expected.sort();
    assert_eq!(place.files(), expected);
    assert_eq!(place.show("only/in/2.txt"), "release 2");
    let marker: serde_json::Value = serde_json::from_str(&place.show("deploy.json")).unwrap();
    assert_eq!(marker, serde_json::to_value(&second.release).unwrap());
    assert_eq!(place.git("remote.git", &["rev-parse", "gh-pages^"]), before, "history is kept");
    place.git("remote.git", &["fsck", "--strict", "--full"]);
    place.git("project", &["fsck", "--strict", "--full"]);
    assert_eq!(place.git("project", &["status", "--porcelain"]), "", "neither index nor work tree is touched");
    assert!(place.git("project", &["branch", "--list"]).is_empty(), "no branch is made here");
}

#[tokio::test]
async fn going_back_sends_one_object() {
    let place = Place::new();
    let target = place.target();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    publish(&target, &first, None).await.unwrap();
    publish(&target, &second, Some(&first)).await.unwrap();
    let objects = || -> u32 {
        let counted = place.git("remote.git", &["count-objects", "-v"]);
        let number = |name: &str| -> u32 {
            counted.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
        };
        number("count:") + number("in-pack:")
    };
    let before = objects();
    target.activate(first.id(), Some(second.id()), &Scope::default()).await.unwrap();
    assert_eq!(objects() - before, 1);
    assert_eq!(place.git("remote.git", &["rev-list", "--count", "--first-parent", "gh-pages"]), "3");
    assert_eq!(
        place.git("remote.git", &["rev-parse", "gh-pages^{tree}"]),
        place.git("remote.git", &["rev-parse", "gh-pages^2^{tree}"])
    );
}

#[tokio::test]
async fn the_domain_comes_from_the_build_then_the_configuration_then_the_branch() {
    let place = Place::new();
    place.somebody_else(&[("CNAME", "from.branch.example.org\n"), ("index.html", "old")], false);
    let target = place.target();
    let plain = Built::numbered(1);
    publish(&target, &plain, None).await.unwrap();
    assert_eq!(place.show("CNAME"), "from.branch.example.org");
    assert!(!place.files().contains(&"old.html".to_owned()));

    let configured = place.target_with(GitBranchConfig { cname: Some("example.org".to_owned()), ..Place::config() });
    let second = Built::numbered(2);
    publish(&configured, &second, Some(&plain)).await.unwrap();
    assert_eq!(place.show("CNAME"), "example.org");

    let own = Built::new(3, &[("CNAME", "own.example.org"), ("index.html", "3")]);
    publish(&configured, &own, Some(&second)).await.unwrap();
    assert_eq!(place.show("CNAME"), "own.example.org");
}

#[tokio::test]
async fn a_domain_that_the_hosts_settings_page_commits_is_no_stranger() {
    let place = Place::new();
    let target = place.target();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    publish(&target, &first, None).await.unwrap();
    place.somebody_else(&[("CNAME", "example.org")], false);
    assert_eq!(live(&target).await.as_ref(), Some(first.id()));
    publish(&target, &second, Some(&first)).await.unwrap();
    assert_eq!(place.show("CNAME"), "example.org");
    assert_eq!(place.commits(), 3);
}

#[tokio::test]
async fn the_rest_of_the_branch_stays_beside_the_folder_that_is_served() {
    let place = Place::new();
    place.somebody_else(&[("src/a.txt", "source"), ("docs/old.html", "old")], false);
    let target = place.target_with(GitBranchConfig { folder: Folder::Docs, ..Place::config() });
    let built = Built::new(1, &[("index.html", "new")]);
    publish(&target, &built, None).await.unwrap();
    assert_eq!(place.files(), ["docs/.nojekyll", "docs/deploy.json", "docs/index.html", "src/a.txt"]);
    target.withdraw(built.id(), &Scope::default()).await.unwrap();
    assert_eq!(place.files(), ["docs/old.html", "src/a.txt"], "what was there before is shown again");
}

#[tokio::test]
async fn what_somebody_else_published_over_a_release_stays_until_it_is_accepted() {
    for force in [false, true] {
        let place = Place::new();
        let target = place.target();
        let (first, second) = (Built::numbered(1), Built::numbered(2));
        publish(&target, &first, None).await.unwrap();
        place.somebody_else(&[("index.html", "by hand")], force);
        let theirs = place.tip();
        second.stage(&target).await;
        let error = target.live(&Scope::default()).await.unwrap_err();
        let TargetError::Foreign { what, accept, .. } = &error else { panic!("{error:?}") };
        assert!(theirs.starts_with(what.as_str()));
        for over in [None, Some(first.id())] {
            let error = target.activate(second.id(), over, &Scope::default()).await.unwrap_err();
            assert!(matches!(error, TargetError::Foreign { .. }), "{error:?}");
        }
        assert!(target.withdraw(first.id(), &Scope::default()).await.is_err());
        assert_eq!(place.tip(), theirs, "nothing changed");

        let arguments: Vec<&str> = accept.split(' ').skip(1).collect();
        place.git("project", &arguments);
        assert_eq!(live(&target).await, None);
        target.activate(second.id(), None, &Scope::default()).await.unwrap();
        assert_eq!(live(&target).await.as_ref(), Some(second.id()));
        assert_eq!(place.git("remote.git", &["rev-parse", "gh-pages^"]), theirs, "their commit is not lost");
    }
}

#[tokio::test]
async fn a_release_whose_files_somebody_amended_is_not_believed() {
    let place = Place::new();
    let target = place.target();
    let first = Built::numbered(1);
    publish(&target, &first, None).await.unwrap();
    place.git(".", &["clone", "-q", "-b", "gh-pages", "remote.git", "other"]);
    fs::write(place.path("other/index.html"), "amended").unwrap();
    place.git("other", &["commit", "-qa", "--amend", "--no-edit"]);
    place.git("other", &["push", "-q", "--force"]);
    assert!(matches!(target.live(&Scope::default()).await, Err(TargetError::Foreign { .. })));
}

#[tokio::test]
async fn another_clone_sees_what_is_live_and_can_go_back_to_it() {
    let place = Place::new();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    publish(&place.target(), &first, None).await.unwrap();
    place.git(".", &["clone", "-q", "--single-branch", "remote.git", "other"]);
    let other = GitBranch::new(place.path("other"), Place::config(), host());
    assert_eq!(live(&other).await.as_ref(), Some(first.id()));
    publish(&other, &second, Some(&first)).await.unwrap();
    assert_eq!(live(&place.target()).await.as_ref(), Some(second.id()));
    other.activate(first.id(), Some(second.id()), &Scope::default()).await.unwrap();
    assert_eq!(place.show("index.html"), "release 1");
}

#[tokio::test]
async fn two_clones_that_publish_at_once_do_not_lose_each_others_release() {
    let place = Place::new();
    let target = place.target();
    let (first, ours, theirs) = (Built::numbered(1), Built::numbered(2), Built::numbered(3));
    publish(&target, &first, None).await.unwrap();
    place.git(".", &["clone", "-q", "remote.git", "other"]);
    let other = GitBranch::new(place.path("other"), Place::config(), host());
    ours.stage(&target).await;
    theirs.stage(&other).await;
    let scope = Scope::default();
    let (a, b) = tokio::join!(
        target.activate(ours.id(), Some(first.id()), &scope),
        other.activate(theirs.id(), Some(first.id()), &scope)
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let error = a.err().or(b.err()).unwrap();
    assert!(matches!(error, TargetError::Moved { found: Some(_), .. }), "{error:?}");
    assert_eq!(place.commits(), 2);
}

#[tokio::test]
async fn a_remote_that_rejects_shows_what_it_showed_and_its_words_are_passed_on() {
    let place = Place::new();
    let target = place.target();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    publish(&target, &first, None).await.unwrap();
    place.hook("pre-receive", "echo 'the branch is protected'; exit 1");
    let error = publish(&target, &second, Some(&first)).await.unwrap_err();
    let said = format!("{:?}", error);
    assert!(said.contains("the branch is protected"), "{said}");
    assert!(error.help().is_some_and(|help| help.contains("gh-pages") || help.contains("branch")), "{error:?}");
    assert_eq!(live(&target).await.as_ref(), Some(first.id()));
}

#[tokio::test]
async fn a_remote_that_hangs_up_in_the_middle_shows_what_it_showed() {
    let place = Place::new();
    let target = place.target();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    publish(&target, &first, None).await.unwrap();
    place.hook("pre-receive", "kill -9 $PPID");
    let error = publish(&target, &second, Some(&first)).await.unwrap_err();
    assert!(matches!(error, TargetError::Place { .. }), "{error:?}");
    assert_eq!(live(&target).await.as_ref(), Some(first.id()));
    fs::remove_file(place.path("remote.git/hooks/pre-receive")).unwrap();
    target.activate(second.id(), Some(first.id()), &Scope::default()).await.unwrap();
    assert_eq!(live(&target).await.as_ref(), Some(second.id()));
}

#[tokio::test]
async fn a_push_that_landed_although_the_answer_was_lost_counts() {
    let place = Place::new();
    let target = place.target();
    let built = Built::numbered(1);
    // Git says what became of the branch only after this hook.
    place.hook("post-receive", "kill -9 $PPID");
    publish(&target, &built, None).await.unwrap();
    assert_eq!(live(&target).await.as_ref(), Some(built.id()));
}

#[tokio::test]
async fn a_remote_without_atomic_pushes_will_do() {
    let place = Place::new();
    place.git("remote.git", &["config", "receive.advertiseAtomic", "false"]);
    publish(&place.target(), &Built::numbered(1), None).await.unwrap();
}

#[tokio::test]
async fn staged_releases_survive_a_thorough_cleaning_of_the_repository() {
    let place = Place::new();
    let target = place.target();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    first.stage(&target).await;
    second.stage(&target).await;
    target.retire(second.id(), &Scope::default()).await.unwrap();
    place.git("project", &["gc", "-q", "--prune=now"]);
    publish(&target, &first, None).await.unwrap();
    // Its files were known when it was staged for the first time, and they are still there.
    assert_eq!(second.stage(&target).await.written, 0);
    target.activate(second.id(), Some(first.id()), &Scope::default()).await.unwrap();
    place.git("remote.git", &["fsck", "--strict", "--full"]);
}

#[tokio::test]
async fn files_that_the_repository_has_already_are_not_written_again() {
    let place = Place::new();
    let built = Built::numbered(1);
    for (path, content) in built.contents() {
        let path = place.path("project").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    place.git("project", &["add", "--all"]);
    place.git("project", &["commit", "-qm", "The site itself"]);
    assert_eq!(built.stage(&place.target()).await.written, 0);
}

#[test]
fn the_configuration_names_what_is_wrong_with_it() {
    use charter_host::{Secrets, Setup};
    let (host, secrets) = (host(), Secrets::default());
    let setup = Setup { host: &host, root: Path::new("/project"), secrets: &secrets };
    let build = |section| charter_targets::standard().build("git-branch", section, &setup);
    assert_eq!(build(serde_json::json!({})).unwrap().live_folder(), None);
    for (section, word) in [
        (serde_json::json!({ "remote": "https://example.org/x.git" }), "remote"),
        (serde_json::json!({ "remote": "--upload-pack=x" }), "remote"),
        (serde_json::json!({ "branch": "a..b" }), "branch"),
        (serde_json::json!({ "folder": "/site" }), "/docs"),
        (serde_json::json!({ "cname": "https://example.org" }), "cname"),
    ] {
        let error = build(section).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}
