//! `cargo xtask codegen`: the files that are generated, kept in the repository and compared by a test.

use std::fs;
use std::process::ExitCode;

use crate::chore::{repository, say};

/// Writes the generated files, or compares them with `--check`.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            say("usage: cargo xtask codegen [--check]");
            return ExitCode::from(2);
        }
    };
    let mut stale = Vec::new();
    for (name, text) in charter::Charter::new().generated_files() {
        let path = repository().join(&name);
        if fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if check {
            stale.push(name);
            continue;
        }
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        match fs::write(&path, text) {
            Ok(()) => say(format!("wrote {name}")),
            Err(error) => {
                say(format!("could not write {name}: {error}"));
                return ExitCode::FAILURE;
            }
        }
    }
    if stale.is_empty() {
        return ExitCode::SUCCESS;
    }
    say(format!("out of date: {}; run `cargo xtask codegen` and commit them", stale.join(", ")));
    ExitCode::FAILURE
}
