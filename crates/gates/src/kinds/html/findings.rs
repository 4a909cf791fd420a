//! From the faults of pages to findings, few enough to be read.

use std::collections::BTreeMap;

use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Location};

use super::fault::{Code, Fault, what};

/// What is wrong in more pages than this comes from what they share, and is told once.
const MAX_PAGES: usize = 20;

/// Of one code no more findings than this are told by themselves.
const MAX_OF_CODE: usize = 2_000;

/// Locations that a finding about many pages shows.
const SHOWN: usize = 5;

/// A fault and the page it is in, by its place in the artifact.
struct Seen {
    page: usize,
    place: Option<(u32, u32)>,
    times: u32,
}

/// Tells the faults of all pages, each with its page's place in the artifact, in the order of the pages.
pub(super) fn of(artifact: &Artifact, pages: Vec<(usize, Vec<Fault>)>) -> Vec<Finding> {
    let mut by_code: BTreeMap<Code, BTreeMap<String, Vec<Seen>>> = BTreeMap::new();
    for (page, faults) in pages {
        for Fault { code, key, place, times } in faults {
            let seen = Seen { page, place, times };
            by_code.entry(code).or_default().entry(key).or_default().push(seen);
        }
    }
    let mut findings: Vec<Finding> = by_code.iter().flat_map(|(code, keys)| of_code(artifact, *code, keys)).collect();
    findings.sort();
    findings
}

fn of_code(artifact: &Artifact, code: Code, keys: &BTreeMap<String, Vec<Seen>>) -> Vec<Finding> {
    let (shared, own): (Vec<_>, Vec<_>) = keys.iter().partition(|(_, seen)| seen.len() > MAX_PAGES);
    let mut findings: Vec<Finding> =
        shared.iter().map(|(key, seen)| of_many(artifact, code, key, seen.iter(), "")).collect();
    if own.iter().map(|(_, seen)| seen.len()).sum::<usize>() + findings.len() <= MAX_OF_CODE {
        let single = |(key, seen): &(&String, &Vec<Seen>)| -> Vec<Finding> {
            seen.iter().map(|seen| of_one(artifact, code, key, seen)).collect()
        };
        findings.extend(own.iter().flat_map(single));
    } else if let Some((first, _)) = own.first() {
        let mut seen: Vec<&Seen> = own.iter().flat_map(|(_, seen)| seen.iter()).collect();
        seen.sort_by_key(|seen| seen.page);
        findings.push(of_many(artifact, code, first, seen.into_iter(), " and the like"));
    }
    findings
}

fn of_one(artifact: &Artifact, code: Code, key: &str, seen: &Seen) -> Finding {
    let path = &artifact.files[seen.page].path;
    let times = if seen.times > 1 { format!(" ({} times)", seen.times) } else { String::new() };
    let message = format!("{} in `{path}`{times}", what(code, key));
    let finding = Finding::new(code.id(), path, message).at(location(artifact, seen)).help(code.help(key));
    if key.is_empty() { finding } else { finding.key(key) }
}

/// Tells once what is wrong in many pages. The subject is a glob over the folder they share, so that a waiver for that
/// folder covers it and one for a single page does not.
fn of_many<'s>(
    artifact: &Artifact,
    code: Code,
    key: &str,
    seen: impl ExactSizeIterator<Item = &'s Seen> + Clone,
    more: &str,
) -> Finding {
    let paths = || seen.clone().map(|seen| artifact.files[seen.page].path.as_str());
    let mut pages: Vec<&str> = paths().collect();
    pages.dedup();
    let first = pages.first().copied().unwrap_or_default();
    let folder = pages.iter().fold(folder_of(first), |shared, path| shared_folder(shared, path));
    let others = pages.len().saturating_sub(1);
    let message = format!("{}{more} in `{first}` and {others} more pages", what(code, key));
    let finding = Finding::new(code.id(), format!("{folder}**"), message).help(code.help(key));
    let finding = seen.clone().take(SHOWN).fold(finding, |finding, seen| finding.at(location(artifact, seen)));
    if key.is_empty() || !more.is_empty() { finding } else { finding.key(key) }
}

fn location(artifact: &Artifact, seen: &Seen) -> Location {
    let location = Location::file(&artifact.files[seen.page].path);
    match seen.place {
        Some((line, column)) => location.line(line).column(column),
        None => location,
    }
}

/// Returns the folder of a path, with its last slash.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// Returns the folder above both.
fn shared_folder<'f>(folder: &'f str, path: &str) -> &'f str {
    let mut folder = folder;
    while !path.starts_with(folder) {
        folder = folder_of(folder.trim_end_matches('/'));
    }
    folder
}

#[cfg(test)]
mod tests {
    use charter_artifact::{ArtifactFile, FileStat};
    use charter_deploy_model::Digest;

    use super::*;

    fn told(paths: impl Iterator<Item = String>, fault: impl Fn(usize) -> Fault) -> Vec<Finding> {
        let stat = FileStat { mtime_ns: 0, ctime_ns: 0, inode: 0 };
        let file = |path| ArtifactFile { path, size: 0, digest: Digest::new([0; 32]), stat };
        let artifact = Artifact::from_files("/nowhere".into(), paths.map(file).collect());
        let pages = (0..artifact.files.len()).map(|page| (page, vec![fault(page)])).collect();
        of(&artifact, pages)
    }

    fn language(key: String) -> Fault {
        Fault { code: Code::Language, key, place: Some((1, 1)), times: 1 }
    }

    #[test]
    fn a_fault_that_few_pages_share_is_told_of_each() {
        let findings = told((0..20).map(|n| format!("{n:02}.html")), |_| language(String::new()));
        assert_eq!(findings.len(), 20);
        assert_eq!(findings[3].subject, "03.html");
        assert_eq!(findings[3].message, "no `<html lang>` names the language in `03.html`");
    }

    #[test]
    fn a_fault_that_many_pages_share_is_told_once_of_their_folder() {
        let findings = told((0..21).map(|n| format!("old/{}/{n:02}.html", n % 3)), |_| language(String::new()));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].subject, "old/**");
        assert_eq!(findings[0].message, "no `<html lang>` names the language in `old/0/00.html` and 20 more pages");
        assert_eq!(findings[0].locations.len(), 5);
        let findings = told((0..21).map(|n| format!("{n:02}/index.html")), |_| language(String::new()));
        assert_eq!(findings[0].subject, "**");
    }

    #[test]
    fn so_many_faults_that_nobody_reads_them_are_one() {
        let findings = told((0..3_000).map(|n| format!("a/{n:04}.html")), |page| language(format!("x_{page}")));
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].subject.as_str(), &findings[0].key), ("a/**", &None));
        assert!(findings[0].message.ends_with("and the like in `a/0000.html` and 2999 more pages"), "{findings:?}");
    }
}
