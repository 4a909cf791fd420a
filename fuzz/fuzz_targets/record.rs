//! Records of every kind and version, compressed ones, and the log's checkpoint.

#![no_main]

use charter_store::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    fuzz::record(text);
    fuzz::checkpoint(text);
    // The first two bytes stand for the length that the log says.
    if let Some((length, frame)) = text.split_first_chunk() {
        fuzz::archived(frame, u64::from(u16::from_le_bytes(*length)));
    }
});
