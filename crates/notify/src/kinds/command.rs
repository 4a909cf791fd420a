//! A notice on the standard input of a program.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, Notice};
use charter_host::{Command as Program, Ended, Environment, ProcessError, Processes, Refusal, Scope, Secrets, Setup};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::kinds::webhook;
use crate::post::{default_timeout, time_limit};
use crate::wording::{cut, one_line};
use crate::{Notifier, NotifyError, SecretName};

/// What every program gets of the environment.
const PASSED: [&str; 5] = ["HOME", "LANG", "LC_*", "PATH", "TZ"];
/// So much of its output is kept, in lines and characters.
const SAID: (usize, usize) = (3, 200);

charter_deploy_model::kind! {
    /// Runs a program of yours for each notice, which it reads as JSON from its standard input.
    ///
    /// ```toml
    /// [notify.routes.siren]
    /// kind = "command"
    /// command = ["./siren.sh", "--loud"]
    /// secrets = [{ env = "SIREN_TOKEN" }]
    /// ```
    ///
    /// The JSON is that of the kind `webhook`. There is no shell; the program runs in the project's folder with `PATH`,
    /// `HOME`, `LANG`, `LC_*`, `TZ`, what `pass` names and what `secrets` names. Exit status 0 means that the notice
    /// was taken; any other that it is to be tried again. After the time limit it is killed with all that it started.
    /// What it prints is kept, three lines of it and without secrets, where it failed.
    pub static META: "command", needs Live, lane Shared {}
}

/// A route of the kind `command`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CommandConfig {
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Names of further variables that it gets.
    #[serde(default)]
    pub pass: Vec<String>,
    /// Secrets that it gets, by the names of their variables.
    #[serde(default)]
    pub secrets: Vec<SecretName>,
    /// How long it may run, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Runs a program.
pub struct Command {
    processes: Arc<dyn Processes>,
    program: String,
    arguments: Vec<String>,
    folder: PathBuf,
    environment: Environment,
    masks: Secrets,
    limit: Duration,
}

impl fmt::Debug for Command {
    /// Arguments may be addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("program", &self.program).finish_non_exhaustive()
    }
}

/// Builds the notifier.
///
/// # Errors
/// When no program is named or a secret's variable is not set.
pub fn notifier(config: CommandConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let Some((program, arguments)) = config.command.split_first().filter(|(program, _)| !program.is_empty()) else {
        return Err(Refusal("`command` names no program".to_owned()));
    };
    let passed: Vec<&str> = PASSED.into_iter().chain(config.pass.iter().map(String::as_str)).collect();
    let mut environment = setup.host.environment.allow(&passed);
    let mut masks = Vec::new();
    for name in &config.secrets {
        let secret = name.reveal(setup)?;
        environment = environment.with(&name.env, secret.reveal());
        masks.push((name.env.clone(), secret));
    }
    Ok(Box::new(Command {
        processes: Arc::clone(&setup.host.processes),
        program: program.clone(),
        arguments: arguments.to_vec(),
        folder: setup.root.to_owned(),
        environment,
        masks: masks.into_iter().collect(),
        limit: time_limit(config.timeout_seconds)?,
    }))
}

#[async_trait]
impl Notifier for Command {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> String {
        self.program.clone()
    }

    fn folds(&self) -> bool {
        false
    }

    async fn notify(&self, notice: &Notice, scope: &Scope) -> Result<(), NotifyError> {
        // A path with a folder in it is meant from the project, not from wherever this process runs.
        let program = if self.program.contains('/') { self.folder.join(&self.program) } else { (&self.program).into() };
        let mut command = Program::new(program, &self.arguments, &self.folder, self.environment.clone(), self.limit);
        command.input = webhook::body(notice).to_string().into_bytes();
        let output = self.processes.run(&command, scope).await.map_err(|error| match error {
            ProcessError::TimedOut { limit, .. } => NotifyError::TimedOut { limit },
            ProcessError::Cancelled { .. } => NotifyError::Cancelled,
            other => NotifyError::Unreachable { reason: self.masks.mask(&other.to_string()) },
        })?;
        if output.succeeded() {
            return Ok(());
        }
        let how = match output.ended {
            Ended::Exited(status) => format!("`{}` ended with status {status}", self.program),
            Ended::Signalled(signal) => format!("`{}` was ended by signal {signal}", self.program),
        };
        let printed = self.masks.mask(&output.last_lines(SAID.0).join(" / "));
        let printed = cut(&one_line(&printed), SAID.1);
        let said = if printed.is_empty() { how } else { format!("{how}: {printed}") };
        Err(NotifyError::Busy { said, after: None })
    }
}
