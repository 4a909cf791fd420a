//! The frozen words of enumerations.

use charter_deploy_model::constitution::EvidenceState;
use charter_deploy_model::{
    DeploymentStatus, DeploymentType, Lane, Needs, Principle, Severity, Standing, Unit, Verdict,
};

pub(super) const fn deployment_type(deployment_type: DeploymentType) -> &'static str {
    match deployment_type {
        DeploymentType::Initial => "initial",
        DeploymentType::Update => "update",
        DeploymentType::Hotfix => "hotfix",
        DeploymentType::Rollback => "rollback",
    }
}

pub(super) const fn status(status: DeploymentStatus) -> &'static str {
    match status {
        DeploymentStatus::Pending => "pending",
        DeploymentStatus::Building => "building",
        DeploymentStatus::Validating => "validating",
        DeploymentStatus::Deploying => "deploying",
        DeploymentStatus::Success => "success",
        DeploymentStatus::Failed => "failed",
        DeploymentStatus::RolledBack => "rolled-back",
    }
}

pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Waived => "waived",
        Verdict::NotApplicable => "not-applicable",
        Verdict::Blocked => "blocked",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Broken => "broken",
    }
}

pub(super) const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "bytes",
        Unit::Count => "count",
        Unit::Milliseconds => "milliseconds",
        Unit::Score => "score",
        Unit::Ratio => "ratio",
    }
}

pub(super) const fn standing(standing: &Standing) -> &'static str {
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

pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

pub(super) const fn principle(principle: Principle) -> &'static str {
    match principle {
        Principle::ZeroGitHubActions => "zero-github-actions",
        Principle::PerformanceFirst => "performance-first",
        Principle::UserPreservation => "user-preservation",
        Principle::BranchPreservation => "branch-preservation",
        Principle::LocalValidation => "local-validation",
    }
}

pub(super) const fn evidence_state(state: EvidenceState) -> &'static str {
    match state {
        EvidenceState::Held => "held",
        EvidenceState::Lost => "lost",
        EvidenceState::Unmeasured => "unmeasured",
        EvidenceState::NotApplicable => "not-applicable",
    }
}

pub(super) const fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Source => "source",
        Needs::Artifact => "artifact",
        Needs::Preview => "preview",
        Needs::Live => "live",
    }
}

pub(super) const fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Shared => "shared",
        Lane::Exclusive => "exclusive",
    }
}
