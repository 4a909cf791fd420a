//! Advisories of OSV and RustSec, for the gate `dependencies`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::advisory(file));
