//! Documents that a policy is about, and the annotations of policies.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::policy(file));
