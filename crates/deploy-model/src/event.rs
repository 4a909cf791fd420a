//! What happened, in the past tense and in one order: the stream that screen, JSON lines and dashboard share.

use std::fmt;

use jiff::Timestamp;

use crate::{
    CommitHash, DeploymentId, DeploymentStatus, DeploymentType, Digest, Environment, GateReport, LiveCheck, ReleaseId,
    Stamp,
};

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts up from 1 within a run, without gaps.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened. Emitted by the pipeline only.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A deployment got its id and its lock.
    DeploymentStarted {
        /// Its id.
        deployment: DeploymentId,
        /// Where it goes.
        environment: Environment,
        /// What it is.
        deployment_type: DeploymentType,
        /// What is deployed.
        commit: CommitHash,
    },
    /// An interrupted deployment was found.
    RecoveryStarted {
        /// Its id.
        deployment: DeploymentId,
    },
    /// An interrupted deployment was brought to an end.
    RecoveryFinished {
        /// Its id.
        deployment: DeploymentId,
        /// How it ended.
        status: DeploymentStatus,
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
        digest: Digest,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// A release stands on the target, unseen.
    ReleaseStaged {
        /// Its id.
        release: ReleaseId,
        /// Bytes of files that had to be written.
        written: u64,
        /// Bytes of files shared with releases before.
        shared: u64,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// A gate came to a verdict.
    GateFinished {
        /// The verdict with its evidence.
        report: Box<GateReport>,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// A snapshot holds what is about to change.
    BackedUp {
        /// Its id.
        snapshot: Stamp,
        /// Whether it had been there already.
        reused: bool,
        /// Bytes it added to the backup repository.
        added_bytes: u64,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// Users are shown another release.
    ReleaseActivated {
        /// What they see now.
        release: ReleaseId,
        /// What they saw before.
        previous: Option<ReleaseId>,
        /// How long the switch took, in milliseconds.
        milliseconds: u64,
    },
    /// The live site showed a release for the first time since the switch to it.
    ReleaseVisible {
        /// What it shows.
        release: ReleaseId,
        /// How long after the switch that was seen, in milliseconds.
        milliseconds: u64,
    },
    /// The live check asked for one path.
    LiveChecked {
        /// What it saw.
        check: LiveCheck,
    },
    /// Users are shown the release before, because the new one failed its live check.
    RolledBack {
        /// What they see now; absent when the site was withdrawn.
        release: Option<ReleaseId>,
        /// Why.
        reason: String,
        /// How long it took from the verdict, in milliseconds.
        milliseconds: u64,
    },
    /// The record was written and logged.
    Recorded {
        /// The record's path in the store.
        path: String,
        /// The size of the log with it.
        log_size: u64,
        /// The root of the log with it.
        root: Digest,
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
        release: ReleaseId,
    },
    /// Something was noticed that stops nothing.
    Warned {
        /// What.
        message: String,
    },
    /// The deployment reached its end.
    DeploymentFinished {
        /// Its id.
        deployment: DeploymentId,
        /// How it ended.
        status: DeploymentStatus,
        /// Where users find the site.
        url: String,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
}

/// Takes part in what happens by watching it.
///
/// # Contract
/// Observing neither fails nor waits: an observer that must do slow work queues it.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Sees one event; events arrive in order.
    fn observe(&self, event: &Event);
}

impl Observer for () {
    fn observe(&self, _: &Event) {}
}
