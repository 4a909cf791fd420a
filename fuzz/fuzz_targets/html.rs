//! Pages: `gates::html`, the one reader of them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &[u8]| charter_gates::fuzz::html(page));
