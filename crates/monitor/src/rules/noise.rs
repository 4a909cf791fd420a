//! Which rules call people in vain, from the alerts of a week.

use std::collections::BTreeMap;

use charter_deploy_model::statistics::percentile;
use charter_deploy_model::{AlertSeverity, MonitoringAlert, Percent, Window};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// An alert that is over sooner than this, with nobody having taken it on, needed nobody.
const BRIEF: SignedDuration = SignedDuration::from_mins(5);

/// A rule is judged by at least this many alerts.
const LEAST: usize = 3;

/// This many alerts of a rule within an hour are to and fro.
const FLAPS: usize = 4;

/// A person on call is to be called at most this often in twelve hours (Google's "Site Reliability Engineering").
const MOST_A_SHIFT: usize = 2;

/// What a week of alerts was worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NoiseReport {
    /// The time that it is about.
    pub window: Window,
    /// How many alerts were raised.
    pub alerts: usize,
    /// The share that somebody took on; absent when there was none. One half is a fair aim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_percent: Option<Percent>,
    /// The most critical alerts in any twelve hours.
    pub most_pages_in_twelve_hours: usize,
    /// Whether that is more than one person should be called.
    pub is_too_much: bool,
    /// The rules, the loudest first.
    pub rules: Vec<RuleNoise>,
}

/// What the alerts of one rule were worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleNoise {
    /// The rule.
    pub rule: String,
    /// How urgent its most urgent alert was.
    pub severity: AlertSeverity,
    /// How many alerts it raised.
    pub alerts: usize,
    /// How many of them somebody took on.
    pub acknowledged: usize,
    /// How many were over within five minutes, with nobody having taken them on.
    pub resolved_themselves: usize,
    /// The most that it raised within an hour.
    pub most_in_an_hour: usize,
    /// What to change.
    pub proposals: Vec<Proposal>,
}

/// A change that would make a rule quieter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "change")]
pub enum Proposal {
    /// Hardly anyone takes it on: make it less urgent.
    Demote {
        /// How urgent it is.
        from: AlertSeverity,
        /// How urgent it would be.
        to: AlertSeverity,
    },
    /// Most of it is over by itself: raise it only when it lasts.
    Wait {
        /// How long it must last, in seconds: most of those that were over by themselves would never be told.
        seconds: u64,
    },
    /// It comes and goes: damp it.
    Damp,
}

/// Returns the rule that raised an alert: what `metadata.rule` says, or else its type and title.
#[must_use]
pub fn rule_of(alert: &MonitoringAlert) -> String {
    let named = alert.metadata.get("rule").and_then(|rule| rule.as_str());
    named.map_or_else(|| format!("{}: {}", alert.alert_type, alert.title), str::to_owned)
}

/// Reports what the alerts that were raised in a window were worth.
#[must_use]
pub fn report(alerts: &[MonitoringAlert], window: Window) -> NoiseReport {
    let mut alerts: Vec<&MonitoringAlert> = alerts.iter().filter(|alert| window.contains(alert.triggered_at)).collect();
    alerts.sort_by_key(|alert| (alert.triggered_at, alert.alert_id));
    let mut by_rule: BTreeMap<String, Vec<&MonitoringAlert>> = BTreeMap::new();
    for alert in &alerts {
        by_rule.entry(rule_of(alert)).or_default().push(alert);
    }
    let mut rules: Vec<RuleNoise> = by_rule.into_iter().map(|(rule, alerts)| judge(rule, &alerts)).collect();
    rules.sort_by(|left, right| (right.alerts, &left.rule).cmp(&(left.alerts, &right.rule)));
    let pages: Vec<&MonitoringAlert> =
        alerts.iter().copied().filter(|alert| alert.severity == AlertSeverity::Critical).collect();
    let most_pages_in_twelve_hours = most_within(&pages, SignedDuration::from_hours(12));
    let acknowledged = alerts.iter().filter(|alert| alert.acknowledged_at.is_some()).count();
    NoiseReport {
        window,
        alerts: alerts.len(),
        acknowledged_percent: Percent::of(acknowledged as u64, alerts.len() as u64),
        most_pages_in_twelve_hours,
        is_too_much: most_pages_in_twelve_hours > MOST_A_SHIFT,
        rules,
    }
}

fn judge(rule: String, alerts: &[&MonitoringAlert]) -> RuleNoise {
    let severity = alerts.iter().map(|alert| alert.severity).max().unwrap_or(AlertSeverity::Info);
    let acknowledged = alerts.iter().filter(|alert| alert.acknowledged_at.is_some()).count();
    let brief: Vec<SignedDuration> = alerts.iter().filter_map(|alert| needed_nobody(alert)).collect();
    let most_in_an_hour = most_within(alerts, SignedDuration::from_hours(1));
    // One that still lasts may yet be taken on.
    let settled = alerts.iter().filter(|alert| alert.acknowledged_at.is_some() || alert.resolved_at.is_some()).count();
    let mut proposals = Vec::new();
    if settled >= LEAST && 2 * acknowledged < settled {
        proposals.extend(less(severity).map(|to| Proposal::Demote { from: severity, to }));
    }
    if brief.len() >= LEAST && 2 * brief.len() >= settled {
        let seconds: Vec<f64> = brief.iter().map(SignedDuration::as_secs_f64).collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 300")]
        proposals.extend(percentile(&seconds, 90).map(|most| Proposal::Wait { seconds: most.ceil() as u64 + 1 }));
    }
    if most_in_an_hour >= FLAPS {
        proposals.push(Proposal::Damp);
    }
    let (alerts, resolved_themselves) = (alerts.len(), brief.len());
    RuleNoise { rule, severity, alerts, acknowledged, resolved_themselves, most_in_an_hour, proposals }
}

/// Returns how long an alert lasted that was over soon, without anyone.
fn needed_nobody(alert: &MonitoringAlert) -> Option<SignedDuration> {
    let lasted = alert.resolved_at?.duration_since(alert.triggered_at);
    (alert.acknowledged_at.is_none() && SignedDuration::ZERO <= lasted && lasted < BRIEF).then_some(lasted)
}

const fn less(severity: AlertSeverity) -> Option<AlertSeverity> {
    match severity {
        AlertSeverity::Critical => Some(AlertSeverity::Error),
        AlertSeverity::Error => Some(AlertSeverity::Warning),
        AlertSeverity::Warning => Some(AlertSeverity::Info),
        AlertSeverity::Info => None,
    }
}

/// Returns the most alerts in any stretch of time; they are in the order of time.
fn most_within(alerts: &[&MonitoringAlert], stretch: SignedDuration) -> usize {
    let begin: Vec<Timestamp> = alerts.iter().map(|alert| alert.triggered_at).collect();
    let counted = |first: usize| begin[first..].partition_point(|at| at.duration_since(begin[first]) < stretch);
    (0..begin.len()).map(counted).max().unwrap_or(0)
}
