//! What the gate `sbom` says of bills of materials, and that those it writes are what CycloneDX's schema demands.

use charter_gates::fix;
use serde_json::{Value, json};

use crate::github::{Project, inspect, look};

/// CycloneDX's own schema of version 1.6, and the two that it refers to; see `tests/schemas/README.md`.
fn schema() -> jsonschema::Validator {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let bill = read(include_str!("../schemas/bom-1.6.SNAPSHOT.schema.json"));
    let registry = jsonschema::Registry::new()
        .add(
            "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
            read(include_str!("../schemas/spdx.SNAPSHOT.schema.json")),
        )
        .unwrap()
        .add(
            "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
            read(include_str!("../schemas/jsf-0.82.SNAPSHOT.schema.json")),
        )
        .unwrap()
        .prepare()
        .unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_registry(&registry)
        .build(&bill)
        .unwrap()
}

#[track_caller]
fn fits(bill: &str) {
    let bill: Value = serde_json::from_str(bill).unwrap();
    let wrong: Vec<String> =
        schema().iter_errors(&bill).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{bill:#}");
}

const NPM: &str = r#"{"lockfileVersion": 3, "packages": {
  "": {"dependencies": {"@scope/a": "1"}, "devDependencies": {"odd": "1"}},
  "node_modules/@scope/a": {"version": "1.0.0", "license": "(MIT OR Apache-2.0)", "dependencies": {"b": "2"},
    "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="},
  "node_modules/b": {"version": "2.0.0-rc.1+build", "license": "SEE LICENSE IN LICENSE"},
  "node_modules/odd": {"version": "1.0.0", "dev": true, "license": "GPL-2.0"}}}
"#;

const CARGO: &str = r#"version = 4

[[package]]
name = "site"
version = "0.1.0"
dependencies = ["a"]

[[package]]
name = "a"
version = "1.0.0+meta"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"#;

/// The bill's content after the edit that its only finding carries.
async fn mended(project: &Project, section: Value, code: &str) -> String {
    let seen = look("sbom", section, &project.subject()).await;
    assert_eq!(seen.codes(), [code], "{seen:?}");
    let edit = seen.findings[0].fix.as_ref().expect("it carries an edit");
    let old = std::fs::read(project.folder.path().join(&edit.path)).unwrap();
    let edited = fix::edit(&old, &[edit]);
    assert_eq!(edited.left, [] as [&str; 0]);
    String::from_utf8(edited.content).unwrap()
}

#[tokio::test]
async fn an_empty_file_becomes_a_bill_that_the_official_schema_accepts() {
    let project = Project::new().await;
    let list = format!("Flask==3.0 --hash=sha256:{}\n", "0".repeat(64));
    let files =
        [("package-lock.json", NPM), ("tool/Cargo.lock", CARGO), ("requirements.txt", &list), ("bom.json", "\n")];
    project.commit(&files, "First").await;
    let section = json!({"required": true, "include-dev": true});
    let bill = mended(&project, section.clone(), "sbom/invalid").await;
    fits(&bill);
    assert!(bill.contains("pkg:cargo/a@1.0.0%2Bmeta") && bill.contains("pkg:pypi/flask@3.0"), "{bill}");

    project.commit(&[("bom.json", &bill)], "Write the bill").await;
    let seen = look("sbom", section.clone(), &project.subject()).await;
    assert_eq!((seen.codes(), seen.measure("components")), (vec![], Some(5.0)));

    let newer = CARGO.replace("1.0.0+meta", "1.1.0");
    project.commit(&[("tool/Cargo.lock", &newer)], "Update").await;
    let seen = look("sbom", section.clone(), &project.subject()).await;
    assert!(seen.findings[0].message.contains("`a@1.0.0+meta, now 1.1.0`"), "{:?}", seen.findings);
    let bill = mended(&project, section.clone(), "sbom/outdated").await;
    fits(&bill);
    project.commit(&[("bom.json", &bill)], "Write the bill").await;
    assert_eq!(look("sbom", section.clone(), &project.subject()).await.codes(), [] as [&str; 0]);

    // What somebody else wrote or changed may say more than a new one would.
    let touched = bill.replace("\"required\"", "\"optional\"");
    project.commit(&[("bom.json", &touched), ("tool/Cargo.lock", CARGO)], "Touch").await;
    let seen = look("sbom", section, &project.subject()).await;
    assert_eq!((seen.codes(), seen.findings[0].fix.is_none()), (vec!["sbom/outdated"], true));
}

#[test]
fn the_schema_is_one_that_refuses() {
    let bill = charter_gates::packages::cyclonedx(&[], "site", "1");
    assert!(schema().is_valid(&bill));
    for (key, wrong) in [("serialNumber", json!("7")), ("components", json!([{"name": "a"}])), ("version", json!(0))] {
        let mut bill = bill.clone();
        bill[key] = wrong;
        assert!(!schema().is_valid(&bill), "{key}");
    }
    let mut bill = bill;
    bill["components"] = json!([{"type": "library", "name": "a", "licenses": [{"license": {"id": "No-Such"}}]}]);
    assert!(!schema().is_valid(&bill), "the schema of SPDX is looked into");
}

#[tokio::test]
async fn bills_that_contradict_themselves_are_invalid() {
    let component = r#"{"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "bom-ref": "a"}"#;
    for (bill, part) in [
        ("{".to_owned(), "not JSON"),
        ("{\"spdxVersion\": \"SPDX-2.3\"}".to_owned(), "`bomFormat`"),
        ("{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"9.0\"}".to_owned(), "`9.0`"),
        (format!("{{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"components\": [{component}, {component}]}}"), "twice"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "a", "purl": "npm:a"}]}"#.to_owned(), "`npm:a`"),
        (format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), "not JSON"),
        (" ".repeat(33 << 20), "32 MiB"),
    ] {
        let project = Project::new().await;
        project.commit(&[("a.cdx.json", &bill)], "First").await;
        let seen = look("sbom", json!({}), &project.subject()).await;
        assert_eq!(seen.codes(), ["sbom/invalid"]);
        assert!(seen.findings[0].message.contains(part), "{:?}", seen.findings);
        assert!(seen.findings[0].fix.is_none());
    }
}

#[tokio::test]
async fn without_a_bill_nothing_is_demanded_unless_it_is_required() {
    let project = Project::new().await;
    project.commit(&[("README.md", "x")], "First").await;
    let nothing = inspect("sbom", json!({"required": true}), &project.subject()).await;
    assert!(matches!(nothing, charter_deploy_model::Inspection::NotApplicable { .. }), "{nothing:?}");
    project.commit(&[("web/package-lock.json", NPM), ("yarn.lock", "")], "Add").await;
    let seen = look("sbom", json!({}), &project.subject()).await;
    assert_eq!((seen.codes().len(), seen.looked_at.undecided.len()), (0, 0));
    let seen = look("sbom", json!({"required": true, "file": "sbom/site.json"}), &project.subject()).await;
    assert_eq!((seen.codes(), seen.findings[0].subject.as_str()), (vec!["sbom/missing"], "sbom/site.json"));
    assert_eq!(seen.looked_at.undecided.len(), 1, "of yarn.lock nobody can tell: {:?}", seen.looked_at);
}
