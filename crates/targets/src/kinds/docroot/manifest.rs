//! What was staged, as it was staged: the file that makes a release whole.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use charter_artifact::{ArtifactFile, FileStat, listing};
use charter_deploy_model::Release;
use serde::{Deserialize, Serialize};

/// What a manifest says before its list of files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    /// Counts up with each release that is staged: clocks are set back, this is not.
    pub(super) number: u64,
    pub(super) release: Release,
}

/// A release and its files, with the stats of the staged copies.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) header: Header,
    pub(super) files: Vec<ArtifactFile>,
}

impl Manifest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let header = serde_json::to_string(&self.header).expect("a header is plain data");
        listing::encode(&header, &self.files)
    }
}

/// Loads a manifest; nothing, when it is damaged.
pub(super) fn load(path: &Path) -> io::Result<Option<Manifest>> {
    let bytes = fs::read(path)?;
    let Some((header, files)) = listing::decode(&bytes) else { return Ok(None) };
    Ok(serde_json::from_str(header).ok().map(|header| Manifest { header, files }))
}

/// Reads only what a manifest says before its list of files.
pub(super) fn header(path: &Path) -> Option<Header> {
    let mut beginning = Vec::new();
    File::open(path).ok()?.take(4 << 10).read_to_end(&mut beginning).ok()?;
    serde_json::from_str(listing::header(&beginning)?).ok()
}

/// Says whether the file at `path` still is the one that was listed, going by its stats.
///
/// The time of the last change of metadata is left out: it changes with each release that shares the file.
pub(super) fn is_untouched(path: &Path, listed: &ArtifactFile) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| {
        let stat = FileStat::of(&found);
        found.is_file()
            && (found.len(), stat.mtime_ns, stat.inode) == (listed.size, listed.stat.mtime_ns, listed.stat.inode)
    })
}

/// Says whether the file at `path` has the listed content, going by the content itself.
pub(super) fn has_content(path: &Path, listed: &ArtifactFile) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == listed.size)
        && charter_artifact::hash(path).is_ok_and(|content| content == (listed.size, listed.digest))
}
