//! Which linters a project uses.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Linter, LinterFormat};

/// A larger manifest is not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Where ESLint looks for its configuration.
const CONFIGURATIONS: [&str; 12] = [
    "eslint.config.js",
    "eslint.config.mjs",
    "eslint.config.cjs",
    "eslint.config.ts",
    "eslint.config.mts",
    "eslint.config.cts",
    ".eslintrc",
    ".eslintrc.js",
    ".eslintrc.cjs",
    ".eslintrc.json",
    ".eslintrc.yaml",
    ".eslintrc.yml",
];

/// Where npm puts the program.
pub(super) const ESLINT: &str = "node_modules/.bin/eslint";

/// Returns ESLint, when the project's `package.json` asks for it and something configures it.
pub(super) fn eslint(project: &Path) -> Option<Linter> {
    let manifest = manifest(&project.join("package.json"))?;
    let asks = |key: &str| manifest.get(key).and_then(|list| list.get("eslint")).is_some();
    let is_asked_for = asks("dependencies") || asks("devDependencies") || asks("optionalDependencies");
    let is_configured =
        manifest.contains_key("eslintConfig") || CONFIGURATIONS.iter().any(|name| project.join(name).is_file());
    let command = [ESLINT, "--format", "json", "."];
    (is_asked_for && is_configured).then(|| linter("eslint", &command, LinterFormat::Eslint))
}

/// Returns clippy, when the project has a `Cargo.toml` and something configures clippy: it compiles the workspace, and
/// many have one only for their chores.
pub(super) fn clippy(project: &Path) -> Option<Linter> {
    let has = |name: &str| project.join(name).is_file();
    let is_configured = || has("clippy.toml") || has(".clippy.toml") || lints_clippy(&project.join("Cargo.toml"));
    let command = ["cargo", "clippy", "--workspace", "--all-targets", "--message-format=json"];
    (has("Cargo.toml") && is_configured()).then(|| linter("clippy", &command, LinterFormat::Clippy))
}

/// Says whether a `Cargo.toml` has a table of clippy's lints. One that cannot be read is for Cargo to complain of.
fn lints_clippy(path: &Path) -> bool {
    let Some(text) = read(path).and_then(|text| String::from_utf8(text).ok()) else { return false };
    let Ok(manifest) = toml::from_str::<toml::Table>(&text) else { return true };
    let has = |lints: Option<&toml::Value>| lints.and_then(|lints| lints.get("clippy")).is_some();
    has(manifest.get("lints")) || has(manifest.get("workspace").and_then(|workspace| workspace.get("lints")))
}

fn linter(name: &str, command: &[&str], format: LinterFormat) -> Linter {
    Linter {
        name: name.to_owned(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        format,
        folder: PathBuf::new(),
        statuses: Vec::new(),
        timeout_seconds: super::four_minutes(),
        severity: Default::default(),
    }
}

fn manifest(path: &Path) -> Option<Map<String, Value>> {
    serde_json::from_slice(&read(path)?).ok()
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(LARGEST).read_to_end(&mut text).ok()?;
    Some(text)
}

/// Says what to type when a linter is not there.
pub(super) fn how_to_get(linter: &Linter, project: &Path) -> String {
    let has = |name: &str| project.join(name).is_file();
    match linter.format {
        LinterFormat::Eslint if has("pnpm-lock.yaml") => "type `pnpm install --frozen-lockfile`".to_owned(),
        LinterFormat::Eslint if has("yarn.lock") => "type `yarn install`".to_owned(),
        LinterFormat::Eslint if has("package-lock.json") => "type `npm ci`".to_owned(),
        LinterFormat::Eslint => "type `npm install`".to_owned(),
        LinterFormat::Clippy => "install Rust with rustup, then type `rustup component add clippy`".to_owned(),
        LinterFormat::Sarif => format!("install `{}`", linter.command[0]),
    }
}
