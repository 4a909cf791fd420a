//! Where a token is taken from, with a program called `gh` that is there for the test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use charter_github::{Place, token};
use charter_host::{Environment, Scope, SystemProcesses};

fn place(remote: &str) -> Place {
    Place::of_remote(remote, Some("git.corp.example")).unwrap()
}

fn with_gh(folder: &Path, script: &str) -> Environment {
    let gh = folder.join("gh");
    fs::write(&gh, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
    Environment::default().with("PATH", format!("{}:/usr/bin:/bin", folder.display()))
}

async fn ask(remote: &str, environment: &Environment) -> Option<String> {
    let token = token(&place(remote), environment, &SystemProcesses, &Scope::default()).await;
    token.map(|token| token.reveal().to_owned())
}

const CLOUD: &str = "git@github.com:o/r.git";
const OWN: &str = "git@git.corp.example:o/r.git";

#[tokio::test]
async fn the_environment_comes_first_and_each_server_has_its_own_variables() {
    let none = Environment::default().with("PATH", "/nowhere");
    let all = none.clone().with("GITHUB_TOKEN", " cloud\n").with("GITHUB_ENTERPRISE_TOKEN", "own");
    assert_eq!(ask(CLOUD, &all).await.as_deref(), Some("cloud"));
    assert_eq!(ask(OWN, &all).await.as_deref(), Some("own"));
    assert_eq!(ask(CLOUD, &all.with("GH_TOKEN", "first")).await.as_deref(), Some("first"));
    assert_eq!(ask(OWN, &none.clone().with("GITHUB_TOKEN", "cloud")).await, None, "it is not that server's to know");
    assert_eq!(ask(CLOUD, &none.clone().with("GITHUB_TOKEN", "")).await, None);
    assert_eq!(ask(CLOUD, &none.with("GITHUB_TOKEN", "two words")).await, None);
}

#[tokio::test]
async fn else_gh_is_asked_for_that_very_server_and_sees_nothing_it_does_not_need() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"[ -z "$AWS_SECRET_ACCESS_KEY" ] && [ "$1 $2 $3" = "auth token --hostname" ] && echo "token-of-$4""#;
    let environment = with_gh(folder.path(), script).with("AWS_SECRET_ACCESS_KEY", "x");
    assert_eq!(ask(CLOUD, &environment).await.as_deref(), Some("token-of-github.com"));
    assert_eq!(ask(OWN, &environment).await.as_deref(), Some("token-of-git.corp.example"));
}

#[tokio::test]
async fn a_gh_that_is_not_logged_in_or_prints_something_else_gives_none() {
    let folder = tempfile::tempdir().unwrap();
    for script in
        ["echo no oauth token found >&2; exit 1", "echo", "echo two words", "head -c 5000 /dev/zero | tr '\\0' x"]
    {
        assert_eq!(ask(CLOUD, &with_gh(folder.path(), script)).await, None, "{script}");
    }
}
