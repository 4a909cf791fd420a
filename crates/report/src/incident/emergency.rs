//! What an emergency did, step by step.

use charter_deploy_model::{Environment, IncidentId};
use jiff::Timestamp;
use serde::Serialize;

use crate::figures::time;
use crate::layout::{field, hanging};
use crate::style::{BOLD, DIM, Mark, paint};
use crate::visible;

/// What an emergency did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Emergency {
    /// Where.
    pub environment: Environment,
    /// Why.
    pub reason: String,
    /// Whether it was only said what would be done.
    pub dry_run: bool,
    /// The incident that was opened; absent when none could be, or none was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentId>,
    /// What was done, in order.
    pub steps: Vec<EmergencyStep>,
    /// What to type next.
    pub next: Vec<String>,
}

/// One step of the procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyStep {
    /// When it was done; absent when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Its name: `assess`, `freeze`, `roll-back`, `verify`.
    pub name: &'static str,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What came of it.
    pub text: String,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// As it should.
    Done,
    /// It would be done.
    Planned,
    /// It was not to be done.
    LeftOut,
    /// It could not be done, or did not find things as they should be.
    Failed,
}

/// Returns what an emergency did, step by step, and what to type next.
#[must_use]
pub fn emergency(it: &Emergency) -> String {
    const LABELS: usize = "roll-back".len();
    let failed = it.steps.iter().any(|step| step.outcome == StepOutcome::Failed);
    let mark = match (it.dry_run, failed) {
        (true, _) => Mark::Quiet,
        (false, true) => Mark::Bad,
        (false, false) => Mark::Good,
    };
    let title = match (&it.incident, it.dry_run) {
        (_, true) => format!("emergency in {}, only said", it.environment),
        (Some(id), false) => format!("emergency in {} · {id}", it.environment),
        (None, false) => format!("emergency in {} · no incident could be opened", it.environment),
    };
    let mut text = hanging(&format!("{} ", mark.painted()), &paint(BOLD, &format!("{title}: {}", visible(&it.reason))));
    text.push('\n');
    for step in &it.steps {
        let mark = match step.outcome {
            StepOutcome::Done => Mark::Good,
            StepOutcome::Planned | StepOutcome::LeftOut => Mark::Quiet,
            StepOutcome::Failed => Mark::Bad,
        };
        let at = step.at.map(|at| format!("{} ", paint(DIM, &time(at)[11..19]))).unwrap_or_default();
        text += &field(step.name, LABELS, &format!("{} {at}{}", mark.painted(), visible(&step.text)));
    }
    for (number, next) in it.next.iter().enumerate() {
        text += &field(if number == 0 { "next" } else { "" }, LABELS, &paint(BOLD, &visible(next)));
    }
    text
}
