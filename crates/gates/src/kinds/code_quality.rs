//! The project's own linters as a gate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use charter_deploy_model::{Inspection, KindMeta, LookedAt, Severity};
use charter_host::{Host, Refusal, Scope, Secrets, Setup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::{CommandTree, Folders, Report, ReportError, read_sarif};
use crate::{DependsOn, Gate, GateError, Subject};

mod clippy;
mod detect;
mod eslint;
mod look;

pub use clippy::read_clippy;
pub use eslint::read_eslint;

charter_deploy_model::kind! {
    /// Runs the project's own linters and holds what they find to the baseline.
    ///
    /// ESLint is run where the project's `package.json` asks for it and a configuration of it lies beside, as
    /// `node_modules/.bin/eslint --format json .`; clippy where a `clippy.toml` or `[lints.clippy]` configures it (compiling
    /// a workspace is nothing to do unasked), as `cargo clippy --workspace --all-targets --message-format=json`. `detect` says which of the two are looked for;
    /// one of `linters` that prints in the same format takes its place. Any other linter that prints SARIF 2.1.0 is
    /// one of `linters`. They run one after another in the project's folder, without a shell, and write where they
    /// always do, such as Cargo's `target`. Of the environment they get what programs need and no secret.
    ///
    /// Which rules there are is the linters' own business, and so is how bad each is; `severity` says otherwise, by the
    /// linter's name of a rule. A finding is told by its file, its rule and its message, never by its line, so that
    /// what is in the baseline stays there when lines move, and a new one is a new one. What a comment in the code
    /// suppresses is a note.
    ///
    /// What did not run has not passed: a linter that is missing, dies, takes longer than `timeout-seconds`, looks at
    /// no file, exits with a status that is not in `statuses`, or prints what cannot be read (more than 4 MiB, say)
    /// leaves the gate undecided. Of ESLint 0 and 1 are statuses of a run that came to its end, of Cargo 0 and 101, of
    /// any other 0 and 1.
    ///
    /// ```toml
    /// [[gates.code-quality.linters]]
    /// name = "lint"
    /// command = ["cat", "report.json"]
    /// format = "eslint"
    /// ```
    ///
    /// ```json,source=report.json,passes
    /// [{"filePath": "app.js", "messages": []}]
    /// ```
    pub static META: "code-quality", needs Source, lane Shared {
        /// A linter reports an error.
        ///
        /// The message ends in the linter's own name for the rule, whose docs say what to do.
        ///
        /// ```toml
        /// [[gates.code-quality.linters]]
        /// name = "lint"
        /// command = ["sh", "-c", "cat report.json; exit 1"]
        /// format = "eslint"
        /// ```
        ///
        /// ```json,source=report.json,blocks=code-quality/error
        /// [{"filePath": "report.json", "messages": [
        ///    {"ruleId": "no-undef", "severity": 2, "message": "'colour' is not defined.", "line": 1, "column": 1}]}]
        /// ```
        "code-quality/error": Error, principle Some(LocalValidation);
        /// A linter reports a warning.
        ///
        /// ```toml
        /// [[gates.code-quality.linters]]
        /// name = "lint"
        /// command = ["cat", "report.json"]
        /// format = "eslint"
        /// ```
        ///
        /// ```json,source=report.json,blocks=code-quality/warning
        /// [{"filePath": "report.json", "messages": [
        ///    {"ruleId": "eqeqeq", "severity": 1, "message": "Expected '===' and instead saw '=='.", "line": 1}]}]
        /// ```
        "code-quality/warning": Warning, principle Some(LocalValidation);
        /// A linter reports something worth knowing, or something that a comment in the code suppresses.
        "code-quality/note": Note, principle None;
    }
}

/// The codes of what linters report.
const CODES: [&str; 3] = ["code-quality/error", "code-quality/warning", "code-quality/note"];

/// The section `[gates.code-quality]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CodeQualityConfig {
    /// The linters that are run where the project uses them, unless one of `linters` takes their place.
    pub detect: Vec<Known>,
    /// Linters that are run, in this order, after those.
    pub linters: Vec<Linter>,
}

impl Default for CodeQualityConfig {
    fn default() -> Self {
        Self { detect: vec![Known::Eslint, Known::Clippy], linters: Vec::new() }
    }
}

/// A linter of which is known how to run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// Of JavaScript and TypeScript.
    Eslint,
    /// Of Rust.
    Clippy,
}

/// A linter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Linter {
    /// What to call it in findings: lower-case letters, digits and hyphens.
    pub name: String,
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// What it prints.
    pub format: LinterFormat,
    /// Where it runs, and what the paths that it prints are relative to; below the project.
    #[serde(default)]
    pub folder: PathBuf,
    /// The exit statuses with which it says that it looked at everything; those of its format when empty.
    #[serde(default)]
    pub statuses: Vec<i32>,
    /// After this long it is killed with all that it started, in seconds.
    #[serde(default = "four_minutes")]
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
    /// How bad its findings are, by its own name of the rule, or by `error`, `warning` or `note` as it reports them.
    #[serde(default)]
    pub severity: BTreeMap<String, Severity>,
}

/// What a linter prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinterFormat {
    /// SARIF 2.1.0.
    Sarif,
    /// What ESLint prints with `--format json`.
    Eslint,
    /// What Cargo prints with `--message-format=json`.
    Clippy,
}

/// A gate may take five minutes, and should say itself what took them.
fn four_minutes() -> u64 {
    240
}

/// Runs linters.
#[derive(Debug, Clone)]
pub struct CodeQuality {
    config: CodeQualityConfig,
    host: Host,
    secrets: Secrets,
}

/// Builds the gate.
///
/// # Errors
/// When a name is malformed or there twice, a command is empty, or a folder is not below the project.
pub fn gate(config: CodeQualityConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let mut names = BTreeSet::new();
    for Linter { name, command, folder, timeout_seconds, .. } in &config.linters {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Err(Refusal(format!(
                "`linters`: the name `{name}` is not of lower-case letters, digits and hyphens"
            )));
        }
        if !names.insert(name) {
            return Err(Refusal(format!("`linters`: the name `{name}` is there twice")));
        }
        if command.first().is_none_or(String::is_empty) {
            return Err(Refusal(format!("`linters`: `{name}` has no program to run")));
        }
        if *timeout_seconds == 0 {
            return Err(Refusal(format!("`linters`: `{name}` could never come to its end")));
        }
        if !folder.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(Refusal(format!("`linters`: the folder of `{name}` is not below the project")));
        }
    }
    Ok(Box::new(CodeQuality { config, host: setup.host.clone(), secrets: setup.secrets.clone() }))
}

#[async_trait]
impl Gate for CodeQuality {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// What a linter says depends on what is installed, too.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let linters = self.linters(&subject.project);
        if linters.is_empty() {
            let reason = "no linter is configured, and neither ESLint nor clippy is used here".to_owned();
            return Ok(Inspection::NotApplicable { reason });
        }
        let (mut findings, mut looked_at) = (Vec::new(), LookedAt::default());
        looked_at.counts.insert("linters".to_owned(), 0);
        let total = linters.len() as u64;
        for (done, linter) in linters.iter().enumerate() {
            scope.progress(done as u64, Some(total), &format!("running `{}`", linter.name));
            let folder = subject.project.join(&linter.folder);
            match self.run(linter, &folder, scope).await? {
                Ok((report, status)) => {
                    *looked_at.counts.entry("linters".to_owned()).or_default() += 1;
                    let folders = Folders::new(folder, CommandTree::Source, subject);
                    findings.extend(self.take(linter, &report, status, &folders, &mut looked_at));
                }
                Err(why) => looked_at.undecided.push(why),
            }
        }
        findings.sort();
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }
}

impl CodeQuality {
    /// Returns the linters to run: those that are found, then those that are configured.
    fn linters(&self, project: &Path) -> Vec<Linter> {
        let configured = &self.config.linters;
        let found = self.config.detect.iter().filter_map(|known| match known {
            Known::Eslint => detect::eslint(project),
            Known::Clippy => detect::clippy(project),
        });
        let is_new =
            |linter: &Linter| configured.iter().all(|one| one.format != linter.format && one.name != linter.name);
        found.filter(is_new).chain(configured.iter().cloned()).collect()
    }
}

impl Linter {
    /// Says whether this exit status is one of a run that looked at everything.
    fn came_to_an_end(&self, status: i32) -> bool {
        match (self.statuses.as_slice(), self.format) {
            ([], LinterFormat::Clippy) => status == 0 || status == 101,
            ([], LinterFormat::Eslint | LinterFormat::Sarif) => status == 0 || status == 1,
            (statuses, _) => statuses.contains(&status),
        }
    }
}

impl LinterFormat {
    fn read(self, printed: &[u8]) -> Result<Report, ReportError> {
        match self {
            Self::Sarif => read_sarif(printed),
            Self::Eslint => read_eslint(printed),
            Self::Clippy => read_clippy(printed),
        }
    }
}

/// Reads any report, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(printed: &[u8]) {
    for report in [read_eslint(printed), read_clippy(printed)].into_iter().flatten() {
        assert!(report.findings.iter().all(|found| found.places.iter().all(|place| place.line != Some(0))));
    }
}
