//! What is recorded: its names, its schemas, and that old records stay readable.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod golden;
mod names;
mod schema;
