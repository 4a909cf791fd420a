//! Letting many gates look at once, whatever becomes of any of them.

use std::any::Any;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use charter_deploy_model::{GateOutcome, Inconclusive, KindMeta, Lane};
use charter_host::Scope;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::{Gate, GateError, Memory, Subject};

/// How one gate's run ended.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Run {
    /// The gate.
    pub meta: &'static KindMeta,
    /// What it saw, or why it saw nothing.
    pub outcome: GateOutcome,
    /// How long it took.
    pub took: Duration,
    /// Whether it was not asked, because it saw this before on the same input.
    pub remembered: bool,
}

/// How gates are run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// After this long a gate is stopped, and its result is inconclusive.
    pub per_gate: Duration,
    /// The same for a gate that measures, and so looks at the same thing again and again.
    pub per_measuring_gate: Duration,
    /// What gates saw before; everything is looked at anew when absent.
    pub memory: Option<Memory>,
}

impl Default for RunOptions {
    /// Five minutes for a gate, an hour for one that measures (a run of Lighthouse is ten seconds, and each page can need
    /// nine on each device), and no memory.
    fn default() -> Self {
        Self { per_gate: Duration::from_secs(300), per_measuring_gate: Duration::from_secs(3600), memory: None }
    }
}

/// Lets every gate look at the subject, and returns how each ended, in the order given.
///
/// Gates of the shared lane run side by side; those of the exclusive lane follow, one at a time, because they measure
/// time. `each` hears of every gate the moment it has ended. A gate that takes too long, panics or is stopped through
/// the scope ends as an outcome like any other and never takes the rest down. A gate's own threads cannot be killed:
/// they are told to stop through their scope.
pub async fn run(
    gates: &[Arc<dyn Gate>],
    subject: Arc<Subject>,
    options: &RunOptions,
    scope: &Scope,
    mut each: impl FnMut(&Run) + Send,
) -> Vec<Run> {
    let mut ended: Vec<Option<Run>> = gates.iter().map(|_| None).collect();
    let (shared, exclusive): (Vec<usize>, Vec<usize>) =
        (0..gates.len()).partition(|index| gates[*index].meta().lane == Lane::Shared);

    let mut looking = JoinSet::new();
    for index in shared {
        let (gate, subject, scope) = (Arc::clone(&gates[index]), Arc::clone(&subject), scope.clone());
        let options = options.clone();
        looking.spawn(async move { (index, look(gate, subject, &options, &scope).await) });
    }
    while let Some(joined) = looking.join_next().await {
        let (index, run) = joined.expect("`look` contains the gate's panics and nobody aborts it");
        each(&run);
        ended[index] = Some(run);
    }
    for index in exclusive {
        let run = look(Arc::clone(&gates[index]), Arc::clone(&subject), options, scope).await;
        each(&run);
        ended[index] = Some(run);
    }
    ended.into_iter().flatten().collect()
}

async fn look(gate: Arc<dyn Gate>, subject: Arc<Subject>, options: &RunOptions, scope: &Scope) -> Run {
    let meta = gate.meta();
    let started = Instant::now();
    if let Some(inspection) = options.memory.as_ref().and_then(|memory| memory.recall(gate.as_ref(), &subject)) {
        let outcome = GateOutcome::Inspected(inspection);
        return Run { meta, outcome, took: started.elapsed(), remembered: true };
    }
    let limit = match meta.lane {
        Lane::Shared => options.per_gate,
        Lane::Exclusive => options.per_measuring_gate,
    };
    let scope = scope.child();
    // Dropped with this future, so that a caller who walks away leaves nothing running.
    let _stops_when_dropped = scope.cancel.clone().drop_guard();
    let mut task = JoinSet::new();
    task.spawn({
        let (scope, gate, subject) = (scope.clone(), Arc::clone(&gate), Arc::clone(&subject));
        async move { gate.inspect(&subject, &scope).await }
    });
    let outcome = tokio::select! {
        biased;
        Some(joined) = task.join_next() => joined.map_or_else(died, |result| result.map_or_else(failed, GateOutcome::Inspected)),
        () = scope.cancel.cancelled() => failed(GateError::Cancelled),
        () = tokio::time::sleep(limit) => {
            GateOutcome::Inconclusive(Inconclusive::TimedOut { seconds: limit.as_secs() })
        }
    };
    if let (Some(memory), GateOutcome::Inspected(inspection)) = (&options.memory, &outcome) {
        memory.keep(gate.as_ref(), &subject, inspection);
    }
    Run { meta, outcome, took: started.elapsed(), remembered: false }
}

fn failed(error: GateError) -> GateOutcome {
    match error {
        GateError::Unavailable { .. } | GateError::Cancelled => {
            GateOutcome::Inconclusive(Inconclusive::Unavailable { reason: error.to_string() })
        }
        GateError::Unreadable { .. } | GateError::Other { .. } => GateOutcome::Broken { reason: with_causes(&error) },
    }
}

fn died(error: JoinError) -> GateOutcome {
    match error.try_into_panic() {
        Ok(panic) => GateOutcome::Broken { reason: format!("panicked: {}", panic_message(panic.as_ref())) },
        Err(_) => failed(GateError::Cancelled),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
