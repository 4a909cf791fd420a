//! The repository as its callers see it, on real repositories and with the real git program.

#![expect(clippy::unwrap_used, reason = "what cannot be set up cannot be tested")]

mod anchors;
mod objects;
mod publishing;
mod reading;
mod worktrees;

use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{CommitHash, Digest, ProductionBranch};
use charter_host::{Environment, Host};
use charter_repository::Repository;
use jiff::Timestamp;
use tempfile::TempDir;

/// A git project with one commit, and room beside it.
struct Project {
    folder: TempDir,
    repository: Repository,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        init(&root, &[]);
        fs::write(root.join("index.html"), "one\n").unwrap();
        git(&root, &["add", "."]);
        git(&root, &["commit", "-qm", "First words\n\nand more"]);
        Self { repository: Repository::discover(&root).unwrap(), folder }
    }

    fn root(&self) -> &Path {
        self.repository.root()
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn commit(&self, file: &str, text: &str) -> CommitHash {
        fs::write(self.root().join(file), text).unwrap();
        git(self.root(), &["add", "--", file]);
        git(self.root(), &["commit", "-qm", file]);
        self.head()
    }

    fn head(&self) -> CommitHash {
        self.repository.head().unwrap().hash
    }

    fn anchor(&self, name: &str, source: &CommitHash, size: u64) -> CommitHash {
        self.repository.anchor(&branch(name), source, size, &digest(size), "Deployed", time()).unwrap()
    }

    /// Makes a bare repository beside the project and names it `origin`.
    fn with_remote(&self) -> PathBuf {
        let remote = self.beside("remote.git");
        git(self.folder.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        git(self.root(), &["remote", "add", "origin", &format!("file://{}", remote.display())]);
        remote
    }
}

fn init(root: &Path, options: &[&str]) {
    fs::create_dir_all(root).unwrap();
    git(root, &[&["init", "-q", "-b", "main"], options].concat());
    git(root, &["config", "user.name", "Dev"]);
    git(root, &["config", "user.email", "web@example.org"]);
}

/// Runs git as a person would and returns what it printed.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let (succeeded, printed) = try_git(folder, arguments);
    assert!(succeeded, "git {arguments:?}: {printed}");
    printed
}

fn try_git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    #[expect(clippy::disallowed_methods, reason = "the test is the user here")]
    let output = std::process::Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .output()
        .expect("git is needed for these tests");
    let text = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8_lossy(&text).trim_end().to_owned())
}

fn host() -> Host {
    let environment = Environment::default().with("PATH", "/usr/local/bin:/usr/bin:/bin").with("HOME", "/nonexistent");
    Host::system(environment)
}

fn branch(description: &str) -> ProductionBranch {
    format!("20261121-020711-prod-{description}").parse().unwrap()
}

fn digest(number: u64) -> Digest {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest::new(bytes)
}

fn time() -> Timestamp {
    "2026-11-21T02:07:11Z".parse().unwrap()
}
