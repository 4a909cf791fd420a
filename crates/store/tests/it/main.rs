//! The store as its callers use it, on real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod archive;
mod concurrent;
mod configuration;
mod contract;
mod crash;
mod derived;
mod golden;
mod note;
mod pruning;
mod tamper;
