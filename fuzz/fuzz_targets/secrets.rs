//! Files in which the gate `secrets` looks for secrets.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::secrets(file));
