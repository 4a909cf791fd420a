//! What commands were asked for.

use charter_deploy_model as model;
use charter_deploy_model::Record;
use serde::Serialize;
use serde_json::{Value, json};

use super::{VERSION, words};
use crate::DeploymentLine;
use crate::explain::unindented;
use crate::json::line;

/// Returns a failure as one line.
#[must_use]
pub fn failure(failure: &model::Failure) -> String {
    line(&Failure::from(failure))
}

/// Returns the result of a verification as one line.
#[must_use]
pub fn verification(verification: &model::Verification) -> String {
    line(&Verification::from(verification))
}

/// Returns deployments, in the order given, as one line.
#[must_use]
pub fn history(deployments: &[DeploymentLine]) -> String {
    let deployments = deployments.iter().map(HistoryLine::from).collect();
    line(&History { v: VERSION, result: "history", deployments })
}

/// Returns a deployment with its whole record as one line.
#[must_use]
pub fn show(record: &model::ProductionDeployment, standing: Option<&str>) -> String {
    let mut stored = serde_json::to_value(record).expect("a record is JSON");
    stored["schema"] = json!(model::ProductionDeployment::SCHEMA);
    line(&Deployment { v: VERSION, result: "deployment", standing: standing.map(str::to_owned), record: stored })
}

/// Returns how things stand in one environment as one line.
#[must_use]
pub fn status(status: &crate::Status) -> String {
    line(&Status::from(status))
}

/// Returns snapshots, in the order given, as one line.
#[must_use]
pub fn snapshots(list: &[model::Snapshot]) -> String {
    line(&Snapshots { v: VERSION, result: "snapshots", snapshots: list.iter().map(Snapshot::from).collect() })
}

/// Returns what kinds say about themselves as one line.
#[must_use]
pub fn kinds(list: &[&model::KindMeta]) -> String {
    line(&Kinds { v: VERSION, result: "kinds", kinds: list.iter().map(|meta| Kind::from(*meta)).collect() })
}

/// Why a command did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The version of the format, 1.
    pub v: u8,
    /// `failure`.
    pub result: &'static str,
    /// The exit code of the command.
    pub exit_code: u8,
    /// What failed.
    pub what: String,
    /// Why, outermost cause first.
    pub why: Vec<String>,
    /// What users see now.
    pub users_see: UsersSee,
    /// What to type, or do, next.
    pub next: Vec<String>,
}

/// What users see now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsersSee {
    /// `unchanged`, `rolled-back`, `new`, `unknown` or `not-concerned`.
    pub state: &'static str,
    /// The release they see; absent when there is none, or it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

impl From<&model::Failure> for Failure {
    fn from(failure: &model::Failure) -> Self {
        Self {
            v: VERSION,
            result: "failure",
            exit_code: failure.exit_code,
            what: failure.what.clone(),
            why: failure.why.clone(),
            users_see: UsersSee::from(&failure.users_see),
            next: failure.next.clone(),
        }
    }
}

impl From<&model::UsersSee> for UsersSee {
    fn from(see: &model::UsersSee) -> Self {
        let (state, release) = match see {
            model::UsersSee::Unchanged { release } => ("unchanged", release.as_ref()),
            model::UsersSee::RolledBack { release } => ("rolled-back", release.as_ref()),
            model::UsersSee::New { release } => ("new", Some(release)),
            model::UsersSee::Unknown => ("unknown", None),
            model::UsersSee::NotConcerned => ("not-concerned", None),
        };
        Self { state, release: release.map(ToString::to_string) }
    }
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// The version of the format, 1.
    pub v: u8,
    /// `verification`.
    pub result: &'static str,
    /// Whether nothing is amiss.
    pub is_sound: bool,
    /// How many lines the log has.
    pub size: u64,
    /// The root of the tree over them (RFC 6962).
    pub root: String,
    /// How many entries are sound.
    pub sound: u64,
    /// How many anchors the log was compared with.
    pub anchors: u64,
    /// How many of those a remote holds too; without any, a log rewritten as a whole would not be noticed.
    pub anchors_published: u64,
    /// What is not sound.
    pub faults: Vec<Fault>,
}

/// One thing that is not sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Path relative to the store, or `log/entries`.
    pub path: String,
    /// `missing`, `altered`, `unlogged`, `truncated`, `rewritten` or `malformed`.
    pub standing: &'static str,
    /// Figures that explain it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl From<&model::Verification> for Verification {
    fn from(verification: &model::Verification) -> Self {
        let faults = verification.faults.iter().map(|entry| Fault {
            path: entry.path.clone(),
            standing: words::standing(&entry.standing),
            detail: entry.detail.clone(),
        });
        Self {
            v: VERSION,
            result: "verification",
            is_sound: verification.is_sound(),
            size: verification.size,
            root: verification.root.to_string(),
            sound: verification.sound,
            anchors: verification.anchors,
            anchors_published: verification.anchors_published,
            faults: faults.collect(),
        }
    }
}

/// Deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// The version of the format, 1.
    pub v: u8,
    /// `history`.
    pub result: &'static str,
    /// One of each deployment.
    pub deployments: Vec<HistoryLine>,
}

/// One deployment in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryLine {
    /// Its id.
    pub deployment: String,
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// `initial`, `update`, `hotfix` or `rollback`.
    pub deployment_type: &'static str,
    /// `success`, `failed` or `rolled-back`: how it ended.
    pub status: &'static str,
    /// How it stands today, where that is more than its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// The branch that keeps it.
    pub branch: String,
    /// Who did it.
    pub deployed_by: String,
    /// When it began.
    pub began: String,
    /// When it ended.
    pub finished: String,
    /// The release it staged or showed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// For a rollback, the deployment whose release is shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<String>,
}

impl From<&DeploymentLine> for HistoryLine {
    fn from(line: &DeploymentLine) -> Self {
        let record = &line.record;
        Self {
            deployment: record.deployment_id.to_string(),
            environment: record.environment.to_string(),
            deployment_type: words::deployment_type(record.deployment_type),
            status: words::status(record.status),
            standing: line.standing.clone(),
            commit: record.commit_hash.to_string(),
            branch: record.branch_name.clone(),
            deployed_by: record.deployed_by.clone(),
            began: record.timestamp.to_string(),
            finished: record.finished_at.to_string(),
            release: record.release_id.as_ref().map(ToString::to_string),
            rollback_to: record.rollback_deployment_id.as_ref().map(ToString::to_string),
        }
    }
}

/// One deployment with its whole record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// The version of the format, 1.
    pub v: u8,
    /// `deployment`.
    pub result: &'static str,
    /// How it stands today, where that is more than its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
    /// The record. Its format has a version of its own, in its member `schema`.
    pub record: Value,
}

/// How things stand in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The version of the format, 1.
    pub v: u8,
    /// `status`.
    pub result: &'static str,
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// What users see; absent when that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// Since when; absent when no record says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Where users find it; absent when no address is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Deployments that were interrupted and are not settled.
    pub unfinished: Vec<String>,
    /// Why nothing may be deployed, when that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// How far the log has got; absent when there is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// Releases on the target.
    pub releases: Vec<String>,
}

/// The release that users see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Live {
    /// The release's id.
    pub release: String,
    /// The deployment that staged it.
    pub deployment: String,
    /// The commit it was built from.
    pub commit: String,
    /// The digest of its files.
    pub digest: String,
}

/// How far the log has got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    /// How many lines it has.
    pub size: u64,
    /// The root of the tree over them (RFC 6962).
    pub root: String,
}

impl From<&crate::Status> for Status {
    fn from(status: &crate::Status) -> Self {
        let live = status.live.as_ref().map(|release| Live {
            release: release.id.to_string(),
            deployment: release.deployment_id.to_string(),
            commit: release.commit.to_string(),
            digest: release.digest.to_string(),
        });
        Self {
            v: VERSION,
            result: "status",
            environment: status.environment.to_string(),
            live,
            since: status.since.map(|since| since.to_string()),
            url: status.url.clone(),
            unfinished: status.unfinished.iter().map(ToString::to_string).collect(),
            frozen: status.frozen.clone(),
            log: status.log.as_ref().map(|log| Log { size: log.size, root: log.root.to_string() }),
            releases: status.releases.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snapshots {
    /// The version of the format, 1.
    pub v: u8,
    /// `snapshots`.
    pub result: &'static str,
    /// One of each snapshot.
    pub snapshots: Vec<Snapshot>,
}

/// One snapshot in the backup repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// When it was taken.
    pub taken_at: String,
    /// Why it was taken.
    pub reason: String,
    /// Bytes that it added to the repository.
    pub added_bytes: u64,
    /// What it holds.
    pub contents: Vec<SnapshotContent>,
}

/// One tree that a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotContent {
    /// What it is, such as `ledger` or `live`.
    pub name: String,
    /// How many files.
    pub files: u64,
    /// Their size before compression.
    pub bytes: u64,
    /// The digest over their paths, sizes and digests.
    pub digest: String,
}

impl From<&model::Snapshot> for Snapshot {
    fn from(snapshot: &model::Snapshot) -> Self {
        let contents = snapshot.contents.iter().map(|content| SnapshotContent {
            name: content.name.clone(),
            files: content.files,
            bytes: content.bytes,
            digest: content.digest.to_string(),
        });
        Self {
            id: snapshot.id.to_string(),
            taken_at: snapshot.taken_at.to_string(),
            reason: snapshot.reason.clone(),
            added_bytes: snapshot.added_bytes,
            contents: contents.collect(),
        }
    }
}

/// What kinds say about themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kinds {
    /// The version of the format, 1.
    pub v: u8,
    /// `kinds`.
    pub result: &'static str,
    /// One of each kind.
    pub kinds: Vec<Kind>,
}

/// What one kind says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// Its id.
    pub id: String,
    /// One sentence.
    pub summary: String,
    /// Markdown.
    pub docs: String,
    /// What it must have before it can start: `source`, `artifact`, `preview` or `live`.
    pub needs: &'static str,
    /// `shared` when it runs beside others, `exclusive` when it runs alone.
    pub lane: &'static str,
    /// What it can find.
    pub codes: Vec<Code>,
}

/// One thing a kind can find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// `kind/code`.
    pub id: String,
    /// `zero-github-actions`, `performance-first`, `user-preservation`, `branch-preservation` or `local-validation`;
    /// absent when it is evidence for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principle: Option<&'static str>,
    /// `note`, `warning` or `error`, unless the configuration says otherwise.
    pub default_severity: &'static str,
    /// One sentence.
    pub summary: String,
    /// Markdown.
    pub docs: String,
}

impl From<&model::KindMeta> for Kind {
    fn from(meta: &model::KindMeta) -> Self {
        let codes = meta.codes.iter().map(|code| Code {
            id: code.id.to_owned(),
            principle: code.principle.map(words::principle),
            default_severity: words::severity(code.default_severity),
            summary: code.summary().to_owned(),
            docs: markdown(code.docs),
        });
        Self {
            id: meta.id.to_owned(),
            summary: meta.summary().to_owned(),
            docs: markdown(meta.docs),
            needs: words::needs(meta.needs),
            lane: words::lane(meta.lane),
            codes: codes.collect(),
        }
    }
}

fn markdown(docs: &str) -> String {
    unindented(docs).collect::<Vec<_>>().join("\n")
}
