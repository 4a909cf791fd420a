//! Which programs check a project, and what they say.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use charter_host::{Command, Ended, Host, Output, ProcessError, Scope};
use tempfile::TempDir;

use super::category::Category;
use super::options::Options;
use super::output::{self, Problem};
use super::packages::{Packages, Program};
use crate::{GateError, tools};

/// A program that prints more than this has lost the beginning of it, in bytes.
const OUTPUT_LIMIT: usize = 4 << 20;

/// Where the programs run, and what they are given.
pub(super) struct Ground<'a> {
    pub(super) host: &'a Host,
    pub(super) root: &'a Path,
    pub(super) limit: Duration,
    pub(super) scope: &'a Scope,
    folder: TempDir,
}

/// Why nothing is known.
#[derive(Debug)]
pub(super) enum Silent {
    /// It is no use to go on.
    Gate(GateError),
    /// This project could not be checked, a sentence.
    Undecided(String),
}

/// What the options of a project are.
pub(super) enum Shown {
    Options(Options),
    /// The compiler refuses them.
    Refused(Vec<Problem>),
}

/// What a project's checkers found, and how many files Astro's own looked at, where it was asked.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) problems: Vec<Problem>,
    pub(super) files_of_astro: u64,
    /// Whether the compiler stopped before it came to types.
    pub(super) is_partial: bool,
}

/// What a checker knows more of than the compiler does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Everything.
    All,
    /// What no other checker sees: the options, and files of this ending.
    Rest(&'static str),
}

impl<'a> Ground<'a> {
    pub(super) fn new(host: &'a Host, root: &'a Path, limit: Duration, scope: &'a Scope) -> Result<Self, GateError> {
        let folder = tempfile::Builder::new().prefix("charter-typescript-").tempdir().map_err(|source| {
            GateError::Other { doing: "making a folder for the compiler's notes".to_owned(), source: source.into() }
        })?;
        Ok(Self { host, root, limit, scope, folder })
    }

    /// Asks the compiler what holds for a project.
    pub(super) async fn show(&self, project: &str, compiler: &Program) -> Result<Shown, Silent> {
        let output = self.run(compiler, ["--showConfig", "-p", project].map(OsString::from)).await?;
        if output.succeeded() {
            return Options::read(&output.stdout)
                .map(Shown::Options)
                .map_err(|error| Silent::Undecided(format!("the options of `{project}` cannot be read: {error}")));
        }
        let problems = output::of_tsc(&String::from_utf8_lossy(&output.stdout));
        if problems.is_empty() {
            Err(failed("tsc --showConfig", project, &output))
        } else {
            Ok(Shown::Refused(problems))
        }
    }

    /// Has a project checked by whatever its packages ask for.
    pub(super) async fn check(
        &self,
        project: &str,
        options: &Options,
        packages: &Packages,
        compiler: Program,
    ) -> Result<Checked, Silent> {
        let mut checked = Checked::default();
        let has_astro = packages.ask_for("@astrojs/check");
        let installed = |package: &str, name: &str| {
            let missing =
                || format!("`{project}`: `{package}` is asked for and not installed; install it with `npm ci`");
            packages.program(package, name).ok_or_else(|| Silent::Undecided(missing()))
        };
        // Each knows the sort of file that is its own, and takes imports of any other for missing.
        let (asked, program, name) = match packages.ask_for("vue-tsc") {
            true if has_astro => (Asked::Rest(".vue"), installed("vue-tsc", "vue-tsc")?, "vue-tsc"),
            true => (Asked::All, installed("vue-tsc", "vue-tsc")?, "vue-tsc"),
            false if has_astro => (Asked::Rest(".json"), compiler, "tsc"),
            false => (Asked::All, compiler, "tsc"),
        };
        checked.problems = self.compile(project, options, &program, name).await?;
        checked.is_partial = asked != Asked::Rest(".json") && stops_the_compiler(project, &checked.problems);
        if asked != Asked::All {
            checked.problems.retain(|problem| asked.is_for(problem));
            let OfAstro { problems, files } =
                self.check_astro(project, packages, &installed("@astrojs/check", "astro-check")?).await?;
            checked.problems.extend(problems);
            checked.files_of_astro = files;
        }
        Ok(checked)
    }

    async fn compile(
        &self,
        project: &str,
        options: &Options,
        program: &Program,
        name: &str,
    ) -> Result<Vec<Problem>, Silent> {
        let notes = self.folder.path().join("notes").to_string_lossy().into_owned();
        let arguments = ["--noEmit", "--pretty", "false", "-p", project].map(str::to_owned).into_iter();
        let output = self.run(program, arguments.chain(options.arguments(&notes)).map(OsString::from)).await?;
        let problems = output::of_tsc(&String::from_utf8_lossy(&output.stdout));
        match output.ended {
            Ended::Exited(0) => Ok(problems),
            Ended::Exited(_) if !problems.is_empty() => Ok(problems),
            Ended::Exited(_) | Ended::Signalled(_) => Err(failed(name, project, &output)),
        }
    }

    async fn check_astro(&self, project: &str, packages: &Packages, program: &Program) -> Result<OfAstro, Silent> {
        let arguments: [OsString; 6] = [
            "--root".into(),
            packages.folder.clone().into(),
            "--tsconfig".into(),
            self.root.join(project).into(),
            "--minimumSeverity".into(),
            "error".into(),
        ];
        let output = self.run(program, arguments).await?;
        let said = output::of_astro(&String::from_utf8_lossy(&output.stdout));
        let (Some(files), Some(errors)) = (said.files, said.errors) else {
            return Err(failed("astro-check", project, &output));
        };
        if errors != said.problems.len() as u64 {
            let read = said.problems.len();
            let what = format!("`{project}`: `astro-check` counts {errors} errors, of which {read} could be read");
            return Err(Silent::Undecided(what));
        }
        Ok(OfAstro { problems: said.problems, files })
    }

    async fn run(&self, program: &Program, arguments: impl IntoIterator<Item = OsString>) -> Result<Output, Silent> {
        let script = program.script.clone().into_os_string();
        // Memory for large projects is given to Node in `NODE_OPTIONS` and nowhere else.
        let environment = self.host.environment.allow(&["PATH", "HOME", "LANG", "LC_*", "TMPDIR", "NODE_OPTIONS"]);
        let arguments = std::iter::once(script).chain(arguments);
        let command = Command::new("node", arguments, self.root, environment, self.limit);
        let name = || program.script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let output = self.host.processes.run(&command, self.scope).await.map_err(|error| match error {
            ProcessError::Cancelled { .. } => Silent::Gate(GateError::Cancelled),
            ProcessError::NotFound { .. } => Silent::Gate(GateError::Unavailable {
                reason: format!("`node` is not installed, which runs the compiler; install it with `{}`", tools::SETUP),
            }),
            error => Silent::Undecided(format!("`{}` came to no result: {error}", name())),
        })?;
        if output.stdout.len() >= OUTPUT_LIMIT {
            let what = format!("`{}` printed more than {} MiB, which is not read", name(), OUTPUT_LIMIT >> 20);
            return Err(Silent::Undecided(what));
        }
        Ok(output)
    }
}

impl Asked {
    fn is_for(self, problem: &Problem) -> bool {
        match (self, &problem.place) {
            (Self::All, _) | (_, None) => true,
            (Self::Rest(ending), Some(place)) => place.path.ends_with(ending) || place.path.ends_with(".json"),
        }
    }
}

/// Says whether these errors are why the compiler said no more. It looks at options and syntax first, and at types only
/// when both are right.
///
/// Source: `emitFilesAndReportErrors` in the compiler's `executeCommandLine`.
pub(super) fn stops_the_compiler(project: &str, problems: &[Problem]) -> bool {
    let is_before_types = |problem: &Problem| match &problem.place {
        None => true,
        Some(place) if place.path == project => true,
        Some(_) => Category::of(problem) == Category::InterfaceViolations && problem.is_about_syntax(),
    };
    !problems.is_empty() && problems.iter().all(is_before_types)
}

struct OfAstro {
    problems: Vec<Problem>,
    files: u64,
}

fn failed(program: &str, project: &str, output: &Output) -> Silent {
    let how = match output.ended {
        Ended::Exited(status) => format!("exited with status {status} and said nothing that can be read"),
        Ended::Signalled(signal) => format!("was killed by signal {signal}"),
    };
    let words: Vec<String> =
        output.last_lines(3).iter().map(|line| line.trim().replace(char::is_control, " ")).collect();
    let words = if words.is_empty() { String::new() } else { format!(": {}", words.join(" / ")) };
    Silent::Undecided(format!("`{project}`: `{program}` {how}{words}"))
}
