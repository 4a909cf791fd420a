//! Snapshots before every change: taken, verified, restored.
//!
//! A change that goes wrong must be undoable even when the project's folder is gone, so a snapshot of the ledger, the
//! configuration and what is live is taken outside the work tree before anything is switched. Files are kept once,
//! under the SHA-256 of their content, compressed with zstd and read back from the disk before a snapshot names them:
//! a snapshot that is listed was verified. Content that did not change costs nothing but a look.
//!
//! It does not encrypt, does not copy to another machine, keeps no modes, owners or empty folders, and removes only the
//! snapshots it is told to. What it writes is plain enough to be read without it:
//!
//! ```text
//! lock                     names who is writing; the kernel frees it when they die
//! packs/<sha256>.pack      zstd frames, one a blob, named by the digest of the whole file
//! packs/<sha256>.index     zstd: a line `digest offset stored size` for each blob; can be rebuilt from the pack
//! snapshots/<stamp>.json   written once; names each content's tree, itself a blob of `digest size path` entries
//! ```
//!
//! They are written in that order, and removed in the other, so a crash leaves no snapshot or a whole one. Packs that no
//! snapshot names do no harm: the next snapshot uses their blobs, the next pruning removes them. A pack goes as a whole:
//! while one of its blobs is needed, all of them stay.
//!
//! ```
//! use std::sync::Arc;
//!
//! use charter_backup::{BackupEngine, Content, Depth, SnapshotEngine};
//! use charter_host::{Scope, SystemClock};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let place = tempfile::tempdir()?;
//! let ledger = place.path().join("ledger");
//! std::fs::create_dir(&ledger)?;
//! std::fs::write(ledger.join("entries"), "one line\n")?;
//!
//! let scope = Scope::default();
//! let engine = SnapshotEngine::open(&place.path().join("backups"), Arc::new(SystemClock))?;
//! let contents = [Content::folder("ledger", &ledger)?];
//! let taken = engine.create("before a deployment", &contents, &scope).await?;
//! assert!(engine.create("nothing changed", &contents, &scope).await?.reused);
//! assert!(engine.verify(taken.snapshot.id, Depth::Read, &scope).await?.faults.is_empty());
//!
//! let restored = place.path().join("restored");
//! engine.restore(taken.snapshot.id, &[], &restored, &scope).await?;
//! assert_eq!(std::fs::read(restored.join("ledger/entries"))?, b"one line\n");
//! # Ok(())
//! # }
//! ```

mod blob;
mod content;
mod create;
mod engine;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod index;
mod pack;
mod prune;
mod restore;
mod snapshot;
mod tree;
mod verify;

pub use content::{Content, ContentFile};
pub use engine::{BackupEngine, BackupVerified, Depth, SnapshotEngine, Taken};
pub use error::BackupError;
pub use prune::{Freed, PruneMode};
