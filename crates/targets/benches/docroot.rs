//! Times a docroot on a real site.
//!
//! `cargo bench -p charter-targets --bench docroot -- <site> <work folder>` reads, stages and shows the site in an empty
//! folder inside the work folder, changes one file, does it again, and goes back. One file of the site is changed for a moment and put back, so use a copy; for
//! files to be copied within one file system, put it where the work folder is. Without arguments it does nothing, so
//! that `cargo bench` can run everything.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use charter_artifact::Artifact;
use charter_deploy_model::{DeploymentId, Environment, Release, ReleaseId, Stamp};
use charter_host::Scope;
use charter_targets::Target;
use charter_targets::kinds::docroot::Docroot;
use jiff::Timestamp;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|argument| argument != "--bench").map(PathBuf::from).collect();
    let [site, work] = arguments.as_slice() else {
        println!("usage: cargo bench -p charter-targets --bench docroot -- <site> <work folder>");
        return Ok(());
    };
    let docroot = Docroot::new(work.join("docroot"), 3);
    let cache = work.join("cache");

    let first = deploy("first", &docroot, site, &cache, 1, None).await?;
    deploy("nothing changed", &docroot, site, &cache, 1, Some(&first)).await?;
    let changed = Changed::new(site)?;
    let second = deploy("one file changed", &docroot, site, &cache, 2, Some(&first)).await?;
    drop(changed);

    let started = Instant::now();
    docroot.activate(&first, Some(&second), &Scope::default()).await?;
    println!("going back: {:.3} s", started.elapsed().as_secs_f64());
    let status = fs::read_to_string("/proc/self/status")?;
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown"));
    Ok(())
}

async fn deploy(
    what: &str,
    docroot: &Docroot,
    site: &Path,
    cache: &Path,
    second: i64,
    live: Option<&ReleaseId>,
) -> Result<ReleaseId, Box<dyn Error>> {
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
    let staged = docroot.stage(&release, &artifact, &scope).await?;
    let stage = started.elapsed() - read;
    docroot.activate(&release.id, live, &scope).await?;
    let whole = started.elapsed();
    println!(
        "{what}: {} files, {} bytes written, {} shared: read {:.3} s + stage {:.3} s + activate {:.3} s = {:.3} s",
        artifact.files.len(),
        staged.written,
        staged.shared,
        read.as_secs_f64(),
        stage.as_secs_f64(),
        (whole - read - stage).as_secs_f64(),
        whole.as_secs_f64()
    );
    Ok(release.id)
}

/// Holds one file of the site changed, and puts it back when dropped.
struct Changed {
    path: PathBuf,
    before: Vec<u8>,
}

impl Changed {
    fn new(site: &Path) -> Result<Self, Box<dyn Error>> {
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
