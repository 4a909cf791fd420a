//! The house rules that a machine can check: layers, names, generated files, dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use charter_tests::{command, run};
use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata() -> Value {
    // For this platform only: what others need was never downloaded.
    let version = run(command("rustc").arg("--verbose").arg("--version")).expect(0).stdout;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut cargo = command(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host]);
    let ran = run(cargo.current_dir(repository())).expect(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Who may import whom, of our own crates. A crate may always import those that an imported one may.
const LAYERS: &[(&str, &[&str])] = &[
    ("charter-deploy-model", &[]),
    ("charter-host", &["charter-deploy-model"]),
    ("charter-artifact", &["charter-deploy-model", "charter-host"]),
    ("charter-repository", &["charter-deploy-model", "charter-host"]),
    ("charter-browser", &["charter-deploy-model", "charter-host"]),
    ("charter-store", &["charter-deploy-model", "charter-host"]),
    ("charter-backup", &["charter-deploy-model", "charter-host"]),
    ("charter-github", &["charter-deploy-model", "charter-host"]),
    (
        "charter-gates",
        &[
            "charter-artifact",
            "charter-browser",
            "charter-deploy-model",
            "charter-github",
            "charter-host",
            "charter-repository",
        ],
    ),
    ("charter-monitor", &["charter-browser", "charter-deploy-model", "charter-host"]),
    ("charter-notify", &["charter-deploy-model", "charter-host"]),
    ("charter-dashboard", &["charter-deploy-model", "charter-host"]),
    ("charter-targets", &["charter-artifact", "charter-deploy-model", "charter-host", "charter-repository"]),
    ("charter-report", &["charter-deploy-model"]),
    (
        "charter-pipeline",
        &[
            "charter-artifact",
            "charter-backup",
            "charter-deploy-model",
            "charter-gates",
            "charter-github",
            "charter-host",
            "charter-repository",
            "charter-store",
            "charter-targets",
        ],
    ),
];

#[test]
fn arrows_run_downwards() {
    let metadata = metadata();
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    for package in metadata["packages"].as_array().unwrap() {
        let (id, name) = (package["id"].as_str().unwrap(), package["name"].as_str().unwrap());
        let Some(allowed) = layers.get(name).filter(|_| members.contains(id)) else { continue };
        for dependency in package["dependencies"].as_array().unwrap() {
            let imported = dependency["name"].as_str().unwrap();
            let ours = imported.starts_with("charter");
            let for_tests = dependency["kind"] == "dev";
            assert!(!ours || for_tests || allowed.contains(&imported), "{name} must not import {imported}");
        }
    }
}

#[test]
fn only_one_crate_names_each_heavy_dependency() {
    for (dependency, only) in [
        ("git2", "repository"),
        ("reqwest", "github, host, notify, pipeline"),
        ("tlog_tiles", "store"),
        ("axum", "dashboard, monitor, targets, testkit"),
    ] {
        for entry in std::fs::read_dir(repository().join("crates")).unwrap() {
            let folder = entry.unwrap().path();
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let manifest: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
            let dependencies = manifest.get("dependencies");
            let names_it = dependencies.is_some_and(|dependencies| dependencies.get(dependency).is_some());
            assert!(!names_it || only.split(", ").any(|one| one == name), "{name} names {dependency}");
        }
    }
}

#[test]
fn every_crate_says_what_it_is_in_the_same_words_everywhere() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    for entry in std::fs::read_dir(repository().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let manifest: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
        let caption = manifest["package"]["description"].as_str().unwrap().to_owned();
        let library = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap();
        assert_eq!(library.lines().next().unwrap(), format!("//! {caption}"), "{name}");
        assert!(readme.contains(&format!("| `{name}` | {caption} |")), "README.md lacks the row of {name}");
        let package = manifest["package"]["name"].as_str().unwrap();
        let expected = if name == "charter" { "charter".to_owned() } else { format!("charter-{name}") };
        assert_eq!(package, expected);
    }
}

/// Every Rust file of the workspace.
fn sources() -> Vec<PathBuf> {
    let listed =
        run(command("find").arg(repository()).args(["-name", "*.rs", "-not", "-path", "*/target/*"])).expect(0);
    listed.stdout.lines().map(PathBuf::from).collect()
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! ") || text.starts_with("#!"), "{} has no `//!`", path.display());
    }
}

#[test]
fn only_one_place_writes_what_must_survive() {
    const ITS_MEANS: [&str; 6] = ["fs::rename(", "hard_link(", "::symlink(", "sync_all(", "sync_data(", "syncfs("];
    let crates = repository().join("crates");
    for path in sources().iter().filter(|path| path.starts_with(&crates) && !path.starts_with(crates.join("host"))) {
        if !path.components().any(|part| part.as_os_str() == "src") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for means in ITS_MEANS {
            assert!(!code.contains(means), "{} uses `{means}`, which is host::durable's", path.display());
        }
    }
}

#[test]
fn no_module_is_a_drawer_for_odds_and_ends() {
    const FORBIDDEN: [&str; 8] = ["util", "utils", "common", "helpers", "misc", "manager", "service", "handler"];
    for path in sources() {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!FORBIDDEN.contains(&stem.as_str()), "{} has a name that says nothing", path.display());
    }
}

#[test]
fn every_gate_says_what_it_found_in_public_projects() {
    let missing: Vec<&str> = (charter_gates::standard().kinds())
        .map(|kind| kind.id)
        .filter(|id| !repository().join(format!("crates/gates/samples/{id}.md")).is_file())
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "crates/gates/samples/<gate>.md");
}

#[test]
fn generated_files_are_up_to_date() {
    for (name, text) in charter::Charter::new().generated_files() {
        let present = std::fs::read_to_string(repository().join(&name)).unwrap_or_default();
        assert_eq!(present, text, "{name} is out of date: run `cargo xtask codegen`");
    }
}

#[test]
fn dependencies_keep_to_the_policy() {
    let policy: toml::Table = std::fs::read_to_string(repository().join("deny.toml")).unwrap().parse().unwrap();
    let allowed: BTreeSet<&str> =
        policy["licenses"]["allow"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
    let banned: BTreeSet<&str> =
        policy["bans"]["deny"].as_array().unwrap().iter().filter_map(banned_everywhere).collect();
    // What is really compiled, on this platform: name, version, where it is from, licence.
    let mut cargo = command(env!("CARGO"));
    cargo.args(["tree", "--workspace", "--locked", "--offline", "--prefix", "none", "--format", "{p}\t{l}"]);
    let tree = run(cargo.current_dir(repository())).expect(0).stdout;
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (package, license) = line.split_once('\t').unwrap();
        let (name, rest) = package.split_once(' ').unwrap();
        assert!(!banned.contains(name), "{name} is banned in deny.toml");
        assert!(!rest.contains("://"), "{package} does not come from the registry");
        assert!(is_allowed(license.trim_end_matches(" (*)"), &allowed), "{package} is under `{license}`");
    }
}

/// Returns the crate of a ban that excepts nobody; who may bring one in all the same is cargo-deny's to see.
fn banned_everywhere(ban: &toml::Value) -> Option<&str> {
    ban.get("crate")?.as_str().filter(|_| ban.get("wrappers").is_none())
}

/// Whether an SPDX expression can be met with the allowed licences. `/` is an old way of writing `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    expression.split(" AND ").all(|part| part.split(" OR ").any(|license| allowed.contains(license.trim())))
}
