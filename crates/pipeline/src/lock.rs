//! One deployment at a time: per project, and per target, since two clones can share one target.

use charter_host::lock::{self, Holder, Lock};
use charter_host::{durable, end_marked};
use charter_targets::TargetLock;

use crate::{Project, Stop};

/// Both locks, held until dropped.
#[derive(Debug)]
pub(crate) struct Locked {
    _project: Lock,
    _target: TargetLock,
}

/// The folders in which a killed deployment can leave temporary files.
const LEFTOVERS: [&str; 11] = [
    "approvals",
    "attestations",
    "configuration",
    "deployments",
    "holds",
    "incidents",
    "integrity",
    "journal",
    "log",
    "maintenance",
    "monitoring",
];

/// Takes both locks, removes what a dead predecessor left half-written and ends the programs that a dead predecessor left running.
pub(crate) async fn take(project: &Project, doing: &str) -> Result<Locked, Stop> {
    durable::make_folder(&project.records).map_err(Stop::durable("make the records folder"))?;
    let holder = Holder::this_process(doing, project.repository.root(), project.host.clock.now());
    let held = lock::take(&project.records.join("lock"), &holder).map_err(Stop::lock)?;
    let target = project.target.lock(&holder).await.map_err(Stop::lock)?;
    let swept = durable::sweep(&project.records)
        .and_then(|()| LEFTOVERS.iter().try_for_each(|folder| durable::sweep_below(&project.records.join(folder))));
    swept.map_err(Stop::durable("remove what a crash left"))?;
    if end_marked(&mark(project)) > 0 {
        project.events.warn("ended a build that an interrupted deployment had left running");
    }
    Ok(Locked { _project: held, _target: target })
}

/// What the programs of this project's deployments are marked with: whoever holds the lock knows that any that still
/// run were left behind.
pub(crate) fn mark(project: &Project) -> String {
    project.records.display().to_string()
}
