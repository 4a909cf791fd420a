//! The lines of the outbox's journal.

use charter_deploy_model::Notice;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line: something was to be told, was told, or never will be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "entry")]
pub(super) enum Entry {
    /// Intent: a notice goes by these routes.
    Queued {
        /// When it came in.
        at: Timestamp,
        /// What people are told.
        notice: Notice,
        /// The names of the routes.
        routes: Vec<String>,
    },
    /// Receipt: a route's receiver took these, several if they were put into one.
    Delivered {
        /// When.
        at: Timestamp,
        /// Their keys.
        keys: Vec<String>,
        /// The route.
        route: String,
    },
    /// Receipt: a route will never deliver this.
    GaveUp(super::Lost),
    /// After a compaction: a key that these routes are through with.
    Known {
        /// When it came in.
        at: Timestamp,
        /// The key.
        key: String,
        /// The routes.
        routes: Vec<String>,
    },
}

impl Entry {
    /// Returns the line, with its end.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("an entry is plain data");
        line.push(b'\n');
        line
    }
}

/// What a journal's bytes hold.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Its entries, in order.
    pub(super) entries: Vec<Entry>,
    /// How many whole lines are no entries.
    pub(super) damaged: u64,
    /// Where the last whole line ends; what follows was being written when the machine stopped.
    pub(super) whole: u64,
}

/// Reads a journal.
pub(super) fn read(bytes: &[u8]) -> Read {
    let mut read = Read::default();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        read.whole += line.len() as u64 + 1;
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(entry) => read.entries.push(entry),
            Err(_) => read.damaged += 1,
        }
    }
    read
}
