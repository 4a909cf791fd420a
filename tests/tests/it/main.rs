//! The whole program, run as a user runs it: one binary, one module a subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod attestation;
mod bad_input;
mod crash_sweep;
mod emergency;
mod gates;
mod git_branch;
mod house;
mod incident;
mod lifecycle;
mod locks;
mod monitor;
mod planted;
mod power_cut;
mod real_site;
mod records;
mod retention;
mod score;
mod secrets;
mod storage_faults;
mod under_load;
mod web_server;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_charter-under-test");

#[test]
fn every_module_here_is_listed_above() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let listed = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let stem = name.trim_end_matches(".rs");
        assert!(stem == "main" || listed.contains(&format!("mod {stem};")), "{name} is never compiled");
    }
}
