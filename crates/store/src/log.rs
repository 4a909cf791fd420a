//! The log: one line a record, and the Merkle tree over the lines.
//!
//! A line is `path sha256 length`, the digest in 64 hexadecimal digits, the length in bytes. Each line without its
//! newline is a leaf of an RFC 6962 tree.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use charter_deploy_model::Digest;
use serde::{Deserialize, Serialize};
use tlog_tiles::tlog::{self, Hash, HashReader};

use crate::Key;
use crate::path::{ARCHIVED, check_record_path};

/// Where the log is.
pub(crate) const LOG: &str = "log/entries";

/// How far the log had come, and the root of the tree over its lines up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// How many lines.
    pub size: u64,
    /// The root over them (RFC 6962, section 2.1).
    pub root: Digest,
}

/// A checkpoint that is kept outside the store, where who rewrites the store does not reach: in a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// How many lines the log had.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The branch whose commit says so.
    pub branch: String,
    /// Whether a remote holds that commit too; one that only this machine has proves little.
    pub published: bool,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) path: Arc<str>,
    pub(crate) digest: Digest,
    pub(crate) length: u64,
}

impl Line {
    /// Reads a line without its newline; nothing but what [`Line::fmt`] writes is accepted.
    fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let mut parts = line.split(' ');
        let (path, hex, length) = (parts.next()?, parts.next()?, parts.next()?);
        check_record_path(path).ok()?;
        let parsed = Self { path: path.into(), digest: Digest::from_hex(hex).ok()?, length: length.parse().ok()? };
        (parsed.to_string() == line).then_some(parsed)
    }

    /// Returns where the record is.
    pub(crate) fn key(&self) -> Key {
        Key::fixed(&self.path)
    }

    /// Returns where the record is once it is compressed; nothing when its name is too long for that.
    pub(crate) fn archive_key(&self) -> Option<Key> {
        format!("{}{ARCHIVED}", self.path).parse().ok()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.path, self.digest.hex(), self.length)
    }
}

/// A line that says nothing.
#[derive(Debug, Clone)]
pub(crate) struct BadLine {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) reason: String,
}

/// What is known of the log: its whole lines so far, and every hash of the tree over them.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The length of the whole lines, in bytes.
    pub(crate) length: u64,
    pub(crate) size: u64,
    pub(crate) bad: Vec<BadLine>,
    lines: Vec<Line>,
    by_path: HashMap<Arc<str>, usize>,
    hashes: Hashes,
}

impl Log {
    /// Takes in the whole lines at the beginning of `bytes`, and returns what is behind the last newline.
    pub(crate) fn absorb<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let (whole, rest) = bytes.split_at(whole);
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            self.push(&line[..line.len() - 1]);
        }
        self.length += whole.len() as u64;
        rest
    }

    fn push(&mut self, text: &[u8]) {
        let hashes = tlog::stored_hashes(self.size, text, &self.hashes);
        self.hashes.0.extend(hashes.expect("the hashes of all earlier lines are kept"));
        self.size += 1;
        let number = self.size;
        match Line::parse(text) {
            Some(line) if self.by_path.contains_key(&line.path) => {
                self.bad.push(BadLine { number, reason: format!("a second line for `{}`", line.path) });
            }
            Some(line) => {
                self.by_path.insert(line.path.clone(), self.lines.len());
                self.lines.push(line);
            }
            None => self.bad.push(BadLine { number, reason: "not `path sha256 length`".to_owned() }),
        }
    }

    /// Returns the lines that say something, in order.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the line of a record.
    pub(crate) fn find(&self, path: &str) -> Option<&Line> {
        self.by_path.get(path).map(|index| &self.lines[*index])
    }

    /// Returns the lines of the records under a folder, in order.
    pub(crate) fn under(&self, folder: &Key) -> Vec<Line> {
        let prefix = format!("{folder}/");
        self.lines.iter().filter(|line| line.path.starts_with(&prefix)).cloned().collect()
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { size: self.size, root: self.root_at(self.size).expect("the tree has its own size") }
    }

    /// Returns the root over the first `size` lines; nothing when there are fewer.
    pub(crate) fn root_at(&self, size: u64) -> Option<Digest> {
        (size <= self.size).then(|| {
            let root = tlog::tree_hash(size, &self.hashes).expect("the hashes of all lines are kept");
            Digest::new(root.0)
        })
    }

    /// Returns what the tree's tiles are made from.
    pub(crate) fn hashes(&self) -> &Hashes {
        &self.hashes
    }
}

/// The tree's hashes in the order in which they become known, as `tlog` numbers them: two a line.
#[derive(Debug, Default)]
pub(crate) struct Hashes(Vec<Hash>);

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
        let hash = |index: &u64| usize::try_from(*index).ok().and_then(|index| self.0.get(index)).copied();
        indexes.iter().map(|index| hash(index).ok_or(tlog::Error::IndexesNotInTree)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// RFC 6962, section 2.1, word by word.
    fn reference(leaves: &[Vec<u8>]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest(b"").into(),
            [leaf] => Sha256::new_with_prefix([0]).chain_update(leaf).finalize().into(),
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                let both = Sha256::new_with_prefix([1]).chain_update(reference(left)).chain_update(reference(right));
                both.finalize().into()
            }
        }
    }

    #[test]
    fn only_what_is_written_is_read() {
        let hex = "0".repeat(64);
        let good = format!("notes/a.json {hex} 12");
        assert_eq!(Line::parse(good.as_bytes()).unwrap().to_string(), good);
        for bad in [
            String::new(),
            format!("notes/a.json {hex} +12"),
            format!("notes/a.json {hex} 012"),
            format!("notes/a.json {hex} 12 "),
            format!("notes/../a.json {hex} 12"),
            format!("log/a.json {hex} 12"),
            format!("notes/a.json  {hex} 12"),
            format!("notes/a.json {} 12", "A".repeat(64)),
        ] {
            assert!(Line::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_the_rfc_however_the_lines_arrive(
            leaves in prop::collection::vec(prop::collection::vec(0_u8..=9, 0..4), 0..70),
            cut in 0_usize..200,
        ) {
            let text: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.iter().copied().chain([b'\n'])).collect();
            // 10 is the newline, so no leaf has one.
            let cut = cut.min(text.len());
            let mut log = Log::default();
            let rest = log.absorb(&text[..cut]).len();
            let end = log.absorb(&text[cut - rest..]).len();
            prop_assert_eq!(end, 0);
            prop_assert_eq!(log.length, text.len() as u64);
            for size in 0..=leaves.len() {
                prop_assert_eq!(log.root_at(size as u64).unwrap(), Digest::new(reference(&leaves[..size])));
            }
            prop_assert_eq!(log.root_at(leaves.len() as u64 + 1), None);
        }
    }
}
