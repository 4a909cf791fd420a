//! Manifests of Kubernetes, for the gate `kubernetes`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::manifest(file));
