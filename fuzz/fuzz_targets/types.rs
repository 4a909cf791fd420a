//! What type checkers print, for the gate `typescript`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|printed: &[u8]| charter_gates::fuzz::types(printed));
