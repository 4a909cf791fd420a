//! What packages say of their own licence where they are installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use serde_json::Value;

use super::{Ecosystem, Package, npm};

/// A larger manifest is not read, in bytes.
const SIZE_LIMIT: u64 = 4 << 20;

/// What a package says of its licence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stated {
    /// An expression or any other text.
    Text(String),
    /// The name of a file with the licence's text.
    File(String),
    /// Nothing.
    Nothing,
}

/// Where packages lie on this machine.
#[derive(Debug)]
pub(crate) struct Installed {
    root: PathBuf,
    /// What Cargo unpacked of crates.io, by version of its index.
    crates: Vec<PathBuf>,
    /// Folders of pnpm's store, by the lock file's folder.
    pnpm: BTreeMap<PathBuf, BTreeSet<String>>,
    virtual_env: Option<PathBuf>,
    /// Metadata of Python's packages by their normal name, by the lock file's folder.
    python: BTreeMap<PathBuf, BTreeMap<String, Vec<PathBuf>>>,
}

impl Installed {
    /// `cargo_home` is Cargo's folder, and `virtual_env` the environment of Python that is active.
    pub(crate) fn new(root: &Path, cargo_home: Option<&Path>, virtual_env: Option<PathBuf>) -> Self {
        let of_crates_io = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with("index.crates.io-") || name.starts_with("github.com-")
        };
        let mut crates = cargo_home.map(|home| entries(&home.join("registry/src"))).unwrap_or_default();
        crates.retain(of_crates_io);
        Self { root: root.to_owned(), crates, pnpm: BTreeMap::new(), virtual_env, python: BTreeMap::new() }
    }

    /// Returns what a package says of itself; none when that very version is not installed.
    pub(crate) fn license(&mut self, package: &Package) -> Option<Stated> {
        if !is_plain(&package.name) || !is_plain(&package.version) {
            return None;
        }
        let folder = self.root.join(&package.file).parent()?.to_owned();
        match package.ecosystem {
            Ecosystem::CratesIo => {
                let name = format!("{}-{}", package.name, package.version);
                self.crates.iter().find_map(|index| of_crate(&text(&index.join(&name).join("Cargo.toml"))?, package))
            }
            Ecosystem::Npm => {
                let places = self.of_npm(&folder, package);
                places.iter().find_map(|place| of_node_module(&text(&place.join("package.json"))?, package))
            }
            Ecosystem::PyPi => {
                let environment = self.virtual_env.clone();
                let listed = self.python.entry(folder).or_insert_with_key(|folder| metadata(folder, environment));
                let places = listed.get(&package.ecosystem.normal_name(&package.name))?;
                places.iter().find_map(|place| of_distribution(&text(place)?, package))
            }
        }
    }

    /// Returns where npm and pnpm may have put a package.
    fn of_npm(&mut self, folder: &Path, package: &Package) -> Vec<PathBuf> {
        let modules = folder.join("node_modules");
        let mut places = vec![modules.join(&package.name)];
        let mut nested = modules.clone();
        for parent in package.path.iter().filter(|parent| is_plain(parent)) {
            places.push(modules.join(parent).join("node_modules").join(&package.name));
            nested = nested.join(parent).join("node_modules");
        }
        places.push(nested.join(&package.name));
        let store = modules.join(".pnpm");
        let names = self.pnpm.entry(folder.to_owned()).or_insert_with(|| {
            let names = entries(&store).into_iter();
            names.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
        });
        let begin = format!("{}@{}", package.name.replace('/', "+"), package.version);
        let alike = names.range(begin.clone()..).take_while(|name| name.starts_with(&begin));
        // What follows are the packages that it was put together with.
        let same = alike.filter(|name| matches!(name.as_bytes().get(begin.len()), None | Some(b'_' | b'(')));
        places.extend(same.map(|name| store.join(name).join("node_modules").join(&package.name)));
        places
    }
}

/// Says whether a name can be put into a path without leading elsewhere.
fn is_plain(name: &str) -> bool {
    !name.contains(['\\', ':', '\0']) && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn text(path: &Path) -> Option<String> {
    // Anything but a file, such as a pipe, might never end.
    if !fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() <= SIZE_LIMIT) {
        return None;
    }
    let mut content = String::new();
    fs::File::open(path).ok()?.take(SIZE_LIMIT).read_to_string(&mut content).ok()?;
    Some(content)
}

fn stated(text: Option<&str>) -> Stated {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Stated::Text(text.to_owned()),
        None => Stated::Nothing,
    }
}

/// Reads a manifest of Cargo: <https://doc.rust-lang.org/cargo/reference/manifest.html>.
fn of_crate(manifest: &str, package: &Package) -> Option<Stated> {
    let manifest: toml::Table = toml::from_str(manifest).ok()?;
    let own = manifest.get("package").or_else(|| manifest.get("project"))?;
    let said = |key: &str| own.get(key).and_then(toml::Value::as_str);
    if said("name") != Some(&package.name) || said("version") != Some(&package.version) {
        return None;
    }
    Some(match (stated(said("license")), said("license-file")) {
        (Stated::Nothing, Some(file)) => Stated::File(file.to_owned()),
        (stated, _) => stated,
    })
}

/// Reads a `package.json`: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json#license>.
fn of_node_module(manifest: &str, package: &Package) -> Option<Stated> {
    let manifest: Value = serde_json::from_str(manifest).ok()?;
    let said = |key: &str| manifest.get(key).and_then(Value::as_str);
    if said("name") != Some(&package.name) || said("version") != Some(&package.version) {
        return None;
    }
    let license = ["license", "licenses"].into_iter().find_map(|key| npm::license(manifest.get(key)?));
    Some(stated(license.as_deref()))
}

/// Finds the metadata of what is installed for Python beside a lock file, or in the active environment.
fn metadata(folder: &Path, environment: Option<PathBuf>) -> BTreeMap<String, Vec<PathBuf>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for environment in [folder.join(".venv"), folder.join("venv")].into_iter().chain(environment) {
        let libraries = entries(&environment.join("lib")).into_iter().chain([environment.join("Lib")]);
        for installed in libraries.flat_map(|library| entries(&library.join("site-packages"))) {
            let name = installed.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some((name, _)) = name.strip_suffix(".dist-info").and_then(|name| name.rsplit_once('-')) else {
                continue;
            };
            found.entry(Ecosystem::PyPi.normal_name(name)).or_default().push(installed.join("METADATA"));
        }
    }
    found
}

/// Reads core metadata: <https://packaging.python.org/en/latest/specifications/core-metadata/>.
fn of_distribution(metadata: &str, package: &Package) -> Option<Stated> {
    // A line of spaces goes on with the field before.
    let head = metadata.lines().take_while(|line| !line.is_empty());
    let fields: Vec<(&str, &str)> = head.filter_map(|line| line.split_once(':')).collect();
    let all = |wanted: &'static str| {
        let wanted = fields.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted));
        wanted.map(|(_, value)| value.trim()).filter(|value| !value.is_empty() && *value != "UNKNOWN")
    };
    let version = all("Version").next()?;
    let is_same = match (pep440_rs::Version::from_str(version), pep440_rs::Version::from_str(&package.version)) {
        (Ok(installed), Ok(wanted)) => installed == wanted,
        _ => version == package.version,
    };
    if !is_same || package.ecosystem.normal_name(all("Name").next()?) != package.ecosystem.normal_name(&package.name) {
        return None;
    }
    if let Some(expression) = all("License-Expression").next() {
        return Some(Stated::Text(expression.to_owned()));
    }
    let classifiers: Vec<&str> = all("Classifier")
        .filter_map(|value| value.strip_prefix("License :: "))
        .filter(|name| *name != "OSI Approved")
        .collect();
    let named = match classifiers.as_slice() {
        [one] => of_classifier(one),
        _ => None,
    };
    let license = all("License").next();
    let is_expression = |text: &&str| spdx::Expression::parse_mode(text, spdx::ParseMode::LAX).is_ok();
    let text = license.filter(is_expression).or(named).or(license).map(str::to_owned);
    let text = text.or_else(|| Some(classifiers.join(", ")));
    Some(match (stated(text.as_deref()), all("License-File").next()) {
        (Stated::Nothing, Some(file)) => Stated::File(file.to_owned()),
        (stated, _) => stated,
    })
}

/// Returns what a classifier of PyPI means, where it means one licence only: "BSD License" is any of several.
fn of_classifier(name: &str) -> Option<&'static str> {
    Some(match name.rsplit(" :: ").next()? {
        "MIT License" => "MIT",
        "MIT No Attribution License (MIT-0)" => "MIT-0",
        "ISC License (ISCL)" => "ISC",
        "Mozilla Public License 2.0 (MPL 2.0)" => "MPL-2.0",
        "The Unlicense (Unlicense)" => "Unlicense",
        "Boost Software License 1.0 (BSL-1.0)" => "BSL-1.0",
        "Python Software Foundation License" => "PSF-2.0",
        "GNU General Public License v2 (GPLv2)" => "GPL-2.0-only",
        "GNU General Public License v2 or later (GPLv2+)" => "GPL-2.0-or-later",
        "GNU General Public License v3 (GPLv3)" => "GPL-3.0-only",
        "GNU General Public License v3 or later (GPLv3+)" => "GPL-3.0-or-later",
        "GNU Affero General Public License v3" => "AGPL-3.0-only",
        "GNU Affero General Public License v3 or later (AGPLv3+)" => "AGPL-3.0-or-later",
        "GNU Lesser General Public License v3 (LGPLv3)" => "LGPL-3.0-only",
        "GNU Lesser General Public License v3 or later (LGPLv3+)" => "LGPL-3.0-or-later",
        _ => return None,
    })
}

/// Reads any text as each of the manifests, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(text: &str) {
    for ecosystem in Ecosystem::ALL {
        let package = Package {
            ecosystem,
            name: "a".to_owned(),
            version: "1.0.0".to_owned(),
            file: String::new(),
            line: None,
            is_direct: true,
            is_dev: false,
            path: Vec::new(),
            license: None,
            digests: Vec::new(),
            requires: Vec::new(),
        };
        let read = match ecosystem {
            Ecosystem::CratesIo => of_crate,
            Ecosystem::Npm => of_node_module,
            Ecosystem::PyPi => of_distribution,
        };
        assert_ne!(read(text, &package), Some(Stated::Text(String::new())), "an empty text says nothing");
    }
}
