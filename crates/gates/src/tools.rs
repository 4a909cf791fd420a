//! The programs from npm that gates run, pinned with their lock file, and where they are installed.

use std::path::{Path, PathBuf};

use charter_deploy_model::Digest;
use charter_host::Environment;
use charter_host::durable::{self, DurableError};
use sha2::{Digest as _, Sha256};

use crate::GateError;

/// What npm is told to install: every version exactly.
pub const PACKAGE: &str = include_str!("../../../tools/package.json");

/// What npm is held to, for everything that those need.
pub const LOCK: &str = include_str!("../../../tools/package-lock.json");

/// What pip is told to install: the linter of migrations, whose package on PyPI is the program itself. The one on npm is
/// a script that fetches the program from elsewhere.
pub const SQUAWK: &str = "squawk-cli==2.70.0";

/// What installs them.
pub const SETUP: &str = "cargo xtask setup";

/// Returns the folder that these very versions are installed in: `charter/tools/` and twelve digits of the lock file's
/// digest, in the user's data folder. Nothing, when there is no such folder because nobody has a home.
#[must_use]
pub fn folder(environment: &Environment) -> Option<PathBuf> {
    let named = environment.get("XDG_DATA_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let data = named.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".local/share")))?;
    Some(data.join("charter/tools").join(version()))
}

/// The file that says that everything is in the folder.
const COMPLETE: &str = "complete";

/// Says whether everything is installed in `folder`.
#[must_use]
pub fn is_complete(folder: &Path) -> bool {
    folder.join(COMPLETE).is_file()
}

/// Notes that everything is installed in `folder`.
///
/// # Errors
/// When the note cannot be written.
pub fn note_complete(folder: &Path) -> Result<(), DurableError> {
    durable::replace_derived(&folder.join(COMPLETE), b"")
}

/// Returns the folder that [`SQUAWK`] is installed in, for `pip install --target`: `charter/tools/squawk-cli-2.70.0`.
#[must_use]
pub fn squawk_folder(environment: &Environment) -> Option<PathBuf> {
    Some(folder(environment)?.with_file_name(SQUAWK.replace("==", "-")))
}

/// Returns what tells this set of tools from any other: twelve hexadecimal digits.
#[must_use]
pub fn version() -> String {
    let mut digits = Digest::new(Sha256::digest(LOCK).into()).hex();
    digits.truncate(12);
    digits
}

/// Returns where a file of an installed package is, such as `axe-core/axe.min.js`.
pub(crate) fn find(environment: &Environment, file: &str) -> Result<PathBuf, GateError> {
    let path = folder(environment).map(|folder| folder.join("node_modules").join(file));
    path.filter(|path| path.is_file()).ok_or_else(|| {
        let package = file.split('/').next().unwrap_or(file);
        GateError::Unavailable { reason: format!("`{package}` is not installed; install it with `{SETUP}`") }
    })
}
