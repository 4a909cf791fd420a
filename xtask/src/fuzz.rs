//! `cargo xtask fuzz`: throws made-up input at every parser written here.
//!
//! The fuzzers are in `fuzz/`, outside the workspace. They are built by cargo-fuzz without a sanitizer, for which the
//! ordinary compiler will do: there is no `unsafe` here that one could find fault with. What they look for is panics,
//! endless loops and memory without bounds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::thread::available_parallelism;

use crate::chore::{is_installed, program, repository, say};

/// How long each parser is fuzzed unless the user says otherwise, in seconds.
const SECONDS: u64 = 20;

/// What every fuzzer gets: one input takes at most 10 s, 1 GB and 16 kB.
const BOUNDS: [&str; 4] = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=16384", "-print_final_stats=1"];

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
    fuzzers().is_ok_and(|names| fuzz(&names, SECONDS))
}

/// Says what fuzzing needs and is not there.
fn missing() -> Option<String> {
    let needed = [
        ("cargo-fuzz", "cargo-fuzz is not installed (cargo install cargo-fuzz)"),
        ("c++", "there is no C++ compiler, which libFuzzer is built with"),
    ];
    needed.into_iter().find(|(name, _)| !is_installed(name)).map(|(_, why)| why.to_owned())
}

/// Returns the names of all fuzzers.
fn fuzzers() -> std::io::Result<Vec<String>> {
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
    names.chunks(at_once).fold(true, |is_well, names| {
        let running: Vec<_> = names.iter().map(|name| (name, start(name, seconds))).collect();
        running.into_iter().fold(is_well, |is_well, (name, child)| {
            let ended = child.and_then(Child::wait_with_output);
            match ended {
                Ok(output) => {
                    report(name, output.status.success(), &String::from_utf8_lossy(&output.stderr)) && is_well
                }
                Err(error) => {
                    say(format!("✗ {name} cannot be run: {error}"));
                    false
                }
            }
        })
    })
}

fn start(name: &str, seconds: u64) -> std::io::Result<Child> {
    let (corpus, artifacts) = (folder("corpus", name), folder("artifacts", name));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let mut command = program(binary(name));
    command.arg(&corpus).args(seeds(name)).args(BOUNDS).arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
}

fn folder(sort: &str, name: &str) -> PathBuf {
    repository().join("fuzz").join(sort).join(name)
}

/// Returns where to begin: what was found before, the fuzzer's own seeds, and the sites that the gates are tested with.
fn seeds(name: &str) -> Vec<PathBuf> {
    let sites = repository().join("crates/gates/test-data");
    [folder("seeds", name), sites].into_iter().filter(|folder| folder.is_dir()).collect()
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
            say(format!("✗ {name}:\n{}", lines[lines.len().saturating_sub(30)..].join("\n")));
            false
        }
    }
}
