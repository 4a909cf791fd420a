//! Linters as a gate: clippy itself, and what others print.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use charter_deploy_model::Inspection;
use charter_gates::kinds::code_quality::{read_clippy, read_eslint};
use charter_gates::{Gate, Subject};
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::github::{Seen, build, inspect};

/// What ESLint 9 printed of a file.
const ESLINT: &str = include_str!("../../test-data/code-quality/blocks/eslint-cannot-parse/source/report.json");

async fn run(folder: &Path, section: Value) -> Seen {
    let toolchain = Path::new(env!("CARGO")).parent().unwrap().display();
    let environment = Environment::default()
        .with("PATH", format!("{toolchain}:/usr/local/bin:/usr/bin:/bin"))
        .with("HOME", folder.join("home"));
    let host = Host::system(environment);
    let setup = Setup { host: &host, root: folder, secrets: &Secrets::default() };
    let gate: Box<dyn Gate> = charter_gates::standard().build("code-quality", section, &setup).unwrap();
    match gate.inspect(&Subject::new(folder), &Scope::default()).await.unwrap() {
        Inspection::Looked { findings, measures, looked_at } => Seen { findings, measures, looked_at },
        other => panic!("it did not look: {other:?}"),
    }
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// One linter, which is a script.
fn shell(script: &str, format: &str) -> Value {
    json!({ "linters": [{ "name": "tool", "command": ["sh", "-c", script], "format": format, "timeout-seconds": 30 }] })
}

async fn prints(folder: &Path, printed: &str, format: &str, status: i32) -> Seen {
    fs::write(folder.join("printed"), printed).unwrap();
    run(folder, shell(&format!("cat printed; exit {status}"), format)).await
}

fn undecided(seen: &Seen) -> &str {
    assert_eq!(seen.looked_at.undecided.len(), 1, "{seen:?}");
    &seen.looked_at.undecided[0]
}

const MANIFEST: &str = "[package]\nname = \"tide\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
                        [lints.clippy]\nall = \"warn\"\n";
const NEEDLESS: &str = "pub fn high(tide: u32) -> u32 {\n    return tide + 1;\n}\n";

#[tokio::test]
async fn clippy_is_run_where_it_is_configured_and_its_findings_do_not_move_with_lines() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "src/lib.rs", NEEDLESS);
    write(folder.path(), "Cargo.toml", MANIFEST.split("[lints").next().unwrap());
    let unasked = inspect("code-quality", json!({}), &Subject::new(folder.path())).await;
    assert!(matches!(unasked, Inspection::NotApplicable { .. }), "{unasked:?}");
    write(folder.path(), "Cargo.toml", MANIFEST);
    let seen = run(folder.path(), json!({})).await;
    assert_eq!((seen.codes(), &seen.looked_at.undecided), (vec!["code-quality/warning"], &Vec::new()), "{seen:?}");
    let first = &seen.findings[0];
    assert_eq!((first.subject.as_str(), first.locations[0].line), ("src/lib.rs", Some(2)), "{first:?}");
    assert!(first.message.ends_with("(`clippy::needless_return` of `clippy`)"), "{first:?}");
    write(folder.path(), "src/lib.rs", &format!("//! Tides.\n\n{NEEDLESS}"));
    let later = &run(folder.path(), json!({})).await.findings[0];
    assert_eq!((&later.key, later.locations[0].line), (&first.key, Some(4)));
}

#[tokio::test]
async fn code_that_does_not_compile_is_an_error_and_what_depends_on_it_undecided() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "Cargo.toml", MANIFEST);
    write(folder.path(), "src/lib.rs", "pub fn high() -> u32 {\n    \"high\"\n}\n");
    let seen = run(folder.path(), json!({})).await;
    assert_eq!(seen.codes(), ["code-quality/error"], "{seen:?}");
    assert!(seen.findings[0].message.contains("`E0308` of `clippy`"), "{seen:?}");
    assert!(undecided(&seen).contains("the build failed"), "{seen:?}");
    write(folder.path(), "Cargo.toml", "[package");
    assert!(undecided(&run(folder.path(), json!({})).await).contains("exited with status 101"), "{seen:?}");
}

/// ESLint itself is in no package of this repository: what stands in for it prints a report in its form.
#[tokio::test]
async fn eslint_is_run_where_it_is_asked_for_and_configured() {
    let folder = tempfile::tempdir().unwrap();
    let subject = Subject::new(folder.path());
    for (path, text) in [
        ("package.json", r#"{"devDependencies":{"vite":"^7"}}"#),
        ("package.json", r#"{"devDependencies":{"eslint":"^9"}}"#),
        ("package.json", "{\"devDependencies\":"),
    ] {
        write(folder.path(), path, text);
        let inspection = inspect("code-quality", json!({}), &subject).await;
        assert!(matches!(inspection, Inspection::NotApplicable { .. }), "{text}");
    }
    write(folder.path(), "package.json", r#"{"devDependencies":{"eslint":"^9"}}"#);
    write(folder.path(), "package-lock.json", "{}");
    write(folder.path(), "eslint.config.js", "export default [];");
    let missing = run(folder.path(), json!({})).await;
    assert!(undecided(&missing).ends_with("not installed: type `npm ci`"), "{missing:?}");
    assert!(missing.looked_at.is_nothing());
    let none = inspect("code-quality", json!({ "detect": ["clippy"] }), &subject).await;
    assert!(matches!(none, Inspection::NotApplicable { .. }), "{none:?}");

    write(folder.path(), "src/app.js", "const tide = ;\n");
    let absolute = folder.path().canonicalize().unwrap().join("src/app.js").display().to_string();
    write(folder.path(), "recorded.json", &ESLINT.replace("src/app.js", &absolute));
    let script =
        "#!/bin/sh\n[ \"$1 $2 $3 $4\" = '--format json . --output-file' ] && cp recorded.json \"$5\" && exit 1\n";
    write(folder.path(), "node_modules/.bin/eslint", script);
    let program = folder.path().join("node_modules/.bin/eslint");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let seen = run(folder.path(), json!({})).await;
    assert_eq!(seen.codes(), ["code-quality/error"], "{seen:?}");
    assert_eq!(seen.findings[0].subject, "src/app.js");
    assert!(undecided(&seen).contains("could not parse 1 files"), "no rule was asked about it: {seen:?}");
    assert!(undecided(&seen).ends_with(": `src/app.js`"), "{seen:?}");
    assert_eq!(seen.looked_at.counts["eslint:files"], 1);

    fs::write(&program, "#!/bin/sh\necho 'Oops! Something went wrong!' >&2\nexit 2\n").unwrap();
    let crashed = run(folder.path(), json!({})).await;
    assert!(undecided(&crashed).contains("status 2"), "{crashed:?}");
    assert!(undecided(&crashed).contains("Oops!"), "{crashed:?}");
    fs::write(&program, "#!/bin/sh\nexit 0\n").unwrap();
    assert!(undecided(&run(folder.path(), json!({})).await).contains("it wrote no report"));
    let own = json!({ "linters": [{ "name": "lint", "command": ["cat", "recorded.json"], "format": "eslint" }] });
    assert_eq!(run(folder.path(), own).await.looked_at.counts["linters"], 1, "the configured one takes its place");
}

#[tokio::test]
async fn what_did_not_run_to_its_end_has_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let missing = json!({ "linters": [{ "name": "tool", "command": ["no-such-linter"], "format": "sarif" }] });
    assert!(undecided(&run(folder, missing).await).ends_with("; install `no-such-linter`"));
    let mut slow = shell("sleep 1000", "sarif");
    slow["linters"][0]["timeout-seconds"] = json!(1);
    assert!(undecided(&run(folder, slow).await).contains("longer than 1 s"));
    assert!(undecided(&run(folder, shell("kill -9 $$", "clippy")).await).contains("killed by signal 9"));
    for (printed, format, status, expected) in [
        ("[]", "eslint", 0, "looked at nothing"),
        ("[]", "eslint", 2, "exited with status 2"),
        (r#"[{"filePath":"a.js","messages":[]}]"#, "eslint", 1, "reports nothing wrong, and exited with status 1"),
        ("", "eslint", 0, "printed no report"),
        ("{\"message\":\"405\"}", "eslint", 1, "no list of ESLint's"),
        ("Finished\n", "clippy", 0, "printed no report"),
        ("error: no such command: `clippy`\n", "clippy", 101, "printed no report"),
        ("{\"reason\":\"compiler-artifact\"}\n", "clippy", 0, "ended before the build was finished"),
        ("{\"reason\":\"build-finished\",\"success\":true}\n", "clippy", 0, "looked at nothing"),
        ("{\"reason\":\"compiler-mess", "clippy", 0, "no list of Cargo's messages"),
        ("{}", "sarif", 0, "no SARIF"),
    ] {
        let seen = prints(folder, printed, format, status).await;
        assert!(undecided(&seen).contains(expected), "{printed}: {seen:?}");
        assert!(seen.findings.is_empty(), "{printed}: {seen:?}");
    }
    let long = format!("[{}]", " ".repeat(5 << 20));
    assert!(undecided(&prints(folder, &long, "eslint", 0).await).contains("longer than 4 MiB"));
}

#[test]
fn one_place_that_is_told_twice_is_one_finding_and_sums_are_none() {
    let message = |text: &str, code: Value, line: u32| {
        json!({ "reason": "compiler-message", "message": { "message": text, "level": "warning", "code": code,
            "spans": [{ "file_name": "src/lib.rs", "line_start": line, "column_start": 1, "is_primary": true }] } })
    };
    let lint = json!({ "code": "clippy::len_zero" });
    let sum = json!({ "reason": "compiler-message", "message":
        { "message": "2 warnings emitted", "level": "warning", "code": null, "spans": [] } });
    let finished = json!({ "reason": "build-finished", "success": true });
    let lines = [message("a", lint.clone(), 1), message("a", lint.clone(), 1), message("a", lint, 2), sum, finished];
    let printed = lines.map(|line| line.to_string()).join("\n");
    let report = read_clippy(printed.as_bytes()).unwrap();
    assert_eq!((report.findings.len(), report.undecided.len()), (2, 0), "{report:?}");
}

#[test]
fn linters_without_meaning_are_refused() {
    let linter = |change: Value| {
        let mut linter = json!({ "name": "lint", "command": ["true"], "format": "sarif" });
        linter.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        linter
    };
    for (linters, expected) in [
        (json!([linter(json!({ "name": "A b" }))]), "lower-case letters"),
        (json!([linter(json!({})), linter(json!({}))]), "there twice"),
        (json!([linter(json!({ "command": [] }))]), "no program"),
        (json!([linter(json!({ "timeout-seconds": 0 }))]), "never come to its end"),
        (json!([linter(json!({ "folder": "../elsewhere" }))]), "not below the project"),
        (json!([linter(json!({ "format": "checkstyle" }))]), "unknown variant"),
    ] {
        let refusal = build("code-quality", json!({ "linters": linters })).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

proptest! {
    #[test]
    fn reading_any_bytes_comes_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = (read_eslint(&bytes), read_clippy(&bytes));
    }

    /// A report that lost its end is refused.
    #[test]
    fn a_torn_report_is_none(cut in 0..ESLINT.trim_end().len()) {
        prop_assert!(read_eslint(&ESLINT.as_bytes()[..cut]).is_err());
    }
}
