//! What each command does: opens the project, calls the pipeline, says the result.

mod analytics;
mod backup;
mod constitution;
mod dashboard;
mod deploy;
mod emergency;
mod gates;
mod incident;
mod init;
mod look;
mod monitor;
mod preview;
mod retention;
mod setup;

use std::sync::Arc;

use charter_deploy_model::{Failure, TriggerSource, exit};
use charter_host::Scope;
use charter_pipeline::{DeployRequest, Project, Stop};

use crate::args::{Arguments, Command, Common, StatusPageCommand};
use crate::output::Output;
use crate::{Charter, Surroundings, open};

/// How a command ended: its exit code, or why it did not do what was asked.
type Ended = Result<u8, Failure>;

/// Runs a command and returns its exit code.
pub(crate) fn run(charter: &Charter, surroundings: &Surroundings, arguments: Arguments) -> u8 {
    let output = Output::new(&arguments.common, surroundings);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.failure(&open::broken("the runtime cannot be started", &error));
            return exit::BUG;
        }
    };
    let invocation = Invocation { charter, surroundings, common: arguments.common, output: output.clone() };
    let ended = runtime.block_on(dispatch(&invocation, arguments.command));
    // What the second signal left behind is not waited for.
    runtime.shutdown_background();
    ended.unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit_code
    })
}

/// What a command is run with.
struct Invocation<'a> {
    charter: &'a Charter,
    surroundings: &'a Surroundings,
    common: Common,
    output: Output,
}

impl Invocation<'_> {
    /// Opens the project, with everybody listening.
    async fn project(&self) -> Result<Arc<Project>, Failure> {
        let project = open::project(self.charter, self.surroundings, &self.common, self.output.observers()).await?;
        Ok(Arc::new(project))
    }

    /// Opens the project for building it.
    async fn project_to_build(&self) -> Result<Arc<Project>, Failure> {
        let observers = self.output.observers();
        let mut project = open::project(self.charter, self.surroundings, &self.common, observers).await?;
        open::ready_to_build(&project)?;
        project.github = open::github(self.charter, self.surroundings, &self.common, &project).await?;
        Ok(Arc::new(project))
    }

    /// Opens the project for showing a release that is staged already; GitHub only where it has a part in that.
    async fn project_to_show(&self) -> Result<Arc<Project>, Failure> {
        let observers = self.output.observers();
        let mut project = open::project(self.charter, self.surroundings, &self.common, observers).await?;
        if project.settings.list_on_github || !project.target.visible_within().is_zero() {
            project.github = open::github(self.charter, self.surroundings, &self.common, &project).await?;
        }
        Ok(Arc::new(project))
    }

    /// Makes the failure of a stopped command, with what users see at this moment.
    async fn failure(&self, project: &Project, stop: &Stop) -> Failure {
        project.failure(stop, &Scope::default()).await
    }
}

async fn dispatch(invocation: &Invocation<'_>, command: Command) -> Ended {
    match command {
        Command::Init { dry_run } => init::init(invocation, dry_run),
        Command::Deploy { dry_run, description, hotfix, emergency } => {
            let request = DeployRequest { trigger: TriggerSource::Manual, description, hotfix, emergency };
            match dry_run {
                true => deploy::plan(invocation, request).await,
                false => deploy::deploy(invocation, request).await,
            }
        }
        Command::Rollback { to, dry_run: true } => deploy::plan_rollback(invocation, to).await,
        Command::Rollback { to, dry_run: false } => deploy::rollback(invocation, to).await,
        Command::Resume => deploy::resume(invocation).await,
        Command::Status => look::status(invocation).await,
        Command::History { limit } => look::history(invocation, limit).await,
        Command::Show { deployment } => look::show(invocation, deployment).await,
        Command::Verify => look::verify(invocation).await,
        Command::Constitution { afresh } => constitution::constitution(invocation, afresh).await,
        Command::Score => constitution::score(invocation).await,
        Command::Audit { week, output } => constitution::audit(invocation, week, output).await,
        Command::Gates(command) => gates::gates(invocation, command).await,
        Command::Backup(command) => backup::backup(invocation, command).await,
        Command::Retention(command) => retention::retention(invocation, command).await,
        Command::Dashboard { address } => dashboard::dashboard(invocation, address).await,
        Command::StatusPage(StatusPageCommand::Export { folder, url }) => {
            dashboard::export_status_page(invocation, &folder, url).await
        }
        Command::Monitor(command) => monitor::monitor(invocation, command).await,
        Command::Incident(command) => incident::incident(invocation, command).await,
        Command::Emergency { reason, no_rollback, dry_run } => {
            emergency::emergency(invocation, reason, no_rollback, dry_run).await
        }
        Command::Analytics { days } => analytics::analytics(invocation, days).await,
        Command::Preview { live } => preview::preview(invocation, live).await,
        Command::Freeze { reason } => deploy::freeze(invocation, reason).await,
        Command::Unfreeze => deploy::unfreeze(invocation).await,
        Command::Setup => setup::setup(invocation).await,
        Command::Schema => {
            let schema =
                serde_json::to_string_pretty(&invocation.charter.schema()).expect("a JSON value has a JSON form");
            invocation.output.print(&schema);
            Ok(exit::DONE)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut invocation.charter.command(), "xtask", &mut script);
            invocation.output.print(&String::from_utf8_lossy(&script));
            Ok(exit::DONE)
        }
    }
}
