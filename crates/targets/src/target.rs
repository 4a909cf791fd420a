//! The trait that every target implements, and how it fails.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_deploy_model::{Digest, KindMeta, Release, ReleaseId};
use charter_host::Scope;
use charter_host::durable::DurableError;
use charter_host::lock::{Holder, LockError};

/// Holds a target for one writer until it is dropped.
pub type TargetLock = Box<dyn Debug + Send + Sync>;

/// What staging did, in bytes of file content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Staged {
    /// Bytes that were written anew.
    pub written: u64,
    /// Bytes that the target had already and shares between releases.
    pub shared: u64,
}

/// A place that shows one release at a time to users.
///
/// [`Target::stage`], [`Target::activate`], [`Target::withdraw`] and [`Target::retire`] are called only while
/// [`Target::lock`] is held, and are never dropped half-way.
///
/// # Contract
/// Each clause is a test of that name in `charter_testkit::contract::target`:
///
/// - `nothing_live_at_first`: a new target shows nothing and has no releases.
/// - `staging_is_invisible`: staging changes nothing that users see.
/// - `a_half_staged_release_is_not_listed`: what could not be staged wholly is not there, and can be staged again.
/// - `staging_twice_is_once`: staging what is there already writes nothing.
/// - `activation_is_all_or_nothing`: whoever looks sees one release, whole, at any moment.
/// - `activating_twice_is_once`: activating what is live already succeeds, whatever was expected.
/// - `activating_over_something_else_is_refused`: when another release is live than expected, nothing changes.
/// - `going_back_restores_every_byte`: activating an earlier release shows exactly its files again.
/// - `the_live_release_cannot_be_retired`: and one that is not live can, more than once.
/// - `withdrawing_the_first_leaves_nothing_live`: and can be repeated.
#[async_trait]
pub trait Target: Debug + Send + Sync {
    /// Returns what this kind of target says of itself.
    fn meta(&self) -> &'static KindMeta;

    /// Returns the folder whose content users see at this moment, when it is on this machine.
    ///
    /// The path may be a symbolic link that moves with each activation, so it is resolved anew by every look.
    fn live_folder(&self) -> Option<PathBuf>;

    /// Returns how long after an activation users may still be shown the release before: a host's own time, during which
    /// nothing is wrong.
    fn visible_within(&self) -> Duration {
        Duration::ZERO
    }

    /// Takes the target for one writer, since two projects can share one target; never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] when somebody else has it.
    async fn lock(&self, holder: &Holder) -> Result<TargetLock, LockError>;

    /// Asks the target which release users see.
    ///
    /// # Errors
    /// When it cannot be asked, or shows something that is no release.
    async fn live(&self, scope: &Scope) -> Result<Option<ReleaseId>, TargetError>;

    /// Asks the target which releases are wholly there, in the order in which they were staged.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn releases(&self, scope: &Scope) -> Result<Vec<Release>, TargetError>;

    /// Returns the files of a release that is wholly there, and where they are; nothing, when it is not there, or not
    /// as files on this machine.
    ///
    /// What was added to the release to keep the assets of earlier ones is not among them.
    ///
    /// # Errors
    /// When the target cannot be asked, or what it knows of the release is damaged.
    async fn read(&self, id: &ReleaseId, scope: &Scope) -> Result<Option<Artifact>, TargetError>;

    /// Returns the digest of each file of a release that is wholly there, by path; nothing, when that is not known. A
    /// target that keeps no files on this machine answers this itself.
    ///
    /// # Errors
    /// When the target cannot be asked, or what it knows of the release is damaged.
    async fn digests(&self, id: &ReleaseId, scope: &Scope) -> Result<Option<BTreeMap<String, Digest>>, TargetError> {
        let artifact = self.read(id, scope).await?;
        Ok(artifact.map(|artifact| artifact.files.iter().map(|file| (file.path.clone(), file.digest)).collect()))
    }

    /// Says whether a release is wholly there, with the files that it names. A target that keeps no files on this
    /// machine answers this itself.
    ///
    /// # Errors
    /// When the target cannot be asked, or what it knows of the release is damaged.
    async fn holds(&self, release: &Release, scope: &Scope) -> Result<bool, TargetError> {
        Ok(self.read(&release.id, scope).await?.is_some_and(|artifact| artifact.digest == release.digest))
    }

    /// Puts a release on the target. Users see nothing of it.
    ///
    /// # Errors
    /// When the release is not of this artifact, the artifact's files changed, or the target will not take them.
    async fn stage(&self, release: &Release, artifact: &Artifact, scope: &Scope) -> Result<Staged, TargetError>;

    /// Shows a staged release to users, all at once.
    ///
    /// # Errors
    /// [`TargetError::Moved`] when something else is live than expected; then nothing changed.
    async fn activate(
        &self,
        to: &ReleaseId,
        expected_live: Option<&ReleaseId>,
        scope: &Scope,
    ) -> Result<(), TargetError>;

    /// Shows nothing again: what undoes a first release that failed.
    ///
    /// # Errors
    /// [`TargetError::Moved`] when something else is live than expected; then nothing changed.
    async fn withdraw(&self, expected_live: &ReleaseId, scope: &Scope) -> Result<(), TargetError>;

    /// Removes a release and whatever half-staged is left of it; that it is gone already is fine.
    ///
    /// # Errors
    /// [`TargetError::Live`] when users see it.
    async fn retire(&self, id: &ReleaseId, scope: &Scope) -> Result<(), TargetError>;
}

/// Returns what `deploy.json` holds.
pub(crate) fn marker_content(release: &Release) -> Vec<u8> {
    let mut json = serde_json::to_vec_pretty(release).expect("a release is plain data");
    json.push(b'\n');
    json
}

/// Why a target did not do as it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Another release is live than the caller expected: somebody else was here.
    #[error("{} is live, not {}", named(found.as_ref()), named(expected.as_ref()))]
    Moved {
        /// What the caller expected.
        expected: Option<ReleaseId>,
        /// What is so.
        found: Option<ReleaseId>,
    },
    /// The release is not wholly on the target.
    #[error("the release `{id}` is not staged")]
    NotStaged {
        /// The release.
        id: ReleaseId,
    },
    /// Users see the release, so it stays.
    #[error("the release `{id}` is live and cannot be removed")]
    Live {
        /// The release.
        id: ReleaseId,
    },
    /// A file of a staged release was altered or removed, and there is no other copy of it.
    #[error("`{path}` of the release `{id}` was altered after it was staged")]
    Damaged {
        /// The release.
        id: ReleaseId,
        /// The file, relative to the release.
        path: String,
    },
    /// The release's digest is not the artifact's, or the id stands for other files already.
    #[error("the files are not those of the release `{id}`")]
    Mismatched {
        /// The release.
        id: ReleaseId,
    },
    /// A file of the build changed after it was read.
    #[error("`{path}` changed after the build was read")]
    Changed {
        /// The file, relative to the artifact.
        path: String,
    },
    /// Something is shown that no deployment put there, so nothing is published over it.
    #[error("{place} shows `{what}`, which is no release: somebody else published it")]
    Foreign {
        /// The place.
        place: String,
        /// What is shown there.
        what: String,
        /// What to type to publish over it all the same.
        accept: String,
    },
    /// The place could not be asked, or did not do as it was told.
    #[error("could not {doing}")]
    Place {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// What would let it succeed, where that is known.
        help: Option<String>,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A write failed: the disk is full, the folder is read-only.
    #[error(transparent)]
    Durable(#[from] DurableError),
    /// The caller wanted the work to end; users see what they saw.
    #[error("the work on the target was cancelled")]
    Cancelled,
    /// Something else went wrong.
    #[error("could not {doing}")]
    Other {
        /// What was being done, a verb phrase.
        doing: String,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn named(id: Option<&ReleaseId>) -> String {
    id.map_or_else(|| "no release".to_owned(), |id| format!("the release `{id}`"))
}

impl TargetError {
    /// Returns what would let it succeed, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Moved { .. } => Some("look at what is live now, then decide again".to_owned()),
            Self::NotStaged { .. } | Self::Damaged { .. } => Some("deploy its commit again".to_owned()),
            Self::Live { .. } => Some("activate another release first".to_owned()),
            Self::Mismatched { .. } => Some("stage the files under an id of their own".to_owned()),
            Self::Changed { .. } => {
                Some("make sure that nothing writes to the build, then run the command again".to_owned())
            }
            Self::Foreign { accept, .. } => {
                Some(format!("see who published it and why; if it may be published over, run `{accept}`"))
            }
            Self::Place { help, .. } => help.clone(),
            Self::Durable(error) => error.help().map(str::to_owned),
            Self::Cancelled | Self::Other { .. } => None,
        }
    }
}
