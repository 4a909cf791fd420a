//! Why the store did not do what it was asked.

use charter_deploy_model::Digest;

use crate::BackendError;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No record can be kept there.
    #[error("`{path}` cannot be a record's path")]
    BadPath {
        /// The path.
        path: String,
    },
    /// The record does not fit its own JSON Schema; it was not written.
    #[error("`{path}` does not fit `{schema}`: {}", faults.join("; "))]
    Invalid {
        /// The record's path.
        path: String,
        /// The schema's name.
        schema: String,
        /// Each fault, with the place it is at.
        faults: Vec<String>,
    },
    /// It is what was recorded, but it does not fit its JSON Schema.
    #[error("`{path}` does not fit `{schema}` as it was recorded: {}", faults.join("; "))]
    Unfit {
        /// The record's path.
        path: String,
        /// The schema's name.
        schema: String,
        /// Each fault, with the place it is at.
        faults: Vec<String>,
    },
    /// The record's type has no JSON form or no usable JSON Schema; that is a fault of the program.
    #[error("records of `{schema}` cannot be written")]
    Unwritable {
        /// The schema's name.
        schema: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another record has that path: take another name.
    #[error("there is another record at `{path}`")]
    AlreadyTaken {
        /// The path.
        path: String,
    },
    /// Nobody ever recorded it.
    #[error("there is no record at `{path}`")]
    Unknown {
        /// The path.
        path: String,
    },
    /// It was removed because policy said so.
    #[error("`{path}` was pruned, as recorded in `{by}`")]
    Pruned {
        /// The path.
        path: String,
        /// The pruning's record.
        by: String,
    },
    /// The log names it, but the file is gone.
    #[error("`{path}` is missing")]
    Missing {
        /// The path.
        path: String,
    },
    /// It is not what was recorded, so nothing that it says can be believed.
    #[error("`{path}` was altered: it is {found}, recorded was {recorded}")]
    Altered {
        /// The path.
        path: String,
        /// The digest in the log, or in the intent.
        recorded: Digest,
        /// The digest of what is there.
        found: Digest,
    },
    /// There is a file that nobody logged, so nothing that it says can be believed.
    #[error("`{path}` was never logged")]
    Unlogged {
        /// The path.
        path: String,
    },
    /// It is what was recorded, but it cannot be read as what was asked for.
    #[error("`{path}` cannot be read")]
    Unreadable {
        /// The path.
        path: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// It is a record of another kind.
    #[error("`{path}` is `{found}`, not `{wanted}`")]
    OtherKind {
        /// The path.
        path: String,
        /// The schema it names.
        found: String,
        /// The schema that was asked for.
        wanted: String,
    },
    /// A newer version of this program wrote the record.
    #[error("`{path}` is `{found}`, newer than `{known}`")]
    NewerVersion {
        /// The path.
        path: String,
        /// The schema it names.
        found: String,
        /// The newest schema this version reads.
        known: String,
    },
    /// A newer version of this program made the store.
    #[error("the store has format {found}, this version reads up to {known}")]
    NewerStore {
        /// The format it names.
        found: u64,
        /// The newest format this version reads.
        known: u64,
    },
    /// The log lost lines while it was in use.
    #[error("`log/entries` is shorter than it was a moment ago")]
    LogCut,
    /// The caller wanted it to end.
    #[error("the work was cancelled")]
    Cancelled,
    /// The backend could not.
    #[error("the store's backend failed")]
    Backend(#[from] BackendError),
}

impl StoreError {
    /// Returns what would let it succeed, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } | Self::Altered { .. } | Self::Unlogged { .. } | Self::LogCut => {
                Some("verify the store to see how far this goes, then restore it from a backup".to_owned())
            }
            Self::NewerVersion { .. } | Self::NewerStore { .. } => {
                Some("use the version of this program that wrote it, or a later one".to_owned())
            }
            Self::Backend(error) => error.help(),
            _ => None,
        }
    }
}
