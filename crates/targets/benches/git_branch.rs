//! Times a publish branch on a real site, beside `git add` and `git commit` and, where it is installed, `gh-pages`.
//!
//! `cargo bench -p charter-targets --bench git_branch -- <site> <work folder> [ours|git|gh-pages]…` stages and publishes
//! a copy of the site to a bare repository inside the work folder, changes one file, does it again, and goes back; then
//! the same with the others. `gh-pages` is what `npm install gh-pages` puts into `<work folder>/node_modules`. Without
//! arguments it does nothing, so that `cargo bench` can run everything.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench runs its peers")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use charter_artifact::Artifact;
use charter_deploy_model::{DeploymentId, Environment, Release, ReleaseId, Stamp};
use charter_host::{Host, Scope};
use charter_targets::Target;
use charter_targets::kinds::git_branch::{GitBranch, GitBranchConfig};
use jiff::Timestamp;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|argument| argument != "--bench").map(PathBuf::from).collect();
    let [site, work, what @ ..] = arguments.as_slice() else {
        println!(
            "usage: cargo bench -p charter-targets --bench git_branch -- <site> <work folder> [ours|git|gh-pages]…"
        );
        return Ok(());
    };
    let wanted = |name: &str| what.is_empty() || what.iter().any(|it| it.as_os_str() == name);
    let copy = work.join("site");
    if !copy.is_dir() {
        run(Command::new("cp").arg("-r").arg(site).arg(&copy))?;
    }
    if wanted("ours") {
        ours(&copy, &work.join("ours")).await?;
    }
    if wanted("git") {
        git(&copy, &work.join("git"))?;
    }
    if wanted("gh-pages") && work.join("node_modules/gh-pages").is_dir() {
        gh_pages(&copy, work)?;
    }
    Ok(())
}

/// Makes an empty project and the bare repository it publishes to.
fn begin(folder: &Path) -> Outcome<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let project = folder.join("project");
    fs::create_dir_all(&project)?;
    run(Command::new("git").args(["init", "-q", "--bare", "remote.git"]).current_dir(folder))?;
    run(Command::new("git").args(["init", "-q", "-b", "gh-pages"]).current_dir(&project))?;
    for (key, value) in [("user.name", "ann"), ("user.email", "ann@example.org")] {
        run(Command::new("git").args(["config", key, value]).current_dir(&project))?;
    }
    let url = format!("file://{}", folder.join("remote.git").display());
    run(Command::new("git").args(["remote", "add", "origin", &url]).current_dir(&project))?;
    run(&mut Command::new("sync"))?;
    Ok(project)
}

async fn ours(site: &Path, folder: &Path) -> Outcome<()> {
    let project = begin(folder)?;
    let environment = std::env::vars_os().collect();
    let config: GitBranchConfig = serde_json::from_value(serde_json::json!({}))?;
    let target = GitBranch::new(project, config, Host::system(environment));
    let cache = folder.join("cache");
    let first = publish("first", &target, site, &cache, 1, None).await?;
    let changed = Changed::new(site)?;
    let second = publish("one file changed", &target, site, &cache, 2, Some(&first)).await?;
    drop(changed);
    let started = Instant::now();
    target.activate(&first, Some(&second), &Scope::default()).await?;
    println!("ours, going back: {:.3} s", started.elapsed().as_secs_f64());
    let status = fs::read_to_string("/proc/self/status")?;
    println!("ours, {}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown"));
    Ok(())
}

async fn publish(
    what: &str,
    target: &GitBranch,
    site: &Path,
    cache: &Path,
    second: i64,
    live: Option<&ReleaseId>,
) -> Outcome<ReleaseId> {
    let scope = Scope::default();
    let started = Instant::now();
    let artifact = Artifact::read(site, Some(cache), &scope)?;
    let read = started.elapsed();
    let stamp = Stamp::of(Timestamp::from_second(second)?);
    let release = Release {
        id: ReleaseId::new(stamp, &artifact.digest),
        deployment_id: DeploymentId::new(stamp),
        commit: "0123456789abcdef0123456789abcdef01234567".parse()?,
        digest: artifact.digest,
        environment: Environment::Production,
    };
    let staged = target.stage(&release, &artifact, &scope).await?;
    let stage = started.elapsed() - read;
    target.activate(&release.id, live, &scope).await?;
    let whole = started.elapsed();
    println!(
        "ours, {what}: {} files, {} bytes written: read {:.3} s + stage {:.3} s = {:.3} s, + push {:.3} s = {:.3} s",
        artifact.files.len(),
        staged.written,
        read.as_secs_f64(),
        stage.as_secs_f64(),
        (read + stage).as_secs_f64(),
        (whole - read - stage).as_secs_f64(),
        whole.as_secs_f64()
    );
    Ok(release.id)
}

/// The same with git's own porcelain: a checkout, an index, a commit.
fn git(site: &Path, folder: &Path) -> Outcome<()> {
    let project = begin(folder)?;
    let work_tree = format!("--work-tree={}", site.display());
    let git = |arguments: &[&str]| -> Outcome<f64> {
        let started = Instant::now();
        run(Command::new("git").arg(&work_tree).arg("--git-dir=.git").args(arguments).current_dir(&project))?;
        Ok(started.elapsed().as_secs_f64())
    };
    let publish = |what: &str| -> Outcome<()> {
        let commit = git(&["add", "-A"])? + git(&["commit", "-q", "-m", "x"])?;
        let push = git(&["push", "-q", "origin", "gh-pages"])?;
        println!("git, {what}: add + commit {commit:.3} s, + push {push:.3} s = {:.3} s", commit + push);
        Ok(())
    };
    publish("first")?;
    let changed = Changed::new(site)?;
    publish("one file changed")?;
    drop(changed);
    Ok(())
}

/// The same with the npm tool.
fn gh_pages(site: &Path, work: &Path) -> Outcome<()> {
    let project = begin(&work.join("gh-pages"))?;
    // Beside it gh-pages keeps its clone.
    fs::write(project.join("package.json"), "{}")?;
    let publish = |what: &str| {
        let started = Instant::now();
        let ended = run(Command::new(work.join("node_modules/.bin/gh-pages"))
            .args(["--nojekyll", "--dotfiles", "--silent", "--dist"])
            .arg(site)
            .current_dir(&project));
        let took = started.elapsed().as_secs_f64();
        println!("gh-pages, {what}: {took:.3} s{}", ended.err().map(|error| format!(": {error}")).unwrap_or_default());
    };
    publish("first");
    let changed = Changed::new(site)?;
    publish("one file changed");
    drop(changed);
    Ok(())
}

fn run(command: &mut Command) -> Outcome<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}: {}", output.status, said.lines().next().unwrap_or_default()).into())
}

/// Holds one file of the site changed, and puts it back when dropped.
struct Changed {
    path: PathBuf,
    before: Vec<u8>,
}

impl Changed {
    fn new(site: &Path) -> Outcome<Self> {
        let path = site.join("index.html");
        let before = fs::read(&path)?;
        fs::write(&path, [before.as_slice(), b"<!-- changed -->"].concat())?;
        Ok(Self { path, before })
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        if let Err(error) = fs::write(&self.path, &self.before) {
            println!("could not put `{}` back: {error}", self.path.display());
        }
    }
}
