//! What a project asks for without a lock file that says what it gets.

use charter_repository::{Blobs, CommittedFile, FileSort};
use serde_json::Value as Json;
use toml::{Table, Value};

use super::{is_requirements, some_of};

/// A larger manifest is taken to need something, in bytes.
const SIZE_LIMIT: u64 = 1 << 20;
/// Lock files that are not read, and of what they are.
const UNREAD: [&str; 15] = [
    "Gemfile.lock",
    "Package.resolved",
    "Podfile.lock",
    "bun.lock",
    "bun.lockb",
    "composer.lock",
    "conan.lock",
    "deno.lock",
    "go.sum",
    "gradle.lockfile",
    "mix.lock",
    "packages.lock.json",
    "pdm.lock",
    "pubspec.lock",
    "yarn.lock",
];
const OF_NPM: [&str; 7] =
    ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb", "deno.lock"];
const OF_PYTHON: [&str; 4] = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"];

/// Says which lock files cannot be read, and which manifests have none in their folder or one above.
pub(super) fn without_lock(files: &[CommittedFile], blobs: &Blobs) -> Vec<String> {
    let name = |path: &str| path.rsplit('/').next().map(str::to_owned).unwrap_or_default();
    let mut sentences: Vec<String> = files
        .iter()
        .filter(|file| UNREAD.contains(&name(&file.path).as_str()))
        .map(|file| format!("`{}` is a lock file that cannot be read yet; leave it out with `exclude`", file.path))
        .collect();
    for (manifest, needs_something, is_lock) in MANIFESTS {
        let locks: Vec<&str> =
            files.iter().filter(|file| is_lock(&file.path, &name(&file.path))).map(|file| folder(&file.path)).collect();
        let without = files.iter().filter(|file| {
            let own = folder(&file.path);
            name(&file.path) == *manifest
                && file.sort != FileSort::Link
                && !locks.iter().any(|lock| is_within(own, lock))
                && needs_something(file, blobs)
        });
        let without: Vec<&str> = without.map(|file| file.path.as_str()).collect();
        if !without.is_empty() {
            let names = some_of(without.iter().copied());
            sentences.push(format!("what is installed for {names} is unknown: there is no lock file"));
        }
    }
    sentences
}

/// A manifest's name, whether one needs anything, and whether a path is a lock file for it.
type Manifest = (&'static str, fn(&CommittedFile, &Blobs) -> bool, fn(&str, &str) -> bool);

const MANIFESTS: &[Manifest] = &[
    ("package.json", package_json, |_, name| OF_NPM.contains(&name)),
    ("Cargo.toml", cargo_toml, |_, name| name == "Cargo.lock"),
    ("pyproject.toml", pyproject, |path, name| OF_PYTHON.contains(&name) || is_requirements(path, name)),
    ("Pipfile", |_, _| true, |_, name| name == "Pipfile.lock"),
];

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

fn is_within(folder: &str, outer: &str) -> bool {
    outer.is_empty() || folder == outer || folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

/// Reads a manifest and asks about it; one that cannot be read may need something.
fn ask(file: &CommittedFile, blobs: &Blobs, needs: impl FnOnce(&str) -> Option<bool>) -> bool {
    if blobs.size(file.blob).map_or(true, |size| size > SIZE_LIMIT) {
        return true;
    }
    let answer = blobs.read(file.blob, |content| std::str::from_utf8(content).ok().and_then(needs));
    answer.ok().flatten().unwrap_or(true)
}

fn package_json(file: &CommittedFile, blobs: &Blobs) -> bool {
    ask(file, blobs, |text| {
        let manifest: Json = serde_json::from_str(text).ok()?;
        let parts = ["dependencies", "devDependencies", "optionalDependencies"];
        let names = |part: &&str| manifest.get(part).and_then(Json::as_object).is_some_and(|names| !names.is_empty());
        Some(parts.iter().any(names))
    })
}

fn cargo_toml(file: &CommittedFile, blobs: &Blobs) -> bool {
    ask(file, blobs, |text| {
        let manifest: Table = toml::from_str(text).ok()?;
        let has = |table: &Table| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .iter()
                .any(|part| table.get(*part).and_then(Value::as_table).is_some_and(|names| !names.is_empty()))
        };
        let targets = manifest.get("target").and_then(Value::as_table);
        Some(has(&manifest) || targets.is_some_and(|targets| targets.values().any(|t| t.as_table().is_some_and(has))))
    })
}

fn pyproject(file: &CommittedFile, blobs: &Blobs) -> bool {
    ask(file, blobs, |text| {
        let manifest: Table = toml::from_str(text).ok()?;
        let is_there = |table: Option<&Value>, part: &str| match table.and_then(|table| table.get(part)) {
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Table(items)) => items.keys().any(|name| name != "python"),
            _ => false,
        };
        let project = manifest.get("project");
        let poetry = manifest.get("tool").and_then(|tool| tool.get("poetry"));
        Some(is_there(project, "dependencies") || is_there(poetry, "dependencies"))
    })
}
