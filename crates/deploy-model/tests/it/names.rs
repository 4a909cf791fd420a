//! Every name of the data model is in the schemas as it is spelled there, and nothing else but what is listed here.

use std::collections::BTreeSet;

use charter_deploy_model::analytics::{MonitoringAnalytics, PerformanceAnalytics};
use charter_deploy_model::{
    AccessibilityViolation, BackupVerification, DataIntegrityCheck, DataRetentionPolicy, DependencyUpdate,
    DeploymentError, LocalStorage, MaintenanceAutomation, MaintenanceError, MonitoringAlert, ProductionConfiguration,
    ProductionDeployment, ProductionMonitoring, SecurityVulnerability, UptimeIncident,
};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

/// The interfaces of the data model, one member a line: `Interface.member.member`, with the values of an enum behind
/// ` = ` and the interface a member refers to behind ` -> `.
const DATA_MODEL: &str = include_str!("data_model.txt");

/// What was settled otherwise: a line of the data model, and what stands in its place.
const SETTLED: &[(&str, &[&str])] = &[
    // Documented additions to closed enums.
    (
        "ProductionDeployment.environment = staging | production",
        &["ProductionDeployment.environment = development | staging | production"],
    ),
    (
        "ProductionMonitoring.environment = staging | production",
        &["ProductionMonitoring.environment = development | staging | production"],
    ),
    (
        "ProductionConfiguration.environment = staging | production",
        &["ProductionConfiguration.environment = development | staging | production"],
    ),
    (
        "ProductionMonitoring.uptime.status = up | down | degraded",
        &["ProductionMonitoring.uptime.status = up | down | degraded | unknown"],
    ),
    (
        "ProductionConfiguration.deployment.strategy = blue-green | rolling | atomic",
        &["ProductionConfiguration.deployment.strategy = blue-green | rolling | atomic | canary"],
    ),
    (
        "MaintenanceAutomation.maintenanceType = dependency-update | content-validation | backup | security-patch | optimization",
        &[
            "MaintenanceAutomation.maintenanceType = dependency-update | content-validation | backup | security-patch | optimization | drift | code-repair | restore-drill",
        ],
    ),
    // Declared twice: the enum keeps the name.
    ("ProductionConfiguration.environment.variables", &["ProductionConfiguration.environmentVariables.variables"]),
    ("ProductionConfiguration.environment.secrets", &["ProductionConfiguration.environmentVariables.secrets"]),
    // `trend: string` is the enum.
    (
        "MonitoringAnalytics.performance.coreWebVitals.lcp.trend",
        &["MonitoringAnalytics.performance.coreWebVitals.lcp.trend = improving | stable | degrading"],
    ),
    (
        "MonitoringAnalytics.performance.coreWebVitals.fcp.trend",
        &["MonitoringAnalytics.performance.coreWebVitals.fcp.trend = improving | stable | degrading"],
    ),
    (
        "MonitoringAnalytics.performance.coreWebVitals.cls.trend",
        &["MonitoringAnalytics.performance.coreWebVitals.cls.trend = improving | stable | degrading"],
    ),
    (
        "MonitoringAnalytics.performance.coreWebVitals.fid.trend",
        &["MonitoringAnalytics.performance.coreWebVitals.fid.trend = improving | stable | degrading"],
    ),
    // One run is one record, with an entry per endpoint.
    (
        "LocalStorage.monitoring -> ProductionMonitoring",
        &[
            "LocalStorage.monitoring.monitoringId",
            "LocalStorage.monitoring.timestamp",
            "LocalStorage.monitoring.monitoringType = uptime | performance | accessibility | security | constitutional",
            "LocalStorage.monitoring.entries -> ProductionMonitoring",
        ],
    ),
];

/// What is added. A line that ends with `.*` stands for all below it.
const ADDED: &[&str] = &[
    "ProductionDeployment.committedAt",
    "ProductionDeployment.shownAt",
    "ProductionDeployment.finishedAt",
    "ProductionDeployment.releaseClass = hotfix | minor | major | breaking",
    "ProductionDeployment.emergency.*",
    "ProductionDeployment.configurationId",
    "ProductionDeployment.releaseId",
    "ProductionDeployment.previousReleaseId",
    "ProductionDeployment.backupId",
    "ProductionDeployment.switchMs",
    "ProductionDeployment.buildInfo.files",
    "ProductionDeployment.buildInfo.artifactDigest",
    "ProductionDeployment.validation.gates.*",
    "ProductionDeployment.validation.live.*",
    "ProductionDeployment.validation.performance.coreWebVitals.inp",
    "ProductionDeployment.validation.performance.coreWebVitals.tbt",
    "ProductionMonitoring.performance.coreWebVitals.inp.*",
    "ProductionMonitoring.performance.coreWebVitals.tbt.*",
    "MaintenanceAutomation.deploymentId",
    "MaintenanceAutomation.monitoringId",
    "MaintenanceAutomation.restoreDrill -> BackupVerification",
    "ProductionConfiguration.performance.targets.coreWebVitals.inp",
    "ProductionConfiguration.performance.targets.coreWebVitals.tbt",
    "UptimeIncident.deploymentId",
    "UptimeIncident.publicDescription",
    "UptimeIncident.updates.*",
    "MonitoringAnalytics.performance.coreWebVitals.inp.*",
    "MonitoringAnalytics.performance.coreWebVitals.tbt.*",
    "DataRetentionPolicy.deployments.standard",
    "DataRetentionPolicy.deployments.production",
    "DataRetentionPolicy.deployments.complianceSensitive",
    "DataRetentionPolicy.backups.*",
];

#[test]
fn the_schemas_have_the_names_of_the_data_model_and_what_is_listed() {
    let mut wanted: BTreeSet<String> = DATA_MODEL.lines().map(str::to_owned).collect();
    for (line, instead) in SETTLED {
        assert!(wanted.remove(*line), "the data model does not say `{line}`");
        wanted.extend(instead.iter().map(|line| (*line).to_owned()));
    }
    let mut found = found();
    for added in ADDED {
        let before = found.len();
        match added.strip_suffix(".*") {
            Some(above) => found.retain(|line| !line.starts_with(&format!("{above}."))),
            None => found.retain(|line| line != added),
        }
        assert!(found.len() < before, "`{added}` is listed as added, and is in no schema");
    }
    let missing: Vec<_> = wanted.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&wanted).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:#?}\nnot listed as added: {surplus:#?}");
}

fn found() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    add::<AccessibilityViolation>(&mut lines);
    add::<BackupVerification>(&mut lines);
    add::<DataIntegrityCheck>(&mut lines);
    add::<DataRetentionPolicy>(&mut lines);
    add::<DependencyUpdate>(&mut lines);
    add::<DeploymentError>(&mut lines);
    add::<LocalStorage>(&mut lines);
    add::<MaintenanceAutomation>(&mut lines);
    add::<MaintenanceError>(&mut lines);
    add::<MonitoringAlert>(&mut lines);
    add::<MonitoringAnalytics>(&mut lines);
    add::<PerformanceAnalytics>(&mut lines);
    add::<ProductionConfiguration>(&mut lines);
    add::<ProductionDeployment>(&mut lines);
    add::<ProductionMonitoring>(&mut lines);
    add::<SecurityVulnerability>(&mut lines);
    add::<UptimeIncident>(&mut lines);
    lines
}

/// The interfaces of the data model, at which another one's members end.
fn interfaces() -> BTreeSet<&'static str> {
    DATA_MODEL.lines().filter_map(|line| line.split('.').next()).collect()
}

fn add<T: JsonSchema>(lines: &mut BTreeSet<String>) {
    let root = schema_for!(T).to_value();
    let name = root["title"].as_str().unwrap().to_owned();
    walk(&root, &root, &name, lines);
}

fn walk(schema: &Value, root: &Value, path: &str, lines: &mut BTreeSet<String>) {
    // What may be absent is a choice between the value and null.
    if let Some(Value::Array(choices)) = schema.get("anyOf") {
        let choice = choices.iter().find(|choice| choice["type"] != "null").unwrap();
        return walk(choice, root, path, lines);
    }
    if let Some(reference) = schema.get("$ref") {
        let name = reference.as_str().unwrap().rsplit('/').next().unwrap();
        if interfaces().contains(name) {
            lines.insert(format!("{path} -> {name}"));
            return;
        }
        return walk(&root["$defs"][name], root, path, lines);
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        return walk(items, root, path, lines);
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, property) in properties {
            walk(property, root, &format!("{path}.{name}"), lines);
        }
        return;
    }
    let values: Vec<&str> = match (schema.get("oneOf"), schema.get("enum")) {
        (Some(Value::Array(variants)), _) => variants.iter().filter_map(|variant| variant["const"].as_str()).collect(),
        (_, Some(Value::Array(values))) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    lines.insert(match values.is_empty() {
        true => path.to_owned(),
        false => format!("{path} = {}", values.join(" | ")),
    });
}
