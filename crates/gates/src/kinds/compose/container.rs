//! The services of all files, and which of them speak of one container.

use std::collections::{HashMap, HashSet};

use super::files::{self, File, join};
use super::interpolate::fill;
use super::keys::field;
use crate::yaml::node::Node;

/// More definitions of one service are not followed.
const KIN_LIMIT: usize = 64;

/// What a file says of a service.
pub(super) struct Service<'a> {
    pub(super) file: &'a File,
    pub(super) name: &'a str,
    pub(super) key: Node<'a>,
    pub(super) node: Node<'a>,
    fields: HashMap<&'a str, Node<'a>>,
}

impl<'a> Service<'a> {
    /// Returns a field that is not null.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        self.fields.get(name).copied().filter(|value| !value.is_null())
    }

    /// Returns what a path of fields leads to.
    pub(super) fn at(&self, path: &[&str]) -> Option<Node<'a>> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.get(first)?, |node, name| field(node, name))
    }

    /// Returns a text with its variables filled in.
    pub(super) fn filled(&self, node: Node<'a>) -> Option<String> {
        Some(fill(node.text()?, &self.file.values))
    }

    /// Returns the entries of a list.
    pub(super) fn items(&self, name: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.get(name).into_iter().flat_map(Node::items)
    }
}

/// All services.
pub(super) struct Services<'a> {
    pub(super) all: Vec<Service<'a>>,
    by_file: HashMap<(&'a str, &'a str), usize>,
    by_folder: HashMap<(&'a str, &'a str), Vec<usize>>,
    /// The services that others wait for to end.
    jobs: HashSet<(&'a str, &'a str)>,
}

impl<'a> Services<'a> {
    pub(super) fn of(files: &'a [File]) -> Self {
        let mut services =
            Self { all: Vec::new(), by_file: HashMap::new(), by_folder: HashMap::new(), jobs: HashSet::new() };
        for file in files {
            let section = file.root().and_then(|root| field(root, "services"));
            for (key, node) in section.into_iter().flat_map(Node::fields) {
                let Some(name) = key.text().filter(|name| node.is_mapping() && !name.starts_with("x-")) else {
                    continue;
                };
                let fields = node.fields().into_iter().filter_map(|(key, value)| Some((key.text()?, value))).collect();
                let service = Service { file, name, key, node, fields };
                for (other, how) in service.get("depends_on").into_iter().flat_map(Node::fields) {
                    let is_end = field(how, "condition").and_then(Node::text) == Some("service_completed_successfully");
                    services.jobs.extend(other.text().filter(|_| is_end).map(|other| (file.folder(), other)));
                }
                let number = services.all.len();
                services.by_file.insert((&file.path, name), number);
                if !file.is_part {
                    services.by_folder.entry((file.folder(), name)).or_default().push(number);
                }
                services.all.push(service);
            }
        }
        services
    }

    /// Returns all that is said of a service: by its file, by the others of the folder, by what each extends.
    pub(super) fn kin(&self, service: &Service<'a>) -> Vec<&Service<'a>> {
        let own = self.by_file.get(&(service.file.path.as_str(), service.name));
        let mut waiting: Vec<usize> = own.copied().into_iter().collect();
        waiting.extend(self.by_folder.get(&(service.file.folder(), service.name)).into_iter().flatten());
        waiting.reverse();
        let (mut seen, mut kin) = (HashSet::new(), Vec::new());
        while let Some(number) = waiting.pop() {
            if kin.len() >= KIN_LIMIT || !seen.insert(number) {
                continue;
            }
            let one = &self.all[number];
            waiting.extend(self.extended(one));
            kin.push(one);
        }
        kin
    }

    fn extended(&self, service: &Service<'a>) -> Option<usize> {
        let extends = service.get("extends")?;
        let name = extends.text().or_else(|| field(extends, "service")?.text())?;
        let path = match field(extends, "file") {
            Some(file) => join(service.file.folder(), &service.filled(file)?)?,
            None => service.file.path.clone(),
        };
        self.by_file.get(&(path.as_str(), name)).copied()
    }

    /// Says whether what is missing is to be told of this definition: the first of the folder that makes a container.
    pub(super) fn is_told_of(&self, service: &Service<'a>, kin: &[&Service<'a>]) -> bool {
        let makes = |one: &Service<'a>| one.get("image").is_some() || one.get("build").is_some();
        let first = self.by_folder.get(&(service.file.folder(), service.name));
        let first = first.and_then(|all| {
            let whole = |number: &&usize| {
                let one = &self.all[**number];
                makes(one) || one.get("extends").is_some()
            };
            all.iter().take(KIN_LIMIT).find(whole).map(|number| self.all[*number].file.path.as_str())
        });
        kin.iter().any(|one| makes(one)) && first == Some(service.file.path.as_str())
    }

    /// Says whether a service is meant to end.
    pub(super) fn is_job(&self, service: &Service<'a>, kin: &[&Service<'a>]) -> bool {
        let has_ending_mode = |one: &&Service<'a>| {
            matches!(one.at(&["deploy", "mode"]).and_then(Node::text), Some("replicated-job" | "global-job"))
        };
        let is_left = |one: &&Service<'a>| one.get("restart").and_then(Node::text) == Some("no");
        self.jobs.contains(&(service.file.folder(), service.name))
            || kin.iter().any(has_ending_mode)
            // What answers on a port is not meant to end, whatever its `restart`.
            || kin.iter().find(|one| one.get("restart").is_some()).is_some_and(is_left)
                && !kin.iter().any(|one| one.get("ports").is_some())
    }
}

/// Returns the Dockerfile of the first that is built.
pub(super) fn dockerfile(kin: &[&Service<'_>]) -> Option<String> {
    kin.iter().find_map(|one| files::dockerfile(one.file, one.node))
}
