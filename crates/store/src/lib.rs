//! Remembers: records as JSON files, logged so that no one can quietly change them, kept as long as policy says.
//!
//! A record is one JSON file, written once, in a place that people find by themselves. That it is still what was
//! written is shown by a transparency log: one line a record, each line a leaf of a Merkle tree, the tree's root
//! anchored outside. So a [`Store`] answers for each file whether it is what was recorded, and a log that was
//! rewritten as a whole is caught by an [`Anchor`]. Where the bytes are kept is a [`Backend`]'s matter.
//!
//! A record that is old can be kept compressed, which no reader notices, and its file can be removed by a pruning that is
//! on record itself; its line stays in both cases, and the store goes on to verify.
//!
//! It knows no clock and deliberately does not decide what a record says, when it is removed, or where anchors are
//! kept: those who call it do. What is under way is not here either; that is a journal's, and a record is what came
//! out of it.
//!
//! ```
//! use std::sync::Arc;
//!
//! use charter_deploy_model::Record;
//! use charter_store::{MemoryBackend, Store};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Note {
//!     text: String,
//! }
//!
//! impl Record for Note {
//!     const SCHEMA: &'static str = "note/1";
//!
//!     fn path(&self) -> String {
//!         "notes/first.json".to_owned()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), charter_store::StoreError> {
//! let store = Store::open(Arc::new(MemoryBackend::default())).await?;
//! store.append(&Note { text: "it works".to_owned() }).await?;
//!
//! let note: Note = store.read("notes/first.json").await?;
//! assert_eq!(note.text, "it works");
//! assert!(store.verify(&[], &Default::default()).await?.is_sound());
//! # Ok(())
//! # }
//! ```

mod archive;
mod backend;
mod blocking;
mod configuration;
mod derived;
mod digest;
mod error;
mod file_backend;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod key;
mod log;
mod memory_backend;
mod parallel;
mod path;
mod pruning;
mod quarantine;
mod record;
mod store;
mod survey;
mod upcast;
mod verify;

pub use archive::Archived;
pub use backend::{Backend, BackendError, PutMode};
pub use error::StoreError;
pub use file_backend::FileBackend;
pub use key::{Key, KeyError};
pub use log::{Anchor, Checkpoint};
pub use memory_backend::MemoryBackend;
pub use record::Prepared;
pub use store::Store;
pub use survey::Surveyed;
