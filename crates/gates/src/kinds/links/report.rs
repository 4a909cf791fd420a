//! From faults to findings: one for each target, however many pages refer to it.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Fix, Location, Tree};
use charter_host::Scope;
use rayon::prelude::*;

use super::index::Index;
use super::judge::Fault;
use super::read::Source;
use super::references::Role;
use super::targets::{Target, TargetId, Targets};
use crate::{GateError, html};

/// How many of the pages that refer to one target a finding points at.
const SHOWN: usize = 3;

/// As many wrong capitals of one target are findings of their own, each with the edit that puts it right.
const FIXED: usize = 100;

/// As many findings of one code are listed.
const LISTED: usize = 10_000;

/// What is said about a target is no longer than this, in characters.
const NAMED: usize = 200;

/// All that refer to one faulty target in one way.
#[derive(Debug)]
struct Group<'a> {
    to: TargetId,
    role: Role,
    fault: &'a Fault,
    /// How many files, and the last of them.
    files: usize,
    last: Option<usize>,
    /// The first of them.
    first: Vec<Place>,
}

/// Where a file refers to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    file: usize,
    at: u32,
}

/// What is seen at a place.
#[derive(Debug, Default)]
struct Sight {
    line: u32,
    column: u32,
    /// The letters that stand there and mean themselves, when a reference's path ends behind them.
    written: Option<String>,
}

/// What findings are made from.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) artifact: &'a Artifact,
    pub(super) base_path: &'a str,
    pub(super) index: &'a Index<'a>,
    pub(super) sources: &'a [Source],
    pub(super) targets: &'a Targets,
    pub(super) faults: &'a HashMap<TargetId, Fault>,
}

/// The findings, sorted, and what was left out of them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
    /// How many references have a fault, each counted once for each file.
    pub(super) references: u64,
}

impl Report<'_> {
    /// Makes the findings; reads again the files that they point into.
    pub(super) fn findings(&self, scope: &Scope) -> Result<Findings, GateError> {
        let mut report = Findings::default();
        let mut listed = Vec::new();
        for (code, mut groups) in self.groups() {
            report.references += groups.iter().map(|group| group.files as u64).sum::<u64>();
            groups.sort_by_cached_key(|group| (self.subject(group), group.to));
            if let Some(left) = groups.len().checked_sub(LISTED).filter(|left| *left > 0) {
                report.undecided.push(format!("{left} more targets have the fault `{code}` and are not listed."));
            }
            listed.extend(groups.into_iter().take(LISTED).map(|group| (code, group)));
        }
        let sights = self.sights(&listed, scope)?;
        report.findings = listed.iter().flat_map(|(code, group)| self.describe(code, group, &sights)).collect();
        report.findings.extend(self.torn()?);
        report.findings.sort();
        Ok(report)
    }

    /// Puts together, in the order of the files, what is wrong for the same reason.
    fn groups(&self) -> BTreeMap<&'static str, Vec<Group<'_>>> {
        let mut groups: HashMap<(TargetId, &'static str), Group<'_>> = HashMap::new();
        // Where it is not the part that is wrong, a target is one with whatever part of it is meant.
        let mut whole: HashMap<&str, TargetId> = HashMap::new();
        for (file, source) in self.sources.iter().enumerate() {
            for refers in &source.references {
                let Some(fault) = self.faults.get(&refers.to) else { continue };
                let to = match self.targets.get(refers.to) {
                    Target::Path { path, .. } if *fault != Fault::Part => *whole.entry(path).or_insert(refers.to),
                    _ => refers.to,
                };
                let new = || Group { to, role: refers.role, fault, files: 0, last: None, first: Vec::new() };
                let group = groups.entry((to, fault.code(refers.role))).or_insert_with(new);
                let place = Place { file, at: refers.at };
                // One file may link to and fetch the same.
                if group.last.replace(file) != Some(file) {
                    group.files += 1;
                }
                let room = if matches!(fault, Fault::OtherCase(_)) { FIXED + 1 } else { SHOWN };
                if group.first.len() < room {
                    group.first.push(place);
                }
            }
        }
        let mut by_code: BTreeMap<&'static str, Vec<Group<'_>>> = BTreeMap::new();
        for ((_, code), group) in groups {
            by_code.entry(code).or_default().push(group);
        }
        by_code
    }

    /// Returns what waivers call a target.
    fn subject(&self, group: &Group<'_>) -> String {
        let named = match self.targets.get(group.to) {
            Target::Insecure(text) | Target::OwnMachine(text) | Target::Malformed(text) => shown(text),
            Target::Path { path, fragment } => match path.strip_prefix(self.base_path) {
                Some("") if group.fault != &Fault::Part => "/".to_owned(),
                Some(below) if group.fault == &Fault::Part => shown(&format!("{below}#{fragment}")),
                Some(below) => shown(below),
                None => shown(path),
            },
        };
        if named.trim().is_empty() { "/".to_owned() } else { named }
    }

    fn describe(&self, code: &str, group: &Group<'_>, sights: &HashMap<Place, Sight>) -> Vec<Finding> {
        let subject = self.subject(group);
        let finding = |files: usize, first: &[Place]| {
            let named = self.artifact.files[first[0].file].path.as_str();
            let more = match files - 1 {
                0 => String::new(),
                1 => " (and 1 more file)".to_owned(),
                more => format!(" (and {more} more files)"),
            };
            let says = self.says(group, &subject, self.artifact.files[first[0].file].path.as_str());
            let finding = Finding::new(code, &subject, format!("`{named}`{more} {says}"));
            let finding = first.iter().take(SHOWN).fold(finding, |finding, place| {
                let location = Location::file(&self.artifact.files[place.file].path);
                finding.at(match sights.get(place) {
                    Some(sight) => location.line(sight.line).column(sight.column),
                    None => location,
                })
            });
            match self.help(group, &subject) {
                Some(help) => finding.help(help),
                None => finding,
            }
        };
        let Fault::OtherCase(spelled) = group.fault else { return vec![finding(group.files, &group.first)] };
        if group.first.len() > FIXED {
            return vec![finding(group.files, &group.first)];
        }
        let each = |place: &Place| {
            let path = &self.artifact.files[place.file].path;
            let finding = finding(1, &[*place]).key(path);
            match sights.get(place).and_then(|sight| fix(path, *place, sight, &subject, spelled)) {
                Some(fix) => finding.fix(fix),
                None => finding,
            }
        };
        group.first.iter().map(each).collect()
    }

    /// Says what a file does that is wrong.
    fn says(&self, group: &Group<'_>, subject: &str, file: &str) -> String {
        let refers = match group.role {
            Role::Link => "links to",
            Role::Resource => "fetches",
            Role::Form => "sends a form to",
        };
        match group.fault {
            Fault::Missing => format!("{refers} `{subject}`, which is not in the site"),
            Fault::NoIndex => format!("{refers} `{subject}`, a folder without an `index.html`"),
            Fault::Part => {
                let (page, part) = subject.split_once('#').unwrap_or((subject, ""));
                let page = if page == file { "where" } else { "but in that page" };
                format!("{refers} `{subject}`, {page} nothing has the `id` `{part}`")
            }
            Fault::Unrooted(within) => format!(
                "{refers} `{subject}`, outside the site, which is served under `{}` and has `{within}`",
                self.base_path
            ),
            Fault::Outside => {
                format!("{refers} `{subject}`, outside the site, which is served under `{}`", self.base_path)
            }
            Fault::OtherCase(spelled) => format!("{refers} `{subject}`, which is spelled `{spelled}`"),
            Fault::Slashless => format!("{refers} the folder `{subject}` without its last slash"),
            Fault::Insecure => format!("{refers} `{subject}` without encryption"),
            Fault::OwnMachine => format!("{refers} `{subject}`, on the machine of whoever wrote it"),
            Fault::Malformed => format!("{refers} `{subject}`, of which no browser can make a URL"),
        }
    }

    fn help(&self, group: &Group<'_>, subject: &str) -> Option<String> {
        match group.fault {
            Fault::Missing => self
                .index
                .namesake(subject)
                .filter(|path| !path.ends_with("index.html"))
                .map(|path| format!("there is `{path}`: correct the link, or leave a page that redirects")),
            Fault::Unrooted(within) => Some(format!("write `{}{within}`, or a relative link", self.base_path)),
            Fault::Slashless => Some(format!("write `{subject}/`: it spares every reader a redirect")),
            Fault::Insecure => {
                Some("write `https:`; browsers refuse to fetch it within a page served over HTTPS".to_owned())
            }
            Fault::Part => {
                Some("correct the fragment, or list it in `ignore-fragments` if a script makes that part".to_owned())
            }
            _ => None,
        }
    }

    /// Reads again every file that a finding points into.
    fn sights(&self, listed: &[(&str, Group<'_>)], scope: &Scope) -> Result<HashMap<Place, Sight>, GateError> {
        let mut places: Vec<Place> = listed.iter().flat_map(|(_, group)| group.first.iter().copied()).collect();
        places.sort_unstable();
        places.dedup();
        let by_file: Vec<&[Place]> = places.chunk_by(|a, b| a.file == b.file).collect();
        let seen: Vec<Vec<(Place, Sight)>> = by_file
            .into_par_iter()
            .map(|places| {
                if scope.cancel.is_cancelled() {
                    return Err(GateError::Cancelled);
                }
                let content = self.content(places[0].file)?;
                Ok(look(&content, places))
            })
            .collect::<Result<_, _>>()?;
        Ok(seen.into_iter().flatten().collect())
    }

    fn content(&self, file: usize) -> Result<Vec<u8>, GateError> {
        let path = self.artifact.root.join(&self.artifact.files[file].path);
        fs::read(&path).map_err(|source| GateError::Unreadable { path, source })
    }

    /// Returns a finding for every file that names URLs and ends in the middle.
    fn torn(&self) -> Result<Vec<Finding>, GateError> {
        let torn = self.sources.iter().enumerate().filter_map(|(file, source)| Some((file, source.torn.as_ref()?)));
        torn.map(|(file, (why, at))| {
            let path = &self.artifact.files[file].path;
            let (line, column) = html::position(&self.content(file)?, *at);
            let location = Location::file(path).line(line).column(column);
            Ok(Finding::new("links/malformed", path, format!("`{path}` {}", shown(why))).at(location))
        })
        .collect()
    }
}

/// Looks at sorted places of one file.
fn look(content: &[u8], places: &[Place]) -> Vec<(Place, Sight)> {
    let (mut line, mut column, mut before) = (1_u32, 1_u32, 0);
    let mut seen = Vec::with_capacity(places.len());
    for place in places {
        let at = (place.at as usize).min(content.len());
        let (lines, columns) = html::position(&content[before..at], at - before);
        column = if lines == 1 { column + columns - 1 } else { columns };
        line += lines - 1;
        before = at;
        seen.push((*place, Sight { line, column, written: plain(&content[at..]) }));
    }
    seen
}

/// Returns the letters at the beginning that mean themselves in a URL, when nothing else belongs to the path.
fn plain(text: &[u8]) -> Option<String> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
    let end = text.iter().position(|byte| !is_plain(byte))?;
    let ends_path = matches!(text[end], b'"' | b'\'' | b'>' | b'?' | b'#' | b')' | b',' | b' ' | b'\t' | b'\n' | b'\r');
    (end > 0 && ends_path).then(|| String::from_utf8_lossy(&text[..end]).into_owned())
}

/// Returns the edit that writes a path with the right capitals, when only what is written there decides where it leads.
fn fix(path: &str, place: Place, sight: &Sight, wrong: &str, right: &str) -> Option<Fix> {
    let written = sight.written.as_ref()?;
    let same = written.bytes().rev().zip(wrong.bytes().rev()).take_while(|(a, b)| a == b).count();
    let (way, name) = written.split_at(written.len() - same);
    // The way there may climb, but not through folders whose names are written.
    if wrong.len() != right.len() || !way.bytes().all(|byte| matches!(byte, b'.' | b'/')) {
        return None;
    }
    let kept = wrong.len() - same;
    if right.get(..kept)? != &wrong[..kept] {
        return None;
    }
    Some(Fix {
        summary: format!("write `{right}` for `{wrong}`"),
        path: path.to_owned(),
        tree: Tree::Site,
        start: u64::from(place.at),
        old: written.clone(),
        new: format!("{way}{}", &right[kept..]),
    })
    .filter(|_| !name.is_empty())
}

/// Returns a text as it can be shown: without control characters, and not too long.
fn shown(text: &str) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter });
    let mut shown: String = letters.by_ref().take(NAMED).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}
