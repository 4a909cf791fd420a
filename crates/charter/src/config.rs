//! The user's `charter.toml`, typed.
//!
//! [`load`] reads it against the JSON Schema that [`schema()`] makes: the same schema serves editors, names unknown
//! keys and tells what a value should have been. Every problem of a file is reported at once, each with its line, and
//! none of them shows a value, for the file may hold what nobody should see.
//!
//! ```
//! use std::path::Path;
//!
//! use charter::config;
//! use serde_json::json;
//!
//! let schema = config::schema(json!({ "type": "object" }), json!({ "type": "object" }));
//! let text = r#"
//! [application]
//! name = "docs"
//! [build]
//! output = "public"
//! [environments.production]
//! target = { kind = "docroot", path = "production/site" }
//! "#;
//! let config = config::parse(text, Path::new("charter.toml"), &schema)?;
//! assert_eq!(config.environments.production.unwrap().keep_releases, 5);
//!
//! let error = config::parse(&text.replace("output", "outptu"), Path::new("charter.toml"), &schema).unwrap_err();
//! let problem = &error.problems()[0];
//! assert_eq!((problem.line, problem.nearest.as_deref()), (5, Some("output")));
//! # Ok::<(), config::ConfigError>(())
//! ```

mod excerpt;
mod problem;
pub mod retention;
mod rules;
mod schema;
mod shape;
pub mod watching;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use charter_deploy_model::{
    ApplicationInfo, BundleTargets, ConfigurationId, ConstitutionalConfiguration, DeploymentConfiguration,
    DeploymentStrategy, Enforcement, Environment, EnvironmentVariables, PerformanceConfiguration, PerformanceTargets,
    ProductionConfiguration, RollbackStrategy, Severity, Waiver,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use excerpt::Excerpt;
pub use problem::{ConfigError, Problem};
pub(crate) use rules::is_web_address;
pub use schema::{generator, schema, with_codes, with_notifiers, with_probes};
use shape::Document;

/// The file's name, at the top of the user's project.
pub const FILE: &str = "charter.toml";

/// Reads and checks a configuration file against `schema`, as made by [`schema()`].
///
/// # Errors
/// [`ConfigError::Missing`] or [`ConfigError::Unreadable`] when there is no text; [`ConfigError::Invalid`] with every
/// problem in it.
pub fn load(path: &Path, schema: &Value) -> Result<Config, ConfigError> {
    parse(&problem::read(path)?, path, schema)
}

/// Checks the text of a configuration; `file` names it in what is reported.
///
/// # Errors
/// [`ConfigError::Invalid`] with every problem in the text, by line.
pub fn parse(text: &str, file: &Path, schema: &Value) -> Result<Config, ConfigError> {
    let invalid = |problems| ConfigError::Invalid { file: file.to_owned(), problems };
    let document = Document::parse(text, schema).map_err(invalid)?;
    let mut found = shape::compare(&document, schema);
    found.extend(rules::check(&document));
    if !found.is_empty() {
        return Err(invalid(document.problems(found)));
    }
    serde_path_to_error::deserialize(document.to_json()).map_err(|error| {
        let key = error.path().to_string();
        let found = document.refused(&key, format!("`{key}` cannot have this value"));
        invalid(document.problems(vec![found]))
    })
}

/// Returns the error for a value that this crate accepts and its reader refuses, such as a kind's builder.
///
/// `key` is its path, such as `environments.production.target.path`; `message` is a lowercase fragment and must not
/// repeat the value. When the file has changed since and cannot be read any more, the error says that.
#[must_use]
pub fn refused(path: &Path, schema: &Value, key: &str, message: impl Into<String>) -> ConfigError {
    let text = match problem::read(path) {
        Ok(text) => text,
        Err(error) => return error,
    };
    let problems = Document::parse(&text, schema)
        .map_or_else(|problems| problems, |document| document.problems(vec![document.refused(key, message.into())]));
    ConfigError::Invalid { file: path.to_owned(), problems }
}

/// What one project is, how it is built, where it is shown and what it is held to.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// What is deployed.
    pub application: Application,
    /// How the files that are shown come to be.
    pub build: Build,
    /// What the site is held to.
    #[serde(default)]
    pub constitution: Constitution,
    /// Where it is shown.
    pub environments: Environments,
    /// One table per gate, by its id: budgets and exceptions. Every gate runs, with or without a table.
    #[serde(default)]
    pub gates: BTreeMap<String, Value>,
    /// How bad a finding is, by its code, where that differs from the gate's own word.
    #[serde(default)]
    pub severity: BTreeMap<String, Severity>,
    /// Findings that may stand for a while.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// What figures and findings are held to beyond budgets.
    #[serde(default)]
    pub ratchet: Ratchet,
    /// The project's repository on GitHub.
    #[serde(default)]
    pub github: GitHubConfig,
    /// Where snapshots are kept.
    #[serde(default)]
    pub backup: Backup,
    /// Where the records are kept.
    #[serde(default)]
    pub records: Records,
    /// How long records and snapshots stay.
    #[serde(default)]
    pub retention: retention::Retention,
    /// What is watched once it is live.
    #[serde(default)]
    pub monitor: watching::Watching,
    /// Who is told what.
    #[serde(default)]
    pub notify: charter_notify::Policy,
}

/// What is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Where its users find it: an http(s) address.
    pub homepage: Option<String>,
    /// What it is, one sentence.
    pub description: Option<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// Its own version, where it has one.
    pub version: Option<String>,
}

/// How the files that are shown come to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Build {
    /// The program and arguments that install dependencies, such as `["npm", "ci"]`; run when the lock file changed.
    #[schemars(length(min = 1))]
    pub install: Option<Vec<String>>,
    /// The lock file, relative to the project, whose content decides whether to install again.
    pub lock_file: Option<PathBuf>,
    /// The program and arguments that build. Without one, the output folder is shown as it is.
    #[schemars(length(min = 1))]
    pub command: Option<Vec<String>>,
    /// The folder with the finished site, relative to the project. Without a command it may lie outside.
    pub output: PathBuf,
    /// Files that git does not have and the build needs, such as `.env`; relative to the project.
    #[serde(default)]
    pub carry: Vec<PathBuf>,
    /// Where the build runs.
    #[serde(default, rename = "in")]
    pub place: Place,
    /// How long installing and building may each take, in seconds.
    #[serde(default = "fifteen_minutes")]
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
    /// Names that survive from one build to the next in the clean worktree.
    #[serde(default = "node_modules")]
    pub keep: Vec<String>,
    /// Variables for the build; recorded with the configuration, so never secrets.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Names of variables that are handed through from the caller's environment.
    #[serde(default)]
    pub pass: Vec<String>,
    /// Secrets the build gets, by the names of their variables.
    #[serde(default)]
    pub secrets: Vec<SecretName>,
}

/// Where the build runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In a clean checkout of the commit, outside the project.
    #[default]
    Worktree,
    /// In the project's own folder.
    Tree,
}

/// A secret, by name; its value stays in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecretName {
    /// The environment variable that holds it.
    pub env: String,
}

/// What the site is held to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Constitution {
    /// How strictly.
    #[serde(default)]
    pub enforcement: Enforcement,
}

/// What figures and findings are held to beyond budgets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ratchet {
    /// The file with findings that may stand because they were there before, and the best figures so far; relative to
    /// the project.
    pub baseline: PathBuf,
    /// How much worse than the live release's a figure may be, in percent; it is not compared when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64", range(min = 0, max = 1000))]
    pub max_regression_percent: Option<f64>,
}

impl Default for Ratchet {
    fn default() -> Self {
        Self { baseline: "gates.baseline.jsonl".into(), max_regression_percent: None }
    }
}

/// The project's repository on GitHub.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GitHubConfig {
    /// The git remote that is on GitHub, such as `origin`, which it is by default.
    pub remote: Option<String>,
    /// The token, by the name of its variable; `GITHUB_TOKEN`, `GH_TOKEN` and the `gh` program are asked by default.
    pub token: Option<SecretName>,
    /// The host of a GitHub Enterprise Server, such as `git.example.org`; no other host is given the token.
    pub server: Option<String>,
    /// Whether every deployment is put on GitHub's list of deployments, with its outcome. Needs a token that may write
    /// deployments, and the deployed commit to be on GitHub.
    pub deployments: bool,
}

/// Where the site is shown: at least one of three.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Environments {
    /// For everyone.
    pub production: Option<EnvironmentConfig>,
    /// For those who judge it.
    pub staging: Option<EnvironmentConfig>,
    /// For those who make it.
    pub development: Option<EnvironmentConfig>,
}

impl Environments {
    /// Returns what is configured for one environment.
    #[must_use]
    pub const fn get(&self, environment: Environment) -> Option<&EnvironmentConfig> {
        match environment {
            Environment::Production => self.production.as_ref(),
            Environment::Staging => self.staging.as_ref(),
            Environment::Development => self.development.as_ref(),
        }
    }
}

/// One place where the site is shown.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentConfig {
    /// What puts releases there: `kind`, and that kind's own keys.
    pub target: Value,
    /// The http(s) address at which users see it; without one it is verified on loopback.
    #[schemars(extend("format" = "uri"))]
    pub url: Option<String>,
    /// The path under which the site lies on its server, from `/` on.
    #[serde(default = "slash")]
    #[schemars(regex(pattern = "^/"))]
    pub base_path: String,
    /// How many releases stay on the target, the live one included, so that there are some to go back to.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 1000))]
    pub keep_releases: u32,
    /// What must be so once a release is live; otherwise it is taken back.
    #[serde(default)]
    pub verify: Verify,
    /// Where production branches are pushed; without it they stay in this clone.
    pub branches: Option<Branches>,
    /// In what the gates judge this environment otherwise than the rest.
    #[serde(default)]
    pub gates: Profile,
}

/// In what the gates judge one environment otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Profile {
    /// How strictly; as `[constitution]` says when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Enforcement")]
    pub enforcement: Option<Enforcement>,
    /// How bad a finding is, by its code, where that differs from `[severity]`.
    pub severity: BTreeMap<String, Severity>,
    /// Ids of gates that do not run here. They are listed as inconclusive, and the score does not count them as held.
    pub skip: Vec<String>,
    /// Ids of gates that `deploy --emergency` goes without; those that measure time when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub emergency_skip: Option<Vec<String>>,
}

/// What must be so once a release is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Verify {
    /// How long all of it may take, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: u64,
    /// The pages that are asked for; the front page, unless others are named.
    #[schemars(length(min = 1))]
    pub checks: Vec<Check>,
}

impl Default for Verify {
    fn default() -> Self {
        Self { timeout_seconds: 30, checks: vec![Check { path: slash(), status: ok(), contains: None }] }
    }
}

/// One page that is asked for, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Check {
    /// The path below the site's base path, from `/` on.
    #[schemars(regex(pattern = "^/"))]
    pub path: String,
    /// The HTTP status it must answer with.
    #[serde(default = "ok")]
    #[schemars(range(min = 100, max = 599))]
    pub status: u16,
    /// Text that must occur in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

/// Where production branches are pushed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Branches {
    /// The git remote's name, such as `origin`.
    pub remote: String,
}

/// Where snapshots are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Backup {
    /// A folder outside the project; by default one in the user's data directory.
    pub folder: Option<PathBuf>,
}

/// Where the records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Records {
    /// A folder, relative to the project.
    pub folder: PathBuf,
}

impl Default for Records {
    fn default() -> Self {
        Self { folder: "production".into() }
    }
}

const fn fifteen_minutes() -> u64 {
    900
}

fn node_modules() -> Vec<String> {
    vec!["node_modules".to_owned()]
}

fn slash() -> String {
    "/".to_owned()
}

const fn five() -> u32 {
    5
}

const fn ok() -> u16 {
    200
}

impl Config {
    /// Returns the names of all secrets that the configuration mentions.
    pub fn secret_names(&self) -> impl Iterator<Item = String> {
        let watching =
            self.monitor.endpoints.values().flat_map(|endpoint| charter_notify::secret_names(&endpoint.probe));
        self.build
            .secrets
            .iter()
            .chain(&self.github.token)
            .map(|secret| secret.env.clone())
            .chain(watching)
            .chain(self.notify.secret_names())
    }

    /// Returns what is recorded of it for one environment: secrets by name only, version 1.0.0.
    ///
    /// The store counts the version up when it records it. Budgets are those that the `page-weight` gate is given
    /// here; what only its defaults say is not configured.
    #[must_use]
    pub fn to_record(
        &self,
        environment: Environment,
        gate_ids: &[String],
        id: ConfigurationId,
    ) -> ProductionConfiguration {
        let place = self.environments.get(environment);
        ProductionConfiguration {
            configuration_id: id,
            version: semver::Version::new(1, 0, 0),
            environment,
            application: ApplicationInfo {
                name: self.application.name.clone(),
                version: self.application.version.clone(),
                description: self.application.description.clone(),
                homepage: self.application.homepage.clone(),
                repository: self.application.repository.clone(),
            },
            deployment: DeploymentConfiguration {
                strategy: DeploymentStrategy::Atomic,
                rollback_strategy: RollbackStrategy::Automatic,
                health_check_url: place.and_then(|place| place.url.clone()),
                health_check_timeout: place
                    .map_or_else(|| Verify::default().timeout_seconds, |place| place.verify.timeout_seconds),
                validation_steps: gate_ids.to_vec(),
            },
            performance: self.targets(),
            monitoring: None,
            maintenance: None,
            security: None,
            // Nothing in the file leaves a principle out, so every one of them is held.
            constitutional: ConstitutionalConfiguration {
                zero_git_hub_actions: Some(true),
                performance_first: Some(true),
                user_preservation: Some(true),
                branch_preservation: Some(true),
                local_validation: Some(true),
                enforcement_level: place
                    .and_then(|place| place.gates.enforcement)
                    .unwrap_or(self.constitution.enforcement),
            },
            environment_variables: EnvironmentVariables {
                variables: self.build.environment.clone(),
                secrets: self.secret_names().collect(),
            },
            features: None,
        }
    }

    fn targets(&self) -> Option<PerformanceConfiguration> {
        let section = self.gates.get("page-weight")?;
        let bytes = |key: &str| section.get(key).and_then(Value::as_u64);
        let bundle_size = BundleTargets {
            javascript: bytes("max-script-bytes"),
            css: bytes("max-style-bytes"),
            total: bytes("max-total-bytes"),
        };
        let targets = PerformanceTargets { bundle_size: Some(bundle_size), ..PerformanceTargets::default() };
        let is_configured = bundle_size != BundleTargets::default();
        is_configured.then_some(PerformanceConfiguration { targets: Some(targets), optimizations: None })
    }
}

#[cfg(test)]
mod tests;
