//! What the state of things today is evidence for, beside a deployment's record.

use std::collections::BTreeMap;

use super::{Evidence, EvidenceMeta, Seen};
use crate::{
    DeploymentId, Environment, ProductionBranch, ProductionDeployment, ReleaseId, Stamp, Standing, Verification,
};
use crate::{Principle, VerifiedEntry};

/// How many names a sentence lists before it counts the rest.
const NAMED: usize = 3;

/// What was asked of the target, the log, the branches and the backups just now.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    /// The deployment that is scored.
    pub record: ProductionDeployment,
    /// How the records stand against the log and the anchors.
    pub verification: Verification,
    /// The production branches that keep a checkpoint, here or on a remote, and whether a remote has them.
    pub anchored: BTreeMap<ProductionBranch, bool>,
    /// The branch of every deployment of this environment that users saw.
    pub shown: Vec<(DeploymentId, String)>,
    /// The remote that production branches are pushed to, if any.
    pub remote: Option<String>,
    /// The releases that are on the target.
    pub staged: Vec<ReleaseId>,
    /// The newest snapshot and what is wrong with it, a sentence each; absent when there is no snapshot.
    pub backup: Option<(Stamp, Vec<String>)>,
}

/// What can only be known after a record was written.
pub static PRESENT: [EvidenceMeta<Present>; 7] = [
    EvidenceMeta {
        id: "present/way-back",
        principle: Principle::UserPreservation,
        what: "the release before is still there to go back to",
        regain: "raise `keep-releases` of this environment, then `cargo xtask deploy`",
        look: way_back,
    },
    EvidenceMeta {
        id: "present/backup",
        principle: Principle::UserPreservation,
        what: "the newest snapshot can be restored as far as its lists tell",
        regain: "`cargo xtask backup create`, then `cargo xtask backup verify`",
        look: backup,
    },
    EvidenceMeta {
        id: "present/anchor",
        principle: Principle::BranchPreservation,
        what: "its production branch keeps the commit and the log's root",
        regain: "`cargo xtask resume`: it makes up for what a deployment left undone",
        look: anchor,
    },
    EvidenceMeta {
        id: "present/published",
        principle: Principle::BranchPreservation,
        what: "a remote has that branch too",
        regain: "set `branches = { remote = \"origin\" }` for this environment, then `cargo xtask deploy`",
        look: published,
    },
    EvidenceMeta {
        id: "present/branches",
        principle: Principle::BranchPreservation,
        what: "no production branch was deleted",
        regain: "bring the branches back: `git fetch` where a remote has them, or the backup of this clone",
        look: branches,
    },
    EvidenceMeta {
        id: "present/log",
        principle: Principle::BranchPreservation,
        what: "the records are what the log says",
        regain: "`cargo xtask verify` names them; `cargo xtask backup restore` brings them back",
        look: log,
    },
    EvidenceMeta {
        id: "present/pruned",
        principle: Principle::BranchPreservation,
        what: "no record is gone without a record of its pruning",
        regain: "`cargo xtask backup restore` brings them back",
        look: pruned,
    },
];

/// Returns what is so today as evidence: all of [`PRESENT`].
#[must_use]
pub fn present(present: &Present) -> Vec<Evidence> {
    PRESENT.iter().map(|meta| meta.of(present)).collect()
}

fn way_back(present: &Present) -> Seen {
    match &present.record.previous_release_id {
        None => Seen::not_applicable("there was no release before it"),
        Some(before) if present.staged.contains(before) => Seen::held(format!("release {before}")),
        Some(before) => Seen::lost(format!("release {before} is no longer on the target")),
    }
}

fn backup(present: &Present) -> Seen {
    match &present.backup {
        None => Seen::lost("there is no snapshot"),
        Some((id, faults)) => match faults.first() {
            None => Seen::held(format!("snapshot {id}")),
            Some(fault) => Seen::lost(format!("snapshot {id}: {fault}")),
        },
    }
}

/// What a principle of production branches asks of an environment without any.
fn unless_production(present: &Present) -> Option<Seen> {
    let environment = present.record.environment;
    (environment != Environment::Production)
        .then(|| Seen::not_applicable(format!("{environment} needs no production branch")))
}

fn published_of(present: &Present) -> Option<bool> {
    let branch = present.record.branch_name.parse::<ProductionBranch>().ok()?;
    present.anchored.get(&branch).copied()
}

fn anchor(present: &Present) -> Seen {
    let branch = &present.record.branch_name;
    match (unless_production(present), published_of(present)) {
        (Some(seen), _) => seen,
        (None, Some(_)) => Seen::held(format!("`{branch}`")),
        (None, None) => Seen::lost(format!("there is no `{branch}` with a checkpoint")),
    }
}

fn published(present: &Present) -> Seen {
    let branch = &present.record.branch_name;
    match (unless_production(present), published_of(present), &present.remote) {
        (Some(seen), _, _) => seen,
        (None, Some(true), _) => Seen::held(format!("a remote has `{branch}`")),
        (None, _, None) => Seen::lost("no remote is configured for production branches"),
        (None, _, Some(remote)) => Seen::lost(format!("`{remote}` does not have `{branch}`"))
            .regain(format!("`git push {remote} {branch}`; the next deployment tries again too")),
    }
}

fn branches(present: &Present) -> Seen {
    if let Some(seen) = unless_production(present) {
        return seen;
    }
    let there = |name: &str| name.parse().is_ok_and(|branch| present.anchored.contains_key(&branch));
    let gone: Vec<&str> = present.shown.iter().map(|(_, name)| name.as_str()).filter(|name| !there(name)).collect();
    match (present.shown.len(), gone.as_slice()) {
        (0, _) => Seen::not_applicable("nothing was shown in this environment yet"),
        (shown, []) => Seen::held(format!("branches of deployments that users saw: {shown}, all there")),
        (shown, gone) => Seen::lost(format!("{} of {shown} are gone: {}", gone.len(), named(gone))),
    }
}

fn log(present: &Present) -> Seen {
    let verification = &present.verification;
    let faults: Vec<String> = faults(verification, false).map(|fault| fault.path.clone()).collect();
    match faults.len() {
        0 => Seen::held(format!("sound: {}, compared with anchors: {}", verification.sound, verification.anchors)),
        number => Seen::lost(format!("not as the log says: {number}, {}", named(&faults))),
    }
}

fn pruned(present: &Present) -> Seen {
    let missing: Vec<String> = faults(&present.verification, true).map(|fault| fault.path.clone()).collect();
    match missing.len() {
        0 => Seen::held(format!(
            "lines of the log: {}, none without its record or its pruning",
            present.verification.size
        )),
        number => Seen::lost(format!("gone: {number}, {}", named(&missing))),
    }
}

/// Returns the faults that are missing files, or those that are not.
fn faults(verification: &Verification, missing: bool) -> impl Iterator<Item = &VerifiedEntry> {
    verification.faults.iter().filter(move |fault| (fault.standing == Standing::Missing) == missing)
}

fn named<T: AsRef<str>>(names: &[T]) -> String {
    let list: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{}`", name.as_ref())).collect();
    let more = names.len().saturating_sub(NAMED);
    if more == 0 { list.join(", ") } else { format!("{} and {more} more", list.join(", ")) }
}
