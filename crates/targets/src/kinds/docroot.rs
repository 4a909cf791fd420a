//! A folder that any web server can serve: releases side by side, a symbolic link to the one that users see.
//!
//! ```text
//! <path>/current -> releases/<id>       what the web server is pointed at
//! <path>/releases/<id>/…                the files, `deploy.json`, and kept assets of earlier releases
//! <path>/releases/<id>.manifest         what was staged; it is written last, so it makes the release whole
//! <path>/releases/<id>.overlay          which files of the folder are kept assets
//! <path>/.charter-lock
//! ```

mod activate;
mod manifest;
mod overlay;
mod stage;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_deploy_model::{KindMeta, Release, ReleaseId};
use charter_host::durable;
use charter_host::lock::{self, Holder, LockError};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Staged, Target, TargetError, TargetLock};
use manifest::Manifest;

charter_deploy_model::kind! {
    /// Shows releases from a folder on this machine that any web server can serve.
    ///
    /// Point the web server at `<path>/current`. That link moves in one step from one release to the next, so nobody
    /// is ever served half a release, and going back is the same step. Files that did not change are shared with
    /// earlier releases by hard links and are read-only; a file that somebody altered all the same is put right
    /// before its release is shown.
    ///
    /// Pages that people have open still ask for the assets of the release they came from. Assets whose names carry a
    /// content hash, such as `app-BkZ3x91c.js`, therefore stay reachable for the next `keep-assets` releases.
    ///
    /// ```toml
    /// [environments.production]
    /// target = { kind = "docroot", path = "/srv/www/docs", keep-assets = 3 }
    /// ```
    pub static META: "docroot", needs Artifact, lane Exclusive {}
}

/// How a docroot is configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DocrootConfig {
    /// The folder; relative to the project.
    pub path: PathBuf,
    /// For how many releases assets with a content hash in their name stay reachable after their own.
    #[serde(default = "three")]
    pub keep_assets: u32,
}

const fn three() -> u32 {
    3
}

/// Builds the target from its section of the configuration.
///
/// # Errors
/// When the path names no folder of its own.
pub fn target(config: DocrootConfig, setup: &Setup<'_>) -> Result<Box<dyn Target>, Refusal> {
    if config.path.file_name().is_none() {
        return Err(Refusal(format!("`path` must name a folder for the releases, not `{}`", config.path.display())));
    }
    Ok(Box::new(Docroot::new(setup.root.join(config.path), config.keep_assets)))
}

/// Releases side by side in a folder.
#[derive(Debug, Clone)]
pub struct Docroot {
    path: PathBuf,
    keep_assets: u32,
}

impl Docroot {
    /// Makes the target of the folder `path`, which need not be there yet.
    #[must_use]
    pub const fn new(path: PathBuf, keep_assets: u32) -> Self {
        Self { path, keep_assets }
    }

    fn current(&self) -> PathBuf {
        self.path.join("current")
    }

    fn releases_folder(&self) -> PathBuf {
        self.path.join("releases")
    }

    fn folder(&self, id: &ReleaseId) -> PathBuf {
        self.releases_folder().join(id.to_string())
    }

    fn manifest_path(&self, id: &ReleaseId) -> PathBuf {
        self.releases_folder().join(format!("{id}.manifest"))
    }

    fn overlay_path(&self, id: &ReleaseId) -> PathBuf {
        self.releases_folder().join(format!("{id}.overlay"))
    }

    fn live_release(&self) -> Result<Option<ReleaseId>, TargetError> {
        let current = self.current();
        let asking = || format!("tell which release `{}` shows", current.display());
        match fs::read_link(&current) {
            Ok(target) => {
                let name = target.strip_prefix("releases").ok().and_then(Path::to_str).unwrap_or_default();
                name.parse().map(Some).map_err(|source| failed(asking(), source))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(asking(), error)),
        }
    }

    /// Returns what is wholly staged, in the order in which it was.
    fn whole(&self) -> Result<Vec<manifest::Header>, TargetError> {
        let mut whole: Vec<manifest::Header> = self
            .names()?
            .iter()
            .filter_map(|name| self.header(&name.strip_suffix(".manifest")?.parse().ok()?))
            .collect();
        whole.sort_by_key(|header| header.number);
        Ok(whole)
    }

    fn header(&self, id: &ReleaseId) -> Option<manifest::Header> {
        manifest::header(&self.manifest_path(id)).filter(|header| header.release.id == *id && self.folder(id).is_dir())
    }

    /// Returns the manifest of a release that is wholly staged.
    fn manifest(&self, id: &ReleaseId) -> Result<Option<Manifest>, TargetError> {
        match manifest::load(&self.manifest_path(id)) {
            Ok(Some(manifest)) if manifest.header.release.id == *id => Ok(self.folder(id).is_dir().then_some(manifest)),
            Ok(_) => Err(TargetError::Damaged { id: id.clone(), path: format!("{id}.manifest") }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(format!("read the manifest of `{id}`"), error)),
        }
    }

    /// Returns the names of everything in the folder of releases.
    fn names(&self) -> Result<Vec<String>, TargetError> {
        let folder = self.releases_folder();
        let reading = |error| failed(format!("list `{}`", folder.display()), error);
        match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => entries
                .map_err(reading)?
                .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(reading))
                .collect(),
        }
    }

    fn withdraw_now(&self, expected_live: &ReleaseId) -> Result<(), TargetError> {
        match self.live_release()? {
            None => Ok(()),
            Some(live) if live == *expected_live => Ok(durable::remove_file(&self.current())?),
            found => Err(TargetError::Moved { expected: Some(expected_live.clone()), found }),
        }
    }

    fn retire_now(&self, id: &ReleaseId) -> Result<(), TargetError> {
        if self.live_release()?.as_ref() == Some(id) {
            return Err(TargetError::Live { id: id.clone() });
        }
        if !self.releases_folder().is_dir() {
            return Ok(());
        }
        // The manifest first: without it, what is left is not a release, and the next writer clears it away.
        durable::remove_file(&self.manifest_path(id))?;
        durable::remove_file(&self.overlay_path(id))?;
        durable::remove_tree(&self.folder(id))?;
        Ok(durable::sweep(&self.releases_folder())?)
    }
}

fn failed(doing: String, source: impl std::error::Error + Send + Sync + 'static) -> TargetError {
    TargetError::Other { doing, source: Box::new(source) }
}

/// Runs blocking file work on a thread where it keeps nobody waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TargetError> + Send + 'static,
) -> Result<T, TargetError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(TargetError::Cancelled),
    }
}

#[async_trait]
impl Target for Docroot {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn live_folder(&self) -> Option<PathBuf> {
        Some(self.current())
    }

    async fn lock(&self, holder: &Holder) -> Result<TargetLock, LockError> {
        let (this, holder) = (self.clone(), holder.clone());
        let path = self.path.join(".charter-lock");
        let unusable = |source| LockError::Unusable { path: path.clone(), source };
        let taken = tokio::task::spawn_blocking(move || {
            let path = this.path.join(".charter-lock");
            durable::make_folder(&this.path)
                .map_err(|error| LockError::Unusable { path: path.clone(), source: error.source })?;
            lock::take(&path, &holder)
        });
        let lock = taken.await.map_err(|error| unusable(io::Error::other(error)))??;
        Ok(Box::new(lock))
    }

    async fn live(&self, _scope: &Scope) -> Result<Option<ReleaseId>, TargetError> {
        let this = self.clone();
        blocking(move || this.live_release()).await
    }

    async fn releases(&self, _scope: &Scope) -> Result<Vec<Release>, TargetError> {
        let this = self.clone();
        blocking(move || Ok(this.whole()?.into_iter().map(|header| header.release).collect())).await
    }

    async fn read(&self, id: &ReleaseId, _scope: &Scope) -> Result<Option<Artifact>, TargetError> {
        let (this, id) = (self.clone(), id.clone());
        blocking(move || Ok(this.manifest(&id)?.map(|manifest| Artifact::from_files(this.folder(&id), manifest.files))))
            .await
    }

    async fn stage(&self, release: &Release, artifact: &Artifact, scope: &Scope) -> Result<Staged, TargetError> {
        let (this, release, artifact, scope) = (self.clone(), release.clone(), artifact.clone(), scope.clone());
        blocking(move || stage::stage(&this, &release, &artifact, &scope)).await
    }

    async fn activate(
        &self,
        to: &ReleaseId,
        expected_live: Option<&ReleaseId>,
        scope: &Scope,
    ) -> Result<(), TargetError> {
        let (this, to, expected_live, scope) = (self.clone(), to.clone(), expected_live.cloned(), scope.clone());
        blocking(move || activate::activate(&this, &to, expected_live, &scope)).await
    }

    async fn withdraw(&self, expected_live: &ReleaseId, _scope: &Scope) -> Result<(), TargetError> {
        let (this, expected_live) = (self.clone(), expected_live.clone());
        blocking(move || this.withdraw_now(&expected_live)).await
    }

    async fn retire(&self, id: &ReleaseId, _scope: &Scope) -> Result<(), TargetError> {
        let (this, id) = (self.clone(), id.clone());
        blocking(move || this.retire_now(&id)).await
    }
}
