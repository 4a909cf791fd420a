//! The weekly report of what called people in vain.

use charter_deploy_model::{AlertSeverity, MonitoringAlert, Stamp, Window};
use charter_monitor::rules::noise::{Proposal, report, rule_of};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use crate::at;

fn alert(second: i64, rule: &str, severity: AlertSeverity, acknowledged: bool, lasted: Option<i64>) -> MonitoringAlert {
    let begin = at(second);
    serde_json::from_value(json!({
        "alertId": format!("{}-alert", Stamp::of(begin)),
        "type": "uptime",
        "severity": severity,
        "title": format!("{rule} is wrong"),
        "description": "",
        "triggeredAt": begin,
        "acknowledgedAt": acknowledged.then(|| begin + SignedDuration::from_secs(60)),
        "resolvedAt": lasted.map(|seconds| begin + SignedDuration::from_secs(seconds)),
        "escalated": false,
        "notificationsSent": [],
        "metadata": { "rule": rule },
    }))
    .unwrap()
}

fn week() -> Window {
    Window { from: at(0), to: at(7 * 86_400) }
}

#[test]
fn a_rule_that_nobody_minds_is_to_be_demoted() {
    use AlertSeverity::{Critical, Warning};
    let mut alerts: Vec<_> = (0..4).map(|day| alert(day * 86_400, "blips", Critical, false, Some(90))).collect();
    alerts.extend((0..3).map(|day| alert(day * 86_400 + 5, "outage", Critical, true, Some(4000))));
    alerts.extend((0..5).map(|index| alert(400_000 + index * 600, "cpu", Warning, true, Some(30))));
    alerts.push(alert(8 * 86_400, "blips", Critical, false, Some(90)));
    let found = report(&alerts, week());
    assert_eq!(found.alerts, 12);
    assert!((found.acknowledged_percent.unwrap().get() - 66.7).abs() < 0.1);
    let rule = |name: &str| found.rules.iter().find(|rule| rule.rule == name).unwrap();
    assert_eq!(
        rule("blips").proposals,
        [Proposal::Demote { from: Critical, to: AlertSeverity::Error }, Proposal::Wait { seconds: 91 }]
    );
    assert_eq!((rule("blips").alerts, rule("blips").resolved_themselves), (4, 4));
    assert_eq!(rule("outage").proposals, []);
    assert_eq!(rule("cpu").proposals, [Proposal::Damp], "it comes and goes, and is over while somebody looks");
    assert_eq!(found.rules[0].rule, "cpu", "the loudest first");
    assert_eq!((found.most_pages_in_twelve_hours, found.is_too_much), (2, false));
    let written = serde_json::to_value(rule("blips").proposals[0]).unwrap();
    assert_eq!(written, json!({ "change": "demote", "from": "critical", "to": "error" }));
}

#[test]
fn a_quiet_week_says_nothing() {
    let found = report(&[], week());
    assert_eq!((found.alerts, found.acknowledged_percent, found.rules.len()), (0, None, 0));
    let mut unnamed = alert(0, "x", AlertSeverity::Info, false, None);
    unnamed.metadata.clear();
    assert_eq!(rule_of(&unnamed), "uptime: x is wrong");
    // What still lasts may yet be taken on.
    let lasting: Vec<_> = (0..5).map(|day| alert(day * 86_400, "x", AlertSeverity::Error, false, None)).collect();
    assert_eq!(report(&lasting, week()).rules[0].proposals, []);
}

proptest! {
    #[test]
    fn every_alert_is_in_one_rule(alerts in proptest::collection::vec((0_i64..900_000, 0_u8..4, any::<bool>(), proptest::option::of(0_i64..9000)), 0..60)) {
        let alerts: Vec<_> = alerts
            .into_iter()
            .map(|(second, rule, acknowledged, lasted)| alert(second, &format!("r{rule}"), AlertSeverity::Critical, acknowledged, lasted))
            .collect();
        let found = report(&alerts, week());
        prop_assert_eq!(found.rules.iter().map(|rule| rule.alerts).sum::<usize>(), found.alerts);
        for rule in &found.rules {
            prop_assert!(rule.acknowledged + rule.resolved_themselves <= rule.alerts);
            prop_assert!((1..=rule.alerts).contains(&rule.most_in_an_hour));
        }
        let mut turned = alerts;
        turned.reverse();
        prop_assert_eq!(report(&turned, week()), found);
    }
}
