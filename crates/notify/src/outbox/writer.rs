//! The one task that writes the journal: many entries in one write, and what could not be written again later.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use charter_host::durable::{self, Appender, DurableError};
use charter_host::lock::Lock;
use jiff::SignedDuration;
use tokio::sync::{mpsc, oneshot};

use super::entry::Entry;
use super::{OutboxError, Shared};

/// So many entries may wait for the disk.
pub(super) const PENDING: usize = 4096;
/// The journal is written anew when it is larger than this, in bytes.
const COMPACT_FROM: u64 = 1 << 20;
/// What could not be written is tried again this often.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a key is known after it came in.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24 * 7);

/// An entry that is to be written, and who wants to know that it was.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) entry: Entry,
    pub(super) written: Option<oneshot::Sender<Result<(), OutboxError>>>,
}

/// The journal's file, open.
#[derive(Debug)]
struct Journal {
    path: PathBuf,
    appender: Appender,
    compact_from: u64,
    /// Whether the last write failed, so that the beginning of a line may be at the end of the file.
    may_be_torn: bool,
    /// Held until the last write is over, also when nobody waits for it any more.
    _lock: Lock,
}

impl Journal {
    fn open(path: &Path, lock: Lock) -> Result<Self, DurableError> {
        let appender = Appender::open(path)?;
        Ok(Self { path: path.to_owned(), appender, compact_from: COMPACT_FROM, may_be_torn: false, _lock: lock })
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), DurableError> {
        let mut bytes = Vec::with_capacity(lines.len() + 1);
        if self.may_be_torn {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(lines);
        let appended = self.appender.append(&bytes);
        self.may_be_torn = appended.is_err();
        appended
    }

    fn compact(&mut self, entries: &[Entry]) -> Result<(), DurableError> {
        rewrite(&self.path, entries)?;
        self.appender = Appender::open(&self.path)?;
        self.may_be_torn = false;
        self.compact_from = COMPACT_FROM.max(self.appender.length()?.saturating_mul(2));
        Ok(())
    }
}

/// Writes the journal anew.
pub(super) fn rewrite(path: &Path, entries: &[Entry]) -> Result<(), DurableError> {
    durable::replace(path, &entries.iter().flat_map(Entry::line).collect::<Vec<u8>>())
}

/// Opens the journal's file for [`run`].
pub(super) fn open(
    path: &Path,
    whole: u64,
    lock: Lock,
) -> Result<impl FnOnce(Arc<Shared>, mpsc::Receiver<Pending>) -> Run, DurableError> {
    let mut journal = Journal::open(path, lock)?;
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > whole) {
        journal.appender.cut(whole)?;
    }
    Ok(move |shared, pending| Run { journal: Some(journal), shared, pending })
}

/// The writer, ready to run.
#[derive(Debug)]
pub(super) struct Run {
    journal: Option<Journal>,
    shared: Arc<Shared>,
    pending: mpsc::Receiver<Pending>,
}

impl Run {
    /// Writes entries until nobody can send any more.
    pub(super) async fn until_closed(mut self) {
        let (mut batch, mut unwritten) = (Vec::new(), Vec::new());
        loop {
            let is_over = if unwritten.is_empty() {
                self.pending.recv_many(&mut batch, PENDING).await == 0
            } else {
                match tokio::time::timeout(AGAIN, self.pending.recv_many(&mut batch, PENDING)).await {
                    Ok(count) => count == 0,
                    Err(_) => false,
                }
            };
            if is_over && unwritten.is_empty() {
                return;
            }
            unwritten.extend(batch.iter().flat_map(|pending| pending.entry.line()));
            let mut outcome = self.write(std::mem::take(&mut unwritten)).await;
            if let Err((lines, _)) = &mut outcome {
                unwritten = std::mem::take(lines);
            }
            for pending in batch.drain(..) {
                if let Some(written) = pending.written {
                    let _ = written.send(match &outcome {
                        Ok(()) => Ok(()),
                        Err((_, error)) => Err(OutboxError::OnlyHeld { reason: error.clone() }),
                    });
                }
            }
            if is_over {
                return;
            }
        }
    }

    /// Writes lines; gives them back when that failed.
    async fn write(&mut self, lines: Vec<u8>) -> Result<(), (Vec<u8>, String)> {
        let Some(mut journal) = self.journal.take() else { return Err((lines, "the journal is gone".to_owned())) };
        let shared = Arc::clone(&self.shared);
        let written = tokio::task::spawn_blocking(move || {
            let outcome = journal.append(&lines).map_err(|error| format!("{error}: {}", error.source));
            let is_large = journal.appender.length().is_ok_and(|length| length > journal.compact_from);
            if outcome.is_ok() && is_large {
                let since = shared.clock.now().checked_sub(KNOWN_FOR).unwrap_or_default();
                let entries = shared.ledger().compact(since);
                // The journal as it was says the same, only longer.
                let _ = journal.compact(&entries);
            }
            (journal, outcome.map_err(|error| (lines, error)))
        });
        let Ok((journal, outcome)) = written.await else { return Err((Vec::new(), "the writer broke".to_owned())) };
        self.journal = Some(journal);
        outcome
    }
}
