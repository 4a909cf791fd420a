//! Files `_headers`, for the gate `headers`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| charter_gates::fuzz::headers_file(text));
