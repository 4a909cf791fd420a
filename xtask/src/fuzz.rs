//! `cargo xtask fuzz`: throws made-up input at every parser written here.
//!
//! The fuzzers are in `fuzz/`, outside the workspace. They are built by cargo-fuzz without a sanitizer, for which the
//! ordinary compiler will do: there is no `unsafe` here that one could find fault with. What they look for is panics,
//! endless loops and memory without bounds.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output, Stdio};
use std::thread::{self, available_parallelism};
use std::time::Instant;

use crate::chore::{is_installed, program, repository, say};

/// How long each parser is fuzzed unless the user says otherwise, in seconds.
const SECONDS: u64 = 20;

/// What every fuzzer gets: one input takes at most 10 s, 1 GB and 16 kB.
const BOUNDS: [&str; 4] = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=16384", "-print_final_stats=1"];

/// How many lines of a fuzzer that failed are shown.
const SHOWN: usize = 20;

/// Where the fuzzers are built, below the repository.
const BUILT: &str = "target/fuzz";

/// Fuzzes: `[seconds] [parser]…`.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let known = match fuzzers() {
        Ok(known) => known,
        Err(error) => {
            say(format!("✗ the folder `fuzz/fuzz_targets` cannot be listed: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let (seconds, named) = match arguments.split_first() {
        Some((first, rest)) if first.parse::<u64>().is_ok() => (first.parse().unwrap_or(SECONDS), rest),
        _ => (SECONDS, arguments),
    };
    if seconds == 0 || named.iter().any(|name| !known.contains(name)) {
        say(format!("usage: cargo xtask fuzz [seconds] [{}]…", known.join("|")));
        return ExitCode::from(2);
    }
    let names = if named.is_empty() { known.as_slice() } else { named };
    match missing() {
        Some(why) => {
            say(format!("fuzzing was not run: {why}"));
            ExitCode::FAILURE
        }
        None if fuzz(names, seconds) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

/// Fuzzes every parser for a while, as one of the checks; says so when it cannot, and returns false when it found
/// something.
pub(crate) fn check() -> bool {
    say("── fuzzing");
    if let Some(why) = missing() {
        say(format!("– fuzzing was not run: {why}"));
        return true;
    }
    let started = Instant::now();
    let is_well = fuzzers().is_ok_and(|names| fuzz(&names, SECONDS));
    say(format!("{} fuzzing ({:.0} s)", if is_well { "✓" } else { "✗" }, started.elapsed().as_secs_f64()));
    is_well
}

/// Says what fuzzing needs and is not there.
fn missing() -> Option<String> {
    let needed = [
        ("cargo-fuzz", "cargo-fuzz is not installed (cargo install cargo-fuzz --locked)"),
        ("c++", "there is no C++ compiler, which libFuzzer is built with"),
    ];
    needed.into_iter().find(|(name, _)| !is_installed(name)).map(|(_, why)| why.to_owned())
}

/// Returns the names of all fuzzers.
fn fuzzers() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all fuzzers and runs these, as many at once as there are processors.
fn fuzz(names: &[String], seconds: u64) -> bool {
    let build = program("cargo-fuzz").args(["build", "--sanitizer", "none", "--target-dir", BUILT]).status();
    if !build.is_ok_and(|status| status.success()) {
        say("✗ the fuzzers cannot be built");
        return false;
    }
    let at_once = available_parallelism().map_or(1, usize::from);
    let rounds = names.len().div_ceil(at_once);
    say(format!("{} fuzzers, {seconds} s each, {at_once} at once", names.len()));
    names.chunks(at_once).zip(1..).fold(true, |is_well, (names, round)| {
        say(format!("({round}/{rounds}) {}", names.join(", ")));
        // A thread each: one that nobody listens to stops when its pipe is full.
        let ended: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = names.iter().map(|name| scope.spawn(move || run_one(name, seconds))).collect();
            running.into_iter().map(|thread| thread.join().expect("starting a fuzzer never panics")).collect()
        });
        names.iter().zip(ended).fold(is_well, |is_well, (name, ended)| match ended {
            Ok(output) => report(name, output.status.success(), &String::from_utf8_lossy(&output.stderr)) && is_well,
            Err(error) => {
                say(format!("✗ {name} cannot be run: {error}"));
                false
            }
        })
    })
}

fn run_one(name: &str, seconds: u64) -> io::Result<Output> {
    let (corpus, artifacts) = (folder("corpus", name), folder("artifacts", name));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let mut command = program(binary(name));
    command.arg(&corpus).args(beginnings(name)).args(BOUNDS).arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.stdin(Stdio::null()).output()
}

fn folder(sort: &str, name: &str) -> PathBuf {
    repository().join("fuzz").join(sort).join(name)
}

/// Returns what a fuzzer begins with besides what it found itself: its seeds, the files that its parser is tested with,
/// and what it ever failed at, so that it fails until that is mended.
fn beginnings(name: &str) -> Vec<PathBuf> {
    let test_data = match name {
        "backup" | "git" | "journal" | "listing" | "log" | "words" => None,
        "record" => Some("crates/deploy-model/test-data/golden"),
        _ => Some("crates/gates/test-data"),
    };
    let folders =
        [Some(folder("seeds", name)), Some(folder("artifacts", name)), test_data.map(|it| repository().join(it))];
    folders.into_iter().flatten().filter(|folder| folder.is_dir()).collect()
}

fn binary(name: &str) -> PathBuf {
    let built = repository().join(BUILT);
    // Below the name of the platform, of which there is one.
    let platforms = fs::read_dir(&built).into_iter().flatten().flatten().map(|entry| entry.path());
    let path = |platform: &Path| platform.join("release").join(name);
    platforms.map(|platform| path(&platform)).find(|path| path.is_file()).unwrap_or_else(|| path(&built))
}

/// Says how a fuzzer fared. One that tried nothing has not passed.
fn report(name: &str, succeeded: bool, text: &str) -> bool {
    let figure = |of: &str| text.lines().find_map(|line| line.strip_prefix(of)?.trim().parse::<u64>().ok());
    match (figure("stat::number_of_executed_units:"), figure("stat::peak_rss_mb:")) {
        (Some(inputs @ 1..), Some(memory)) if succeeded => {
            say(format!("✓ {name}: {inputs} inputs, {memory} MB at the most"));
            true
        }
        _ => {
            let lines: Vec<&str> = text.lines().collect();
            // What a panic says, or what libFuzzer says of time and memory, comes before many lines of other things.
            let is_said = |line: &&str| line.contains("panicked at") || line.contains("ERROR: libFuzzer");
            let start = lines.iter().position(is_said).unwrap_or(lines.len().saturating_sub(SHOWN));
            let end = lines.len().min(start + SHOWN);
            say(format!("✗ {name}:\n{}", lines[start..end].join("\n")));
            if let Some(input) = failed_at(text) {
                say(format!("the input lies in {input}; run it again with"));
                say(format!("  cargo fuzz run --sanitizer none --target-dir {BUILT} {name} {input}"));
            }
            false
        }
    }
}

/// Returns the file into which libFuzzer wrote the input that failed.
fn failed_at(text: &str) -> Option<&str> {
    text.lines().rev().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path.trim())
}
