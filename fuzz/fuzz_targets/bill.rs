//! Bills of materials, for the gate `sbom`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| charter_gates::fuzz::bill(text));
