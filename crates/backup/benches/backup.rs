//! How long a backup takes, and how much memory: `cargo bench -p charter-backup -- FOLDER`.

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_backup::{BackupEngine, Content, Depth, SnapshotEngine};
use charter_deploy_model::Digest;
use charter_host::{Scope, SystemClock};
use sha2::{Digest as _, Sha256};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(root) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from) else {
        println!("give a folder to measure with, such as $(rustc --print sysroot)/share/doc/rust/html");
        return Ok(());
    };
    let place = tempfile::tempdir_in(std::env::temp_dir())?;
    let engine = SnapshotEngine::open(&place.path().join("backups"), Arc::new(SystemClock))?;
    let scope = Scope::default();

    let (mut listed, took) = timed(|| Content::folder("live", &root))?;
    let bytes: u64 = listed.files.iter().map(|file| file.size).sum();
    println!("{} files, {} bytes, in {}", listed.files.len(), bytes, root.display());
    say("list the folder", took);
    let mut known = listed.clone();
    for file in &mut known.files {
        file.digest = Some(Digest::new(Sha256::digest(std::fs::read(root.join(&file.path))?).into()));
    }

    // One file less to begin with, so that adding it later is one new blob and a new tree.
    let all = known.clone();
    known.files.truncate(all.files.len() - 1);
    listed.files.truncate(all.files.len() - 1);

    let start = Instant::now();
    let taken = engine.create("first", std::slice::from_ref(&known), &scope).await?;
    say("first snapshot, digests known", start.elapsed());
    println!("  {} bytes added, {}", taken.snapshot.added_bytes, peak_memory());

    let start = Instant::now();
    assert!(engine.create("same", std::slice::from_ref(&known), &scope).await?.reused);
    say("unchanged, digests known", start.elapsed());

    let start = Instant::now();
    assert!(engine.create("same", std::slice::from_ref(&listed), &scope).await?.reused);
    say("unchanged, digests unknown", start.elapsed());

    let start = Instant::now();
    let second = engine.create("one more", std::slice::from_ref(&all), &scope).await?;
    say("one file more, digests known", start.elapsed());
    println!("  {} bytes added", second.snapshot.added_bytes);

    for depth in [Depth::Listed, Depth::Sizes, Depth::Read] {
        let start = Instant::now();
        let verified = engine.verify(taken.snapshot.id, depth, &scope).await?;
        say(&format!("verify {depth:?}, {} blobs", verified.blobs), start.elapsed());
        assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    }
    let start = Instant::now();
    engine.restore(taken.snapshot.id, &[], &place.path().join("restored"), &scope).await?;
    say("restore", start.elapsed());
    println!("  {}", peak_memory());
    Ok(())
}

fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), E> {
    let start = Instant::now();
    work().map(|value| (value, start.elapsed()))
}

fn say(what: &str, took: Duration) {
    println!("{what:40} {:>9.1} ms", took.as_secs_f64() * 1000.0);
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("peak memory unknown").to_owned()
}
