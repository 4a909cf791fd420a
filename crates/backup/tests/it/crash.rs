//! The writer is killed, or the disk fills up, at every durable step there is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use charter_backup::{BackupEngine, Content, Depth, Freed, PruneMode, SnapshotEngine};
use charter_host::fault::{Fault, arm, passed};
use charter_host::{Command, Ended, Environment, Processes, Scope, SystemProcesses, durable};

use crate::project::{Project, stopped_clock};

/// What a full disk says.
const ENOSPC: i32 = 28;

/// Takes one snapshot or removes the first one, as its arguments say, and dies or fails on the way.
///
/// Run by the tests below only, in a process of its own, where the test runner takes them for names of further tests.
#[tokio::test]
async fn the_writer_that_is_killed() {
    let arguments: Vec<String> = std::env::args().skip_while(|argument| argument != "--exact").collect();
    let [_, folder, number, error, doing] = arguments.as_slice() else { return };
    let folder = Path::new(folder);
    let contents = ["ledger", "live"].map(|name| Content::folder(name, &folder.join(name)).unwrap());
    let engine = SnapshotEngine::open(&folder.join("backups"), stopped_clock()).unwrap();
    let before = passed();
    arm(before + number.parse::<u64>().unwrap(), error.parse().map_or(Fault::Kill, Fault::Error));
    let done = if doing == "prune" {
        let first = engine.list(&Scope::default()).await.unwrap()[0].id;
        engine.prune(&[first], PruneMode::Remove, &Scope::default()).await.map(|_| ())
    } else {
        engine.create("a test", &contents, &Scope::default()).await.map(|_| ())
    };
    let outcome = match done {
        Ok(()) if passed() - before < number.parse().unwrap() => "the step was never reached",
        Ok(()) => "went through",
        Err(_) => "failed",
    };
    fs::write(folder.join("outcome"), outcome).unwrap();
}

/// Runs the writer with a fault at one step; returns what it said, or nothing when it was killed.
async fn write_with_fault(project: &Project, number: u64, error: &str, doing: &str) -> Option<String> {
    let program = std::env::current_exe().unwrap();
    let (folder, number) = (project.path(""), number.to_string());
    let arguments = [
        "crash::the_writer_that_is_killed".as_ref(),
        "--exact".as_ref(),
        folder.as_os_str(),
        number.as_ref(),
        error.as_ref(),
        doing.as_ref(),
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
        let outcome = write_with_fault(&project, number, error, "create").await;

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

/// A repository with two snapshots that share a pack, where each has one of its own.
async fn two_snapshots() -> Project {
    let project = Project::new();
    project.write("live/index.html", b"<!doctype html><title>Shared tides</title>");
    project.engine.create("shared", &project.contents()[..1], &project.scope).await.unwrap();
    project.write("live/old.html", b"<!doctype html><title>Old tides</title>");
    project.create().await.unwrap();
    std::fs::remove_file(project.path("live/old.html")).unwrap();
    project.write("live/index.html", b"<!doctype html><title>New tides</title>");
    project.create().await.unwrap();
    project
}

async fn sweep_pruning(error: &str) -> u64 {
    for number in 1.. {
        let project = two_snapshots().await;
        let before = project.engine.list(&project.scope).await.unwrap();
        let outcome = write_with_fault(&project, number, error, "prune").await;
        let left = project.engine.list(&project.scope).await.unwrap();
        assert!(left.len() >= before.len() - 1 && before.ends_with(&left), "step {number}");
        for snapshot in &left {
            assert_eq!(project.faults(snapshot.id, Depth::Read).await, [""; 0], "step {number}: what stays is whole");
        }
        assert_eq!(project.restore(left.last().unwrap().id).await.unwrap(), project.sources(), "step {number}");

        project.engine.prune(&[before[0].id], PruneMode::Remove, &project.scope).await.unwrap();
        let again = project.engine.prune(&[before[0].id], PruneMode::DryRun, &project.scope).await.unwrap();
        assert_eq!(again, Freed::default(), "step {number}: the next pruning completes it");
        assert_eq!(project.repository_files(".pack").len(), project.repository_files(".index").len());
        assert!(project.create().await.unwrap().reused, "step {number}");
        project.write("live/index.html", b"<!doctype html><title>Newest tides</title>");
        let newest = project.create().await.unwrap().snapshot.id;
        assert_eq!(project.faults(newest, Depth::Read).await, [""; 0], "step {number}");
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

#[tokio::test]
async fn a_crash_while_pruning_takes_nothing_from_what_stays() {
    let steps = sweep_pruning("kill").await;
    assert!(steps >= 2, "only {steps} steps were swept");
}

#[tokio::test]
async fn a_disk_error_while_pruning_takes_nothing_from_what_stays() {
    let steps = sweep_pruning("5").await;
    assert!(steps >= 2, "only {steps} steps were swept");
}
