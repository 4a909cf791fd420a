//! What the gate `licenses` makes of packages whose lock files say nothing of licences.

use std::path::Path;

use charter_deploy_model::Inspection;
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use serde_json::{Value, json};

use crate::github::{Project, Seen, build};

async fn look(project: &Project, section: Value, environment: Environment) -> Seen {
    let host = Host::system(environment);
    let setup = Setup { host: &host, root: project.folder.path(), secrets: &Secrets::default() };
    let gate = charter_gates::standard().build("licenses", section, &setup).unwrap();
    match gate.inspect(&project.subject(), &Scope::default()).await.unwrap() {
        Inspection::Looked { findings, measures, looked_at } => Seen { findings, measures, looked_at },
        other => panic!("it did not look: {other:?}"),
    }
}

fn write(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

const CARGO: &str = r#"version = 4

[[package]]
name = "site"
version = "0.1.0"
dependencies = ["old", "quiet", "strict"]

[[package]]
name = "old"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "quiet"
version = "2.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "strict"
version = "3.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

#[tokio::test]
async fn what_cargo_unpacked_says_the_licence() {
    let project = Project::new().await;
    project.commit(&[("Cargo.lock", CARGO)], "First").await;
    let home = tempfile::tempdir().unwrap();
    let environment = Environment::default().with("CARGO_HOME", home.path());
    let seen = look(&project, json!({}), environment.clone()).await;
    assert_eq!(seen.codes(), [] as [&str; 0]);
    let [undecided] = seen.looked_at.undecided.as_slice() else { panic!("{:?}", seen.looked_at) };
    assert!(undecided.contains("3 packages of crates.io") && undecided.contains("`cargo fetch`"), "{undecided}");

    let index = home.path().join("registry/src/index.crates.io-1949cf8c6b5b557f");
    write(
        &index.join("old-1.0.0/Cargo.toml"),
        "[package]\nname = \"old\"\nversion = \"1.0.0\"\nlicense = \"MIT/Apache-2.0\"\n",
    );
    write(
        &index.join("quiet-2.0.0/Cargo.toml"),
        "[package]\nname = \"quiet\"\nversion = \"2.0.0\"\nlicense-file = \"EULA.txt\"\n",
    );
    write(
        &index.join("strict-3.0.0/Cargo.toml"),
        "[package]\nname = \"strict\"\nversion = \"3.0.0\"\nlicense = \"GPL-3.0-or-later\"\n",
    );
    let seen = look(&project, json!({}), environment.clone()).await;
    assert_eq!(seen.codes(), ["licenses/refused", "licenses/unknown"], "{seen:?}");
    assert_eq!(seen.looked_at.undecided, [] as [&str; 0]);
    assert_eq!(seen.findings[0].subject, "strict:GPL-3.0-or-later");
    assert!(seen.findings[1].message.contains("`EULA.txt`"), "{:?}", seen.findings[1]);
    assert_eq!(seen.findings[0].locations[0].line, Some(19));

    let section = json!({"exceptions": [
        {"package": "quiet", "license": "MIT", "reason": "the file is the text of MIT"},
        {"package": "strict@3.*", "allow": ["GPL-3.0-or-later"], "reason": "used for a report only"},
        {"package": "gone", "allow": ["MPL-2.0"], "reason": "it was there once"}]});
    let seen = look(&project, section, environment).await;
    assert_eq!(seen.codes(), ["licenses/unused-exception"]);
    assert_eq!(seen.findings[0].subject, "gone");
}

#[tokio::test]
async fn node_modules_are_asked_and_only_about_the_very_version() {
    let project = Project::new().await;
    let lock = r#"{"lockfileVersion": 3, "packages": {
        "": {"dependencies": {"a": "1"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"@s/b": "1"}},
        "node_modules/@s/b": {"version": "1.0.0"},
        "node_modules/..": {"version": "1.0.0"}}}"#;
    project.commit(&[("web/package-lock.json", lock)], "First").await;
    let modules = project.folder.path().join("web/node_modules");
    write(&modules.join("a/package.json"), r#"{"name": "a", "version": "1.0.0", "license": "GPL-2.0"}"#);
    write(&modules.join("@s/b/package.json"), r#"{"name": "@s/b", "version": "2.0.0", "license": "MIT"}"#);
    write(&project.folder.path().join("web/package.json"), r#"{"name": "..", "version": "1.0.0", "license": "MIT"}"#);
    let seen = look(&project, json!({}), Environment::default()).await;
    assert_eq!(seen.codes(), ["licenses/refused"]);
    let [undecided] = seen.looked_at.undecided.as_slice() else { panic!("{:?}", seen.looked_at) };
    assert!(undecided.contains("`@s/b@1.0.0`") && undecided.contains("`npm ci` in `web`"), "{undecided}");
    assert!(undecided.contains("`..@1.0.0`"), "a name that leads elsewhere is not followed: {undecided}");
}

#[tokio::test]
async fn the_store_of_pnpm_is_asked() {
    let project = Project::new().await;
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      '@s/a':\n        specifier: ^1\n        \
                version: 1.0.0\npackages:\n  '@s/a@1.0.0':\n    resolution: {integrity: sha512-AAAA}\nsnapshots:\n  \
                '@s/a@1.0.0': {}\n";
    project.commit(&[("pnpm-lock.yaml", lock)], "First").await;
    let store = project.folder.path().join("node_modules/.pnpm");
    let manifest = r#"{"name": "@s/a", "version": "1.0.0", "licenses": [{"type": "MIT"}, {"type": "GPL-3.0"}]}"#;
    write(&store.join("@s+a@1.0.0-rc/node_modules/@s/a/package.json"), r#"{"name": "@s/a", "version": "1.0.0-rc"}"#);
    let seen = look(&project, json!({}), Environment::default()).await;
    assert!(seen.looked_at.undecided[0].contains("`pnpm install --frozen-lockfile`"), "{:?}", seen.looked_at);
    write(&store.join("@s+a@1.0.0_b@2.0.0/node_modules/@s/a/package.json"), manifest);
    let seen = look(&project, json!({}), Environment::default()).await;
    assert_eq!((seen.codes().len(), seen.looked_at.undecided.len()), (0, 0), "one of several may be chosen");
}

#[tokio::test]
async fn metadata_of_python_is_read_in_each_of_its_forms() {
    let project = Project::new().await;
    let list = ["blank==1.0", "file==1.0", "new==1.0", "classified==1.0", "vague==1.0", "long==1.0", "Mixed.Name==1.0"];
    let list: Vec<String> = list.iter().map(|line| format!("{line} --hash=sha256:{}\n", "0".repeat(64))).collect();
    project.commit(&[("requirements.txt", &list.concat())], "First").await;
    let site = project.folder.path().join(".venv/lib/python3.13/site-packages");
    for (name, fields) in [
        ("blank", "License: \n        \n        Terms\nClassifier: License :: OSI Approved :: MIT License"),
        ("file", "License-File: COPYING"),
        ("new", "License-Expression: MIT\nLicense: GPL"),
        ("classified", "License: see LICENSE\nClassifier: License :: OSI Approved :: MIT License"),
        ("vague", "Classifier: License :: OSI Approved :: BSD License"),
        ("long", "License: Copyright (c) the authors\n        Permission is hereby granted"),
        ("mixed_name", "License: Apache-2.0"),
    ] {
        let metadata = format!("Metadata-Version: 2.4\nName: {name}\nVersion: 1.0.0\n{fields}\n\nLicense: MIT\n");
        write(&site.join(format!("{name}-1.0.0.dist-info/METADATA")), &metadata);
    }
    let seen = look(&project, json!({}), Environment::default()).await;
    let subjects: Vec<&str> = seen.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["file:COPYING", "long:Copyright (c) the authors", "vague:OSI Approved :: BSD License"],
        "{seen:?}"
    );
    assert_eq!(seen.looked_at.undecided, [] as [&str; 0]);
}

#[tokio::test]
async fn a_configuration_that_means_nothing_is_refused() {
    for (section, part) in [
        (json!({"allow": ["Permissive"]}), "`Permissive`"),
        (json!({"exceptions": [{"package": "a", "allow": ["MIT"], "reason": " "}]}), "no `reason`"),
        (json!({"exceptions": [{"package": "a", "reason": "x"}]}), "neither"),
        (json!({"exceptions": [{"package": "a", "license": "see file", "reason": "x"}]}), "`see file`"),
        (json!({"exceptions": [{"package": "a{", "allow": ["MIT"], "reason": "x"}]}), "not a glob"),
    ] {
        let error = build("licenses", section).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(part), "{text}");
    }
}
