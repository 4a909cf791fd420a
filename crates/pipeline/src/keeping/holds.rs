//! Placing holds, lifting them, and telling which there are.

use charter_deploy_model::{Hold, HoldId, HoldLifted, Stamp, StandingHold, in_force};
use charter_host::Scope;
use charter_store::StoreError;
use jiff::Timestamp;

use super::{by, intent, settle};
use crate::{Project, Stop, lock};

/// Places a hold on records, by their paths, and returns it.
///
/// # Errors
/// [`Stop::NotPublished`] when there is no such record, or it was pruned already; [`Stop::Records`] when it is not what
/// was recorded.
pub async fn hold(
    project: &Project,
    covers: Vec<String>,
    reason: &str,
    until: Option<Timestamp>,
    scope: &Scope,
) -> Result<Hold, Stop> {
    let locked = lock::take(project, "hold").await?;
    settle(project, &locked, scope).await?;
    for path in &covers {
        project.store.check(path).await.map_err(|error| match error {
            StoreError::Unknown { .. } | StoreError::Pruned { .. } | StoreError::BadPath { .. } => Stop::NotPublished {
                doing: "place the hold",
                help: Some("`cargo xtask retention plan --all` lists the records there are".to_owned()),
                source: error.into(),
            },
            error => Stop::Records(error),
        })?;
    }
    let now = project.host.clock.now();
    let hold = Hold {
        hold_id: intent::free(project, Hold::FOLDER, Stamp::of(now), HoldId::new).await?,
        covers,
        reason: reason.to_owned(),
        placed_by: by(project),
        placed_at: now,
        until,
    };
    intent::put_on_record(project, &locked, &hold, scope).await?;
    Ok(hold)
}

/// Lifts a hold, and returns that it was.
///
/// # Errors
/// [`Stop::NotPublished`] when there is no such hold, or it was lifted already.
pub async fn lift(project: &Project, id: HoldId, reason: &str, scope: &Scope) -> Result<HoldLifted, Stop> {
    let locked = lock::take(project, "lift a hold").await?;
    settle(project, &locked, scope).await?;
    let refused = |source: String| Stop::NotPublished {
        doing: "lift the hold",
        help: Some("`cargo xtask retention holds` lists them".to_owned()),
        source: source.into(),
    };
    match holds(project).await?.into_iter().find(|standing| standing.hold.hold_id == id) {
        None => return Err(refused(format!("there is no hold `{id}`"))),
        Some(StandingHold { lifted: Some(lifted), .. }) => {
            return Err(refused(format!("`{id}` was lifted by {} at {}", lifted.lifted_by, lifted.lifted_at)));
        }
        Some(_) => {}
    }
    let now = project.host.clock.now();
    let lifted = HoldLifted { hold_id: id, reason: reason.to_owned(), lifted_by: by(project), lifted_at: now };
    intent::put_on_record(project, &locked, &lifted, scope).await?;
    Ok(lifted)
}

/// Returns every hold there ever was, the oldest first, and whether it is in force.
///
/// # Errors
/// [`Stop::Records`] when one cannot be read.
pub async fn holds(project: &Project) -> Result<Vec<StandingHold>, Stop> {
    let holds: Vec<Hold> = project.store.read_all(Hold::FOLDER).await.map_err(Stop::Records)?;
    let lifted: Vec<HoldLifted> = project.store.read_all(HoldLifted::FOLDER).await.map_err(Stop::Records)?;
    let standing: Vec<HoldId> =
        in_force(&holds, &lifted, project.host.clock.now()).into_iter().map(|hold| hold.hold_id).collect();
    Ok(holds
        .into_iter()
        .map(|hold| StandingHold {
            lifted: lifted.iter().find(|lifted| lifted.hold_id == hold.hold_id).cloned(),
            in_force: standing.contains(&hold.hold_id),
            hold,
        })
        .collect())
}
