//! Targets from the outside: the contract, what a docroot looks like on disk, what a preview answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod docroot;
mod git_branch;
mod preview;
