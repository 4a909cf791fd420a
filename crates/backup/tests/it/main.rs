//! What a snapshot promises, kept on real folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod crash;
mod damage;
mod hostile;
mod project;
mod prune;
mod snapshots;
