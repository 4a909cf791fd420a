//! Compose files follow the cloud-native constitution.

use std::collections::BTreeMap;
use std::fs;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

mod care;
mod container;
mod environment;
mod fault;
mod files;
mod interpolate;
mod keys;
mod meta;
mod ports;
mod rights;

pub use meta::META;

use container::Services;
use files::{Commit, File, failed};

/// The section `[gates.compose]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ComposeConfig {
    /// Globs over the paths of files to read.
    pub files: Vec<String>,
    /// Globs over the paths of files to leave out.
    pub exclude: Vec<String>,
    /// Whether every image must be named with its digest.
    pub require_digest: bool,
}

impl Default for ComposeConfig {
    fn default() -> Self {
        let files = [
            "**/compose.{yaml,yml}",
            "**/compose{.,-,_}*.{yaml,yml}",
            "**/docker-compose*.{yaml,yml}",
            "**/podman-compose*.{yaml,yml}",
            "**/*.compose.{yaml,yml}",
        ];
        Self { files: files.map(str::to_owned).to_vec(), exclude: Vec::new(), require_digest: false }
    }
}

/// Reads the Compose files of the commit.
#[derive(Debug, Clone)]
pub struct Compose {
    files: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    require_digest: bool,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: ComposeConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    Ok(Box::new(Compose {
        files: glob::compile_all("files", &config.files)?,
        exclude: glob::compile_all("exclude", &config.exclude)?,
        require_digest: config.require_digest,
    }))
}

#[async_trait]
impl Gate for Compose {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Commit
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let (gate, subject, scope) = (self.clone(), subject.clone(), scope.clone());
        blocking(move || {
            let commit = files::read(&source, &gate.files, &gate.exclude, &scope)?;
            gate.inspect_all(&subject, &source, commit)
        })
        .await
    }
}

impl Compose {
    fn inspect_all(&self, subject: &Subject, source: &Source, mut commit: Commit) -> Result<Inspection, GateError> {
        let undecided = std::mem::take(&mut commit.undecided);
        if commit.files.is_empty() && undecided.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "the commit has no Compose file".to_owned() });
        }
        let Judged { faults, undecided: of_rules, services } = judge(&commit, self.require_digest);
        let mut undecided = [undecided, of_rules].concat();
        undecided.sort();
        undecided.dedup();
        let (root, blobs) = (source.repository.root(), source.repository.blobs().map_err(failed)?);
        let mut findings = Vec::new();
        for (file, faults) in commit.files.iter().zip(faults) {
            let path = &file.path;
            if !subject.is_about_source(path) || (faults.is_empty() && file.read.is_ok()) {
                continue;
            }
            // Of a file that was edited since, lines would point at something else.
            let has_lines = match (file.blob, fs::read(root.join(path))) {
                (Some(blob), Ok(now)) => blobs.read(blob, |then| now == then).map_err(failed)?,
                _ => false,
            };
            findings.extend(faults.iter().map(|fault| fault::finding(fault, path, has_lines)));
            findings.extend(unreadable(file, has_lines));
        }
        findings.sort();
        let counts = [
            ("files", commit.files.len() as u64),
            ("services", services),
            ("templates", commit.templates),
            ("other-files", commit.others),
        ];
        let counts: BTreeMap<String, u64> =
            counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect();
        let looked_at = LookedAt { counts, undecided, ..LookedAt::default() };
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }
}

/// What came of all files.
struct Judged<'a> {
    /// By file.
    faults: Vec<Vec<Fault<'a>>>,
    undecided: Vec<String>,
    services: u64,
}

fn judge(commit: &Commit, require_digest: bool) -> Judged<'_> {
    let services = Services::of(&commit.files);
    let mut faults: Vec<Vec<Fault<'_>>> = commit.files.iter().map(of_file).collect();
    let mut undecided = Vec::new();
    let numbers: BTreeMap<&str, usize> =
        commit.files.iter().enumerate().map(|(number, file)| (file.path.as_str(), number)).collect();
    for service in &services.all {
        let own = &mut faults[numbers[service.file.path.as_str()]];
        own.extend(keys::of_service(service.name, service.node));
        own.extend(rights::faults(service));
        own.extend(environment::faults(service));
        own.extend(ports::faults(service));
        own.extend(care::named_replicas(service));
        own.extend(care::missing(service, &services, commit));
        match care::image(service, &services, require_digest) {
            Ok(fault) => own.extend(fault),
            Err(why) => undecided.push(why),
        }
    }
    Judged { faults, undecided, services: services.all.len() as u64 }
}

/// Judges a file apart from its services.
fn of_file(file: &File) -> Vec<Fault<'_>> {
    let Some(root) = file.root() else { return Vec::new() };
    let mut faults = keys::of_file(root);
    for key in root.repeated() {
        let what = format!("has the key `{}` twice in one mapping", short(key.text().unwrap_or_default()));
        faults.push(Fault::new("duplicate-key", key, what));
    }
    if let Some(at) = keys::field(root, "version") {
        faults.push(Fault::new("version", at, "has a `version`, which Compose no longer looks at"));
    }
    match keys::field(root, "services") {
        Some(section) if !section.is_mapping() => {
            faults.push(Fault::new("syntax", section, "has a `services` that is no mapping"));
        }
        section => {
            let all = section.into_iter().flat_map(Node::fields);
            for (name, _) in all.filter(|(name, service)| !service.is_mapping() && !is_extension(*name)) {
                let what = format!("has the service `{}`, which is no mapping", short(name.text().unwrap_or_default()));
                faults.push(Fault::new("syntax", name, what));
            }
        }
    }
    faults
}

fn is_extension(name: Node<'_>) -> bool {
    name.text().is_some_and(|name| name.starts_with("x-"))
}

fn unreadable(file: &File, has_lines: bool) -> Option<Finding> {
    let (path, problem) = (&file.path, file.read.as_ref().err()?);
    let help = "correct it; what is no Compose file can be left out with `exclude`";
    let finding = Finding::new("compose/syntax", path, format!("`{path}` {}", problem.what)).help(help);
    Some(match has_lines {
        true => finding.at(Location { line: problem.line, ..Location::file(path).in_source() }),
        false => finding,
    })
}

/// Reads any content as a Compose file and judges it, for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(content: &[u8]) {
    let files::Read::Document(document) = files::parse(content) else { return };
    let text = String::from_utf8_lossy(content).into_owned();
    let file = File {
        path: "compose.yaml".to_owned(),
        blob: None,
        read: Ok(document),
        values: interpolate::dotenv(&text).into(),
        is_part: false,
    };
    let commit = Commit {
        files: vec![file],
        others: 0,
        templates: 0,
        checked: std::collections::HashSet::new(),
        undecided: Vec::new(),
    };
    let lines = content.split(|byte| *byte == b'\n').count();
    for fault in judge(&commit, true).faults.iter().flatten() {
        let finding = fault::finding(fault, "compose.yaml", files::has_lines(content));
        let line = finding.locations.first().and_then(|location| location.line).unwrap_or(1) as usize;
        assert!((1..=lines).contains(&line), "a fault is in no line of the file");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    const PIECES: [&str; 29] = [
        "services:",
        "\n",
        "\n  ",
        "\n    ",
        "web:",
        "image: ",
        "a:${T:-b}",
        "&a ",
        "*a",
        "<<: ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "- ",
        "ports: ",
        "1:5432",
        "environment: ",
        "A_TOKEN=x",
        "extends: ",
        "\r",
        "\r\n",
        "version: ",
        "deploy: ",
        "# ",
        "\"",
        "healthcheck: ",
        "ä: ",
    ];

    proptest! {
        #[test]
        fn whatever_is_in_a_file_is_judged_in_its_lines(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
            super::fuzz(pieces.concat().as_bytes());
            super::fuzz(format!("services:\n  web:\n    image: a\n    {}", pieces.concat()).as_bytes());
        }
    }
}
