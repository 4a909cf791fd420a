//! What people need when something goes wrong is written down, and is not older than what it is about.

use std::collections::BTreeMap;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::{CommittedFile, FileSort, LastChanges, RepositoryError};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

mod sections;

/// So much of the history is looked through for when files were changed last.
const COMMIT_LIMIT: usize = 20_000;
/// A larger document is not read, in bytes.
const SIZE_LIMIT: u64 = 4 << 20;
const DAY: i64 = 86_400;

charter_deploy_model::kind! {
    /// Demands documents: that they exist, say what they must, and are kept up with the files that they describe.
    ///
    /// Each entry of `documents` is one that must be there; the first file that matches its globs is the one that is looked
    /// at. `preset = "deployment-policy"` demands those of a deployment policy: a README, a runbook with a section on deploying and
    /// one on rolling back, and what to do in an incident, which may all be in one file. A document is outdated when the files
    /// that it `describes` were changed more than `max-behind-days` after it was. The times are those of commits; one that brings
    /// a project in, the first or one that adds most of all files, changes nothing. Without history, as in a shallow
    /// clone, the result is inconclusive.
    ///
    /// ```toml
    /// [[gates.runbook.documents]]
    /// name = "runbook"
    /// files = ["docs/runbook.md"]
    /// headings = ["Rollback"]
    /// describes = ["deploy/**"]
    /// max-behind-days = 30
    /// ```
    ///
    /// ```sh,source=deploy/up.sh
    /// charter deploy
    /// ```
    ///
    /// ```markdown,source=docs/runbook.md,passes
    /// # Runbook
    ///
    /// ## How to rollback
    ///
    /// Run `charter rollback`.
    /// ```
    pub static META: "runbook", needs Source, lane Shared {
        /// A document that is demanded is not there.
        ///
        /// Write it where one of the globs finds it.
        ///
        /// ```toml
        /// [gates.runbook]
        /// preset = "deployment-policy"
        /// ```
        ///
        /// ```markdown,source=README.md,blocks=runbook/missing
        /// # The site
        ///
        /// What it is for.
        /// ```
        "runbook/missing": Error, principle Some(UserPreservation);
        /// A document has nothing in it but headings.
        ///
        /// ```toml
        /// [[gates.runbook.documents]]
        /// name = "runbook"
        /// files = ["docs/runbook.md"]
        /// ```
        ///
        /// ```markdown,source=docs/runbook.md,blocks=runbook/empty
        /// # Runbook
        /// ```
        "runbook/empty": Error, principle Some(UserPreservation);
        /// A document lacks a section that is demanded, or has nothing in it.
        ///
        /// The heading must contain the words; capitals do not matter.
        ///
        /// ```toml
        /// [[gates.runbook.documents]]
        /// name = "runbook"
        /// files = ["docs/runbook.md"]
        /// headings = ["Rollback"]
        /// ```
        ///
        /// ```markdown,source=docs/runbook.md,blocks=runbook/section
        /// # Runbook
        ///
        /// Run `charter deploy`.
        ///
        /// ## Rollback
        ///
        /// ## Contact
        ///
        /// ann@example.org
        /// ```
        "runbook/section": Error, principle Some(UserPreservation);
        /// A document is older than what it describes.
        ///
        /// Read it again and bring it up to date; a change of any sort counts, a new date of review for instance.
        "runbook/outdated": Error, principle Some(UserPreservation);
        /// There is nothing of what a document describes.
        ///
        /// Correct `describes`, or the document is never outdated.
        ///
        /// ```toml
        /// [[gates.runbook.documents]]
        /// name = "runbook"
        /// files = ["docs/runbook.md"]
        /// describes = ["deplyo/**"]
        /// ```
        ///
        /// ```markdown,source=docs/runbook.md,blocks=runbook/describes-nothing
        /// Run `charter deploy`.
        /// ```
        "runbook/describes-nothing": Warning, principle None;
    }
}

/// Documents that are demanded together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// None but those that are listed.
    #[default]
    None,
    /// A README, a runbook that says how to deploy and how to roll back, and what to do in an incident.
    DeploymentPolicy,
}

/// A document that must be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DemandedDocument {
    /// What to call it, such as `runbook`.
    pub name: String,
    /// Globs over where it may be; the first that finds a file counts.
    pub files: Vec<String>,
    /// The words that must be in headings, each with a text below it.
    #[serde(default)]
    pub headings: Vec<String>,
    /// Globs over the files that it describes.
    #[serde(default)]
    pub describes: Vec<String>,
    /// How long it may be older than these, in days, when it is not as `max-behind-days` of the section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub max_behind_days: Option<u32>,
}

/// The section `[gates.runbook]`. Nothing is demanded unless it says so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RunbookConfig {
    /// Documents that are demanded together.
    pub preset: Preset,
    /// Documents that are demanded besides.
    pub documents: Vec<DemandedDocument>,
    /// How long a document may be older than what it describes, in days.
    pub max_behind_days: u32,
}

impl Default for RunbookConfig {
    fn default() -> Self {
        Self { preset: Preset::default(), documents: Vec::new(), max_behind_days: 90 }
    }
}

/// A document that is demanded, ready to be looked for.
#[derive(Debug, Clone)]
struct Demand {
    document: DemandedDocument,
    files: Vec<GlobMatcher>,
    describes: Vec<GlobMatcher>,
    max_behind_days: u32,
    is_preset: bool,
}

/// Looks for documents, and for when they were changed.
#[derive(Debug, Clone)]
pub struct Runbook {
    demands: Vec<Demand>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, or a document has no name or no place.
pub fn gate(config: RunbookConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let preset = match config.preset {
        Preset::None => Vec::new(),
        Preset::DeploymentPolicy => deployment_policy(),
    };
    let preset = preset.into_iter().map(|document| (document, true));
    let own = config.documents.into_iter().map(|document| (document, false));
    let demand = |(document, is_preset): (DemandedDocument, bool)| {
        if document.name.trim().is_empty() || document.files.is_empty() {
            return Err(Refusal("each of `documents` needs a `name` and `files`".to_owned()));
        }
        Ok(Demand {
            files: glob::compile_all("files", &document.files)?,
            describes: glob::compile_all("describes", &document.describes)?,
            max_behind_days: document.max_behind_days.unwrap_or(config.max_behind_days),
            document,
            is_preset,
        })
    };
    Ok(Box::new(Runbook { demands: preset.chain(own).map(demand).collect::<Result<_, _>>()? }))
}

fn deployment_policy() -> Vec<DemandedDocument> {
    const RUNBOOKS: [&str; 4] = ["docs/runbook.md", "RUNBOOK.md", "runbook.md", "docs/runbooks/**/*.md"];
    const DEPLOYED: [&str; 6] =
        ["charter.toml", "**/Dockerfile", "deploy/**", "k8s/**", "helm/**", "**/{compose,docker-compose}.{yml,yaml}"];
    let document = |name: &str, first: &[&str], headings: &[&str], describes: &[&str]| {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let all: Vec<&str> = first.iter().chain(RUNBOOKS.iter().filter(|_| name != "README")).copied().collect();
        DemandedDocument {
            name: name.to_owned(),
            files: texts(&all),
            headings: texts(headings),
            describes: texts(describes),
            max_behind_days: None,
        }
    };
    vec![
        document("README", &["README*", "docs/README*"], &[], &[]),
        document("runbook", &[], &["Deploy"], &DEPLOYED),
        document("rollback procedure", &["docs/rollback*.md"], &["Rollback"], &DEPLOYED),
        document("incident response", &["docs/incident*.md"], &["Incident"], &[]),
    ]
}

#[async_trait]
impl Gate for Runbook {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Commit
    }

    async fn inspect(&self, subject: &Subject, _: &Scope) -> Result<Inspection, GateError> {
        if self.demands.is_empty() {
            let reason = "no document is demanded: set `preset`, or list `documents`".to_owned();
            return Ok(Inspection::NotApplicable { reason });
        }
        let (own, source) = (self.clone(), subject.source()?.clone());
        blocking(move || own.look(&source)).await
    }
}

fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the documents of the commit".to_owned(), source: source.into() }
}

impl Runbook {
    fn look(&self, source: &Source) -> Result<Inspection, GateError> {
        let mut all = source.repository.files(&source.commit).map_err(failed)?;
        all.retain(|file| file.sort != FileSort::Link);
        let blobs = source.repository.blobs().map_err(failed)?;
        let mut findings = Vec::new();
        let mut looked_at = LookedAt::default();
        let mut dated: Vec<(&Demand, &CommittedFile)> = Vec::new();
        for demand in &self.demands {
            let candidates = demand.files.iter().flat_map(|glob| all.iter().filter(|file| glob.is_match(&file.path)));
            let mut texts = Vec::new();
            for file in candidates {
                let text = match blobs.size(file.blob).map_err(failed)? {
                    size if size > SIZE_LIMIT => None,
                    _ => blobs
                        .read(file.blob, |content| std::str::from_utf8(content).ok().map(str::to_owned))
                        .map_err(failed)?,
                };
                match text {
                    Some(text) => texts.push((file, sections::read(&text))),
                    None => looked_at
                        .undecided
                        .push(format!("`{}` is not UTF-8 or larger than 4 MiB, and was not read", file.path)),
                }
            }
            // One with every section is better than one that comes first.
            let is_whole = |(_, found): &&(_, sections::Sections)| demand.lacking(found).is_empty() && !found.is_empty;
            let Some((file, found)) = texts.iter().find(is_whole).or(texts.first()) else {
                findings.push(missing(&demand.document));
                continue;
            };
            findings.extend(demand.faults(&file.path, found));
            if all.iter().any(|it| demand.is_described(&it.path, &file.path)) {
                dated.push((demand, file));
            } else if !demand.describes.is_empty() && !demand.is_preset {
                findings.push(describes_nothing(&demand.document, &file.path));
            }
        }
        looked_at.counts = BTreeMap::from([
            ("documents".to_owned(), self.demands.len() as u64),
            ("dated".to_owned(), dated.len() as u64),
        ]);
        date(source, &dated, &mut findings, &mut looked_at)?;
        findings.sort();
        findings.dedup();
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }
}

/// Compares when documents were changed with when what they describe was.
fn date(
    source: &Source,
    dated: &[(&Demand, &CommittedFile)],
    findings: &mut Vec<Finding>,
    looked_at: &mut LookedAt,
) -> Result<(), GateError> {
    if dated.is_empty() {
        return Ok(());
    }
    // Two groups for each: the document, and what it describes.
    let groups_of = |path: &str| -> Vec<usize> {
        let of = |(number, (demand, file)): (usize, &(&Demand, &CommittedFile))| {
            let own = (file.path == path).then_some(2 * number);
            let described = demand.is_described(path, &file.path).then_some(2 * number + 1);
            [own, described].into_iter().flatten().collect::<Vec<_>>()
        };
        dated.iter().enumerate().flat_map(of).collect()
    };
    let LastChanges { found, is_cut } =
        source.repository.last_changes(&source.commit, COMMIT_LIMIT, 2 * dated.len(), groups_of).map_err(failed)?;
    for (number, (demand, file)) in dated.iter().enumerate() {
        let (own, described) = (&found[2 * number], &found[2 * number + 1]);
        let (Some(own), Some(described)) = (own, described) else {
            let path = &file.path;
            let why = if is_cut { "the history ends too soon" } else { "there is no history of it" };
            looked_at.undecided.push(format!("how old `{path}` or what it describes is cannot be told: {why}"));
            continue;
        };
        // How old that is which came with the project, nobody knows.
        if described.is_import {
            continue;
        }
        let behind = described.time.as_second().saturating_sub(own.time.as_second()).div_euclid(DAY);
        if behind > i64::from(demand.max_behind_days) {
            let commits = own.commits_before[2 * number + 1];
            findings.push(outdated(demand, &file.path, behind, commits, described.commit.short()));
        }
    }
    Ok(())
}

impl Demand {
    /// Says whether a path is among what the document at `own` describes.
    fn is_described(&self, path: &str, own: &str) -> bool {
        path != own && glob::any(&self.describes, path)
    }

    /// Returns the headings that are not there or have nothing below them.
    fn lacking(&self, found: &sections::Sections) -> Vec<&str> {
        let has = |wanted: &str| found.has(wanted);
        self.document.headings.iter().map(String::as_str).filter(|wanted| !has(wanted)).collect()
    }

    fn faults(&self, path: &str, found: &sections::Sections) -> Vec<Finding> {
        let name = &self.document.name;
        let finding = |code: &str, message: String| {
            Finding::new(format!("runbook/{code}"), path, message).at(Location::file(path).in_source())
        };
        if found.is_empty {
            let message = format!("`{path}`, the {name}, has no text in it");
            return vec![finding("empty", message).key(name).help("write it; an empty document helps nobody")];
        }
        let lack = |heading: &str| {
            let message = format!("`{path}`, the {name}, has no section `{heading}` with text in it");
            let help = format!("write what to do below a heading with `{heading}` in it");
            finding("section", message).key(format!("{name}: {heading}")).help(help)
        };
        self.lacking(found).into_iter().map(lack).collect()
    }
}

fn missing(document: &DemandedDocument) -> Finding {
    let places: Vec<String> = document.files.iter().map(|pattern| format!("`{pattern}`")).collect();
    let message = format!("the {} is missing: there is no file {}", document.name, places.join(", "));
    Finding::new("runbook/missing", &document.name, message).key("missing").help("write it at one of these places")
}

fn describes_nothing(document: &DemandedDocument, path: &str) -> Finding {
    let globs: Vec<String> = document.describes.iter().map(|pattern| format!("`{pattern}`")).collect();
    let message = format!("`{path}` describes {}, of which there is nothing", globs.join(", "));
    Finding::new("runbook/describes-nothing", path, message)
        .at(Location::file(path).in_source())
        .key(&document.name)
        .help("correct `describes` of the document in `[gates.runbook]`")
}

fn outdated(demand: &Demand, path: &str, behind: i64, commits: u64, last: &str) -> Finding {
    let commits = if commits == 1 { "1 commit".to_owned() } else { format!("{commits} commits") };
    let limit = demand.max_behind_days;
    let message = format!(
        "`{path}`, the {}, is {behind} days older than what it describes, of {limit} allowed: {commits} changed that, `{last}` last",
        demand.document.name
    );
    Finding::new("runbook/outdated", path, message)
        .at(Location::file(path).in_source())
        .key(&demand.document.name)
        .help("read it again, and bring it up to date")
}

/// Finds the sections of any text, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(text: &str) {
    let found = sections::read(text);
    assert!(!(found.is_empty && found.has("")), "a document without text has a section with text");
}
