//! `pnpm-lock.yaml` of the versions 6 and 9: <https://github.com/pnpm/spec/blob/master/lockfile/9.0.md>.

use std::collections::{BTreeMap, HashMap};

use super::graph::{Graph, Node, Sort};
use super::npm::digests;
use super::{Ecosystem, Lock, PackageDigest};
use crate::yaml::{self, Content, Document, Id};

/// The parts of a package or an importer that name what it needs, and whether for development only.
const NEEDS: [(&str, bool); 3] = [("dependencies", false), ("optionalDependencies", false), ("devDependencies", true)];

pub(super) fn read(text: &str) -> Result<Lock, String> {
    // pnpm itself may lock its own version in a document before the project's.
    let documents = yaml::documents(text).map_err(|problem| match problem.line {
        Some(line) => format!("{} in line {line}", problem.what),
        None => problem.what,
    })?;
    let mut lock = Lock::default();
    for document in &documents {
        read_document(document, &mut lock.graph)?;
    }
    if documents.is_empty() { Err("is empty".to_owned()) } else { Ok(lock) }
}

fn read_document(document: &Document, graph: &mut Graph) -> Result<(), String> {
    let top = Map::of(document, None);
    let version = top.text("lockfileVersion").ok_or("is no pnpm-lock.yaml: it says no `lockfileVersion`")?;
    if !matches!(version.split('.').next(), Some("6" | "7" | "9")) {
        return Err(format!("is a pnpm-lock.yaml of version {version}; versions 6 and 9 are read"));
    }
    let mut reader = Reader { graph, places: HashMap::new(), needs: Vec::new() };
    for (key, value) in top.map("packages").pairs {
        if let Some(name) = document.text(*key) {
            reader.package(name, &Map::of(document, Some(*value)), document.get(*key).start.line);
        }
    }
    for (key, id) in top.map("snapshots").entries() {
        if let Some(place) = reader.places.get(identity(key)).copied() {
            reader.needs_of(place, &Map::of(document, Some(id)));
        }
    }
    let importers = top.map("importers").entries();
    if importers.is_empty() {
        reader.importer(".", &top);
    }
    for (name, id) in importers {
        reader.importer(name, &Map::of(document, Some(id)));
    }
    let Reader { graph, places, needs } = reader;
    for (from, name, version, is_dev) in needs {
        // A version may be another package's, under which this one goes.
        let (own, other) = (format!("{name}@{version}"), identity(&version));
        if let Some(to) = places.get(identity(&own)).or_else(|| places.get(other)) {
            graph.0[from].needs.push((*to, is_dev));
        }
    }
    Ok(())
}

struct Reader<'a> {
    graph: &'a mut Graph,
    /// By name and version, without what its peers are.
    places: HashMap<String, usize>,
    /// Who needs which name in which version, and whether for development only.
    needs: Vec<(usize, String, String, bool)>,
}

impl Reader<'_> {
    fn package(&mut self, key: &str, entry: &Map<'_>, line: u32) {
        let key = identity(key);
        let (name, version) = name_and_version(key);
        let is_of_registry = semver::Version::parse(version).is_ok();
        let sort = if is_of_registry { Sort::Registry(Ecosystem::Npm) } else { Sort::Foreign };
        let place = match self.places.get(key) {
            Some(place) => *place,
            None => {
                let integrity = entry.map("resolution").text("integrity").map(digests).unwrap_or_default();
                let node = node(sort, entry.text("name").unwrap_or(name), version, line, integrity);
                let place = self.graph.add(Node { is_dev: entry.text("dev").map(|dev| dev == "true"), ..node });
                self.places.insert(key.to_owned(), place);
                place
            }
        };
        self.needs_of(place, entry);
    }

    fn needs_of(&mut self, place: usize, entry: &Map<'_>) {
        for (part, is_dev) in NEEDS {
            let map = entry.map(part);
            for (name, id) in map.entries() {
                // An importer says also what it asked for, and before version 9 there was no more than the version.
                let version = map.document.text(id).or_else(|| Map::of(map.document, Some(id)).text("version"));
                let Some(version) = version else { continue };
                self.needs.push((place, name.to_owned(), version.to_owned(), is_dev));
            }
        }
    }

    fn importer(&mut self, name: &str, entry: &Map<'_>) {
        let place = self.graph.add(Node { sort: Sort::Own, name: name.to_owned(), ..Node::default() });
        self.needs_of(place, entry);
    }
}

fn node(sort: Sort, name: &str, version: &str, line: u32, digests: Vec<PackageDigest>) -> Node {
    let is_named = !name.is_empty() && !version.is_empty();
    let sort = if is_named { sort } else { Sort::Foreign };
    Node { sort, name: name.to_owned(), version: version.to_owned(), line: Some(line), digests, ..Node::default() }
}

/// Returns a key without the slash of version 6, and without the peers behind it.
fn identity(key: &str) -> &str {
    let key = key.strip_prefix('/').unwrap_or(key);
    key.find('(').map_or(key, |at| &key[..at])
}

fn name_and_version(key: &str) -> (&str, &str) {
    match key.char_indices().skip(1).find(|(_, letter)| *letter == '@') {
        Some((at, _)) => (&key[..at], &key[at + 1..]),
        None => (key, ""),
    }
}

/// A mapping, or none.
struct Map<'a> {
    document: &'a Document,
    pairs: &'a [(Id, Id)],
}

impl<'a> Map<'a> {
    fn of(document: &'a Document, id: Option<Id>) -> Self {
        let pairs = match id.map_or(&document.root().content, |id| &document.get(id).content) {
            Content::Mapping(pairs) => pairs.as_slice(),
            Content::Scalar(..) | Content::Sequence(_) => &[],
        };
        Self { document, pairs }
    }

    fn get(&self, key: &str) -> Option<Id> {
        self.pairs.iter().find(|(name, _)| self.document.text(*name) == Some(key)).map(|(_, value)| *value)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.document.text(self.get(key)?)
    }

    fn map(&self, key: &str) -> Self {
        match self.get(key) {
            Some(id) => Self::of(self.document, Some(id)),
            None => Self { document: self.document, pairs: &[] },
        }
    }

    /// Returns the values by their keys, as far as these are scalars.
    fn entries(&self) -> BTreeMap<&'a str, Id> {
        self.pairs.iter().filter_map(|(key, value)| Some((self.document.text(*key)?, *value))).collect()
    }
}
