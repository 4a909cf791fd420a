//! The writer is killed, or the disk fills up, at every durable step there is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use charter_backup::{BackupEngine, Content, Depth, SnapshotEngine};
use charter_host::fault::{Fault, arm, passed};
use charter_host::{Command, Ended, Environment, Processes, Scope, SystemProcesses, durable};

use crate::project::{Project, stopped_clock};

/// What a full disk says.
const ENOSPC: i32 = 28;

/// Takes one snapshot as its arguments say, and dies or fails on the way.
///
/// Run by the tests below only, in a process of its own, where the test runner takes them for names of further tests.
#[tokio::test]
async fn the_writer_that_is_killed() {
    let arguments: Vec<String> = std::env::args().skip_while(|argument| argument != "--exact").collect();
    let [_, folder, number, error] = arguments.as_slice() else { return };
    let folder = Path::new(folder);
    let contents = ["ledger", "live"].map(|name| Content::folder(name, &folder.join(name)).unwrap());
    let engine = SnapshotEngine::open(&folder.join("backups"), stopped_clock()).unwrap();
    let before = passed();
    arm(before + number.parse::<u64>().unwrap(), error.parse().map_or(Fault::Kill, Fault::Error));
    let created = engine.create("a test", &contents, &Scope::default()).await;
    let outcome = match created {
        Ok(_) if passed() - before < number.parse().unwrap() => "the step was never reached",
        Ok(_) => "went through",
        Err(_) => "failed",
    };
    fs::write(folder.join("outcome"), outcome).unwrap();
}

/// Runs the writer with a fault at one step; returns what it said, or nothing when it was killed.
async fn write_with_fault(project: &Project, number: u64, error: &str) -> Option<String> {
    let program = std::env::current_exe().unwrap();
    let (folder, number) = (project.path(""), number.to_string());
    let arguments = [
        "crash::the_writer_that_is_killed".as_ref(),
        "--exact".as_ref(),
        folder.as_os_str(),
        number.as_ref(),
        error.as_ref(),
    ];
    let command = Command::new(program, arguments, &folder, Environment::default(), Duration::from_secs(60));
    let output = SystemProcesses.run(&command, &project.scope).await.unwrap();
    match output.ended {
        Ended::Signalled(9) => None,
        Ended::Exited(0) => Some(fs::read_to_string(project.path("outcome")).unwrap()),
        ended => panic!("{ended:?}: {:?}", output.last_lines(9)),
    }
}

async fn sweep(error: &str) -> u64 {
    for number in 1.. {
        let project = Project::new();
        let first = project.create().await.unwrap().snapshot.id;
        project.write("live/index.html", b"<!doctype html><title>New tides</title>");
        let outcome = write_with_fault(&project, number, error).await;

        let listed = project.engine.list(&project.scope).await.unwrap();
        assert!(outcome.as_deref().is_none_or(|said| said == "failed") || listed.len() == 2, "step {number}");
        assert_eq!(listed[0].id, first);
        for snapshot in &listed {
            assert_eq!(project.faults(snapshot.id, Depth::Read).await, [""; 0], "step {number}");
        }
        let again = project.create().await.unwrap();
        assert_eq!(again.reused, listed.len() == 2, "step {number}");
        assert_eq!(project.restore(again.snapshot.id).await.unwrap(), project.sources(), "step {number}");
        assert_eq!(leftovers(&project), 0, "step {number}");
        if outcome.as_deref() == Some("the step was never reached") {
            return number - 1;
        }
    }
    unreachable!("some number is larger than the number of steps")
}

fn leftovers(project: &Project) -> usize {
    let names = ["packs", "snapshots"].map(|folder| fs::read_dir(project.path("backups").join(folder)).unwrap());
    names
        .into_iter()
        .flatten()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(durable::TEMPORARY))
        .count()
}

#[tokio::test]
async fn a_crash_leaves_no_snapshot_or_a_whole_one() {
    let steps = sweep("kill").await;
    assert!(steps > 10, "only {steps} steps were swept");
}

#[tokio::test]
async fn a_full_disk_leaves_no_snapshot_or_a_whole_one() {
    let steps = sweep(&ENOSPC.to_string()).await;
    assert!(steps > 10, "only {steps} steps were swept");
}
