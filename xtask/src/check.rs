//! `cargo xtask check`: everything that must hold before a change goes in.

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::chore::{is_installed, program, repository, say};

/// Debian packages that the tests use: package, and a program that shows it is there.
const PACKAGES: [(&str, &str); 16] = [
    ("git", "git"),
    ("chromium", "chromium"),
    ("nodejs", "node"),
    ("npm", "npm"),
    ("python3-pip", "pip3"),
    ("nginx-light", "nginx"),
    ("fcgiwrap", "fcgiwrap"),
    ("openssh-server", "sshd"),
    ("openssh-client", "ssh"),
    ("e2fsprogs", "mkfs.ext4"),
    ("xfsprogs", "xfs_io"),
    ("rsync", "rsync"),
    ("libxml2-utils", "xmllint"),
    ("prometheus", "promtool"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
    ("prometheus-blackbox-exporter", "prometheus-blackbox-exporter"),
];

/// Packages of PyPI that read what Charter writes for them.
const READERS: [&str; 3] = ["in-toto-attestation==0.9.3", "securesystemslib[crypto]==1.6.0", "sigstore==4.5.1"];

/// Where those packages are, below the repository.
const READERS_FOLDER: &str = "target/readers";

/// Runs the checks. With `--all` it installs what they need, and a test that would skip fails.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let all = match arguments {
        [] => false,
        [flag] if flag == "--all" => true,
        _ => {
            say("usage: cargo xtask check [--all]");
            return ExitCode::from(2);
        }
    };
    if all && !(install() && install_readers()) {
        return ExitCode::FAILURE;
    }
    let steps = [
        ("tools of gates", all.then(setup)),
        ("formatting", Some(cargo(&["fmt", "--all", "--check"]))),
        ("lints", Some(cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"]))),
        ("tests", Some(tests(all, &[]))),
        ("tests that measure time", all.then(|| tests(all, &["--tests", "--", "--ignored", "--test-threads=1"]))),
        ("docs", Some(docs())),
        ("dependency policy", Some(dependency_policy())),
    ];
    for (name, command) in steps {
        let Some(mut command) = command else { continue };
        let started = Instant::now();
        say(format!("── {name}"));
        match command.status() {
            Ok(status) if status.success() => say(format!("✓ {name} ({:.0} s)", started.elapsed().as_secs_f64())),
            Ok(status) => {
                say(format!("✗ {name}: {status}"));
                return ExitCode::FAILURE;
            }
            Err(error) => {
                say(format!("✗ {name}: {error}"));
                return ExitCode::FAILURE;
            }
        }
    }
    if all && !crate::fuzz::check() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = program(env!("CARGO"));
    command.args(arguments);
    command
}

/// Installs what gates run, as a user would.
fn setup() -> Command {
    let mut command = program(std::env::current_exe().unwrap_or_default());
    command.arg("setup");
    command
}

fn tests(all: bool, more: &[&str]) -> Command {
    let mut command = cargo(&["test", "--quiet", "--workspace"]);
    command.args(more);
    if all {
        command.env("CHARTER_TEST_ALL", "1");
    }
    command
}

fn docs() -> Command {
    let mut command = cargo(&["doc", "--quiet", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    command
}

/// The licences, sources and bans are also an ordinary test; cargo-deny adds advisories where it is installed.
fn dependency_policy() -> Command {
    if is_installed("cargo-deny") {
        return cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]);
    }
    say("cargo-deny is not installed: licences, sources and bans were checked by the tests, advisories were not");
    let mut locked = cargo(&["metadata", "--quiet", "--locked", "--format-version", "1", "--no-deps"]);
    locked.stdout(std::process::Stdio::null());
    locked
}

/// Installs the Debian packages that are missing. Needs root, as tests that mount a disk do.
fn install() -> bool {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(_, program)| !is_installed(program)).map(|(package, _)| *package).collect();
    if missing.is_empty() {
        return true;
    }
    say(format!("── installing {}", missing.join(", ")));
    let update = program("apt-get").args(["update", "--quiet", "--quiet"]).status();
    let install = program("apt-get")
        .args(["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status();
    let done = matches!((update, install), (Ok(_), Ok(status)) if status.success());
    if !done {
        say("✗ they could not be installed: run it as root on Debian, or install them yourself");
    }
    done
}

/// Installs the readers of attestations, in this repository's target folder.
fn install_readers() -> bool {
    let folder = repository().join(READERS_FOLDER);
    if folder.join("sigstore").is_dir() {
        return true;
    }
    say(format!("── installing {}", READERS.join(", ")));
    let mut pip = program("pip3");
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--target"]).arg(folder).args(READERS);
    let done = pip.status().is_ok_and(|status| status.success());
    if !done {
        say("✗ they could not be installed: PyPI must be reachable, and `pip3` there");
    }
    done
}
