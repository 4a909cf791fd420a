//! `charter.toml`, with the shape that the standard gates and targets give it.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use charter::{Charter, config};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| Charter::new().schema());

fuzz_target!(|text: &str| {
    if let Err(error) = config::parse(text, Path::new("charter.toml"), &SCHEMA) {
        for problem in error.problems() {
            assert!(
                (1..=text.lines().count().max(1) + 1).contains(&problem.line),
                "there is no such line: {problem:?}"
            );
        }
    }
});
