//! What findings call weaknesses that somebody else calls otherwise.

use std::collections::{BTreeMap, BTreeSet};

use charter_host::{Scope, Setup};

use super::{Dependencies, DependenciesConfig, read};
use crate::advisories::{Advisory, Sort, Wanted, own_id};
use crate::gate::blocking;
use crate::packages::Ecosystem;
use crate::{GateError, Source, glob};

/// A weakness as a finding has it: the id that its subject begins with, and the code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The id that the ecosystem's own database gives it, where it does.
    pub id: String,
    /// The code of its findings.
    pub code: &'static str,
}

/// Looks ids up in the advisories on this machine about the packages of the commit. An id of which none of them tells
/// is absent: no package of the project has it, or the database is not here.
///
/// # Errors
/// When a glob of the configuration is malformed, or the commit cannot be read.
pub async fn names(
    ids: BTreeSet<String>,
    config: DependenciesConfig,
    setup: &Setup<'_>,
    source: &Source,
    scope: &Scope,
) -> Result<BTreeMap<String, BTreeSet<Named>>, GateError> {
    let exclude = glob::compile_all("exclude", &config.exclude)
        .map_err(|refusal| GateError::Unavailable { reason: format!("`gates.dependencies`: {}", refusal.0) })?;
    let packages = read(source, &exclude, scope).await?;
    let gate = Dependencies { config, exclude, root: setup.root.to_owned(), host: setup.host.clone() };
    let scope = scope.clone();
    blocking(move || {
        let in_use: BTreeSet<Ecosystem> = packages.list.iter().map(|package| package.ecosystem).collect();
        let wanted: Wanted =
            packages.list.iter().map(|one| (one.ecosystem, one.ecosystem.normal_name(&one.name))).collect();
        let (databases, _) = gate.open(&in_use, &wanted, None, &scope);
        let advisories = databases.iter().flat_map(|database| &database.advisories);
        Ok(named(&ids, advisories, &wanted))
    })
    .await
}

fn named<'a>(
    ids: &BTreeSet<String>,
    advisories: impl Iterator<Item = &'a Advisory>,
    wanted: &Wanted,
) -> BTreeMap<String, BTreeSet<Named>> {
    let mut names: BTreeMap<String, BTreeSet<Named>> = BTreeMap::new();
    for advisory in advisories {
        let all = || std::iter::once(&advisory.id).chain(&advisory.aliases);
        for asked in all().filter(|id| ids.contains(*id)) {
            for affected in advisory.affected.iter().filter(|one| wanted.contains(&(one.ecosystem, one.name.clone()))) {
                let Some(id) = own_id(affected.ecosystem, all()) else { continue };
                let code = match advisory.sort {
                    Sort::Malicious => "dependencies/malicious",
                    Sort::Vulnerability => "dependencies/vulnerable",
                    Sort::Unsound => "dependencies/unsound",
                    Sort::Unmaintained | Sort::Notice => "dependencies/unmaintained",
                };
                names.entry(asked.clone()).or_default().insert(Named { id: id.clone(), code });
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisories::{Affected, Versions};

    #[test]
    fn an_id_of_another_database_is_told_by_the_ecosystems_own() {
        let advisory = |ecosystem, id: &str, aliases: &[&str], sort| Advisory {
            id: id.to_owned(),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            summary: String::new(),
            sort,
            severity: None,
            modified: None,
            is_withdrawn: false,
            affected: vec![Affected {
                ecosystem,
                name: "time".to_owned(),
                versions: Versions::Within(Vec::new()),
                severity: None,
            }],
        };
        let advisories = [
            advisory(Ecosystem::Npm, "GHSA-aaaa-bbbb-cccc", &["CVE-2020-1"], Sort::Vulnerability),
            advisory(Ecosystem::CratesIo, "RUSTSEC-2020-0071", &["CVE-2020-1", "GHSA-aaaa-bbbb-cccc"], Sort::Unsound),
        ];
        let ids: BTreeSet<String> = ["CVE-2020-1", "CVE-2020-2"].map(str::to_owned).into();
        let of = |wanted: &[Ecosystem]| {
            let wanted: Wanted = wanted.iter().map(|ecosystem| (*ecosystem, "time".to_owned())).collect();
            let names = named(&ids, advisories.iter(), &wanted);
            names
                .into_iter()
                .flat_map(|(asked, names)| names.into_iter().map(move |name| (asked.clone(), name.id, name.code)))
                .collect::<Vec<_>>()
        };
        let npm = ("CVE-2020-1".to_owned(), "GHSA-aaaa-bbbb-cccc".to_owned(), "dependencies/vulnerable");
        let rust = ("CVE-2020-1".to_owned(), "RUSTSEC-2020-0071".to_owned(), "dependencies/unsound");
        assert_eq!(of(&[Ecosystem::Npm]).as_slice(), std::slice::from_ref(&npm));
        assert_eq!(of(&[Ecosystem::Npm, Ecosystem::CratesIo]), [npm, rust]);
        assert_eq!(of(&[]), []);
    }
}
