//! A committed bill of materials says what the lock files say.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use charter_deploy_model::{Inspection, KindMeta, LookedAt, Measure, Unit};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::RepositoryError;
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use super::dependencies::read;
use crate::gate::blocking;
use crate::packages::{self, Packages};
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

mod findings;

charter_deploy_model::kind! {
    /// Refuses a bill of materials that is not what the project is made of.
    ///
    /// A bill is a file `bom.json`, `*.cdx.json` or `*.bom.json` in the form of CycloneDX 1.2 to 1.7, or the one that
    /// `file` names. It speaks for the lock files of its folder and below, and is compared with them: every package of
    /// a registry in it, with its version, and none that is not there. What is there for development only may be in it
    /// or not; with `include-dev` it must. What comes from git, from a folder or from another registry is not compared,
    /// and neither are packages of other ecosystems. Bills in XML and those of SPDX are not read.
    ///
    /// A bill that Charter wrote, or an empty file, is written anew by `charter gates fix`. Nothing is demanded of a
    /// project without a bill unless `required = true`.
    ///
    /// ```json,source=package-lock.json
    /// {"lockfileVersion": 3, "packages": {
    ///    "": {"dependencies": {"clsx": "^2"}},
    ///    "node_modules/clsx": {"version": "2.1.1"}}}
    /// ```
    ///
    /// ```json,source=bom.json,passes
    /// {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [
    ///    {"type": "library", "name": "clsx", "version": "2.1.1", "purl": "pkg:npm/clsx@2.1.1"}]}
    /// ```
    pub static META: "sbom", needs Source, lane Shared {
        /// There is a lock file and no bill of materials that speaks for it, though one is `required`.
        ///
        /// Commit an empty file where the bill belongs, and let `charter gates fix` write it.
        ///
        /// ```toml
        /// [gates.sbom]
        /// required = true
        /// ```
        ///
        /// ```json,source=package-lock.json,blocks=sbom/missing
        /// {"lockfileVersion": 3, "packages": {"node_modules/clsx": {"version": "2.1.1"}}}
        /// ```
        "sbom/missing": Error, principle Some(LocalValidation);
        /// A bill of materials says something else than the lock files.
        ///
        /// Whoever looks up weaknesses in it looks up the wrong packages. Write it anew with every change of a lock
        /// file.
        ///
        /// ```json,source=package-lock.json
        /// {"lockfileVersion": 3, "packages": {"node_modules/clsx": {"version": "2.1.1"}}}
        /// ```
        ///
        /// ```json,source=bom.json,blocks=sbom/outdated
        /// {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [
        ///    {"type": "library", "name": "clsx", "version": "2.0.0", "purl": "pkg:npm/clsx@2.0.0"}]}
        /// ```
        "sbom/outdated": Error, principle Some(LocalValidation);
        /// A bill of materials cannot be read: it is no JSON, not CycloneDX, or contradicts itself.
        ///
        /// ```json,source=bom.json,blocks=sbom/invalid
        /// {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library"}]}
        /// ```
        "sbom/invalid": Error, principle Some(LocalValidation);
        /// A bill of materials has libraries without a version or a package URL, which nobody can look up.
        ///
        /// ```json,source=bom.json,blocks=sbom/vague
        /// {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "jquery"}]}
        /// ```
        "sbom/vague": Warning, principle None;
    }
}

/// The section `[gates.sbom]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SbomConfig {
    /// The bill's path in the project; every `bom.json`, `*.cdx.json` and `*.bom.json` when absent.
    pub file: Option<String>,
    /// Whether every lock file needs a bill that speaks for it.
    pub required: bool,
    /// Whether what is there for development only must be in it as well.
    pub include_dev: bool,
    /// Globs over the paths of lock files, manifests and bills that are not looked at.
    pub exclude: Vec<String>,
}

/// Compares bills of materials.
#[derive(Debug, Clone)]
pub struct Sbom {
    config: SbomConfig,
    exclude: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: SbomConfig, _setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    Ok(Box::new(Sbom { config, exclude }))
}

/// A bill as it was committed.
struct Committed {
    path: String,
    /// Its text, or what is wrong with it as the end of a sentence.
    text: Result<String, String>,
}

#[async_trait]
impl Gate for Sbom {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Commit
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let packages = read(&source, &self.exclude, scope).await?;
        let gate = self.clone();
        blocking(move || {
            let bills = gate.bills(&source)?;
            if packages.is_nothing() && bills.is_empty() {
                let reason = "the project has neither a lock file nor a bill of materials".to_owned();
                return Ok(Inspection::NotApplicable { reason });
            }
            let root = source.repository.root().file_name();
            let name = root.map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned());
            Ok(gate.judge(&packages, &bills, &name))
        })
        .await
    }
}

impl Sbom {
    fn is_bill(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        match &self.config.file {
            Some(file) => path == file,
            None => {
                (name == "bom.json" || name.ends_with(".cdx.json") || name.ends_with(".bom.json"))
                    && !path.split('/').any(|part| part == "node_modules")
                    && !glob::any(&self.exclude, path)
            }
        }
    }

    fn bills(&self, source: &Source) -> Result<Vec<Committed>, GateError> {
        let failed = |source: RepositoryError| GateError::Other {
            doing: "reading the commit".to_owned(),
            source: source.into(),
        };
        let files = source.repository.files(&source.commit).map_err(failed)?;
        let blobs = source.repository.blobs().map_err(failed)?;
        let bills = files.into_iter().filter(|file| self.is_bill(&file.path));
        Ok(bills.map(|file| Committed { text: packages::text(&blobs, &file), path: file.path }).collect())
    }

    fn judge(&self, packages: &Packages, bills: &[Committed], name: &str) -> Inspection {
        let mut found = Vec::new();
        let mut spoken_for = BTreeSet::new();
        for bill in bills {
            // A bill that the configuration names is that of the whole project.
            let folder = match (&self.config.file, bill.path.rsplit_once('/')) {
                (None, Some((folder, _))) => folder,
                _ => "",
            };
            let below: BTreeSet<&String> = packages.files.keys().filter(|file| lies_in(file, folder)).collect();
            found.extend(findings::of(bill, packages, &below, self.config.include_dev, name));
            spoken_for.extend(below);
        }
        let alone: Vec<&str> =
            packages.files.keys().filter(|file| !spoken_for.contains(file)).map(String::as_str).collect();
        if self.config.required && !alone.is_empty() {
            let file = self.config.file.as_deref().unwrap_or("bom.json");
            found.push(findings::missing(file, &alone));
        }
        found.sort();
        let is_asked = self.config.required || !bills.is_empty();
        let mut undecided = if is_asked { packages.undecided.clone() } else { Vec::new() };
        undecided.sort();
        undecided.dedup();
        let components: BTreeSet<String> = packages.list.iter().map(packages::purl).collect();
        let measure = Measure {
            name: "components".to_owned(),
            subject: "lock files".to_owned(),
            value: components.len() as f64,
            unit: Unit::Count,
            samples: Vec::new(),
        };
        let counts = BTreeMap::from([
            ("bills".to_owned(), bills.len() as u64),
            ("foreign-packages".to_owned(), packages.foreign),
            ("lock-files".to_owned(), packages.files.len() as u64),
            ("packages".to_owned(), components.len() as u64),
        ]);
        // How many there are is known only where everything could be read.
        let measures = if packages.undecided.is_empty() { vec![measure] } else { Vec::new() };
        Inspection::Looked {
            findings: found,
            measures,
            looked_at: LookedAt { counts, undecided, ..LookedAt::default() },
        }
    }
}

fn lies_in(file: &str, folder: &str) -> bool {
    folder.is_empty() || file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Reads a bill of materials, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(text: &str) {
    packages::fuzz_bill(text);
}
