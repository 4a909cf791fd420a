//! What many records say together.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{deployment, rollback, run};
use crate::statistics::Trend;
use crate::{
    ConstitutionalCompliance, DeploymentStatus, Environment, GateReport, MonitoringRun, MonitoringType, Percent,
    ProductionDeployment, UptimeIncident, Verdict, Window,
};

fn window() -> Window {
    Window::days_until("2026-11-22T00:00:00Z".parse().unwrap(), 30)
}

fn of(records: &[ProductionDeployment]) -> PerformanceAnalytics {
    performance(records, Environment::Production, window())
}

fn watched(runs: &[MonitoringRun], incidents: &[UptimeIncident]) -> MonitoringAnalytics {
    monitoring(runs, incidents, Environment::Production, window())
}

#[test]
fn nothing_says_nothing() {
    let analytics = of(&[]);
    let nothing = DeploymentFrequency { daily: 0, weekly: 0, monthly: 0 };
    assert_eq!(analytics.deployment_frequency, nothing);
    assert!(analytics.build_times.is_none() && analytics.deployment_success.is_none());
    assert_eq!(serde_json::to_value(watched(&[], &[])).unwrap(), json!({}));
}

#[test]
fn changes_are_counted_by_the_day_the_week_and_the_month() {
    let records = [
        deployment("20261101-000000", None),
        deployment("20261118-000000", Some("20261101-000000")),
        deployment("20261121-120000", Some("20261118-000000")),
        rollback("20261121-130000", "20261121-120000", "20261118-000000"),
    ];
    let frequency = of(&records).deployment_frequency;
    assert_eq!((frequency.daily, frequency.weekly, frequency.monthly), (1, 2, 3));
}

#[test]
fn build_times_come_from_builds_alone() {
    let built = |stamp, seconds| {
        let mut record = deployment(stamp, None);
        record.build_info.build_time = Some(seconds);
        record
    };
    let mut again = rollback("20261121-050000", "20261121-040000", "20261121-010000");
    again.build_info.build_time = Some(500.0);
    let records = [
        built("20261121-010000", 10.0),
        built("20261121-020000", 10.0),
        built("20261121-030000", 20.0),
        built("20261121-040000", 20.0),
        again,
    ];
    let times = of(&records).build_times.unwrap();
    assert_eq!(times, BuildTimes { average: 15.0, trend: Some(Trend::Degrading), percentile95: 20.0 });
}

#[test]
fn failures_are_counted_by_what_stopped_them() {
    let failed = |stamp| ProductionDeployment { status: DeploymentStatus::Failed, ..deployment(stamp, None) };
    let mut blocked = failed("20261121-010000");
    blocked.validation.gates =
        vec![GateReport::new("links", Verdict::Blocked, true), GateReport::new("html", Verdict::Passed, false)];
    let mut unbuilt = failed("20261121-020000");
    unbuilt.errors = serde_json::from_value(json!([{
        "errorId": "1", "type": "build", "severity": "error", "message": "it exited with 1", "context": {},
        "timestamp": "2026-11-21T02:00:00Z", "resolved": true,
    }]))
    .unwrap();
    let records = [blocked, unbuilt, failed("20261121-030000"), deployment("20261121-040000", None)];
    let success = of(&records).deployment_success.unwrap();
    assert_eq!(success.rate, Percent::new(25.0).unwrap());
    let reasons: Vec<(&str, u64)> =
        success.failure_reasons.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(reasons, [("build", 1), ("links", 1), ("unknown", 1)]);
}

#[test]
fn compliance_is_that_of_what_was_judged() {
    let judged = |stamp, score, violations: &[&str]| {
        let mut record = deployment(stamp, None);
        let violations = violations.iter().map(|code| (*code).to_owned()).collect();
        record.validation.constitutional_compliance =
            Some(ConstitutionalCompliance { score, violations, passed_checks: Vec::new() });
        record
    };
    let records = [
        judged("20261121-010000", Some(90.0), &["links/missing"]),
        judged("20261121-020000", None, &["links/missing", "html/title"]),
        judged("20261121-030000", Some(100.0), &[]),
        deployment("20261121-040000", None),
    ];
    let history = of(&records).constitutional_compliance.unwrap();
    assert_eq!((history.average_score, history.trend), (Percent::new(95.0).ok(), None));
    assert_eq!(history.violations["links/missing"], 2);
}

#[test]
fn a_look_that_found_nothing_out_is_neither_up_nor_down() {
    let look = |stamp, status| {
        run(stamp, MonitoringType::Uptime, &json!({ "status": status, "location": "x", "incidents": [] }))
    };
    let runs = [
        look("20261121-010000", "up"),
        look("20261121-020000", "degraded"),
        look("20261121-030000", "unknown"),
        look("20261121-040000", "down"),
    ];
    let uptime = watched(&runs, &[]).uptime.unwrap();
    assert_eq!((uptime.current, uptime.mttr, uptime.trend), (Percent::of(2, 3), None, None));
    assert_eq!(watched(&runs[2..3], &[]).uptime, None);
}

#[test]
fn time_to_recovery_is_that_of_incidents_that_are_over() {
    let incident = |end: Option<&str>| -> UptimeIncident {
        let mut value = json!({
            "incidentId": "20261121-010000-incident", "startTime": "2026-11-21T01:00:00Z", "severity": "minor",
            "status": "investigating", "description": "", "impactedServices": [],
        });
        if let Some(end) = end {
            value["endTime"] = end.into();
        }
        serde_json::from_value(value).unwrap()
    };
    let incidents = [incident(Some("2026-11-21T01:01:00Z")), incident(Some("2026-11-21T01:03:00Z")), incident(None)];
    let uptime = watched(&[], &incidents).uptime.unwrap();
    assert_eq!((uptime.incidents, uptime.mttr, uptime.current), (3, Some(120.0), None));
}

#[test]
fn vitals_are_assessed_at_the_75th_percentile() {
    let visit = |minute: usize, lcp: f64| {
        let stamp = format!("20261121-01{minute:02}00");
        run(
            &stamp,
            MonitoringType::Performance,
            &json!({
                "coreWebVitals": { "lcp": { "value": lcp, "rating": "good" } },
                "lighthouse": {
                    "performance": 90 + minute, "accessibility": 100, "bestPractices": 100, "seo": 100,
                    "lastRun": "2026-11-21T01:00:00Z",
                },
            }),
        )
    };
    let runs: Vec<_> = [2.0, 2.0, 1.0, 1.0].into_iter().enumerate().map(|(index, lcp)| visit(index, lcp)).collect();
    let visits = watched(&runs, &[]).performance.unwrap();
    let lcp = visits.core_web_vitals.lcp.unwrap();
    assert_eq!((lcp.current, lcp.trend), (2.0, Some(Trend::Improving)));
    assert_eq!(visits.core_web_vitals.inp, None);
    assert_eq!(visits.lighthouse_scores.unwrap().performance, 91.0);
}

#[test]
fn a_principle_scores_as_often_as_it_held() {
    let looks = [
        json!({ "complianceScore": 90, "performanceFirst": true }),
        json!({ "complianceScore": 100, "performanceFirst": false }),
    ];
    let runs: Vec<_> = looks
        .iter()
        .zip(["20261121-010000", "20261121-020000"])
        .map(|(group, stamp)| run(stamp, MonitoringType::Constitutional, group))
        .collect();
    let standing = watched(&runs, &[]).constitutional_compliance.unwrap();
    assert_eq!(standing.overall_score, Percent::new(95.0).unwrap());
    assert_eq!(standing.principle_scores.performance_first, Percent::new(50.0).ok());
    assert_eq!(standing.principle_scores.local_validation, None);
}

proptest! {
    #[test]
    fn analytics_of_any_history_can_be_written(endings in proptest::collection::vec((0_usize..4, 0_u32..40), 0..40)) {
        use DeploymentStatus::{Failed, RolledBack, Success};
        let records: Vec<ProductionDeployment> = endings
            .iter()
            .enumerate()
            .map(|(index, (status, day))| {
                let stamp = format!("202611{:02}-0000{index:02}", day % 30 + 1);
                ProductionDeployment {
                    status: [Success, Success, Failed, RolledBack][*status],
                    ..deployment(&stamp, None)
                }
            })
            .collect();
        let analytics = of(&records);
        let frequency = analytics.deployment_frequency;
        prop_assert!(frequency.daily <= frequency.weekly && frequency.weekly <= frequency.monthly);
        let failed: u64 = analytics.deployment_success.iter().flat_map(|it| it.failure_reasons.values()).sum();
        let within = records.iter().filter(|it| window().contains(it.finished_at)).count() as u64;
        prop_assert!(failed <= within);
        let text = serde_json::to_string(&analytics).unwrap();
        prop_assert_eq!(serde_json::from_str::<PerformanceAnalytics>(&text).unwrap(), analytics);
    }
}
