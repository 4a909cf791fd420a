//! No package is used of which a weakness is known.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use charter_deploy_model::{Inspection, KindMeta, LookedAt, Measure, Unit, VulnerabilitySeverity};
use charter_host::{Host, Refusal, Scope, Setup};
use globset::GlobMatcher;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::advisories::{self, Advisory, Database, Wanted, weaknesses};
use crate::gate::blocking;
use crate::packages::{self, Ecosystem, Package, Packages};
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

mod findings;
mod names;
mod npm_audit;

pub use names::{Named, names};

charter_deploy_model::kind! {
    /// Refuses packages of which a weakness is known.
    ///
    /// It reads the lock files of the commit and compares every version in them with advisories that lie on this
    /// machine; nothing is downloaded. These lock files are read: `package-lock.json` and `npm-shrinkwrap.json`,
    /// `pnpm-lock.yaml` (versions 6 and 9), `Cargo.lock`, `uv.lock`, `poetry.lock`, `Pipfile.lock` and
    /// `requirements*.txt`. Of any other, and of a manifest without one, it says that it cannot tell.
    ///
    /// Each of `sources` is a folder: archives as osv-scanner keeps them (`npm/all.zip`), files in the form of OSV, or a
    /// clone of RustSec's advisory-db. Without any it looks where these programs keep theirs: in
    /// `~/.cache/osv-scanner`, `~/.cargo/advisory-db` and `~/.cargo/advisory-dbs`. With `npm-audit`, npm asks its
    /// registry as well. Where no source tells about an ecosystem in use, or none that is young enough, the result is
    /// inconclusive and says what to type: what nobody was asked about is not clean.
    ///
    /// What several databases say of one weakness is one finding, under the id of the ecosystem's own database. A
    /// package comes from a registry; what comes from git, from a folder or from another registry is counted and not
    /// looked up.
    ///
    /// ```toml
    /// [gates.dependencies]
    /// sources = ["advisories"]
    /// max-age-days = 36500
    /// ```
    ///
    /// ```json,source=advisories/GHSA-jf85-cpcp-j695.json
    /// {"id": "GHSA-jf85-cpcp-j695", "modified": "2026-01-01T00:00:00Z", "summary": "Prototype pollution in lodash",
    ///  "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
    ///                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.12"}]}]}]}
    /// ```
    ///
    /// ```json,source=package-lock.json,passes
    /// {"lockfileVersion": 3, "packages": {
    ///    "": {"dependencies": {"lodash": "^4.17.11"}},
    ///    "node_modules/lodash": {"version": "4.17.21"}}}
    /// ```
    pub static META: "dependencies", needs Source, lane Shared {
        /// A version with a known vulnerability is used, as grave as `severity-threshold` or graver.
        ///
        /// One whose severity nobody says counts as grave enough. Take a version that has it not; where there is none,
        /// leave the package out, or waive the finding until there is. Its subject is the advisory and the version,
        /// such as `GHSA-jf85-cpcp-j695:lodash@4.17.11`, so a waiver holds for no other.
        ///
        /// ```toml
        /// [gates.dependencies]
        /// sources = ["advisories"]
        /// max-age-days = 36500
        /// ```
        ///
        /// ```json,source=advisories/GHSA-jf85-cpcp-j695.json
        /// {"id": "GHSA-jf85-cpcp-j695", "modified": "2026-01-01T00:00:00Z", "summary": "Prototype pollution in lodash",
        ///  "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
        ///                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.12"}]}]}]}
        /// ```
        ///
        /// ```json,source=package-lock.json,blocks=dependencies/vulnerable
        /// {"lockfileVersion": 3, "packages": {
        ///    "": {"dependencies": {"lodash": "^4.17.11"}},
        ///    "node_modules/lodash": {"version": "4.17.11"}}}
        /// ```
        "dependencies/vulnerable": Error, principle Some(LocalValidation);
        /// A version with a known vulnerability is used, less grave than `severity-threshold`.
        "dependencies/below-threshold": Note, principle None;
        /// A package was written to do harm.
        ///
        /// Remove it, and treat what the machines that installed it could read as stolen.
        "dependencies/malicious": Error, principle Some(UserPreservation);
        /// Safe Rust can go wrong with a crate, as RustSec knows.
        "dependencies/unsound": Warning, principle None;
        /// Nobody looks after a package any more, or there is something else to know about it.
        "dependencies/unmaintained": Note, principle None;
        /// A list of requirements has no hashes, and nothing says that it is complete.
        ///
        /// What the listed packages need themselves is installed too and judged by nobody. Let `pip-compile
        /// --generate-hashes` or `uv pip compile` write the list, or use a lock file.
        "dependencies/incomplete-list": Warning, principle None;
    }
}

/// The section `[gates.dependencies]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DependenciesConfig {
    /// Folders of advisories, relative to the project; where osv-scanner, cargo-audit and cargo-deny keep theirs when
    /// empty.
    pub sources: Vec<PathBuf>,
    /// The least severity that is an error.
    pub severity_threshold: VulnerabilitySeverity,
    /// Whether what is there for development only counts as well: it runs where the site is built.
    pub include_dev: bool,
    /// How old what a source knows may be, in days.
    pub max_age_days: u32,
    /// Whether to let npm ask its registry (`npm audit`), which learns the names and versions of all packages.
    pub npm_audit: bool,
    /// Globs over the paths of lock files and manifests that are not looked at.
    pub exclude: Vec<String>,
}

impl Default for DependenciesConfig {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            severity_threshold: VulnerabilitySeverity::Low,
            include_dev: true,
            max_age_days: 14,
            npm_audit: false,
            exclude: Vec::new(),
        }
    }
}

/// Looks packages up in advisories.
#[derive(Debug, Clone)]
pub struct Dependencies {
    config: DependenciesConfig,
    exclude: Vec<GlobMatcher>,
    root: PathBuf,
    host: Host,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: DependenciesConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    Ok(Box::new(Dependencies { config, exclude, root: setup.root.to_owned(), host: setup.host.clone() }))
}

#[async_trait]
impl Gate for Dependencies {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// Advisories change while the commit does not.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let packages = read(&source, &self.exclude, scope).await?;
        if packages.is_nothing() {
            return Ok(Inspection::NotApplicable { reason: "the project has no lock file".to_owned() });
        }
        let packages = self.in_question(packages);
        let npm_audit = if self.config.npm_audit && packages.list.iter().any(|one| one.ecosystem == Ecosystem::Npm) {
            scope.progress(0, None, "asking npm's registry");
            Some(npm_audit::ask(&self.host, &source, &packages, scope).await?)
        } else {
            None
        };
        let (gate, scope) = (self.clone(), scope.clone());
        blocking(move || gate.judge(packages, npm_audit, &scope)).await
    }
}

/// Reads the lock files of the commit where that may block.
pub(crate) async fn read(source: &Source, exclude: &[GlobMatcher], scope: &Scope) -> Result<Packages, GateError> {
    scope.progress(0, None, "reading lock files");
    let (source, exclude, scope) = (source.clone(), exclude.to_owned(), scope.clone());
    blocking(move || packages::read(&source, &exclude, &scope)).await
}

impl Dependencies {
    fn in_question(&self, mut packages: Packages) -> Packages {
        if !self.config.include_dev {
            packages.list.retain(|package| !package.is_dev);
        }
        packages
    }

    fn judge(
        &self,
        packages: Packages,
        npm_audit: Option<Result<Database, String>>,
        scope: &Scope,
    ) -> Result<Inspection, GateError> {
        let in_use: BTreeSet<Ecosystem> = packages.list.iter().map(|package| package.ecosystem).collect();
        let wanted: Wanted =
            packages.list.iter().map(|one| (one.ecosystem, one.ecosystem.normal_name(&one.name))).collect();
        let mut undecided = packages.undecided.clone();
        let (databases, unopened) = self.open(&in_use, &wanted, npm_audit, scope);
        undecided.extend(unopened);
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        undecided.extend(self.uncovered(&in_use, &databases));
        for database in &databases {
            undecided.extend(database.unreadable.as_ref().map(|(count, first)| {
                format!("{count} advisories of `{}` cannot be read, such as {first}", database.name)
            }));
        }
        let mut by_package: HashMap<(Ecosystem, &str), Vec<&Advisory>> = HashMap::new();
        for advisory in databases.iter().flat_map(|database| &database.advisories) {
            let names: BTreeSet<_> = advisory.affected.iter().map(|one| (one.ecosystem, one.name.as_str())).collect();
            names.into_iter().for_each(|name| by_package.entry(name).or_default().push(advisory));
        }
        let mut versions: BTreeMap<(Ecosystem, &str, &str), Vec<&Package>> = BTreeMap::new();
        for package in &packages.list {
            let key = (package.ecosystem, package.name.as_str(), package.version.as_str());
            versions.entry(key).or_default().push(package);
        }
        let mut found = findings::incomplete(&packages);
        let mut vulnerabilities = 0;
        for ((ecosystem, name, version), places) in &versions {
            let normal = ecosystem.normal_name(name);
            let Some(advisories) = by_package.get(&(*ecosystem, normal.as_str())) else { continue };
            let (weaknesses, unclear) = weaknesses(*ecosystem, name, version, advisories);
            undecided.extend(unclear);
            for weakness in &weaknesses {
                let finding = findings::finding(weakness, places, self.config.severity_threshold);
                vulnerabilities += u64::from(finding.code == "dependencies/vulnerable");
                found.push(finding);
            }
        }
        found.sort();
        undecided.sort();
        undecided.dedup();
        let counts = BTreeMap::from([
            ("advisories".to_owned(), databases.iter().map(|database| database.count).sum()),
            ("foreign-packages".to_owned(), packages.foreign),
            ("lock-files".to_owned(), packages.files.len() as u64),
            ("packages".to_owned(), versions.len() as u64),
        ]);
        // How many there are is known only where everything could be asked about.
        let measures = undecided.is_empty().then(|| Measure {
            name: "vulnerabilities".to_owned(),
            subject: "packages".to_owned(),
            value: vulnerabilities as f64,
            unit: Unit::Count,
            samples: Vec::new(),
        });
        Ok(Inspection::Looked {
            findings: found,
            measures: measures.into_iter().collect(),
            looked_at: LookedAt { counts, undecided, ..LookedAt::default() },
        })
    }

    /// Opens every source; with sentences about those that could not be.
    fn open(
        &self,
        in_use: &BTreeSet<Ecosystem>,
        wanted: &Wanted,
        npm_audit: Option<Result<Database, String>>,
        scope: &Scope,
    ) -> (Vec<Database>, Vec<String>) {
        let (mut databases, mut undecided) = (Vec::new(), Vec::new());
        match npm_audit {
            Some(Ok(database)) => databases.push(database),
            Some(Err(why)) => undecided.push(why),
            None => {}
        }
        let usual = self.usual_places();
        let places: Vec<PathBuf> = match self.config.sources.as_slice() {
            [] => usual,
            given => given.iter().map(|path| self.root.join(path)).collect(),
        };
        for place in places {
            scope.progress(0, None, &format!("reading the advisories in `{}`", place.display()));
            match advisories::open(&place, in_use, wanted, scope) {
                Ok(opened) => databases.extend(opened),
                Err(why) => undecided.push(format!("`{}` {why}", place.display())),
            }
        }
        (databases, undecided)
    }

    /// Returns where other programs keep advisories, as far as they are there.
    fn usual_places(&self) -> Vec<PathBuf> {
        let path = |name: &str| self.host.environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = path("HOME");
        let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let cache = path("OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY")
            .or_else(|| path("XDG_CACHE_HOME"))
            .or_else(|| below_home(".cache"));
        let cargo = path("CARGO_HOME").or_else(|| below_home(".cargo"));
        let mut places = Vec::new();
        places.extend(cache.map(|cache| cache.join("osv-scanner")));
        if let Some(cargo) = cargo {
            places.push(cargo.join("advisory-db"));
            // Each is named by the address that it was cloned from.
            let clones = std::fs::read_dir(cargo.join("advisory-dbs")).into_iter().flatten().flatten();
            let mut clones: Vec<PathBuf> = clones.map(|clone| clone.path()).filter(|path| holds_crates(path)).collect();
            clones.sort();
            places.extend(clones);
        }
        places.retain(|place| place.is_dir());
        places
    }

    /// Says about which ecosystems nothing is known that is young enough.
    fn uncovered(&self, in_use: &BTreeSet<Ecosystem>, databases: &[Database]) -> Vec<String> {
        let now = self.host.clock.now();
        let limit = SignedDuration::from_hours(24 * i64::from(self.config.max_age_days));
        let oldest_allowed = now.checked_sub(limit).unwrap_or(Timestamp::MIN);
        let mut sentences = Vec::new();
        for ecosystem in in_use {
            let about = databases.iter().filter(|database| database.covers.contains(ecosystem));
            let newest = about.max_by_key(|database| database.as_of);
            match newest.map(|database| (database, database.as_of)) {
                None => sentences.push(format!(
                    "no advisories about packages of {ecosystem} are at hand: {}",
                    how_to_get(*ecosystem)
                )),
                Some((database, None)) => {
                    sentences.push(format!("nothing says how old the advisories in `{}` are", database.name));
                }
                Some((database, Some(as_of))) if as_of < oldest_allowed => {
                    let days = now.duration_since(as_of).as_hours() / 24;
                    sentences.push(format!(
                        "the newest advisories about packages of {ecosystem}, in `{}`, are {days} days old, and \
                         `max-age-days` is {}: {}",
                        database.name,
                        self.config.max_age_days,
                        how_to_get(*ecosystem)
                    ));
                }
                Some(_) => {}
            }
        }
        sentences
    }
}

fn holds_crates(path: &Path) -> bool {
    path.join("crates").is_dir()
}

fn how_to_get(ecosystem: Ecosystem) -> &'static str {
    const OSV: &str = "type `osv-scanner scan --offline-vulnerabilities --download-offline-databases .`";
    match ecosystem {
        Ecosystem::CratesIo => {
            "type `git clone https://github.com/rustsec/advisory-db ~/.cargo/advisory-db`, or `git pull` in it"
        }
        Ecosystem::Npm | Ecosystem::PyPi => OSV,
    }
}

/// Reads any advisory, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    for advisory in [advisories::read_osv(content), advisories::read_rustsec(content)].into_iter().flatten() {
        for affected in advisory.affected.clone() {
            let _ = weaknesses(affected.ecosystem, &affected.name, "1.2.3", &[&advisory]);
        }
    }
}
