//! Each event as one line.

use charter_deploy_model::{DeploymentStatus, Event, EventKind};

use crate::figures::{bytes, count, duration, grouped};
use crate::layout::{padded, width};
use crate::show::checked;
use crate::style::{BOLD, DIM, Mark, paint};
use crate::{gates, visible, words};

/// What one event says on the screen.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) mark: Mark,
    label: &'static str,
    said: String,
    milliseconds: Option<u64>,
}

const LABELS: usize = "rolled back".len();
/// Where durations end, when the text leaves room.
const TIMES: usize = 98;

impl Told {
    /// The line, with its newline.
    pub(crate) fn line(&self) -> String {
        let label = paint(self.label_style(), &format!("{:LABELS$}", self.label));
        let mut line = format!("{} {label}  {}", self.mark.painted(), self.said);
        if let Some(milliseconds) = self.milliseconds {
            let took = duration(milliseconds);
            line = format!("{}  {}", padded(&line, TIMES - 2 - width(&took)), paint(DIM, &took));
        }
        line + "\n"
    }

    const fn label_style(&self) -> anstyle::Style {
        match self.mark {
            Mark::Good | Mark::Quiet => DIM,
            Mark::Bad | Mark::Care => self.mark.style(),
        }
    }
}

pub(crate) fn told(event: &Event) -> Told {
    let (mark, label, said, milliseconds) = match &event.kind {
        EventKind::DeploymentStarted { deployment, environment, deployment_type, commit } => {
            let kind = words::deployment_type(*deployment_type);
            let said = format!("{} · {kind} of {environment} from {}", bold(deployment), commit.short());
            (Mark::Quiet, "deploying", said, None)
        }
        EventKind::RecoveryStarted { deployment } => {
            (Mark::Care, "recovering", format!("{deployment} was interrupted"), None)
        }
        EventKind::RecoveryFinished { deployment, status, summary } => {
            let (_, outcome) = words::status(*status);
            (Mark::Good, "recovered", format!("{deployment} {outcome}: {}", visible(summary)), None)
        }
        EventKind::BuildStarted { command } => (Mark::Quiet, "building", visible(command), None),
        EventKind::ArtifactRead { files, bytes: size, digest, milliseconds } => {
            let said = format!("{}, {} · {}", count(*files, "files"), bytes(*size), &digest.hex()[..12]);
            (Mark::Good, "read", said, Some(*milliseconds))
        }
        EventKind::ReleaseStaged { release, written, shared, milliseconds } => {
            let said = format!("{release} · {} written, {} shared", bytes(*written), bytes(*shared));
            (Mark::Good, "staged", said, Some(*milliseconds))
        }
        EventKind::GateFinished { report, milliseconds } => {
            let evidence = gates::in_one_line(report);
            let gate = visible(&report.gate);
            let said = if evidence.is_empty() { gate } else { format!("{gate} · {evidence}") };
            (gates::mark(report), "gate", said, Some(*milliseconds))
        }
        EventKind::BackedUp { snapshot, reused, added_bytes, milliseconds } => {
            let said = if *reused {
                format!("{snapshot} · there already")
            } else {
                format!("{snapshot} · {} added", bytes(*added_bytes))
            };
            (Mark::Good, "backed up", said, Some(*milliseconds))
        }
        EventKind::ReleaseActivated { release, previous, milliseconds } => {
            let previous = previous.as_ref().map(|previous| format!(" · before it {previous}")).unwrap_or_default();
            (Mark::Good, "live", format!("{}{previous}", bold(release)), Some(*milliseconds))
        }
        EventKind::ReleaseVisible { release, milliseconds } => {
            (Mark::Good, "visible", bold(release), Some(*milliseconds))
        }
        EventKind::LiveChecked { check } => {
            let mark = if check.passed { Mark::Good } else { Mark::Bad };
            (mark, "checked", checked(check), None)
        }
        EventKind::RolledBack { release, reason, milliseconds } => {
            let now = match release {
                Some(release) => format!("to {}", bold(release)),
                None => "the site was withdrawn".to_owned(),
            };
            (Mark::Bad, "rolled back", format!("{now} · {}", visible(reason)), Some(*milliseconds))
        }
        EventKind::Recorded { path, log_size, root } => {
            let said = format!("{} · log line {}, root {}", visible(path), grouped(*log_size), &root.hex()[..12]);
            (Mark::Good, "recorded", said, None)
        }
        EventKind::Anchored { branch, pushed: true } => {
            (Mark::Good, "anchored", format!("{} · published", visible(branch)), None)
        }
        EventKind::Anchored { branch, pushed: false } => {
            (Mark::Care, "anchored", format!("{} · on this machine only", visible(branch)), None)
        }
        EventKind::ReleaseRetired { release } => (Mark::Quiet, "retired", release.to_string(), None),
        EventKind::Warned { message } => (Mark::Care, "warning", visible(message), None),
        EventKind::DeploymentFinished { deployment, status, url, milliseconds } => {
            let (mark, outcome) = words::status(*status);
            let place = match status {
                DeploymentStatus::Success => visible(url),
                _ => deployment.to_string(),
            };
            (mark, "done", format!("{} · {place}", bold(outcome)), Some(*milliseconds))
        }
        other => (Mark::Quiet, "noted", visible(&format!("{other:?}")), None),
    };
    Told { mark, label, said, milliseconds }
}

fn bold(text: impl ToString) -> String {
    paint(BOLD, &text.to_string())
}
