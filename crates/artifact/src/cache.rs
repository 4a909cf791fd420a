//! What is known of files that were hashed before.
//!
//! File systems tell time in ticks of some milliseconds, so a file that is written twice within one tick looks the
//! same after both. git's answer is to distrust what is not older than its index. Ours is a little stricter: the file
//! system is asked for the time before anything is looked at, and only what was older than that is trusted later.

use std::fs;
use std::path::Path;

use charter_host::durable;

use crate::read::Found;
use crate::{ArtifactFile, FileStat, listing};

/// What an earlier read left.
#[derive(Debug, Default)]
pub(crate) struct Cache(Vec<ArtifactFile>);

impl Cache {
    /// Loads what is at `path`; nothing, when there is nothing or it is damaged.
    pub(crate) fn load(path: &Path) -> Self {
        let Ok(bytes) = fs::read(path) else { return Self::default() };
        let Some((began, mut files)) = listing::decode(&bytes) else { return Self::default() };
        let Ok(began) = began.parse::<i64>() else { return Self::default() };
        files.retain(|file| file.stat.mtime_ns < began && file.stat.ctime_ns < began);
        Self(files)
    }

    /// Takes the files that look as they did, and what is left of `found`; both are sorted by path.
    pub(crate) fn tell(self, found: Vec<Found>) -> (Vec<ArtifactFile>, Vec<Found>) {
        let mut known = self.0.into_iter().peekable();
        let (mut files, mut unknown) = (Vec::with_capacity(found.len()), Vec::new());
        for found in found {
            while known.next_if(|known| known.path < found.path).is_some() {}
            match known.next_if(|known| known.path == found.path) {
                Some(file) if file.size == found.size && file.stat == found.stat => files.push(file),
                _ => unknown.push(found),
            }
        }
        (files, unknown)
    }
}

/// Says whether it takes less to write the cache than to hash what is `unknown` once more the next time.
pub(crate) fn is_worth_saving(known: &[ArtifactFile], unknown: &[Found]) -> bool {
    // Opening a file takes as long as hashing about that many bytes, and an entry of the list has about so many.
    const OPENING: u64 = 16 << 10;
    const ENTRY: u64 = 200;
    let hashing: u64 = unknown.iter().map(|found| OPENING.saturating_add(found.size)).fold(0, u64::saturating_add);
    hashing > (known.len() + unknown.len()) as u64 * ENTRY
}

/// Asks the file system of `path` for the time, in nanoseconds since 1970, by writing a file beside it.
pub(crate) fn time_beside(path: &Path) -> Option<i64> {
    let folder = path.parent()?;
    durable::make_folder(folder).ok()?;
    let mut name = path.file_name()?.to_owned();
    name.push(".time");
    let probe = folder.join(name);
    durable::replace_derived(&probe, b"").ok()?;
    let stat = fs::metadata(&probe).map(|metadata| FileStat::of(&metadata));
    let _ = fs::remove_file(&probe);
    Some(stat.ok()?.mtime_ns)
}

/// Writes the cache; that it cannot be written only costs the next read time.
pub(crate) fn save(path: &Path, began: i64, files: &[ArtifactFile]) {
    let _ = durable::replace_derived(path, &listing::encode(&began.to_string(), files));
}
