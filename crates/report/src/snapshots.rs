//! Backups, one a line.

use charter_deploy_model::{Snapshot, SnapshotContent};

use crate::figures::{bytes, grouped};
use crate::layout::{cut, table};
use crate::style::{DIM, paint};
use crate::visible;

/// Returns a table of snapshots, in the order given.
#[must_use]
pub fn snapshots(list: &[Snapshot]) -> String {
    if list.is_empty() {
        return format!("{}\n", paint(DIM, "no snapshots yet"));
    }
    let rows: Vec<Vec<String>> = list.iter().map(row).collect();
    table(&["SNAPSHOT", "FILES", "SIZE", "ADDED", "REASON", "HOLDS"], &rows)
}

fn row(snapshot: &Snapshot) -> Vec<String> {
    let sum = |figure: fn(&SnapshotContent) -> u64| snapshot.contents.iter().map(figure).fold(0, u64::saturating_add);
    let names: Vec<String> = snapshot.contents.iter().map(|content| visible(&content.name)).collect();
    vec![
        snapshot.id.to_string(),
        grouped(sum(|content| content.files)),
        bytes(sum(|content| content.bytes)),
        bytes(snapshot.added_bytes),
        cut(&visible(&snapshot.reason), 28),
        names.join(", "),
    ]
}
