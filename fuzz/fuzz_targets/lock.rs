//! Lock files, whatever program wrote them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| charter_gates::fuzz::lock(text));
