//! The kinds of target: one module each.

pub mod docroot;
pub mod git_branch;
