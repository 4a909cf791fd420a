//! Builds a commit with the project's own commands.
//!
//! Usually in a clean work tree outside the project, so that what is deployed is what was committed and a build that
//! runs wild with relative paths meets neither the user's files nor what is published.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use charter_deploy_model::CommitHash;
use charter_host::durable::{self, DurableError};
use charter_host::{Command, Ended, Environment, Host, ProcessError, Scope, Secrets};
use charter_repository::{Repository, RepositoryError};
use serde_json::{Value, json};
use tokio::time::Instant;

/// How many lines of a failed command are kept.
const LINES: usize = 30;

/// How long a program may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(30);

/// How a project is built.
#[derive(Debug, Clone)]
pub struct BuildPlan {
    /// Installs what the build needs; absent when nothing is installed.
    pub install: Option<Vec<String>>,
    /// The file that decides what is installed, relative to the project: as long as it stays the same, so does what was
    /// installed. Without it everything is installed for every build.
    pub lock_file: Option<PathBuf>,
    /// Builds; absent when the output is made elsewhere.
    pub command: Option<Vec<String>>,
    /// The folder with the result, relative to the project, or absolute.
    pub output: PathBuf,
    /// Files that are not in the commit but needed by the build, such as `.env`, relative to the project.
    pub carry: Vec<PathBuf>,
    /// Where it is built.
    pub place: BuildPlace,
    /// How long each command may take.
    pub limit: Duration,
    /// Names that a clean work tree keeps from build to build; `node_modules`, usually.
    pub keep: Vec<String>,
    /// All of the environment that the commands get.
    pub environment: Environment,
    /// The project's folder: the repository's root, or below it.
    pub root: PathBuf,
}

/// Where a project is built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuildPlace {
    /// In a clean work tree of the commit, outside the project.
    #[default]
    Worktree,
    /// In the project's folder, with whatever is there.
    Tree,
}

/// What a build left.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The folder with the result; it is there and not empty.
    pub output: PathBuf,
    /// How long the build command took, in seconds; absent when there is none.
    pub seconds: Option<f64>,
    /// Node's version, such as `20.19.2`, when something was built with a `package.json`.
    pub node_version: Option<String>,
    /// Astro's version, when something was built that depends on Astro.
    pub astro_version: Option<String>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The commit could not be checked out.
    #[error("the commit could not be checked out")]
    Checkout {
        /// Why.
        source: RepositoryError,
    },
    /// The commit does not have the project's folder.
    #[error("commit `{}` has no folder `{}`", commit.short(), folder.display())]
    NoProject {
        /// The commit.
        commit: CommitHash,
        /// The folder, relative to the repository's root.
        folder: PathBuf,
    },
    /// A file that should be carried into the work tree was not.
    #[error("`{}` could not be carried into the build", path.display())]
    Carry {
        /// The file, as configured.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The lock file cannot be read.
    #[error("the lock file `{}` could not be read", path.display())]
    LockFile {
        /// The file, as configured.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A command has no words.
    #[error("a build command is empty")]
    EmptyCommand,
    /// A command's program is not there.
    #[error("`{program}` is not installed or not on the PATH")]
    NotInstalled {
        /// Its name.
        program: String,
    },
    /// A command failed.
    #[error("`{command}` {}", how(*status))]
    Failed {
        /// The command, without secrets.
        command: String,
        /// How it ended.
        status: Ended,
        /// The last lines it printed, without secrets.
        last_lines: Vec<String>,
    },
    /// A command took too long and was killed.
    #[error("`{command}` ran longer than {} s and was killed", limit.as_secs())]
    TimedOut {
        /// The command, without secrets.
        command: String,
        /// How long it might have taken.
        limit: Duration,
    },
    /// The caller wanted the build to end.
    #[error("`{command}` was cancelled")]
    Cancelled {
        /// The command, without secrets.
        command: String,
    },
    /// A command could not be run.
    #[error("`{command}` could not be run")]
    NotRun {
        /// The command, without secrets.
        command: String,
        /// Why.
        source: ProcessError,
    },
    /// The output folder is not there, or there is nothing in it.
    #[error("there is nothing in the output folder `{}`", folder.display())]
    NoOutput {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder for builds cannot be used.
    #[error("the folder for builds cannot be used")]
    Cache {
        /// Why.
        source: DurableError,
    },
}

impl BuildError {
    /// Returns what to type, or do, next, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Checkout { source } => source.help(),
            Self::NoProject { .. } => Some("commit the project's folder first".into()),
            Self::Carry { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                Some("take it out of `carry`: the commit's own version is built".into())
            }
            Self::Carry { path, .. } => Some(format!("make the file `{}`, or take it out of `carry`", path.display())),
            Self::LockFile { path, .. } => Some(format!("commit `{}`, or correct `lock-file`", path.display())),
            Self::EmptyCommand => Some("give the command at least a program, or leave it out".into()),
            Self::NotInstalled { program } => Some(format!("install `{program}`, or correct the command")),
            Self::Failed { command, .. } => Some(format!(
                "run `{command}` in a fresh clone: only what is committed or in `carry` is there during a build"
            )),
            Self::TimedOut { .. } => Some("find out what it waits for, or raise the build's time limit".into()),
            Self::NoOutput { .. } => Some("correct `output`, the folder into which the build command writes".into()),
            Self::Cache { source } => source.help().map(str::to_owned),
            _ => None,
        }
    }
}

/// Says how a program ended, behind its name.
fn how(ended: Ended) -> String {
    match ended {
        Ended::Exited(status) => format!("failed with status {status}"),
        Ended::Signalled(signal) => format!("was ended by signal {signal}"),
    }
}

/// Builds `commit` as planned; `note` hears each command, without secrets, just before it runs.
///
/// Without a build command nothing is run and the output folder is read where it is. `cache` is a folder of this
/// project alone, outside of it: it holds the work tree and what is known of what was installed. While a command runs,
/// `mark` marks its processes, for a successor to end them.
///
/// # Errors
/// When there is no result; the project's own folder is then as the commands left it.
#[expect(clippy::too_many_arguments, reason = "each is one thing that a build needs, and there is one caller")]
pub async fn build(
    plan: &BuildPlan,
    commit: &CommitHash,
    repository: &Repository,
    cache: &Path,
    mark: Option<&str>,
    host: &Host,
    secrets: &Secrets,
    note: &(dyn Fn(String) + Sync),
    scope: &Scope,
) -> Result<Built, BuildError> {
    let Some(command) = &plan.command else {
        let output = output_in(plan.root.join(&plan.output)).await?;
        return Ok(Built { output, seconds: None, node_version: None, astro_version: None });
    };
    let folders = match plan.place {
        BuildPlace::Tree => Folders { top: repository.root().to_owned(), project: plan.root.clone() },
        BuildPlace::Worktree => check_out(plan, commit, repository, cache, host, scope).await?,
    };
    let runner = Runner { plan, folder: &folders.project, mark, host, secrets, note, scope };

    let node_version = node_version(&runner).await;
    if let Some(install) = &plan.install {
        let record = cache.join(match plan.place {
            BuildPlace::Worktree => "installed.json",
            BuildPlace::Tree => "installed-in-tree.json",
        });
        install_if_needed(&runner, install, &folders, record, node_version.as_deref()).await?;
    }
    let started = Instant::now();
    runner.run(command).await?;
    let seconds = started.elapsed().as_secs_f64();

    let output = output_in(plan.moved(&plan.output, &folders.project)).await?;
    let astro_version = blocking(move || astro_version(&folders)).await;
    Ok(Built { output, seconds: Some(seconds), node_version, astro_version })
}

impl BuildPlan {
    /// Returns where a configured path is when the project is built in `project`.
    ///
    /// An absolute path inside the project moves along; the build does not write to the project itself.
    fn moved(&self, path: &Path, project: &Path) -> PathBuf {
        project.join(path.strip_prefix(&self.root).unwrap_or(path))
    }
}

/// Where a build takes place.
#[derive(Debug, Clone)]
struct Folders {
    /// The top of the work tree.
    top: PathBuf,
    /// The project in it.
    project: PathBuf,
}

impl Folders {
    /// Returns the project's folder and those above it, up to the top: where packages are looked for.
    fn upwards(&self) -> impl Iterator<Item = &Path> {
        self.project.ancestors().take_while(|folder| folder.starts_with(&self.top))
    }
}

/// Makes a clean work tree of the commit and carries in what it does not have.
async fn check_out(
    plan: &BuildPlan,
    commit: &CommitHash,
    repository: &Repository,
    cache: &Path,
    host: &Host,
    scope: &Scope,
) -> Result<Folders, BuildError> {
    let top = cache.join("worktree");
    let mut checked_out = repository.worktree(commit, &top, &plan.keep, host, scope).await;
    if let Err(RepositoryError::Occupied { .. }) = checked_out {
        // The folder is ours, so this is what a build that deleted its `.git` left.
        let leftover = top.clone();
        blocking(move || durable::remove_tree(&leftover)).await.map_err(|source| BuildError::Cache { source })?;
        checked_out = repository.worktree(commit, &top, &plan.keep, host, scope).await;
    }
    checked_out.map_err(|source| BuildError::Checkout { source })?;
    let (plan, commit, root) = (plan.clone(), commit.clone(), repository.root().to_owned());
    blocking(move || {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let outside = || BuildError::Checkout { source: RepositoryError::NotARepository { folder: plan.root.clone() } };
        let inside = real(&plan.root).strip_prefix(real(&root)).map(Path::to_owned).map_err(|_| outside())?;
        let project = top.join(&inside);
        if !project.is_dir() {
            return Err(BuildError::NoProject { commit, folder: inside });
        }
        for path in &plan.carry {
            carry(&plan.root, &project, path).map_err(|source| BuildError::Carry { path: path.clone(), source })?;
        }
        Ok(Folders { top, project })
    })
    .await
}

/// Copies one file that is not in the commit.
fn carry(from: &Path, to: &Path, path: &Path) -> io::Result<()> {
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path leads out of the project"));
    }
    let target = to.join(path);
    // What the commit has must not be replaced by what somebody left in the project.
    if target.symlink_metadata().is_ok() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the commit has a file of that name"));
    }
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from.join(path), target).map(|_| ())
}

/// Installs, unless what was installed last is still there and would come out the same.
async fn install_if_needed(
    runner: &Runner<'_>,
    install: &[String],
    folders: &Folders,
    record: PathBuf,
    node_version: Option<&str>,
) -> Result<(), BuildError> {
    let plan = runner.plan;
    let wanted = match &plan.lock_file {
        None => None,
        Some(lock_file) => {
            let path = plan.moved(lock_file, &folders.project);
            // The whole text is remembered: that takes no more room than the file itself and needs no digest.
            let text = blocking(move || fs::read(path)).await;
            let text = text.map_err(|source| BuildError::LockFile { path: lock_file.clone(), source })?;
            Some(json!({ "install": install, "node": node_version, "lock": String::from_utf8_lossy(&text) }))
        }
    };
    let (installed, now, names, wanted_now) = (record.clone(), folders.clone(), plan.keep.clone(), wanted.clone());
    let is_installed = blocking(move || {
        let known: Option<Value> = fs::read(&installed).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let kept = kept(&now, &names);
        if let (Some(known), Some(wanted)) = (known, wanted_now)
            && known["for"] == wanted
            && known["kept"] == json!(kept)
            && !kept.is_empty()
        {
            return Ok(true);
        }
        // Half of an installation must not pass for one.
        if let Some(folder) = installed.parent() {
            durable::make_folder(folder)?;
        }
        durable::remove_file(&installed).map(|()| false)
    })
    .await
    .map_err(|source| BuildError::Cache { source })?;
    if is_installed {
        return Ok(());
    }
    runner.run(install).await?;
    let Some(wanted) = wanted else { return Ok(()) };
    let (now, names) = (folders.clone(), plan.keep.clone());
    blocking(move || {
        let text = json!({ "for": wanted, "kept": kept(&now, &names) }).to_string();
        durable::replace(&record, text.as_bytes())
    })
    .await
    .map_err(|source| BuildError::Cache { source })
}

/// Returns which of the names to be kept are there. A work tree that was made anew has none of them, so what is known
/// of an installation cannot outlive it.
fn kept(folders: &Folders, names: &[String]) -> Vec<String> {
    let is_there = |name: &&String| folders.upwards().any(|folder| folder.join(name.trim_matches('/')).exists());
    names.iter().filter(is_there).cloned().collect()
}

/// Returns the output folder if there is something in it.
async fn output_in(folder: PathBuf) -> Result<PathBuf, BuildError> {
    blocking(move || match fs::read_dir(&folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Ok(folder),
        _ => Err(BuildError::NoOutput { folder }),
    })
    .await
}

/// Returns Node's version for a project that has a `package.json`.
async fn node_version(runner: &Runner<'_>) -> Option<String> {
    let package = runner.folder.join("package.json");
    if !blocking(move || package.is_file()).await {
        return None;
    }
    let environment = runner.plan.environment.clone();
    let command = Command::new("node", ["--version"], runner.folder, environment, VERSION_LIMIT);
    let output = runner.host.processes.run(&command, runner.scope).await.ok().filter(|output| output.succeeded())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().trim_start_matches('v').to_owned()).filter(|version| !version.is_empty())
}

/// Returns the version of the Astro that a project depends on.
fn astro_version(folders: &Folders) -> Option<String> {
    let read = |path: PathBuf| -> Option<Value> { serde_json::from_slice(&fs::read(path).ok()?).ok() };
    let package = read(folders.project.join("package.json"))?;
    ["dependencies", "devDependencies"].iter().find(|kind| package[**kind].get("astro").is_some())?;
    let installed = folders.upwards().find_map(|folder| read(folder.join("node_modules/astro/package.json")))?;
    installed["version"].as_str().map(str::to_owned)
}

/// Runs the commands of one build.
struct Runner<'a> {
    plan: &'a BuildPlan,
    folder: &'a Path,
    mark: Option<&'a str>,
    host: &'a Host,
    secrets: &'a Secrets,
    note: &'a (dyn Fn(String) + Sync),
    scope: &'a Scope,
}

impl Runner<'_> {
    async fn run(&self, words: &[String]) -> Result<(), BuildError> {
        let (program, arguments) = words.split_first().ok_or(BuildError::EmptyCommand)?;
        // `./build.sh` is the project's, wherever this program was started.
        let path = if program.contains('/') { self.folder.join(program) } else { program.into() };
        let environment = self.plan.environment.clone();
        let mut command = Command::new(path, arguments, self.folder, environment, self.plan.limit);
        command.mark = self.mark.map(str::to_owned);
        let text = self.secrets.mask(&words.join(" "));
        (self.note)(text.clone());
        match self.host.processes.run(&command, self.scope).await {
            Ok(output) if output.succeeded() => Ok(()),
            Ok(output) => {
                let last_lines = output.last_lines(LINES).iter().map(|line| self.secrets.mask(line)).collect();
                Err(BuildError::Failed { command: text, status: output.ended, last_lines })
            }
            Err(ProcessError::NotFound { .. }) => Err(BuildError::NotInstalled { program: self.secrets.mask(program) }),
            Err(ProcessError::TimedOut { limit, .. }) => Err(BuildError::TimedOut { command: text, limit }),
            Err(ProcessError::Cancelled { .. }) => Err(BuildError::Cancelled { command: text }),
            Err(source) => Err(BuildError::NotRun { command: text, source }),
        }
    }
}

/// Does file work where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("file work does not panic")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use charter_host::Secret;

    use super::*;

    /// A project in a repository, what is noted about its builds, and room beside it.
    struct Site {
        folder: tempfile::TempDir,
        plan: BuildPlan,
        secrets: Secrets,
        noted: Mutex<Vec<String>>,
        scope: Scope,
    }

    impl Site {
        /// Makes one whose build runs `script`.
        fn new(script: &str) -> Self {
            Self::in_folder("", script)
        }

        fn in_folder(folder_in_repository: &str, script: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("repository").join(folder_in_repository);
            fs::create_dir_all(&root).unwrap();
            let plan = BuildPlan {
                install: None,
                lock_file: None,
                command: Some(shell(script)),
                output: "dist".into(),
                carry: Vec::new(),
                place: BuildPlace::Worktree,
                limit: Duration::from_secs(60),
                keep: vec!["node_modules".to_owned()],
                environment: environment(),
                root,
            };
            let site =
                Self { folder, plan, secrets: Secrets::default(), noted: Mutex::default(), scope: Scope::default() };
            site.git(&["init", "-q"]);
            site.commit("words", "committed");
            site
        }

        fn write(&self, path: &str, text: &str) {
            fs::write(self.plan.root.join(path), text).unwrap();
        }

        fn commit(&self, path: &str, text: &str) {
            self.write(path, text);
            self.git(&["add", "--all"]);
            self.git(&["-c", "user.name=Dev", "-c", "user.email=a@b", "commit", "-qm", path]);
        }

        fn git(&self, arguments: &[&str]) {
            #[expect(clippy::disallowed_methods, reason = "the test is the user here")]
            let status = std::process::Command::new("git")
                .args(arguments)
                .current_dir(self.folder.path().join("repository"))
                .env_clear()
                .envs(environment().iter())
                .status()
                .unwrap();
            assert!(status.success());
        }

        fn mark(&self) -> String {
            self.folder.path().display().to_string()
        }

        fn beside(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        async fn build(&self) -> Result<Built, BuildError> {
            let repository = Repository::discover(&self.plan.root).unwrap();
            let commit = repository.head().unwrap().hash;
            let host = Host::system(environment());
            let (cache, mark) = (self.beside("cache"), self.mark());
            let note = |command| self.noted.lock().unwrap().push(command);
            build(&self.plan, &commit, &repository, &cache, Some(&mark), &host, &self.secrets, &note, &self.scope).await
        }

        /// Builds and returns what the build wrote to `dist/page`.
        async fn page(&self) -> String {
            fs::read_to_string(self.build().await.unwrap().output.join("page")).unwrap()
        }
    }

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    fn environment() -> Environment {
        Environment::default().with("PATH", "/usr/local/bin:/usr/bin:/bin").with("HOME", "/nonexistent")
    }

    #[tokio::test]
    async fn what_is_built_is_what_was_committed() {
        let site = Site::new("mkdir dist && cat words > dist/page");
        site.write("words", "half done");
        assert_eq!(site.page().await, "committed");
        assert!(!site.plan.root.join("dist").exists());
        site.commit("words", "committed again");
        assert_eq!(site.page().await, "committed again");
        assert_eq!(*site.noted.lock().unwrap(), ["sh -c mkdir dist && cat words > dist/page"; 2]);
    }

    #[tokio::test]
    async fn in_the_tree_what_is_there_is_built() {
        let mut site = Site::new("mkdir dist && cat words > dist/page");
        site.plan.place = BuildPlace::Tree;
        site.write("words", "half done");
        assert_eq!(site.page().await, "half done");
        assert!(site.build().await.is_err(), "a second mkdir fails: nothing was cleaned");
    }

    #[tokio::test]
    async fn without_a_command_the_output_is_read_where_it_is() {
        let mut site = Site::new("");
        site.plan.command = None;
        assert!(matches!(site.build().await.unwrap_err(), BuildError::NoOutput { .. }));
        let output = site.plan.root.join("dist");
        fs::create_dir(&output).unwrap();
        assert!(matches!(site.build().await.unwrap_err(), BuildError::NoOutput { .. }));
        site.write("dist/page", "made elsewhere");
        let built = site.build().await.unwrap();
        assert_eq!(built, Built { output, seconds: None, node_version: None, astro_version: None });
        site.plan.output = site.plan.root.join("dist");
        assert_eq!(site.page().await, "made elsewhere");
        assert!(site.noted.lock().unwrap().is_empty());
        assert!(!site.beside("cache").exists());
    }

    #[tokio::test]
    async fn a_project_below_the_root_is_built_in_its_folder() {
        let mut site = Site::in_folder("sites/docs", "mkdir dist && cat words > dist/page");
        assert_eq!(site.page().await, "committed");
        site.plan.root = site.folder.path().join("repository/new");
        fs::create_dir(&site.plan.root).unwrap();
        assert!(matches!(site.build().await.unwrap_err(), BuildError::NoProject { .. }));
    }

    #[tokio::test]
    async fn an_absolute_output_in_the_project_moves_along_to_the_work_tree() {
        let mut site = Site::new("mkdir dist && echo fresh > dist/page");
        site.plan.output = site.plan.root.join("dist");
        fs::create_dir(site.plan.root.join("dist")).unwrap();
        site.write("dist/page", "stale");
        assert_eq!(site.page().await, "fresh\n");
    }

    #[tokio::test]
    async fn dependencies_are_installed_when_the_lock_file_changes_and_only_then() {
        let mut site = Site::new("mkdir dist && cp node_modules/count dist/page");
        site.plan.install =
            Some(shell("mkdir -p node_modules && echo x >> ../installs && cp ../installs node_modules/count"));
        site.plan.lock_file = Some("lock".into());
        site.commit("lock", "1");
        assert_eq!(site.page().await, "x\n");
        site.commit("words", "other words");
        assert_eq!(site.page().await, "x\n");
        site.commit("lock", "2");
        assert_eq!(site.page().await, "x\nx\n");
        // Somebody tidied up.
        fs::remove_dir_all(site.beside("cache/worktree/node_modules")).unwrap();
        assert_eq!(site.page().await, "x\nx\nx\n");
        fs::remove_dir_all(site.beside("cache/worktree")).unwrap();
        assert_eq!(site.page().await, "x\nx\nx\nx\n");
        // Another way of installing may install something else.
        site.plan.install.as_mut().unwrap().push("--production".to_owned());
        assert_eq!(site.page().await, "x\nx\nx\nx\nx\n");
        site.plan.lock_file = None;
        for count in [6, 7] {
            assert_eq!(site.page().await.lines().count(), count);
        }
    }

    #[tokio::test]
    async fn half_of_an_installation_does_not_pass_for_one() {
        let mut site = Site::new("mkdir dist && cp node_modules/done dist/page");
        site.plan.lock_file = Some("lock".into());
        site.commit("lock", "1");
        site.plan.install = Some(shell("mkdir -p node_modules && [ -e ../online ] && echo done > node_modules/done"));
        for _ in 0..2 {
            assert!(matches!(site.build().await.unwrap_err(), BuildError::Failed { .. }));
        }
        fs::write(site.beside("cache/online"), "").unwrap();
        assert_eq!(site.page().await, "done\n");
        site.git(&["rm", "-q", "lock"]);
        site.commit("words", "x");
        assert!(matches!(site.build().await.unwrap_err(), BuildError::LockFile { .. }));
    }

    #[tokio::test]
    async fn files_outside_of_git_are_carried_in_but_replace_nothing() {
        let mut site = Site::new("mkdir dist && cat .env settings/local > dist/page");
        site.commit(".gitignore", ".env\nsettings/\n");
        site.plan.carry = vec![".env".into(), "settings/local".into()];
        let missing = site.build().await.unwrap_err();
        assert!(matches!(&missing, BuildError::Carry { path, .. } if path == Path::new(".env")), "{missing:?}");
        site.write(".env", "A=1\n");
        fs::create_dir(site.plan.root.join("settings")).unwrap();
        site.write("settings/local", "B=2\n");
        assert_eq!(site.page().await, "A=1\nB=2\n");
        site.write(".env", "A=3\n");
        assert_eq!(site.page().await, "A=3\nB=2\n");
        site.write("words", "half done");
        for wrong in ["words", "../repository/.env", "/etc/hostname"] {
            site.plan.carry = vec![wrong.into()];
            let error = site.build().await.unwrap_err();
            assert!(matches!(error, BuildError::Carry { .. }), "{wrong}: {error:?}");
            assert!(error.help().is_some());
        }
    }

    #[tokio::test]
    async fn a_failed_build_shows_its_last_words_without_secrets() {
        let mut site = Site::new("echo token $TOKEN; echo cannot find module >&2; exit 3");
        site.plan.environment = environment().with("TOKEN", "hunter2hunter2");
        site.plan.command.as_mut().unwrap().push("hunter2hunter2".to_owned());
        site.secrets = [("TOKEN".to_owned(), Secret::new("hunter2hunter2".to_owned()))].into_iter().collect();
        let error = site.build().await.unwrap_err();
        let BuildError::Failed { command, status, last_lines } = &error else { panic!("{error:?}") };
        assert_eq!(*status, Ended::Exited(3));
        assert_eq!(*last_lines, ["token ***", "cannot find module"]);
        assert!(command.ends_with("***"));
        assert!(!format!("{error} {error:?} {:?} {:?}", error.help(), site.noted).contains("hunter2"));
    }

    #[tokio::test]
    async fn a_build_that_hangs_is_ended() {
        let mut site = Site::new("sleep 1000");
        site.plan.limit = Duration::from_millis(200);
        assert!(matches!(site.build().await.unwrap_err(), BuildError::TimedOut { .. }));
    }

    #[tokio::test]
    async fn a_cancelled_build_says_so() {
        let mut site = Site::new("sleep 1000");
        site.plan.place = BuildPlace::Tree;
        site.scope.cancel.cancel();
        assert!(matches!(site.build().await.unwrap_err(), BuildError::Cancelled { .. }));
    }

    #[tokio::test]
    async fn a_build_that_leaves_nothing_is_no_success() {
        for script in ["true", "mkdir dist", "echo > dist"] {
            let site = Site::new(script);
            let error = site.build().await.unwrap_err();
            assert!(matches!(error, BuildError::NoOutput { .. }), "{script}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_missing_program_is_named_and_an_empty_command_refused() {
        let mut site = Site::new("");
        for program in ["no-such-program", "./no-such-script"] {
            site.plan.command = Some(vec![program.to_owned()]);
            let error = site.build().await.unwrap_err();
            assert!(matches!(&error, BuildError::NotInstalled { program: named } if named == program), "{error:?}");
        }
        site.plan.command = Some(Vec::new());
        assert!(matches!(site.build().await.unwrap_err(), BuildError::EmptyCommand));
    }

    #[tokio::test]
    async fn a_build_that_runs_wild_reaches_neither_the_project_nor_the_next_build() {
        let site = Site::new("[ -e words ] && rm -rf .git words ../*.json && mkdir -p dist && echo > dist/page");
        site.write("untracked", "precious");
        for _ in 0..2 {
            site.build().await.unwrap();
            assert!(!site.beside("cache/worktree/words").exists());
        }
        assert_eq!(fs::read_to_string(site.plan.root.join("untracked")).unwrap(), "precious");
        assert_eq!(fs::read_to_string(site.plan.root.join("words")).unwrap(), "committed");
    }

    #[tokio::test]
    async fn versions_are_told_where_they_exist() {
        let site = Site::new("mkdir -p dist node_modules/astro && echo > dist/page");
        let built = site.build().await.unwrap();
        assert_eq!((built.node_version, built.astro_version), (None, None));
        assert!(built.seconds.is_some());

        let mut site = Site::new(
            r#"mkdir -p dist node_modules/astro && echo > dist/page && echo '{"version":"5.18.2"}' > node_modules/astro/package.json"#,
        );
        site.commit("package.json", r#"{"dependencies":{"astro":"^5.0.0"}}"#);
        let programs = site.beside("programs");
        fs::create_dir(&programs).unwrap();
        let node = programs.join("node");
        fs::write(&node, "#!/bin/sh\necho v20.19.2\n").unwrap();
        fs::set_permissions(&node, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        site.plan.environment = environment().with("PATH", format!("{}:/usr/bin:/bin", programs.display()));
        let built = site.build().await.unwrap();
        assert_eq!(built.node_version.as_deref(), Some("20.19.2"));
        assert_eq!(built.astro_version.as_deref(), Some("5.18.2"));
    }
}
