//! What is kept how long, what went, and what is held.

use charter_deploy_model::{
    Decision, Hold, HoldLifted, Pin, PlannedRecord, PlannedSnapshot, PrunedRecord, Pruning, RecordSummary,
    RetentionAction, RetentionDone, RetentionPlan, SnapshotPlan, SnapshotWhy, StandingHold, Why,
};
use jiff::Timestamp;

use crate::figures::{bytes, count, grouped, time};
use crate::layout::{cut, field, hanging, table};
use crate::style::{BAD, BOLD, CARE, DIM, Mark, paint};
use crate::visible;

const LABELS: usize = "covers".len();

/// Returns what is to be done with records, and why; `kept` counts those that stay as they are.
#[must_use]
pub fn retention_plan(plan: &RetentionPlan, kept: u64) -> String {
    let title = paint(BOLD, &format!("retention as of {}", time(plan.at)));
    let of = |action| plan.records.iter().filter(move |record| record.decision.action == action).count() as u64;
    let (going, archived) = (of(RetentionAction::Prune), of(RetentionAction::Archive));
    let saved = plan.records.iter().filter_map(|record| record.saved_bytes).fold(0, u64::saturating_add);
    let mut text = format!("{title}\n\n");
    if !plan.records.is_empty() {
        let rows: Vec<Vec<String>> = plan.records.iter().map(planned).collect();
        text += &table(&["WHAT", "RECORD", "SAVES", "UNTIL", "WHY"], &rows);
        text.push('\n');
    }
    let stay = format!("{} as {}", count_that(kept, "stay", "stays"), if kept == 1 { "it is" } else { "they are" });
    if going + archived == 0 {
        return text + &format!("{} nothing is to be done: {stay}\n", Mark::Good.painted());
    }
    let sum = format!(
        "{} to be removed and {} to be compressed, which saves {}; {stay}",
        count(going, "records"),
        grouped(archived),
        bytes(saved)
    );
    text + &hanging("", &sum) + &format!("{}\n", paint(DIM, "`cargo xtask retention apply` does it"))
}

fn count_that(number: u64, many: &str, one: &str) -> String {
    format!("{} {}", count(number, "records"), if number == 1 { one } else { many })
}

fn planned(record: &PlannedRecord) -> Vec<String> {
    let Decision { path, action, why, until } = &record.decision;
    vec![
        match action {
            RetentionAction::Keep => paint(DIM, "keep"),
            RetentionAction::Archive => paint(CARE, "compress"),
            RetentionAction::Prune => paint(BAD, "remove"),
        },
        name(&record.summary, path),
        record.saved_bytes.map(bytes).unwrap_or_default(),
        until.map(day).unwrap_or_default(),
        because(why),
    ]
}

fn name(summary: &RecordSummary, path: &str) -> String {
    visible(summary.id.as_deref().unwrap_or(path))
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn because(why: &Why) -> String {
    match why {
        Why::Pinned { pin: Pin::Live } => "its release is live".to_owned(),
        Why::Pinned { pin: Pin::Staged } => "its release can be gone back to".to_owned(),
        Why::Pinned { pin: Pin::Unknown } => "nobody could tell what is live in its environment".to_owned(),
        Why::Held { hold } => format!("held by {hold}"),
        Why::Newest => "the newest of its sort".to_owned(),
        Why::AtHand => "one of the last versions".to_owned(),
        Why::Ledger => "no policy removes it".to_owned(),
        Why::Term { rule, period } => format!("{} says {period}", visible(rule)),
        Why::ReferredTo { by } => format!("{} refers to it", visible(by)),
        Why::Expired { rule, period } => format!("past {} of {}", period, visible(rule)),
    }
}

/// Returns what was done with records.
#[must_use]
pub fn retention_done(done: &RetentionDone) -> String {
    if done.pruned + done.archived == 0 {
        return format!("{} nothing was to be done\n", Mark::Good.painted());
    }
    let sum = format!(
        "{} removed and {} compressed, which saves {}",
        count(done.pruned, "records"),
        grouped(done.archived),
        bytes(done.saved_bytes)
    );
    let mut text = hanging(&format!("{} ", Mark::Good.painted()), &sum);
    if let [first, .., last] = done.prunings.as_slice() {
        text += &hanging("  ", &format!("on record as {} to {}", visible(first), visible(last)));
    } else if let [only] = done.prunings.as_slice() {
        text += &hanging("  ", &format!("on record as {}", visible(only)));
    }
    text
}

/// Returns that a hold was placed, and how it ends.
#[must_use]
pub fn hold_placed(hold: &Hold) -> String {
    let end = match hold.until {
        Some(until) => format!("it ends at {}", time(until)),
        None => format!("`cargo xtask retention lift {} --reason …` ends it", hold.hold_id),
    };
    let mut text = format!("{} {}\n", Mark::Good.painted(), paint(BOLD, &format!("{} is in force", hold.hold_id)));
    text += &field("covers", LABELS, &visible(&hold.covers.join(", ")));
    text += &field("why", LABELS, &visible(&hold.reason));
    text + &field("until", LABELS, &end)
}

/// Returns that a hold was lifted.
#[must_use]
pub fn hold_lifted(lifted: &HoldLifted) -> String {
    format!("{} {} is lifted\n", Mark::Good.painted(), lifted.hold_id)
}

/// Returns a table of holds, in the order given.
#[must_use]
pub fn holds(holds: &[StandingHold]) -> String {
    if holds.is_empty() {
        return format!("{}\n", paint(DIM, "no holds yet"));
    }
    let rows: Vec<Vec<String>> = holds.iter().map(standing_hold).collect();
    table(&["  HOLD", "STANDING", "BY", "COVERS", "WHY"], &rows)
}

fn standing_hold(standing: &StandingHold) -> Vec<String> {
    let StandingHold { hold, lifted, in_force } = standing;
    let (mark, how) = match (lifted, in_force, hold.until) {
        (Some(lifted), ..) => (Mark::Quiet, format!("lifted {}", day(lifted.lifted_at))),
        (None, true, None) => (Mark::Care, "in force".to_owned()),
        (None, true, Some(until)) => (Mark::Care, format!("until {}", day(until))),
        (None, false, _) => (Mark::Quiet, "over".to_owned()),
    };
    let first = hold.covers.first().map(|path| stem(path)).unwrap_or_default();
    let covers = match hold.covers.len() {
        0 | 1 => visible(first),
        more => format!("{} and {} more", visible(first), more - 1),
    };
    vec![
        format!("{} {}", mark.painted(), hold.hold_id),
        how,
        cut(&visible(&hold.placed_by), 12),
        cut(&covers, 26),
        visible(&hold.reason),
    ]
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".json").unwrap_or(name)
}

/// Returns a table of the records that were removed, in the order in which they were, with what they said in short.
#[must_use]
pub fn pruned(prunings: &[Pruning]) -> String {
    if prunings.is_empty() {
        return format!("{}\n", paint(DIM, "nothing was removed yet"));
    }
    let row = |pruning: &Pruning, record: &PrunedRecord| {
        let summary = &record.summary;
        let commit = summary.commit.as_ref().map(|commit| commit.short().to_owned()).unwrap_or_default();
        let place = summary.environment.map(|environment| environment.to_string()).unwrap_or_default();
        let how: Vec<String> =
            [&summary.sort, &summary.status].into_iter().flatten().map(|word| visible(word)).collect();
        vec![name(summary, &record.path), place, commit, day(pruning.pruned_at), how.join(", ")]
    };
    let rows: Vec<Vec<String>> =
        prunings.iter().flat_map(|pruning| pruning.records.iter().map(move |record| row(pruning, record))).collect();
    table(&["RECORD", "WHERE", "COMMIT", "REMOVED", "WHAT IT WAS"], &rows)
}

/// Returns what is to be done with snapshots, and why.
#[must_use]
pub fn snapshot_plan(plan: &SnapshotPlan) -> String {
    if plan.snapshots.is_empty() {
        return format!("{}\n", paint(DIM, "no snapshots yet"));
    }
    let rows: Vec<Vec<String>> = plan.snapshots.iter().map(planned_snapshot).collect();
    let going = plan.snapshots.iter().filter(|snapshot| snapshot.decision.prune).count() as u64;
    let sum = format!("{} to be removed, which frees {}", count(going, "snapshots"), bytes(plan.freed_bytes));
    let mut text = table(&["WHAT", "SNAPSHOT", "TAKEN FOR", "UNTIL", "WHY"], &rows) + &format!("\n{sum}\n");
    if going > 0 {
        text += &format!("{}\n", paint(DIM, "`cargo xtask backup prune` does it"));
    }
    text
}

fn planned_snapshot(planned: &PlannedSnapshot) -> Vec<String> {
    let decision = &planned.decision;
    vec![
        if decision.prune { paint(BAD, "remove") } else { paint(DIM, "keep") },
        decision.snapshot.to_string(),
        cut(&visible(&planned.taken_for), 28),
        decision.until.map(day).unwrap_or_default(),
        match &decision.why {
            SnapshotWhy::NewestSound => "the newest that reads back whole".to_owned(),
            SnapshotWhy::Needed { by } => format!("{by} began from it"),
            SnapshotWhy::Recent => "one of the last".to_owned(),
            SnapshotWhy::Term { period } => format!("backups.retention says {period}"),
            SnapshotWhy::Expired { period } => format!("older than {period} of backups.retention"),
        },
    ]
}

/// Returns what removing snapshots came to.
#[must_use]
pub fn snapshots_pruned(snapshots: u64, packs: u64, freed_bytes: u64) -> String {
    let (snapshots, packs) = (count(snapshots, "snapshots"), count(packs, "packs"));
    format!("{} {snapshots} and {packs} removed, which frees {}\n", Mark::Good.painted(), bytes(freed_bytes))
}
