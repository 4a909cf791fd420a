//! `charter.toml`, with the shape that the standard gates and targets give it, and the gates that it asks for.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use charter::{Charter, config};
use charter_host::{CatalogError, Environment, Host, Secrets, Setup};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| Charter::new().schema());
static HOST: LazyLock<Host> =
    LazyLock::new(|| Host::system(Environment::default()));

fuzz_target!(|text: &str| match config::parse(text, Path::new("charter.toml"), &SCHEMA) {
    Err(error) => {
        for problem in error.problems() {
            assert!(
                (1..=text.lines().count().max(1) + 1).contains(&problem.line),
                "there is no such line: {problem:?}"
            );
        }
    }
    Ok(config) => {
        let setup = Setup { host: &HOST, root: Path::new("/project"), secrets: &Secrets::default() };
        let catalog = charter_gates::standard();
        for (id, section) in config.gates {
            let built = catalog.build(&id, section, &setup).err();
            assert!(!matches!(built, Some(CatalogError::Unknown { .. })), "the schema knows a gate that is none");
        }
    }
});
