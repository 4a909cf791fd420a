//! What programs print for the gate `command`: SARIF, and JSON.

#![no_main]

use charter_gates::kinds::command::{read_json, read_pa11y, read_sarif};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|output: &[u8]| {
    let _ = (read_json(output), read_pa11y(output), read_sarif(output));
});
