//! Every gate, held to the contract; and what becomes of gates that misbehave.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod contract;
mod page_weight;
mod run;
