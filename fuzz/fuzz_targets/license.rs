//! Licences as packages tell them, for the gate `licenses`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| charter_gates::fuzz::license(text));
