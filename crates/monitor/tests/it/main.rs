//! The probes, held to servers that misbehave in every way that one can, and to what others say of the same servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![expect(clippy::print_stdout, reason = "what a failing test printed says why")]

mod agreement;
mod cases;
mod certificates;
mod contract;
mod documentation;
mod matrix;
mod names;
mod servers;
mod steps;
