//! The sections of Markdown files, for the gate `runbook`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| charter_gates::fuzz::runbook(text));
