//! Web app manifests and icons, for the gate `pwa`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::app_manifest(file));
