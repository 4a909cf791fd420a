//! Every blob there is, and where.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::Digest;
use rayon::prelude::*;

use crate::BackupError;
use crate::blob::Extent;
use crate::pack;

/// The indexes of all packs, as one.
pub(crate) struct Index {
    packs: Vec<Pack>,
    places: HashMap<Digest, Place>,
}

/// One pack, as it is on the disk.
pub(crate) struct Pack {
    pub(crate) path: PathBuf,
    length: u64,
    /// What the pack was found to hold when its index was lost.
    scanned: Option<Vec<(Digest, Extent)>>,
}

#[derive(Clone, Copy)]
struct Place {
    pack: usize,
    extent: Extent,
}

/// What one pack and its index hold.
struct Loaded {
    pack: Pack,
    entries: Vec<(Digest, Extent)>,
}

impl Index {
    /// Reads all indexes. One that is lost or damaged is made again from its pack, in memory.
    pub(crate) fn load(folder: &Path) -> Result<Self, BackupError> {
        let loaded: Vec<Loaded> = pack_paths(&folder.join("packs"))?.into_par_iter().map(load_pack).collect();
        let mut index = Self { packs: Vec::new(), places: HashMap::new() };
        index.places.reserve(loaded.iter().map(|loaded| loaded.entries.len()).sum());
        for (number, Loaded { pack, entries }) in loaded.into_iter().enumerate() {
            index.packs.push(pack);
            for (digest, extent) in entries {
                let place = Place { pack: number, extent };
                if index.places.get(&digest).is_none_or(|known| !index.fits(known)) {
                    index.places.insert(digest, place);
                }
            }
        }
        Ok(index)
    }

    /// Writes the indexes that were lost. The caller holds the lock.
    pub(crate) fn publish_lost(&self) -> Result<(), BackupError> {
        for pack in &self.packs {
            if let Some(entries) = &pack.scanned {
                pack::publish_index(&pack.path, entries)?;
            }
        }
        Ok(())
    }

    /// Returns the packs that hold none of these blobs where they would be looked for.
    pub(crate) fn packs_without(&self, digests: &HashSet<Digest>) -> Vec<&Pack> {
        let used: HashSet<usize> =
            digests.iter().filter_map(|digest| self.places.get(digest)).map(|place| place.pack).collect();
        self.packs.iter().enumerate().filter(|(number, _)| !used.contains(number)).map(|(_, pack)| pack).collect()
    }

    /// Finds a blob, whether or not its pack is long enough to hold it.
    pub(crate) fn find(&self, digest: &Digest) -> Option<(&Pack, Extent)> {
        self.places.get(digest).map(|place| (&self.packs[place.pack], place.extent))
    }

    /// Says whether a blob is where its index says, as far as lengths tell.
    pub(crate) fn holds(&self, digest: &Digest) -> bool {
        self.places.get(digest).is_some_and(|place| self.fits(place))
    }

    fn fits(&self, place: &Place) -> bool {
        self.packs[place.pack].reaches(place.extent)
    }
}

impl Pack {
    /// Says whether the pack's index was lost.
    pub(crate) fn is_unindexed(&self) -> bool {
        self.scanned.is_some()
    }

    /// Says whether the pack is long enough to hold that blob.
    pub(crate) fn reaches(&self, extent: Extent) -> bool {
        extent.end().is_some_and(|end| end <= self.length)
    }
}

/// Returns the path of every pack that is there, or whose index is.
fn pack_paths(packs: &Path) -> Result<BTreeSet<PathBuf>, BackupError> {
    let mut paths = BTreeSet::new();
    for entry in fs::read_dir(packs).map_err(BackupError::read(packs))? {
        let path = entry.map_err(BackupError::read(packs))?.path();
        if path.extension().is_some_and(|extension| extension == "pack" || extension == "index") {
            paths.insert(path.with_extension("pack"));
        }
    }
    Ok(paths)
}

fn load_pack(path: PathBuf) -> Loaded {
    let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
    match pack::read_index(&path) {
        Some(entries) => Loaded { pack: Pack { path, length, scanned: None }, entries },
        None => {
            let entries = pack::scan(&path);
            Loaded { pack: Pack { path, length, scanned: Some(entries.clone()) }, entries }
        }
    }
}
