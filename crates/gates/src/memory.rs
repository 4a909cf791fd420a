//! What gates saw before: an inspection is remembered by everything it depends on, so the same is not looked at twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use charter_deploy_model::{Digest, Inspection, KindMeta};
use charter_host::durable;
use sha2::{Digest as _, Sha256};

use crate::{DependsOn, Gate, Subject};

/// So many inspections of a gate are kept, the newest.
const KEPT: usize = 8;

/// A larger one is not worth keeping, in bytes.
const LARGEST: usize = 32 << 20;

/// A folder with what gates saw.
///
/// It only saves time: what is missing or damaged in it is looked at again, and the whole folder can be deleted.
#[derive(Debug, Clone)]
pub struct Memory {
    folder: PathBuf,
    program: String,
    sections: BTreeMap<String, Digest>,
}

impl Memory {
    /// Opens the memory in `folder`, which need not be there.
    ///
    /// `program` tells this build of the program from any other: another program may see something else. `sections`
    /// are the digests of the gates' sections of the configuration; a gate without one is not remembered.
    #[must_use]
    pub fn new(folder: PathBuf, program: String, sections: BTreeMap<String, Digest>) -> Self {
        Self { folder, program, sections }
    }

    /// Returns what the gate saw when all it depends on was as it is now.
    pub(crate) fn recall(&self, gate: &dyn Gate, subject: &Subject) -> Option<Inspection> {
        let bytes = fs::read(self.path(gate, subject)?).ok()?;
        let (sum, text) = bytes.split_at_checked(64)?;
        (sum == checksum(text).as_bytes()).then(|| serde_json::from_slice(text).ok())?
    }

    /// Remembers what the gate saw, unless something stayed undecided: that may be decided the next time.
    pub(crate) fn keep(&self, gate: &dyn Gate, subject: &Subject, inspection: &Inspection) {
        let decided = match inspection {
            Inspection::Looked { looked_at, .. } => looked_at.undecided.is_empty(),
            Inspection::NotApplicable { .. } => true,
        };
        let (true, Some(path)) = (decided, self.path(gate, subject)) else { return };
        let text = serde_json::to_vec(inspection).expect("an inspection has a JSON form");
        if text.len() > LARGEST || durable::make_folder(&self.folder).is_err() {
            return;
        }
        let bytes = [checksum(&text).as_bytes(), &text].concat();
        // Without it the gate looks again, which is no reason to stop.
        if durable::replace_derived(&path, &bytes).is_ok() {
            forget(&self.folder, gate.meta());
        }
    }

    fn path(&self, gate: &dyn Gate, subject: &Subject) -> Option<PathBuf> {
        let id = gate.meta().id;
        // A run that is about a few files only has not seen the rest.
        let section = self.sections.get(id).filter(|_| subject.only.is_none())?;
        let artifact = || Some(subject.artifact.as_ref()?.digest.hex());
        let commit = || Some(subject.source.as_ref()?.commit.to_string());
        let live = || subject.live.as_ref().map(|live| live.digest.hex()).unwrap_or_default();
        let (artifact, other) = match gate.depends_on() {
            DependsOn::Artifact => (artifact()?, String::new()),
            DependsOn::Commit => (String::new(), commit()?),
            DependsOn::ArtifactAndCommit => (artifact()?, commit()?),
            DependsOn::ArtifactAndLive => (artifact()?, live()),
            DependsOn::Moment => return None,
        };
        let target = subject.target.as_deref().unwrap_or_default();
        let section = section.hex();
        let mut hasher = Sha256::new();
        for part in [&self.program, id, &section, &subject.base_path, target, &artifact, &other] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let key = Digest::new(hasher.finalize().into()).hex();
        Some(self.folder.join(format!("{id}-{key}.json")))
    }
}

fn checksum(text: &[u8]) -> String {
    Digest::new(Sha256::digest(text).into()).hex()
}

/// Removes the oldest inspections of a gate.
fn forget(folder: &Path, meta: &KindMeta) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_ours = |name: &str| {
        name.strip_prefix(meta.id).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| rest.len() == 69)
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_ours))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    for (_, path) in files.iter().rev().skip(KEPT) {
        let _ = fs::remove_file(path);
    }
}
