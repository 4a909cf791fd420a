//! What a page says of its own vitals, for the gate `core-web-vitals`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| charter_gates::fuzz::vitals(answer));
