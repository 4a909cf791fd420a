//! A target of your own: a folder per release, and a file that names the one users see.
//!
//! It stands for any place with a pointer: a bucket with a prefix per release, a proxy with a route. Copy it, replace
//! what touches files, and keep `tests/contract.rs`, which says whether yours does what every target promises.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use charter_artifact::{Artifact, ArtifactFile, FileStat, listing};
use charter_deploy_model::{KindMeta, Release, ReleaseId};
use charter_host::durable::{self, Tree};
use charter_host::lock::{self, Holder, LockError};
use charter_host::{Refusal, Scope, Setup};
use charter_targets::{Staged, Target, TargetError, TargetLock};
use schemars::JsonSchema;
use serde::Deserialize;

charter_deploy_model::kind! {
    /// Copies each release into a folder of its own and names the live one in a file.
    ///
    /// For servers that read `live` themselves and then serve the folder it names.
    pub static META: "own-target", needs Artifact, lane Exclusive {}
}

/// How it is configured: `target = { kind = "own-target", path = "site" }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OwnTargetConfig {
    /// The folder; relative to the project.
    pub path: PathBuf,
}

/// Builds the target from its section of the configuration.
///
/// # Errors
/// When the path is empty.
pub fn target(config: OwnTargetConfig, setup: &Setup<'_>) -> Result<Box<dyn Target>, Refusal> {
    if config.path.as_os_str().is_empty() {
        return Err(Refusal("`path` must name a folder".to_owned()));
    }
    Ok(Box::new(OwnTarget { path: setup.root.join(config.path) }))
}

/// A folder per release, and a file that names the one users see.
#[derive(Debug)]
pub struct OwnTarget {
    /// Where they are.
    pub path: PathBuf,
}

impl OwnTarget {
    fn pointer(&self) -> PathBuf {
        self.path.join("live")
    }

    fn folder(&self, id: &ReleaseId) -> PathBuf {
        self.path.join(id.to_string())
    }

    /// Names the file that is written last, so that only what is wholly there has one.
    fn list(&self, id: &ReleaseId) -> PathBuf {
        self.path.join(format!("{id}.list"))
    }

    fn live_now(&self) -> Result<Option<ReleaseId>, TargetError> {
        let Some(bytes) = read_if_there(&self.pointer())? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes);
        text.parse().map(Some).map_err(|error| failed("tell what is live", error))
    }

    fn staged(&self, id: &ReleaseId) -> Result<Option<(Release, Artifact)>, TargetError> {
        let Some(bytes) = read_if_there(&self.list(id))? else { return Ok(None) };
        let damaged = || TargetError::Damaged { id: id.clone(), path: format!("{id}.list") };
        let (header, files) = listing::decode(&bytes).ok_or_else(damaged)?;
        let release = serde_json::from_str(header).map_err(|_| damaged())?;
        Ok(Some((release, Artifact::from_files(self.folder(id), files))))
    }
}

fn failed(doing: &str, source: impl std::error::Error + Send + Sync + 'static) -> TargetError {
    TargetError::Other { doing: doing.to_owned(), source: Box::new(source) }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, TargetError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read what is on the target", error)),
    }
}

/// Copies one file and makes sure that the copy is what was read when the site was built.
fn copy(tree: &Tree, root: &Path, file: &ArtifactFile) -> Result<ArtifactFile, TargetError> {
    let changed = || TargetError::Changed { path: file.path.clone() };
    let relative = Path::new(&file.path);
    tree.copy(&root.join(relative), relative).map_err(|error| match error.source.kind() {
        io::ErrorKind::NotFound => changed(),
        _ => error.into(),
    })?;
    let copy = tree.folder().join(relative);
    let content = charter_artifact::hash(&copy).map_err(|error| failed("read the copy", error))?;
    if content != (file.size, file.digest) {
        return Err(changed());
    }
    let stat = FileStat::of(&fs::metadata(&copy).map_err(|error| failed("look at the copy", error))?);
    Ok(ArtifactFile { stat, ..file.clone() })
}

// A target for large sites would do its file work on `tokio::task::spawn_blocking`; this one is short instead.
#[async_trait]
impl Target for OwnTarget {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn live_folder(&self) -> Option<PathBuf> {
        // While nothing is live this is a folder that is never there.
        Some(self.live_now().ok().flatten().map_or_else(|| self.path.join("nothing"), |id| self.folder(&id)))
    }

    async fn lock(&self, holder: &Holder) -> Result<TargetLock, LockError> {
        let path = self.path.join(".lock");
        durable::make_folder(&self.path)
            .map_err(|error| LockError::Unusable { path: path.clone(), source: error.source })?;
        Ok(Box::new(lock::take(&path, holder)?))
    }

    async fn live(&self, _scope: &Scope) -> Result<Option<ReleaseId>, TargetError> {
        self.live_now()
    }

    async fn releases(&self, _scope: &Scope) -> Result<Vec<Release>, TargetError> {
        let names = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names.map_err(|error| failed("list the releases", error))?,
        };
        let mut ids = BTreeSet::new();
        for name in names {
            let name = name.map_err(|error| failed("list the releases", error))?.file_name();
            ids.extend(name.to_str().and_then(|name| name.strip_suffix(".list")?.parse::<ReleaseId>().ok()));
        }
        // Ids sort by the second they were made in, which is near enough to the order of staging here.
        ids.iter().filter_map(|id| self.staged(id).transpose()).map(|staged| Ok(staged?.0)).collect()
    }

    async fn read(&self, id: &ReleaseId, _scope: &Scope) -> Result<Option<Artifact>, TargetError> {
        Ok(self.staged(id)?.map(|(_, artifact)| artifact))
    }

    async fn stage(&self, release: &Release, artifact: &Artifact, scope: &Scope) -> Result<Staged, TargetError> {
        let mismatched = || TargetError::Mismatched { id: release.id.clone() };
        if release.digest != artifact.digest {
            return Err(mismatched());
        }
        if let Some((there, _)) = self.staged(&release.id)? {
            let staged = Staged { written: 0, shared: artifact.bytes() };
            return if there == *release { Ok(staged) } else { Err(mismatched()) };
        }
        durable::make_folder(&self.path)?;
        durable::sweep(&self.path)?;
        durable::remove_tree(&self.folder(&release.id))?;

        let tree = Tree::begin(&self.folder(&release.id))?;
        let folders: BTreeSet<&Path> =
            artifact.files.iter().flat_map(|file| Path::new(&file.path).ancestors().skip(1)).collect();
        for folder in folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()) {
            tree.make_folder(folder)?;
        }
        let mut copies = Vec::with_capacity(artifact.files.len());
        for file in artifact.files.iter() {
            if scope.cancel.is_cancelled() {
                return Err(TargetError::Cancelled);
            }
            copies.push(copy(&tree, &artifact.root, file)?);
        }
        let header = serde_json::to_string(release).map_err(|error| failed("describe the release", error))?;
        tree.write(Path::new(Release::MARKER), header.as_bytes())?;
        tree.publish()?;
        durable::publish(&self.list(&release.id), &listing::encode(&header, &copies))?;
        Ok(Staged { written: artifact.bytes(), shared: 0 })
    }

    async fn activate(
        &self,
        to: &ReleaseId,
        expected_live: Option<&ReleaseId>,
        _scope: &Scope,
    ) -> Result<(), TargetError> {
        let live = self.live_now()?;
        if live.as_ref() == Some(to) {
            return Ok(());
        }
        if live.as_ref() != expected_live {
            return Err(TargetError::Moved { expected: expected_live.cloned(), found: live });
        }
        if self.staged(to)?.is_none() {
            return Err(TargetError::NotStaged { id: to.clone() });
        }
        Ok(durable::replace(&self.pointer(), to.to_string().as_bytes())?)
    }

    async fn withdraw(&self, expected_live: &ReleaseId, _scope: &Scope) -> Result<(), TargetError> {
        match self.live_now()? {
            None => Ok(()),
            Some(live) if live == *expected_live => Ok(durable::remove_file(&self.pointer())?),
            found => Err(TargetError::Moved { expected: Some(expected_live.clone()), found }),
        }
    }

    async fn retire(&self, id: &ReleaseId, _scope: &Scope) -> Result<(), TargetError> {
        if self.live_now()?.as_ref() == Some(id) {
            return Err(TargetError::Live { id: id.clone() });
        }
        durable::remove_file(&self.list(id))?;
        Ok(durable::remove_tree(&self.folder(id))?)
    }
}
