//! Whether the records hang together: each deployment follows the one before, no version of the configuration is
//! missing, monitoring never paused.
//!
//! What the log proves is that no record was changed; what is checked here is that the records tell one story.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    ConfigurationId, DataIntegrityCheck, DeploymentId, DeploymentStatus, Digest, Environment, MaintenanceAutomation,
    MaintenanceId, MonitoringRun, MonitoringType, ProductionConfiguration, ProductionDeployment, ReleaseId,
    ValidationRules, Window,
};

/// One deployment in the order of the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Link<'a> {
    /// Its record.
    Kept(&'a ProductionDeployment),
    /// Its record was pruned, so what it did is not known any more.
    Pruned(DeploymentId),
}

/// One place at which the records do not hang together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "fault")]
pub enum ChainFault {
    /// What a deployment found live was put there by no deployment on record.
    Gap {
        /// The deployment.
        deployment: DeploymentId,
        /// What it found live.
        found: Option<ReleaseId>,
        /// What was live as far as the records go.
        recorded: Option<ReleaseId>,
    },
    /// Two deployments took over from the same release.
    Fork {
        /// The later one.
        deployment: DeploymentId,
        /// The one that had taken over already.
        other: DeploymentId,
        /// From nothing, when absent.
        release: Option<ReleaseId>,
    },
    /// Two records have one id.
    Twice {
        /// The id.
        deployment: DeploymentId,
    },
    /// A rollback names a deployment that is not on record before it.
    UnknownRollback {
        /// The rollback.
        deployment: DeploymentId,
        /// What it names.
        names: DeploymentId,
    },
    /// A rollback shows another release than that of the deployment it names.
    OtherRelease {
        /// The rollback.
        deployment: DeploymentId,
        /// What it names.
        names: DeploymentId,
        /// What it shows.
        shows: Option<ReleaseId>,
    },
    /// A deployment names a configuration that is not on record for its environment.
    UnknownConfiguration {
        /// The deployment.
        deployment: DeploymentId,
        /// What it names.
        names: ConfigurationId,
    },
    /// A piece of maintenance names a deployment that is not on record.
    UnknownDeployment {
        /// The maintenance.
        maintenance: MaintenanceId,
        /// What it names.
        names: DeploymentId,
    },
    /// Versions of a configuration are missing, or two have one number.
    Version {
        /// The version that does not follow.
        configuration: ConfigurationId,
        /// Its number.
        version: String,
        /// The number before it.
        after: String,
    },
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |release: &Option<ReleaseId>| {
            release.as_ref().map_or_else(|| "nothing".to_owned(), |release| format!("`{release}`"))
        };
        match self {
            Self::Gap { deployment, found, recorded } => {
                let (found, recorded) = (shown(found), shown(recorded));
                write!(f, "`{deployment}` found {found} live, and the records before it end with {recorded}")
            }
            Self::Fork { deployment, other, release } => {
                let release = shown(release);
                write!(f, "`{deployment}` and `{other}` both took over from {release}")
            }
            Self::Twice { deployment } => write!(f, "two records are `{deployment}`"),
            Self::UnknownRollback { deployment, names } => {
                write!(f, "`{deployment}` goes back to `{names}`, which is not on record before it")
            }
            Self::OtherRelease { deployment, names, shows } => {
                let shows = shown(shows);
                write!(f, "`{deployment}` goes back to `{names}` and shows {shows}, which is not its release")
            }
            Self::UnknownConfiguration { deployment, names } => {
                write!(f, "`{deployment}` was made under `{names}`, which is not on record for its environment")
            }
            Self::UnknownDeployment { maintenance, names } => {
                write!(f, "`{maintenance}` led to `{names}`, which is not on record")
            }
            Self::Version { configuration, version, after } => {
                write!(f, "`{configuration}` is version {version}, and the one before it is {after}")
            }
        }
    }
}

/// What the records so far say of one environment.
#[derive(Debug, Default)]
struct Story {
    /// What is live; nothing known behind a pruned record.
    live: Option<Option<ReleaseId>>,
    /// Who took over from each release.
    left: BTreeMap<Option<ReleaseId>, DeploymentId>,
}

/// Says where deployments, in the order of the log, do not follow one another.
///
/// Per environment, what a deployment found live must be what the deployments before it left live; before the first
/// there is nothing, and behind a pruned record nobody knows. A rollback goes back to a deployment before it and shows
/// that one's release. What a deployment names as its configuration is on record.
#[must_use]
pub fn deployments(links: &[Link<'_>], configurations: &[ProductionConfiguration]) -> Vec<ChainFault> {
    let configured: BTreeSet<_> = configurations.iter().map(|it| (it.environment, it.configuration_id)).collect();
    let mut faults = Vec::new();
    let mut stories: BTreeMap<Environment, Story> =
        [Environment::Development, Environment::Staging, Environment::Production]
            .into_iter()
            .map(|environment| (environment, Story { live: Some(None), ..Story::default() }))
            .collect();
    let mut before: BTreeMap<DeploymentId, Option<&ProductionDeployment>> = BTreeMap::new();

    for link in links {
        let it = match link {
            Link::Kept(it) => *it,
            Link::Pruned(id) => {
                before.insert(*id, None);
                stories.values_mut().for_each(|story| story.live = None);
                continue;
            }
        };
        let deployment = it.deployment_id;
        if let Some(names) = it.configuration_id.filter(|names| !configured.contains(&(it.environment, *names))) {
            faults.push(ChainFault::UnknownConfiguration { deployment, names });
        }
        if let Some(names) = it.rollback_deployment_id {
            match before.get(&names) {
                None => faults.push(ChainFault::UnknownRollback { deployment, names }),
                Some(Some(to)) if it.release_id.is_some() && !is_the_same_release(it, to) => {
                    faults.push(ChainFault::OtherRelease { deployment, names, shows: it.release_id.clone() });
                }
                Some(_) => {}
            }
        }
        if before.insert(deployment, Some(it)).is_some() {
            faults.push(ChainFault::Twice { deployment });
        }
        if it.release_id.is_some() {
            faults.extend(stories.entry(it.environment).or_default().follow(it));
        }
    }
    faults
}

impl Story {
    /// Takes in a deployment that asked what was live, and believes it.
    fn follow(&mut self, it: &ProductionDeployment) -> Option<ChainFault> {
        let (deployment, found) = (it.deployment_id, &it.previous_release_id);
        let fault = self.live.as_ref().filter(|live| *live != found).map(|recorded| match self.left.get(found) {
            Some(other) => ChainFault::Fork { deployment, other: *other, release: found.clone() },
            None => ChainFault::Gap { deployment, found: found.clone(), recorded: recorded.clone() },
        });
        if it.status == DeploymentStatus::Success {
            self.left.insert(found.clone(), deployment);
            self.live = Some(it.release_id.clone());
        } else {
            self.live = Some(found.clone());
        }
        fault
    }
}

fn is_the_same_release(one: &ProductionDeployment, other: &ProductionDeployment) -> bool {
    one.environment == other.environment && one.release_id == other.release_id
}

/// Says where versions of a configuration, in the order of the log, do not follow one another.
///
/// Per environment, each change counts the patch number up by one; whoever counts a higher number up begins anew.
#[must_use]
pub fn configurations(configurations: &[ProductionConfiguration]) -> Vec<ChainFault> {
    let mut last = BTreeMap::new();
    let mut faults = Vec::new();
    for it in configurations {
        if let Some(before) = last.insert(it.environment, &it.version) {
            let follows = match (it.version.major, it.version.minor).cmp(&(before.major, before.minor)) {
                Ordering::Less => false,
                Ordering::Equal => Some(it.version.patch) == before.patch.checked_add(1),
                Ordering::Greater => true,
            };
            if !follows {
                let (version, after) = (it.version.to_string(), before.to_string());
                faults.push(ChainFault::Version { configuration: it.configuration_id, version, after });
            }
        }
    }
    faults
}

/// Says which pieces of maintenance name a deployment that is not on record.
#[must_use]
pub fn maintenance(maintenance: &[MaintenanceAutomation], links: &[Link<'_>]) -> Vec<ChainFault> {
    let known: BTreeSet<DeploymentId> = links
        .iter()
        .map(|link| match link {
            Link::Kept(it) => it.deployment_id,
            Link::Pruned(id) => *id,
        })
        .collect();
    let unknown = |it: &MaintenanceAutomation| {
        let names = it.deployment_id.filter(|id| !known.contains(id))?;
        Some(ChainFault::UnknownDeployment { maintenance: it.maintenance_id, names })
    };
    maintenance.iter().filter_map(unknown).collect()
}

/// A time in which nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// When somebody had last looked, or was to begin.
    pub from: Timestamp,
    /// When somebody looked again, or was to end.
    pub to: Timestamp,
}

/// Says when, within a window, nobody looked for more than twice the time from one run to the next.
///
/// `every_seconds` is what is configured for this kind of monitoring. Runs may come in any order.
#[must_use]
pub fn monitoring(
    runs: &[MonitoringRun],
    monitoring_type: MonitoringType,
    every_seconds: u64,
    window: Window,
) -> Vec<Pause> {
    let mut moments: Vec<Timestamp> = runs
        .iter()
        .filter(|run| run.monitoring_type() == monitoring_type && window.contains(run.timestamp()))
        .map(MonitoringRun::timestamp)
        .chain([window.from, window.to])
        .collect();
    moments.sort_unstable();
    let allowed = i64::try_from(every_seconds.saturating_mul(2)).unwrap_or(i64::MAX);
    moments
        .windows(2)
        .filter(|pair| pair[1].duration_since(pair[0]).as_secs() > allowed)
        .map(|pair| Pause { from: pair[0], to: pair[1] })
        .collect()
}

/// Says whether the records as a whole hang together.
///
/// `root` is the log's; `pauses` are those of [`monitoring`], absent when nothing is monitored.
#[must_use]
pub fn check(
    root: Digest,
    at: Timestamp,
    links: &[Link<'_>],
    versions: &[ProductionConfiguration],
    pauses: Option<&[Pause]>,
) -> DataIntegrityCheck {
    DataIntegrityCheck {
        checksum: root,
        last_validated: at,
        validation_rules: ValidationRules {
            deployment_chain: (!links.is_empty()).then(|| deployments(links, versions).is_empty()),
            monitoring_continuity: pauses.map(<[Pause]>::is_empty),
            configuration_history: (!versions.is_empty()).then(|| configurations(versions).is_empty()),
        },
    }
}

#[cfg(test)]
mod tests;
