//! What linters print, for the gate `code-quality`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::linter(file));
