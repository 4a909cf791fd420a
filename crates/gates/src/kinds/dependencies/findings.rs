//! What is said of a weakness.

use charter_deploy_model::{Finding, Location, VulnerabilitySeverity};

use crate::advisories::{Sort, Weakness};
use crate::packages::{Ecosystem, Package, Packages};

/// So many lock files are pointed at.
const PLACES: usize = 10;
/// A longer summary is cut, in characters.
const SUMMARY_LIMIT: usize = 160;

pub(super) fn finding(weakness: &Weakness, places: &[&Package], threshold: VulnerabilitySeverity) -> Finding {
    let Weakness { id, sort, severity, .. } = weakness;
    let code = match sort {
        Sort::Malicious => "dependencies/malicious",
        Sort::Vulnerability if severity.is_none_or(|severity| severity >= threshold) => "dependencies/vulnerable",
        Sort::Vulnerability => "dependencies/below-threshold",
        Sort::Unsound => "dependencies/unsound",
        Sort::Unmaintained | Sort::Notice => "dependencies/unmaintained",
    };
    let mut places = places.to_vec();
    // What the project itself asks for is the most telling, then the shortest way.
    places.sort_by_key(|place| (!place.is_direct, place.is_dev, place.path.len(), &place.file, place.line));
    let Some(first) = places.first() else { return Finding::new(code, id, id) };
    let Package { name, version, .. } = first;
    let package = format!("{name}@{version}");
    let message = format!("`{package}` {}{}", what(weakness), how_it_comes(first));
    let mut finding = Finding::new(code, format!("{id}:{package}"), message).key(format!("{id} {package}"));
    for place in places.iter().take(PLACES) {
        let location = Location { line: place.line, ..Location::file(&place.file).in_source() };
        if !finding.locations.contains(&location) {
            finding = finding.at(location);
        }
    }
    finding.help(help(weakness, first))
}

fn what(Weakness { id, aliases, sort, severity, summary, .. }: &Weakness) -> String {
    let summary: String = summary.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SUMMARY_LIMIT).collect();
    let summary = if summary.is_empty() { String::new() } else { format!(", \"{summary}\"") };
    let aliases = if aliases.is_empty() { String::new() } else { format!(", also {}", aliases.join(", ")) };
    let severity = match severity {
        Some(VulnerabilitySeverity::Low) => "low",
        Some(VulnerabilitySeverity::Moderate) => "moderate",
        Some(VulnerabilitySeverity::High) => "high",
        Some(VulnerabilitySeverity::Critical) => "critical",
        None => "unknown",
    };
    match sort {
        Sort::Vulnerability => format!("is vulnerable: {id} (severity {severity}{aliases}){summary}"),
        Sort::Malicious => format!("was written to do harm: {id}{aliases}{summary}"),
        Sort::Unsound => format!("is unsound: {id}{aliases}{summary}"),
        Sort::Unmaintained => format!("is unmaintained: {id}{aliases}{summary}"),
        Sort::Notice => format!("has a notice: {id}{aliases}{summary}"),
    }
}

fn how_it_comes(package: &Package) -> String {
    let dev = if package.is_dev { ", for development only" } else { "" };
    let by = match (package.path.is_empty(), package.is_direct) {
        (_, true) => "; the project asks for it itself".to_owned(),
        (true, false) => String::new(),
        (false, false) => format!("; brought in by {}", package.path.join(" › ")),
    };
    format!("{by}{dev}")
}

fn help(Weakness { id, fixed, sort, .. }: &Weakness, package: &Package) -> String {
    let Package { ecosystem, name, version, file, .. } = package;
    if *sort == Sort::Malicious {
        return format!("remove `{name}` and what brings it in, and revoke what its machines could read");
    }
    let Some(fixed) = fixed else {
        return format!(
            "no version above it is known to be without it: replace `{name}`, or waive `{id}:{name}@{version}`"
        );
    };
    let lock = file.rsplit('/').next().unwrap_or(file);
    let command = match (ecosystem, lock) {
        (Ecosystem::CratesIo, _) => format!("type `cargo update -p {name}@{version} --precise {fixed}`"),
        (Ecosystem::Npm, "pnpm-lock.yaml") => format!("type `pnpm update {name}@{fixed}`"),
        (Ecosystem::Npm, _) if package.is_direct => format!("type `npm install {name}@{fixed}`"),
        (Ecosystem::Npm, _) => format!("type `npm update {name}`"),
        (Ecosystem::PyPi, "uv.lock") => format!("type `uv lock --upgrade-package {name}`"),
        (Ecosystem::PyPi, "poetry.lock") => format!("type `poetry update {name}`"),
        (Ecosystem::PyPi, "Pipfile.lock") => format!("type `pipenv update {name}`"),
        (Ecosystem::PyPi, _) => format!("pin `{name}=={fixed}`"),
    };
    let parent = package.path.last().filter(|parent| *parent != "…");
    let parent = parent.map(|parent| format!("; where `{parent}` does not allow it, update `{parent}`"));
    format!("version {fixed} is without it: {command}{}", parent.unwrap_or_default())
}

/// Names lists that may not be all.
pub(super) fn incomplete(packages: &Packages) -> Vec<Finding> {
    let of_list = |path: &String| {
        let message = format!("`{path}` has no hashes, and nothing says that it lists all that will be installed");
        let finding = Finding::new("dependencies/incomplete-list", path, message)
            .help("let `pip-compile --generate-hashes` or `uv pip compile --generate-hashes` write it");
        let is_there = packages.files.get(path).copied().unwrap_or(false);
        if is_there { finding.at(Location::file(path).in_source()) } else { finding }
    };
    packages.incomplete.iter().map(of_list).collect()
}
