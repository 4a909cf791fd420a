//! What can go wrong with a backup.

use std::io;
use std::path::PathBuf;

use charter_deploy_model::Stamp;
use charter_host::durable::DurableError;
use charter_host::lock::Holder;

/// Why a snapshot was not taken, verified or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Somebody else is writing; try again when they are done.
    #[error("the backups in `{}` are being written by {}", path.display(), match holder { Some(holder) => format!("process {} since {} ({})", holder.process, holder.since, holder.doing), None => "another process".to_owned() })]
    Locked {
        /// The repository's folder.
        path: PathBuf,
        /// Who, as far as the lock tells.
        holder: Option<Holder>,
    },
    /// There is no such snapshot.
    #[error("there is no snapshot `{id}`")]
    NoSnapshot {
        /// The one asked for.
        id: Stamp,
    },
    /// The snapshot does not hold that content.
    #[error("snapshot `{id}` holds no `{name}`")]
    NoContent {
        /// The snapshot.
        id: Stamp,
        /// The content asked for.
        name: String,
    },
    /// A file is not what its manifest says, or kept changing while it was read.
    #[error("`{}` changed while it was being backed up", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Something that a snapshot does not take or that must not be restored.
    #[error("`{}` was refused: {reason}", path.display())]
    Refused {
        /// What was refused.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// A file of the repository is not what it was when it was written.
    #[error("`{}` is damaged: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The folder to restore into has something in it.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Something could not be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something could not be written; what was there before is still there.
    #[error(transparent)]
    Write(#[from] DurableError),
    /// The caller asked to stop before it was done.
    #[error("the backup was stopped before it was done")]
    Cancelled,
}

impl BackupError {
    /// Returns what would let it succeed, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Locked { .. } => Some("wait until it is done, then run the command again".to_owned()),
            Self::NoSnapshot { .. } | Self::NoContent { .. } => {
                Some("list the snapshots to see what there is".to_owned())
            }
            Self::Changed { .. } => Some("build again, or wait until nothing writes there".to_owned()),
            Self::Damaged { path, .. } if path.extension().is_some_and(|extension| extension == "pack") => Some(
                "restore another snapshot; once this pack is moved away, the next backup stores afresh what it needs"
                    .to_owned(),
            ),
            Self::Damaged { .. } => {
                Some("restore another snapshot, or verify this one to see what it has lost".to_owned())
            }
            Self::NotEmpty { .. } => Some("name a folder that is empty or does not exist yet".to_owned()),
            Self::Write(error) => error.help().map(ToOwned::to_owned),
            Self::Refused { .. } | Self::Read { .. } | Self::Cancelled => None,
        }
    }

    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}
