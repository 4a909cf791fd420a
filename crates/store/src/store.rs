//! Writing records and reading them.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use charter_deploy_model::Record;
use charter_host::Scope;
use serde::Deserialize;
use tokio::sync::MutexGuard;

use crate::archive::fetch;
use crate::blocking::blocking;
use crate::digest::digest_of;
use crate::log::{LOG, Line, Log};
use crate::path::{FOLDERS, PRUNINGS, check_record_path};
use crate::record::{Schemas, UPCASTS, decode};
use crate::{Backend, BackendError, Checkpoint, Key, Prepared, PutMode, StoreError};

/// The records of one project. Clones are the same store.
///
/// Several stores, in several processes, can be open over one place: the log decides what came first.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) schemas: Arc<Schemas>,
    /// What is known of the log; whoever holds it is the one that writes.
    log: Arc<tokio::sync::Mutex<Log>>,
    /// Lines whose records are published already. Whoever writes next takes all of them along.
    waiting: Arc<Mutex<Vec<Line>>>,
}

/// Where the store says which format it has.
pub(crate) const MARK: &str = "store.json";

/// What it says.
pub(crate) const MARK_TEXT: &str = "{\"format\":1}\n";

const FORMAT: u64 = 1;

impl Store {
    /// Opens what `backend` keeps; an empty place is an empty store, and nothing is written to it yet.
    ///
    /// A last line of the log without its newline is what a crash left of a write that nobody was told of: it is cut
    /// off, and its bytes are kept under `integrity/quarantine/`.
    ///
    /// # Errors
    /// [`StoreError::NewerStore`] when a newer version of this program made it.
    pub async fn open(backend: Arc<dyn Backend>) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct Mark {
            format: u64,
        }

        match backend.get(&Key::fixed(MARK)).await {
            Ok(bytes) => {
                let mark: Mark = serde_json::from_slice(&bytes)
                    .map_err(|source| StoreError::Unreadable { path: MARK.to_owned(), source })?;
                if mark.format > FORMAT {
                    return Err(StoreError::NewerStore { found: mark.format, known: FORMAT });
                }
            }
            Err(BackendError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let store = Self { backend, schemas: Arc::default(), log: Arc::default(), waiting: Arc::default() };
        store.catch_up(&mut *store.log.lock().await).await?;
        Ok(store)
    }

    /// Records `record`: [`Store::prepare`], then [`Store::commit`].
    ///
    /// # Errors
    /// Those of the two.
    pub async fn append<R: Record>(&self, record: &R) -> Result<Checkpoint, StoreError> {
        self.commit(&self.prepare(record)?).await
    }

    /// Writes the record's file and its line, whichever of them is not there yet, and returns a checkpoint of a log
    /// that has the line.
    ///
    /// So it completes whatever a crash left of an earlier commit, and doing it twice is doing it once. Commits that
    /// wait for the disk at the same time share one write of the log.
    ///
    /// # Errors
    /// [`StoreError::AlreadyTaken`] when another record has that path; [`StoreError::Altered`] when `prepared` is not
    /// what was prepared.
    pub async fn commit(&self, prepared: &Prepared) -> Result<Checkpoint, StoreError> {
        let line = prepared.line()?;
        let is_new = self.publish(&line, prepared).await?;
        self.waiting().push(line.clone());

        let mut log = self.log.lock().await;
        if log.find(&line.path).is_none() {
            let mut batch = std::mem::take(&mut *self.waiting());
            batch.push(line.clone());
            self.write_lines(&mut log, batch).await?;
        }
        match log.find(&line.path) {
            Some(logged) if *logged == line => Ok(log.checkpoint()),
            _ => {
                // Somebody logged another record and its file went missing: this one must not take its place.
                if is_new {
                    self.backend.remove(&line.key()).await?;
                }
                Err(StoreError::AlreadyTaken { path: prepared.path.clone() })
            }
        }
    }

    /// Returns a record, checked against the log.
    ///
    /// Old versions are brought up to date; fields that this version does not know are ignored here and stay in the
    /// file.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when it was never recorded; [`StoreError::Missing`], [`StoreError::Altered`] or
    /// [`StoreError::Unlogged`] when the log and the file disagree; [`StoreError::NewerVersion`].
    pub async fn read<R: Record>(&self, path: &str) -> Result<R, StoreError> {
        decode(path, &self.read_bytes(path).await?, UPCASTS, &self.schemas)
    }

    /// Returns a record as it was written, checked against the log: of any kind, of any version, with every field.
    ///
    /// So what a later version of this program recorded can be shown, although it is not understood.
    ///
    /// # Errors
    /// Those of [`Store::read`], but for those about its schema.
    pub async fn read_raw(&self, path: &str) -> Result<serde_json::Value, StoreError> {
        let unreadable = |source| StoreError::Unreadable { path: path.to_owned(), source };
        serde_json::from_slice(&self.read_bytes(path).await?).map_err(unreadable)
    }

    /// Makes sure that a record is there and is what was recorded, of whatever kind it is.
    ///
    /// # Errors
    /// Those of [`Store::read`].
    pub async fn check(&self, path: &str) -> Result<(), StoreError> {
        self.read_bytes(path).await.map(|_| ())
    }

    async fn read_bytes(&self, path: &str) -> Result<Vec<u8>, StoreError> {
        let key = check_record_path(path)?;
        let known = self.log.lock().await.find(path).cloned();
        let line = match known {
            Some(line) => line,
            None => match self.refreshed().await?.find(path).cloned() {
                Some(line) => line,
                None => {
                    let path = path.to_owned();
                    return Err(match self.backend.get(&key).await {
                        Ok(_) => StoreError::Unlogged { path },
                        Err(BackendError::NotFound { .. }) => StoreError::Unknown { path },
                        Err(error) => error.into(),
                    });
                }
            },
        };
        match checked(&line, fetch(&*self.backend, &line).await) {
            Err(StoreError::Missing { path }) => {
                let prunings = self.prunings(self.lines_under(PRUNINGS).await?).await?;
                Err(match prunings.get(&path) {
                    Some(by) => StoreError::Pruned { path, by: by.clone() },
                    None => StoreError::Missing { path },
                })
            }
            bytes => bytes,
        }
    }

    /// Returns the records under a folder in the order of the log, but for those that were pruned.
    ///
    /// # Errors
    /// Those of [`Store::read`], for the first record that cannot be read.
    pub async fn read_all<R: Record>(&self, folder: &str) -> Result<Vec<R>, StoreError> {
        let lines = self.lines_under(folder).await?;
        let texts = self.read_many(lines.clone(), checked, "records read", &Scope::default()).await?;
        let mut prunings = None;
        let mut records = Vec::with_capacity(texts.len());
        for (line, text) in lines.iter().zip(texts) {
            match text {
                Err(StoreError::Missing { path }) => {
                    if prunings.is_none() {
                        prunings = Some(self.prunings(self.lines_under(PRUNINGS).await?).await?);
                    }
                    if !prunings.as_ref().is_some_and(|prunings| prunings.contains_key(&path)) {
                        return Err(StoreError::Missing { path });
                    }
                }
                text => records.push(decode(&line.path, &text?, UPCASTS, &self.schemas)?),
            }
        }
        Ok(records)
    }

    /// Returns the paths of the records under a folder in the order of the log, the pruned ones too.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn paths(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.lines_under(folder).await?.iter().map(|line| line.path.to_string()).collect())
    }

    /// Returns how far the log has come.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        Ok(self.refreshed().await?.checkpoint())
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        // Pushing and taking leave no half-done state behind a panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that the record's file is there for good; says whether it was not there before.
    async fn publish(&self, line: &Line, prepared: &Prepared) -> Result<bool, StoreError> {
        let taken = || Err(StoreError::AlreadyTaken { path: prepared.path.clone() });
        if self.log.lock().await.find(&line.path).is_some_and(|logged| logged != line) {
            return taken();
        }
        let (key, bytes) = (line.key(), prepared.text.as_bytes());
        match self.backend.put(&key, bytes, PutMode::Create).await {
            Ok(()) => Ok(true),
            // What a crash left may not have reached the disk; the same bytes are put once more, and stay.
            Err(BackendError::AlreadyExists { .. }) => {
                match self.backend.put(&key, bytes, PutMode::Replace(line.digest)).await {
                    Ok(()) => Ok(false),
                    Err(BackendError::Conflict { .. }) => taken(),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Appends those of `batch` that the log does not have, all in one write.
    async fn write_lines(&self, log: &mut Log, batch: Vec<Line>) -> Result<(), StoreError> {
        if log.size == 0 {
            match self.backend.put(&Key::fixed(MARK), MARK_TEXT.as_bytes(), PutMode::Create).await {
                Ok(()) | Err(BackendError::AlreadyExists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        loop {
            let mut taken = HashSet::new();
            let mut text = String::new();
            for line in batch.iter().filter(|line| log.find(&line.path).is_none()) {
                if taken.insert(&line.path) {
                    writeln!(text, "{line}").expect("a string takes any text");
                }
            }
            match self.backend.append(&Key::fixed(LOG), text.as_bytes(), log.length).await {
                Ok(()) => {
                    log.absorb(text.as_bytes());
                    return Ok(());
                }
                Err(BackendError::Conflict { .. }) => self.catch_up(log).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes in what others appended; says how many bytes of an unfinished line there are behind it.
    async fn refresh(&self, log: &mut Log) -> Result<u64, StoreError> {
        let tail = match self.backend.get_from(&Key::fixed(LOG), log.length).await {
            Ok(tail) => tail,
            Err(BackendError::NotFound { .. }) if log.length == 0 => return Ok(0),
            Err(BackendError::NotFound { .. } | BackendError::Conflict { .. }) => return Err(StoreError::LogCut),
            Err(error) => return Err(error.into()),
        };
        // Whoever stops waiting here leaves an empty log, which the next one fills again from its beginning.
        let mut taken = std::mem::take(log);
        let rest;
        (*log, rest) = if tail.len() < 1 << 16 {
            let rest = taken.absorb(&tail).len();
            (taken, rest)
        } else {
            blocking(move || {
                let rest = taken.absorb(&tail).len();
                (taken, rest)
            })
            .await
        };
        Ok(rest as u64)
    }

    /// Takes in what others appended, and cuts off what a crash left of a line.
    async fn catch_up(&self, log: &mut Log) -> Result<(), StoreError> {
        loop {
            let unfinished = self.refresh(log).await?;
            if unfinished == 0 {
                return Ok(());
            }
            // Whoever is still writing holds the end of the log, so this waits for them, and then it conflicts.
            match self.backend.append(&Key::fixed(LOG), b"", log.length + unfinished).await {
                Ok(()) => self.cut_unfinished_line(log).await?,
                Err(BackendError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn cut_unfinished_line(&self, log: &Log) -> Result<(), StoreError> {
        let key = Key::fixed(LOG);
        let present = self.backend.get(&key).await?;
        let (whole, unfinished) = match usize::try_from(log.length) {
            Ok(length) if length <= present.len() => present.split_at(length),
            _ => return Err(StoreError::LogCut),
        };
        if unfinished.contains(&b'\n') {
            return Ok(());
        }
        self.set_aside(LOG, unfinished, "the last line had no end, as a crash while it was written leaves it").await?;
        match self.backend.put(&key, whole, PutMode::Replace(digest_of(&present))).await {
            // Somebody else cut it, and may have gone on writing.
            Ok(()) | Err(BackendError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the log with all that others have appended until now.
    pub(crate) async fn refreshed(&self) -> Result<MutexGuard<'_, Log>, StoreError> {
        let mut log = self.log.lock().await;
        self.refresh(&mut log).await?;
        Ok(log)
    }

    /// Returns the log as far as it is known.
    pub(crate) async fn known(&self) -> MutexGuard<'_, Log> {
        self.log.lock().await
    }

    pub(crate) async fn lines_under(&self, folder: &str) -> Result<Vec<Line>, StoreError> {
        let folder = folder.parse().map_err(|_| StoreError::BadPath { path: folder.to_owned() })?;
        Ok(self.refreshed().await?.under(&folder))
    }

    /// Returns every folder that may hold records: the usual ones, and those that the log names.
    pub(crate) fn folders(log: &Log) -> Vec<Key> {
        let named = log.lines().iter().filter_map(|line| line.path.split('/').next());
        let all: HashSet<&str> = FOLDERS.into_iter().chain(named).collect();
        all.into_iter().map(Key::fixed).collect()
    }

    /// Writes a file that is made from others, whatever was there before.
    pub(crate) async fn put_derived(&self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let key = Key::fixed(path);
        loop {
            let mode = match self.backend.get(&key).await {
                Ok(present) if present == bytes => return Ok(()),
                Ok(present) => PutMode::Replace(digest_of(&present)),
                Err(BackendError::NotFound { .. }) => PutMode::Create,
                Err(error) => return Err(error.into()),
            };
            match self.backend.put(&key, bytes, mode).await {
                // Somebody else wrote it meanwhile.
                Err(
                    BackendError::Conflict { .. } | BackendError::AlreadyExists { .. } | BackendError::NotFound { .. },
                ) => {}
                written => return Ok(written?),
            }
        }
    }
}

/// Returns the bytes of a record if they are those that were logged.
pub(crate) fn checked(line: &Line, bytes: Result<Vec<u8>, BackendError>) -> Result<Vec<u8>, StoreError> {
    let path = || line.path.to_string();
    let bytes = bytes.map_err(|error| match error {
        BackendError::NotFound { .. } => StoreError::Missing { path: path() },
        error => error.into(),
    })?;
    let found = digest_of(&bytes);
    if found != line.digest || bytes.len() as u64 != line.length {
        return Err(StoreError::Altered { path: path(), recorded: line.digest, found });
    }
    Ok(bytes)
}
