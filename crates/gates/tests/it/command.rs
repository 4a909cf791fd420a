//! Programs as gates: those that work, those that fail, and those that mean harm.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_deploy_model::Inspection;
use charter_gates::kinds::command::{read_json, read_sarif};
use charter_gates::{Gate, Subject};
use charter_host::{Environment, Host, Scope, Secret, Secrets, Setup};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::github::{Seen, build, inspect};

const SECRET: &str = "sw0rdf1sh-and-more";

async fn run(folder: &Path, run: Value) -> Seen {
    let environment = Environment::default()
        .with("PATH", "/usr/local/bin:/usr/bin:/bin")
        .with("HARMLESS", "harmless")
        .with("PRIVATE", "private");
    let host = Host::system(environment);
    let secrets: Secrets = [("DEPLOY_KEY".to_owned(), Secret::new(SECRET.to_owned()))].into_iter().collect();
    let setup = Setup { host: &host, root: folder, secrets: &secrets };
    let gate: Box<dyn Gate> = charter_gates::standard().build("command", json!({ "run": [run] }), &setup).unwrap();
    let artifact = Artifact::read(&folder.join("site"), None, &Scope::default()).ok().map(Arc::new);
    let preview = Some("http://127.0.0.1:4000/".to_owned());
    let subject = Subject { artifact, preview, ..Subject::new(folder) };
    match gate.inspect(&subject, &Scope::default()).await.unwrap() {
        Inspection::Looked { findings, measures, looked_at } => Seen { findings, measures, looked_at },
        other => panic!("it did not look: {other:?}"),
    }
}

fn shell(script: &str, format: &str) -> Value {
    json!({ "name": "tool", "command": ["sh", "-c", script], "format": format, "timeout-seconds": 30 })
}

async fn prints(folder: &Path, output: &[u8], format: &str) -> Seen {
    fs::write(folder.join("output"), output).unwrap();
    run(folder, shell("cat output", format)).await
}

fn sarif(results: Value) -> Vec<u8> {
    let log = json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "tool" } }, "results": results }] });
    log.to_string().into_bytes()
}

fn undecided(seen: &Seen) -> &str {
    assert!(seen.findings.is_empty(), "{seen:?}");
    assert_eq!(seen.looked_at.undecided.len(), 1, "{seen:?}");
    &seen.looked_at.undecided[0]
}

#[tokio::test]
async fn without_programs_there_is_nothing_to_judge() {
    let inspection = inspect("command", json!({}), &Subject::new("/")).await;
    assert!(matches!(inspection, Inspection::NotApplicable { .. }));
}

#[tokio::test]
async fn a_program_knows_where_the_site_is_and_nothing_of_the_environment_that_it_was_not_given() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("site")).unwrap();
    fs::write(folder.path().join("site/index.html"), "x").unwrap();
    let script = r#"test -f "$CHARTER_SITE/index.html" && test "$CHARTER_PREVIEW_URL" = http://127.0.0.1:4000/ &&
        test "$HARMLESS" = harmless && test -z "$PRIVATE" && test "$DEPLOY_KEY" = sw0rdf1sh-and-more &&
        test "$PWD" = "$(cd "$CHARTER_PROJECT" && pwd)""#;
    let mut section = shell(script, "exit-status");
    section["pass"] = json!(["HARMLESS", "DEPLOY_KEY", "NOT_SET"]);
    let seen = run(folder.path(), section).await;
    assert!(seen.findings.is_empty() && seen.looked_at.undecided.is_empty(), "{seen:?}");
    assert_eq!(seen.looked_at.counts["commands"], 1);
}

#[tokio::test]
async fn a_failing_program_is_told_with_its_last_words_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let mut section =
        shell("seq 1 99; printf 'could not log in with %s\\033[0m\\n' $DEPLOY_KEY >&2; exit 7", "exit-status");
    section["pass"] = json!(["DEPLOY_KEY"]);
    let seen = run(folder.path(), section).await;
    assert_eq!(seen.codes(), ["command/failed"]);
    let finding = &seen.findings[0];
    assert_eq!(finding.message, "`tool` exited with status 7: 96 / 97 / 98 / 99 / could not log in with *** [0m");
    assert_eq!(finding.key.as_deref(), Some("tool"));
}

#[tokio::test]
async fn what_did_not_run_to_its_end_has_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let missing = run(folder.path(), json!({ "name": "tool", "command": ["no-such-program"] })).await;
    assert!(undecided(&missing).contains("`no-such-program` is not installed"), "{missing:?}");
    assert_eq!(missing.looked_at.counts["commands"], 0);
    let mut slow = shell("sleep 1000 & sleep 1000", "exit-status");
    slow["timeout-seconds"] = json!(1);
    assert!(undecided(&run(folder.path(), slow).await).contains("longer than 1 s"));
    assert!(undecided(&run(folder.path(), shell("kill -9 $$", "exit-status")).await).contains("killed by signal 9"));
    let mut site = shell("true", "exit-status");
    site["tree"] = json!("site");
    assert!(undecided(&run(folder.path(), site).await).contains("nothing was built"));
}

#[tokio::test]
async fn a_program_that_contradicts_itself_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("clean"), sarif(json!([]))).unwrap();
    let seen = run(folder.path(), shell("cat clean; exit 2", "sarif")).await;
    assert!(undecided(&seen).contains("reports nothing wrong, and exited with status 2"));
    let empty = run(folder.path(), shell("true", "sarif")).await;
    assert!(undecided(&empty).contains("printed no report"));
    let crashed = run(folder.path(), shell("echo 'Traceback: no module' >&2; exit 1", "sarif")).await;
    assert!(undecided(&crashed).contains("Traceback: no module"), "{crashed:?}");
    let nothing = prints(folder.path(), br#"{"v":1,"findings":[],"lookedAt":{"counts":{"pages":0}}}"#, "json").await;
    assert!(undecided(&nothing).contains("looked at nothing"));
    let failed = br#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"invocations":[{"executionSuccessful":false}],"results":[]}]}"#;
    assert!(undecided(&prints(folder.path(), failed, "sarif").await).contains("did not succeed"));
    let no_run = br#"{"version":"2.1.0","runs":[]}"#;
    assert!(undecided(&prints(folder.path(), no_run, "sarif").await).contains("no run"));
    let review = sarif(json!([{ "ruleId": "R", "kind": "review", "message": { "text": "Look at this" } }]));
    assert!(undecided(&prints(folder.path(), &review, "sarif").await).contains("Look at this (R)"));
}

#[tokio::test]
async fn places_outside_the_tree_are_dropped_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a b")).unwrap();
    fs::write(folder.path().join("a b/ä.js"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
    let inside = format!("file://{}/a%20b/%C3%A4.js", folder.path().display());
    let uris = [
        "a%20b/%C3%A4.js",
        "a b/ä.js",
        "./a b/../a b/ä.js",
        &inside,
        "../../../../etc/passwd",
        "file:///etc/passwd",
        "/etc/passwd",
        "link",
        "http://example.org/a.js",
        "gone.js",
        "a\u{0}b",
        "%FF",
        "",
        "file://",
    ];
    let results: Vec<Value> = uris
        .iter()
        .map(|uri| {
            json!({ "ruleId": "R", "message": { "text": uri }, "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri }, "region": { "startLine": 1 } } }] })
        })
        .collect();
    let seen = prints(folder.path(), &sarif(json!(results)), "sarif").await;
    assert_eq!(seen.findings.len(), uris.len());
    let (here, elsewhere): (Vec<_>, Vec<_>) = seen.findings.iter().partition(|finding| !finding.locations.is_empty());
    assert_eq!((here.len(), elsewhere.len()), (4, uris.len() - 4), "{here:#?}");
    assert!(here.iter().all(|finding| finding.subject == "a b/ä.js" && finding.locations[0].path == "a b/ä.js"));
    assert!(elsewhere.iter().all(|finding| finding.subject == "tool" && finding.message.contains("is not here")));
}

#[tokio::test]
async fn severities_are_the_tools_unless_the_project_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let result = |rule: &str, level: &str| json!({ "ruleId": rule, "level": level, "message": { "text": rule } });
    let accepted = json!([{ "kind": "inSource" }]);
    let rejected = json!([{ "kind": "external", "status": "rejected" }]);
    let mut suppressed = result("D", "error");
    suppressed["suppressions"] = accepted;
    let mut objected = result("E", "error");
    objected["suppressions"] = rejected;
    let results = json!([result("A", "error"), result("B", "warning"), result("C", "note"), suppressed, objected]);
    fs::write(folder.path().join("output"), sarif(results)).unwrap();
    let mut section = shell("cat output", "sarif");
    section["severity"] = json!({ "A": "note", "warning": "error" });
    let seen = run(folder.path(), section).await;
    let mut codes: Vec<(&str, &str)> =
        seen.findings.iter().map(|finding| (&finding.message[..1], finding.code.as_str())).collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            ("A", "command/note"),
            ("B", "command/error"),
            ("C", "command/note"),
            ("D", "command/note"),
            ("E", "command/error")
        ]
    );
}

#[tokio::test]
async fn a_key_is_the_rule_and_does_not_move_with_lines_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    let result = |text: &str, line: u32| {
        json!([{ "ruleId": "E501", "message": { "text": text },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": "output" }, "region": { "startLine": line } } }] }])
    };
    let key =
        async |results: Value| prints(folder.path(), &sarif(results), "sarif").await.findings[0].key.clone().unwrap();
    let first = key(result("Line too long (120 > 88)", 3)).await;
    assert!(first.starts_with("tool:E501:"), "{first}");
    assert_eq!(first, key(result("Line too long (99 > 88)", 7)).await);
    assert_ne!(first, key(result("Line too short", 3)).await);
}

#[tokio::test]
async fn hostile_output_is_undecided_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let deep = format!("{}{}", r#"{"version":"2.1.0","runs":["#, "[".repeat(1 << 20));
    for (output, format) in [
        (deep.as_bytes(), "sarif"),
        (b"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"dri", "sarif"),
        (b"{\"version\":\"2.1.0\",\"runs\":[],\"x\":\"\xFF\xFE\"}\0", "sarif"),
        (b"\0\0\0\0", "json"),
        (b"{\"v\":2,\"findings\":[],\"lookedAt\":{\"counts\":{}}}", "json"),
        (br#"{"version":"1.0.0","runs":[]}"#, "sarif"),
        (br#"{"v":1,"findings":[{"code":"x","message":"y","surprise":1}],"lookedAt":{"counts":{}}}"#, "json"),
    ] {
        let seen = prints(folder.path(), output, format).await;
        assert!(undecided(&seen).contains("what it printed is no"), "{seen:?}");
    }
    let endless = run(folder.path(), shell("yes '[' | head -c 20000000", "sarif")).await;
    assert!(undecided(&endless).contains("longer than 4 MiB"), "{}", endless.looked_at.undecided[0].len());

    let many: Vec<Value> = (0..11_000).map(|number| json!({ "message": { "text": format!("{number}") } })).collect();
    let seen = prints(folder.path(), &sarif(json!(many)), "sarif").await;
    assert_eq!(seen.findings.len(), 10_000);
    assert!(seen.looked_at.undecided[0].contains("only 10000"));
    let long = "long ".repeat(100_000);
    let seen = prints(folder.path(), &sarif(json!([{ "message": { "text": long } }])), "sarif").await;
    assert!(seen.findings[0].message.len() < 1_000);
}

#[test]
fn runs_without_meaning_are_refused() {
    for (run, expected) in [
        (json!([{ "name": "A b", "command": ["true"] }]), "lower-case letters"),
        (json!([{ "name": "a", "command": ["true"] }, { "name": "a", "command": ["true"] }]), "there twice"),
        (json!([{ "name": "a", "command": [] }]), "no program"),
        (json!([{ "name": "a", "command": ["true"], "success": [] }]), "never succeed"),
        (json!([{ "name": "a", "command": ["true"], "format": "xml" }]), "unknown variant"),
    ] {
        let refusal = build("command", json!({ "run": run })).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

proptest! {
    #[test]
    fn reading_any_bytes_comes_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = (read_sarif(&bytes), read_json(&bytes));
    }

    /// A report that lost its end, or in which something was overwritten, is a report or is refused.
    #[test]
    fn reading_a_torn_report_comes_to_an_end(cut in 0..2_000_usize, at in 0..2_000_usize, byte in any::<u8>()) {
        let whole = include_bytes!("../../test-data/command/blocks/sarif/source/report.sarif");
        let mut torn = whole[..cut.min(whole.len())].to_vec();
        if let Some(place) = torn.get_mut(at) {
            *place = byte;
        }
        let read = read_sarif(&torn);
        prop_assert!(cut >= whole.trim_ascii_end().len() || read.is_err());
    }
}

#[test]
fn a_text_that_thousands_of_results_share_does_not_fill_the_memory() {
    let long = "x".repeat(1 << 20);
    for (rule, result) in [
        (json!({ "id": "R", "shortDescription": { "text": long } }), json!({ "ruleId": "R" })),
        (json!({ "id": long }), json!({ "ruleIndex": 0 })),
        (json!({ "id": "R", "shortDescription": { "text": long } }), json!({ "ruleId": "R", "kind": "open" })),
    ] {
        let run = json!({ "tool": { "driver": { "name": "tool", "rules": [rule] } }, "results": vec![result; 9_000] });
        let report = read_sarif(json!({ "version": "2.1.0", "runs": [run] }).to_string().as_bytes()).unwrap();
        let texts =
            report.findings.iter().map(|found| found.message.len() + found.rule.as_ref().map_or(0, String::len));
        let taken: usize = texts.sum::<usize>() + report.undecided.iter().map(String::len).sum::<usize>();
        assert!(taken < 100 << 20, "{taken}");
        assert!(report.undecided.iter().any(|reason| reason.contains("not all were taken over")), "it is told");
    }
}

#[test]
fn of_many_rules_each_result_finds_its_own() {
    let rules: Vec<Value> = (0..60_000).map(|number| json!({ "id": format!("R{number}") })).collect();
    let results: Vec<Value> = (0..40_000)
        .map(|number| json!({ "ruleId": format!("R{number}/1"), "kind": if number < 9_000 { "fail" } else { "open" } }))
        .collect();
    let run = json!({ "tool": { "driver": { "name": "tool", "rules": rules } }, "results": results });
    let report = read_sarif(json!({ "version": "2.1.0", "runs": [run] }).to_string().as_bytes()).unwrap();
    assert_eq!(report.findings.len(), 9_000);
    assert!(report.findings.iter().zip(0..).all(|(found, number)| found.rule == Some(format!("R{number}/1"))));
}
