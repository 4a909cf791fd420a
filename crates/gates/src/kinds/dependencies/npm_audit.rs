//! What npm's registry says, asked by npm itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use charter_host::{Command, Host, ProcessError, Scope};
use charter_repository::RepositoryError;
use serde::Deserialize;
use serde_json::Value;

use crate::advisories::{Advisory, Affected, Database, Sort, Versions, npm_range};
use crate::packages::{Ecosystem, Packages};
use crate::{GateError, Source};

/// After this long an answer is not waited for any more.
const LIMIT: Duration = Duration::from_secs(120);
/// npm is told nothing but this.
const ALLOWED: [&str; 9] =
    ["PATH", "HOME", "LANG", "LC_*", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"];

/// Lets npm ask about every lock file of its own, each in a folder of its own.
///
/// # Errors
/// When the work is cancelled. That there is no answer is the inner error, one sentence.
pub(super) async fn ask(
    host: &Host,
    source: &Source,
    packages: &Packages,
    scope: &Scope,
) -> Result<Result<Database, String>, GateError> {
    let locks = packages.files.keys().filter(|path| path.ends_with("package-lock.json"));
    let mut database = Database { name: "npm audit".to_owned(), as_of: Some(host.clock.now()), ..Database::default() };
    let mut asked = 0;
    for path in locks {
        let folder = match copy(source, path) {
            Ok(folder) => folder,
            Err(why) => return Ok(Err(format!("npm could not be asked about `{path}`: {why}"))),
        };
        let output = match run(host, folder.path(), scope).await {
            Ok(output) => output,
            Err(ProcessError::Cancelled { .. }) => return Err(GateError::Cancelled),
            Err(error) => return Ok(Err(format!("npm could not be asked about `{path}`: {error}"))),
        };
        match read(&output) {
            Ok(advisories) => {
                database.count += advisories.len() as u64;
                database.advisories.extend(advisories);
                asked += 1;
            }
            Err(why) => return Ok(Err(format!("`npm audit` gave no answer about `{path}`: {why}"))),
        }
    }
    // Other lock files of the ecosystem were not asked about.
    let all = packages.list.iter().filter(|package| package.ecosystem == Ecosystem::Npm);
    if asked > 0 && all.into_iter().all(|package| package.file.ends_with("package-lock.json")) {
        database.covers = BTreeSet::from([Ecosystem::Npm]);
    }
    Ok(Ok(database))
}

async fn run(host: &Host, folder: &Path, scope: &Scope) -> Result<Vec<u8>, ProcessError> {
    let environment = host.environment.allow(&ALLOWED).with("npm_config_update_notifier", "false");
    let arguments = ["audit", "--json", "--package-lock-only", "--ignore-scripts"];
    let command = Command::new("npm", arguments, folder, environment, LIMIT);
    Ok(host.processes.run(&command, scope).await?.stdout)
}

/// Copies a lock file and its manifest, so that npm changes nothing of the project.
fn copy(source: &Source, lock: &str) -> Result<tempfile::TempDir, String> {
    let broken = |error: &dyn std::fmt::Display| error.to_string();
    let folder = tempfile::tempdir().map_err(|error| broken(&error))?;
    let manifest = format!("{}package.json", lock.strip_suffix("package-lock.json").unwrap_or_default());
    let files = source.repository.files(&source.commit).map_err(|error: RepositoryError| broken(&error))?;
    let blobs = source.repository.blobs().map_err(|error| broken(&error))?;
    for (path, name) in [(lock, "package-lock.json"), (&manifest, "package.json")] {
        let file = files.iter().find(|file| file.path == path).ok_or_else(|| format!("there is no `{path}`"))?;
        let written = blobs.read(file.blob, |content| std::fs::write(folder.path().join(name), content));
        written.map_err(|error| broken(&error))?.map_err(|error| broken(&error))?;
    }
    Ok(folder)
}

#[derive(Deserialize)]
struct Answer {
    vulnerabilities: Option<BTreeMap<String, Vulnerable>>,
    message: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Vulnerable {
    #[serde(default)]
    via: Vec<Value>,
}

#[derive(Deserialize)]
struct Via {
    source: Option<Value>,
    name: Option<String>,
    dependency: Option<String>,
    title: Option<String>,
    url: Option<String>,
    severity: Option<String>,
    range: String,
}

/// Reads what `npm audit --json` prints. Without `vulnerabilities` it is no answer, whatever else is there.
///
/// # Errors
/// When it is none, with what npm says instead.
pub(super) fn read(output: &[u8]) -> Result<Vec<Advisory>, String> {
    let answer: Answer = serde_json::from_slice(output).map_err(|error| format!("it is not JSON: {error}"))?;
    let Some(vulnerabilities) = answer.vulnerabilities else {
        let detail = answer.error.as_ref().and_then(|error| error.get("summary")).and_then(Value::as_str);
        let said = answer.message.as_deref().or(detail).unwrap_or("it lists no `vulnerabilities`");
        return Err(said.lines().next().unwrap_or_default().to_owned());
    };
    let mut advisories = BTreeMap::new();
    for via in vulnerabilities.into_values().flat_map(|vulnerable| vulnerable.via).filter(Value::is_object) {
        let via: Via = serde_json::from_value(via).map_err(|error| format!("it has an unknown form: {error}"))?;
        let name = via.dependency.or(via.name).ok_or("it names no package")?;
        let url = via.url.unwrap_or_default();
        let id = url.rsplit('/').next().filter(|id| id.starts_with("GHSA-")).map(str::to_owned);
        let id = id.or_else(|| Some(format!("npm-{}", via.source.as_ref()?))).ok_or("it gives no id")?;
        let versions = Versions::Within(npm_range(&via.range)?);
        let affected = Affected { ecosystem: Ecosystem::Npm, name: name.clone(), versions, severity: None };
        advisories.insert(
            (id.clone(), name),
            Advisory {
                id,
                aliases: Vec::new(),
                summary: via.title.unwrap_or_default(),
                sort: Sort::Vulnerability,
                // npm's `info` is less than any severity there is.
                severity: via.severity.and_then(|word| if word == "info" { "low" } else { &word }.parse().ok()),
                modified: None,
                is_withdrawn: false,
                affected: vec![affected],
            },
        );
    }
    Ok(advisories.into_values().collect())
}
