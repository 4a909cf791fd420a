//! What stays, what is compressed, what goes.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::period::is_before;
use super::{DataRetentionPolicy, DeploymentRetention, Hold, Period};
use crate::{Environment, HoldId};

/// What retention must know of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRecord {
    /// Where it is.
    pub path: String,
    /// Since when its age counts.
    pub at: Timestamp,
    /// What it is.
    pub sort: RecordSort,
    /// Whether it is compressed already.
    pub archived: bool,
    /// Why it must stay whatever its age, where what is live demands it.
    pub pinned: Option<Pin>,
    /// The records without which this one says nothing: its configuration, what it went back to, what it belongs to.
    /// They stay as long as it does.
    pub needs: Vec<String>,
    /// The record before it, such as the deployment whose release it replaced. It stays while this one stays in its
    /// own right; were it kept for ever, the whole chain would be.
    pub follows: Option<String>,
}

/// What a record is, as far as its age matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordSort {
    /// A deployment.
    Deployment(Environment),
    /// A version of the configuration.
    Configuration(Environment),
    /// A run of maintenance.
    Maintenance {
        /// Whether it did what it should.
        succeeded: bool,
        /// Whether a deployment to production came of it.
        reached_production: bool,
    },
    /// A run of monitoring.
    Monitoring {
        /// Whether it raised an alert.
        alerts: bool,
        /// Whether another record sums up its figures.
        aggregated: bool,
    },
    /// What no policy removes: approvals, incidents, holds, prunings.
    Ledger,
}

/// Why a record is needed by what is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pin {
    /// Users see its release.
    Live,
    /// Its release is on the target, to go back to.
    Staged,
    /// Nobody could tell what is live in its environment.
    Unknown,
}

/// What is to be done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetentionAction {
    /// Nothing.
    Keep,
    /// It is compressed; it reads and verifies as before.
    Archive,
    /// Its file is removed; its line in the log and a summary stay.
    Prune,
}

/// Why a record stays or goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "reason")]
pub enum Why {
    /// What is live needs it.
    Pinned {
        /// How.
        pin: Pin,
    },
    /// A hold covers it.
    Held {
        /// The hold.
        hold: HoldId,
    },
    /// It is the newest of its sort.
    Newest,
    /// It is one of the versions of the configuration that are to be at hand.
    AtHand,
    /// No policy removes records of this sort.
    Ledger,
    /// It is not old enough.
    Term {
        /// The rule of the policy that keeps it longest, such as `deployments.retention`.
        rule: String,
        /// That rule's period.
        period: Period,
    },
    /// A record that stays refers to it.
    ReferredTo {
        /// That record.
        by: String,
    },
    /// It is older than every rule demands.
    Expired {
        /// The rule that kept it longest.
        rule: String,
        /// That rule's period.
        period: Period,
    },
}

/// What is to be done with one record, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The record.
    pub path: String,
    /// What is to be done.
    pub action: RetentionAction,
    /// Why.
    pub why: Why,
    /// When it may go at the earliest, or was free to go; absent when no date is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Decides on every record, in the order given, which must be that of the log.
///
/// Never pruned are: what is live or can be gone back to, what a hold covers, the newest of each sort and environment,
/// the last versions of the configuration, the ledger, and whatever a record that stays refers to. Of the periods that
/// hold for a record the longest counts, and those that the specification settles always hold.
///
/// ```
/// use charter_deploy_model::{
///     DataRetentionPolicy, Environment, KeptRecord, RecordSort, RetentionAction, plan_retention,
/// };
///
/// let record = |path: &str, at: &str| KeptRecord {
///     path: path.to_owned(),
///     at: at.parse().unwrap(),
///     sort: RecordSort::Deployment(Environment::Production),
///     archived: false,
///     pinned: None,
///     needs: Vec::new(),
///     follows: None,
/// };
/// let records = [
///     record("deployments/20250301-080000-deployment.json", "2025-03-01T08:01:00Z"),
///     record("deployments/20260301-080000-deployment.json", "2026-03-01T08:01:00Z"),
///     record("deployments/20260401-080000-deployment.json", "2026-04-01T08:01:00Z"),
/// ];
/// let now = "2026-11-21T00:00:00Z".parse().unwrap();
/// let decisions = plan_retention(&DataRetentionPolicy::default(), &records, &[], now);
/// let actions: Vec<RetentionAction> = decisions.iter().map(|decision| decision.action).collect();
/// assert_eq!(actions, [RetentionAction::Prune, RetentionAction::Archive, RetentionAction::Keep]);
/// ```
#[must_use]
pub fn plan_retention(
    policy: &DataRetentionPolicy,
    records: &[KeptRecord],
    holds: &[&Hold],
    now: Timestamp,
) -> Vec<Decision> {
    let kept = Kept::of(policy, records, holds, now);
    records
        .iter()
        .zip(kept.reasons)
        .enumerate()
        .map(|(index, (record, reason))| {
            let longest = longest_term(policy, record);
            let until = longest.as_ref().and_then(|term| term.end);
            let at_hand = kept.at_hand.contains(&index);
            let (action, why, until) = match (reason, longest) {
                (Some((why, until)), _) if !at_hand && is_to_be_archived(policy, record, now) => {
                    (RetentionAction::Archive, why, until)
                }
                (Some((why, until)), _) => (RetentionAction::Keep, why, until),
                (None, Some(Term { rule, period, .. })) => {
                    (RetentionAction::Prune, Why::Expired { rule: rule.to_owned(), period }, until)
                }
                (None, None) => (RetentionAction::Keep, Why::Ledger, None),
            };
            Decision { path: record.path.clone(), action, why, until }
        })
        .collect()
}

/// Why records stay, by their place; nothing for those that go.
struct Kept {
    reasons: Vec<Option<(Why, Option<Timestamp>)>>,
    /// Those that are never compressed.
    at_hand: HashSet<usize>,
}

impl Kept {
    fn of(policy: &DataRetentionPolicy, records: &[KeptRecord], holds: &[&Hold], now: Timestamp) -> Self {
        let by_path: HashMap<&str, usize> =
            records.iter().enumerate().map(|(index, record)| (record.path.as_str(), index)).collect();
        let held: HashMap<&str, &Hold> =
            holds.iter().flat_map(|hold| hold.covers.iter().map(move |path| (path.as_str(), *hold))).collect();
        let newest = last_of_each(records, 1, |_| true);
        let versions = policy.configuration.active_versions.max(10) as usize;
        let versions = last_of_each(records, versions, |record| matches!(record.sort, RecordSort::Configuration(_)));

        let mut reasons: Vec<Option<(Why, Option<Timestamp>)>> = records
            .iter()
            .enumerate()
            .map(|(index, record)| {
                if let Some(pin) = record.pinned {
                    return Some((Why::Pinned { pin }, None));
                }
                if let Some(hold) = held.get(record.path.as_str()) {
                    return Some((Why::Held { hold: hold.hold_id }, hold.until));
                }
                if versions.contains(&index) {
                    return Some((Why::AtHand, None));
                }
                if newest.contains(&index) && record.sort != RecordSort::Ledger {
                    return Some((Why::Newest, None));
                }
                match longest_term(policy, record) {
                    None => Some((Why::Ledger, None)),
                    Some(Term { rule, period, end }) => {
                        is_before(Some(now), end).then(|| (Why::Term { rule: rule.to_owned(), period }, end))
                    }
                }
            })
            .collect();

        let refer = |reasons: &mut Vec<Option<(Why, Option<Timestamp>)>>, path: &str, by: usize| {
            let index = *by_path.get(path)?;
            let reason = &mut reasons[index];
            reason.is_none().then(|| {
                *reason = Some((Why::ReferredTo { by: records[by].path.clone() }, None));
                index
            })
        };
        let own: Vec<usize> = (0..records.len()).filter(|index| reasons[*index].is_some()).collect();
        let mut unseen = own.clone();
        for by in own {
            if let Some(path) = &records[by].follows {
                unseen.extend(refer(&mut reasons, path, by));
            }
        }
        while let Some(by) = unseen.pop() {
            for path in &records[by].needs {
                unseen.extend(refer(&mut reasons, path, by));
            }
        }

        let pinned = |(index, record): (usize, &KeptRecord)| record.pinned.is_some().then_some(index);
        let at_hand = records.iter().enumerate().filter_map(pinned).chain(newest).chain(versions).collect();
        Self { reasons, at_hand }
    }
}

/// Returns the last `count` of each sort and environment among those that `counts`.
fn last_of_each(records: &[KeptRecord], count: usize, counts: impl Fn(&KeptRecord) -> bool) -> HashSet<usize> {
    let mut seen: HashMap<(u8, Option<Environment>), usize> = HashMap::new();
    let mut last = HashSet::new();
    for (index, record) in records.iter().enumerate().rev().filter(|(_, record)| counts(record)) {
        let seen = seen.entry(group(record.sort)).or_default();
        *seen += 1;
        if *seen <= count {
            last.insert(index);
        }
    }
    last
}

fn group(sort: RecordSort) -> (u8, Option<Environment>) {
    match sort {
        RecordSort::Deployment(environment) => (0, Some(environment)),
        RecordSort::Configuration(environment) => (1, Some(environment)),
        RecordSort::Maintenance { .. } => (2, None),
        RecordSort::Monitoring { .. } => (3, None),
        RecordSort::Ledger => (4, None),
    }
}

/// A rule that holds for a record.
#[derive(Debug, Clone, Copy)]
struct Term {
    rule: &'static str,
    period: Period,
    /// When it has passed; nothing when it never does.
    end: Option<Timestamp>,
}

/// Returns the rule that keeps a record longest; nothing when no rule ever lets it go.
fn longest_term(policy: &DataRetentionPolicy, record: &KeptRecord) -> Option<Term> {
    let settled = DataRetentionPolicy::default();
    let ends = rules(policy, record.sort).into_iter().chain(rules(&settled, record.sort));
    ends.map(|(rule, period)| Term { rule, period, end: period.after(record.at) })
        .reduce(|longest, term| if is_before(longest.end, term.end) { term } else { longest })
}

/// Returns the rules of a policy that hold for a sort of record, by their names in it.
fn rules(policy: &DataRetentionPolicy, sort: RecordSort) -> Vec<(&'static str, Period)> {
    let (deployments, monitoring, maintenance) = (&policy.deployments, &policy.monitoring, &policy.maintenance);
    match sort {
        RecordSort::Deployment(environment) => {
            let mut rules = vec![("deployments.retention", deployments.retention)];
            rules.push(match environment {
                Environment::Production => ("deployments.production", deployments.production),
                Environment::Staging | Environment::Development => ("deployments.standard", deployments.standard),
            });
            if let Some(period) = deployments.compliance_sensitive {
                rules.push(("deployments.complianceSensitive", period));
                rules.push(("deployments.complianceSensitive", DeploymentRetention::COMPLIANCE_SENSITIVE));
            }
            rules
        }
        RecordSort::Configuration(_) => vec![("configuration.retention", policy.configuration.retention)],
        RecordSort::Maintenance { reached_production: true, .. } => {
            vec![("maintenance.retention", maintenance.retention)]
        }
        RecordSort::Maintenance { succeeded: true, .. } => {
            vec![("maintenance.successfulMaintenance", maintenance.successful_maintenance)]
        }
        RecordSort::Maintenance { .. } => vec![("maintenance.failedMaintenance", maintenance.failed_maintenance)],
        RecordSort::Monitoring { alerts, aggregated } => {
            let mut rules = vec![("monitoring.detailed", monitoring.detailed)];
            rules.extend(alerts.then_some(("monitoring.alerts", monitoring.alerts)));
            rules.extend((!aggregated).then_some(("monitoring.aggregated", monitoring.aggregated)));
            rules
        }
        RecordSort::Ledger => Vec::new(),
    }
}

/// Says whether a record that stays, and need not be at hand, is to be compressed now.
fn is_to_be_archived(policy: &DataRetentionPolicy, record: &KeptRecord, now: Timestamp) -> bool {
    let due = |period: Period| !is_before(Some(now), period.after(record.at));
    policy.deployments.compression_enabled
        && !record.archived
        && match record.sort {
            RecordSort::Deployment(_) | RecordSort::Maintenance { .. } => due(policy.deployments.archive_after),
            RecordSort::Monitoring { .. } => due(policy.monitoring.detailed),
            // It is not one of those at hand.
            RecordSort::Configuration(_) => true,
            RecordSort::Ledger => false,
        }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
