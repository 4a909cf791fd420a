//! `cargo xtask bench`: us and our peers, side by side in one run, with the ratio.
//!
//! The real input is the toolchain's own HTML documentation, which nobody here wrote (about 52,000 files). Every
//! measurement is taken several times in turn with its peer's, after one run that does not count; the table shows
//! medians.

mod crates;
mod gates;
mod peers;

use std::fs;
use std::io::{Error, Result, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_artifact::Artifact;
use charter_deploy_model::{DeploymentId, Environment, ProductionDeployment, Release, ReleaseId, Stamp};
use charter_host::{Environment as Variables, Host, Scope, Secrets, Setup};
use charter_store::{FileBackend, Store};
use charter_targets::Target;
use jiff::Timestamp;
use serde_json::json;

use crate::chore::{program, repository, say};

/// How often each side is measured.
const ROUNDS: usize = 3;

/// Builds this program with optimisation and runs the measurements in it.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments.as_slice() {
        ["--measure-publish", source, docroot] => publish_once(Path::new(source), Path::new(docroot)),
        ["--measure", names @ ..] => measure(names),
        names if names.iter().all(|name| NAMES.contains(name)) => optimised(names),
        _ => {
            say(format!("usage: cargo xtask bench [{}]…", NAMES.join("|")));
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format!("the bench did not finish: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn optimised(names: &[&str]) -> Result<()> {
    let mut command = program(env!("CARGO"));
    command.args(["run", "--quiet", "--release", "--package", "xtask", "--bin", "xtask", "--", "bench", "--measure"]);
    command.args(names);
    succeed(&mut command)
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(Error::other(format!("{command:?} ended with {status}"))) }
}

/// What can be measured by itself.
const NAMES: [&str; 11] =
    ["first", "changed", "back", "store", "gates", "containers", "axe", "weight", "links", "secrets", "pages"];

fn measure(names: &[&str]) -> Result<()> {
    let wanted = |name| names.is_empty() || names.contains(&name);
    let documentation = documentation()?;
    let work = tempfile::tempdir_in(repository().join("target"))?;
    say(format!("input: the toolchain's HTML documentation; {ROUNDS} rounds, medians\n"));
    say("| what | us | peer | ratio | reach |");
    say("| --- | --- | --- | --- | --- |");
    // First, while the disk is at rest: it is busy with what was removed for a good while after the other rows.
    if wanted("store") {
        store(work.path())?;
    }
    if wanted("first") {
        first_time(&documentation, work.path())?;
    }
    if wanted("changed") {
        one_file_changed(&documentation, work.path())?;
    }
    if wanted("back") {
        going_back(&documentation, work.path())?;
    }
    if wanted("gates") {
        gates::measure(&documentation, work.path())?;
    }
    if wanted("containers") {
        gates::containers(&documentation, work.path())?;
    }
    if wanted("axe") {
        gates::axe(&documentation, work.path())?;
    }
    if wanted("weight") {
        gates::weight(&documentation, work.path())?;
    }
    if wanted("links") {
        crates::links(&documentation)?;
    }
    if wanted("secrets") {
        crates::secrets(&documentation, work.path())?;
    }
    if wanted("pages") {
        crates::pages(&documentation, work.path())?;
    }
    Ok(())
}

fn documentation() -> Result<PathBuf> {
    let output = program("rustc").args(["--print", "sysroot"]).output()?;
    let folder = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("share/doc/rust/html");
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(Error::other("the toolchain has no HTML documentation: rustup component add rust-docs"))
    }
}

fn row(what: &str, us: &str, peer: &str, ratio: &str, reach: &str) {
    say(format!("| {what} | {us} | {peer} | {ratio} | {reach} |"));
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values[values.len() / 2]
}

fn timed(run: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let started = Instant::now();
    run()?;
    Ok(started.elapsed())
}

fn remove(path: &Path) -> Result<()> {
    if path.exists() { fs::remove_dir_all(path) } else { Ok(()) }
}

fn flush() -> Result<()> {
    succeed(&mut program("sync"))
}

/// Publishes a folder in a process of its own, and returns how long that process says it took and its peak memory.
fn publish(source: &Path, docroot: &Path) -> Result<(Duration, u64)> {
    let output =
        program(std::env::current_exe()?).args(["bench", "--measure-publish"]).arg(source).arg(docroot).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace().map(str::parse::<u64>);
    match (words.next(), words.next()) {
        (Some(Ok(micros)), Some(Ok(kilobytes))) => Ok((Duration::from_micros(micros), kilobytes)),
        _ => Err(Error::other(format!("publishing failed: {text}{}", String::from_utf8_lossy(&output.stderr)))),
    }
}

/// Reads, stages and shows a folder, durably; prints microseconds and peak memory in kB.
fn publish_once(source: &Path, docroot: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let scope = Scope::default();
        let target = docroot_target(docroot)?;
        let started = Instant::now();
        let cache = docroot.with_extension("stat");
        let artifact = Artifact::read(source, Some(&cache), &scope).map_err(Error::other)?;
        let stamp =
            Stamp::of(Timestamp::from_second(1_800_000_000 + number_of_releases(docroot)).map_err(Error::other)?);
        let release = Release {
            id: ReleaseId::new(stamp, &artifact.digest),
            deployment_id: DeploymentId::new(stamp),
            commit: "0".repeat(40).parse().map_err(Error::other)?,
            digest: artifact.digest,
            environment: Environment::Production,
        };
        let live = target.live(&scope).await.map_err(Error::other)?;
        target.stage(&release, &artifact, &scope).await.map_err(Error::other)?;
        target.activate(&release.id, live.as_ref(), &scope).await.map_err(Error::other)?;
        say(format!("{} {}", started.elapsed().as_micros(), peak_memory()?));
        Ok(())
    })
}

fn number_of_releases(docroot: &Path) -> i64 {
    fs::read_dir(docroot.join("releases")).map_or(0, |entries| entries.count() as i64)
}

fn docroot_target(docroot: &Path) -> Result<Box<dyn Target>> {
    let host = Host::system(Variables::default());
    let secrets = Secrets::default();
    let setup = Setup { host: &host, root: docroot, secrets: &secrets };
    charter_targets::standard().build("docroot", json!({ "path": docroot }), &setup).map_err(Error::other)
}

/// Returns this process's peak memory, in kB.
fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or_else(|| Error::other("no VmHWM"))
}

fn first_time(documentation: &Path, work: &Path) -> Result<()> {
    let (docroot, copy) = (work.join("first"), work.join("first-copy"));
    let (mut us, mut peer, mut memory) = (Vec::new(), Vec::new(), 0);
    for round in 0..=ROUNDS {
        for folder in [&docroot, &copy] {
            remove(folder)?;
        }
        let _ = fs::remove_file(docroot.with_extension("stat"));
        flush()?;
        let (took, kilobytes) = publish(documentation, &docroot)?;
        memory = memory.max(kilobytes);
        flush()?;
        let copied = timed(|| {
            succeed(program("cp").arg("-r").arg(documentation).arg(&copy))?;
            flush()
        })?;
        if round > 0 {
            us.push(took);
            peer.push(copied);
        }
    }
    let (us, peer) = (median(us), median(peer));
    let ratio = us.as_secs_f64() / peer.as_secs_f64();
    row(
        "docroot, first time, durable",
        &seconds(us),
        &format!("`cp -r` and `sync` {}", seconds(peer)),
        &format!("{ratio:.2} ×"),
        "1.2 ×",
    );
    row("memory at its highest", &format!("{} MB", memory / 1000), "", "", "500 MB");
    remove(&copy)?;
    remove(&docroot)
}

fn one_file_changed(documentation: &Path, work: &Path) -> Result<()> {
    let (source, docroot, peers) = (work.join("source"), work.join("changed"), work.join("rsync"));
    for folder in [&source, &docroot, &peers] {
        remove(folder)?;
    }
    succeed(program("cp").arg("-r").arg(documentation).arg(&source))?;
    fs::create_dir_all(&peers)?;
    publish(&source, &docroot)?;
    let rsync = |before: &str, after: &str| {
        let mut command = program("rsync");
        command.arg("-a").arg(format!("--link-dest={}", peers.join(before).display()));
        command.arg(format!("{}/", source.display())).arg(peers.join(after));
        command
    };
    succeed(program("rsync").arg("-a").arg(format!("{}/", source.display())).arg(peers.join("0")))?;
    let (mut us, mut peer, mut links) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        fs::write(source.join("index.html"), format!("<!doctype html><title>Round {round}</title>"))?;
        flush()?;
        let (took, _) = publish(&source, &docroot)?;
        flush()?;
        let synced = timed(|| succeed(&mut rsync(&round.to_string(), &(round + 1).to_string())))?;
        flush()?;
        let linked = timed(|| succeed(program("cp").arg("-al").arg(peers.join("0")).arg(work.join("links"))))?;
        remove(&work.join("links"))?;
        if round > 0 {
            us.push(took);
            peer.push(synced);
            links.push(linked);
        }
    }
    let (us, peer, links) = (median(us), median(peer), median(links));
    let ratio = us.as_secs_f64() / peer.as_secs_f64();
    let peers_text = format!("`rsync -a --link-dest` {} (`cp -al` alone {})", seconds(peer), seconds(links));
    row("docroot, one file changed", &seconds(us), &peers_text, &format!("{ratio:.2} ×"), "0.3 ×");
    for folder in [&source, &docroot, &peers] {
        remove(folder)?;
    }
    Ok(())
}

/// The whole `rollback` command on a project with the whole documentation, as a user would type it.
fn going_back(documentation: &Path, work: &Path) -> Result<()> {
    let project = work.join("project");
    remove(&project)?;
    fs::create_dir_all(&project)?;
    let site = work.join("site");
    succeed(program("cp").arg("-r").arg(documentation).arg(&site))?;
    fs::write(
        project.join("charter.toml"),
        format!(
            "[application]\nname = \"docs\"\n[build]\noutput = {:?}\n[constitution]\nenforcement = \"flexible\"\n\
             [environments.production]\ntarget = {{ kind = \"docroot\", path = \"production/site\" }}\n",
            site.display().to_string()
        ),
    )?;
    fs::write(project.join(".gitignore"), "/production/\n")?;
    let git = |arguments: &[&str]| {
        let names = ["-c", "user.name=Bench", "-c", "user.email=bench@localhost"];
        succeed(program("git").current_dir(&project).args(names).args(arguments))
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "Publish the documentation"])?;
    let charter = |arguments: &[&str]| -> Result<()> {
        let mut command = program(std::env::current_exe()?);
        command.args(arguments).args(["--quiet", "--project"]).arg(&project);
        command.env("XDG_DATA_HOME", work.join("data")).env("XDG_CACHE_HOME", work.join("cache"));
        command.stderr(Stdio::null());
        succeed(&mut command)
    };
    let mut took = Vec::new();
    charter(&["deploy"])?;
    for round in 0..=ROUNDS {
        fs::write(site.join("index.html"), format!("<!doctype html><title>Round {round}</title>"))?;
        charter(&["deploy"])?;
        flush()?;
        let back = timed(|| charter(&["rollback"]))?;
        if round > 0 {
            took.push(back);
        }
    }
    row("going back, the whole command", &seconds(median(took)), "", "", "1 s");
    for folder in [project, site, work.join("data"), work.join("cache")] {
        remove(&folder)?;
    }
    Ok(())
}

const APPENDS: usize = 2_000;
const RECORDS: usize = 100_000;

fn store(work: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        for (writers, words, reach) in [(1, "one writer", "400/s"), (8, "eight writers", "2,000/s")] {
            // Nothing is removed in between: the disk is busy with that for a good while.
            let peer = bare_per_second(&work.join(format!("bare-{writers}")), writers)?;
            let us = appends_per_second(&work.join(format!("store-{writers}")), writers).await?;
            let what = format!("store, durable appends, {words}");
            let bare = format!("the bare syncs {peer:.0}/s");
            row(&what, &format!("{us:.0}/s"), &bare, &format!("{:.2} ×", us / peer), reach);
        }
        verify_many(&work.join("store-many")).await
    })
}

async fn open(folder: &Path) -> Result<Store> {
    let backend = FileBackend::open(folder).map_err(Error::other)?;
    Store::open(Arc::new(backend)).await.map_err(Error::other)
}

async fn appends_per_second(folder: &Path, writers: usize) -> Result<f64> {
    let store = open(folder).await?;
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let store = store.clone();
        tasks.spawn(async move {
            for number in (writer..APPENDS).step_by(writers) {
                store.append(&record(number)?).await.map_err(Error::other)?;
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(joined) = tasks.join_next().await {
        joined.map_err(Error::other)??;
    }
    Ok(APPENDS as f64 / started.elapsed().as_secs_f64())
}

/// What the disk allows: a file written and synced and its folder synced, then a line appended and synced, by each
/// writer for itself and without anything of ours.
fn bare_per_second(folder: &Path, writers: usize) -> Result<f64> {
    let text = serde_json::to_vec(&record(0)?)?;
    fs::create_dir_all(folder)?;
    let started = Instant::now();
    std::thread::scope(|scope| {
        let write = |writer: usize| -> Result<()> {
            let mut log = fs::File::create(folder.join(format!("log-{writer}")))?;
            for number in (writer..APPENDS).step_by(writers) {
                let mut file = fs::File::create(folder.join(number.to_string()))?;
                file.write_all(&text)?;
                file.sync_all()?;
                fs::File::open(folder)?.sync_all()?;
                log.write_all(b"a line of the log\n")?;
                log.sync_data()?;
            }
            Ok(())
        };
        let running: Vec<_> = (0..writers).map(|writer| scope.spawn(move || write(writer))).collect();
        running.into_iter().try_for_each(|one| one.join().map_err(|_| Error::other("a writer panicked"))?)
    })?;
    Ok(APPENDS as f64 / started.elapsed().as_secs_f64())
}

async fn verify_many(folder: &Path) -> Result<()> {
    let store = open(folder).await?;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..64 {
        let store = store.clone();
        tasks.spawn(async move {
            for number in (writer..RECORDS).step_by(64) {
                store.append(&record(number)?).await.map_err(Error::other)?;
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(joined) = tasks.join_next().await {
        joined.map_err(Error::other)??;
    }
    let mut took = Vec::new();
    for _ in 0..3 {
        let started = Instant::now();
        let store = open(folder).await?;
        let verification = store.verify(&[], &Scope::default()).await.map_err(Error::other)?;
        if !verification.is_sound() || verification.sound < RECORDS as u64 {
            return Err(Error::other("the store does not verify"));
        }
        took.push(started.elapsed());
    }
    row("store, `verify` of 100,000 records", &seconds(median(took)), "", "", "3 s");
    remove(folder)
}

/// A deployment's record of a made-up second, of the size that real ones have.
fn record(number: usize) -> Result<ProductionDeployment> {
    let stamp = Stamp::of(Timestamp::from_second(1_800_000_000 + number as i64).map_err(Error::other)?);
    serde_json::from_value(json!({
        "deploymentId": DeploymentId::new(stamp),
        "commitHash": "0".repeat(40),
        "branchName": format!("{stamp}-prod-bench"),
        "timestamp": stamp.timestamp(),
        "finishedAt": stamp.timestamp(),
        "environment": "production",
        "deploymentType": "update",
        "triggerSource": "automated",
        "deployedBy": "bench",
        "buildInfo": { "optimizations": [] },
        "validation": {},
        "status": "success",
        "deploymentUrl": "http://127.0.0.1/",
        "errors": [],
        "warnings": ["w".repeat(600)],
        "metadata": { "constitutionalCompliance": true, "performanceBaseline": true, "userImpact": "low" },
    }))
    .map_err(Error::other)
}
