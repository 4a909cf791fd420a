//! Where the gate `secrets` looks, and what it gives away.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_gates::{Only, Subject};
use charter_host::Scope;
use serde_json::json;

use crate::github::{Project, build, look};

const PASSWORD: &str = "vK8q!Lw2Zr5x";

fn settings() -> String {
    format!("const login = {{ password: \"{PASSWORD}\" }};\n")
}

fn token() -> String {
    ["glpat", "-x7Kq2Lw9Zr5vB1nM8dTc"].concat()
}

fn site(folder: &Path, files: &[(&str, &str)]) -> Arc<Artifact> {
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    Arc::new(Artifact::read(folder, None, &Scope::default()).unwrap())
}

#[tokio::test]
async fn the_commit_is_looked_through_and_not_the_work_tree() {
    let project = Project::new().await;
    project.commit(&[("old.js", &settings()), ("kept.js", "let a;")], "First").await;
    fs::remove_file(project.folder.path().join("old.js")).unwrap();
    fs::write(project.folder.path().join("new.js"), settings()).unwrap();
    let seen = look("secrets", json!({}), &project.subject()).await;
    assert_eq!(seen.findings.len(), 1, "{seen:?}");
    assert_eq!(seen.findings[0].subject, "old.js");
    assert_eq!(seen.looked_at.counts["files"], 2);
}

#[tokio::test]
async fn what_is_in_both_trees_is_read_once_and_told_of_both() {
    let project = Project::new().await;
    let content = format!("const t = \"{}\";\n", token());
    project.commit(&[("public/a.js", &content), ("public/b.js", &content), ("README", "x")], "First").await;
    let folder = tempfile::tempdir().unwrap();
    let artifact = site(folder.path(), &[("a.js", &content), ("index.html", "<title>x</title>")]);
    let subject = Subject { artifact: Some(artifact), ..project.subject() };
    let seen = look("secrets", json!({}), &subject).await;
    let places: BTreeSet<String> =
        seen.findings.iter().map(|finding| format!("{:?} {}", finding.locations[0].tree, finding.subject)).collect();
    assert_eq!(places, ["Site a.js", "Source public/a.js", "Source public/b.js"].map(str::to_owned).into());
    let keys: BTreeSet<_> = seen.findings.iter().map(|finding| finding.key.clone().unwrap()).collect();
    assert_eq!(keys.len(), 1, "it is the same secret: {keys:?}");
    assert_eq!((seen.looked_at.counts["files"], seen.looked_at.counts["contents"]), (5, 4));
}

#[tokio::test]
async fn nothing_of_a_secret_is_in_what_the_gate_returns() {
    let folder = tempfile::tempdir().unwrap();
    let content = format!("{}const t = \"{}\";\n", settings(), token());
    let artifact = site(folder.path(), &[("a.js", &content)]);
    let subject = Subject { artifact: Some(artifact), ..Subject::new(folder.path()) };
    let seen = look("secrets", json!({}), &subject).await;
    assert_eq!(seen.codes(), ["secrets/password", "secrets/token"]);
    let told = format!("{:?} {}", seen, serde_json::to_string(&seen.findings).unwrap());
    for (secret, most) in [(PASSWORD, 0), (&token(), 4)] {
        for end in most + 1..secret.len() {
            assert!(!told.contains(&secret[..end]) || end <= most || secret[..end].len() < 4, "{told}");
        }
        assert!(!told.contains(&secret[most + 1..]), "{told}");
    }
    assert!(seen.findings[1].message.contains("`glpa…`"), "{:?}", seen.findings[1]);
}

#[tokio::test]
async fn a_finding_stays_the_same_when_lines_move_and_a_new_secret_is_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let fingerprint = async |content: String| {
        let artifact = site(folder.path(), &[("a.js", &content)]);
        let subject = Subject { artifact: Some(artifact), ..Subject::new(folder.path()) };
        let seen = look("secrets", json!({}), &subject).await;
        seen.findings.iter().map(|finding| finding.key.clone().unwrap()).collect::<Vec<_>>()
    };
    let first = fingerprint(format!("let t = \"{}\";", token())).await;
    let moved = fingerprint(format!("// New line\nlet t = \"{}\";", token())).await;
    let other = fingerprint(format!("let t = \"{}\";", token().replace("x7Kq", "q7Kx"))).await;
    assert_eq!(first, moved);
    assert_ne!(first, other);
}

#[tokio::test]
async fn a_run_about_some_files_looks_at_those_alone() {
    let project = Project::new().await;
    project.commit(&[("a.js", &settings()), ("b.js", &settings())], "First").await;
    let only = Only { site: BTreeSet::new(), source: ["b.js".to_owned()].into() };
    let subject = Subject { only: Some(Arc::new(only)), ..project.subject() };
    let section = json!({ "allow": [{ "rule": "jwt", "path": "a.js", "reason": "x" }] });
    assert!(build("secrets", section).unwrap_err().to_string().contains("there is no rule `jwt`"));
    let section = json!({ "allow": [{ "rule": "json-web-token", "path": "a.js", "reason": "sample" }] });
    let seen = look("secrets", section.clone(), &subject).await;
    let subjects: Vec<&str> = seen.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["b.js"], "nobody can know whether the entry allows something in the rest");
    let whole = look("secrets", section, &project.subject()).await;
    assert_eq!(whole.codes(), ["secrets/password", "secrets/password", "secrets/unused-allowance"]);
}

#[test]
fn entries_without_meaning_are_refused() {
    for (section, expected) in [
        (json!({ "exclude": ["["] }), "is not a glob"),
        (
            json!({ "allow": [{ "rule": "google-api-kye", "path": "a", "reason": "x" }] }),
            "did you mean `google-api-key`?",
        ),
        (json!({ "allow": [{ "rule": "google-api-key", "path": "a", "reason": " " }] }), "say for what reason"),
    ] {
        let refusal = build("secrets", section).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}
