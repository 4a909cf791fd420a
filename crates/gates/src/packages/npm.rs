//! `package-lock.json`, versions 1 to 3: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::graph::{Node, Sort};
use super::{Ecosystem, Lock, PackageDigest};

/// Folders in folders, of version 1.
const DEPTH_LIMIT: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    lockfile_version: Option<u32>,
    packages: Option<BTreeMap<String, Entry>>,
    dependencies: Option<BTreeMap<String, OldEntry>>,
}

type Names = BTreeMap<String, IgnoredAny>;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<Value>,
    integrity: Option<String>,
    link: bool,
    dev: Option<bool>,
    license: Option<Value>,
    dependencies: Names,
    optional_dependencies: Names,
    peer_dependencies: Names,
    dev_dependencies: Names,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldEntry {
    version: Option<String>,
    resolved: Option<Value>,
    integrity: Option<String>,
    dev: Option<bool>,
    requires: Option<Value>,
    dependencies: BTreeMap<String, Self>,
}

pub(super) fn read(text: &str) -> Result<Lock, String> {
    let File { lockfile_version, packages, dependencies } =
        serde_json::from_str(text).map_err(|error| format!("is no package-lock.json: {error}"))?;
    if let Some(version) = lockfile_version.filter(|version| *version > 3) {
        return Err(format!("is a package-lock.json of version {version}, which is not known"));
    }
    let entries = match (packages, dependencies) {
        (Some(packages), _) => packages,
        (None, Some(old)) => {
            let mut entries = BTreeMap::new();
            flatten(old, "", &mut entries, 0)?;
            entries
        }
        // npm writes neither where nothing is needed.
        (None, None) if lockfile_version.is_some() => BTreeMap::new(),
        (None, None) => return Err("is no package-lock.json: it names no packages".to_owned()),
    };
    Ok(lock(&entries, &lines(text)))
}

fn lock(entries: &BTreeMap<String, Entry>, lines: &HashMap<&str, u32>) -> Lock {
    let places: HashMap<&str, usize> = entries.keys().enumerate().map(|(place, path)| (path.as_str(), place)).collect();
    let mut lock = Lock::default();
    for (path, entry) in entries {
        let sort = sort(path, entry);
        let name = entry.name.clone().unwrap_or_else(|| name_of(path).to_owned());
        if sort == Sort::Foreign && entry.version.is_none() && !entry.link {
            lock.unknown.push(format!("does not say which version `{path}` is of"));
        }
        let mut needs = Vec::new();
        if entry.link {
            let target = entry.resolved.as_ref().and_then(Value::as_str).and_then(|to| places.get(to));
            needs.extend(target.map(|target| (*target, false)));
        }
        let for_use = [&entry.dependencies, &entry.optional_dependencies, &entry.peer_dependencies];
        for (names, is_dev) in for_use.into_iter().map(|names| (names, false)).chain([(&entry.dev_dependencies, true)])
        {
            needs.extend(names.keys().filter_map(|name| Some((resolve(path, name, &places)?, is_dev))));
        }
        lock.graph.add(Node {
            sort,
            name,
            version: entry.version.clone().unwrap_or_default(),
            line: lines.get(path.as_str()).copied(),
            needs,
            is_dev: entry.dev,
            license: entry.license.as_ref().and_then(license),
            digests: entry.integrity.as_deref().map(digests).unwrap_or_default(),
        });
    }
    lock
}

fn sort(path: &str, entry: &Entry) -> Sort {
    let resolved = entry.resolved.as_ref().and_then(Value::as_str).unwrap_or_default();
    let is_installed = path.starts_with("node_modules/") || path.contains("/node_modules/");
    if entry.link || !is_installed {
        return Sort::Own;
    }
    // Not every registry's archives look the same, so what is not from elsewhere for sure is looked up.
    let elsewhere = ["git", "file:", "https://codeload.github.com/", "https://github.com/", "https://gitlab.com/"];
    match &entry.version {
        Some(version) if !version.is_empty() && !elsewhere.iter().any(|begin| resolved.starts_with(begin)) => {
            if version.contains([':', '/']) { Sort::Foreign } else { Sort::Registry(Ecosystem::Npm) }
        }
        _ => Sort::Foreign,
    }
}

/// Returns the name that an installed package goes by: what stands behind the last `node_modules/`.
fn name_of(path: &str) -> &str {
    path.rfind("node_modules/").map_or(path, |at| &path[at + "node_modules/".len()..])
}

/// Finds what Node would load: from the folder of the one who asks, outwards.
fn resolve(from: &str, name: &str, places: &HashMap<&str, usize>) -> Option<usize> {
    let mut folder = from;
    loop {
        let candidate =
            if folder.is_empty() { format!("node_modules/{name}") } else { format!("{folder}/node_modules/{name}") };
        if let Some(place) = places.get(candidate.as_str()) {
            return Some(*place);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rfind('/').map_or("", |at| &folder[..at]);
    }
}

pub(super) fn license(value: &Value) -> Option<String> {
    let name = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => object.get("type").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    match value {
        // The old form of npm, where any of them may be chosen.
        Value::Array(many) if !many.is_empty() => Some(many.iter().map(name).collect::<Option<Vec<_>>>()?.join(" OR ")),
        value => name(value),
    }
}

/// Reads Subresource Integrity: digests in base64, each with its algorithm.
pub(super) fn digests(integrity: &str) -> Vec<PackageDigest> {
    let one = |part: &str| {
        let (algorithm, digest) = part.split_once('-')?;
        let algorithm = match algorithm {
            "sha1" => "SHA-1",
            "sha256" => "SHA-256",
            "sha384" => "SHA-384",
            "sha512" => "SHA-512",
            _ => return None,
        };
        let bytes = base64::engine::general_purpose::STANDARD.decode(digest.split('?').next()?).ok()?;
        Some(PackageDigest { algorithm, hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect() })
    };
    integrity.split_ascii_whitespace().filter_map(one).collect()
}

/// Brings version 1, where packages lie in each other, into the form of the later ones.
fn flatten(
    old: BTreeMap<String, OldEntry>,
    folder: &str,
    entries: &mut BTreeMap<String, Entry>,
    depth: usize,
) -> Result<(), String> {
    if depth > DEPTH_LIMIT {
        return Err(format!("is nested more than {DEPTH_LIMIT} deep"));
    }
    for (name, entry) in old {
        let path = format!("{folder}{}node_modules/{name}", if folder.is_empty() { "" } else { "/" });
        let requires = match &entry.requires {
            Some(Value::Object(names)) => names.keys().map(|name| (name.clone(), IgnoredAny)).collect(),
            _ => Names::new(),
        };
        // An alias is `npm:<name>@<version>` in place of the version.
        let alias = entry.version.as_deref().and_then(|version| version.strip_prefix("npm:")?.rsplit_once('@'));
        let (real, version) = match alias {
            Some((real, version)) => (Some(real.to_owned()), Some(version.to_owned())),
            None => (None, entry.version.clone()),
        };
        flatten(entry.dependencies, &path, entries, depth + 1)?;
        let new = Entry {
            name: real,
            version,
            resolved: entry.resolved,
            integrity: entry.integrity,
            dev: entry.dev,
            dependencies: requires,
            ..Entry::default()
        };
        entries.insert(path, new);
    }
    Ok(())
}

/// Finds the lines in which packages begin, in a file as npm writes it.
fn lines(text: &str) -> HashMap<&str, u32> {
    let mut lines = HashMap::new();
    for (line, number) in text.lines().zip(1..) {
        if let Some((path, "{")) = line.trim().strip_prefix('"').and_then(|rest| rest.split_once("\": ")) {
            lines.entry(path).or_insert(number);
        }
    }
    lines
}
