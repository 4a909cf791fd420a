//! Puts a project together from its configuration and this machine.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use charter_backup::SnapshotEngine;
use charter_deploy_model::{ConfigurationId, Digest, Environment, Failure, Lane, Observer, Stamp, UsersSee, exit};
use charter_gates::verdict::Policy;
use charter_gates::{Gate, Memory};
use charter_github::GitHub;
use charter_host::{CatalogError, Host, Scope, Secret, Secrets, Setup, nearest};
use charter_pipeline::build::{BuildPlace, BuildPlan};
use charter_pipeline::keeping::Elsewhere;
use charter_pipeline::{Events, Project, Settings, SmokeCheck};
use charter_report::{Marks, dress};
use charter_repository::Repository;
use charter_store::{FileBackend, Store};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::args::Common;
use crate::config::{self, Config, EnvironmentConfig, Place, SecretName};
use crate::{Charter, Surroundings, usage};

/// What every build may know of the user's environment, besides what the configuration passes on.
const BUILD_ENVIRONMENT: [&str; 8] =
    ["PATH", "HOME", "USER", "LANG", "LC_*", "TMPDIR", "XDG_CACHE_HOME", "npm_config_*"];

/// Returns the project's folder.
pub(crate) fn root(surroundings: &Surroundings, common: &Common) -> Result<PathBuf, Failure> {
    let folder = match (&common.project, &surroundings.folder) {
        (Some(project), Some(folder)) => folder.join(project),
        (Some(project), None) => project.clone(),
        (None, Some(folder)) => folder.clone(),
        (None, None) => {
            return Err(usage("there is no current folder", Vec::new(), &["name the project with --project"]));
        }
    };
    folder.canonicalize().map_err(|error| {
        usage(
            format!("there is no folder `{}`", folder.display()),
            vec![error.to_string()],
            &["name the project with --project"],
        )
    })
}

/// Reads the project's configuration.
pub(crate) fn configuration(charter: &Charter, root: &Path) -> Result<Config, Failure> {
    config::load(&root.join(config::FILE), &charter.schema()).map_err(|error| config_failure(&error))
}

fn config_failure(error: &config::ConfigError) -> Failure {
    let file = match error {
        config::ConfigError::Invalid { file, .. } => {
            file.file_name().unwrap_or_default().to_string_lossy().into_owned()
        }
        _ => String::new(),
    };
    // One problem a cause, drawn with its line; colours are for the terminal to add, and it does not know of them here.
    let problems = error.problems().iter().map(|problem| {
        // The drawn line is the masked one, so its column is the one to point at.
        let column = problem.excerpt().map(|excerpt| excerpt.text[..excerpt.marked.start].chars().count() + 1);
        let text = charter_report::config_problem(
            &file,
            Some(problem.line),
            column.or(Some(problem.column)),
            &problem.to_string(),
            problem.excerpt().map(|excerpt| excerpt.text.as_str()),
            problem.help.as_deref(),
        );
        dress(&text, false, Marks::Unicode)
    });
    let next = match error {
        config::ConfigError::Invalid { .. } => Some(format!("put {file} right, then run the command again")),
        _ => error.help(),
    };
    Failure {
        exit_code: exit::USAGE,
        what: error.to_string(),
        why: problems.collect(),
        users_see: UsersSee::NotConcerned,
        next: next.into_iter().collect(),
    }
}

/// Puts the project together for one of its environments.
pub(crate) async fn project(
    charter: &Charter,
    surroundings: &Surroundings,
    common: &Common,
    observers: Vec<Arc<dyn Observer>>,
) -> Result<Project, Failure> {
    let root = root(surroundings, common)?;
    let config = configuration(charter, &root)?;
    let environment = common.environment;
    let place = config.environments.get(environment).ok_or_else(|| {
        let section = format!("add a section [environments.{environment}] to {}", config::FILE);
        usage(format!("there is no environment `{environment}`"), Vec::new(), &[&section])
    })?;
    let host = Host::system(surroundings.environment.clone());
    let repository = Repository::discover(&root)
        .map_err(|error| with_help("this project cannot be deployed from", &error, error.help()))?;
    let secrets = secrets(&config, surroundings);
    let records = root.join(&config.records.folder);
    let backend = FileBackend::open(&records).map_err(|error| broken("the records cannot be opened", &error))?;
    let store = Store::open(Arc::new(backend)).await.map_err(|error| {
        let mut failure = broken("the records cannot be opened", &error);
        failure.next.extend(error.help());
        failure
    })?;

    let setup = Setup { host: &host, root: &root, secrets: &secrets };
    let target = build_target(charter, place, environment, &setup)?;
    let gates = build_gates(charter, &config, &setup)?;
    know_gates(charter, &root, environment, place)?;
    let key = project_key(&root);
    let data_folder = user_folder(surroundings, "XDG_DATA_HOME", ".local/share")?;
    let backup_folder = match &config.backup.folder {
        Some(folder) => root.join(folder),
        None => data_folder.join("backups").join(&key),
    };
    let backups = SnapshotEngine::open(&backup_folder, Arc::clone(&host.clock))
        .map_err(|error| broken("the backup folder cannot be used", &error))?;
    let cache = user_folder(surroundings, "XDG_CACHE_HOME", ".cache")?.join(&key);
    make_private_folder(&cache)?;

    let cache_of_gates = cache.join("gates");
    let id = ConfigurationId::new(Stamp::of(host.clock.now()));
    let gate_ids: Vec<String> = gates.iter().map(|gate| gate.meta().id.to_owned()).collect();
    let settings = Settings {
        environment,
        build: build_plan(&config, &root, surroundings, &secrets),
        build_secrets: config.build.secrets.iter().map(|secret| secret.env.clone()).collect(),
        policy: policy(&config, place),
        waivers: config.waivers.clone(),
        baseline_file: root.join(&config.ratchet.baseline),
        max_regression_percent: config.ratchet.max_regression_percent,
        skipped_gates: place.gates.skip.iter().cloned().collect(),
        skipped_in_emergency: skipped_in_emergency(place, &gates),
        url: place.url.clone(),
        base_path: place.base_path.clone(),
        checks: smoke_checks(place),
        verify_limit: Duration::from_secs(place.verify.timeout_seconds),
        keep_releases: place.keep_releases as usize,
        branches_remote: place.branches.as_ref().map(|branches| branches.remote.clone()),
        list_on_github: config.github.deployments,
        retention: config.retention.policy(),
        configuration: config.to_record(environment, &gate_ids, id),
        configuration_file: root.join(config::FILE),
    };
    let events = Events::new(Arc::clone(&host.clock), observers);
    Ok(Project {
        host,
        secrets,
        repository,
        store,
        records,
        cache,
        signing_key: data_folder.join("keys/signing-key.der"),
        backups: Arc::new(backups),
        target: target.into(),
        github: None,
        gates,
        memory: memory(charter, &config, surroundings, &cache_of_gates),
        settings,
        events,
    })
}

/// Finds the project's repository on GitHub, and a token for it; nothing when its remote is elsewhere.
pub(crate) async fn github(
    charter: &Charter,
    surroundings: &Surroundings,
    common: &Common,
    project: &Project,
) -> Result<Option<Arc<GitHub>>, Failure> {
    let config = configuration(charter, &root(surroundings, common)?)?.github;
    let remote = config.remote.as_deref().unwrap_or("origin");
    let url = project.repository.remote_url(remote);
    let Some(place) = url.and_then(|url| charter_github::Place::of_remote(&url, config.server.as_deref())) else {
        return Ok(None);
    };
    let token = match &config.token {
        Some(named) => project.secrets.get(&named.env).cloned(),
        None => {
            let host = &project.host;
            charter_github::token(&place, &host.environment, host.processes.as_ref(), &Scope::default()).await
        }
    };
    let http = project.host.http().map_err(|error| broken("the HTTP client cannot be set up", &error))?;
    Ok(Some(Arc::new(GitHub::new(http, place, token))))
}

/// Returns what blocks here: the project's word, and this environment's where it says otherwise.
fn policy(config: &Config, place: &EnvironmentConfig) -> Policy {
    let mut severities = config.severity.clone();
    severities.extend(place.gates.severity.clone());
    Policy { enforcement: place.gates.enforcement.unwrap_or(config.constitution.enforcement), severities }
}

/// Returns what the gates saw before, by this very build of the program.
fn memory(charter: &Charter, config: &Config, surroundings: &Surroundings, folder: &Path) -> Option<Memory> {
    let program = surroundings.program.as_ref()?;
    let metadata = program.metadata().ok()?;
    let program = format!("{} {} {} {}", program.display(), metadata.ino(), metadata.len(), metadata.mtime_nsec());
    let digest = |section: &Value| Digest::new(Sha256::digest(section.to_string().as_bytes()).into());
    let empty = json!({});
    let section = |id: &str| digest(config.gates.get(id).unwrap_or(&empty));
    let sections = charter.gates.kinds().map(|meta| (meta.id.to_owned(), section(meta.id))).collect();
    Some(Memory::new(folder.to_owned(), program, sections))
}

fn smoke_checks(place: &EnvironmentConfig) -> Vec<SmokeCheck> {
    let configured = place.verify.checks.iter();
    configured
        .map(|check| SmokeCheck { path: check.path.clone(), status: check.status, contains: check.contains.clone() })
        .collect()
}

/// Returns the secrets that are there. Which ones a build lacks is said when something is to be built: going back
/// must work without them.
fn secrets(config: &Config, surroundings: &Surroundings) -> Secrets {
    let value = |name: &str| surroundings.environment.get(name).and_then(|value| value.to_str()).map(str::to_owned);
    config.secret_names().filter_map(|name| Some((name.clone(), Secret::new(value(&name)?)))).collect()
}

/// Makes sure that whatever a build needs is there.
pub(crate) fn ready_to_build(project: &Project) -> Result<(), Failure> {
    let named = &project.settings.build_secrets;
    match named.iter().find(|name| project.secrets.get(name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let next = format!("`{name}=… cargo xtask …` sets it for one command");
            Err(usage(format!("the secret `{name}` is not in the environment"), Vec::new(), &[&next]))
        }
    }
}

fn build_plan(config: &Config, root: &Path, surroundings: &Surroundings, secrets: &Secrets) -> BuildPlan {
    let build = &config.build;
    let allowed: Vec<&str> = BUILD_ENVIRONMENT.into_iter().chain(build.pass.iter().map(String::as_str)).collect();
    let mut environment = surroundings.environment.allow(&allowed);
    for (name, value) in &build.environment {
        environment = environment.with(name, value);
    }
    // Whoever builds is told what builds need, and nothing of how people are told or GitHub is asked.
    for SecretName { env } in &build.secrets {
        if let Some(secret) = secrets.get(env) {
            environment = environment.with(env, secret.reveal());
        }
    }
    BuildPlan {
        install: build.install.clone(),
        lock_file: build.lock_file.clone(),
        command: build.command.clone(),
        output: build.output.clone(),
        carry: build.carry.clone(),
        place: match build.place {
            Place::Worktree => BuildPlace::Worktree,
            Place::Tree => BuildPlace::Tree,
        },
        limit: Duration::from_secs(build.timeout_seconds),
        keep: build.keep.clone(),
        environment,
        root: root.to_owned(),
    }
}

fn build_target(
    charter: &Charter,
    place: &EnvironmentConfig,
    environment: Environment,
    setup: &Setup<'_>,
) -> Result<Box<dyn charter_targets::Target>, Failure> {
    let mut section = place.target.clone();
    let kind = section.as_object_mut().and_then(|section| section.remove("kind"));
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = format!("environments.{environment}.target");
    charter.targets.build(&kind, section, setup).map_err(|error| refused(charter, setup.root, &key, error))
}

/// Builds what looks at an endpoint.
pub(crate) fn build_probe(
    charter: &Charter,
    name: &str,
    section: &Value,
    setup: &Setup<'_>,
) -> Result<Box<dyn charter_monitor::Probe>, Failure> {
    let mut section = section.clone();
    let kind = section.as_object_mut().and_then(|section| section.remove("kind"));
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = format!("monitor.endpoints.{name}.probe");
    charter.probes.build(&kind, section, setup).map_err(|error| refused(charter, setup.root, &key, error))
}

/// Returns the targets of the project's other environments.
pub(crate) fn elsewhere(
    charter: &Charter,
    surroundings: &Surroundings,
    common: &Common,
    project: &Project,
) -> Result<Vec<Elsewhere>, Failure> {
    let root = root(surroundings, common)?;
    let config = configuration(charter, &root)?;
    let setup = Setup { host: &project.host, root: &root, secrets: &project.secrets };
    [Environment::Production, Environment::Staging, Environment::Development]
        .into_iter()
        .filter(|environment| *environment != common.environment)
        .filter_map(|environment| Some((environment, config.environments.get(environment)?)))
        .map(|(environment, place)| Ok((environment, build_target(charter, place, environment, &setup)?.into())))
        .collect()
}

fn build_gates(charter: &Charter, config: &Config, setup: &Setup<'_>) -> Result<Vec<Arc<dyn Gate>>, Failure> {
    charter
        .gates
        .kinds()
        .map(|meta| {
            let section = config.gates.get(meta.id).cloned().unwrap_or_else(|| json!({}));
            let key = format!("gates.{}", meta.id);
            let built = charter.gates.build(meta.id, section, setup);
            built.map(Arc::from).map_err(|error| refused(charter, setup.root, &key, error))
        })
        .collect()
}

/// Refuses a gate that is to be left out and that there is not: whoever wrote it meant another.
fn know_gates(
    charter: &Charter,
    root: &Path,
    environment: Environment,
    place: &EnvironmentConfig,
) -> Result<(), Failure> {
    let known = || charter.gates.kinds().map(|meta| meta.id);
    let named = place.gates.skip.iter().map(|id| ("skip", id));
    let in_emergency = place.gates.emergency_skip.iter().flatten().map(|id| ("emergency-skip", id));
    match named.chain(in_emergency).find(|(_, id)| !known().any(|known| known == id.as_str())) {
        None => Ok(()),
        Some((key, id)) => {
            let meant = nearest(id, known()).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            let key = format!("environments.{environment}.gates.{key}");
            let message = format!("there is no gate `{id}`{meant}");
            Err(config_failure(&config::refused(&root.join(config::FILE), &charter.schema(), &key, message)))
        }
    }
}

/// Returns what a hotfix in an emergency goes without: what takes its time because it measures it, unless others are
/// named.
fn skipped_in_emergency(place: &EnvironmentConfig, gates: &[Arc<dyn Gate>]) -> BTreeSet<String> {
    let measuring = gates.iter().map(|gate| gate.meta()).filter(|meta| meta.lane == Lane::Exclusive);
    match &place.gates.emergency_skip {
        Some(named) => named.iter().cloned().collect(),
        None => measuring.map(|meta| meta.id.to_owned()).collect(),
    }
}

/// Makes the failure of a kind that will not be built from its section, with the place of what it does not like.
fn refused(charter: &Charter, root: &Path, section: &str, error: CatalogError) -> Failure {
    let (key, message) = match error {
        // The text of a parser can quote a value, which may be a secret.
        CatalogError::Malformed { key, .. } => {
            (format!("{section}.{key}"), "this value is not of the right type".to_owned())
        }
        other => (section.to_owned(), other.to_string()),
    };
    config_failure(&config::refused(&root.join(config::FILE), &charter.schema(), &key, message))
}

/// A name for this project among the user's others: its folder's name, and a digest of where it is.
fn project_key(root: &Path) -> String {
    let digest = Digest::new(Sha256::digest(root.as_os_str().as_encoded_bytes()).into()).hex();
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    format!("{name}-{}", &digest[..8])
}

/// Returns our folder among the user's folders of one sort (XDG base directory specification).
fn user_folder(surroundings: &Surroundings, variable: &str, below_home: &str) -> Result<PathBuf, Failure> {
    let environment = &surroundings.environment;
    let named = environment.get(variable).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = named.or_else(|| environment.get("HOME").map(|home| Path::new(home).join(below_home)));
    folder.map(|folder| folder.join("charter")).ok_or_else(|| {
        usage(
            "there is no home folder for caches and backups",
            Vec::new(),
            &["set HOME, or XDG_DATA_HOME and XDG_CACHE_HOME"],
        )
    })
}

/// Makes a folder that only this user can look into: builds may have files like `.env` in it.
fn make_private_folder(folder: &Path) -> Result<(), Failure> {
    charter_host::durable::make_folder(folder).map_err(|error| broken("the cache folder cannot be made", &error))?;
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder, private).map_err(|error| broken("the cache folder cannot be made private", &error))
}

fn with_help(what: &str, error: &dyn std::error::Error, help: Option<String>) -> Failure {
    let mut failure = usage(what, charter_pipeline::chain_of(error), &[]);
    failure.next.extend(help);
    failure
}

/// Makes the failure of a machine that does not do what it should; nothing was changed.
pub(crate) fn broken(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure {
        exit_code: exit::NOT_PUBLISHED,
        what: what.to_owned(),
        why: charter_pipeline::chain_of(error),
        users_see: UsersSee::Unchanged { release: None },
        next: Vec::new(),
    }
}
