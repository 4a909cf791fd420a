//! Any program of the user's as a gate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, LookedAt, Measure, Severity};
use charter_host::{
    Command as Program, Ended, Environment, Host, Output, ProcessError, Refusal, Scope, Secrets, Setup,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{DependsOn, Gate, GateError, Subject};

mod json;
mod pa11y;
mod places;
mod report;
mod sarif;

pub use json::read_json;
pub use pa11y::read_pa11y;
pub use report::{Place, Report, ReportError, Reported};
pub use sarif::read_sarif;

pub(crate) use places::Folders;
pub(crate) use report::{MOST_FINDINGS, Reporter, finding, plain, whole};

charter_deploy_model::kind! {
    /// Runs programs of the project's own and takes what they say as findings.
    ///
    /// A program is started with a list of arguments, without a shell, in the project's folder or in the site's. Of
    /// the environment it gets `PATH`, `HOME`, `USER`, `LANG`, `LC_*`, `TMPDIR` and what `pass` names, and besides
    /// `CHARTER_PROJECT`, `CHARTER_SITE` (the folder of the site) and `CHARTER_PREVIEW_URL` (where the release is
    /// served on loopback), as far as there are such. Programs run one after another. One that is missing, is killed
    /// by a signal, or takes longer than `timeout-seconds` leaves the gate undecided: what did not run has not passed.
    ///
    /// What its standard output means is said by `format`:
    ///
    /// - `exit-status`: nothing; an exit status that is not in `success` is the finding.
    /// - `sarif`: SARIF 2.1.0. Results that are suppressed become notes; those that need a review are undecided.
    /// - `pa11y`: what `pa11y --reporter json` or `pa11y-ci --json` prints. Pages that it could not judge are undecided.
    /// - `json`: `{"v":1,"findings":[…],"measures":[…],"lookedAt":{…}}`, where a finding is
    ///   `{"code":"no-tabs","severity":"error","message":"…","locations":[{"path":"a.txt","line":1,"column":2}]}` and
    ///   may have a `subject` and a `key`, a measure is `{"name":"pages","subject":"site","value":3,"unit":"count"}`,
    ///   and `lookedAt` is `{"counts":{"pages":3},"undecided":[]}`.
    ///
    /// The last three must be all of it, in at most 4 MiB. A program that prints no finding and yet fails contradicts
    /// itself, and is undecided. Secrets of the configuration are masked in whatever is taken over.
    ///
    /// ```toml
    /// [[gates.command.run]]
    /// name = "greeting"
    /// command = ["grep", "--quiet", "Hello", "index.html"]
    /// tree = "site"
    /// ```
    ///
    /// ```html,passes
    /// <!doctype html><title>Hello</title>
    /// ```
    pub static META: "command", needs Source, lane Shared {
        /// A program exited with a status that is no success.
        ///
        /// The message has the last lines that it printed. Run it by hand in the same folder to see the rest.
        ///
        /// ```toml
        /// [[gates.command.run]]
        /// name = "greeting"
        /// command = ["grep", "--quiet", "Hello", "index.html"]
        /// tree = "site"
        /// ```
        ///
        /// ```html,blocks=command/failed
        /// <!doctype html><title>Good bye</title>
        /// ```
        "command/failed": Error, principle Some(LocalValidation);
        /// A program reports an error.
        ///
        /// The message ends in the program's own name for the rule.
        ///
        /// ```toml
        /// [[gates.command.run]]
        /// name = "report"
        /// command = ["cat", "report.json"]
        /// format = "json"
        /// ```
        ///
        /// ```json,source=report.json,blocks=command/error
        /// {"v": 1, "findings": [{"code": "no-tabs", "message": "`a.txt` is indented with tabs"}],
        ///  "lookedAt": {"counts": {"files": 1}}}
        /// ```
        ///
        /// An issue that pa11y found is one of these too, by pa11y's own name of the rule:
        ///
        /// ```toml
        /// [[gates.command.run]]
        /// name = "pa11y"
        /// command = ["cat", "pa11y.json"]
        /// format = "pa11y"
        /// ```
        ///
        /// ```json,source=pa11y.json,blocks=command/error
        /// {"total": 1, "passes": 0, "errors": 1, "results": {"http://127.0.0.1/": [
        ///    {"code": "image-alt", "type": "error", "message": "Images must have alternative text", "selector": "img"}]}}
        /// ```
        "command/error": Error, principle Some(LocalValidation);
        /// A program reports a warning.
        ///
        /// ```toml
        /// [[gates.command.run]]
        /// name = "report"
        /// command = ["cat", "report.json"]
        /// format = "json"
        /// severity = { no-tabs = "warning" }
        /// ```
        ///
        /// ```json,source=report.json,blocks=command/warning
        /// {"v": 1, "findings": [{"code": "no-tabs", "message": "`a.txt` is indented with tabs"}],
        ///  "lookedAt": {"counts": {"files": 1}}}
        /// ```
        "command/warning": Warning, principle None;
        /// A program reports something worth knowing, or something that is suppressed.
        "command/note": Note, principle None;
    }
}

/// The codes of what a program reports.
const CODES: [&str; 3] = ["command/error", "command/warning", "command/note"];

/// The section `[gates.command]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CommandConfig {
    /// The programs, in the order in which they run.
    pub run: Vec<CommandRun>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CommandRun {
    /// What to call it in findings: lower-case letters, digits and hyphens.
    pub name: String,
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// What its output means.
    #[serde(default)]
    pub format: CommandFormat,
    /// Where it runs, and what the paths in its output are relative to.
    #[serde(default)]
    pub tree: CommandTree,
    /// After this long it is killed with all that it started, in seconds.
    #[serde(default = "two_minutes")]
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
    /// Names of variables that are handed through: secrets of the configuration, or the caller's environment.
    #[serde(default)]
    pub pass: Vec<String>,
    /// How bad its findings are, by its own name of the rule, or by `error`, `warning` or `note` as it reports them.
    #[serde(default)]
    pub severity: BTreeMap<String, Severity>,
    /// The exit statuses with which it says that all is well.
    #[serde(default = "zero")]
    #[schemars(length(min = 1))]
    pub success: Vec<i32>,
}

/// What a program's output means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CommandFormat {
    /// Nothing: the exit status says it all.
    #[default]
    ExitStatus,
    /// It is SARIF 2.1.0.
    Sarif,
    /// It is the JSON of pa11y or pa11y-ci.
    Pa11y,
    /// It is this gate's own JSON.
    Json,
}

/// Where a program runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CommandTree {
    /// In the project's folder.
    #[default]
    Source,
    /// In the folder of what was built.
    Site,
}

fn two_minutes() -> u64 {
    120
}

fn zero() -> Vec<i32> {
    vec![0]
}

/// Runs programs.
#[derive(Debug, Clone)]
pub struct Command {
    config: CommandConfig,
    host: Host,
    secrets: Secrets,
}

/// Builds the gate.
///
/// # Errors
/// When a name is malformed or there twice, a command is empty, or nothing would be a success.
pub fn gate(config: CommandConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let mut names = BTreeSet::new();
    for CommandRun { name, command, timeout_seconds, success, .. } in &config.run {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Err(Refusal(format!("`run`: the name `{name}` is not of lower-case letters, digits and hyphens")));
        }
        if !names.insert(name) {
            return Err(Refusal(format!("`run`: the name `{name}` is there twice")));
        }
        if command.first().is_none_or(String::is_empty) {
            return Err(Refusal(format!("`run`: `{name}` has no program to run")));
        }
        if *timeout_seconds == 0 || success.is_empty() {
            return Err(Refusal(format!("`run`: `{name}` could never succeed")));
        }
    }
    Ok(Box::new(Command { config, host: setup.host.clone(), secrets: setup.secrets.clone() }))
}

#[async_trait]
impl Gate for Command {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        if self.config.run.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "no program is configured".to_owned() });
        }
        let mut seen = Seen::default();
        let total = self.config.run.len() as u64;
        for (done, run) in self.config.run.iter().enumerate() {
            scope.progress(done as u64, Some(total), &format!("running `{}`", run.name));
            self.look(run, subject, scope, &mut seen).await?;
        }
        seen.findings.sort();
        let looked_at = LookedAt { counts: seen.counts, undecided: seen.undecided, ..LookedAt::default() };
        Ok(Inspection::Looked { findings: seen.findings, measures: seen.measures, looked_at })
    }
}

/// What the programs said so far.
#[derive(Default)]
struct Seen {
    findings: Vec<Finding>,
    measures: Vec<Measure>,
    counts: BTreeMap<String, u64>,
    undecided: Vec<String>,
}

impl Command {
    async fn look(&self, run: &CommandRun, subject: &Subject, scope: &Scope, seen: &mut Seen) -> Result<(), GateError> {
        let commands = seen.counts.entry("commands".to_owned()).or_default();
        let Some(folder) = folder(run, subject) else {
            seen.undecided.push(format!("`{}` looks at the site, and nothing was built", run.name));
            return Ok(());
        };
        let program = Program::new(
            &run.command[0],
            &run.command[1..],
            &folder,
            self.environment(run, subject),
            Duration::from_secs(run.timeout_seconds),
        );
        let output = match self.host.processes.run(&program, scope).await {
            Ok(output) => output,
            Err(ProcessError::Cancelled { .. }) => return Err(GateError::Cancelled),
            Err(error) => {
                seen.undecided.push(format!(
                    "`{}` came to no result: {}",
                    run.name,
                    self.secrets.mask(&with_cause(&error))
                ));
                return Ok(());
            }
        };
        let status = match output.ended {
            Ended::Exited(status) => status,
            Ended::Signalled(signal) => {
                seen.undecided.push(format!(
                    "`{}` was killed by signal {signal}{}",
                    run.name,
                    self.last_words(&output)
                ));
                return Ok(());
            }
        };
        *commands += 1;
        let succeeded = run.success.contains(&status);
        let read = match run.format {
            CommandFormat::ExitStatus => {
                seen.findings.extend((!succeeded).then(|| self.failed(run, status, &output)));
                return Ok(());
            }
            CommandFormat::Sarif => read_sarif(&output.stdout),
            CommandFormat::Pa11y => read_pa11y(&output.stdout),
            CommandFormat::Json => read_json(&output.stdout),
        };
        match read {
            Ok(report) => {
                let folders = Folders::new(folder, run.tree, subject);
                self.take(run, report, &folders, seen, (!succeeded).then_some(status));
            }
            Err(error) => {
                let error = with_cause(&error);
                let words = self.last_words(&output);
                seen.undecided.push(format!("`{}` exited with status {status}, and {error}{words}", run.name));
            }
        }
        Ok(())
    }

    /// Takes over what a program reported.
    fn take(&self, run: &CommandRun, report: Report, folders: &Folders, seen: &mut Seen, failed: Option<i32>) {
        let name = &run.name;
        let mask = |text: &str| plain(&self.secrets.mask(text));
        let reporter = Reporter { name, codes: &CODES, severity: &run.severity };
        let findings: Vec<Finding> =
            report.findings.iter().map(|reported| finding(&reporter, reported, folders, &mask)).collect();
        if let Some(status) = failed
            && findings.iter().all(|finding| finding.code == "command/note")
        {
            seen.undecided.push(format!("`{name}` reports nothing wrong, and exited with status {status}"));
        }
        seen.findings.extend(findings);
        seen.undecided.extend(report.undecided.iter().map(|why| format!("`{name}`: {}", mask(why))));
        if !report.counts.is_empty() && report.counts.values().all(|count| *count == 0) {
            seen.undecided.push(format!("`{name}` looked at nothing"));
        }
        seen.counts.extend(report.counts.into_iter().map(|(sort, count)| (format!("{name}:{}", mask(&sort)), count)));
        seen.measures.extend(report.measures.into_iter().map(|measure| Measure {
            name: mask(&measure.name),
            subject: mask(&measure.subject),
            ..measure
        }));
    }

    fn failed(&self, run: &CommandRun, status: i32, output: &Output) -> Finding {
        let CommandRun { name, command, .. } = run;
        let message = format!("`{name}` exited with status {status}{}", self.last_words(output));
        let help = format!("see the rest with `{}`", self.secrets.mask(&command.join(" ")));
        Finding::new("command/failed", name, message).key(name).help(help)
    }

    /// Returns the end of what a program printed, for the end of a sentence.
    fn last_words(&self, output: &Output) -> String {
        let lines: Vec<String> = output.last_lines(5).iter().map(|line| plain(&self.secrets.mask(line))).collect();
        if lines.is_empty() { String::new() } else { format!(": {}", lines.join(" / ")) }
    }

    fn environment(&self, run: &CommandRun, subject: &Subject) -> Environment {
        const ALLOWED: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_*", "TMPDIR"];
        let allowed: Vec<&str> = ALLOWED.into_iter().chain(run.pass.iter().map(String::as_str)).collect();
        let mut environment = self.host.environment.allow(&allowed).with("CHARTER_PROJECT", &subject.project);
        for name in &run.pass {
            if let Some(secret) = self.secrets.get(name) {
                environment = environment.with(name, secret.reveal());
            }
        }
        if let Some(artifact) = &subject.artifact {
            environment = environment.with("CHARTER_SITE", &artifact.root);
        }
        match &subject.preview {
            Some(url) => environment.with("CHARTER_PREVIEW_URL", url),
            None => environment,
        }
    }
}

fn folder(run: &CommandRun, subject: &Subject) -> Option<PathBuf> {
    match run.tree {
        CommandTree::Source => Some(subject.project.clone()),
        CommandTree::Site => subject.artifact.as_ref().map(|artifact| artifact.root.clone()),
    }
}

pub(crate) fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
