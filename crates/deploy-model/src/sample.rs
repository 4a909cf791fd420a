//! Records to put tests together from.

use serde_json::{Value, json};

use crate::{
    DeploymentId, DeploymentStatus, DeploymentType, Environment, MonitoringRun, MonitoringType,
    ProductionConfiguration, ProductionDeployment, ReleaseId, Stamp,
};

/// Returns the release that the deployment of a second stages.
pub(crate) fn release(stamp: &str) -> ReleaseId {
    format!("{stamp}-0123456789ab").parse().unwrap()
}

pub(crate) fn id(stamp: &str) -> DeploymentId {
    DeploymentId::new(stamp.parse().unwrap())
}

/// Returns an update of production that began in a second, ended 20 seconds later and took over from `previous`.
pub(crate) fn deployment(stamp: &str, previous: Option<&str>) -> ProductionDeployment {
    let began = stamp.parse::<Stamp>().unwrap().timestamp();
    let mut it: ProductionDeployment = serde_json::from_value(json!({
        "deploymentId": id(stamp),
        "commitHash": "0123456789abcdef0123456789abcdef01234567",
        "branchName": format!("{stamp}-prod-x"),
        "timestamp": began,
        "finishedAt": began + jiff::SignedDuration::from_secs(20),
        "environment": Environment::Production,
        "deploymentType": DeploymentType::Update,
        "triggerSource": "manual",
        "deployedBy": "ann",
        "buildInfo": { "optimizations": [] },
        "validation": {},
        "status": DeploymentStatus::Success,
        "deploymentUrl": "https://example.org/",
        "errors": [],
        "warnings": [],
        "metadata": { "constitutionalCompliance": true, "performanceBaseline": true, "userImpact": "low" },
    }))
    .unwrap();
    it.release_id = Some(release(stamp));
    it.previous_release_id = previous.map(release);
    it
}

/// Returns a rollback that shows the release of the deployment `to` again instead of that of `from`.
pub(crate) fn rollback(stamp: &str, from: &str, to: &str) -> ProductionDeployment {
    ProductionDeployment {
        deployment_type: DeploymentType::Rollback,
        rollback_deployment_id: Some(id(to)),
        release_id: Some(release(to)),
        ..deployment(stamp, Some(from))
    }
}

pub(crate) fn configuration(stamp: &str, version: &str) -> ProductionConfiguration {
    serde_json::from_value(json!({
        "configurationId": format!("{stamp}-config"),
        "version": version,
        "environment": "production",
        "application": { "name": "docs" },
        "deployment": {
            "strategy": "atomic", "rollbackStrategy": "automatic", "healthCheckTimeout": 30, "validationSteps": [],
        },
        "constitutional": { "enforcementLevel": "strict" },
        "environmentVariables": { "variables": {}, "secrets": [] },
    }))
    .unwrap()
}

/// Returns a run over one endpoint of production; `group` is what it saw.
pub(crate) fn run(stamp: &str, monitoring_type: MonitoringType, group: &Value) -> MonitoringRun {
    let (id, timestamp) = (format!("{stamp}-monitor"), stamp.parse::<Stamp>().unwrap().timestamp());
    serde_json::from_value(json!({
        "monitoringId": id,
        "timestamp": timestamp,
        "monitoringType": monitoring_type,
        "entries": [{
            "monitoringId": id,
            "timestamp": timestamp,
            "monitoringType": monitoring_type,
            "siteUrl": "https://example.org/",
            "environment": "production",
            monitoring_type.to_string(): group,
            "alerts": [],
        }],
    }))
    .unwrap()
}
