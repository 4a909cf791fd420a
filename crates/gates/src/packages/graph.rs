//! Who needs what: which packages the project asks for, which are for development, and who brings the others in.

use std::collections::VecDeque;

use super::{Ecosystem, Package, PackageDigest};

/// A longer way from the project to a package is shortened in the middle.
const PATH_LIMIT: usize = 12;

/// What a lock file lists, and who needs whom.
#[derive(Debug, Default)]
pub(super) struct Graph(pub(super) Vec<Node>);

/// One entry of a lock file.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) sort: Sort,
    /// What to call it on the way to another.
    pub(super) name: String,
    pub(super) version: String,
    pub(super) line: Option<u32>,
    /// What it needs, and whether for development only.
    pub(super) needs: Vec<(usize, bool)>,
    /// What the lock file itself says of its being for development only.
    pub(super) is_dev: Option<bool>,
    pub(super) license: Option<String>,
    pub(super) digests: Vec<PackageDigest>,
}

/// Where an entry comes from.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A registry.
    Registry(Ecosystem),
    /// The project itself.
    Own,
    /// Anywhere else.
    #[default]
    Foreign,
}

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> usize {
        self.0.push(node);
        self.0.len() - 1
    }

    /// Returns the packages of registries, their places counted from `first`, and how many come from elsewhere.
    pub(super) fn settle(self, file: &str, as_committed: bool, first: usize) -> (Vec<Package>, u64) {
        let Self(nodes) = self;
        let roots = roots(&nodes);
        let (reached, parents) = reach(&nodes, &roots, true);
        let (for_use, _) = reach(&nodes, &roots, false);
        let mut direct = vec![false; nodes.len()];
        for root in &roots {
            match nodes[*root].sort {
                Sort::Own => nodes[*root].needs.iter().for_each(|(needed, _)| direct[*needed] = true),
                Sort::Registry(_) | Sort::Foreign => direct[*root] = true,
            }
        }
        let mut places = vec![None; nodes.len()];
        let mut next = first;
        for (place, node) in places.iter_mut().zip(&nodes) {
            if matches!(node.sort, Sort::Registry(_)) {
                *place = Some(next);
                next += 1;
            }
        }
        let foreign = nodes.iter().filter(|node| node.sort == Sort::Foreign).count() as u64;
        let paths: Vec<Vec<String>> = (0..nodes.len()).map(|node| path(&nodes, &parents, node)).collect();
        let list = nodes.into_iter().zip(paths).enumerate().filter_map(|(number, (node, path))| {
            let Sort::Registry(ecosystem) = node.sort else { return None };
            let mut requires: Vec<usize> = node.needs.iter().filter_map(|(needed, _)| places[*needed]).collect();
            requires.sort_unstable();
            requires.dedup();
            Some(Package {
                ecosystem,
                name: node.name,
                version: node.version,
                file: file.to_owned(),
                line: node.line.filter(|_| as_committed),
                is_direct: direct[number],
                // What nobody needs may be needed all the same, so it counts.
                is_dev: node.is_dev.unwrap_or(reached[number] && !for_use[number]),
                path: if direct[number] { Vec::new() } else { path },
                license: node.license,
                digests: node.digests,
                requires,
            })
        });
        (list.collect(), foreign)
    }
}

/// Returns the project's own entries or, where a lock file has none, what no other entry needs.
fn roots(nodes: &[Node]) -> Vec<usize> {
    let own: Vec<usize> = (0..nodes.len()).filter(|node| nodes[*node].sort == Sort::Own).collect();
    if !own.is_empty() {
        return own;
    }
    let mut needed = vec![false; nodes.len()];
    for (number, node) in nodes.iter().enumerate() {
        node.needs.iter().filter(|(other, _)| *other != number).for_each(|(other, _)| needed[*other] = true);
    }
    (0..nodes.len()).filter(|node| !needed[*node]).collect()
}

/// Returns what is reached from the roots, and from where first; `dev` says whether also by needs of development.
fn reach(nodes: &[Node], roots: &[usize], dev: bool) -> (Vec<bool>, Vec<Option<usize>>) {
    let mut reached = vec![false; nodes.len()];
    let mut parents = vec![None; nodes.len()];
    let mut waiting: VecDeque<usize> = roots.iter().copied().collect();
    roots.iter().for_each(|root| reached[*root] = true);
    while let Some(node) = waiting.pop_front() {
        for (needed, is_dev) in &nodes[node].needs {
            if !reached[*needed] && (dev || !is_dev) {
                reached[*needed] = true;
                parents[*needed] = Some(node);
                waiting.push_back(*needed);
            }
        }
    }
    (reached, parents)
}

fn path(nodes: &[Node], parents: &[Option<usize>], node: usize) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = parents[node];
    while let Some(parent) = at {
        if nodes[parent].sort == Sort::Own {
            break;
        }
        if path.len() >= PATH_LIMIT {
            path.push("…".to_owned());
            break;
        }
        path.push(nodes[parent].name.clone());
        at = parents[parent];
    }
    path.reverse();
    path
}
