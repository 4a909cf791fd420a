//! What the project's own type checkers say, and that they stay strict.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt, Measure, Unit};
use charter_host::{Host, Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{DependsOn, Gate, GateError, Subject};

mod category;
mod checker;
mod options;
mod output;
mod packages;
mod sources;

use category::Category;
use checker::{Checked, Ground, Shown, Silent};
use options::Options;
use output::Problem;
use packages::Packages;
use sources::Sources;

charter_deploy_model::kind! {
    /// Runs the project's own type checker, sorts what it finds, and holds `strict` on.
    ///
    /// It asks `tsc` of the project's `node_modules`, or the one that `cargo xtask setup` installs where the project has none.
    /// Where `@astrojs/check` is among the packages that the project asks for, Astro's checker judges its files, and `tsc`
    /// the options only; where `vue-tsc` is, it takes the place of `tsc`. Svelte's files are seen by none of them: run
    /// `svelte-check` with the gate `command`. Projects that a project refers to are checked as well. The checkers see the
    /// project's folder as it is, and write nothing into it. What is asked for and not installed leaves the gate
    /// inconclusive, with the line to type.
    ///
    /// Each error is of one of five sorts, by its code. In the order in which it pays to mend them, they are the roadmap:
    ///
    /// 1. `configuration`: the options, and what they say there is (5000 to 6999 but for those that are about code, libraries,
    ///    JSX, sorts of modules).
    /// 2. `imports`: modules, what they export, and names that nobody imported (2304 to 2308, 2614, 2724, 1484, 4000 to 4103, …).
    /// 3. `missing-types`: types that nobody wrote or installed (7000 to 7999, 9000 to 9999, 2571, 2580, 18046, …).
    /// 4. `null-checks`: values that may be `null` or `undefined` (2531 to 2533, 2564, 18047 to 18050, …), and mismatches
    ///    whose last reason is that one of the two does not fit.
    /// 5. `interface-violations`: everything else, errors of syntax among it.
    ///
    /// How many there are of each sort in each project is a figure that the baseline holds: `cargo xtask gates baseline
    /// --figures` takes them in, and from then on there are never more. A finding is known again by its file, its code and
    /// the text of its line.
    ///
    /// ```toml
    /// [gates.typescript]
    /// projects = ["tsconfig.json", "worker/tsconfig.json"]
    /// ```
    ///
    /// ```json,source=tsconfig.json
    /// { "compilerOptions": { "strict": true, "lib": ["es2022"], "types": [] }, "include": ["src"] }
    /// ```
    ///
    /// ```json,source=worker/tsconfig.json
    /// { "compilerOptions": { "strict": true, "lib": ["es2022"], "types": [] } }
    /// ```
    ///
    /// ```ts,source=worker/index.ts
    /// export const hours: number = 24;
    /// ```
    ///
    /// ```ts,source=src/index.ts,passes
    /// import { hours } from "../worker/index";
    ///
    /// export const minutes = hours * 60;
    /// ```
    pub static META: "typescript", needs Source, lane Shared {
        /// The compiler refuses an option, or needs one that is not there.
        ///
        /// Mend these first: the options decide what every other error means.
        ///
        /// ```json,source=tsconfig.json,blocks=typescript/configuration
        /// { "compilerOptions": { "strict": true, "moduleResolutoin": "bundler" }, "files": [] }
        /// ```
        "typescript/configuration": Error, principle Some(LocalValidation);
        /// Something is imported that is not there, or used and not imported.
        ///
        /// Whatever comes from a module that is not found has no type, which hides other errors and makes up new ones.
        "typescript/imports": Error, principle Some(LocalValidation);
        /// A type is missing, so that nothing is known of a value.
        ///
        /// Write the type of the parameter or variable down. Where a package brings no types, its `@types/` package may.
        "typescript/missing-types": Error, principle Some(LocalValidation);
        /// A value may be `null` or `undefined`, and is used as if it were not.
        ///
        /// Say what happens then. A `!` behind it silences the compiler, and nobody else.
        "typescript/null-checks": Error, principle Some(LocalValidation);
        /// A value does not fit what is asked for, or code breaks the rules of the language.
        ///
        /// ```json,source=tsconfig.json
        /// { "compilerOptions": { "strict": true, "lib": ["es2022"], "types": [] } }
        /// ```
        ///
        /// ```ts,source=tide.ts,blocks=typescript/interface-violations
        /// export const height: number = "high";
        /// ```
        "typescript/interface-violations": Error, principle Some(LocalValidation);
        /// Strict mode is off, or something that belongs to it.
        ///
        /// Errors that are no longer found are still there. It is judged by what holds in the end, whichever file says so.
        /// A project that cannot be strict yet keeps its errors in the baseline, and its `strict` on.
        ///
        /// ```json,source=tsconfig.json
        /// { "compilerOptions": { "strict": true, "strictNullChecks": false, "lib": ["es2022"], "types": [] } }
        /// ```
        ///
        /// ```ts,source=tide.ts,blocks=typescript/strict
        /// export const height: number = 3;
        /// ```
        "typescript/strict": Error, principle Some(LocalValidation);
    }
}

/// The section `[gates.typescript]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TypescriptConfig {
    /// The projects, as paths of their `tsconfig.json`; the one at the root when empty, if there is one.
    pub projects: Vec<String>,
    /// After this long a checker is killed, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
}

impl Default for TypescriptConfig {
    fn default() -> Self {
        Self { projects: Vec::new(), timeout_seconds: 300 }
    }
}

/// More projects are not checked, those that others refer to among them.
const MOST_PROJECTS: usize = 100;

/// Runs type checkers.
#[derive(Debug, Clone)]
pub struct Typescript {
    config: TypescriptConfig,
    host: Host,
}

/// Builds the gate.
///
/// # Errors
/// When a project is outside of the project's folder, or no checker would have any time.
pub fn gate(config: TypescriptConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    if let Some(project) = config.projects.iter().find(|project| within(Path::new(""), project).is_none()) {
        return Err(Refusal(format!("`projects`: `{project}` is not a path within the project")));
    }
    if config.timeout_seconds == 0 {
        return Err(Refusal("`timeout-seconds`: no checker could be that fast".to_owned()));
    }
    Ok(Box::new(Typescript { config, host: setup.host.clone() }))
}

#[async_trait]
impl Gate for Typescript {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// Checkers see packages, and files that git does not.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        // The compiler tells paths by what they really are.
        let root = subject.project.canonicalize();
        let root = root.map_err(|source| GateError::Unreadable { path: subject.project.clone(), source })?;
        let named = self.config.projects.iter().filter_map(|project| file(&root, Path::new(""), project));
        let mut left: VecDeque<String> = named.collect();
        if left.is_empty() {
            if !root.join("tsconfig.json").is_file() {
                return Ok(Inspection::NotApplicable { reason: "there is no `tsconfig.json`".to_owned() });
            }
            left.push_back("tsconfig.json".to_owned());
        }
        let ground = Ground::new(&self.host, &root, Duration::from_secs(self.config.timeout_seconds), scope)?;
        let mut seen = Seen::default();
        let mut known = BTreeSet::new();
        while let Some(project) = left.pop_front() {
            if !known.insert(project.clone()) {
                continue;
            }
            if known.len() > MOST_PROJECTS {
                seen.undecided
                    .push(format!("there are more than {MOST_PROJECTS} projects, and the rest was not checked"));
                break;
            }
            let total = (known.len() + left.len()) as u64;
            scope.progress(known.len() as u64 - 1, Some(total), &format!("checking the types of `{project}`"));
            match self.look(&project, &ground, &mut seen).await {
                Ok(references) => left.extend(references),
                Err(Silent::Undecided(what)) => seen.undecided.push(what),
                Err(Silent::Gate(error)) => return Err(error),
            }
        }
        Ok(seen.told(&root))
    }
}

impl Typescript {
    /// Checks a project, and returns those that it refers to.
    async fn look(&self, project: &str, ground: &Ground<'_>, seen: &mut Seen) -> Result<Vec<String>, Silent> {
        let path = ground.root.join(project);
        if !path.is_file() {
            return Err(Silent::Undecided(format!("there is no `{project}`, so its types were not checked")));
        }
        let folder = path.parent().unwrap_or(ground.root);
        let packages = Packages::find(folder, ground.root).map_err(Silent::Undecided)?;
        let compiler = packages.compiler(&self.host.environment).map_err(Silent::Gate)?;
        let by_default = compiler.is_strict;
        let options = match ground.show(project, &compiler).await? {
            Shown::Options(options) => options,
            Shown::Refused(problems) => {
                // The compiler alone does not know the files of the others.
                let is_empty = problems.iter().all(|problem| problem.code == "TS18003");
                if is_empty && (packages.ask_for("@astrojs/check") || packages.ask_for("vue-tsc")) {
                    return Err(Silent::Undecided(format!(
                        "`{project}` names no file that `tsc` knows, so its options cannot be told; for Astro's, `npx astro \
                         sync` makes one"
                    )));
                }
                seen.add(project, &Options::default(), Checked { problems, is_partial: true, ..Checked::default() });
                return Ok(Vec::new());
            }
        };
        let mut references = Vec::new();
        for reference in options.references() {
            match file(ground.root, Path::new(project).parent().unwrap_or(Path::new("")), reference) {
                Some(path) => references.push(path),
                None => {
                    seen.undecided.push(format!("`{project}` refers to `{reference}`, which is outside the project"))
                }
            }
        }
        if options.only_refers() {
            return Ok(references);
        }
        seen.loose.extend(options.loose(by_default).into_iter().map(|option| (project.to_owned(), option)));
        match ground.check(project, &options, &packages, compiler).await {
            Ok(checked) => seen.add(project, &options, checked),
            Err(Silent::Undecided(what)) => seen.undecided.push(what),
            Err(gate) => return Err(gate),
        }
        Ok(references)
    }
}

/// Returns the path of a project's file, when it is named by that or by its folder; nothing, when it is outside.
fn file(root: &Path, folder: &Path, named: &str) -> Option<String> {
    let path = within(folder, named)?;
    Some(if root.join(&path).is_dir() { format!("{path}/tsconfig.json") } else { path })
}

/// Returns a path from the root for one from a folder; nothing, when it leads out.
fn within(folder: &Path, path: &str) -> Option<String> {
    let mut parts = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part),
            Component::ParentDir if parts.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    parts.to_str().filter(|path| !path.is_empty()).map(str::to_owned)
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    projects: u64,
    files: u64,
    /// The errors, each with the project that has it; one that several have is told once.
    problems: BTreeMap<Problem, String>,
    loose: BTreeSet<(String, &'static str)>,
    measures: Vec<Measure>,
    undecided: Vec<String>,
}

impl Seen {
    fn add(&mut self, project: &str, options: &Options, checked: Checked) {
        let Checked { mut problems, files_of_astro, is_partial } = checked;
        self.projects += 1;
        self.files += files_of_astro.max(options.files());
        let all = problems.len();
        // What other projects make is not there before they are built, and that is no error of anyone's.
        problems.retain(|problem| problem.code != "TS6305");
        if problems.len() < all {
            self.undecided.push(format!(
                "`{project}` needs what the projects make that it refers to; build them with `npx tsc --build`"
            ));
        }
        problems.sort();
        problems.dedup();
        if is_partial {
            self.undecided
                .push(format!("`{project}`: the compiler checks no types before its options and syntax are right"));
        }
        // What it did not come to is not zero.
        for category in Category::ALL.into_iter().filter(|category| !is_partial || *category == Category::Configuration)
        {
            let count = problems.iter().filter(|problem| Category::of(problem) == category).count();
            self.measures.push(Measure {
                name: category.name().to_owned(),
                subject: project.to_owned(),
                value: count as f64,
                // Fewer are better, which a mere count does not say.
                unit: Unit::Ratio,
                samples: Vec::new(),
            });
        }
        for problem in problems {
            self.problems.entry(problem).or_insert_with(|| project.to_owned());
        }
    }

    fn told(self, root: &Path) -> Inspection {
        let mut sources = Sources::new(root);
        let mut sums: BTreeMap<Category, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for problem in self.problems.keys() {
            let (count, files) = sums.entry(Category::of(problem)).or_default();
            *count += 1;
            files.extend(problem.place.as_ref().map(|place| place.path.as_str()));
        }
        let found = self.problems.iter().map(|(problem, project)| {
            let category = Category::of(problem);
            let (count, files) = sums.get(&category).map_or((0, 0), |(count, files)| (*count, files.len()));
            let help = format!(
                "{}; step {} of {} of the roadmap, with {} in {}",
                category.advice(),
                category.step(),
                Category::ALL.len(),
                counted(count, "error"),
                counted(files, "file")
            );
            sources.finding(problem, project, category).help(help)
        });
        let mut findings: Vec<Finding> = found.collect();
        findings.extend(self.loose.iter().map(|(project, option)| loose(project, option, &mut sources)));
        findings.sort();
        let counts = [("projects".to_owned(), self.projects), ("files".to_owned(), self.files)];
        let looked_at = LookedAt { counts: counts.into(), undecided: self.undecided, ..LookedAt::default() };
        Inspection::Looked { findings, measures: self.measures, looked_at }
    }
}

fn loose(project: &str, option: &str, sources: &mut Sources<'_>) -> Finding {
    let message = match option {
        "strict" => format!("`{project}` does not have `strict` on"),
        member => format!("`{project}` has `{member}` off, which belongs to `strict`"),
    };
    let help = match option {
        "strict" => {
            "write `\"strict\": true`, and take the errors that come into the baseline: `cargo xtask gates baseline`"
        }
        _ => "take it out, and the errors that come into the baseline: `cargo xtask gates baseline`",
    };
    let place = Location::file(project).in_source();
    let place = match sources.line_with(project, &format!("\"{option}\"")) {
        Some(line) => place.line(line),
        None => place,
    };
    Finding::new("typescript/strict", project, message).at(place).key(option).help(help)
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Reads whatever a checker could print, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(printed: &[u8]) {
    let _ = Options::read(printed).map(|options| options.loose(false));
    let text = String::from_utf8_lossy(printed);
    for problem in [output::of_tsc(&text), output::of_astro(&text).problems].into_iter().flatten() {
        let message = problem.message();
        assert!(!message.contains(char::is_control) && message.chars().count() <= 401, "{message}");
        assert!(problem.place.as_ref().is_none_or(|place| place.line > 0 && place.column > 0), "a place is nowhere");
        let _ = Category::of(&problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within_the_project() {
        for (folder, path, expected) in [
            ("", "tsconfig.json", Some("tsconfig.json")),
            ("", "./a/../tsconfig.json", Some("tsconfig.json")),
            ("packages/app", "../lib", Some("packages/lib")),
            ("packages/app", "../../../lib", None),
            ("", "..", None),
            ("", ".", None),
            ("", "/etc/passwd", None),
        ] {
            assert_eq!(within(Path::new(folder), path).as_deref(), expected, "{path} from {folder}");
        }
    }
}
