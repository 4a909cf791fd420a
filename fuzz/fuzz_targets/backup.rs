//! What is in a backup: indexes, packs, lists of files, snapshots.

#![no_main]

use charter_backup::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    fuzz::index(file);
    fuzz::pack(file);
    fuzz::tree(file);
    fuzz::snapshot(file);
});
