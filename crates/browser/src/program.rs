//! Where Chromium is.

use std::path::{Path, PathBuf};

use charter_host::Environment;

/// The names under which it is installed, the free one first.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// Returns the Chromium that `PATH` leads to, or that `CHROME_PATH` names, as Lighthouse has it too.
#[must_use]
pub fn find(environment: &Environment) -> Option<PathBuf> {
    let is_there = |path: &Path| path.metadata().is_ok_and(|metadata| metadata.is_file());
    let named = environment.get("CHROME_PATH").map(PathBuf::from).filter(|path| is_there(path));
    named.or_else(|| {
        let path = environment.get("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
        NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| is_there(path))
    })
}
