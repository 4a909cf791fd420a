//! Version 1 of the JSON output: types of its own, so that a record can change without breaking anybody's script.
//!
//! Every line is one object with `"v": 1`. A line with the member `event` says what happened ([`Event`]); a line with
//! the member `result` is what a command was asked for, or its failure; the value names the type:
//!
//! | `result` | type |
//! | --- | --- |
//! | `failure` | [`Failure`] |
//! | `gates` | [`Gates`] |
//! | `verification` | [`Verification`] |
//! | `history` | [`History`] |
//! | `deployment` | [`Deployment`] |
//! | `status` | [`Status`] |
//! | `snapshots` | [`Snapshots`] |
//! | `kinds` | [`Kinds`] |
//! | `retention-plan` | [`RetentionPlan`] |
//! | `retention-done` | [`RetentionDone`] |
//! | `holds` | [`Holds`] |
//! | `hold-lifted` | [`HoldLifted`] |
//! | `pruned` | [`PrunedRecords`] |
//! | `snapshot-plan` | [`SnapshotPlan`] |
//! | `snapshots-pruned` | [`SnapshotsPruned`] |
//! | `score` | [`Score`] |
//! | `audit` | [`Audit`] |
//! | `watched` | [`Watched`] |
//! | `incidents` | [`Incidents`] |
//! | `incident` | [`Incident`] |
//! | `post-mortem` | [`PostMortem`] |
//! | `emergency` | [`Emergency`] |
//! | `analytics` | [`Analytics`] |
//!
//! Names are camelCase, the words of enumerations kebab-case, times RFC 3339 in UTC, sizes bytes, durations
//! milliseconds, digests `sha256:` and 64 hexadecimal digits. What is not known is absent, never null. Within version 1
//! members are added, never renamed, removed or given another meaning; readers ignore what they do not know.

mod constitution;
mod event;
mod gates;
mod incident;
mod results;
mod retention;
mod watching;
mod words;

pub use constitution::{Audit, Evidence, Principle, Score, audit, constitution, score};
pub use event::{Detail, Event};
pub use gates::{Finding, GateReport, Gates, Location, LookedAt, Measure, Waived, gates};
pub use incident::{
    Analytics, Emergency, Incident, Incidents, PostMortem, analytics, emergency, incident, incidents, post_mortem,
};
pub use results::{
    Code, Deployment, Failure, Fault, History, HistoryLine, Kind, Kinds, Live, Log, Snapshot, SnapshotContent,
    Snapshots, Status, UsersSee, Verification, failure, history, kinds, show, snapshots, status, verification,
};
pub use retention::{
    Held, HoldLifted, Holds, PlannedRecord, PlannedSnapshot, PrunedRecord, PrunedRecords, RetentionDone, RetentionPlan,
    Said, SnapshotPlan, SnapshotsPruned, hold_lifted, hold_placed, holds, pruned, retention_done, retention_plan,
    snapshot_plan, snapshots_pruned,
};

pub use watching::{Watched, WatchedEndpoint, watched};

/// The version that this module describes.
pub const VERSION: u8 = 1;
