//! What the gate `dependencies` makes of sources that are missing, old or torn, and of real databases' forms.

use std::io::Write;
use std::path::Path;

use charter_deploy_model::Inspection;
use serde_json::{Value, json};

use crate::github::{Project, build, inspect, look};

const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {
  "": {"dependencies": {"minimist": "*"}},
  "node_modules/minimist": {"version": "0.0.8"}}}
"#;

fn advisory(modified: &str) -> String {
    json!({"id": "GHSA-xvch-5gv4-984h", "modified": modified, "affected": [{
        "package": {"ecosystem": "npm", "name": "minimist"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.2.4"}]}]}]})
    .to_string()
}

async fn project(files: &[(&str, &str)]) -> Project {
    let project = Project::new().await;
    project.commit(files, "First").await;
    project
}

fn archive(path: &Path, files: &[(&str, &[u8])]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, content) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
}

fn section(folder: &Path) -> Value {
    json!({ "sources": [folder] })
}

#[tokio::test]
async fn without_a_source_nothing_is_clean() {
    let project = project(&[("package-lock.json", LOCK)]).await;
    let seen = look("dependencies", json!({}), &project.subject()).await;
    assert_eq!((seen.codes(), seen.measure("vulnerabilities")), (vec![], None));
    let [undecided] = seen.looked_at.undecided.as_slice() else { panic!("{:?}", seen.looked_at) };
    assert!(undecided.contains("npm") && undecided.contains("--download-offline-databases"), "{undecided}");

    let seen = look("dependencies", json!({ "sources": ["/nowhere/at/all"] }), &project.subject()).await;
    assert_eq!(seen.looked_at.undecided.len(), 2, "{:?}", seen.looked_at);
}

#[tokio::test]
async fn an_archive_of_osv_scanner_is_read_where_it_keeps_it() {
    let project = project(&[("package-lock.json", LOCK)]).await;
    let cache = tempfile::tempdir().unwrap();
    let path = cache.path().join("osv-scanner/npm/all.zip");
    archive(&path, &[("GHSA-xvch-5gv4-984h.json", advisory("2026-01-01T00:00:00Z").as_bytes())]);
    let seen = look("dependencies", section(cache.path()), &project.subject()).await;
    assert_eq!((seen.codes(), seen.measure("vulnerabilities")), (vec!["dependencies/vulnerable"], Some(1.0)));
    let finding = &seen.findings[0];
    assert_eq!(finding.subject, "GHSA-xvch-5gv4-984h:minimist@0.0.8");
    assert!(finding.help.as_ref().unwrap().contains("npm install minimist@0.2.4"), "{finding:?}");
    let at = &finding.locations[0];
    assert_eq!((at.path.as_str(), at.line), ("package-lock.json", None), "npm would not write it like this");

    archive(&path, &[("torn.json", b"{\"id\": "), ("good.json", advisory("2026-01-01T00:00:00Z").as_bytes())]);
    let seen = look("dependencies", section(cache.path()), &project.subject()).await;
    assert_eq!((seen.findings.len(), seen.looked_at.undecided.len()), (1, 1), "{:?}", seen.looked_at);
    assert!(seen.looked_at.undecided[0].contains("`torn.json`"));

    archive(&path, &[("bomb.json", &vec![b' '; 40 << 20]), ("good.json", advisory("2026-01-01T00:00:00Z").as_bytes())]);
    let seen = look("dependencies", section(cache.path()), &project.subject()).await;
    assert!(seen.looked_at.undecided[0].contains("larger than 8 MiB"), "{:?}", seen.looked_at);

    std::fs::write(&path, b"PK no archive").unwrap();
    let seen = look("dependencies", section(cache.path()), &project.subject()).await;
    assert_eq!((seen.findings.len(), seen.looked_at.undecided.len()), (0, 2), "{:?}", seen.looked_at);
}

#[tokio::test]
async fn advisories_that_are_too_old_decide_nothing() {
    let project = project(&[("package-lock.json", LOCK)]).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), advisory("2020-01-01T00:00:00Z")).unwrap();
    let seen = look("dependencies", section(folder.path()), &project.subject()).await;
    assert_eq!(seen.codes(), ["dependencies/vulnerable"], "what it knows is true all the same");
    assert!(seen.looked_at.undecided[0].contains("days old"), "{:?}", seen.looked_at);
    let young = json!({ "sources": [folder.path()], "max-age-days": 365_000 });
    assert_eq!(look("dependencies", young, &project.subject()).await.looked_at.undecided, [] as [&str; 0]);
}

#[tokio::test]
async fn a_source_about_one_ecosystem_says_nothing_of_another() {
    let project = project(&[("package-lock.json", LOCK), ("requirements.txt", "flask==1.0 --hash=sha256:00\n")]).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), advisory("2999-01-01T00:00:00Z")).unwrap();
    let seen = look("dependencies", section(folder.path()), &project.subject()).await;
    assert!(seen.looked_at.undecided[0].contains("PyPI"), "{:?}", seen.looked_at);
}

#[tokio::test]
async fn what_has_no_lock_file_or_one_that_nobody_reads_is_undecided() {
    let project = project(&[
        ("web/package.json", r#"{"dependencies": {"a": "1"}}"#),
        ("tool/Cargo.toml", "[dependencies]\na = \"1\"\n"),
        ("yarn.lock", "# yarn lockfile v1\n"),
        ("requirements.txt", "flask\n"),
        ("big/package-lock.json", &"x".repeat(33 << 20)),
    ])
    .await;
    let seen = look("dependencies", json!({}), &project.subject()).await;
    let all = seen.looked_at.undecided.join("\n");
    for part in ["`yarn.lock`", "`tool/Cargo.toml`", "`flask`", "32 MiB"] {
        assert!(all.contains(part), "{all}");
    }
    let nothing = Project::new().await;
    nothing.commit(&[("README.md", "x")], "First").await;
    let inspection = inspect("dependencies", json!({}), &nothing.subject()).await;
    assert!(matches!(inspection, Inspection::NotApplicable { .. }), "{inspection:?}");
}

#[test]
fn a_malformed_glob_is_refused() {
    let error = build("dependencies", json!({ "exclude": ["a["] })).unwrap_err();
    assert!(error.to_string().contains("`a[`"), "{error}");
}
