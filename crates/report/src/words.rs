//! The words people read for the model's enums.

use charter_deploy_model::constitution::EvidenceState;
use charter_deploy_model::{
    DeploymentStatus, DeploymentType, Lane, Needs, Principle, Severity, Standing, TriggerSource, Verdict,
};

use crate::style::Mark;

pub(crate) const fn deployment_type(deployment_type: DeploymentType) -> &'static str {
    match deployment_type {
        DeploymentType::Initial => "initial",
        DeploymentType::Update => "update",
        DeploymentType::Hotfix => "hotfix",
        DeploymentType::Rollback => "rollback",
    }
}

pub(crate) const fn trigger(trigger: TriggerSource) -> &'static str {
    match trigger {
        TriggerSource::Manual => "by hand",
        TriggerSource::Automated => "automatically",
        TriggerSource::Emergency => "in an emergency",
    }
}

pub(crate) const fn status(status: DeploymentStatus) -> (Mark, &'static str) {
    match status {
        DeploymentStatus::Pending => (Mark::Quiet, "not begun"),
        DeploymentStatus::Building => (Mark::Quiet, "being built"),
        DeploymentStatus::Validating => (Mark::Quiet, "being judged"),
        DeploymentStatus::Deploying => (Mark::Quiet, "being shown"),
        DeploymentStatus::Success => (Mark::Good, "succeeded"),
        DeploymentStatus::Failed => (Mark::Bad, "failed, never shown"),
        DeploymentStatus::RolledBack => (Mark::Bad, "shown, then rolled back"),
    }
}

pub(crate) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Waived => "waived",
        Verdict::NotApplicable => "not applicable",
        Verdict::Blocked => "failed",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Broken => "broken",
    }
}

pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

pub(crate) const fn principle(principle: Principle) -> &'static str {
    match principle {
        Principle::ZeroGitHubActions => "I, zero GitHub Actions",
        Principle::PerformanceFirst => "II, performance first",
        Principle::UserPreservation => "III, user preservation",
        Principle::BranchPreservation => "IV, branch preservation",
        Principle::LocalValidation => "V, local validation",
    }
}

pub(crate) const fn principle_tag(principle: Principle) -> &'static str {
    match principle {
        Principle::ZeroGitHubActions => "zero-github-actions",
        Principle::PerformanceFirst => "performance-first",
        Principle::UserPreservation => "user-preservation",
        Principle::BranchPreservation => "branch-preservation",
        Principle::LocalValidation => "local-validation",
    }
}

pub(crate) const fn evidence_state(state: EvidenceState) -> &'static str {
    match state {
        EvidenceState::Held => "held",
        EvidenceState::Lost => "lost",
        EvidenceState::Unmeasured => "not measured",
        EvidenceState::NotApplicable => "not applicable",
    }
}

pub(crate) const fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Ok => "ok",
        Standing::PrunedBy(_) => "pruned",
        Standing::Missing => "missing",
        Standing::Altered => "altered",
        Standing::Unlogged => "unlogged",
        Standing::Truncated => "truncated",
        Standing::Rewritten => "rewritten",
        Standing::Malformed => "malformed",
    }
}

pub(crate) const fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Source => "the source tree and its history",
        Needs::Artifact => "the files that were built",
        Needs::Preview => "the staged release, served on loopback",
        Needs::Live => "the site that users see",
    }
}

pub(crate) const fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Shared => "beside others",
        Lane::Exclusive => "alone, because it measures time",
    }
}
