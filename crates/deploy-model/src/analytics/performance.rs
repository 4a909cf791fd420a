//! What deployments say together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::{Better, Trend, mean, percentile, trend};
use crate::{
    DeploymentErrorType, DeploymentStatus, DeploymentType, Environment, Percent, ProductionDeployment, Window,
};

/// How an environment's deployments fare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceAnalytics {
    /// How many there were lately.
    pub deployment_frequency: DeploymentFrequency,
    /// How long building takes; absent when nothing was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_times: Option<BuildTimes>,
    /// How they ended; absent when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_success: Option<DeploymentSuccess>,
    /// How they stood against the constitution; absent when none was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional_compliance: Option<ComplianceHistory>,
}

/// How many changes users were shown, up to the end of the window and within it; rollbacks do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentFrequency {
    /// In the last 24 hours.
    pub daily: u64,
    /// In the last 7 days.
    pub weekly: u64,
    /// In the last 30 days.
    pub monthly: u64,
}

/// How long building takes, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildTimes {
    /// The mean.
    pub average: f64,
    /// Where it is going; absent for fewer than four builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// The 95th percentile by nearest rank.
    pub percentile95: f64,
}

/// How deployments ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSuccess {
    /// The share that users see, or saw until the next.
    pub rate: Percent,
    /// Where that is going, five points or more; absent for fewer than four deployments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// How many ended for which reason: the gates that blocked, or else the part it failed in (`build`, `validation`,
    /// `deployment`, `rollback`), or else `unknown`.
    pub failure_reasons: BTreeMap<String, u64>,
}

/// How deployments stood against the constitution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceHistory {
    /// The mean of their scores; absent when none has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_score: Option<Percent>,
    /// Where it is going, a point or more; absent for fewer than four scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// How many deployments had each violation, by its code.
    pub violations: BTreeMap<String, u64>,
}

/// Returns how an environment's deployments fared in a window; they are given in the order of the log.
#[must_use]
pub fn performance(
    deployments: &[ProductionDeployment],
    environment: Environment,
    window: Window,
) -> PerformanceAnalytics {
    let these: Vec<&ProductionDeployment> =
        deployments.iter().filter(|it| it.environment == environment && window.contains(it.finished_at)).collect();
    PerformanceAnalytics {
        deployment_frequency: frequency(&these, window.to),
        build_times: build_times(&these),
        deployment_success: success(&these),
        constitutional_compliance: compliance(&these),
    }
}

fn frequency(these: &[&ProductionDeployment], to: Timestamp) -> DeploymentFrequency {
    let within = |days| {
        let window = Window::days_until(to, days);
        let changes = these
            .iter()
            .filter(|it| it.status == DeploymentStatus::Success && it.deployment_type != DeploymentType::Rollback);
        changes.filter(|it| window.contains(it.finished_at)).count() as u64
    };
    DeploymentFrequency { daily: within(1), weekly: within(7), monthly: within(30) }
}

/// A rollback's record carries the build of the deployment that it goes back to, so it is not counted twice.
fn build_times(these: &[&ProductionDeployment]) -> Option<BuildTimes> {
    let built = these.iter().filter(|it| it.deployment_type != DeploymentType::Rollback);
    let seconds: Vec<f64> = built.filter_map(|it| it.build_info.build_time).collect();
    Some(BuildTimes {
        average: mean(&seconds)?,
        trend: trend(&seconds, Better::COST),
        percentile95: percentile(&seconds, 95)?,
    })
}

fn success(these: &[&ProductionDeployment]) -> Option<DeploymentSuccess> {
    let succeeded = |it: &ProductionDeployment| it.status == DeploymentStatus::Success;
    let count = these.iter().filter(|it| succeeded(it)).count() as u64;
    let shares: Vec<f64> = these.iter().map(|it| if succeeded(it) { 100.0 } else { 0.0 }).collect();
    Some(DeploymentSuccess {
        rate: Percent::of(count, these.len() as u64)?,
        trend: trend(&shares, Better::Higher { by: 5.0 }),
        failure_reasons: counted(these.iter().filter(|it| !succeeded(it)).flat_map(|it| reasons(it))),
    })
}

fn reasons(it: &ProductionDeployment) -> Vec<String> {
    let blocking = it.validation.gates.iter().filter(|report| report.blocks).map(|report| report.gate.clone());
    let parts = it.errors.iter().map(|error| part(error.error_type).to_owned());
    let mut reasons: Vec<String> = blocking.collect();
    if reasons.is_empty() {
        reasons.extend(parts);
    }
    if reasons.is_empty() {
        reasons.push("unknown".to_owned());
    }
    reasons
}

const fn part(part: DeploymentErrorType) -> &'static str {
    match part {
        DeploymentErrorType::Build => "build",
        DeploymentErrorType::Validation => "validation",
        DeploymentErrorType::Deployment => "deployment",
        DeploymentErrorType::Rollback => "rollback",
    }
}

fn compliance(these: &[&ProductionDeployment]) -> Option<ComplianceHistory> {
    let judged: Vec<_> = these.iter().filter_map(|it| it.validation.constitutional_compliance.as_ref()).collect();
    let scores: Vec<f64> = judged.iter().filter_map(|it| it.score).collect();
    (!judged.is_empty()).then(|| ComplianceHistory {
        average_score: mean(&scores).and_then(|mean| Percent::new(mean.clamp(0.0, 100.0)).ok()),
        trend: trend(&scores, Better::SCORE),
        violations: counted(judged.iter().flat_map(|it| it.violations.clone())),
    })
}

fn counted(names: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}
