//! The documented shapes, spoken by a server on loopback.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod failures;
mod requests;
mod server;
mod shapes;
mod tokens;
