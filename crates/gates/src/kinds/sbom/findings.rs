//! What is said of a bill of materials.

use std::collections::{BTreeMap, BTreeSet};

use charter_deploy_model::{Finding, Fix, Location, Tree};

use super::Committed;
use crate::packages::{self, Bill, Ecosystem, Listed, Package, Packages, some_of};

/// An edit that is larger is not put into a report, in bytes.
const EDIT_LIMIT: usize = 1 << 20;

pub(super) fn missing(file: &str, lock_files: &[&str]) -> Finding {
    let of = some_of(lock_files.iter().copied());
    Finding::new("sbom/missing", file, format!("there is no bill of materials for {of}"))
        .help(format!("type `touch {file}`, commit it, and type `charter gates fix`"))
}

/// Judges one bill by the lock files for which it speaks.
pub(super) fn of(
    bill: &Committed,
    packages: &Packages,
    lock_files: &BTreeSet<&String>,
    include_dev: bool,
    project: &str,
) -> Vec<Finding> {
    let Committed { path, text } = bill;
    let finding = |code: &str, what: String| {
        Finding::new(code, path, format!("`{path}` {what}")).at(Location::file(path).in_source())
    };
    let mine = below(&packages.list, lock_files);
    let read = match text {
        Ok(text) if is_empty(text) => Err("is empty".to_owned()),
        Ok(text) => packages::read_bill(text),
        Err(what) => Err(what.clone()),
    };
    let read = match read {
        Ok(read) => read,
        Err(what) => {
            let invalid = finding("sbom/invalid", what).help(how_to_write(path, &mine));
            let old = text.as_ref().ok().filter(|text| is_empty(text) && !lock_files.is_empty());
            let fix = old.and_then(|old| written_anew(path, old, &mine, project, "0.0.0"));
            return vec![match fix {
                Some(fix) => invalid.fix(fix),
                None => invalid,
            }];
        }
    };
    let mut found = Vec::new();
    if !read.vague.is_empty() {
        let (count, names) = (read.vague.len(), some_of(read.vague.iter().map(String::as_str)));
        let what = format!("has no version or no package URL for {count} of its libraries: {names}");
        found.push(finding("sbom/vague", what).help("let the program that writes it say both"));
    }
    if let Some(what) = differences(&read, packages, &mine, lock_files, include_dev) {
        let outdated = finding("sbom/outdated", what).help(how_to_write(path, &mine));
        let old = text.as_ref().ok().filter(|_| read.is_own);
        let (name, version) = read.of.as_ref().map_or((project, "0.0.0"), |(name, version)| (name, version));
        found.push(match old.and_then(|old| written_anew(path, old, &mine, name, version)) {
            Some(fix) => outdated.fix(fix),
            None => outdated,
        });
    }
    found
}

/// The versions that a bill has of a package, and those of the lock files.
type Versions<'a> = (Vec<&'a str>, Vec<&'a str>);

/// Says what a bill has that the lock files have not, and the other way round.
fn differences(
    bill: &Bill,
    packages: &Packages,
    mine: &[Package],
    lock_files: &BTreeSet<&String>,
    include_dev: bool,
) -> Option<String> {
    if lock_files.is_empty() {
        return None;
    }
    let of = |package: &Package| -> Listed {
        (package.ecosystem, package.ecosystem.normal_name(&package.name), package.version.clone())
    };
    let locked: BTreeSet<Listed> = mine.iter().map(of).collect();
    let needed: BTreeSet<Listed> = mine.iter().filter(|package| include_dev || !package.is_dev).map(of).collect();
    // A list of requirements need not name all that is installed.
    let is_complete = |ecosystem: Ecosystem| {
        ecosystem != Ecosystem::PyPi || !lock_files.iter().any(|file| packages.incomplete.contains(*file))
    };
    let missing: Vec<&Listed> = needed.difference(&bill.listed).collect();
    let own = bill.of.as_ref().map(|(name, _)| name.as_str());
    let is_own = |name: &str| packages.others.contains(name) || own == Some(name);
    let extra = bill.listed.difference(&locked);
    let extra: Vec<&Listed> = extra.filter(|(from, name, _)| is_complete(*from) && !is_own(name)).collect();
    let names = |list: &[&Listed]| -> BTreeSet<(Ecosystem, String)> {
        list.iter().map(|(from, name, _)| (*from, name.clone())).collect()
    };
    let (missing_names, extra_names) = (names(&missing), names(&extra));
    let changed: BTreeMap<(Ecosystem, &str), Versions<'_>> = missing_names
        .intersection(&extra_names)
        .map(|(from, name)| {
            ((*from, name.as_str()), (versions_of(&extra, *from, name), versions_of(&missing, *from, name)))
        })
        .collect();
    let alone = |list: &[&Listed]| -> Vec<String> {
        let list = list.iter().filter(|(from, name, _)| !changed.contains_key(&(*from, name.as_str())));
        list.map(|(_, name, version)| format!("{name}@{version}")).collect()
    };
    let mut parts = Vec::new();
    let changes: Vec<String> = changed
        .iter()
        .map(|((_, name), (old, new))| format!("{name}@{}, now {}", old.join("/"), new.join("/")))
        .collect();
    for (list, one, many) in [
        (alone(&missing), "package is missing", "packages are missing"),
        (alone(&extra), "package is in no lock file", "packages are in no lock file"),
        (changes, "package is of another version", "packages are of another version"),
    ] {
        let said = if list.len() == 1 { one } else { many };
        if !list.is_empty() {
            parts.push(format!("{} {said} ({})", list.len(), some_of(list.iter().map(String::as_str))));
        }
    }
    (!parts.is_empty()).then(|| format!("does not say what the lock files say: {}", parts.join("; ")))
}

fn versions_of<'a>(list: &[&'a Listed], ecosystem: Ecosystem, name: &str) -> Vec<&'a str> {
    list.iter().filter(|one| one.0 == ecosystem && one.1 == name).map(|one| one.2.as_str()).collect()
}

/// Returns the packages of some lock files, with places among themselves.
fn below(list: &[Package], lock_files: &BTreeSet<&String>) -> Vec<Package> {
    let kept: Vec<usize> = (0..list.len()).filter(|place| lock_files.contains(&list[*place].file)).collect();
    let places: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    let moved = |old: &usize| {
        let requires = list[*old].requires.iter().filter_map(|place| places.get(place).copied()).collect();
        Package { requires, ..list[*old].clone() }
    };
    kept.iter().map(moved).collect()
}

fn is_empty(text: &str) -> bool {
    matches!(text.trim(), "" | "{}")
}

/// Returns the edit that writes a bill anew, where it is not too large for a report.
fn written_anew(path: &str, old: &str, packages: &[Package], name: &str, version: &str) -> Option<Fix> {
    let bill = serde_json::to_string_pretty(&packages::cyclonedx(packages, name, version)).ok()?;
    let new = format!("{bill}\n");
    (old.len() + new.len() <= EDIT_LIMIT).then(|| Fix {
        summary: "write the bill of materials anew from the lock files".to_owned(),
        path: path.to_owned(),
        tree: Tree::Source,
        start: 0,
        old: old.to_owned(),
        new,
    })
}

fn how_to_write(path: &str, packages: &[Package]) -> String {
    let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!(" in `{folder}`"));
    let ecosystems: BTreeSet<Ecosystem> = packages.iter().map(|package| package.ecosystem).collect();
    let own = "empty the file, commit it, and type `charter gates fix`";
    match ecosystems.iter().collect::<Vec<_>>().as_slice() {
        [Ecosystem::Npm] if packages.iter().all(|package| !package.file.ends_with("pnpm-lock.yaml")) => {
            let name = path.rsplit('/').next().unwrap_or(path);
            format!("type `npm sbom --package-lock-only --sbom-format cyclonedx > {name}`{folder}; or {own}")
        }
        [Ecosystem::CratesIo] => format!("let `cargo cyclonedx --format json` write it{folder}; or {own}"),
        _ => format!("let the program that wrote it do so again; or {own}"),
    }
}
