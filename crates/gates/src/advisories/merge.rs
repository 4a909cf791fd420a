//! One weakness, however many databases tell of it.

use std::collections::{BTreeSet, HashMap};

use charter_deploy_model::VulnerabilitySeverity;

use super::{Advisory, Affected, Sort, ranges};
use crate::packages::Ecosystem;

/// What is wrong with one version of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Weakness {
    /// The id that the ecosystem's own database gives it, where it does.
    pub(crate) id: String,
    /// What else it is called.
    pub(crate) aliases: Vec<String>,
    pub(crate) sort: Sort,
    /// The gravest that anybody says; absent where nobody does.
    pub(crate) severity: Option<VulnerabilitySeverity>,
    pub(crate) summary: String,
    /// The first version above this one without it.
    pub(crate) fixed: Option<String>,
}

/// Returns what is wrong with a version of a package, and what could not be decided, one sentence each.
pub(crate) fn weaknesses(
    ecosystem: Ecosystem,
    name: &str,
    version: &str,
    advisories: &[&Advisory],
) -> (Vec<Weakness>, Vec<String>) {
    let normal = ecosystem.normal_name(name);
    let (mut matching, mut undecided) = (Vec::new(), BTreeSet::new());
    for advisory in advisories.iter().filter(|advisory| !advisory.is_withdrawn) {
        let own =
            advisory.affected.iter().filter(|affected| affected.ecosystem == ecosystem && affected.name == normal);
        let (mut hits, mut unclear): (Vec<&Affected>, Vec<String>) = (Vec::new(), Vec::new());
        for affected in own {
            match ranges::is_affected(affected, version) {
                Ok(true) => hits.push(affected),
                Ok(false) => {}
                Err(why) => unclear.push(why),
            }
        }
        if hits.is_empty() {
            undecided.extend(
                unclear.first().map(|why| {
                    format!("whether `{}` is about `{name}@{version}` cannot be decided: {why}", advisory.id)
                }),
            );
        } else {
            matching.push((*advisory, hits));
        }
    }
    let mut weaknesses: Vec<Weakness> =
        groups(&matching).into_iter().map(|group| weakness(ecosystem, version, &group)).collect();
    weaknesses.sort_by(|a, b| a.id.cmp(&b.id));
    (weaknesses, undecided.into_iter().collect())
}

type Match<'a> = (&'a Advisory, Vec<&'a Affected>);

/// Puts those together that share an id or an alias, directly or by way of others.
fn groups<'m, 'a>(matching: &'m [Match<'a>]) -> Vec<Vec<&'m Match<'a>>> {
    let mut group_of: Vec<usize> = (0..matching.len()).collect();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (number, (advisory, _)) in matching.iter().enumerate() {
        for id in std::iter::once(&advisory.id).chain(&advisory.aliases) {
            if let Some(other) = known.insert(id, number) {
                let (from, to) = (group_of[number], group_of[other]);
                group_of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let mut groups: HashMap<usize, Vec<&Match<'a>>> = HashMap::new();
    for (matched, group) in matching.iter().zip(&group_of) {
        groups.entry(*group).or_default().push(matched);
    }
    groups.into_values().collect()
}

fn weakness(ecosystem: Ecosystem, version: &str, group: &[&Match<'_>]) -> Weakness {
    let mut group = group.to_vec();
    group.sort_by_key(|(advisory, _)| (rank(ecosystem, &advisory.id), &advisory.id));
    let ids: BTreeSet<&String> =
        group.iter().flat_map(|(advisory, _)| std::iter::once(&advisory.id).chain(&advisory.aliases)).collect();
    // Another database may know the id of the one whose advisory is not at hand.
    let id = own_id(ecosystem, ids.iter().copied()).cloned().unwrap_or_default();
    let severities = group.iter().flat_map(|(advisory, affected)| {
        affected.iter().map(|affected| affected.severity).chain([advisory.severity]).flatten()
    });
    let summary = group.iter().map(|(advisory, _)| advisory.summary.trim()).find(|summary| !summary.is_empty());
    Weakness {
        aliases: ids.iter().filter(|other| ***other != id).map(|other| (*other).clone()).collect(),
        sort: group.iter().map(|(advisory, _)| advisory.sort).max().unwrap_or_default(),
        severity: severities.max(),
        summary: summary.unwrap_or_default().to_owned(),
        fixed: group.iter().flat_map(|(_, affected)| affected).find_map(|one| ranges::fixed_above(one, version)),
        id,
    }
}

/// Returns which of the ids of a weakness it goes by: the one that is most the ecosystem's own.
pub(crate) fn own_id<'a>(ecosystem: Ecosystem, ids: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    ids.min_by_key(|id| (rank(ecosystem, id), *id))
}

/// Says how much an id is the ecosystem's own; the least is the most.
fn rank(ecosystem: Ecosystem, id: &str) -> usize {
    let order: [&str; 3] = match ecosystem {
        Ecosystem::CratesIo => ["RUSTSEC-", "GHSA-", "CVE-"],
        Ecosystem::Npm => ["MAL-", "GHSA-", "CVE-"],
        Ecosystem::PyPi => ["MAL-", "PYSEC-", "GHSA-"],
    };
    order.iter().position(|begin| id.starts_with(begin)).unwrap_or(order.len())
}
