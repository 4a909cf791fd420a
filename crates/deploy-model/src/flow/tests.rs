//! How one record leads to another.

use serde_json::json;

use super::*;
use crate::chain::{self, Link};
use crate::sample::{configuration, deployment, id, run};
use crate::{GateReport, Measure, Unit};

const A: &str = "20261121-010000";
const B: &str = "20261121-020000";

fn check(passed: bool, status: Option<u16>) -> LiveCheck {
    LiveCheck { path: "/".to_owned(), passed, status, problem: None }
}

fn looked_at(checks: Vec<LiveCheck>) -> ProductionDeployment {
    let mut record = deployment(A, None);
    record.validation.live =
        serde_json::from_value(json!({ "url": "https://example.org/", "loopback": false, "checks": checks })).unwrap();
    record
}

#[test]
fn a_deployment_creates_its_monitoring_entry() {
    let record = looked_at(vec![check(true, Some(200)), check(true, Some(404))]);
    let run = monitoring_of(&record).unwrap();
    let [entry] = run.entries() else { panic!("{run:?}") };
    assert_eq!(run.id().to_string(), "20261121-010020-monitor");
    assert_eq!((entry.deployment_id, entry.site_url.as_str()), (Some(record.deployment_id), "https://example.org/"));
    let uptime = entry.uptime.as_ref().unwrap();
    assert_eq!((uptime.status, uptime.http_status, uptime.response_time), (UptimeStatus::Up, Some(200), None));
}

#[test]
fn what_was_not_shown_or_not_looked_at_is_not_monitored() {
    assert_eq!(monitoring_of(&deployment(A, None)), None);
    for status in [DeploymentStatus::Failed, DeploymentStatus::RolledBack] {
        let record = ProductionDeployment { status, ..looked_at(vec![check(true, Some(200))]) };
        assert_eq!(monitoring_of(&record), None);
    }
}

#[test]
fn an_answer_is_judged_by_all_that_was_asked() {
    let (good, bad) = (check(true, Some(200)), check(false, None));
    assert_eq!(answer(&[]), UptimeStatus::Unknown);
    assert_eq!(answer(std::slice::from_ref(&bad)), UptimeStatus::Down);
    assert_eq!(answer(&[good.clone(), bad]), UptimeStatus::Degraded);
    assert_eq!(answer(&[good]), UptimeStatus::Up);
}

fn scored(score: f64) -> ProductionMonitoring {
    run(B, MonitoringType::Constitutional, &json!({ "complianceScore": score })).entries()[0].clone()
}

#[test]
fn a_score_below_95_opens_an_optimization_of_high_priority() {
    let due = maintenance_due(&scored(94.9)).unwrap();
    assert_eq!((due.maintenance_type, due.priority), (MaintenanceType::Optimization, Priority::High));
    assert_eq!(
        (due.status, due.monitoring_id.unwrap().to_string()),
        (MaintenanceStatus::Scheduled, format!("{B}-monitor"))
    );
    assert_eq!((due.executed_time, due.deployment_id, &due.results), (None, None, &None));
    assert!(due.automated && due.approval_required);
    assert_eq!(maintenance_due(&scored(95.0)), None);
    let uptime = run(B, MonitoringType::Uptime, &json!({ "status": "down", "location": "x", "incidents": [] }));
    assert_eq!(maintenance_due(&uptime.entries()[0]), None, "what was not scored opens nothing");
}

#[test]
fn maintenance_names_the_deployment_that_it_led_to() {
    let due = || maintenance_due(&scored(80.0)).unwrap();
    let record = deployment(B, None);
    let done = led_to(due(), &record);
    assert_eq!((done.deployment_id, done.status), (Some(id(B)), MaintenanceStatus::Success));
    assert_eq!(done.executed_time, Some(record.timestamp));
    assert_eq!(chain::maintenance(&[done], &[Link::Kept(&record)]), []);

    let taken_back = ProductionDeployment { status: DeploymentStatus::RolledBack, ..record };
    let results = led_to(due(), &taken_back).results.unwrap();
    assert!(!results.success && results.rollback_required);
}

fn states(
    configuration: &ProductionConfiguration,
    deployment: &ProductionDeployment,
) -> Vec<(String, ExpectationState)> {
    expectations(configuration, deployment).into_iter().map(|it| (it.what, it.state)).collect()
}

#[test]
fn a_configuration_expects_what_it_sets_and_nothing_else() {
    let mut configuration = configuration(A, "1.0.0");
    let mut record = deployment(B, None);
    record.configuration_id = Some(configuration.configuration_id);
    let plain = states(&configuration, &record);
    assert_eq!(plain.len(), 2);
    assert!(plain.iter().all(|(_, state)| *state == ExpectationState::Met), "{plain:?}");

    configuration.deployment.validation_steps = vec!["page-weight".to_owned(), "links".to_owned()];
    configuration.performance = serde_json::from_value(json!({ "targets": {
        "lighthouse": { "performance": 95 },
        "coreWebVitals": { "lcp": 2.5, "cls": 0.1 },
        "bundleSize": { "javascript": 100_000 },
    }}))
    .unwrap();
    let mut report = GateReport::new("page-weight", Verdict::Blocked, true);
    for (subject, value) in [("a.html", 90_000.0), ("b.html", 120_000.0)] {
        let (name, subject) = ("script-brotli".to_owned(), subject.to_owned());
        report.measures.push(Measure { name, subject, value, unit: Unit::Bytes, samples: Vec::new() });
    }
    record.validation.gates = vec![report];
    record.validation.performance = serde_json::from_value(json!({ "coreWebVitals": { "lcp": 2.5 } })).unwrap();
    let found: Vec<ExpectationState> = states(&configuration, &record).into_iter().map(|(_, state)| state).collect();
    use ExpectationState::{Met, Missed, Unmeasured};
    // Both names, the gates, Lighthouse's score, two vitals, the script of the heaviest page.
    assert_eq!(found, [Met, Met, Missed, Unmeasured, Unmeasured, Met, Unmeasured, Missed]);
}
