//! Configurations of other tools, for `gates import`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::foreign(file));
