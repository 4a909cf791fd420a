//! Where advisories lie on this machine.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use charter_host::Scope;
use charter_repository::Repository;
use rayon::prelude::*;

use super::{Advisory, Database, SIZE_LIMIT, Wanted, archive, osv, rustsec};
use crate::packages::Ecosystem;

/// Folders in folders.
const DEPTH_LIMIT: usize = 12;
/// A folder of more files is not read.
const FILE_LIMIT: usize = 1_000_000;

/// Opens what lies at a path, for the ecosystems in use: archives as osv-scanner keeps them (`npm/all.zip`, also below
/// `osv-scanner/`), one such archive, or a folder of advisories in the form of OSV (`*.json`) or RustSec
/// (`RUSTSEC-*.md`).
///
/// # Errors
/// When nothing can be read there, as the end of a sentence that begins with the path.
pub(crate) fn open(
    path: &Path,
    in_use: &BTreeSet<Ecosystem>,
    wanted: &Wanted,
    scope: &Scope,
) -> Result<Vec<Database>, String> {
    let named = |path: &Path, database: Database| Database { name: path.display().to_string(), ..database };
    let metadata = fs::metadata(path).map_err(|error| format!("could not be opened: {error}"))?;
    if metadata.is_file() {
        return Ok(vec![named(path, archive::read(path, wanted, scope)?)]);
    }
    let layout = [path.to_owned(), path.join("osv-scanner")]
        .into_iter()
        .find(|folder| Ecosystem::ALL.iter().any(|ecosystem| folder.join(ecosystem.name()).join("all.zip").is_file()));
    if let Some(folder) = layout {
        let mut databases = Vec::new();
        for ecosystem in in_use {
            let path = folder.join(ecosystem.name()).join("all.zip");
            if path.is_file() {
                let of_one = archive::read(&path, wanted, scope);
                databases.push(named(&path, of_one.map_err(|what| format!("({ecosystem}) {what}"))?));
            }
        }
        return Ok(databases);
    }
    Ok(vec![named(path, walk(path, wanted, scope)?)])
}

fn walk(folder: &Path, wanted: &Wanted, scope: &Scope) -> Result<Database, String> {
    let mut files = Vec::new();
    list(folder, 0, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err("holds no advisories: neither `*.json` of OSV nor `RUSTSEC-*.md`".to_owned());
    }
    let database = files
        .par_iter()
        .fold(Database::default, |mut database, path| {
            if !scope.cancel.is_cancelled() {
                let shown = path.strip_prefix(folder).unwrap_or(path).display().to_string();
                database.take(&shown, read(path), wanted);
            }
            database
        })
        .reduce(Database::default, Database::join);
    // A clone is as new as the commit that it shows, even when that only took something away.
    let committed = folder.join(".git").exists().then(|| Repository::discover(folder).ok()).flatten();
    let committed = committed.and_then(|clone| clone.committed_at(&clone.head().ok()?.hash));
    Ok(Database { as_of: committed.or(database.as_of), ..database })
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("could not be listed: {error}");
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (name, sort) = (entry.file_name(), entry.file_type().map_err(unreadable)?);
        let name = name.to_string_lossy();
        if sort.is_dir() && !name.starts_with('.') {
            if depth >= DEPTH_LIMIT {
                return Err(format!("has folders more than {DEPTH_LIMIT} deep"));
            }
            list(&entry.path(), depth + 1, files)?;
        } else if sort.is_file() && (name.ends_with(".json") || is_rustsec(&name)) {
            if files.len() >= FILE_LIMIT {
                return Err(format!("holds more than {FILE_LIMIT} files"));
            }
            files.push(entry.path());
        }
    }
    Ok(())
}

fn is_rustsec(name: &str) -> bool {
    name.starts_with("RUSTSEC-") && name.ends_with(".md")
}

fn read(path: &Path) -> Result<Advisory, String> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(|error| format!("could not be opened: {error}"))?;
    file.take(SIZE_LIMIT + 1).read_to_end(&mut content).map_err(|error| format!("could not be read: {error}"))?;
    if content.len() as u64 > SIZE_LIMIT {
        return Err(format!("is larger than {} MiB", SIZE_LIMIT >> 20));
    }
    if path.extension().is_some_and(|ending| ending == "md") { rustsec::read(&content) } else { osv::read(&content) }
}
