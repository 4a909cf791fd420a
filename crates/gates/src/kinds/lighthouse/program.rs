//! The program: one run of it, and nothing left behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use charter_browser::{Network, arguments};
use charter_host::{Command, Ended, Host, ProcessError, Scope, end_marked};
use tempfile::TempDir;

use super::FormFactor;
use super::report::Report;
use crate::{GateError, tools};

/// How long one run may take; Lighthouse itself gives a page 45 s.
const LIMIT: Duration = Duration::from_secs(120);

/// A larger report is not believed, in bytes.
const LARGEST_REPORT: u64 = 50 << 20;

/// Lighthouse, and what it needs.
pub(super) struct Lighthouse<'a> {
    host: &'a Host,
    script: PathBuf,
    chromium: PathBuf,
}

/// Why there is no report.
pub(super) enum Failure {
    /// It is no use to go on.
    Gate(GateError),
    /// This page could not be measured, a sentence fragment.
    Page(String),
}

impl<'a> Lighthouse<'a> {
    pub(super) fn find(host: &'a Host) -> Result<Self, GateError> {
        let script = tools::find(&host.environment, "lighthouse/cli/index.js")?;
        let chromium = charter_browser::find(&host.environment).ok_or_else(|| GateError::Unavailable {
            reason: format!("there is no Chromium on this machine; install it with `{}`", tools::SETUP),
        })?;
        Ok(Self { host, script, chromium })
    }

    /// Measures a page once.
    pub(super) async fn run(
        &self,
        url: &str,
        form: FormFactor,
        categories: &[&str],
        scope: &Scope,
    ) -> Result<Report, Failure> {
        let ground = Ground::new().map_err(|source| {
            let doing = "making a folder for Lighthouse".to_owned();
            Failure::Gate(GateError::Other { doing, source: source.into() })
        })?;
        let path = ground.folder.path().join("report.json");
        let output = self.host.processes.run(&self.command(url, form, categories, &ground, &path), scope).await;
        let output = output.map_err(|error| match error {
            ProcessError::Cancelled { .. } => Failure::Gate(GateError::Cancelled),
            ProcessError::NotFound { .. } => Failure::Gate(GateError::Unavailable {
                reason: format!(
                    "`node` is not installed, which runs Lighthouse; install it and run `{}`",
                    tools::SETUP
                ),
            }),
            error => Failure::Page(error.to_string()),
        })?;
        // Where it fails, it says so in its report, if it came to write one.
        let bytes = match std::fs::metadata(&path) {
            Ok(file) if file.len() > LARGEST_REPORT => {
                return Err(Failure::Page(format!("its report is larger than {LARGEST_REPORT} bytes")));
            }
            Ok(_) => std::fs::read(&path).map_err(|source| Failure::Gate(GateError::Unreadable { path, source }))?,
            Err(_) => {
                let how = match output.ended {
                    Ended::Exited(status) => format!("Lighthouse exited with status {status}"),
                    Ended::Signalled(signal) => format!("Lighthouse was killed by signal {signal}"),
                };
                let words = output.last_lines(3).join(" / ");
                return Err(Failure::Page(if words.is_empty() { how } else { format!("{how}: {words}") }));
            }
        };
        Report::read(&bytes).map_err(Failure::Page)
    }

    fn command(&self, url: &str, form: FormFactor, categories: &[&str], ground: &Ground, report: &Path) -> Command {
        // Lighthouse takes these apart itself, at white space outside of quotes.
        let flags: Vec<String> = arguments(Network::Loopback).into_iter().map(quoted).collect();
        let mut options = vec![
            url.to_owned(),
            "--output=json".to_owned(),
            format!("--output-path={}", report.display()),
            "--quiet".to_owned(),
            "--no-enable-error-reporting".to_owned(),
            "--disable-full-page-screenshot".to_owned(),
            format!("--only-categories={}", categories.join(",")),
            format!("--chrome-flags={}", flags.join(" ")),
        ];
        if form == FormFactor::Desktop {
            options.push("--preset=desktop".to_owned());
        }
        let folder = ground.folder.path();
        let environment = (self.host.environment.allow(&["PATH", "LANG", "LC_*"]))
            .with("HOME", folder)
            .with("TMPDIR", folder)
            .with("CHROME_PATH", &self.chromium);
        let script = std::iter::once(self.script.clone().into_os_string());
        let options = script.chain(options.into_iter().map(Into::into));
        Command { mark: Some(ground.mark.clone()), ..Command::new("node", options, folder, environment, LIMIT) }
    }
}

fn quoted(flag: &str) -> String {
    match flag.split_once('=') {
        Some((name, value)) if value.contains(' ') => format!("{name}=\"{value}\""),
        _ => flag.to_owned(),
    }
}

/// The folder of one run, for all that it writes; gone with it, and so is the browser, which Lighthouse starts in a
/// group of its own.
struct Ground {
    folder: TempDir,
    mark: String,
}

impl Ground {
    fn new() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("charter-lighthouse-").tempdir()?;
        let mark = folder.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { folder, mark })
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = end_marked(&self.mark);
    }
}
