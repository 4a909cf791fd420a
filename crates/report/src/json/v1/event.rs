//! Events.

use charter_deploy_model as model;
use charter_deploy_model::EventKind;
use serde::Serialize;

use super::gates::GateReport;
use super::{VERSION, words};

/// One thing that happened: `{"v":1,"event":"release-staged","sequence":4,"at":"2026-11-21T02:07:12Z",…}`, with the
/// members of its [`Detail`] beside these.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The version of the format, 1.
    pub v: u8,
    /// What happened, in the past tense; says which members follow.
    pub event: &'static str,
    /// Counts up from 1 within a run, without gaps.
    pub sequence: u64,
    /// When.
    pub at: String,
    /// The other members.
    #[serde(flatten)]
    pub detail: Detail,
}

impl From<&model::Event> for Event {
    fn from(event: &model::Event) -> Self {
        let (name, detail) = named(&event.kind);
        Self { v: VERSION, event: name, sequence: event.sequence, at: event.at.to_string(), detail }
    }
}

/// What is particular to each event. The variant's name in kebab-case is the value of `event`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Detail {
    /// A deployment got its id and its lock.
    DeploymentStarted {
        /// Its id.
        deployment: String,
        /// `development`, `staging` or `production`.
        environment: String,
        /// `initial`, `update`, `hotfix` or `rollback`.
        deployment_type: &'static str,
        /// What is deployed, 40 hexadecimal digits.
        commit: String,
    },
    /// An interrupted deployment was found.
    RecoveryStarted {
        /// Its id.
        deployment: String,
    },
    /// An interrupted deployment was brought to an end.
    RecoveryFinished {
        /// Its id.
        deployment: String,
        /// `success`, `failed` or `rolled-back`.
        status: &'static str,
        /// What was done.
        summary: String,
    },
    /// A program of the build began.
    BuildStarted {
        /// The command line, secrets masked.
        command: String,
    },
    /// The build's result was read.
    ArtifactRead {
        /// How many files.
        files: u64,
        /// How many bytes.
        bytes: u64,
        /// The digest over all of them.
        digest: String,
        /// How long it took.
        milliseconds: u64,
    },
    /// A release stands on the target, unseen.
    ReleaseStaged {
        /// Its id.
        release: String,
        /// Bytes of files that had to be written.
        written: u64,
        /// Bytes of files shared with releases before.
        shared: u64,
        /// How long it took.
        milliseconds: u64,
    },
    /// A gate came to a verdict.
    GateFinished {
        /// The verdict with its evidence.
        report: Box<GateReport>,
        /// How long it took.
        milliseconds: u64,
    },
    /// A snapshot holds what is about to change.
    BackedUp {
        /// Its id.
        snapshot: String,
        /// Whether it had been there already.
        reused: bool,
        /// Bytes it added to the backup repository.
        added_bytes: u64,
        /// How long it took.
        milliseconds: u64,
    },
    /// Users are shown another release.
    ReleaseActivated {
        /// What they see now.
        release: String,
        /// What they saw before; absent when that was nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        previous: Option<String>,
        /// How long the switch took.
        milliseconds: u64,
    },
    /// The live site showed a release for the first time since the switch to it.
    ReleaseVisible {
        /// What it shows.
        release: String,
        /// How long after the switch that was seen.
        milliseconds: u64,
    },
    /// The live check asked for one path.
    LiveChecked {
        /// The path.
        path: String,
        /// Whether the answer was as it should be.
        passed: bool,
        /// The status of the answer; absent when there was none.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// What was wrong with it.
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<String>,
    },
    /// Users are shown the release before, because the new one failed its live check.
    RolledBack {
        /// What they see now; absent when the site was withdrawn.
        #[serde(skip_serializing_if = "Option::is_none")]
        release: Option<String>,
        /// Why.
        reason: String,
        /// How long it took from the verdict.
        milliseconds: u64,
    },
    /// The record was written and logged.
    Recorded {
        /// The record's path in the store.
        path: String,
        /// The size of the log with it, in lines.
        log_size: u64,
        /// The root of the log with it.
        root: String,
    },
    /// A production branch keeps the commit and the log's root.
    Anchored {
        /// The branch.
        branch: String,
        /// Whether a remote has it too.
        pushed: bool,
    },
    /// A release that is no longer needed was removed from the target.
    ReleaseRetired {
        /// Its id.
        release: String,
    },
    /// Something was noticed that stops nothing.
    Warned {
        /// What.
        message: String,
    },
    /// The deployment reached its end.
    DeploymentFinished {
        /// Its id.
        deployment: String,
        /// `success`, `failed` or `rolled-back`.
        status: &'static str,
        /// Where users find the site.
        url: String,
        /// How long it took.
        milliseconds: u64,
    },
    /// Something that version 1 has no word for.
    Other {
        /// What, for people.
        description: String,
    },
}

fn named(kind: &EventKind) -> (&'static str, Detail) {
    match kind.clone() {
        EventKind::DeploymentStarted { deployment, environment, deployment_type, commit } => (
            "deployment-started",
            Detail::DeploymentStarted {
                deployment: deployment.to_string(),
                environment: environment.to_string(),
                deployment_type: words::deployment_type(deployment_type),
                commit: commit.to_string(),
            },
        ),
        EventKind::RecoveryStarted { deployment } => {
            ("recovery-started", Detail::RecoveryStarted { deployment: deployment.to_string() })
        }
        EventKind::RecoveryFinished { deployment, status, summary } => (
            "recovery-finished",
            Detail::RecoveryFinished { deployment: deployment.to_string(), status: words::status(status), summary },
        ),
        EventKind::BuildStarted { command } => ("build-started", Detail::BuildStarted { command }),
        EventKind::ArtifactRead { files, bytes, digest, milliseconds } => {
            ("artifact-read", Detail::ArtifactRead { files, bytes, digest: digest.to_string(), milliseconds })
        }
        EventKind::ReleaseStaged { release, written, shared, milliseconds } => {
            ("release-staged", Detail::ReleaseStaged { release: release.to_string(), written, shared, milliseconds })
        }
        EventKind::GateFinished { report, milliseconds } => {
            ("gate-finished", Detail::GateFinished { report: Box::new(GateReport::from(&*report)), milliseconds })
        }
        EventKind::BackedUp { snapshot, reused, added_bytes, milliseconds } => {
            ("backed-up", Detail::BackedUp { snapshot: snapshot.to_string(), reused, added_bytes, milliseconds })
        }
        EventKind::ReleaseActivated { release, previous, milliseconds } => (
            "release-activated",
            Detail::ReleaseActivated {
                release: release.to_string(),
                previous: previous.map(|previous| previous.to_string()),
                milliseconds,
            },
        ),
        EventKind::ReleaseVisible { release, milliseconds } => {
            ("release-visible", Detail::ReleaseVisible { release: release.to_string(), milliseconds })
        }
        EventKind::LiveChecked { check } => (
            "live-checked",
            Detail::LiveChecked {
                path: check.path,
                passed: check.passed,
                status: check.status,
                problem: check.problem,
            },
        ),
        EventKind::RolledBack { release, reason, milliseconds } => (
            "rolled-back",
            Detail::RolledBack { release: release.map(|release| release.to_string()), reason, milliseconds },
        ),
        EventKind::Recorded { path, log_size, root } => {
            ("recorded", Detail::Recorded { path, log_size, root: root.to_string() })
        }
        EventKind::Anchored { branch, pushed } => ("anchored", Detail::Anchored { branch, pushed }),
        EventKind::ReleaseRetired { release } => {
            ("release-retired", Detail::ReleaseRetired { release: release.to_string() })
        }
        EventKind::Warned { message } => ("warned", Detail::Warned { message }),
        EventKind::DeploymentFinished { deployment, status, url, milliseconds } => (
            "deployment-finished",
            Detail::DeploymentFinished {
                deployment: deployment.to_string(),
                status: words::status(status),
                url,
                milliseconds,
            },
        ),
        other => ("other", Detail::Other { description: format!("{other:?}") }),
    }
}
