//! What the gates `html` and `page-weight` make of a page.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &[u8]| charter_gates::fuzz::page(page));
