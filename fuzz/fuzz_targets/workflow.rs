//! Workflows of GitHub Actions, for the gate `zero-actions`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::workflow(file));
