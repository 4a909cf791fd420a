//! Charter's own command, and this repository's chores: check, codegen, bench, fuzz, demo.

mod bench;
mod check;
mod chore;
mod codegen;
mod demo;
mod fuzz;

use std::process::ExitCode;

fn main() -> ExitCode {
    charter::Charter::new()
        .chore(
            "demo",
            "Shows a whole life in a temporary project: deploy, change, block, roll back, crash, verify",
            demo::run,
        )
        .chore(
            "check",
            "Runs every check of this repository; --all installs what they need and skips nothing",
            check::run,
        )
        .chore("codegen", "Writes the generated files again; --check only compares them", codegen::run)
        .chore("fuzz", "Throws made-up input at every parser: [seconds] [parser]…", fuzz::run)
        .chore("bench", "Measures us and our peers side by side, in a release build", bench::run)
        .run()
}
