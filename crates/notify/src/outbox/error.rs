//! How the outbox fails.

use std::io;
use std::path::PathBuf;

use charter_host::durable::DurableError;
use charter_host::lock::LockError;

/// Why the outbox could not do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// Another process has it.
    #[error("the outbox is in use")]
    Locked(#[source] LockError),
    /// A step on the disk failed.
    #[error("the outbox could not be opened")]
    Durable(#[source] DurableError),
    /// The journal could not be read.
    #[error("the outbox `{}` could not be read", path.display())]
    Unreadable {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk did not take the notice. It is being delivered all the same, and will be written when the disk takes
    /// something again; until then it would not survive a crash.
    #[error("the notice is being delivered, but could not be written down: {reason}")]
    OnlyHeld {
        /// Why.
        reason: String,
    },
    /// Too much waits for the disk; the notice was not taken.
    #[error("the notice was not taken, because too many wait for the disk")]
    Full,
    /// The outbox was closed; the notice was not taken.
    #[error("the outbox is closed")]
    Closed,
}

impl OutboxError {
    /// Returns what to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Locked(_) => Some("end the other process that tells people, or let this one use a folder of its own"),
            Self::Durable(error) => error.help(),
            Self::OnlyHeld { .. } | Self::Full => Some("free some space on that disk, or see why it does not answer"),
            Self::Unreadable { .. } => Some("move the file away to begin with an empty outbox"),
            Self::Closed => None,
        }
    }
}
