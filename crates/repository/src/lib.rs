//! Everything asked of git: commits, branches, trees, history, publishing with a lease.
//!
//! Git is asked in two ways, and this crate hides which: libgit2 reads and makes objects and branches, the git
//! program makes work trees and talks to remotes, because only it knows the user's credentials, hooks and filters and
//! pushes atomically. Nothing here forces, deletes or rewrites anything: a branch is made when it is absent, a remote
//! branch moves forward from where it was expected to be, and neither the index, the work tree nor `HEAD` of the
//! user's own checkout is touched. Fetching and merging are not this crate's business.
//!
//! ```
//! use charter_repository::{Repository, RepositoryError};
//!
//! let folder = tempfile::tempdir()?;
//! let error = Repository::discover(folder.path()).unwrap_err();
//! assert!(matches!(error, RepositoryError::NotARepository { .. }));
//! # Ok::<(), std::io::Error>(())
//! ```

mod anchor;
mod branches;
mod changes;
mod credentials;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod history;
mod objects;
mod pack;
mod program;
mod push;
mod references;
mod remote;
mod repository;
mod touched;
mod tree;
mod worktree;

pub use anchor::BranchAnchor;
pub use branches::Branch;
pub use changes::{Change, ChangeKind};
pub use error::RepositoryError;
pub use history::{HistoryEntry, Person};
pub use objects::{CommitContent, ObjectId, ObjectKind, TreeEntry};
pub use pack::{ObjectHand, ObjectWriter, Written};
pub use push::{PushError, RefUpdate};
pub use references::{is_branch_name, is_remote_name};
pub use remote::RemoteError;
pub use repository::{Commit, Repository};
pub use touched::{ChangedPath, LastChange, LastChanges};
pub use tree::{BlobId, Blobs, CommittedFile, FileSort};
