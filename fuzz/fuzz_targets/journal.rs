//! Lines of a deployment's journal.

#![no_main]

use charter_pipeline::journal::Entry;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    if let Ok(entry) = serde_json::from_slice::<Entry>(line) {
        let written = serde_json::to_vec(&entry).expect("an entry has a JSON form");
        assert!(!written.contains(&b'\n'), "an entry is one line");
        let again: Entry = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(written, serde_json::to_vec(&again).expect("an entry has a JSON form"));
    }
});
