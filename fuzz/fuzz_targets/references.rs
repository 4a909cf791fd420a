//! What pages, images and stylesheets refer to, for the gate `links`; among it `srcset`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| charter_gates::fuzz::references(file));
