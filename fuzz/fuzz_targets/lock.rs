//! Lock files, for the gate `dependencies`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| charter_gates::fuzz::lock(text));
