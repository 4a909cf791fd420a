//! `cargo xtask demo`: a site's life in a temporary project, with nothing acted.
//!
//! Every step runs this very program as a user would, and checks its exit code.

use std::fs;
use std::io::{BufRead, BufReader, Error, Result};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::chore::{program, repository, say};

/// Runs the demo. The project stays, so that one can look around in it.
pub(crate) fn run(_: &[String]) -> ExitCode {
    match Demo::begin().and_then(|demo| demo.play().map(|()| demo)) {
        Ok(demo) => {
            demo.say_where_to_look();
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(format!("\nThe demo did not go as it should: {error}"));
            ExitCode::FAILURE
        }
    }
}

struct Demo {
    folder: PathBuf,
}

/// What `init` writes for the live check, and what the demo demands instead.
const CHECK: [&str; 2] = [
    r#"checks = [{ path = "/", status = 200 }]"#,
    r#"checks = [{ path = "/", contains = "<h1>" }, { path = "/guide.html" }]"#,
];

/// Leaves out the gates that measure time: the demo deploys again and again, and they want a minute and a calm machine
/// each time.
const WITHOUT_MEASURING: &str = "[environments.production]\ngates = { skip = [\"core-web-vitals\", \"lighthouse\"] }\n";

/// An environment that leaves out nothing.
const STAGING: &str = "\n[environments.staging]\ntarget = { kind = \"docroot\", path = \"production/staging\" }\n";

impl Demo {
    fn begin() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("charter-demo-").tempdir()?.keep();
        let demo = Self { folder };
        copy(&repository().join("examples/site"), &demo.project())?;
        demo.git(&["init", "--quiet", "--initial-branch", "main"])?;
        demo.git(&["config", "user.name", "Demo"])?;
        demo.git(&["config", "user.email", "demo@localhost"])?;
        demo.git(&["config", "commit.gpgsign", "false"])?;
        Ok(demo)
    }

    fn play(&self) -> Result<()> {
        self.title("What gates need besides this program, once on a machine");
        self.set_up()?;

        self.title("A folder of plain HTML becomes a project");
        self.charter(&["init"], 0)?;
        self.complete_configuration()?;
        self.commit("Publish the site")?;

        self.title("The first deployment: judged, backed up, shown all at once, verified, recorded");
        self.charter(&["deploy"], 0)?;

        self.title("How fast it is: Lighthouse, and every page in our own browser. This takes a minute or two");
        // On a busy machine they say so and decide nothing.
        let measured = ["gates", "run", "lighthouse", "core-web-vitals", "--environment", "staging"];
        self.charter_ending(&measured, &[0, 18])?;

        self.title("A change");
        self.edit("public/index.html", "</h1>", "</h1>\n<p>Now with a change.</p>")?;
        self.commit("Change the front page")?;
        self.charter(&["deploy"], 0)?;

        self.title("Back to the release before, and forward again");
        self.charter(&["rollback"], 0)?;
        self.charter(&["deploy"], 0)?;

        self.title("A page that loads too much script: a gate keeps it from users");
        fs::write(self.project().join("public/heavy.js"), incompressible(300_000))?;
        self.edit("public/index.html", "</body>", "<script src=\"heavy.js\"></script>\n</body>")?;
        self.commit("Add a heavy script")?;
        self.charter(&["deploy"], 10)?;
        self.git(&["revert", "--no-edit", "--quiet", "HEAD"])?;

        self.title("A release whose live check fails: shown, found wanting, taken back");
        self.edit("public/index.html", "<h1>", "<h1 class=\"new\">")?;
        self.commit("Break the front page")?;
        self.charter(&["deploy"], 13)?;
        self.git(&["revert", "--no-edit", "--quiet", "HEAD"])?;

        self.title("Killed with kill -9 right after the switch; the next command completes it");
        self.edit("public/about.html", "</h1>", "</h1>\n<p>Survives a kill.</p>")?;
        self.commit("Change the about page")?;
        self.kill_after("release-activated")?;
        self.charter(&["status"], 0)?;
        self.charter(&["resume"], 0)?;
        self.charter(&["history"], 0)?;

        self.title("The log verifies");
        self.charter(&["verify"], 0)?;

        self.title("Somebody rewrites history: one word in one record");
        let record = self.oldest_record()?;
        let honest = fs::read_to_string(&record)?;
        fs::write(&record, honest.replace("\"success\"", "\"failed\""))?;
        self.charter(&["verify"], 15)?;
        fs::write(&record, honest)?;
        self.charter(&["verify"], 0)
    }

    fn project(&self) -> PathBuf {
        self.folder.join("project")
    }

    fn title(&self, text: &str) {
        say(format!("\n\u{1b}[1m━━ {text}\u{1b}[0m"));
    }

    /// Runs this program on the project and demands an exit code.
    fn charter(&self, arguments: &[&str], expected: i32) -> Result<()> {
        self.charter_ending(arguments, &[expected])
    }

    /// Runs this program on the project and demands one of these exit codes.
    fn charter_ending(&self, arguments: &[&str], expected: &[i32]) -> Result<()> {
        say(format!("\u{1b}[2m$ cargo xtask {}\u{1b}[0m", arguments.join(" ")));
        let status = self.command(arguments)?.status()?;
        if status.code().is_some_and(|code| expected.contains(&code)) {
            return Ok(());
        }
        Err(Error::other(format!("`{}` ended with {status} instead of {expected:?}", arguments.join(" "))))
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = program(std::env::current_exe()?);
        command
            .args(arguments)
            .arg("--project")
            .arg(self.project())
            .env("XDG_DATA_HOME", self.folder.join("data"))
            .env("XDG_CACHE_HOME", self.folder.join("cache"));
        Ok(command)
    }

    /// Starts a deployment and kills it as soon as it says that `event` happened.
    fn kill_after(&self, event: &str) -> Result<()> {
        say(format!("\u{1b}[2m$ cargo xtask deploy    (killed at `{event}`)\u{1b}[0m"));
        let mut child = self.command(&["deploy", "--format", "json"])?.stdout(Stdio::piped()).spawn()?;
        let lines = child.stdout.take().map(BufReader::new).ok_or_else(|| Error::other("no output"))?;
        let wanted = format!("\"{event}\"");
        let reached = lines.lines().map_while(Result::ok).any(|line| line.contains(&wanted));
        child.kill()?;
        child.wait()?;
        if reached { Ok(()) } else { Err(Error::other(format!("the deployment ended before `{event}`"))) }
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let status = program("git")
            .current_dir(self.project())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdout(Stdio::null())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::other(format!("git {} ended with {status}", arguments.join(" "))))
        }
    }

    fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])
    }

    fn edit(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let path = self.project().join(file);
        let text = fs::read_to_string(&path)?;
        if !text.contains(from) {
            return Err(Error::other(format!("{file} does not contain {from}")));
        }
        fs::write(path, text.replace(from, to))
    }

    /// Makes the live check ask for more than that the front page is there.
    /// Adds what the live check demands, and the waiver for what a person looked at.
    fn complete_configuration(&self) -> Result<()> {
        self.edit("charter.toml", CHECK[0], CHECK[1])?;
        let path = self.project().join("charter.toml");
        let waivers = fs::read_to_string(self.project().join("waivers.toml"))?;
        fs::write(&path, fs::read_to_string(&path)? + &waivers + STAGING)?;
        self.edit("charter.toml", "[environments.production]\n", WITHOUT_MEASURING)
    }

    /// Installs the tools where every project of this user finds them, and lets the demo find them there.
    #[expect(clippy::disallowed_methods, reason = "only the environment tells where the user's data is")]
    fn set_up(&self) -> Result<()> {
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or(home);
        let data = data.ok_or_else(|| Error::other("there is no home folder: set HOME"))?;
        say("\u{1b}[2m$ cargo xtask setup\u{1b}[0m");
        let status = program(std::env::current_exe()?).arg("setup").status()?;
        if !status.success() {
            return Err(Error::other(format!("`setup` ended with {status}")));
        }
        let own = self.folder.join("data/charter");
        fs::create_dir_all(&own)?;
        symlink(data.join("charter/tools"), own.join("tools"))
    }

    fn oldest_record(&self) -> Result<PathBuf> {
        let folder = self.project().join("production/deployments");
        let names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>>>()?;
        let records = names.into_iter().filter(|path| path.to_string_lossy().ends_with("-deployment.json"));
        records.min().ok_or_else(|| Error::other("there is no record"))
    }

    fn say_where_to_look(&self) {
        let project = self.project();
        say(format!("\nEverything above really happened, in {}", project.display()));
        say("  production/deployments/     one record a deployment");
        say("  production/log/entries      the log that they are held to");
        say("  production/site/current     what users are shown; any web server can serve it");
        say(format!("  git -C {} branch    the production branches, each with the log's root", project.display()));
        say(format!("Remove it with: rm -rf {}", self.folder.display()));
    }
}

/// Text that compression cannot make much smaller: digits of a linear congruential generator.
fn incompressible(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut text = String::from("//");
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{state:x}"));
    }
    text
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
