//! Baselines, also in the middle of a merge.

#![no_main]

use charter_gates::baseline::Baseline;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(baseline) = Baseline::parse(text) {
        let written = baseline.to_text();
        assert_eq!(Baseline::parse(&written).as_ref(), Ok(&baseline), "what was written can be read");
    }
});
