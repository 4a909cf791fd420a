//! Publishing to a branch, as GitHub Pages has it: over HTTP with a password and over ssh, there and back.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use charter_host::{Environment, Host, Scope};
use charter_targets::kinds::git_branch::GitBranch;
use charter_targets::{Target, TargetError};
use charter_testkit::contract::target::{self as contract, Built};
use charter_tests::git_server::{HttpServer, PASSWORD, PagesHost, SshServer, publish_to_branch, write_hook};
use charter_tests::{Site, WITHOUT_BROWSER, command, run};

use crate::PROGRAM;
use crate::real_site::book;

/// How a remote is reached.
enum Transport {
    Http(HttpServer),
    Ssh(SshServer),
}

/// A server, the repositories it serves, and projects that publish to them.
struct Remotes {
    transport: Transport,
    folder: tempfile::TempDir,
    next: AtomicU32,
}

impl Remotes {
    fn over_http() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let transport = Transport::Http(HttpServer::start(folder.path(), folder.path())?);
        Some(Self { transport, folder, next: AtomicU32::new(0) })
    }

    fn over_ssh() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let transport = Transport::Ssh(SshServer::start(folder.path())?);
        Some(Self { transport, folder, next: AtomicU32::new(0) })
    }

    /// Tells a project's git how to reach a bare repository.
    fn connect(&self, project: &Path, repository: &Path) {
        match &self.transport {
            Transport::Http(server) => {
                let name = repository.strip_prefix(self.folder.path()).unwrap().display().to_string();
                git(project, &["remote", "add", "origin", &server.url(&name, PASSWORD)]);
            }
            Transport::Ssh(server) => {
                git(project, &["remote", "add", "origin", &server.url(repository)]);
                git(project, &["config", "core.sshCommand", &server.ssh_command()]);
            }
        }
    }

    /// Makes a project and its remote.
    fn project(&self) -> (GitBranch, PathBuf, PathBuf) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (project, remote) = (format!("project-{number}"), format!("remote-{number}.git"));
        git(self.folder.path(), &["init", "-q", &project]);
        git(self.folder.path(), &["init", "-q", "--bare", &remote]);
        let (project, remote) = (self.folder.path().join(project), self.folder.path().join(remote));
        self.connect(&project, &remote);
        let config = serde_json::from_value(serde_json::json!({})).unwrap();
        (GitBranch::new(project.clone(), config, host()), project, remote)
    }
}

fn host() -> Host {
    let environment = Environment::default().with("PATH", "/usr/local/bin:/usr/bin:/bin").with("HOME", "/nonexistent");
    Host::system(environment)
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    run(command("git").current_dir(folder).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null")).expect(0).stdout
}

async fn keeps_the_contract(remotes: &Remotes) {
    contract::target(async || {
        let (target, ..) = remotes.project();
        (target, ())
    })
    .await;
}

#[tokio::test]
async fn the_contract_holds_over_http_with_a_password() {
    let Some(remotes) = Remotes::over_http() else { return };
    keeps_the_contract(&remotes).await;
}

#[tokio::test]
async fn the_contract_holds_over_ssh() {
    let Some(remotes) = Remotes::over_ssh() else { return };
    keeps_the_contract(&remotes).await;
}

/// Publishes once, then again against a remote that will not have it.
async fn refused_by(remotes: &Remotes, hook: &str) -> TargetError {
    let (target, _, remote) = remotes.project();
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    let scope = Scope::default();
    first.stage(&target).await;
    target.activate(first.id(), None, &scope).await.unwrap();
    write_hook(&remote, "pre-receive", hook);
    second.stage(&target).await;
    let error = target.activate(second.id(), Some(first.id()), &scope).await.unwrap_err();
    assert_eq!(target.live(&scope).await.unwrap().as_ref(), Some(first.id()));
    std::fs::remove_file(remote.join("hooks/pre-receive")).unwrap();
    target.activate(second.id(), Some(first.id()), &scope).await.unwrap();
    assert_eq!(target.live(&scope).await.unwrap().as_ref(), Some(second.id()));
    error
}

fn in_full(error: &TargetError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    format!("{text}; {}", error.help().unwrap_or_default())
}

#[tokio::test]
async fn a_remote_that_rejects_or_hangs_up_leaves_what_was_shown() {
    for remotes in [Remotes::over_http(), Remotes::over_ssh()].into_iter().flatten() {
        let rejected = in_full(&refused_by(&remotes, "echo 'protected branch'; exit 1").await);
        assert!(rejected.contains("refused") && rejected.contains("let your user push"), "{rejected}");
        let hung_up = in_full(&refused_by(&remotes, "kill -9 $PPID").await);
        assert!(hung_up.contains("run the command again"), "{hung_up}");
        assert!(!hung_up.contains(PASSWORD) && !rejected.contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_password_that_is_never_right_ends_in_words_that_help() {
    let Some(remotes) = Remotes::over_http() else { return };
    let Transport::Http(server) = &remotes.transport else { return };
    let (target, project, _) = remotes.project();
    for url in [server.url("remote-0.git", "wrong"), server.url("remote-0.git", "").replace("ann:@", "")] {
        git(&project, &["remote", "set-url", "origin", &url]);
        let error = target.live(&Scope::default()).await.unwrap_err();
        let text = in_full(&error);
        assert!(text.contains("denied access") && text.contains("credential helper"), "{text}");
        assert!(!text.contains("wrong"), "{text}");
    }
}

#[test]
fn a_key_that_the_server_does_not_know_ends_in_words_that_help() {
    let Some(remotes) = Remotes::over_ssh() else { return };
    let (target, project, _) = remotes.project();
    let Transport::Ssh(server) = &remotes.transport else { return };
    git(&project, &["config", "core.sshCommand", &server.ssh_command().replace("user_key", "host_key")]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let text = in_full(&runtime.block_on(target.live(&Scope::default())).unwrap_err());
    assert!(text.contains("denied access") && text.contains("ssh agent"), "{text}");
}

/// Publishes the book, a change of it, and goes back.
fn there_and_back(remotes: &Remotes) {
    let Some(book) = book() else { return };
    let site = Site::below(PROGRAM, remotes.folder.path());
    run(command("cp").arg("--recursive").arg(book).arg(site.project().join("public"))).expect(0);
    site.run(&["init"]).expect(0);
    let target = "target = { kind = \"docroot\", path = \"production/site\" }";
    let configuration = site.read("charter.toml");
    let is_ours = |line: &&str| !line.starts_with("target = ") && !line.starts_with("url = ");
    let kept: Vec<&str> = configuration.lines().filter(is_ours).collect();
    let production = format!("[environments.production]\n{target}\n{WITHOUT_BROWSER}");
    let configuration = kept.join("\n").replace("[environments.production]", &production);
    // What the gates think of the book is not what this is about.
    let lenient = "[constitution]\nenforcement = \"flexible\"\n";
    let configuration = match configuration.contains("[constitution]") {
        true => configuration.replace("enforcement = \"strict\"", "enforcement = \"flexible\""),
        false => format!("{configuration}\n\n{lenient}"),
    };
    assert!(configuration.contains("flexible"), "{configuration}");
    site.write("charter.toml", configuration);
    publish_to_branch_of(&site, remotes);
    let host = PagesHost::start(&site);

    let deployed = site.run(&["deploy"]).expect(0);
    assert!(!deployed.text().contains(PASSWORD));
    let front = || std::fs::read(site.project().join("production/site/current/index.html")).unwrap();
    let first = front();
    let index = site.read("public/index.html");
    site.write("public/index.html", index.replace("</main>", "<p>A change.</p></main>"));
    site.commit("Change the front page");
    let planned = site.run(&["deploy", "--dry-run", "--format", "json"]).expect(0).stdout;
    for told in [r#""added":[]"#, r#""changed":["index.html"]"#, r#""removed":[]"#] {
        assert!(planned.contains(told), "{planned}");
    }
    site.run(&["deploy"]).expect(0);
    assert!(String::from_utf8_lossy(&front()).contains("<p>A change.</p>"));
    site.run(&["rollback"]).expect(0);
    assert!(front() == first, "every byte is as it was");
    site.run(&["verify"]).expect(0);
    let shown = site.run(&["show", "--format", "json"]).expect(0).stdout;
    assert!(shown.contains("visibleAfterMs"), "both clocks are on record: {shown}");
    drop(host);
}

/// Has the project publish to a repository beside it, over the wire.
fn publish_to_branch_of(site: &Site, remotes: &Remotes) {
    publish_to_branch(site);
    site.git(&["remote", "remove", "origin"]);
    remotes.connect(&site.project(), &site.folder().join("remote.git"));
}

#[test]
fn the_rust_book_goes_to_a_branch_and_back_over_http() {
    let Some(remotes) = Remotes::over_http() else { return };
    there_and_back(&remotes);
}

#[test]
fn the_rust_book_goes_to_a_branch_and_back_over_ssh() {
    let Some(remotes) = Remotes::over_ssh() else { return };
    there_and_back(&remotes);
}

#[test]
fn what_somebody_else_published_is_left_and_the_command_says_what_next() {
    let site = Site::new(PROGRAM);
    publish_to_branch(&site);
    let _host = PagesHost::start(&site);
    site.run(&["deploy"]).expect(0);
    site.git(&["clone", "--quiet", "--branch", "gh-pages", "../remote.git", "../other"]);
    let other = site.folder().join("other");
    std::fs::write(other.join("index.html"), "by hand").unwrap();
    git(&other, &["-c", "user.name=bob", "-c", "user.email=bob@example.org", "commit", "-qam", "By hand"]);
    git(&other, &["push", "-q"]);
    site.publish_version(2);
    let ran = site.run(&["deploy"]);
    assert_ne!(ran.code, Some(0));
    let text = ran.text();
    assert!(text.contains("somebody else published it"), "{text}");
    let accept = text.split('`').find(|word| word.starts_with("git update-ref")).unwrap();
    site.git(&accept.split_whitespace().skip(1).collect::<Vec<_>>());
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(2));
}

#[test]
fn a_branch_that_nobody_can_look_at_is_refused() {
    let site = Site::new(PROGRAM);
    publish_to_branch(&site);
    let configuration = site.read("charter.toml");
    site.write("charter.toml", configuration.replace("url = \"http://127.0.0.1:9/\"\n", ""));
    let ran = site.run(&["deploy"]).expect(2);
    assert!(ran.text().contains("has no `url` to watch"), "{}", ran.text());
}

#[test]
fn what_the_host_never_shows_is_taken_back() {
    let site = Site::new(PROGRAM);
    publish_to_branch(&site);
    let host = PagesHost::start(&site);
    site.run(&["deploy"]).expect(0);
    drop(host);
    let impatient = "kind = \"git-branch\", visible-within-seconds = 0";
    let configuration = site.read("charter.toml").replace("kind = \"git-branch\"", impatient);
    site.write("charter.toml", configuration.replace("verify = { ", "verify = { timeout-seconds = 1, "));
    site.publish_version(2);
    let ran = site.run(&["deploy"]).expect(13);
    assert!(ran.text().contains("deploy.json"), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(1), "the branch holds the release before again");
    let history = git(&site.folder().join("remote.git"), &["rev-list", "--count", "--first-parent", "gh-pages"]);
    assert_eq!(history.trim(), "3", "and nothing was rewritten");
}

#[test]
fn a_push_that_outlives_its_command_is_ended_by_the_next() {
    let site = Site::new(PROGRAM);
    publish_to_branch(&site);
    let _host = PagesHost::start(&site);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    // The remote is slow: it waits until somebody opens the gate.
    let remote = site.folder().join("remote.git");
    run(command("mkfifo").arg(site.folder().join("gate"))).expect(0);
    let slow = "read old new ref; [ \"$ref\" != refs/heads/gh-pages ] || { touch ../waiting; read word < ../gate; }";
    write_hook(&remote, "pre-receive", slow);
    let quiet = std::process::Stdio::null;
    let mut deploy = site.command(&["deploy"]).stdout(quiet()).stderr(quiet()).spawn().unwrap();
    while !site.folder().join("waiting").exists() {
        std::thread::yield_now();
    }
    deploy.kill().unwrap();
    deploy.wait().unwrap();
    std::fs::remove_file(remote.join("hooks/pre-receive")).unwrap();
    site.run(&["resume"]).expect(0);
    assert_eq!(site.version_seen(), Some(1));
    let at = || git(&remote, &["rev-parse", "gh-pages"]);
    let settled = at();
    // Nobody is left to come through the gate: opening it does not wait for a reader.
    run(command("sh").arg("-c").arg("exec 3<>gate; echo go >&3").current_dir(site.folder())).expect(0);
    assert_eq!(at(), settled);
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(2));
    site.run(&["verify"]).expect(0);
}
