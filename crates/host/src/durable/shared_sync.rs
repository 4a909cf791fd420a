//! One sync of a folder for all who wait for it.
//!
//! Eight writers that publish into one folder need its entry on the disk eight times, but one sync that begins after
//! all eight have written covers them all. Who comes while a sync is under way waits for it to end, and the first of
//! those who waited syncs for the rest.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Who asked for a folder's sync, and how far it has got.
#[derive(Debug, Default)]
struct Queue {
    /// How many have asked.
    asked: AtomicU64,
    /// What became of those that a sync covered; held while one is under way.
    covered: Mutex<Covered>,
}

#[derive(Debug, Default)]
struct Covered {
    /// Requests up to this number were covered by a sync that succeeded or failed.
    up_to: u64,
    /// Requests up to this number were covered by one that failed. The kernel tells of a failed write once only, so
    /// whoever it covered must not ask again and be told that all is well.
    failed_up_to: u64,
}

static QUEUES: LazyLock<Mutex<HashMap<PathBuf, Arc<Queue>>>> = LazyLock::new(Mutex::default);

/// Syncs what was changed in the folder before the call.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    let queue = {
        let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody holds a queue but the map: nobody waits there.
        queues.retain(|path, queue| path == folder || Arc::strong_count(queue) > 1);
        Arc::clone(queues.entry(folder.to_owned()).or_default())
    };
    let mine = queue.asked.fetch_add(1, Ordering::SeqCst) + 1;
    let mut covered = queue.covered.lock().unwrap_or_else(PoisonError::into_inner);
    if covered.up_to < mine {
        let all = queue.asked.load(Ordering::SeqCst);
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        covered.up_to = all;
        if synced.is_err() {
            covered.failed_up_to = all;
        }
        return synced;
    }
    if mine <= covered.failed_up_to {
        return Err(io::Error::other("the sync that was to cover this change failed"));
    }
    Ok(())
}
