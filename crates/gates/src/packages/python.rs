//! Lock files of Python: those of uv, Poetry and Pipenv.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{Spanned, Table, Value};

use super::graph::{Graph, Node, Sort};
use super::lines::Lines;
use super::{Ecosystem, Lock, PackageDigest};

#[derive(Deserialize)]
struct UvFile {
    version: Option<u32>,
    #[serde(default)]
    package: Vec<UvEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UvEntry {
    name: Spanned<String>,
    version: Option<String>,
    #[serde(default)]
    source: Table,
    #[serde(default)]
    dependencies: Vec<UvNeed>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<UvNeed>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<UvNeed>>,
    sdist: Option<Archive>,
    #[serde(default)]
    wheels: Vec<Archive>,
}

#[derive(Deserialize)]
struct UvNeed {
    name: String,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Archive {
    hash: Option<String>,
}

/// Reads `uv.lock`, version 1: <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>.
pub(super) fn read_uv(text: &str) -> Result<Lock, String> {
    let UvFile { version, package: entries } =
        toml::from_str(text).map_err(|error| format!("is no uv.lock: {}", error.message()))?;
    match version {
        Some(1) => {}
        Some(version) => return Err(format!("is a uv.lock of version {version}, which is not known")),
        None => return Err("is no uv.lock: it says no `version`".to_owned()),
    }
    let lines = Lines::of(text);
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, entry) in entries.iter().enumerate() {
        by_name.entry(Ecosystem::PyPi.normal_name(entry.name.get_ref())).or_default().push(number);
    }
    // One name may be there in many versions, for different Pythons; whoever does not say which needs them all.
    let meant = |need: &UvNeed| -> Vec<usize> {
        let candidates = by_name.get(&Ecosystem::PyPi.normal_name(&need.name)).cloned().unwrap_or_default();
        let fits = |number: &usize| need.version.is_none() || entries[*number].version == need.version;
        candidates.into_iter().filter(fits).collect()
    };
    let mut graph = Graph::default();
    for entry in &entries {
        let for_use = entry.dependencies.iter().chain(entry.optional_dependencies.values().flatten());
        let for_use = for_use.flat_map(&meant).map(|number| (number, false));
        let for_dev = entry.dev_dependencies.values().flatten().flat_map(&meant).map(|number| (number, true));
        let is_own = ["editable", "virtual"].iter().any(|key| entry.source.contains_key(*key));
        let is_of_registry = entry.source.get("registry").and_then(Value::as_str).is_some_and(is_pypi);
        let archives = entry.sdist.iter().chain(&entry.wheels);
        graph.add(Node {
            sort: match &entry.version {
                _ if is_own => Sort::Own,
                Some(version) if is_of_registry && !version.is_empty() && !entry.name.get_ref().is_empty() => {
                    Sort::Registry(Ecosystem::PyPi)
                }
                _ => Sort::Foreign,
            },
            name: entry.name.get_ref().clone(),
            version: entry.version.clone().unwrap_or_default(),
            line: Some(lines.line(entry.name.span().start)),
            needs: for_use.chain(for_dev).collect(),
            digests: archives.filter_map(|archive| sha256(archive.hash.as_deref()?)).collect(),
            ..Node::default()
        });
    }
    Ok(Lock { graph, ..Lock::default() })
}

/// A mirror has the same packages; what else is in a registry of one's own nobody can tell, so it is looked up.
fn is_pypi(registry: &str) -> bool {
    registry.starts_with("https://") || registry.starts_with("http://")
}

#[derive(Deserialize)]
struct PoetryFile {
    #[serde(default)]
    package: Vec<PoetryEntry>,
    metadata: Option<Table>,
}

#[derive(Deserialize)]
struct PoetryEntry {
    name: Spanned<String>,
    version: String,
    category: Option<String>,
    groups: Option<Vec<String>>,
    source: Option<Table>,
    #[serde(default)]
    dependencies: Table,
    #[serde(default)]
    files: Vec<Archive>,
}

/// Reads `poetry.lock`: <https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock>.
pub(super) fn read_poetry(text: &str) -> Result<Lock, String> {
    let PoetryFile { package: entries, metadata } =
        toml::from_str(text).map_err(|error| format!("is no poetry.lock: {}", error.message()))?;
    if metadata.is_none() {
        return Err("is no poetry.lock: it has no `metadata`".to_owned());
    }
    let lines = Lines::of(text);
    let name_of = |entry: &PoetryEntry| Ecosystem::PyPi.normal_name(entry.name.get_ref());
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, entry) in entries.iter().enumerate() {
        by_name.entry(name_of(entry)).or_default().push(number);
    }
    let mut graph = Graph::default();
    for entry in &entries {
        let needs = entry.dependencies.keys().filter_map(|name| by_name.get(&Ecosystem::PyPi.normal_name(name)));
        let sort = entry.source.as_ref().and_then(|source| source.get("type")).and_then(Value::as_str);
        let is_of_registry = matches!(sort, None | Some("legacy"));
        let is_named = !entry.name.get_ref().is_empty() && !entry.version.is_empty();
        let groups = entry.groups.as_ref().map(|groups| !groups.iter().any(|group| group == "main"));
        graph.add(Node {
            sort: if is_of_registry && is_named { Sort::Registry(Ecosystem::PyPi) } else { Sort::Foreign },
            name: entry.name.get_ref().clone(),
            version: entry.version.clone(),
            line: Some(lines.line(entry.name.span().start)),
            needs: needs.flatten().map(|number| (*number, false)).collect(),
            is_dev: Some(groups.unwrap_or(entry.category.as_deref() == Some("dev"))),
            digests: entry.files.iter().filter_map(|file| sha256(file.hash.as_deref()?)).collect(),
            ..Node::default()
        });
    }
    Ok(Lock { graph, ..Lock::default() })
}

/// Reads `Pipfile.lock`: <https://pipenv.pypa.io/en/stable/pipfile.html>.
pub(super) fn read_pipfile(text: &str) -> Result<Lock, String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(rename = "_meta")]
        meta: Option<serde::de::IgnoredAny>,
        #[serde(flatten)]
        groups: BTreeMap<String, BTreeMap<String, Json>>,
    }
    let File { meta, groups } = serde_json::from_str(text).map_err(|error| format!("is no Pipfile.lock: {error}"))?;
    if meta.is_none() {
        return Err("is no Pipfile.lock: it has no `_meta`".to_owned());
    }
    let mut lock = Lock::default();
    for (group, entries) in &groups {
        for (name, entry) in entries {
            let pinned = entry.get("version").and_then(Json::as_str).and_then(|version| version.strip_prefix("=="));
            let hashes = entry.get("hashes").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let is_elsewhere = ["git", "path", "file", "hg", "svn"].iter().any(|key| entry.get(key).is_some());
            let sort = match pinned.filter(|version| !version.is_empty() && !name.is_empty()) {
                Some(_) => Sort::Registry(Ecosystem::PyPi),
                None => Sort::Foreign,
            };
            if sort == Sort::Foreign && !is_elsewhere {
                lock.unknown.push(format!("does not say which version `{name}` is of"));
            }
            lock.graph.add(Node {
                sort,
                name: name.clone(),
                version: pinned.unwrap_or_default().to_owned(),
                is_dev: Some(group != "default"),
                digests: hashes.iter().filter_map(|hash| sha256(hash.as_str()?)).collect(),
                ..Node::default()
            });
        }
    }
    Ok(lock)
}

/// Reads a digest as pip writes it, `sha256:…`.
pub(super) fn sha256(hash: &str) -> Option<PackageDigest> {
    let hex = hash.strip_prefix("sha256:")?;
    let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| PackageDigest { algorithm: "SHA-256", hex: hex.to_ascii_lowercase() })
}
