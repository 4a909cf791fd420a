//! Everything a run needs, put together by the caller.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use charter_backup::BackupEngine;
use charter_deploy_model::{
    DataRetentionPolicy, Environment, Failure, KindMeta, ProductionConfiguration, ReleaseId, UsersSee, Waiver,
};
use charter_gates::verdict::Policy;
use charter_gates::{Gate, Memory};
use charter_github::GitHub;
use charter_host::{Host, Scope, Secrets};
use charter_repository::Repository;
use charter_store::Store;
use charter_targets::Target;

use crate::build::BuildPlan;
use crate::{Events, SmokeCheck, Stop};

/// One project and one of its environments, ready to be deployed to.
#[derive(Debug)]
pub struct Project {
    /// The machine.
    pub host: Host,
    /// The secrets that the configuration names.
    pub secrets: Secrets,
    /// The project's git repository.
    pub repository: Repository,
    /// Its records.
    pub store: Store,
    /// The folder that holds the records, the journal and the lock.
    pub records: PathBuf,
    /// A folder outside the project for what can be made again: work trees, caches.
    pub cache: PathBuf,
    /// The file with the user's key for what other tools are told.
    pub signing_key: PathBuf,
    /// Where snapshots go.
    pub backups: Arc<dyn BackupEngine>,
    /// Where releases are shown.
    pub target: Arc<dyn Target>,
    /// The project's repository on GitHub, and the right to ask about it.
    pub github: Option<Arc<GitHub>>,
    /// What judges them.
    pub gates: Vec<Arc<dyn Gate>>,
    /// What the gates saw before.
    pub memory: Option<Memory>,
    /// The rest of the configuration.
    pub settings: Settings,
    /// Who hears what happens.
    pub events: Events,
}

/// What the configuration says about deploying to this environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The environment.
    pub environment: Environment,
    /// How the site is built.
    pub build: BuildPlan,
    /// The names of the secrets without which it cannot be built.
    pub build_secrets: Vec<String>,
    /// What blocks.
    pub policy: Policy,
    /// What may stand for a while.
    pub waivers: Vec<Waiver>,
    /// The file with what may stand because it was there before.
    pub baseline_file: PathBuf,
    /// How much worse than live a figure may be, in percent; it is not compared when absent.
    pub max_regression_percent: Option<f64>,
    /// The ids of gates that this environment leaves out.
    pub skipped_gates: BTreeSet<String>,
    /// The ids of gates that a hotfix in an emergency goes without.
    pub skipped_in_emergency: BTreeSet<String>,
    /// Where users find the site; looked at by loopback when absent.
    pub url: Option<String>,
    /// The path under which the site is served, with a slash at both ends.
    pub base_path: String,
    /// What the live check asks for besides `deploy.json`.
    pub checks: Vec<SmokeCheck>,
    /// How long the live site may take to show a release.
    pub verify_limit: Duration,
    /// How many releases stay on the target to go back to.
    pub keep_releases: usize,
    /// The remote that production branches are pushed to, if any.
    pub branches_remote: Option<String>,
    /// Whether deployments are put on GitHub's list of them.
    pub list_on_github: bool,
    /// How long records and snapshots stay.
    pub retention: DataRetentionPolicy,
    /// What is recorded of the configuration.
    pub configuration: ProductionConfiguration,
    /// The configuration's file, for the backup.
    pub configuration_file: PathBuf,
}

impl Project {
    /// Says what a stopped command's receiver needs to know, with what users see at this moment.
    pub async fn failure(&self, stop: &Stop, scope: &Scope) -> Failure {
        let users_see = match stop {
            Stop::RolledBack { release, .. } => UsersSee::RolledBack { release: release.clone() },
            Stop::RollbackFailed { .. } => match self.target.live(scope).await {
                Ok(Some(release)) => UsersSee::New { release },
                _ => UsersSee::Unknown,
            },
            Stop::TouchedByBuild => UsersSee::Unknown,
            _ => match self.target.live(scope).await {
                Ok(release) => UsersSee::Unchanged { release },
                Err(_) => UsersSee::Unknown,
            },
        };
        stop.failure(users_see)
    }

    /// Returns what each gate says of itself.
    #[must_use]
    pub fn kinds(&self) -> Vec<&'static KindMeta> {
        self.gates.iter().map(|gate| gate.meta()).collect()
    }

    /// Returns where users find the site, or how else to look at it.
    pub(crate) fn address(&self) -> String {
        self.settings.url.clone().unwrap_or_else(|| match self.target.live_folder() {
            Some(folder) => format!("file://{}", folder.display()),
            None => String::new(),
        })
    }

    pub(crate) async fn live(&self, scope: &Scope) -> Result<Option<ReleaseId>, Stop> {
        self.target.live(scope).await.map_err(Stop::target("ask the target which release is live"))
    }
}
