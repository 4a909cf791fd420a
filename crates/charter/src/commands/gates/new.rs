//! `gates new`: a crate to begin from.
//!
//! What it writes is `examples/own-gate` under another name, so it is compiled and tested with everything else.

use std::path::{Path, PathBuf};

use charter_deploy_model::exit;
use charter_host::durable;
use serde_json::json;

use crate::commands::{Ended, Invocation};
use crate::{open, usage};

/// The files of the example: path, and text.
const TEMPLATE: &[(&str, &str)] = &[
    ("src/lib.rs", include_str!("../../../../../examples/own-gate/src/lib.rs")),
    ("src/main.rs", include_str!("../../../../../examples/own-gate/src/main.rs")),
    ("tests/contract.rs", include_str!("../../../../../examples/own-gate/tests/contract.rs")),
    (
        "test-data/no-todo/blocks/unfinished/site/index.html",
        include_str!("../../../../../examples/own-gate/test-data/no-todo/blocks/unfinished/site/index.html"),
    ),
    (
        "test-data/no-todo/passes/finished/site/index.html",
        include_str!("../../../../../examples/own-gate/test-data/no-todo/passes/finished/site/index.html"),
    ),
];

/// The manifest; the example's own belongs to this repository's workspace.
const MANIFEST: &str = r#"[package]
name = "no-todo"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
charter = { git = "REPOSITORY" }
charter-deploy-model = { git = "REPOSITORY" }
charter-gates = { git = "REPOSITORY" }
charter-host = { git = "REPOSITORY" }
async-trait = "0.1"
schemars = "1"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["fs", "macros", "rt-multi-thread"] }

[dev-dependencies]
charter-testkit = { git = "REPOSITORY" }
"#;

pub(super) fn new(invocation: &Invocation<'_>, id: &str, into: Option<PathBuf>) -> Ended {
    let is_word = |word: &str| word.starts_with(|letter: char| letter.is_ascii_lowercase());
    let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !id.split('-').all(|word| is_word(word) && is_plain(word)) {
        return Err(usage(format!("`{id}` is not a gate's id"), Vec::new(), &["choose one such as `no-todo`"]));
    }
    if invocation.charter.judges().any(|meta| meta.id == id) {
        return Err(usage(format!("there is a gate `{id}` already"), Vec::new(), &["cargo xtask gates list"]));
    }
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let folder = into.map_or_else(|| root.clone(), |into| root.join(into)).join(id);
    if folder.exists() {
        return Err(usage(format!("`{}` is there already", folder.display()), Vec::new(), &["choose another folder"]));
    }
    let files = files(id);
    for (path, text) in &files {
        write(&folder.join(path), text).map_err(|error| open::broken("the crate cannot be written", &error))?;
    }
    let next = format!("cd {} && cargo test", folder.display());
    invocation.output.result(
        || {
            let list: String = files.iter().map(|(path, _)| format!("  {id}/{path}\n")).collect();
            format!("A gate to begin from:\n{list}`{next}` holds it to the contract of all gates.\n")
        },
        || json!({ "v": 1, "folder": folder, "files": files.iter().map(|(path, _)| path).collect::<Vec<_>>() }),
    );
    Ok(exit::DONE)
}

fn write(path: &Path, text: &str) -> Result<(), durable::DurableError> {
    durable::make_folder(path.parent().unwrap_or(path))?;
    durable::publish(path, text.as_bytes())
}

/// Returns the crate's files: the example's, with its names replaced.
fn files(id: &str) -> Vec<(String, String)> {
    let snake = id.replace('-', "_");
    let pascal: String = id.split('-').map(capitalised).collect();
    let named = |text: &str| {
        text.replace("own_gate", &snake).replace("no-todo", id).replace("no_todo", &snake).replace("NoTodo", &pascal)
    };
    let manifest = MANIFEST.replace("REPOSITORY", env!("CARGO_PKG_REPOSITORY"));
    std::iter::once(("Cargo.toml", manifest.as_str()))
        .chain(TEMPLATE.iter().copied())
        .map(|(path, text)| (named(path), named(text)))
        .collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_crate_is_the_example_under_another_name() {
        for (path, text) in files("page-age") {
            let left = ["no-todo", "no_todo", "NoTodo", "own-gate", "own_gate", "REPOSITORY"];
            for name in left.iter().filter(|name| **name != "own-gate" || !path.ends_with(".rs")) {
                assert!(!text.contains(name) && !path.contains(name), "{name} is left in {path}");
            }
        }
        let (_, library) = files("page-age").into_iter().find(|(path, _)| path == "src/lib.rs").unwrap();
        assert!(library.contains("struct PageAgeConfig") && library.contains("\"page-age/unfinished\""));
    }
}
