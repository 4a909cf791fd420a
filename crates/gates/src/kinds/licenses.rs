//! No package is used under a licence that nobody allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use async_trait::async_trait;
use charter_deploy_model::{Inspection, KindMeta, LookedAt};
use charter_host::{Host, Refusal, Scope, Setup};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use super::dependencies::read;
use crate::gate::blocking;
use crate::packages::{Ecosystem, Package, Packages, some_of};
use crate::packages::{Installed, Stated};
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

mod findings;
mod terms;

use terms::{Terms, Verdict};
pub(crate) use terms::{is_expression, is_known};

charter_deploy_model::kind! {
    /// Refuses packages under a licence that is not allowed.
    ///
    /// It reads the lock files of the commit, the same as `dependencies` does, and judges what each package says of its
    /// licence, an expression of SPDX, by the list `allow`. As it comes, the common permissive licences are allowed. Of
    /// `A OR B` one must be allowed, of `A AND B` both. The old `MIT/Apache-2.0`, identifiers that SPDX replaced, and
    /// usual misspellings such as `Apache 2.0` are understood.
    ///
    /// `package-lock.json` says the licence itself. For what a lock file does not say, the gate looks at the very
    /// version where it is installed: at what Cargo unpacked, in `node_modules` beside the lock file, and in `.venv`,
    /// `venv` or the active environment of Python. What is not installed stays undecided and is never clean; the report
    /// says what to type. What comes from git, from a folder or from another registry is counted and not judged.
    ///
    /// An exception lets a package use further licences (`allow`), or says under which it is where the package does not
    /// (`license`), and why. Its `package` is a glob over `name` and `name@version`.
    ///
    /// ```toml
    /// [[gates.licenses.exceptions]]
    /// package = "lightningcss*"
    /// allow = ["MPL-2.0"]
    /// reason = "used as it is, so there is no changed file to publish"
    /// ```
    ///
    /// ```json,source=package-lock.json,passes
    /// {"lockfileVersion": 3, "packages": {
    ///    "": {"dependencies": {"clsx": "^2", "lightningcss": "^1"}},
    ///    "node_modules/clsx": {"version": "2.1.1", "license": "MIT"},
    ///    "node_modules/lightningcss": {"version": "1.30.1", "license": "MPL-2.0"}}}
    /// ```
    pub static META: "licenses", needs Source, lane Shared {
        /// A package is under a licence that is not allowed.
        ///
        /// Leave the package out, allow the licence, or make an exception and say why. The subject is the name and the
        /// licence, such as `ghostscript4js:AGPL-3.0-only`: a waiver holds for later versions, and no longer once the
        /// licence is another.
        ///
        /// ```json,source=package-lock.json,blocks=licenses/refused
        /// {"lockfileVersion": 3, "packages": {
        ///    "": {"dependencies": {"ghostscript4js": "^3"}},
        ///    "node_modules/ghostscript4js": {"version": "3.2.3", "license": "AGPL-3.0-only"}}}
        /// ```
        "licenses/refused": Error, principle Some(LocalValidation);
        /// A package says nothing of its licence, or nothing that is an expression of SPDX.
        ///
        /// `SEE LICENSE IN …`, `UNLICENSED` and the bare name of a file are such. Read the licence, and say in an
        /// exception which one it is.
        ///
        /// ```json,source=package-lock.json,blocks=licenses/unknown
        /// {"lockfileVersion": 3, "packages": {
        ///    "": {"dependencies": {"gsap": "^2"}},
        ///    "node_modules/gsap": {"version": "2.1.3", "license": "SEE LICENSE IN LICENSE.md"}}}
        /// ```
        "licenses/unknown": Warning, principle None;
        /// An exception is for nothing any more.
        "licenses/unused-exception": Note, principle None;
    }
}

/// The section `[gates.licenses]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LicensesConfig {
    /// Licences that may be used, by their identifiers in SPDX, such as `MIT` or `Apache-2.0 WITH LLVM-exception`.
    pub allow: Vec<String>,
    /// Packages for which something else holds.
    pub exceptions: Vec<LicenseException>,
    /// Whether what is there for development only counts as well: bundlers put some of it into the site.
    pub include_dev: bool,
    /// Globs over the paths of lock files and manifests that are not looked at.
    pub exclude: Vec<String>,
}

/// What holds for some packages only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LicenseException {
    /// A glob over `name` and `name@version`.
    pub package: String,
    /// Licences that they may be under besides.
    #[serde(default)]
    pub allow: Vec<String>,
    /// What they are under, an expression of SPDX, where they do not say so themselves.
    #[serde(default)]
    pub license: Option<String>,
    /// Why.
    pub reason: String,
}

impl Default for LicensesConfig {
    fn default() -> Self {
        let permissive = [
            "0BSD",
            "Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "BlueOak-1.0.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "BSL-1.0",
            "CC-BY-3.0",
            "CC-BY-4.0",
            "CC0-1.0",
            "CDLA-Permissive-2.0",
            "ISC",
            "MIT",
            "MIT-0",
            "PSF-2.0",
            "Python-2.0",
            "Unicode-3.0",
            "Unicode-DFS-2016",
            "Unlicense",
            "Zlib",
        ];
        Self {
            allow: permissive.map(str::to_owned).into(),
            exceptions: Vec::new(),
            include_dev: true,
            exclude: Vec::new(),
        }
    }
}

/// Judges licences.
#[derive(Debug, Clone)]
pub struct Licenses {
    terms: Terms,
    include_dev: bool,
    exclude: Vec<GlobMatcher>,
    host: Host,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, a licence is none of SPDX, or an exception gives no reason.
pub fn gate(config: LicensesConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    let terms = Terms::new(&config.allow, config.exceptions)?;
    Ok(Box::new(Licenses { terms, include_dev: config.include_dev, exclude, host: setup.host.clone() }))
}

#[async_trait]
impl Gate for Licenses {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// What is installed changes while the commit does not.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let mut packages = read(&source, &self.exclude, scope).await?;
        if packages.is_nothing() {
            return Ok(Inspection::NotApplicable { reason: "the project has no lock file".to_owned() });
        }
        if !self.include_dev {
            packages.list.retain(|package| !package.is_dev);
        }
        let (gate, scope) = (self.clone(), scope.clone());
        blocking(move || gate.judge(&packages, &source, &scope)).await
    }
}

/// One version of a package: where it comes from, its name, and the version.
type Version<'a> = (Ecosystem, &'a str, &'a str);

impl Licenses {
    fn judge(&self, packages: &Packages, source: &Source, scope: &Scope) -> Result<Inspection, GateError> {
        let mut versions: BTreeMap<Version<'_>, Vec<&Package>> = BTreeMap::new();
        for package in &packages.list {
            let key = (package.ecosystem, package.name.as_str(), package.version.as_str());
            versions.entry(key).or_default().push(package);
        }
        let mut installed = self.installed(source);
        let mut used = BTreeSet::new();
        let mut absent: BTreeMap<Ecosystem, (Vec<String>, BTreeSet<String>)> = BTreeMap::new();
        let mut wrong: BTreeMap<(Ecosystem, &str, Verdict), Vec<&Package>> = BTreeMap::new();
        let total = versions.len() as u64;
        for (done, ((ecosystem, name, version), places)) in versions.iter().enumerate() {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            scope.progress(done as u64, Some(total), "reading licences");
            let said = places.iter().find_map(|package| package.license.clone()).map(Stated::Text);
            let said = said.or_else(|| places.iter().find_map(|package| installed.license(package)));
            match self.terms.judge(name, version, said.as_ref(), &mut used) {
                Verdict::Allowed => {}
                Verdict::Undecided => {
                    let (names, ways) = absent.entry(*ecosystem).or_default();
                    names.push(format!("{name}@{version}"));
                    ways.extend(places.first().map(|package| how_to_install(package)));
                }
                verdict => wrong.entry((*ecosystem, name, verdict)).or_default().extend(places),
            }
        }
        let mut found: Vec<_> = wrong.iter().map(|((_, _, verdict), places)| findings::of(verdict, places)).collect();
        let mut undecided = packages.undecided.clone();
        for (ecosystem, (names, ways)) in &absent {
            let subject = match names.len() {
                1 => format!("the licence of a package of {ecosystem} is"),
                count => format!("the licences of {count} packages of {ecosystem} are"),
            };
            let names = some_of(names.iter().map(String::as_str));
            let way = ways.first().map_or("", String::as_str);
            let more = match ways.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(", and {more} more like it"),
            };
            undecided.push(format!(
                "{subject} not known, for no lock file says it and that version is not installed here: {names}; \
                 type {way}{more}"
            ));
        }
        undecided.sort();
        undecided.dedup();
        if undecided.is_empty() {
            found.extend(self.terms.unused(&used).map(findings::unused));
        }
        found.sort();
        let counts = BTreeMap::from([
            ("foreign-packages".to_owned(), packages.foreign),
            ("lock-files".to_owned(), packages.files.len() as u64),
            ("packages".to_owned(), total),
        ]);
        let looked_at = LookedAt { counts, undecided, ..LookedAt::default() };
        Ok(Inspection::Looked { findings: found, measures: Vec::new(), looked_at })
    }

    fn installed(&self, source: &Source) -> Installed {
        let path = |name: &str| self.host.environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cargo_home = path("CARGO_HOME").or_else(|| path("HOME").map(|home| home.join(".cargo")));
        Installed::new(source.repository.root(), cargo_home.as_deref(), path("VIRTUAL_ENV"))
    }
}

/// Says what installs the packages of a lock file where the gate looks.
fn how_to_install(Package { ecosystem, file, .. }: &Package) -> String {
    let (folder, lock) = file.rsplit_once('/').map_or((None, file.as_str()), |(folder, lock)| (Some(folder), lock));
    let command = match (ecosystem, lock) {
        (Ecosystem::CratesIo, _) => "`cargo fetch`".to_owned(),
        (Ecosystem::Npm, "pnpm-lock.yaml") => "`pnpm install --frozen-lockfile`".to_owned(),
        (Ecosystem::Npm, _) => "`npm ci`".to_owned(),
        (Ecosystem::PyPi, "uv.lock") => "`uv sync`".to_owned(),
        (Ecosystem::PyPi, "poetry.lock") => "`poetry config virtualenvs.in-project true && poetry install`".to_owned(),
        (Ecosystem::PyPi, "Pipfile.lock") => "`PIPENV_VENV_IN_PROJECT=1 pipenv sync`".to_owned(),
        (Ecosystem::PyPi, _) => format!("`python3 -m venv .venv && .venv/bin/pip install -r {lock}`"),
    };
    folder.map(|folder| format!("{command} in `{folder}`")).unwrap_or(command)
}

/// Reads what a package may say of its licence, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(text: &str) {
    crate::packages::fuzz_installed(text);
    let terms = Terms::new(&LicensesConfig::default().allow, Vec::new()).expect("the default list is SPDX's");
    let said = Stated::Text(text.to_owned());
    let verdict = terms.judge("a", "1", Some(&said), &mut BTreeSet::new());
    assert_ne!(verdict, Verdict::Undecided, "it said something");
}
