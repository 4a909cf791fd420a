//! A branch of a git remote that a host such as GitHub Pages serves: each publication is a commit on top of the last.
//!
//! ```text
//! the remote        refs/heads/<branch>                          what users see; it only ever moves forward
//! this repository   refs/charter/releases/<remote>/<branch>/<id> a staged release: a commit of its files, not pushed
//!                   refs/charter/known/<remote>/<branch>         the release staged last, whose objects the list names
//!                   refs/charter/published/<remote>/<branch>     the last commit that was published from here
//!                   refs/charter/accepted/<remote>/<branch>      another's commit that may be published over
//!                   charter/<remote>/<branch>/known/<id>         a list of the release's files; it can be deleted
//!                   charter/<remote>/<branch>/lock
//! ```

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod known;
mod layout;
mod publish;
mod shown;
mod stage;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_deploy_model::{CommitHash, Digest, KindMeta, Release, ReleaseId};
use charter_host::lock::{self, Holder, LockError};
use charter_host::{Host, Refusal, Scope, Setup, durable};
use charter_repository::{RemoteError, Repository, RepositoryError, is_branch_name, is_remote_name};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Staged, Target, TargetError, TargetLock};
use shown::Shown;

charter_deploy_model::kind! {
    /// Publishes to a branch of a git remote, as GitHub Pages serves it, without GitHub Actions.
    ///
    /// Each publication is one commit with exactly the release's files, made straight from them: no checkout, no
    /// index, no touch of `HEAD`. It goes on top of what the remote has and is pushed by git itself, with your
    /// credentials, only from where the branch was seen to be; nothing is ever forced, so the whole history stays.
    /// Going back is one small commit as well.
    ///
    /// `.nojekyll` is always written, so that files are served as they are. The `CNAME` file of a custom domain is
    /// taken from the build, else from `cname`, else kept from the branch. The host takes its time to show what was
    /// pushed, so the environment needs a `url` to watch.
    ///
    /// ```toml
    /// [environments.production]
    /// url = "https://example.org/"
    /// target = { kind = "git-branch", remote = "origin", branch = "gh-pages", cname = "example.org" }
    /// ```
    pub static META: "git-branch", needs Artifact, lane Exclusive {}
}

/// How a publish branch is configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GitBranchConfig {
    /// The name of the git remote.
    #[serde(default = "origin")]
    pub remote: String,
    /// The branch that is served.
    #[serde(default = "gh_pages")]
    pub branch: String,
    /// Which folder of the branch is served; the rest of the branch stays as it is.
    #[serde(default)]
    pub folder: Folder,
    /// The custom domain; what the branch has when absent.
    #[serde(default)]
    pub cname: Option<String>,
    /// How long the host may take to show what was pushed, in seconds.
    #[serde(default = "ten_minutes")]
    #[schemars(range(max = 3600))]
    pub visible_within_seconds: u64,
}

/// Which folder of a branch is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Folder {
    /// All of it.
    #[default]
    #[serde(rename = "/")]
    Root,
    /// The folder `docs`.
    #[serde(rename = "/docs")]
    Docs,
}

fn origin() -> String {
    "origin".to_owned()
}

fn gh_pages() -> String {
    "gh-pages".to_owned()
}

/// After this long GitHub gives a deployment of its Pages up.
const fn ten_minutes() -> u64 {
    600
}

/// Builds the target from its section of the configuration.
///
/// # Errors
/// When a name in it cannot be what it should be.
pub fn target(config: GitBranchConfig, setup: &Setup<'_>) -> Result<Box<dyn Target>, Refusal> {
    if !is_remote_name(&config.remote) || config.remote.contains('/') {
        return Err(Refusal(format!("`remote` must be the name of a git remote, not `{}`", config.remote)));
    }
    if !is_branch_name(&config.branch) {
        return Err(Refusal(format!("`branch` must be the name of a branch, not `{}`", config.branch)));
    }
    if let Some(cname) = config.cname.as_deref().filter(|cname| !is_domain(cname)) {
        return Err(Refusal(format!("`cname` must be a domain such as `example.org`, not `{cname}`")));
    }
    Ok(Box::new(GitBranch::new(setup.root.to_owned(), config, setup.host.clone())))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() < 64
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() < 254 && text.contains('.') && text.split('.').all(is_label)
}

/// Commits on a branch of a remote.
#[derive(Debug, Clone)]
pub struct GitBranch {
    root: PathBuf,
    config: GitBranchConfig,
    host: Host,
}

/// A release that is staged here, or was published before.
#[derive(Debug, Clone)]
struct Source {
    release: Release,
    /// The folder with its files.
    site: charter_repository::ObjectId,
    /// How many were staged before it; absent when it was not staged here.
    number: Option<u64>,
}

impl GitBranch {
    /// Makes the target of the project in the folder `root`.
    #[must_use]
    pub const fn new(root: PathBuf, config: GitBranchConfig, host: Host) -> Self {
        Self { root, config, host }
    }

    fn repository(&self) -> Result<Repository, TargetError> {
        Repository::discover(&self.root).map_err(local("open the repository"))
    }

    /// Returns the folder of our own inside git's.
    fn work(&self, repository: &Repository) -> PathBuf {
        repository.git_folder().join("charter").join(&self.config.remote).join(&self.config.branch)
    }

    fn reference(&self, what: &str) -> String {
        format!("refs/charter/{what}/{}/{}", self.config.remote, self.config.branch)
    }

    fn release_reference(&self, id: &ReleaseId) -> String {
        format!("{}/{id}", self.reference("releases"))
    }

    fn place(&self) -> String {
        format!("the branch `{}` of `{}`", self.config.branch, self.config.remote)
    }

    /// Returns what is staged here, in the order in which it was.
    fn staged(&self, repository: &Repository) -> Result<Vec<Source>, TargetError> {
        let prefix = format!("{}/", self.reference("releases"));
        let references = repository.references(&prefix).map_err(local("list the releases"))?;
        let mut staged = Vec::new();
        for (name, commit) in references {
            let Some(id) = name.strip_prefix(&prefix).and_then(|id| id.parse::<ReleaseId>().ok()) else { continue };
            staged.extend(layout::staged_release(repository, &commit)?.filter(|source| source.release.id == id));
        }
        staged.sort_by_key(|source| source.number);
        Ok(staged)
    }

    /// Returns one staged release.
    fn staged_one(&self, repository: &Repository, id: &ReleaseId) -> Result<Option<Source>, TargetError> {
        let commit = repository.reference(&self.release_reference(id)).map_err(local("look for the release"))?;
        let source = commit.map(|commit| layout::staged_release(repository, &commit)).transpose()?.flatten();
        Ok(source.filter(|source| source.release.id == *id))
    }

    /// Asks the remote what it shows.
    async fn shown(&self, scope: &Scope) -> Result<Shown, TargetError> {
        let repository = self.repository()?;
        let tip = self.tip(&repository, scope).await?;
        let this = self.clone();
        blocking(move || match tip {
            None => Ok(Shown::nothing()),
            Some(tip) => shown::interpret(&this, &repository, &tip),
        })
        .await
    }

    /// Asks the remote for its tip, and makes sure that it is here.
    async fn tip(&self, repository: &Repository, scope: &Scope) -> Result<Option<CommitHash>, TargetError> {
        const DOING: &str = "ask the remote what it shows";
        let GitBranchConfig { remote, branch, .. } = &self.config;
        // The branch may move between the answer and the fetch.
        for _ in 0..3 {
            let Some(tip) = repository.ask(remote, branch, &self.host, scope).await.map_err(distant(DOING))? else {
                return Ok(None);
            };
            if repository.has_commit(&tip).map_err(local(DOING))? {
                return Ok(Some(tip));
            }
            repository.fetch(remote, branch, &self.host, scope).await.map_err(distant(DOING))?;
        }
        let source = "the branch moves faster than it can be fetched".into();
        Err(TargetError::Place { doing: DOING, help: None, source })
    }
}

/// Makes an error of what the repository on this machine did not do.
fn local(doing: &'static str) -> impl Fn(RepositoryError) -> TargetError {
    move |error| match error {
        RepositoryError::Durable { source } => TargetError::Durable(source),
        error => TargetError::Place { doing, help: error.help(), source: error.into() },
    }
}

/// Makes an error of what the remote did not do.
fn distant(doing: &'static str) -> impl Fn(RemoteError) -> TargetError {
    move |error| match error {
        RemoteError::Unfinished { source: charter_host::ProcessError::Cancelled { .. }, .. } => TargetError::Cancelled,
        error => TargetError::Place { doing, help: error.help(), source: error.into() },
    }
}

/// Runs blocking work on a thread where it keeps nobody waiting.
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
impl Target for GitBranch {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn live_folder(&self) -> Option<PathBuf> {
        None
    }

    fn visible_within(&self) -> Duration {
        Duration::from_secs(self.config.visible_within_seconds)
    }

    /// Takes it among the work trees of this repository. Another clone cannot be kept out; there the lease of the push
    /// decides who was first.
    async fn lock(&self, holder: &Holder) -> Result<TargetLock, LockError> {
        let (this, holder) = (self.clone(), holder.clone());
        let taken = tokio::task::spawn_blocking(move || {
            let unusable = |source| LockError::Unusable { path: this.root.clone(), source };
            let repository = this.repository().map_err(|error| unusable(std::io::Error::other(error)))?;
            let work = this.work(&repository);
            durable::make_folder(&work).map_err(|error| unusable(error.source))?;
            let lock = lock::take(&work.join("lock"), &holder)?;
            durable::sweep(&work).map_err(|error| unusable(error.source))?;
            // A push that outlived its parent could land after everybody has agreed that it did not.
            let _ = repository.end_interrupted_push(&this.config.remote, &this.config.branch);
            Ok(lock)
        });
        let unusable = |error| LockError::Unusable { path: self.root.clone(), source: std::io::Error::other(error) };
        Ok(Box::new(taken.await.map_err(unusable)??))
    }

    async fn live(&self, scope: &Scope) -> Result<Option<ReleaseId>, TargetError> {
        self.shown(scope).await?.release_id(self)
    }

    async fn releases(&self, _scope: &Scope) -> Result<Vec<Release>, TargetError> {
        let this = self.clone();
        blocking(move || {
            let repository = this.repository()?;
            Ok(this.staged(&repository)?.into_iter().map(|source| source.release).collect())
        })
        .await
    }

    /// Returns nothing: the files are in git's objects.
    async fn read(&self, _id: &ReleaseId, _scope: &Scope) -> Result<Option<Artifact>, TargetError> {
        Ok(None)
    }

    async fn digests(&self, id: &ReleaseId, _scope: &Scope) -> Result<Option<BTreeMap<String, Digest>>, TargetError> {
        let (this, id) = (self.clone(), id.clone());
        blocking(move || {
            let repository = this.repository()?;
            let source = this.staged_one(&repository, &id)?;
            let files = source.and_then(|source| known::load(&this.work(&repository), &source.release));
            Ok(files.map(|files| files.into_iter().map(|file| (file.path, file.digest)).collect()))
        })
        .await
    }

    async fn holds(&self, release: &Release, _scope: &Scope) -> Result<bool, TargetError> {
        let (this, release) = (self.clone(), release.clone());
        blocking(move || {
            let repository = this.repository()?;
            Ok(this.staged_one(&repository, &release.id)?.is_some_and(|source| source.release == release))
        })
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
        publish::activate(self, to, expected_live, scope).await
    }

    async fn withdraw(&self, expected_live: &ReleaseId, scope: &Scope) -> Result<(), TargetError> {
        publish::withdraw(self, expected_live, scope).await
    }

    async fn retire(&self, id: &ReleaseId, scope: &Scope) -> Result<(), TargetError> {
        // What somebody else published is not this release.
        if let Shown::Release { release, .. } = self.shown(scope).await?
            && release == *id
        {
            return Err(TargetError::Live { id: id.clone() });
        }
        let (this, id) = (self.clone(), id.clone());
        blocking(move || {
            let repository = this.repository()?;
            repository.remove_reference(&this.release_reference(&id)).map_err(local("remove the release"))
        })
        .await
    }
}
