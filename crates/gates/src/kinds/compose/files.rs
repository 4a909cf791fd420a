//! The Compose files of the commit, and what they name: files they include or extend, Dockerfiles, `.env`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use charter_host::Scope;
use charter_repository::{BlobId, Blobs, FileSort, RepositoryError};
use globset::GlobMatcher;

use super::interpolate::{Values, dotenv, fill};
use super::keys::field;
use crate::yaml::node::Node;
use crate::yaml::{self, Document, Problem};
use crate::{GateError, Source, glob};

/// A larger file is not read, in bytes.
const SIZE_LIMIT: u64 = 1 << 20;
/// More values, aliases written out, are refused.
const EXPANDED_LIMIT: usize = 1_000_000;
/// More files are not looked at.
const FILE_LIMIT: usize = 4096;

/// What is in the commit.
pub(super) struct Commit {
    /// Those that Compose takes without being told first in their folder.
    pub(super) files: Vec<File>,
    /// How many files were read that are none, and how many are templates.
    pub(super) others: u64,
    pub(super) templates: u64,
    /// The Dockerfiles that say how to ask whether their image works.
    pub(super) checked: HashSet<String>,
    pub(super) undecided: Vec<String>,
}

/// A Compose file.
pub(super) struct File {
    pub(super) path: String,
    /// What to compare with what is there now; absent when its lines cannot be told anyway.
    pub(super) blob: Option<BlobId>,
    pub(super) read: Result<Document, Problem>,
    /// The values of the variables that the file `.env` next to it gives.
    pub(super) values: Rc<Values>,
    /// Whether it is there only for others to extend.
    pub(super) is_part: bool,
}

impl File {
    pub(super) fn folder(&self) -> &str {
        folder(&self.path)
    }

    pub(super) fn root(&self) -> Option<Node<'_>> {
        self.read.as_ref().ok().map(Node::root)
    }
}

pub(super) fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the Compose files of the commit".to_owned(), source: source.into() }
}

/// Reads every Compose file of the commit.
pub(super) fn read(
    source: &Source,
    wanted: &[GlobMatcher],
    exclude: &[GlobMatcher],
    scope: &Scope,
) -> Result<Commit, GateError> {
    let all = source.repository.files(&source.commit).map_err(failed)?;
    let all: BTreeMap<String, BlobId> =
        all.into_iter().filter(|file| file.sort != FileSort::Link).map(|file| (file.path, file.blob)).collect();
    let blobs = source.repository.blobs().map_err(failed)?;
    let mut commit =
        Commit { files: Vec::new(), others: 0, templates: 0, checked: HashSet::new(), undecided: Vec::new() };
    let mut environments: HashMap<String, Rc<Values>> = HashMap::new();
    let is_wanted = |path: &String| glob::any(wanted, path) && !glob::any(exclude, path);
    let mut waiting: Vec<(String, bool)> =
        all.keys().filter(|path| is_wanted(path)).map(|path| (path.clone(), false)).rev().collect();
    let mut seen: HashSet<String> = waiting.iter().map(|(path, _)| path.clone()).collect();
    let mut dockerfiles: HashSet<String> = HashSet::new();
    while let Some((path, is_part)) = waiting.pop() {
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        if commit.files.len() >= FILE_LIMIT {
            commit.undecided.push(format!("more than {FILE_LIMIT} Compose files: the others were not judged"));
            break;
        }
        let blob = all[&path];
        let size = blobs.size(blob).map_err(failed)?;
        if size > SIZE_LIMIT {
            commit.undecided.push(format!("`{path}` was not read: it has {size} bytes"));
            continue;
        }
        let is_named = is_part || !needs_a_look(&path);
        let (read, has_lines) = blobs.read(blob, |content| (parse(content), has_lines(content))).map_err(failed)?;
        let read = match read {
            Read::Template => {
                commit.templates += 1;
                continue;
            }
            Read::Document(document) if is_named || is_one(&document) => Ok(document),
            Read::Document(_) => {
                commit.others += 1;
                continue;
            }
            // Where it only adds to others, Compose is content with nothing to add.
            Read::Nothing if !is_named => {
                commit.others += 1;
                continue;
            }
            Read::Nothing => Err(Problem::new("holds nothing", None)),
            Read::Problem(problem) => Err(problem),
        };
        let values = match environments.get(folder(&path)) {
            Some(values) => Rc::clone(values),
            None => {
                let values = all.get(&join(folder(&path), ".env").unwrap_or_default());
                let values = values.map_or_else(|| Ok(Values::new()), |blob| environment(&blobs, *blob));
                let values = Rc::new(values.map_err(failed)?);
                environments.insert(folder(&path).to_owned(), Rc::clone(&values));
                values
            }
        };
        let file = File { path, blob: Some(blob).filter(|_| has_lines), read, values, is_part };
        for (named, is_part) in named_files(&file) {
            match named {
                Ok(path) if all.contains_key(&path) && glob::any(exclude, &path) => {}
                Ok(path) if all.contains_key(&path) => {
                    if seen.insert(path.clone()) {
                        waiting.push((path, is_part));
                    }
                }
                Ok(path) | Err(path) => commit
                    .undecided
                    .push(format!("`{}` names the file `{path}`, which is not in the commit", file.path)),
            }
        }
        dockerfiles.extend(named_dockerfiles(&file));
        commit.files.push(file);
    }
    for path in dockerfiles {
        if let Some(blob) = all.get(&path)
            && blobs.size(*blob).map_err(failed)? <= SIZE_LIMIT
            && blobs.read(*blob, has_healthcheck).map_err(failed)?
        {
            commit.checked.insert(path);
        }
    }
    commit.files.sort_by(|one, other| {
        let key = |file: &File| (file.folder().to_owned(), needs_a_look(&file.path), file.path.clone());
        key(one).cmp(&key(other))
    });
    Ok(commit)
}

/// Says whether it takes a look at a file to know that it is for Compose.
fn needs_a_look(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    !matches!(name, "compose.yaml" | "compose.yml" | "docker-compose.yaml" | "docker-compose.yml")
}

fn is_one(document: &Document) -> bool {
    let root = Node::root(document);
    field(root, "services").is_some_and(Node::is_mapping) || field(root, "include").is_some()
}

/// What one file came to.
pub(super) enum Read {
    Document(Document),
    Problem(Problem),
    Template,
    /// No value at all.
    Nothing,
}

/// Reads the text of a file.
pub(super) fn parse(content: &[u8]) -> Read {
    let Ok(text) = std::str::from_utf8(content) else {
        return Read::Problem(Problem::new("is not UTF-8", None));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = yaml::read(text).or_else(|problem| yaml::read(&with_brackets_moved(text)).map_err(|_| problem));
    let read = read.and_then(|document| {
        if document.expanded().is_none_or(|size| size > EXPANDED_LIMIT) {
            let what = format!("has more than {EXPANDED_LIMIT} values when its aliases are written out");
            return Err(Problem::new(what, None));
        }
        if !Node::root(&document).is_mapping() {
            return Err(Problem::new("is no mapping", Some(document.root().start)));
        }
        Ok(document)
    });
    match read {
        Ok(document) => Read::Document(document),
        Err(_) if yaml::documents(text).is_ok_and(|all| all.is_empty()) => Read::Nothing,
        Err(_) if text.contains("{{") || text.contains("{%") || text.contains("<%") => Read::Template,
        Err(problem) => Read::Problem(problem),
    }
}

/// Says whether lines are what others count as such: to YAML alone a carriage return by itself ends one.
pub(super) fn has_lines(content: &[u8]) -> bool {
    content.iter().zip(content.iter().skip(1).chain(b" ")).all(|(byte, next)| *byte != b'\r' || *next == b'\n')
}

/// Moves brackets that stand alone in a line in by a space: YAML forbids them where the key begins that they belong to,
/// and what Compose reads it with does not.
fn with_brackets_moved(text: &str) -> String {
    let is_alone = |line: &str| matches!(line.split('#').next().unwrap_or_default().trim(), "]" | "}" | "]," | "},");
    let moved = |line: &str| if is_alone(line) { format!(" {line}") } else { line.to_owned() };
    text.split_inclusive('\n').map(moved).collect()
}

fn environment(blobs: &Blobs, blob: BlobId) -> Result<Values, RepositoryError> {
    if blobs.size(blob)? > SIZE_LIMIT {
        return Ok(Values::new());
    }
    blobs.read(blob, |content| dotenv(&String::from_utf8_lossy(content)))
}

/// Returns the files that a file includes or extends, and whether only for others to extend; what is no path of the
/// project is an error.
fn named_files(file: &File) -> Vec<(Result<String, String>, bool)> {
    let Some(root) = file.root() else { return Vec::new() };
    let path = |node: Node<'_>| {
        let written = fill(node.text().unwrap_or_default(), &file.values);
        let is_elsewhere = written.contains("://") || written.contains("${") || written.starts_with("git@");
        let path = if is_elsewhere { None } else { join(file.folder(), &written) };
        path.ok_or_else(|| crate::yaml::fault::short(&written))
    };
    let mut named = Vec::new();
    for included in field(root, "include").into_iter().flat_map(Node::items) {
        let paths = if included.is_mapping() { field(included, "path") } else { Some(included) };
        let (one, list) = (paths.filter(|paths| !paths.is_list()), paths.into_iter().flat_map(Node::items));
        named.extend(one.into_iter().chain(list).map(|node| (path(node), false)));
    }
    for (_, service) in field(root, "services").into_iter().flat_map(Node::fields) {
        let other = field(service, "extends").and_then(|extends| field(extends, "file"));
        named.extend(other.map(|other| (path(other), true)));
    }
    named
}

fn named_dockerfiles(file: &File) -> Vec<String> {
    let services = file.root().and_then(|root| field(root, "services")).into_iter().flat_map(Node::fields);
    services.filter_map(|(_, service)| dockerfile(file, service)).collect()
}

/// Returns the path of the Dockerfile that a service is built from.
pub(super) fn dockerfile(file: &File, service: Node<'_>) -> Option<String> {
    let build = field(service, "build")?;
    let text = |name: &str| Some(fill(field(build, name)?.text()?, &file.values));
    let context = if build.is_mapping() { text("context") } else { build.text().map(|text| fill(text, &file.values)) };
    let name = text("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
    join(&join(file.folder(), context.as_deref().unwrap_or("."))?, &name)
}

fn has_healthcheck(content: &[u8]) -> bool {
    String::from_utf8_lossy(content).lines().any(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("HEALTHCHECK"))
            && words.next().is_some_and(|word| !word.eq_ignore_ascii_case("NONE"))
    })
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the path that another leads to from a folder, when it stays in the project.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.starts_with('~') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_project() {
        for (folder, path, expected) in [
            ("", ".env", Some(".env")),
            ("a/b", "./c.yaml", Some("a/b/c.yaml")),
            ("a/b", "../c.yaml", Some("a/c.yaml")),
            ("a", "../../c.yaml", None),
            ("a", "/etc/c.yaml", None),
            ("a", ".", Some("a")),
        ] {
            assert_eq!(join(folder, path).as_deref(), expected, "{folder} {path}");
        }
    }

    #[test]
    fn what_compose_takes_for_yaml_is_read() {
        let is_read = |text: &str| matches!(parse(text.as_bytes()), Read::Document(_));
        assert!(is_read("services:\n  web:\n    command: [\n      a,\n    ]\n    image: b\n"));
        assert!(is_read("\u{feff}services: {\n}\n"));
        assert!(!is_read("services: [\n"));
        assert!(matches!(parse(b"# Later.\n"), Read::Nothing));
    }

    #[test]
    fn none_is_no_healthcheck() {
        for (text, expected) in [
            ("FROM a\nHEALTHCHECK CMD true", true),
            ("FROM a\n  healthcheck --interval=5s CMD true", true),
            ("FROM a\nHEALTHCHECK NONE", false),
            ("FROM a\n# HEALTHCHECK CMD true", false),
        ] {
            assert_eq!(has_healthcheck(text.as_bytes()), expected, "{text}");
        }
    }
}
