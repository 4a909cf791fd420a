//! Keeping records as long as the policy says: which stay, which are compressed, which go.
//!
//! [`plan`] looks and decides, [`apply`] does what it decided. What goes is put on record first, as a pruning; the
//! intent to write that record is in the journal's folder before, so that a crash anywhere is completed by the next
//! command that takes the lock.

mod facts;
mod holds;
mod intent;
mod snapshots;

use std::sync::Arc;

use charter_deploy_model::{
    Environment, PlannedRecord, PrunedRecord, Pruning, PruningId, RetentionAction, RetentionDone, RetentionPlan, Stamp,
    plan_retention,
};
use charter_host::Scope;
use charter_targets::Target;

use crate::lock::{self, Locked};
use crate::{Project, Stop, journal};

use facts::Facts;
pub use holds::{hold, holds, lift};
pub(crate) use intent::settle;
pub use snapshots::{plan_snapshots, prune_snapshots};

/// Another environment of the project, and its target: what it shows must stay too.
pub type Elsewhere = (Environment, Arc<dyn Target>);

/// So many records are named by one pruning's record.
const BATCH: usize = 500;

/// Decides on every record, and changes nothing.
///
/// # Errors
/// When a record, a hold or a journal cannot be read. A target that cannot be asked is no error: all that may be live
/// on it stays.
pub async fn plan(project: &Project, elsewhere: &[Elsewhere], scope: &Scope) -> Result<RetentionPlan, Stop> {
    let facts = Facts::gather(project, elsewhere, scope).await?;
    decide(project, &facts, scope).await
}

/// Does what [`plan`] decides at this moment: removes records, compresses records.
///
/// Nothing happens while a deployment is under way or unfinished.
///
/// # Errors
/// Those of [`plan`], and when something cannot be written; what was done until then is sound, and the next time it
/// goes on from there.
pub async fn apply(project: &Project, elsewhere: &[Elsewhere], scope: &Scope) -> Result<RetentionDone, Stop> {
    let locked = begin(project, scope).await?;
    let facts = Facts::gather(project, elsewhere, scope).await?;
    let plan = decide(project, &facts, scope).await?;
    let of = |action| move |record: &&PlannedRecord| record.decision.action == action;
    let going: Vec<&PlannedRecord> = plan.records.iter().filter(of(RetentionAction::Prune)).collect();
    let saved = |records: &[&PlannedRecord]| records.iter().filter_map(|record| record.saved_bytes).sum::<u64>();

    let mut done = RetentionDone::default();
    for batch in going.chunks(BATCH) {
        if scope.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let pruning = pruning(project, &plan, &facts, batch).await?;
        done.prunings.push(intent::put_on_record(project, &locked, &pruning, scope).await?);
        done.pruned += batch.len() as u64;
        done.saved_bytes += saved(batch);
    }
    let archived: Vec<&PlannedRecord> = plan.records.iter().filter(of(RetentionAction::Archive)).collect();
    let paths: Vec<String> = archived.iter().map(|record| record.decision.path.clone()).collect();
    project.store.archive(&paths, scope).await.map_err(stopped("compress the records"))?;
    done.archived = paths.len() as u64;
    done.saved_bytes += saved(&archived);
    project.store.flush().await.map_err(stopped("bring the indexes up to date"))?;
    Ok(done)
}

/// Returns every pruning on record, in the order of the log.
///
/// # Errors
/// When one cannot be read.
pub async fn prunings(project: &Project) -> Result<Vec<Pruning>, Stop> {
    project.store.read_all(Pruning::FOLDER).await.map_err(Stop::Records)
}

/// Takes the deployment's locks, completes what a crash left, and makes sure that no deployment is unfinished.
async fn begin(project: &Project, scope: &Scope) -> Result<Locked, Stop> {
    let locked = lock::take(project, "retention").await?;
    settle(project, &locked, scope).await?;
    match journal::interrupted(&project.records).map_err(Stop::Journal)?.first() {
        None => Ok(locked),
        Some(unfinished) => Err(Stop::NotPublished {
            doing: "remove or compress anything",
            help: Some("`cargo xtask resume` settles it; then run this command again".to_owned()),
            source: format!("`{}` was interrupted and may need its records", unfinished.deployment).into(),
        }),
    }
}

async fn decide(project: &Project, facts: &Facts, scope: &Scope) -> Result<RetentionPlan, Stop> {
    let holds = facts.holds.iter().collect::<Vec<_>>();
    let policy = &project.settings.retention;
    let decisions = plan_retention(policy, &facts.kept(), &holds, facts.at);
    let archived: Vec<String> = decisions
        .iter()
        .filter(|decision| decision.action == RetentionAction::Archive)
        .map(|decision| decision.path.clone())
        .collect();
    let sizes = project.store.archived_sizes(&archived, scope).await.map_err(stopped("measure the records"))?;
    let mut sizes = sizes.into_iter();
    let records = decisions
        .into_iter()
        .zip(&facts.records)
        .map(|(decision, record)| {
            let saved_bytes = match decision.action {
                RetentionAction::Keep => None,
                RetentionAction::Prune => Some(record.stored_bytes),
                RetentionAction::Archive => {
                    sizes.next().map(|size| record.stored_bytes.saturating_sub(size.stored_bytes))
                }
            };
            let (summary, stored_bytes) = (record.summary.clone(), record.stored_bytes);
            PlannedRecord { decision, summary, stored_bytes, saved_bytes }
        })
        .collect();
    Ok(RetentionPlan { at: facts.at, policy: policy.clone(), records })
}

/// Makes the record of a batch that goes.
async fn pruning(
    project: &Project,
    plan: &RetentionPlan,
    facts: &Facts,
    batch: &[&PlannedRecord],
) -> Result<Pruning, Stop> {
    let records: Vec<PrunedRecord> = batch
        .iter()
        .filter_map(|planned| Some((planned, facts.find(&planned.decision.path)?)))
        .map(|(planned, record)| PrunedRecord {
            path: planned.decision.path.clone(),
            digest: record.digest,
            bytes: record.bytes,
            at: record.kept.at,
            why: planned.decision.why.clone(),
            summary: planned.summary.clone(),
        })
        .collect();
    let times = || records.iter().map(|record| record.at);
    Ok(Pruning {
        pruning_id: intent::free(project, Pruning::FOLDER, Stamp::of(plan.at), PruningId::new).await?,
        pruned_at: plan.at,
        pruned_by: by(project),
        policy: plan.policy.clone(),
        count: records.len() as u64,
        first: times().min().unwrap_or(plan.at),
        last: times().max().unwrap_or(plan.at),
        paths: records.iter().map(|record| record.path.clone()).collect(),
        records,
    })
}

fn by(project: &Project) -> String {
    project.repository.user().unwrap_or_else(|| "unknown".to_owned())
}

/// Makes a stop of the store's error: one that says a record is not what was recorded, or that something failed.
fn stopped(doing: &'static str) -> impl Fn(charter_store::StoreError) -> Stop {
    use charter_store::StoreError;
    move |error| match error {
        StoreError::Cancelled => Stop::Cancelled,
        StoreError::Missing { .. } | StoreError::Altered { .. } | StoreError::Unlogged { .. } | StoreError::LogCut => {
            Stop::Records(error)
        }
        error => Stop::NotPublished { doing, help: error.help(), source: error.into() },
    }
}
