//! Every gate, held to the contract; and what becomes of gates that misbehave.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod code_quality;
mod command;
mod commits;
mod compose;
mod contract;
mod core_web_vitals;
mod dependencies;
mod dockerfile;
mod github;
mod headers;
mod html;
mod kubernetes;
mod licenses;
mod lighthouse;
mod links;
mod memory;
mod page_weight;
mod publishable;
mod pwa;
mod run;
mod sbom;
mod secrets;
mod spec_driven;
mod typescript;
mod zero_actions;
