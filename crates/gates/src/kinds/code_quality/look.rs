//! Running a linter, and taking over what it says.

use std::path::Path;
use std::time::Duration;

use charter_deploy_model::{Finding, LookedAt};
use charter_host::{Command, Ended, Output, ProcessError, Scope};

use super::{CODES, CodeQuality, Linter, LinterFormat, detect};
use crate::GateError;
use crate::kinds::command::{Folders, Report, Reporter, finding, plain, whole, with_cause};

/// A longer report that is written to a file is not read, in bytes.
const LARGEST: u64 = 64 << 20;

/// What linters may know of the user's environment.
const ALLOWED: [&str; 13] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_*",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "CARGO_HOME",
    "CARGO_NET_OFFLINE",
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
];

impl CodeQuality {
    /// Runs a linter; the inner error is why it came to no result.
    pub(super) async fn run(
        &self,
        linter: &Linter,
        folder: &Path,
        scope: &Scope,
    ) -> Result<Result<(Report, i32), String>, GateError> {
        let name = &linter.name;
        let mut command = linter.command.clone();
        // ESLint prints the source of every file in which it finds something: more than is kept of an output.
        let unwritten =
            |source| GateError::Other { doing: "making room for a report".to_owned(), source: Box::new(source) };
        let room = (command[0] == detect::ESLINT).then(tempfile::tempdir).transpose().map_err(unwritten)?;
        let file = room.as_ref().map(|room| room.path().join("report.json"));
        if let Some(file) = &file {
            let own = folder.join(detect::ESLINT);
            if !own.exists() {
                let how = detect::how_to_get(linter, folder);
                return Ok(Err(format!("`{name}` is asked for by `package.json` and not installed: {how}")));
            }
            command[0] = own.display().to_string();
            command.extend(["--output-file".to_owned(), file.display().to_string()]);
        }
        let environment = self.host.environment.allow(&ALLOWED).with("CARGO_TERM_COLOR", "never").with("NO_COLOR", "1");
        let limit = Duration::from_secs(linter.timeout_seconds);
        let program = Command::new(&command[0], &command[1..], folder, environment, limit);
        let output = match self.host.processes.run(&program, scope).await {
            Ok(output) => output,
            Err(ProcessError::Cancelled { .. }) => return Err(GateError::Cancelled),
            Err(error) => {
                let how = match error {
                    ProcessError::NotFound { .. } => format!("; {}", detect::how_to_get(linter, folder)),
                    _ => String::new(),
                };
                let error = self.secrets.mask(&with_cause(&error));
                return Ok(Err(format!("`{name}` came to no result: {error}{how}")));
            }
        };
        let status = match output.ended {
            Ended::Exited(status) => status,
            Ended::Signalled(signal) => {
                return Ok(Err(format!("`{name}` was killed by signal {signal}{}", self.last_words(&output))));
            }
        };
        let read = if linter.came_to_an_end(status) {
            let written = file.map(|file| written(&file)).transpose();
            written.and_then(|written| {
                let printed = match &written {
                    Some(written) => Ok(written.as_slice()),
                    None => whole(&output.stdout),
                };
                printed.and_then(|printed| linter.format.read(printed)).map_err(|error| with_cause(&error))
            })
        } else {
            Err("that says that it did not look at everything".to_owned())
        };
        Ok(read.map(|report| (report, status)).map_err(|why| {
            let words = self.last_words(&output);
            let how = if is_missing(linter, &output) {
                format!("; {}", detect::how_to_get(linter, folder))
            } else {
                String::new()
            };
            format!("`{name}` exited with status {status}, and {why}{words}{how}")
        }))
    }

    /// Takes over what a linter reported.
    pub(super) fn take(
        &self,
        linter: &Linter,
        report: &Report,
        status: i32,
        folders: &Folders,
        looked_at: &mut LookedAt,
    ) -> Vec<Finding> {
        let name = &linter.name;
        let mask = |text: &str| plain(&self.secrets.mask(text));
        let reporter = Reporter { name, codes: &CODES, severity: &linter.severity };
        let findings: Vec<Finding> =
            report.findings.iter().map(|reported| finding(&reporter, reported, folders, &mask)).collect();
        let undecided = &mut looked_at.undecided;
        undecided.extend(report.undecided.iter().map(|why| format!("`{name}`: {}", mask(&folders.shorten(why)))));
        // Some fail because of what is a note here by the project's own word.
        if status != 0 && report.findings.iter().all(|reported| reported.suppressed.is_some()) {
            undecided.push(format!("`{name}` reports nothing wrong, and exited with status {status}"));
        }
        if !report.counts.is_empty() && report.counts.values().all(|count| *count == 0) {
            undecided.push(format!("`{name}` looked at nothing"));
        }
        let counts = report.counts.iter().map(|(sort, count)| (format!("{name}:{sort}"), *count));
        looked_at.counts.extend(counts);
        findings
    }

    /// Returns the end of what a linter printed, for the end of a sentence.
    fn last_words(&self, output: &Output) -> String {
        let lines: Vec<String> = output.last_lines(3).iter().map(|line| plain(&self.secrets.mask(line))).collect();
        if lines.is_empty() { String::new() } else { format!(": {}", lines.join(" / ")) }
    }
}

/// Says whether Cargo is there and clippy is not.
fn is_missing(linter: &Linter, output: &Output) -> bool {
    let words = String::from_utf8_lossy(&output.stderr);
    linter.format == LinterFormat::Clippy
        && (words.contains("is not installed for the toolchain") || words.contains("no such command: `clippy`"))
}

/// Returns the report that a linter wrote to a file.
fn written(file: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(file).map_err(|error| format!("it wrote no report: {error}"))?.len();
    if size > LARGEST {
        return Err(format!("its report is longer than {} MiB", LARGEST >> 20));
    }
    std::fs::read(file).map_err(|error| format!("its report cannot be read: {error}"))
}
