//! What is made from the records and the log, and can be made again: `index.json` in each folder, the tree's tiles,
//! the checkpoint, the copies of the last configuration.
//!
//! The checkpoint is written last, so all that is derived covers at least the lines that it counts. Nothing here is
//! ever read to decide anything but what need not be written again.

use std::collections::{BTreeSet, HashMap};

use charter_deploy_model::Digest;
use charter_host::Scope;
use serde::{Deserialize, Serialize};
use tlog_tiles::checkpoint::Checkpoint as TlogCheckpoint;
use tlog_tiles::tile::Tile;
use tlog_tiles::tlog::Hash;

use crate::configuration::HISTORY;
use crate::log::{Line, Log};
use crate::path::folder_of;
use crate::{BackendError, Checkpoint, Key, Store, StoreError};

/// Where the checkpoint is: the text of a C2SP checkpoint, unsigned.
pub(crate) const CHECKPOINT: &str = "log/checkpoint";

/// The first line of the checkpoint.
const ORIGIN: &str = "charter/records";

/// Where the tiles are, as C2SP tlog-tiles has them.
const TILES: &str = "log/tile";

/// A tile is 2^8 hashes wide, as C2SP tlog-tiles demands.
const HEIGHT: u8 = 8;

/// One record in an `index.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Indexed {
    path: String,
    sha256: String,
    bytes: u64,
    /// Absent when the record could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
}

impl Store {
    /// Writes what is derived from the records and the log and is not up to date.
    ///
    /// It may fail, or never be called, without harm.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let done = match self.backend.get(&Key::fixed(CHECKPOINT)).await {
            Ok(bytes) => parse_checkpoint(&bytes),
            Err(BackendError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let (checkpoint, folders, tiles, outdated) = {
            let log = self.refreshed().await?;
            let done = done.filter(|done| log.root_at(done.size) == Some(done.root)).map_or(0, |done| done.size);
            (log.checkpoint(), changed_folders(&log, done), new_tiles(&log, done), partial_tiles(done, log.size))
        };
        for folder in &folders {
            self.write_index(folder).await?;
        }
        if folders.contains(HISTORY) {
            self.put_all_current().await?;
        }
        for (path, bytes) in tiles {
            self.put_derived(&path, &bytes).await?;
        }
        for path in outdated {
            self.backend.remove(&Key::fixed(&path)).await?;
        }
        if checkpoint.size > 0 {
            self.put_derived(CHECKPOINT, &checkpoint_text(&checkpoint)).await?;
        }
        Ok(())
    }

    /// Removes everything derived and makes it again.
    ///
    /// # Errors
    /// When something cannot be read or written; what is missing then is made by the next [`Store::flush`].
    pub async fn rebuild(&self) -> Result<(), StoreError> {
        let folders = Self::folders(&*self.refreshed().await?);
        // First, so that nothing is believed to be there while it is not.
        self.backend.remove(&Key::fixed(CHECKPOINT)).await?;
        for key in self.backend.list(&Key::fixed(TILES)).await? {
            self.backend.remove(&key).await?;
        }
        for folder in folders {
            for key in self.backend.list(&folder).await? {
                if key.as_str().ends_with("/index.json") {
                    self.backend.remove(&key).await?;
                }
            }
        }
        self.flush().await
    }

    /// Writes the index of the records directly in a folder, in the order of the log.
    async fn write_index(&self, folder: &str) -> Result<(), StoreError> {
        let path = format!("{folder}/index.json");
        let known: Vec<Indexed> = match self.backend.get(&Key::fixed(&path)).await {
            // One that cannot be read is only an index: it is made again from the records.
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(BackendError::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut schemas: HashMap<(String, String), Option<String>> =
            known.into_iter().map(|it| ((it.path, it.sha256), it.schema)).collect();
        let mut lines = self.lines_under(folder).await?;
        lines.retain(|line| folder_of(&line.path) == folder);

        let is_known = |line: &Line| schemas.contains_key(&(line.path.to_string(), line.digest.hex()));
        let unknown: Vec<Line> = lines.iter().filter(|line| !is_known(line)).cloned().collect();
        let read = self.read_many(unknown.clone(), schema_of, "records indexed", &Scope::default()).await?;
        for (line, schema) in unknown.iter().zip(read) {
            schemas.insert((line.path.to_string(), line.digest.hex()), schema);
        }

        let mut text = String::from("[");
        for (number, line) in lines.iter().enumerate() {
            let (path, sha256) = (line.path.to_string(), line.digest.hex());
            let schema = schemas.remove(&(path.clone(), sha256.clone())).flatten();
            let indexed = Indexed { path, sha256, bytes: line.length, schema };
            let item = serde_json::to_string(&indexed)
                .map_err(|source| StoreError::Unwritable { schema: "index".to_owned(), source: source.into() })?;
            text.push_str(if number == 0 { "\n" } else { ",\n" });
            text.push_str(&item);
        }
        text.push_str("\n]\n");
        self.put_derived(&path, text.as_bytes()).await
    }
}

/// Reads a checkpoint; nothing when it is no checkpoint of this kind of log.
pub(crate) fn parse_checkpoint(bytes: &[u8]) -> Option<Checkpoint> {
    let parsed = TlogCheckpoint::from_bytes(bytes).ok()?;
    let checkpoint = Checkpoint { size: parsed.size(), root: Digest::new(parsed.hash().0) };
    (checkpoint_text(&checkpoint) == bytes).then_some(checkpoint)
}

pub(crate) fn checkpoint_text(checkpoint: &Checkpoint) -> Vec<u8> {
    format!("{ORIGIN}\n{}\n{}\n", checkpoint.size, Hash(*checkpoint.root.as_bytes())).into_bytes()
}

fn schema_of(_: &Line, bytes: Result<Vec<u8>, BackendError>) -> Option<String> {
    #[derive(Deserialize)]
    struct Kept {
        schema: String,
    }

    serde_json::from_slice(&bytes.ok()?).ok().map(|Kept { schema }| schema)
}

/// Returns the folders of the records that are logged behind the first `done` lines.
fn changed_folders(log: &Log, done: u64) -> BTreeSet<String> {
    // A line that says nothing counts in `done` and is not in `lines`: a few folders too many are no harm.
    let done = usize::try_from(done.saturating_sub(log.bad.len() as u64)).unwrap_or(usize::MAX);
    log.lines().iter().skip(done).map(|line| folder_of(&line.path).to_owned()).collect()
}

/// Returns the tiles that are not there yet when the first `done` lines' are, with their bytes.
fn new_tiles(log: &Log, done: u64) -> Vec<(String, Vec<u8>)> {
    Tile::new_tiles(HEIGHT, done, log.size)
        .into_iter()
        .map(|tile| (tile_path(&tile), tile.read_data(log.hashes()).expect("the hashes of all lines are kept")))
        .collect()
}

/// Returns the partial tiles of a tree of `done` lines that one of `size` lines does not have.
fn partial_tiles(done: u64, size: u64) -> Vec<String> {
    let partial = |size: u64| -> BTreeSet<String> {
        (0_u8..8)
            .filter_map(|level| {
                let hashes = size >> (HEIGHT * level);
                let width = u32::try_from(hashes & 255).ok().filter(|width| *width > 0)?;
                Some(tile_path(&Tile::new(HEIGHT, level, hashes >> HEIGHT, width, false)))
            })
            .collect()
    };
    partial(done).difference(&partial(size)).cloned().collect()
}

/// Returns a tile's path: `tlog` names them as Go does, with the height, which C2SP tlog-tiles leaves out.
fn tile_path(tile: &Tile) -> String {
    tile.path().replacen(&format!("tile/{HEIGHT}/"), &format!("{TILES}/"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_called_as_c2sp_has_them() {
        let path = |level, n, width| tile_path(&Tile::new(HEIGHT, level, n, width, false));
        assert_eq!(path(0, 67, 256), "log/tile/0/067");
        assert_eq!(path(1, 1_234_067, 8), "log/tile/1/x001/x234/067.p/8");
        assert_eq!(partial_tiles(257, 300), ["log/tile/0/001.p/1"]);
        assert_eq!(partial_tiles(256, 512), ["log/tile/1/000.p/1"]);
        assert!(partial_tiles(0, 5).is_empty());
    }

    #[test]
    fn a_checkpoint_is_read_as_it_was_written_and_not_otherwise() {
        let checkpoint = Checkpoint { size: 12, root: Digest::new([7; 32]) };
        let text = checkpoint_text(&checkpoint);
        assert_eq!(parse_checkpoint(&text), Some(checkpoint));
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 3);
        for index in 0..text.len() {
            let mut changed = text.clone();
            changed[index] ^= 1;
            assert_ne!(parse_checkpoint(&changed), Some(checkpoint), "byte {index}");
        }
    }
}
