//! The weekly audit: what the records of one week say, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{Score, Week, recorded, score};
use crate::dora::{Dora, dora};
use crate::statistics::Trend;
use crate::{
    CommitHash, DeploymentId, DeploymentStatus, DeploymentType, Environment, KindMeta, ProductionDeployment,
    Verification, Waiver, Window,
};

/// How many weeks before the audited one its score is compared with.
const WEEKS_BEFORE: usize = 4;

/// A mean score that moves by no more than this, in points, is stable.
const STABLE_WITHIN: f64 = 1.0;

/// A waiver that ends within this many days after the week is expiring.
const EXPIRING_WITHIN_DAYS: i32 = 14;

/// What the records say of one week in one environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// The week.
    pub week: Week,
    /// The environment.
    pub environment: Environment,
    /// When the audit was made.
    pub made_at: Timestamp,
    /// Whether the week had ended by then.
    pub complete: bool,
    /// The deployment whose release users saw when the week ended, or see now, with what its record is evidence for;
    /// absent when users never saw any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<AuditedScore>,
    /// The deployments that began in the week, in the order of the log.
    pub deployments: Vec<AuditedDeployment>,
    /// What gates found in them, by code.
    pub findings: Vec<AuditedCode>,
    /// The waivers that let findings of the newest of them stand, or of the newest deployment before the week.
    pub waivers: Vec<AuditedWaiver>,
    /// The mean score of this week and of those before, oldest first.
    pub weeks: Vec<WeekScore>,
    /// How software was delivered in the week, or in as much of it as is over; later deployments tell what became of it.
    pub dora: Dora,
    /// Where the score is going; absent when there is nothing to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// How the records stand against the log, now.
    pub verification: Verification,
}

/// What one deployment's record is evidence for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedScore {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its score, by the gates that judged it.
    pub score: Score,
}

/// One deployment of the week.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedDeployment {
    /// Its id.
    pub deployment: DeploymentId,
    /// What it is.
    pub deployment_type: DeploymentType,
    /// How it ended.
    pub status: DeploymentStatus,
    /// What was deployed.
    pub commit: CommitHash,
    /// Who did it.
    pub deployed_by: String,
    /// The score on its record; absent when it was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The violations on its record.
    pub violations: Vec<String>,
}

/// One code that was found in the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedCode {
    /// The code.
    pub code: String,
    /// In how many deployments.
    pub deployments: u64,
    /// How many findings of it counted, over all of them, as far as their records list them.
    pub counted: u64,
    /// How many a waiver let stand.
    pub waived: u64,
    /// How many a baseline knew.
    pub known: u64,
}

/// One waiver that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedWaiver {
    /// The waiver.
    pub waiver: Waiver,
    /// How many findings it let stand.
    pub findings: u64,
    /// How it stood when the week ended.
    pub term: WaiverTerm,
}

/// How long a waiver still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverTerm {
    /// For more than two weeks.
    InForce,
    /// For two weeks at most.
    Expiring,
    /// No longer.
    Expired,
}

/// The scores of one week.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WeekScore {
    /// The week.
    pub week: Week,
    /// How many deployments began in it.
    pub deployments: u64,
    /// The mean of the scores on their records; absent when none has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_score: Option<f64>,
}

/// Audits one week.
///
/// `records` are the environment's deployments in the order of the log; those after the week are left out, so that the
/// audit of a week that has ended says the same whenever it is made, but for `verification` and `dora`. The
/// trend compares the week's mean score with the mean of those of the four weeks before that have one.
#[must_use]
pub fn audit(
    week: Week,
    environment: Environment,
    records: &[ProductionDeployment],
    kinds: &[&KindMeta],
    verification: Verification,
    now: Timestamp,
) -> Audit {
    let until: Vec<&ProductionDeployment> =
        records.iter().filter(|record| Week::of(record.timestamp) <= week).collect();
    let of_week: Vec<&ProductionDeployment> =
        until.iter().copied().filter(|record| Week::of(record.timestamp) == week).collect();
    let weeks = weeks(week, &until);
    Audit {
        week,
        environment,
        made_at: now,
        complete: week < Week::of(now),
        standing: until
            .iter()
            .rev()
            .find(|record| record.status == DeploymentStatus::Success)
            .map(|record| standing(record, kinds)),
        findings: codes(&of_week),
        waivers: until.last().map(|record| waivers(record, week.last_day())).unwrap_or_default(),
        deployments: of_week.into_iter().map(deployment).collect(),
        dora: dora(records, &[], environment, Window { from: week.start(), to: week.end().min(now).max(week.start()) }),
        trend: trend(&weeks),
        weeks,
        verification,
    }
}

fn standing(record: &ProductionDeployment, kinds: &[&KindMeta]) -> AuditedScore {
    // A gate that came later cannot have judged it, and is no fault of that week.
    let judged = |kind: &&&KindMeta| record.validation.gates.iter().any(|report| report.gate == kind.id);
    let kinds: Vec<&KindMeta> = kinds.iter().filter(judged).copied().collect();
    AuditedScore { deployment: record.deployment_id, score: score(recorded(record, &kinds)) }
}

fn deployment(record: &ProductionDeployment) -> AuditedDeployment {
    let compliance = record.validation.constitutional_compliance.as_ref();
    AuditedDeployment {
        deployment: record.deployment_id,
        deployment_type: record.deployment_type,
        status: record.status,
        commit: record.commit_hash.clone(),
        deployed_by: record.deployed_by.clone(),
        score: compliance.and_then(|compliance| compliance.score),
        violations: compliance.map(|compliance| compliance.violations.clone()).unwrap_or_default(),
    }
}

fn codes(records: &[&ProductionDeployment]) -> Vec<AuditedCode> {
    let mut codes: BTreeMap<&str, AuditedCode> = BTreeMap::new();
    for record in records {
        let mut here = BTreeSet::new();
        let mut note = |code, count: fn(&mut AuditedCode) -> &mut u64| {
            let nothing = AuditedCode { code: str::to_owned(code), deployments: 0, counted: 0, waived: 0, known: 0 };
            let entry = codes.entry(code).or_insert(nothing);
            entry.deployments += u64::from(here.insert(code));
            *count(entry) += 1;
        };
        for report in &record.validation.gates {
            report.findings.iter().for_each(|finding| note(&finding.code, |code| &mut code.counted));
            report.waived.iter().for_each(|usage| note(&usage.finding.code, |code| &mut code.waived));
            report.known.iter().for_each(|finding| note(&finding.code, |code| &mut code.known));
        }
    }
    codes.into_values().collect()
}

fn waivers(record: &ProductionDeployment, last_day: Date) -> Vec<AuditedWaiver> {
    let mut used: Vec<AuditedWaiver> = Vec::new();
    for usage in record.validation.gates.iter().flat_map(|report| &report.waived) {
        match used.iter_mut().find(|known| known.waiver == usage.waiver) {
            Some(known) => known.findings += 1,
            None => used.push(AuditedWaiver {
                waiver: usage.waiver.clone(),
                findings: 1,
                term: term(usage.waiver.expires, last_day),
            }),
        }
    }
    used.sort_by(|a, b| (a.waiver.expires, &a.waiver.code).cmp(&(b.waiver.expires, &b.waiver.code)));
    used
}

fn term(expires: Date, last_day: Date) -> WaiverTerm {
    if expires < last_day {
        return WaiverTerm::Expired;
    }
    let days = expires.since(last_day).map_or(i32::MAX, |span| span.get_days());
    if days <= EXPIRING_WITHIN_DAYS { WaiverTerm::Expiring } else { WaiverTerm::InForce }
}

fn weeks(week: Week, records: &[&ProductionDeployment]) -> Vec<WeekScore> {
    let mut weeks: Vec<Week> =
        std::iter::successors(Some(week), |week| week.previous()).take(WEEKS_BEFORE + 1).collect();
    weeks.reverse();
    let of = |week: Week| {
        let of_week: Vec<_> = records.iter().filter(|record| Week::of(record.timestamp) == week).collect();
        let scores: Vec<f64> =
            of_week.iter().filter_map(|record| record.validation.constitutional_compliance.as_ref()?.score).collect();
        WeekScore { week, deployments: of_week.len() as u64, mean_score: mean(&scores) }
    };
    weeks.into_iter().map(of).collect()
}

fn trend(weeks: &[WeekScore]) -> Option<Trend> {
    let (last, before) = weeks.split_last()?;
    let before: Vec<f64> = before.iter().filter_map(|week| week.mean_score).collect();
    let moved = last.mean_score? - mean(&before)?;
    Some(if moved > STABLE_WITHIN {
        Trend::Improving
    } else if moved < -STABLE_WITHIN {
        Trend::Degrading
    } else {
        Trend::Stable
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scores(means: &[Option<f64>]) -> Vec<WeekScore> {
        let week: Week = "2026-W47".parse().unwrap();
        means.iter().map(|&mean_score| WeekScore { week, deployments: 0, mean_score }).collect()
    }

    #[test]
    fn a_trend_needs_this_week_and_one_before() {
        assert_eq!(trend(&scores(&[])), None);
        assert_eq!(trend(&scores(&[None, Some(98.0)])), None);
        assert_eq!(trend(&scores(&[Some(98.0), None])), None);
        assert_eq!(trend(&scores(&[Some(97.0), None, Some(98.0)])), Some(Trend::Stable));
        assert_eq!(trend(&scores(&[Some(90.0), Some(96.0), Some(95.0)])), Some(Trend::Improving));
        assert_eq!(trend(&scores(&[Some(100.0), Some(98.9)])), Some(Trend::Degrading));
    }

    #[test]
    fn a_waiver_expires_after_its_last_day() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (expires, wanted) in [
            ("2026-11-21", WaiverTerm::Expired),
            ("2026-11-22", WaiverTerm::Expiring),
            ("2026-12-06", WaiverTerm::Expiring),
            ("2026-12-07", WaiverTerm::InForce),
            ("2028-01-01", WaiverTerm::InForce),
        ] {
            assert_eq!(term(day(expires), day("2026-11-22")), wanted, "{expires}");
        }
    }

    proptest! {
        #[test]
        fn a_trend_turned_round_is_the_opposite_one(a in 0.0..100.0_f64, b in 0.0..100.0_f64) {
            let opposite = match trend(&scores(&[Some(b), Some(a)])).unwrap() {
                Trend::Improving => Trend::Degrading,
                Trend::Stable => Trend::Stable,
                Trend::Degrading => Trend::Improving,
            };
            prop_assert_eq!(trend(&scores(&[Some(a), Some(b)])).unwrap(), opposite);
        }
    }
}
