//! What a gate is, what it looks at, and how it fails.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_deploy_model::{CommitHash, Inspection, KindMeta, Needs};
use charter_github::GitHub;
use charter_host::Scope;
use charter_repository::Repository;

/// Looks at one aspect of a build. It reports what is wrong and never says whether that blocks: the policy does.
///
/// A gate reads only, so it may be dropped at any await.
///
/// # Contract
/// Each clause is a function of the test kit's `contract::gate`:
/// - `meta_is_well_formed`: ids are kebab-case, codes begin with the gate's id, every doc begins with a sentence.
/// - `default_config_fits_its_schema`: an empty section builds, and so does one that spells out every default.
/// - `unknown_field_is_refused`: a key the gate does not know is an error that names the key.
/// - `same_subject_same_findings`: looking twice gives the same, in the same order.
/// - `changes_nothing`: looking leaves every file as it was.
/// - `every_code_is_declared`: a finding's code is one of [`KindMeta::codes`].
/// - `every_finding_points_somewhere_real`: a finding has a subject and a message, and its locations exist.
/// - `the_passing_sample_passes` and `the_blocking_sample_blocks`: under strict enforcement.
/// - `every_code_is_found_somewhere`: some sample or documented example shows it.
/// - `docs_examples`: the examples in the docs do what they say.
#[async_trait]
pub trait Gate: Debug + Send + Sync {
    /// Returns what this kind says of itself.
    fn meta(&self) -> &'static KindMeta;

    /// Says what its result depends on besides its configuration, and so when an earlier result still holds.
    ///
    /// Unless a gate says otherwise, one that needs the artifact depends on the artifact, and any other on the moment.
    fn depends_on(&self) -> DependsOn {
        match self.meta().needs {
            Needs::Artifact => DependsOn::Artifact,
            Needs::Source | Needs::Preview | Needs::Live => DependsOn::Moment,
        }
    }

    /// Looks.
    ///
    /// # Errors
    /// When the gate could not look; what is wrong with the site is a finding instead.
    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError>;
}

/// What a gate's result depends on besides its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependsOn {
    /// The files that were built and the path under which they are served: nothing else is looked at.
    Artifact,
    /// The files that were built, and those of the release that users see now.
    ArtifactAndLive,
    /// The files that were built, and those of the commit.
    ArtifactAndCommit,
    /// The files of the commit.
    Commit,
    /// Whatever is so when it looks: branches, changes that are not committed, other hosts, other programs, the time.
    Moment,
}

/// What the gates look at. What a project does not have is absent.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The project's folder.
    pub project: PathBuf,
    /// The commit the build was made from.
    pub source: Option<Source>,
    /// The files that were built.
    pub artifact: Option<Arc<Artifact>>,
    /// The URL under which the staged release is served on loopback.
    pub preview: Option<String>,
    /// The path under which users see the site, such as `/` or `/docs/`.
    pub base_path: String,
    /// The release that users see now.
    pub live: Option<Arc<Artifact>>,
    /// The URL under which that release is served on loopback; absent when its files cannot be had, or it is not served.
    pub live_preview: Option<String>,
    /// The kind of target that the release is for, such as `git-branch`.
    pub target: Option<String>,
    /// The project's repository on GitHub, and the right to ask about it.
    pub github: Option<Arc<GitHub>>,
    /// The only files that matter in this run; all, when absent. A gate that judges each file by itself leaves out the
    /// rest; one that must see the whole ignores it.
    pub only: Option<Arc<Only>>,
}

/// The files that a run is about: those that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// Paths of the site.
    pub site: BTreeSet<String>,
    /// Paths of the project.
    pub source: BTreeSet<String>,
}

impl Subject {
    /// Makes a subject of which nothing but the project's folder is known, served under `/`.
    pub fn new(project: impl Into<PathBuf>) -> Self {
        Self {
            project: project.into(),
            source: None,
            artifact: None,
            preview: None,
            base_path: "/".to_owned(),
            live: None,
            live_preview: None,
            target: None,
            github: None,
            only: None,
        }
    }

    /// Says whether this run is about a file of the site.
    #[must_use]
    pub fn is_about(&self, path: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.site.contains(path))
    }

    /// Says whether this run is about a file of the project.
    #[must_use]
    pub fn is_about_source(&self, path: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.source.contains(path))
    }

    /// Returns the source, for a gate that needs it.
    ///
    /// # Errors
    /// [`GateError::Unavailable`] when there is none.
    pub fn source(&self) -> Result<&Source, GateError> {
        self.source.as_ref().ok_or_else(|| GateError::Unavailable { reason: "there is no git repository".to_owned() })
    }

    /// Returns the artifact, for a gate that needs it.
    ///
    /// # Errors
    /// [`GateError::Unavailable`] when nothing was built.
    pub fn artifact(&self) -> Result<&Arc<Artifact>, GateError> {
        self.artifact.as_ref().ok_or_else(|| GateError::Unavailable { reason: "nothing was built".to_owned() })
    }
}

/// Where a build came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The repository of the project.
    pub repository: Repository,
    /// The commit that was built.
    pub commit: CommitHash,
}

/// Why a gate could not look.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// A program or service the gate needs is absent, hung or died: the result is inconclusive.
    #[error("{reason}")]
    Unavailable {
        /// What happened, a sentence fragment.
        reason: String,
    },
    /// A file could not be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The caller wanted the work to end.
    #[error("stopped before it came to a result")]
    Cancelled,
    /// Something else went wrong.
    #[error("{doing} failed")]
    Other {
        /// What was being done, such as ``listing the branches``.
        doing: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl GateError {
    /// Returns what would let the gate look, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreadable { path, .. } => {
                Some(format!("make `{}` readable, and leave the folder alone while gates look at it", path.display()))
            }
            Self::Unavailable { .. } | Self::Cancelled | Self::Other { .. } => None,
        }
    }
}

/// Runs blocking work on a thread where it may block. A panic in it goes on as a panic of the gate.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GateError> + Send + 'static,
) -> Result<T, GateError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(GateError::Cancelled),
        },
    }
}
