//! How one record leads to another: configuration → deployment → monitoring → maintenance → deployment.

use serde::Serialize;

use crate::{
    DeploymentStatus, LiveCheck, MaintenanceAutomation, MaintenanceId, MaintenanceResults, MaintenanceStatus,
    MaintenanceType, MonitoringId, MonitoringRun, MonitoringType, Priority, ProductionConfiguration,
    ProductionDeployment, ProductionMonitoring, Stamp, UptimeGroup, UptimeStatus, Verdict,
};

/// A score below this opens maintenance by itself.
pub const MAINTENANCE_BELOW: f64 = 95.0;

/// Returns the first monitoring of what a deployment shows: what its own live check saw.
///
/// Nothing for a deployment that is not what users see, or that was not looked at.
#[must_use]
pub fn monitoring_of(deployment: &ProductionDeployment) -> Option<MonitoringRun> {
    let live = deployment.validation.live.as_ref().filter(|_| deployment.status == DeploymentStatus::Success)?;
    let monitoring_id = MonitoringId::new(Stamp::of(deployment.finished_at));
    let entry = ProductionMonitoring {
        monitoring_id,
        timestamp: deployment.finished_at,
        monitoring_type: MonitoringType::Uptime,
        site_url: deployment.deployment_url.clone(),
        environment: deployment.environment,
        deployment_id: Some(deployment.deployment_id),
        uptime: Some(UptimeGroup {
            status: answer(&live.checks),
            response_time: None,
            http_status: live.checks.first().and_then(|check| check.status),
            location: if live.loopback { "loopback" } else { "deployment" }.to_owned(),
            availability: None,
            incidents: Vec::new(),
        }),
        performance: None,
        accessibility: None,
        security: None,
        constitutional: None,
        alerts: Vec::new(),
        trends: None,
    };
    MonitoringRun::new(monitoring_id, deployment.finished_at, MonitoringType::Uptime, vec![entry]).ok()
}

/// Says how a site answers a few requests.
fn answer(checks: &[LiveCheck]) -> UptimeStatus {
    match checks.iter().filter(|check| check.passed).count() {
        _ if checks.is_empty() => UptimeStatus::Unknown,
        0 => UptimeStatus::Down,
        passed if passed == checks.len() => UptimeStatus::Up,
        _ => UptimeStatus::Degraded,
    }
}

/// Returns the maintenance that what was seen of an endpoint opens: an optimization, when its score is below
/// [`MAINTENANCE_BELOW`].
///
/// It is a plan, to be approved: nothing of it was done. It takes its id from the second of the monitoring; where that
/// is taken, the next free one is its name.
#[must_use]
pub fn maintenance_due(monitoring: &ProductionMonitoring) -> Option<MaintenanceAutomation> {
    let score = monitoring.constitutional?.compliance_score;
    (score.get() < MAINTENANCE_BELOW).then(|| MaintenanceAutomation {
        maintenance_id: MaintenanceId::new(Stamp::of(monitoring.timestamp)),
        maintenance_type: MaintenanceType::Optimization,
        scheduled_time: monitoring.timestamp,
        executed_time: None,
        deployment_id: None,
        monitoring_id: Some(monitoring.monitoring_id),
        priority: Priority::High,
        automated: true,
        approval_required: true,
        impact_assessment: None,
        dependency_updates: None,
        content_validation: None,
        backup: None,
        security_patch: None,
        restore_drill: None,
        status: MaintenanceStatus::Scheduled,
        progress: None,
        results: None,
        approval: None,
    })
}

/// Returns the maintenance as it is once it led to a deployment: done if that is what users see, failed otherwise.
#[must_use]
pub fn led_to(maintenance: MaintenanceAutomation, deployment: &ProductionDeployment) -> MaintenanceAutomation {
    let success = deployment.status == DeploymentStatus::Success;
    let (changes, errors) = maintenance.results.map(|it| (it.changes, it.errors)).unwrap_or_default();
    MaintenanceAutomation {
        deployment_id: Some(deployment.deployment_id),
        executed_time: maintenance.executed_time.or(Some(deployment.timestamp)),
        status: if success { MaintenanceStatus::Success } else { MaintenanceStatus::Failed },
        results: Some(MaintenanceResults {
            success,
            changes,
            errors,
            rollback_required: deployment.status == DeploymentStatus::RolledBack,
            constitutional_compliance: deployment
                .validation
                .constitutional_compliance
                .as_ref()
                .map(|_| deployment.metadata.constitutional_compliance),
        }),
        ..maintenance
    }
}

/// Whether something that was configured is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectationState {
    /// It is.
    Met,
    /// It is not.
    Missed,
    /// Nobody knows.
    Unmeasured,
}

/// One thing that a configuration expects of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expectation {
    /// What, by its place in the configuration, such as `performance.targets.coreWebVitals.lcp`.
    pub what: String,
    /// What was expected.
    pub wanted: String,
    /// What was found; absent when it was not measured.
    pub found: Option<String>,
    /// Whether it is so.
    pub state: ExpectationState,
}

/// Returns what a configuration expects of a deployment, and whether it is so: that the deployment was made under it,
/// that every gate it names came to a verdict, and that every target it sets was reached.
#[must_use]
pub fn expectations(configuration: &ProductionConfiguration, deployment: &ProductionDeployment) -> Vec<Expectation> {
    let id = configuration.configuration_id.to_string();
    let under = deployment.configuration_id.map(|id| id.to_string());
    let mut all = vec![
        same("configurationId", &id, under),
        same("environment", &configuration.environment.to_string(), Some(deployment.environment.to_string())),
    ];
    all.extend(configuration.deployment.validation_steps.iter().map(|gate| judged(gate, deployment)));
    all.extend(targets(configuration, deployment));
    all
}

fn same(what: &str, wanted: &str, found: Option<String>) -> Expectation {
    let is_met = found.as_deref().map(|found| found == wanted);
    Expectation { what: what.to_owned(), wanted: wanted.to_owned(), found, state: state(is_met) }
}

const fn state(is_met: Option<bool>) -> ExpectationState {
    match is_met {
        Some(true) => ExpectationState::Met,
        Some(false) => ExpectationState::Missed,
        None => ExpectationState::Unmeasured,
    }
}

fn judged(gate: &str, deployment: &ProductionDeployment) -> Expectation {
    let report = deployment.validation.gates.iter().find(|report| report.gate == gate);
    let verdict = report.map(|report| report.verdict);
    let (found, is_met) = match verdict {
        Some(Verdict::Passed) => (Some("passed"), Some(true)),
        Some(Verdict::Waived) => (Some("waived"), Some(true)),
        Some(Verdict::NotApplicable) => (Some("not applicable"), Some(true)),
        Some(Verdict::Blocked) => (Some("blocked"), Some(false)),
        Some(Verdict::Inconclusive | Verdict::Broken) | None => (None, None),
    };
    Expectation {
        what: format!("deployment.validationSteps: {gate}"),
        wanted: "passed".to_owned(),
        found: found.map(str::to_owned),
        state: state(is_met),
    }
}

fn targets(configuration: &ProductionConfiguration, deployment: &ProductionDeployment) -> Vec<Expectation> {
    let Some(targets) = configuration.performance.as_ref().and_then(|performance| performance.targets) else {
        return Vec::new();
    };
    let measured = deployment.validation.performance.as_ref();
    let lighthouse = measured.and_then(|measured| measured.lighthouse);
    let vitals = measured.and_then(|measured| measured.core_web_vitals).unwrap_or_default();

    let least = targets.lighthouse.unwrap_or_default();
    let scores = [
        ("performance", least.performance, lighthouse.map(|it| it.performance)),
        ("accessibility", least.accessibility, lighthouse.map(|it| it.accessibility)),
        ("bestPractices", least.best_practices, lighthouse.map(|it| it.best_practices)),
        ("seo", least.seo, lighthouse.map(|it| it.seo)),
    ];
    let scores = scores.into_iter().filter_map(|(name, least, found)| {
        let least = least?.get();
        let is_met = found.map(|found| found >= least);
        Some(figure(&format!("lighthouse.{name}"), format!("at least {least}"), found, is_met))
    });

    let most = targets.core_web_vitals.unwrap_or_default();
    let sizes = targets.bundle_size.unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "no page weighs 2^53 bytes")]
    let bytes = |limit: Option<u64>| limit.map(|limit| limit as f64);
    let limits = [
        ("coreWebVitals.lcp", most.lcp, vitals.lcp),
        ("coreWebVitals.fcp", most.fcp, vitals.fcp),
        ("coreWebVitals.cls", most.cls, vitals.cls),
        ("coreWebVitals.fid", most.fid, vitals.fid),
        ("coreWebVitals.inp", most.inp, vitals.inp),
        ("coreWebVitals.tbt", most.tbt, vitals.tbt),
        ("bundleSize.javascript", bytes(sizes.javascript), heaviest(deployment, "script-brotli")),
        ("bundleSize.css", bytes(sizes.css), heaviest(deployment, "style-brotli")),
        ("bundleSize.total", bytes(sizes.total), heaviest(deployment, "total-brotli")),
    ];
    let limits = limits.into_iter().filter_map(|(name, most, found)| {
        let most = most?;
        Some(figure(name, format!("at most {most}"), found, found.map(|found| found <= most)))
    });
    scores.chain(limits).collect()
}

fn figure(name: &str, wanted: String, found: Option<f64>, is_met: Option<bool>) -> Expectation {
    let what = format!("performance.targets.{name}");
    Expectation { what, wanted, found: found.map(|found| found.to_string()), state: state(is_met) }
}

/// Returns the largest figure of a name that any gate measured.
fn heaviest(deployment: &ProductionDeployment, name: &str) -> Option<f64> {
    let measures = deployment.validation.gates.iter().flat_map(|report| &report.measures);
    measures.filter(|measure| measure.name == name).map(|measure| measure.value).reduce(f64::max)
}

#[cfg(test)]
mod tests;
