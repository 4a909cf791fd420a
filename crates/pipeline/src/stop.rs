//! Why a command did not do what was asked, and what to do about it.

use std::error::Error;
use std::path::PathBuf;

use charter_artifact::ArtifactError;
use charter_backup::BackupError;
use charter_deploy_model::{Failure, GateReport, ReleaseId, UsersSee, Verdict, exit};
use charter_host::durable::DurableError;
use charter_host::lock::LockError;
use charter_repository::RepositoryError;
use charter_store::StoreError;
use charter_targets::TargetError;

use crate::build::BuildError;
use crate::freeze::Freeze;
use crate::journal::JournalError;

type Source = Box<dyn Error + Send + Sync>;

/// Why a command stopped. Until [`Stop::RolledBack`], nothing has changed for users.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Stop {
    /// Deployments are frozen.
    #[error("deployments are frozen: {}", .0.reason)]
    Frozen(Freeze),
    /// Another deployment is under way.
    #[error("another deployment is under way")]
    Locked(#[source] LockError),
    /// The repository cannot be used.
    #[error("this git repository cannot be deployed from")]
    Repository(#[source] RepositoryError),
    /// The build failed.
    #[error("the build failed")]
    Build(#[source] BuildError),
    /// The build changed or removed what users see.
    #[error("the build changed or removed what is live")]
    TouchedByBuild,
    /// What was built cannot be published.
    #[error("what was built cannot be published")]
    Artifact(#[source] ArtifactError),
    /// Gates keep the release from users.
    #[error("this release is kept from users by {}", gate_list(.reports, |report| report.blocks))]
    Blocked {
        /// Every gate's verdict.
        reports: Vec<GateReport>,
    },
    /// No gate found anything wrong, but some could not tell.
    #[error("{} could not come to a result", gate_list(.reports, |report| report.blocks))]
    Inconclusive {
        /// Every gate's verdict.
        reports: Vec<GateReport>,
    },
    /// No gate came to a result.
    #[error("no gate came to a result, so nothing is known of this release")]
    NothingChecked {
        /// Every gate's verdict.
        reports: Vec<GateReport>,
    },
    /// Nobody is there to answer for an emergency.
    #[error("an emergency is declared on somebody's word, and git knows no name")]
    Nameless,
    /// The user wanted it to end before the switch.
    #[error("stopped before the switch, as you asked")]
    Cancelled,
    /// A step before the switch failed.
    #[error("could not {doing}")]
    NotPublished {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// What would let it succeed.
        help: Option<String>,
        /// Why it failed.
        source: Source,
    },
    /// There is nothing to go back to.
    #[error("{0}")]
    NothingToGoBackTo(
        /// Why not.
        String,
    ),
    /// The release failed its live check and was taken back.
    #[error("the release was shown, failed its live check and was taken back")]
    RolledBack {
        /// What users see again; absent when the site was withdrawn.
        release: Option<ReleaseId>,
        /// What the live check saw.
        reason: String,
    },
    /// Going back failed too.
    #[error("the release failed its live check, and going back failed too")]
    RollbackFailed {
        /// What the live check saw.
        reason: String,
        /// What should be shown.
        release: Option<ReleaseId>,
        /// Why going back failed.
        source: Source,
    },
    /// The file with what may stand because it was there before cannot be read.
    #[error("`{}` is not a baseline", path.file_name().unwrap_or_default().to_string_lossy())]
    Baseline {
        /// The file.
        path: PathBuf,
        /// What would let it succeed.
        help: Option<String>,
        /// What is wrong with it.
        source: Source,
    },
    /// An interrupted deployment's journal cannot be understood.
    #[error("an interrupted deployment cannot be settled")]
    Journal(#[source] JournalError),
    /// The records do not agree with their log.
    #[error("the records cannot be trusted")]
    Records(#[source] StoreError),
}

fn gate_list(reports: &[GateReport], which: impl Fn(&GateReport) -> bool) -> String {
    let names: Vec<String> =
        reports.iter().filter(|report| which(report)).map(|report| format!("`{}`", report.gate)).collect();
    match names.as_slice() {
        [one] => format!("the gate {one}"),
        several => format!("the gates {}", several.join(", ")),
    }
}

impl Stop {
    pub(crate) fn durable(doing: &'static str) -> impl Fn(DurableError) -> Self {
        move |error| Self::NotPublished { doing, help: error.help().map(str::to_owned), source: error.into() }
    }

    pub(crate) fn target(doing: &'static str) -> impl Fn(TargetError) -> Self {
        move |error| match error {
            TargetError::Cancelled => Self::Cancelled,
            error => Self::NotPublished { doing, help: error.help(), source: error.into() },
        }
    }

    pub(crate) fn lock(error: LockError) -> Self {
        match error {
            LockError::Held { .. } => Self::Locked(error),
            _ => Self::NotPublished { doing: "take the deployment's lock", help: None, source: error.into() },
        }
    }

    pub(crate) fn build(error: BuildError) -> Self {
        if matches!(error, BuildError::Cancelled { .. }) { Self::Cancelled } else { Self::Build(error) }
    }

    pub(crate) fn artifact(error: ArtifactError) -> Self {
        if matches!(error, ArtifactError::Cancelled) { Self::Cancelled } else { Self::Artifact(error) }
    }

    pub(crate) fn backup(error: BackupError) -> Self {
        if matches!(error, BackupError::Cancelled) {
            return Self::Cancelled;
        }
        Self::NotPublished { doing: "take the backup", help: error.help(), source: error.into() }
    }

    pub(crate) fn store(doing: &'static str) -> impl Fn(StoreError) -> Self {
        move |error| Self::NotPublished { doing, help: None, source: error.into() }
    }

    /// Returns the stop that these verdicts demand, if any.
    #[must_use]
    pub fn of_verdicts(reports: &[GateReport]) -> Option<Self> {
        let reports_of = || reports.to_vec();
        let blocks = |verdict| reports.iter().any(|report| report.blocks && report.verdict == verdict);
        let has_no_result = |report: &GateReport| match report.verdict {
            Verdict::NotApplicable => true,
            Verdict::Inconclusive => !report.blocks,
            _ => false,
        };
        if reports.iter().all(has_no_result) {
            Some(Self::NothingChecked { reports: reports_of() })
        } else if blocks(Verdict::Blocked) || blocks(Verdict::Broken) {
            Some(Self::Blocked { reports: reports_of() })
        } else if reports.iter().any(|report| report.blocks) {
            Some(Self::Inconclusive { reports: reports_of() })
        } else {
            None
        }
    }

    /// Returns the command's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Frozen(_) => exit::WAITING,
            Self::Locked(_) => exit::LOCKED,
            Self::Repository(_) | Self::NothingToGoBackTo(_) | Self::Baseline { .. } | Self::Nameless => exit::USAGE,
            Self::Build(_) | Self::TouchedByBuild => exit::BUILD_FAILED,
            Self::Blocked { .. } => exit::BLOCKED,
            Self::Inconclusive { .. } => exit::INCONCLUSIVE,
            Self::NothingChecked { .. } => exit::NOTHING_CHECKED,
            Self::Artifact(_) | Self::Cancelled | Self::NotPublished { .. } | Self::Journal(_) => exit::NOT_PUBLISHED,
            Self::RolledBack { .. } => exit::ROLLED_BACK,
            Self::RollbackFailed { .. } => exit::ROLLBACK_FAILED,
            Self::Records(_) => exit::LOG_BROKEN,
        }
    }

    /// Returns what to type, or do, next.
    fn next(&self) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match self {
            Self::Frozen(_) => one("`cargo xtask unfreeze` lifts the freeze"),
            Self::Locked(_) => one("wait for it to end, then run the command again; a holder that died blocks nobody"),
            Self::Repository(error) => error.help().into_iter().collect(),
            Self::Build(error) => error.help().into_iter().collect(),
            Self::TouchedByBuild => vec![
                "`cargo xtask backup list` and `backup restore` bring the release's files back".to_owned(),
                "let the build write to its output folder only; in = \"worktree\" keeps it out of the project"
                    .to_owned(),
            ],
            Self::Artifact(error) => error.help().into_iter().collect(),
            Self::Blocked { .. } | Self::Inconclusive { .. } => vec![
                "put right what the gates found, commit, and deploy again".to_owned(),
                "`cargo xtask gates explain <code>` says what a code means and how to waive it".to_owned(),
            ],
            Self::NothingChecked { .. } => one("`cargo xtask gates list` shows what could judge this site"),
            Self::Nameless => one("`git config user.name …` tells it yours"),
            Self::Cancelled => one("`cargo xtask deploy` starts again"),
            Self::NotPublished { help, .. } | Self::Baseline { help, .. } => help.clone().into_iter().collect(),
            Self::NothingToGoBackTo(_) => one("`cargo xtask history` lists what was deployed"),
            Self::RolledBack { .. } => vec![
                "`cargo xtask show` tells what the live check saw".to_owned(),
                "put it right, commit, and deploy again".to_owned(),
            ],
            Self::RollbackFailed { .. } => {
                vec!["look at the site now".to_owned(), "`cargo xtask resume` tries to go back again".to_owned()]
            }
            Self::Journal(_) => one("`cargo xtask verify` tells how the records stand; keep the journal's file"),
            Self::Records(_) => one("`cargo xtask verify` tells how each record stands"),
        }
    }

    /// Says what the stopped command's receiver needs to know.
    #[must_use]
    pub fn failure(&self, users_see: UsersSee) -> Failure {
        let mut why = causes(self);
        match self {
            Self::RolledBack { reason, .. } | Self::RollbackFailed { reason, .. } => why.insert(0, reason.clone()),
            // What a build said last is what its author needs to see.
            Self::Build(BuildError::Failed { last_lines, .. }) => {
                why.extend(last_lines.iter().cloned());
            }
            Self::Frozen(freeze) => {
                let since = freeze.since.map(|since| format!(" at {since}")).unwrap_or_default();
                why.push(format!("by {}{since}", freeze.by));
            }
            _ => {}
        }
        Failure { exit_code: self.exit_code(), what: self.to_string(), why, users_see, next: self.next() }
    }
}

/// Returns an error's causes, outermost first.
fn causes(error: &dyn Error) -> Vec<String> {
    std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect()
}

/// Returns what an error and its causes say, outermost first.
#[must_use]
pub fn chain_of(error: &dyn Error) -> Vec<String> {
    std::iter::once(error.to_string()).chain(causes(error)).collect()
}

/// Returns an error with its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    chain_of(error).join(": ")
}
