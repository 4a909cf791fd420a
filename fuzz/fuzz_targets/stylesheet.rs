//! Stylesheets, and the modules that pages import.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    charter_gates::fuzz::css(text);
    charter_gates::fuzz::module(text.as_bytes());
});
