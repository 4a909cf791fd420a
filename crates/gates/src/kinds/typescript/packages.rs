//! What is installed for a project: its own type checkers, or the compiler that comes with Charter.

use std::fs;
use std::path::{Path, PathBuf};

use charter_host::Environment;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::within;
use crate::{GateError, tools};

/// A larger `package.json` is not read, in bytes.
const SIZE_LIMIT: u64 = 1 << 20;

/// What a folder's `package.json` asks for, and what is installed.
#[derive(Debug)]
pub(super) struct Packages {
    /// The folder that the checkers take for the project's: that of its `package.json`.
    pub(super) folder: PathBuf,
    /// The folders `node_modules` that are searched, the nearest first.
    modules: Vec<PathBuf>,
    asks_for: Manifest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Manifest {
    dependencies: Map<String, Value>,
    dev_dependencies: Map<String, Value>,
}

/// A program that Node runs.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) script: PathBuf,
    /// Whether a project is strict unless it says otherwise.
    pub(super) is_strict: bool,
}

impl Packages {
    /// Finds what is installed for a folder within the project's `root`.
    ///
    /// # Errors
    /// What to type, as a sentence, when packages are asked for and none is installed; or why that cannot be told.
    pub(super) fn find(folder: &Path, root: &Path) -> Result<Self, String> {
        let mut above = folder.ancestors().take_while(|above| above.starts_with(root));
        let own = above.clone().find(|above| above.join("package.json").is_file()).unwrap_or(root);
        let modules: Vec<PathBuf> =
            above.by_ref().map(|above| above.join("node_modules")).filter(|modules| modules.is_dir()).collect();
        let path = own.join("package.json");
        let asks_for = if path.is_file() { manifest(&path) } else { Some(Manifest::default()) };
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        let asks_for =
            asks_for.ok_or_else(|| format!("`{shown}` cannot be read, so it is not known what is installed"))?;
        if modules.is_empty() && !(asks_for.dependencies.is_empty() && asks_for.dev_dependencies.is_empty()) {
            return Err(format!(
                "what `{shown}` asks for is not installed; install it with `{}`",
                installer(own, root)
            ));
        }
        Ok(Self { folder: own.to_owned(), modules, asks_for })
    }

    /// Says whether a package is asked for.
    pub(super) fn ask_for(&self, package: &str) -> bool {
        self.asks_for.dependencies.contains_key(package) || self.asks_for.dev_dependencies.contains_key(package)
    }

    /// Returns the program of a name that an installed package brings. The links in `node_modules/.bin` are of no use: some
    /// are scripts of a shell, and `astro-check` cannot be run by itself.
    pub(super) fn program(&self, package: &str, name: &str) -> Option<Program> {
        let folder = self.modules.iter().map(|modules| modules.join(package)).find(|folder| folder.is_dir())?;
        let script =
            own(&folder)?.program(name).and_then(|script| Some(folder.join(within(Path::new(""), script)?)))?;
        script.is_file().then(|| Program { script, is_strict: self.is_strict() })
    }

    /// Returns the project's compiler, or Charter's where it has none.
    pub(super) fn compiler(&self, environment: &Environment) -> Result<Program, GateError> {
        match self.program("typescript", "tsc") {
            Some(program) => Ok(program),
            None => {
                let script = tools::find(environment, "typescript/bin/tsc")?;
                let is_strict = script.ancestors().nth(2).is_some_and(is_strict_by_default);
                Ok(Program { script, is_strict })
            }
        }
    }

    fn is_strict(&self) -> bool {
        let installed = self.modules.iter().map(|modules| modules.join("typescript")).find(|folder| folder.is_dir());
        installed.is_some_and(|folder| is_strict_by_default(&folder))
    }
}

/// What a package says of itself.
#[derive(Deserialize)]
struct Own {
    #[serde(default)]
    version: String,
    #[serde(default)]
    bin: Value,
}

impl Own {
    fn program(&self, name: &str) -> Option<&str> {
        self.bin.get(name).unwrap_or(&self.bin).as_str()
    }
}

fn own(package: &Path) -> Option<Own> {
    serde_json::from_str(&text(&package.join("package.json"))?).ok()
}

/// Says whether an installed compiler takes `strict` for on when nobody says so, as it does from version 6 on.
fn is_strict_by_default(package: &Path) -> bool {
    let major = own(package).and_then(|own| own.version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major >= 6)
}

fn manifest(path: &Path) -> Option<Manifest> {
    serde_json::from_str(&text(path)?).ok()
}

fn text(path: &Path) -> Option<String> {
    let is_small = fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() <= SIZE_LIMIT);
    is_small.then(|| fs::read_to_string(path).ok()).flatten()
}

/// Returns the line that installs what a lock file says, wherever above it is.
fn installer(folder: &Path, root: &Path) -> &'static str {
    const BY_LOCK: [(&str, &str); 6] = [
        ("package-lock.json", "npm ci"),
        ("npm-shrinkwrap.json", "npm ci"),
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
        ("yarn.lock", "yarn install"),
        ("bun.lock", "bun install"),
        ("bun.lockb", "bun install"),
    ];
    let mut above = folder.ancestors().take_while(|above| above.starts_with(root));
    let known = above.find_map(|above| BY_LOCK.iter().find(|(lock, _)| above.join(lock).is_file()));
    known.map_or("npm install", |(_, line)| line)
}
