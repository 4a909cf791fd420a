//! Web app manifests, sitemaps, feeds and `robots.txt`, for the gate `links`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| charter_gates::fuzz::documents(text));
