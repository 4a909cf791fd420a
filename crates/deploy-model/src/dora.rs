//! DORA's measures of how software is delivered, over records alone.
//!
//! The definitions are those of <https://dora.dev/guides/dora-metrics/>, put in terms of records:
//!
//! - **Deployment frequency**: how often a change reached users. A record counts when its release was shown, so
//!   with status `success` or `rolled-back`; what failed before that reached nobody, and a rollback is no change.
//! - **Lead time for changes**: from the commit (`committedAt`) until its release was shown and stayed; the median.
//!   Of several commits that were deployed at once only the deployed one is on record.
//! - **Change failure rate**: the share of those changes that had to be put right at once: taken back by their own
//!   live check, followed by a rollback or a hotfix, or the cause of an incident.
//! - **Time to restore**: how long users were without a good release after such a change: as long as the incident
//!   lasted, else from the moment the change was shown until the one that put it right was; the median.
//!
//! - **Deployment rework rate**: the share of those changes that were not planned, but made to put something right:
//!   hotfixes. A rollback is no change.
//!
//! A change counts in the window in which it was shown, whenever it was put right. What there is nothing to count for
//! is absent.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::median;
use crate::{DeploymentStatus, DeploymentType, Environment, Percent, ProductionDeployment, UptimeIncident, Window};

/// How software was delivered to one environment in one window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dora {
    /// Where to.
    pub environment: Environment,
    /// When.
    pub window: Window,
    /// How many changes reached users.
    pub changes: u64,
    /// How many of them had to be put right.
    pub failed_changes: u64,
    /// Deployment frequency, a day of 24 hours; absent before the first deployment, and for an empty window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployments_per_day: Option<f64>,
    /// Lead time for changes, in seconds, the median; absent when no change has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_time_seconds: Option<f64>,
    /// Change failure rate; absent when no change reached users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_failure_percent: Option<Percent>,
    /// Time to restore, in seconds, the median; absent when nothing had to be put right, or none of it was timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_restore_seconds: Option<f64>,
    /// Deployment rework rate; absent when no change reached users, and in what was written before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rework_percent: Option<Percent>,
}

/// Returns how software was delivered to an environment in a window.
///
/// `deployments` are all there are, in the order of the log; those after the window tell what became of those in it.
#[must_use]
pub fn dora(
    deployments: &[ProductionDeployment],
    incidents: &[UptimeIncident],
    environment: Environment,
    window: Window,
) -> Dora {
    let of_environment: Vec<&ProductionDeployment> =
        deployments.iter().filter(|it| it.environment == environment).collect();
    let changes: Vec<(usize, &ProductionDeployment)> = of_environment
        .iter()
        .enumerate()
        .filter(|(_, it)| is_change(it) && window.contains(shown_at(it)))
        .map(|(index, it)| (index, *it))
        .collect();
    let repairs: Vec<Repair> =
        changes.iter().filter_map(|(index, it)| repair(it, &of_environment[index + 1..], incidents)).collect();
    let lead_times: Vec<f64> = changes.iter().filter_map(|(_, it)| lead_time(it)).collect();
    let restore_times: Vec<f64> = repairs.iter().filter_map(|repair| repair.seconds).collect();

    let hotfixes = changes.iter().filter(|(_, it)| it.deployment_type == DeploymentType::Hotfix).count() as u64;
    let has_begun = of_environment.iter().any(|it| shown_at(it) < window.to);
    let (count, failed) = (changes.len() as u64, repairs.len() as u64);
    #[expect(clippy::cast_precision_loss, reason = "2^53 deployments do not happen")]
    let per_day = || count as f64 / window.days();
    Dora {
        environment,
        window,
        changes: count,
        failed_changes: failed,
        deployments_per_day: (has_begun && window.days() > 0.0).then(per_day),
        lead_time_seconds: median(&lead_times),
        change_failure_percent: Percent::of(failed, count),
        time_to_restore_seconds: median(&restore_times),
        rework_percent: Percent::of(hotfixes, count),
    }
}

/// Says whether a deployment brought a change to users, for a moment at least.
fn is_change(it: &ProductionDeployment) -> bool {
    it.deployment_type != DeploymentType::Rollback
        && matches!(it.status, DeploymentStatus::Success | DeploymentStatus::RolledBack)
}

fn shown_at(it: &ProductionDeployment) -> Timestamp {
    it.shown_at.unwrap_or(it.finished_at)
}

/// Nothing for one that was taken back: it never got there for good. Nothing for one that is older than its commit: one
/// of the two clocks was wrong.
fn lead_time(it: &ProductionDeployment) -> Option<f64> {
    let committed = it.committed_at.filter(|_| it.status == DeploymentStatus::Success)?;
    Some(shown_at(it).duration_since(committed).as_secs_f64()).filter(|seconds| *seconds >= 0.0)
}

/// How a change was put right.
struct Repair {
    /// How long users were without a good release; absent when it is not over, or was not timed.
    seconds: Option<f64>,
}

fn repair(it: &ProductionDeployment, later: &[&ProductionDeployment], incidents: &[UptimeIncident]) -> Option<Repair> {
    let caused: Vec<&UptimeIncident> =
        incidents.iter().filter(|incident| incident.deployment_id == Some(it.deployment_id)).collect();
    if !caused.is_empty() {
        let lasted: Option<Vec<f64>> = caused.iter().map(|incident| incident.seconds()).collect();
        return Some(Repair { seconds: lasted.map(|lasted| lasted.iter().sum()) });
    }
    let from = it.shown_at;
    let until = |end: Timestamp| from.map(|from| end.duration_since(from).as_secs_f64().max(0.0));
    if it.status == DeploymentStatus::RolledBack {
        return Some(Repair { seconds: until(it.finished_at) });
    }
    let followed = later.iter().find(|next| {
        next.status == DeploymentStatus::Success && it.release_id.is_some() && next.previous_release_id == it.release_id
    })?;
    let is_repair = matches!(followed.deployment_type, DeploymentType::Rollback | DeploymentType::Hotfix);
    is_repair.then(|| Repair { seconds: until(shown_at(followed)) })
}

#[cfg(test)]
mod tests;
