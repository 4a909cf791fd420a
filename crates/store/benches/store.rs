//! How fast the store is, on this disk: `cargo bench -p charter-store -- <appends> <records to verify>`.

#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_deploy_model::Record;
use charter_host::Scope;
use charter_store::{FileBackend, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// About as large as a deployment's record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Sample {
    name: String,
    lines: Vec<String>,
}

impl Record for Sample {
    const SCHEMA: &'static str = "sample/1";

    fn path(&self) -> String {
        format!("samples/{}.json", self.name)
    }
}

fn sample(name: String) -> Sample {
    Sample { name, lines: vec!["a line of some length, as records have them".to_owned(); 30] }
}

fn report(what: &str, count: u64, took: Duration) {
    println!("{what:<44}{count:>9} in {:>8.3} s {:>10.0}/s", took.as_secs_f64(), count as f64 / took.as_secs_f64());
}

async fn appends(store: &Store, tasks: u64, each: u64, round: &str) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let (store, round) = (store.clone(), round.to_owned());
        running.spawn(async move {
            for number in 0..each {
                store.append(&sample(format!("{round}-{task}-{number}"))).await?;
            }
            Ok::<_, charter_store::StoreError>(())
        });
    }
    for result in running.join_all().await {
        result?;
    }
    Ok(start.elapsed())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut counts = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let (count, many) = (counts.next().unwrap_or(2_000), counts.next().unwrap_or(0));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let open = || async { Store::open(Arc::new(FileBackend::open(folder.path())?)).await };
    let store = open().await?;

    report("durable appends, one writer", count, appends(&store, 1, count, "one").await?);
    report("durable appends, eight tasks", count / 8 * 8, appends(&store, 8, count / 8, "eight").await?);

    // The rest is written past the durable path: only reading it is measured.
    let present = store.checkpoint().await?.size;
    let (mut log, samples) = (String::new(), folder.path().join("samples"));
    for number in present..many {
        let prepared = store.prepare(&sample(format!("many-{number}")))?;
        std::fs::write(samples.join(format!("many-{number}.json")), &prepared.text)?;
        log.push_str(&format!("{} {} {}\n", prepared.path, prepared.digest.hex(), prepared.text.len()));
    }
    let entries = folder.path().join("log/entries");
    let before = std::fs::read_to_string(&entries)?;
    std::fs::write(&entries, before + &log)?;

    let start = Instant::now();
    let store = open().await?;
    let size = store.checkpoint().await?.size;
    report("lines, opening", size, start.elapsed());
    for _ in 0..2 {
        let start = Instant::now();
        let verification = store.verify(&[], &Scope::default()).await?;
        report("records, verifying", size, start.elapsed());
        assert!(verification.is_sound(), "{:?}", verification.faults.first());
    }
    let start = Instant::now();
    store.flush().await?;
    report("records, first flush", size, start.elapsed());
    let taken = appends(&store, 1, 200, "late").await?;
    report("durable appends, one writer, to that store", 200, taken);
    let start = Instant::now();
    store.flush().await?;
    report("records, second flush", 200, start.elapsed());
    if let Some(line) = std::fs::read_to_string("/proc/self/status")?.lines().find(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}
