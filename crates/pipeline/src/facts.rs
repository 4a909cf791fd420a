//! What is known of a deployment: the fold of its journal.
//!
//! The running deployment and the recovery of an interrupted one use the same fold, so they cannot come to know
//! different things.

use std::collections::{BTreeMap, BTreeSet};

use charter_deploy_model::constitution::{EvidenceState, recorded, score};
use charter_deploy_model::{
    BuildInfo, ConfigurationId, ConstitutionalCompliance, DeploymentError, DeploymentErrorType, DeploymentMetadata,
    DeploymentStatus, DeploymentType, ErrorSeverity, GateReport, KindMeta, LiveVerification, PerformanceValidation,
    ProductionDeployment, Release, ReleaseId, Severity, Stamp, UserImpact, Validation, Verdict,
};
use charter_store::{Checkpoint, Prepared};
use jiff::Timestamp;

use crate::journal::{Begun, Entry};

/// More findings than this are counted, not listed, in a record.
const FINDINGS_LISTED: usize = 200;

#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) begun: Begun,
    pub(crate) configuration: Option<ConfigurationId>,
    pub(crate) configuration_pending: Option<Prepared>,
    pub(crate) build_info: BuildInfo,
    pub(crate) release: Option<Release>,
    pub(crate) previous: Option<ReleaseId>,
    pub(crate) staged: bool,
    pub(crate) reports: Option<Vec<GateReport>>,
    pub(crate) approved_by: Option<String>,
    pub(crate) snapshot: Option<Stamp>,
    pub(crate) activation: Option<(ReleaseId, Option<ReleaseId>)>,
    pub(crate) activated: bool,
    pub(crate) shown_at: Option<Timestamp>,
    pub(crate) switch_ms: Option<u64>,
    pub(crate) live_check: Option<LiveVerification>,
    pub(crate) go_back: Option<String>,
    pub(crate) went_back: bool,
    pub(crate) abandoned: Option<(DeploymentErrorType, String)>,
    pub(crate) prepared: Option<Prepared>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

impl Facts {
    pub(crate) fn new(begun: Begun) -> Self {
        let build_info = BuildInfo {
            astro_version: None,
            node_version: None,
            build_time: None,
            bundle_size: None,
            optimizations: Vec::new(),
            files: None,
            artifact_digest: None,
        };
        Self {
            begun,
            configuration: None,
            configuration_pending: None,
            build_info,
            release: None,
            previous: None,
            staged: false,
            reports: None,
            approved_by: None,
            snapshot: None,
            activation: None,
            activated: false,
            shown_at: None,
            switch_ms: None,
            live_check: None,
            go_back: None,
            went_back: false,
            abandoned: None,
            prepared: None,
            checkpoint: None,
        }
    }

    /// Folds a whole journal; nothing, when it does not even tell that a deployment began.
    pub(crate) fn fold(entries: &[Entry]) -> Option<Self> {
        let (Entry::Begun(begun), rest) = entries.split_first()? else { return None };
        let mut facts = Self::new(begun.clone());
        for entry in rest {
            facts.learn(entry);
        }
        Some(facts)
    }

    pub(crate) fn learn(&mut self, entry: &Entry) {
        match entry {
            Entry::Begun(begun) => self.begun = begun.clone(),
            Entry::ConfigurationIntended { prepared, id } => {
                self.configuration = Some(*id);
                self.configuration_pending = Some(prepared.clone());
            }
            Entry::ConfigurationRecorded => self.configuration_pending = None,
            Entry::Built { build_info } => self.build_info = build_info.clone(),
            Entry::StageIntended { release, previous } => {
                self.release = Some(release.clone());
                self.previous.clone_from(previous);
            }
            Entry::Staged => self.staged = true,
            Entry::Judged { reports } => self.reports = Some(reports.clone()),
            Entry::Approved { by } => self.approved_by = Some(by.clone()),
            Entry::BackedUp { snapshot } => self.snapshot = Some(*snapshot),
            Entry::ActivateIntended { to, from } => self.activation = Some((to.clone(), from.clone())),
            Entry::Activated { milliseconds, at } => {
                self.activated = true;
                self.shown_at = *at;
                self.switch_ms = *milliseconds;
            }
            Entry::LiveChecked { verification } => self.live_check = Some(verification.clone()),
            Entry::GoBackIntended { reason } => {
                self.go_back = Some(reason.clone());
                // What was to be recorded is no longer so.
                self.prepared = None;
            }
            Entry::WentBack => self.went_back = true,
            Entry::Abandoned { part, reason } => self.abandoned = Some((*part, reason.clone())),
            Entry::RecordIntended { prepared } => self.prepared = Some(prepared.clone()),
            Entry::Recorded { checkpoint } => self.checkpoint = Some(*checkpoint),
        }
    }

    /// Returns how the deployment ended, as far as it is known now.
    pub(crate) const fn status(&self) -> DeploymentStatus {
        if self.go_back.is_some() {
            DeploymentStatus::RolledBack
        } else if self.abandoned.is_some() || self.activation.is_none() {
            DeploymentStatus::Failed
        } else {
            DeploymentStatus::Success
        }
    }

    /// Returns the deployment's record.
    pub(crate) fn record(&self, url: String, finished_at: Timestamp, kinds: &[&KindMeta]) -> ProductionDeployment {
        let status = self.status();
        let reports = self.reports.clone().unwrap_or_default();
        let compliant =
            self.reports.is_some() && reports.iter().all(|report| !report.blocks && is_settled(report.verdict));
        let mut record = ProductionDeployment {
            deployment_id: self.begun.deployment,
            commit_hash: self.begun.commit.clone(),
            branch_name: self.begun.branch.clone(),
            committed_at: self.begun.committed_at,
            timestamp: self.begun.at,
            shown_at: self.shown_at,
            finished_at,
            environment: self.begun.environment,
            deployment_type: self.begun.deployment_type,
            release_class: None,
            trigger_source: self.begun.trigger,
            emergency: self.begun.emergency.clone(),
            deployed_by: self.begun.by.clone(),
            configuration_id: self.configuration,
            build_info: self.build_info.clone(),
            validation: Validation {
                constitutional_compliance: self.reports.as_ref().map(|reports| compliance(reports)),
                performance: self.reports.as_deref().and_then(PerformanceValidation::of),
                gates: reports.into_iter().map(shortened).collect(),
                live: self.live_check.clone(),
                ..Validation::default()
            },
            status,
            deployment_url: url,
            rollback_deployment_id: self.begun.back_to,
            release_id: self.release.as_ref().map(|release| release.id.clone()),
            previous_release_id: self.previous.clone(),
            backup_id: self.snapshot,
            switch_ms: self.switch_ms,
            errors: self.errors(finished_at),
            warnings: self.warnings(),
            metadata: DeploymentMetadata {
                constitutional_compliance: compliant,
                performance_baseline: status == DeploymentStatus::Success
                    && self.begun.deployment_type != DeploymentType::Rollback,
                user_impact: match status {
                    DeploymentStatus::Success => UserImpact::Low,
                    DeploymentStatus::RolledBack => UserImpact::Medium,
                    _ => UserImpact::None,
                },
                estimated_users: None,
            },
        };
        weigh(&mut record, kinds);
        record
    }

    /// A rollback's evidence is older than the rollback, and its record says so.
    fn warnings(&self) -> Vec<String> {
        let again = |earlier| format!("build and verdicts are those of {earlier}: nothing was built or judged again");
        self.begun.back_to.map(again).into_iter().collect()
    }

    fn errors(&self, timestamp: Timestamp) -> Vec<DeploymentError> {
        let error = |part, severity, message: &str, resolution: &str| DeploymentError {
            error_id: format!("{}-1", self.begun.deployment),
            error_type: part,
            severity,
            message: message.to_owned(),
            stack: None,
            context: std::collections::BTreeMap::new(),
            timestamp,
            resolved: true,
            resolution: Some(resolution.to_owned()),
        };
        if let Some(reason) = &self.go_back {
            let resolution =
                if self.previous.is_some() { "the release before was shown again" } else { "it was withdrawn" };
            vec![error(DeploymentErrorType::Deployment, ErrorSeverity::Critical, reason, resolution)]
        } else if let Some((part, reason)) = &self.abandoned {
            vec![error(*part, ErrorSeverity::Error, reason, "it was never shown")]
        } else {
            Vec::new()
        }
    }
}

const fn is_settled(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Passed | Verdict::Waived | Verdict::NotApplicable)
}

fn compliance(reports: &[GateReport]) -> ConstitutionalCompliance {
    let mut violations: Vec<String> =
        reports.iter().flat_map(|report| report.findings.iter().map(|finding| finding.code.clone())).collect();
    violations.sort();
    violations.dedup();
    let passed = reports.iter().filter(|report| report.verdict == Verdict::Passed);
    ConstitutionalCompliance {
        score: None,
        violations,
        passed_checks: passed.map(|report| report.gate.clone()).collect(),
    }
}

/// Puts the score on a record that was judged, and the record's own evidence beside the gates'.
///
/// What can only be known once the record is in the log (its anchor, whether the log verifies) is no part of it.
fn weigh(record: &mut ProductionDeployment, kinds: &[&KindMeta]) {
    if record.validation.constitutional_compliance.is_none() {
        return;
    }
    let evidence = recorded(record, kinds);
    let of_record = |state| {
        let those = evidence.iter().filter(move |it| !it.is_of_a_gate() && it.state == state);
        those.map(|it| it.id.clone()).collect::<Vec<_>>()
    };
    let (lost, held) = (of_record(EvidenceState::Lost), of_record(EvidenceState::Held));
    let score = score(evidence).total;
    if let Some(compliance) = &mut record.validation.constitutional_compliance {
        compliance.score = Some(score);
        compliance.violations.extend(lost);
        compliance.passed_checks.extend(held);
    }
}

fn shortened(mut report: GateReport) -> GateReport {
    let codes = report.severities.clone();
    let left_out = shorten(&mut report.findings, &codes, |finding| &finding.code)
        + shorten(&mut report.waived, &codes, |usage| &usage.finding.code)
        + shorten(&mut report.known, &codes, |finding| &finding.code);
    if left_out > 0 {
        let count = format!("{left_out} more findings of this gate are not listed here");
        report.reason = Some(report.reason.map_or(count.clone(), |reason| format!("{reason}; {count}")));
    }
    report
}

/// Keeps the first of a long list, and one of each declared code: what a record is evidence for must not depend on how
/// much was found. Returns how many were left out.
fn shorten<T>(list: &mut Vec<T>, codes: &BTreeMap<String, Severity>, code: impl Fn(&T) -> &str) -> usize {
    let whole = list.len();
    let mut listed = 0;
    let mut seen = BTreeSet::new();
    list.retain(|item| {
        let is_new = codes.get_key_value(code(item)).is_some_and(|(code, _)| seen.insert(code));
        listed += 1;
        listed <= FINDINGS_LISTED || is_new
    });
    whole - list.len()
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::{Environment, Finding, TriggerSource};

    use super::*;

    fn facts(entries: &[Entry]) -> Facts {
        let begun = Entry::Begun(Begun {
            deployment: "20261121-020711-deployment".parse().unwrap(),
            environment: Environment::Production,
            deployment_type: DeploymentType::Update,
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            branch: "20261121-020711-prod-x".to_owned(),
            trigger: TriggerSource::Manual,
            by: "me".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            back_to: None,
            emergency: None,
            committed_at: None,
        });
        let all: Vec<Entry> = std::iter::once(begun).chain(entries.iter().cloned()).collect();
        Facts::fold(&all).unwrap()
    }

    fn shown() -> Entry {
        Entry::ActivateIntended { to: "20261121-020711-0123456789ab".parse().unwrap(), from: None }
    }

    #[test]
    fn a_deployment_succeeds_only_when_it_was_to_be_shown_and_never_taken_back() {
        let back = || Entry::GoBackIntended { reason: "it answered 500".to_owned() };
        assert_eq!(facts(&[Entry::Staged]).status(), DeploymentStatus::Failed);
        assert_eq!(facts(&[shown()]).status(), DeploymentStatus::Success);
        assert_eq!(
            facts(&[shown(), Entry::Activated { milliseconds: Some(3), at: None }, back()]).status(),
            DeploymentStatus::RolledBack
        );
    }

    #[test]
    fn going_back_gives_up_the_record_that_was_announced() {
        let digest = charter_deploy_model::Digest::new([0; 32]);
        let prepared = Prepared { path: "deployments/x.json".to_owned(), text: String::new(), digest };
        let announced = Entry::RecordIntended { prepared };
        assert!(facts(&[shown(), announced.clone()]).prepared.is_some());
        let back = Entry::GoBackIntended { reason: "the disk is full".to_owned() };
        assert!(facts(&[shown(), announced, back]).prepared.is_none());
    }

    #[test]
    fn a_journal_that_does_not_begin_tells_nothing() {
        assert!(Facts::fold(&[]).is_none());
        assert!(Facts::fold(&[Entry::Staged]).is_none());
    }

    #[test]
    fn what_did_not_happen_is_absent_from_the_record() {
        let record = facts(&[]).record("http://127.0.0.1/".to_owned(), Timestamp::UNIX_EPOCH, &[]);
        assert_eq!(record.status, DeploymentStatus::Failed);
        assert_eq!((record.release_id, record.backup_id, record.validation.live), (None, None, None));
        assert!(record.validation.constitutional_compliance.is_none() && !record.metadata.constitutional_compliance);
    }

    charter_deploy_model::kind! {
        /// Looks at letters.
        static LETTERS: "letters", needs Artifact, lane Shared {
            /// A letter.
            "letters/letter": Error, principle Some(PerformanceFirst);
            /// A word.
            "letters/word": Error, principle Some(UserPreservation);
        }
    }

    fn judged(found: &[&str]) -> Vec<Entry> {
        let mut report = GateReport::new("letters", Verdict::Passed, false);
        report.findings = found.iter().map(|code| Finding::new(*code, "a.html", "there is one")).collect();
        report.severities = found.iter().map(|code| ((*code).to_owned(), Severity::Error)).collect();
        vec![Entry::Staged, Entry::Judged { reports: vec![report] }]
    }

    #[test]
    fn a_judged_deployment_has_its_score_on_record() {
        let score = |found: &[&str]| {
            let record = facts(&judged(found)).record(String::new(), Timestamp::UNIX_EPOCH, &[&LETTERS]);
            record.validation.constitutional_compliance.unwrap()
        };
        let (good, bad) = (score(&[]), score(&["letters/letter"]));
        assert!(good.score > bad.score, "{good:?} {bad:?}");
        assert_eq!(bad.violations, ["letters/letter"]);
        assert!(good.passed_checks.contains(&"record/every-gate".to_owned()), "{good:?}");
    }

    #[test]
    fn a_long_list_is_cut_and_still_shows_every_code() {
        let mut found = vec!["letters/letter"; 300];
        found.push("letters/word");
        let record = facts(&judged(&found)).record(String::new(), Timestamp::UNIX_EPOCH, &[&LETTERS]);
        let report = &record.validation.gates[0];
        assert_eq!(report.findings.len(), 201);
        assert_eq!(report.findings[200].code, "letters/word");
        assert!(report.reason.as_ref().unwrap().contains("100 more"), "{report:?}");
    }
}
