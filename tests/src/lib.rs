//! The whole program, run as a user runs it.
//!
//! [`Site`] is a temporary git project with a small site; its methods type commands and look at what users would see.

pub mod git_server;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

macro_rules! without_browser {
    () => {
        "gates = { skip = [\"accessibility\", \"core-web-vitals\", \"lighthouse\"] }\n"
    };
}

/// Leaves the gates that start a browser out of an environment: most tests deploy again and again, and are about
/// something else.
pub const WITHOUT_BROWSER: &str = without_browser!();

/// A configuration that works for a plain folder, [`WITHOUT_BROWSER`].
pub const CONFIGURATION: &str = concat!(
    r#"
[application]
name = "tides"

[build]
output = "public"

[environments.production]
target = { kind = "docroot", path = "production/site" }
verify = { checks = [{ path = "/", contains = "Tides" }] }
"#,
    without_browser!()
);

/// A temporary git project, with a home of its own.
#[derive(Debug)]
pub struct Site {
    program: PathBuf,
    folder: TempDir,
}

/// What a command left.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; absent when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed beside that.
    pub stderr: String,
}

impl Ran {
    /// Returns everything it printed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Demands an exit code.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text());
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Site {
    /// Makes a project with a configuration and a first version of the site, committed. `program` is what is tested.
    ///
    /// # Panics
    /// When the project cannot be made.
    #[must_use]
    pub fn new(program: &str) -> Self {
        let site = Self::empty(program);
        site.write("charter.toml", CONFIGURATION);
        site.write(".gitignore", "/production/\n");
        site.write("public/guide.html", html("Guide", "<h1>Guide</h1>"));
        site.publish_version(1);
        site
    }

    /// Makes an empty git project.
    ///
    /// # Panics
    /// When the project cannot be made.
    #[must_use]
    pub fn empty(program: &str) -> Self {
        Self::below(program, &std::env::temp_dir())
    }

    /// Makes an empty git project in a folder of its own below `parent`.
    ///
    /// # Panics
    /// When the project cannot be made.
    #[must_use]
    pub fn below(program: &str, parent: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("charter-test-")
            .tempdir_in(parent)
            .expect("a temporary folder can be made");
        let site = Self { program: PathBuf::from(program), folder };
        fs::create_dir_all(site.project()).expect("the project's folder can be made");
        site.git(&["init", "--quiet", "--initial-branch", "main"]);
        site
    }

    /// Makes the same project once more, hard links and all, in a folder of its own.
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn copy(&self) -> Self {
        let folder =
            tempfile::Builder::new().prefix("charter-test-").tempdir().expect("a temporary folder can be made");
        let copied =
            run(command("cp").arg("--archive").arg(format!("{}/.", self.folder.path().display())).arg(folder.path()));
        assert_eq!(copied.code, Some(0), "{}", copied.text());
        Self { program: self.program.clone(), folder }
    }

    /// Returns the folder that holds project, home and all.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the project's folder.
    #[must_use]
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file of the project.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be made");
        fs::write(path, content).expect("the file can be written");
    }

    /// Returns a file of the project.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Commits a version of the site whose every changing file names the version.
    pub fn publish_version(&self, version: u32) {
        self.write("public/index.html", page(version));
        self.write("public/data/version.txt", version.to_string());
        let _ = fs::remove_dir_all(self.project().join("public/assets"));
        self.write(&format!("public/{}", style(version)), format!("/* {version} */ body {{ margin: 0 }}"));
        self.commit(&format!("Version {version}"));
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// Runs git in the project and demands success.
    ///
    /// # Panics
    /// When git does not succeed.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        run(command("git")
            .current_dir(self.project())
            .args(["-c", "user.name=Tester", "-c", "user.email=tester@localhost"])
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null"))
        .expect(0)
        .stdout
    }

    /// Describes a command of the program under test, in the project, with a home of its own and nothing inherited.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.program);
        command
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of the program under test.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(&mut self.command(arguments))
    }

    /// Runs a command of the program under test that finds what `setup` installed for the user who runs the tests.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "only the environment tells where the user's data is")]
    pub fn run_with_tools(&self, arguments: &[&str]) -> Ran {
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share").into_os_string());
        let data = std::env::var_os("XDG_DATA_HOME").or(home).unwrap_or_default();
        run(self.command(arguments).env("XDG_DATA_HOME", data))
    }

    /// Runs a command that dies or fails at a point.
    #[must_use]
    pub fn run_with_fault(&self, arguments: &[&str], fault: &str) -> Ran {
        run(self.command(arguments).env("CHARTER_FAULT", fault))
    }

    /// Returns how many points a command passes.
    ///
    /// # Panics
    /// When the command does not tell.
    #[must_use]
    pub fn count_points(&self, arguments: &[&str]) -> u64 {
        let count = self.folder.path().join("count");
        let ran = run(self.command(arguments).env("CHARTER_COUNT", &count));
        let text = fs::read_to_string(&count).unwrap_or_else(|error| panic!("{error}: {}", ran.text()));
        text.parse().expect("the count is a number")
    }

    /// Returns which version users see; nothing when nothing is live.
    ///
    /// # Panics
    /// When they see a mix, or something that is no version at all.
    #[must_use]
    #[track_caller]
    pub fn version_seen(&self) -> Option<u32> {
        let current = self.project().join("production/site/current");
        if fs::symlink_metadata(&current).is_err() {
            return None;
        }
        let text = fs::read_to_string(current.join("data/version.txt")).expect("the live site has its version");
        let version = text.parse().expect("the version is a number");
        let index = fs::read_to_string(current.join("index.html")).expect("the live site has its front page");
        assert_eq!(index, page(version), "users see a mix of releases");
        assert!(current.join(style(version)).exists(), "the live site lacks its style sheet");
        Some(version)
    }

    /// Returns the records of deployments: path in the store, and bytes.
    ///
    /// # Panics
    /// When one cannot be read.
    #[must_use]
    pub fn records(&self) -> BTreeMap<String, String> {
        let folder = self.project().join("production/deployments");
        let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
        entries
            .map(|entry| entry.expect("the folder can be listed").path())
            .filter(|path| path.to_string_lossy().ends_with("-deployment.json"))
            .map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("a record can be read")))
            .map(|(path, text)| (path.rsplit('/').next().unwrap_or_default().to_owned(), text))
            .collect()
    }

    /// Returns how the newest deployment ended, as recorded.
    #[must_use]
    pub fn last_status(&self) -> Option<String> {
        let records = self.records();
        let (_, text) = records.last_key_value()?;
        let record: serde_json::Value = serde_json::from_str(text).ok()?;
        record["status"].as_str().map(str::to_owned)
    }

    /// Returns the names in the journal's folder: what is unfinished.
    #[must_use]
    pub fn journals(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.project().join("production/journal")) else { return Vec::new() };
        entries.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

fn page(version: u32) -> String {
    html("Tides", &format!("<h1>Tides, version {version}</h1>\n<link rel=\"stylesheet\" href=\"{}\">", style(version)))
}

/// Returns a page with which nothing is wrong, as long as nothing is with its body.
#[must_use]
pub fn html(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
}

/// Returns the style sheet's path in a version, with a hash in its name as a bundler would give it.
#[must_use]
pub fn style(version: u32) -> String {
    format!("assets/site.{:08x}e0.css", (version + 1).wrapping_mul(0x9e37_79b1))
}

/// Describes a program that a test runs.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests run the program and its peers as a user would")]
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

/// Runs a program to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(command: &mut Command) -> Ran {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")).into()
}

/// Says whether a component that a test needs is there. When it is not, the test says so and ends; where everything
/// was promised to be there (`cargo xtask check --all`), it fails instead.
///
/// # Panics
/// When the component is missing although everything was promised to be there.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the check tells its tests through the environment")]
pub fn has(component: &str, is_there: bool) -> bool {
    if !is_there {
        assert!(std::env::var_os("CHARTER_TEST_ALL").is_none(), "{component} is missing");
        // Past the test harness, which shows only what failing tests print.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {component} is missing; `cargo xtask check --all` installs it");
    }
    is_there
}

/// Says whether a program is on the PATH or among the system's programs.
#[must_use]
pub fn installed(program: &str) -> bool {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}
