//! `Cargo.lock`, versions 1 to 4: <https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>.

use std::collections::HashMap;

use serde::Deserialize;
use toml::Spanned;

use super::graph::{Graph, Node, Sort};
use super::lines::Lines;
use super::{Ecosystem, Lock, PackageDigest};

#[derive(Deserialize)]
struct File {
    version: Option<u32>,
    #[serde(default)]
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: Spanned<String>,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

pub(super) fn read(text: &str) -> Result<Lock, String> {
    let File { version, package: entries } =
        toml::from_str(text).map_err(|error| format!("is no Cargo.lock: {}", error.message()))?;
    if let Some(version) = version.filter(|version| *version > 4) {
        return Err(format!("is a Cargo.lock of version {version}, which is not known"));
    }
    let lines = Lines::of(text);
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, entry) in entries.iter().enumerate() {
        by_name.entry(entry.name.get_ref()).or_default().push(number);
    }
    let mut unknown = Vec::new();
    let mut graph = Graph::default();
    for entry in &entries {
        let name = entry.name.get_ref();
        if name.is_empty() || entry.version.is_empty() {
            unknown.push("has a package without a name or a version".to_owned());
        }
        let needs = entry.dependencies.iter().filter_map(|needed| resolve(needed, &by_name, &entries));
        let checksum = entry.checksum.as_ref().filter(|hex| is_sha256(hex));
        graph.add(Node {
            sort: sort(entry),
            name: name.clone(),
            version: entry.version.clone(),
            line: Some(lines.line(entry.name.span().start)),
            needs: needs.map(|needed| (needed, false)).collect(),
            digests: checksum.map(|hex| PackageDigest { algorithm: "SHA-256", hex: hex.clone() }).into_iter().collect(),
            ..Node::default()
        });
    }
    Ok(Lock { graph, unknown, ..Lock::default() })
}

fn is_sha256(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn sort(entry: &Entry) -> Sort {
    if entry.name.get_ref().is_empty() || entry.version.is_empty() {
        return Sort::Foreign;
    }
    match entry.source.as_deref() {
        None => Sort::Own,
        Some(
            "registry+https://github.com/rust-lang/crates.io-index"
            | "registry+sparse+https://index.crates.io/"
            | "sparse+https://index.crates.io/",
        ) => Sort::Registry(Ecosystem::CratesIo),
        Some(_) => Sort::Foreign,
    }
}

/// Finds what `name`, `name version` or `name version (source)` means.
fn resolve(needed: &str, by_name: &HashMap<&str, Vec<usize>>, entries: &[Entry]) -> Option<usize> {
    let mut words = needed.splitn(3, ' ');
    let candidates = by_name.get(words.next()?)?;
    let (version, source) = (words.next(), words.next().map(|source| source.trim_matches(['(', ')'])));
    candidates.iter().copied().find(|number| {
        let entry = &entries[*number];
        version.is_none_or(|version| entry.version == version)
            && source.is_none_or(|source| entry.source.as_deref().is_some_and(|own| own.starts_with(source)))
    })
}
