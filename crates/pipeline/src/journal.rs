//! What a deployment under way has set out to do and has done.
//!
//! One file a deployment, `journal/<deployment id>.ndjson`, one entry a line. An entry is on the disk before the
//! effect it announces begins. The file is removed once the deployment's record is in the store, so what is there is
//! what was interrupted.

use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{
    BuildInfo, CommitHash, ConfigurationId, DeploymentId, DeploymentType, Emergency, Environment, GateReport,
    LiveVerification, Release, ReleaseId, Stamp, TriggerSource,
};
use charter_host::durable::{self, Appender, DurableError};
use charter_store::{Checkpoint, Prepared};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known when a deployment begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// Its id.
    pub deployment: DeploymentId,
    /// Where it goes.
    pub environment: Environment,
    /// What it is.
    pub deployment_type: DeploymentType,
    /// What is deployed.
    pub commit: CommitHash,
    /// When that was made, as git has it; absent in journals that older versions left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
    /// The branch it is recorded under.
    pub branch: String,
    /// What set it off.
    pub trigger: TriggerSource,
    /// Who did.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// For a rollback, the deployment whose release is shown again.
    pub back_to: Option<DeploymentId>,
    /// What it goes without because it cannot wait; absent when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
}

/// One entry: an intent before an effect, a receipt after it, or a fact that was established.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "entry")]
pub enum Entry {
    /// Fact: a deployment has begun.
    Begun(Begun),
    /// Intent: this version of the configuration will be recorded.
    ConfigurationIntended {
        /// Its exact bytes.
        prepared: Prepared,
        /// Its id.
        id: ConfigurationId,
    },
    /// Receipt: it is.
    ConfigurationRecorded,
    /// Fact: this was built.
    Built {
        /// What.
        build_info: BuildInfo,
    },
    /// Intent: a release will be staged.
    StageIntended {
        /// The release.
        release: Release,
        /// What is live meanwhile.
        previous: Option<ReleaseId>,
    },
    /// Receipt: it stands there whole.
    Staged,
    /// Fact: the gates said this of it.
    Judged {
        /// Each gate's verdict.
        reports: Vec<GateReport>,
    },
    /// Fact: people, or a rule, let it go ahead.
    Approved {
        /// Who, or which rule.
        by: String,
    },
    /// Fact: this snapshot holds what is about to change.
    BackedUp {
        /// The snapshot.
        snapshot: Stamp,
    },
    /// Intent: users will be shown the release.
    ActivateIntended {
        /// The release.
        to: ReleaseId,
        /// What they are shown until then.
        from: Option<ReleaseId>,
    },
    /// Receipt: they are.
    Activated {
        /// How long the switch took, in milliseconds; absent in journals that older versions left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        milliseconds: Option<u64>,
        /// When it was done; absent in journals that older versions left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// Fact: the live check saw this.
    LiveChecked {
        /// What it saw.
        verification: LiveVerification,
    },
    /// Intent: users will be shown the release before again.
    GoBackIntended {
        /// Why.
        reason: String,
    },
    /// Receipt: they are.
    WentBack,
    /// Fact: it failed, or was stopped, before users saw anything of it.
    Abandoned {
        /// The part it failed in, for the record.
        part: charter_deploy_model::DeploymentErrorType,
        /// Why.
        reason: String,
    },
    /// Intent: this record will be written and logged.
    RecordIntended {
        /// Its exact bytes.
        prepared: Prepared,
    },
    /// Receipt: it is, and the log is this long. For a production deployment this is also the intent to anchor it.
    Recorded {
        /// The log with it.
        checkpoint: Checkpoint,
    },
}

/// The journal of one deployment, open for writing.
#[derive(Debug)]
pub struct Journal {
    appender: Appender,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal of a deployment, making it when it is not there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(records: &Path, deployment: DeploymentId) -> Result<Self, DurableError> {
        let folder = folder(records);
        durable::make_folder(&folder)?;
        let path = folder.join(format!("{deployment}.ndjson"));
        Ok(Self { appender: Appender::open(&path)?, path })
    }

    /// Writes an entry; it survives a power cut when this returns.
    ///
    /// # Errors
    /// When it cannot be written; the effect it announces must not begin then.
    pub fn write(&mut self, entry: &Entry) -> Result<(), DurableError> {
        let mut line = serde_json::to_vec(entry).expect("an entry has string keys only, so it has a JSON form");
        line.push(b'\n');
        self.appender.append(&line)
    }

    /// Removes the journal: nothing of the deployment is left to be done.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn close(self) -> Result<(), DurableError> {
        durable::remove_file(&self.path)
    }
}

/// An interrupted deployment as its journal tells it.
#[derive(Debug)]
pub struct Interrupted {
    /// Its id.
    pub deployment: DeploymentId,
    /// What its journal holds, in order; a torn last line is left out, since its effect had not begun.
    pub entries: Vec<Entry>,
}

/// Why a journal cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the journal `{}` cannot be read", path.display())]
pub struct JournalError {
    /// The journal.
    pub path: PathBuf,
    /// The line, counted from 1; 0 for the file itself.
    pub line: usize,
    /// Why.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Returns the interrupted deployments of all environments, oldest first.
///
/// # Errors
/// When a journal is there but cannot be understood: it is never taken for an empty one.
pub fn interrupted(records: &Path) -> Result<Vec<Interrupted>, JournalError> {
    let folder = folder(records);
    let unreadable = |path: &Path, line, source: Box<dyn std::error::Error + Send + Sync>| JournalError {
        path: path.to_owned(),
        line,
        source,
    };
    let names = match fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&folder, 0, error.into())),
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unreadable(&folder, 0, error.into()))?,
    };
    let mut found = Vec::new();
    for name in names {
        let Some(Ok(deployment)) = name.strip_suffix(".ndjson").map(str::parse::<DeploymentId>) else { continue };
        let path = folder.join(&name);
        let text = fs::read(&path).map_err(|error| unreadable(&path, 0, error.into()))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let entries = text[..whole]
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .enumerate()
            .map(|(index, line)| {
                serde_json::from_slice(line).map_err(|error| unreadable(&path, index + 1, error.into()))
            })
            .collect::<Result<Vec<Entry>, _>>()?;
        found.push(Interrupted { deployment, entries });
    }
    found.sort_by_key(|interrupted| interrupted.deployment);
    Ok(found)
}

/// Opens an interrupted deployment's journal for going on, without its torn last line.
///
/// # Errors
/// When it cannot be opened or cut.
pub fn reopen(records: &Path, deployment: DeploymentId) -> Result<Journal, DurableError> {
    let mut journal = Journal::open(records, deployment)?;
    let text =
        fs::read(&journal.path).map_err(|source| DurableError { doing: "read", path: journal.path.clone(), source })?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        journal.appender.cut(whole as u64)?;
    }
    Ok(journal)
}

fn folder(records: &Path) -> PathBuf {
    records.join("journal")
}

/// Says whether a deployment's id is taken by an interrupted one.
pub(crate) fn exists(records: &Path, deployment: DeploymentId) -> bool {
    folder(records).join(format!("{deployment}.ndjson")).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(id: &str) -> Entry {
        Entry::Begun(Begun {
            deployment: id.parse().unwrap(),
            environment: Environment::Production,
            deployment_type: DeploymentType::Initial,
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            branch: "main".to_owned(),
            trigger: TriggerSource::Manual,
            by: "me".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            back_to: None,
            emergency: None,
            committed_at: None,
        })
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let id = "20261121-020711-deployment";
        let mut journal = Journal::open(folder.path(), id.parse().unwrap()).unwrap();
        journal.write(&begun(id)).unwrap();
        let path = journal.path.clone();
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"entry\":\"sta");
        fs::write(&path, text).unwrap();

        let found = interrupted(folder.path()).unwrap();
        assert_eq!(found[0].entries, [begun(id)]);
        let mut journal = reopen(folder.path(), id.parse().unwrap()).unwrap();
        journal.write(&Entry::Staged).unwrap();
        assert_eq!(interrupted(folder.path()).unwrap()[0].entries, [begun(id), Entry::Staged]);
        journal.close().unwrap();
        assert!(interrupted(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_line_is_an_error_and_never_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let id = "20261121-020711-deployment";
        let mut journal = Journal::open(folder.path(), id.parse().unwrap()).unwrap();
        journal.write(&begun(id)).unwrap();
        fs::write(&journal.path, "rubbish\n").unwrap();
        assert_eq!(interrupted(folder.path()).unwrap_err().line, 1);
    }
}
