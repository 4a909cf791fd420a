//! Policies as conftest takes them: every rule `deny`, `violation` or `warn`, also `deny_<name>`, of every package.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::Value as Json;

use super::{metadata, rewrite};

/// A rule that takes longer over one document is stopped.
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// A policy that asks for a longer list of numbers is stopped: memory for it would be taken at once.
const RANGE_LIMIT: u64 = 1_000_000;
/// Deeper brackets are refused. The deepest of 277 public policies are 8 deep.
const DEPTH_LIMIT: usize = 12;
/// A longer message is cut, in letters.
const MESSAGE_LIMIT: usize = 1_000;

static RULE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^[ \t]*(?:default[ \t]+)?((?:deny|violation|warn)(?:_[A-Za-z0-9_]+)?|exception)\b")
        .expect("the pattern is well-formed")
});

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) line: Option<u32>,
}

/// A package, with the rules that are asked about documents.
#[derive(Debug, Clone)]
pub(super) struct Package {
    /// Such as `data.main`.
    path: String,
    /// Such as `main`.
    pub(super) name: String,
    /// The rules, and the file that each is in.
    pub(super) rules: BTreeMap<String, String>,
    has_exceptions: bool,
    /// Globs over the documents that it is about, as its files name them.
    pub(super) documents: BTreeSet<String>,
}

/// All policies of a project.
#[derive(Debug)]
pub(super) struct Policies {
    engine: Engine,
    pub(super) packages: Vec<Package>,
    pub(super) problems: Vec<(String, Problem)>,
}

/// What a rule says against a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Denial {
    pub(super) rule: String,
    pub(super) is_warning: bool,
    pub(super) message: String,
    pub(super) line: Option<u32>,
}

/// What the rules of a package say of one document.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) denials: Vec<Denial>,
    pub(super) excused: u64,
    /// The rules that came to no end, and why.
    pub(super) failed: Vec<(String, String)>,
}

/// Reads policy files; what is wrong with one is a problem of that file.
pub(super) fn load(files: &[(String, String)]) -> Policies {
    let mut engine = Engine::new();
    engine.set_gather_prints(true);
    // As Open Policy Agent does it: a function that cannot take what it is given makes its rule undefined.
    engine.set_strict_builtin_errors(false);
    let check_interval = NonZeroU32::new(64).expect("it is not zero");
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: TIME_LIMIT, check_interval });
    bound_ranges(&mut engine);
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    let mut problems = Vec::new();
    for (path, text) in files {
        let documents = match metadata::documents(text) {
            Ok(documents) => documents,
            Err(problem) => {
                problems.push((path.clone(), problem));
                continue;
            }
        };
        let name = match add(&mut engine, path, text) {
            Ok(name) => name,
            Err(problem) => {
                problems.push((path.clone(), problem));
                continue;
            }
        };
        let package = packages.entry(name.clone()).or_insert_with(|| Package {
            path: name.clone(),
            name: name.trim_start_matches("data.").to_owned(),
            rules: BTreeMap::new(),
            has_exceptions: false,
            documents: BTreeSet::new(),
        });
        package.documents.extend(documents);
        for found in RULE.captures_iter(text).filter_map(|found| found.get(1)) {
            let rule = found.as_str();
            // One that merely looks like a rule, within a text, is none.
            if !engine.has_declared_rule_rooted_at(path, rule).unwrap_or(true) {
                continue;
            }
            match rule {
                "exception" => package.has_exceptions = true,
                _ => _ = package.rules.entry(rule.to_owned()).or_insert_with(|| path.clone()),
            }
        }
    }
    let packages = packages.into_values().filter(|package| !package.rules.is_empty()).collect();
    Policies { engine, packages, problems }
}

/// Returns the line in which brackets are nested too deep: the parser tries each as several things, and so takes twice the
/// time and more for each further one.
pub(super) fn too_deep(text: &str) -> Option<u32> {
    let (mut depth, mut line) = (0_usize, 1_u32);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => line += 1,
            '#' => while letters.next_if(|next| *next != '\n').is_some() {},
            '"' => {
                while let Some(next) = letters.next_if(|next| *next != '\n') {
                    match next {
                        '"' => break,
                        '\\' => _ = letters.next_if(|next| *next != '\n'),
                        _ => {}
                    }
                }
            }
            '`' => line += letters.by_ref().take_while(|next| *next != '`').filter(|next| *next == '\n').count() as u32,
            '[' | '{' | '(' if depth == DEPTH_LIMIT => return Some(line),
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Adds a file in the Rego of today, or in that of before 2025 when it is no such.
fn add(engine: &mut Engine, path: &str, text: &str) -> Result<String, Problem> {
    if let Some(line) = too_deep(text) {
        return Err(Problem {
            what: format!("has brackets that are nested more than {DEPTH_LIMIT} deep"),
            line: Some(line),
        });
    }
    let mut as_version = |is_old: bool| {
        engine.set_rego_v0(is_old);
        let rewritten = rewrite::rewrite(path, text, is_old);
        let added = rewritten.and_then(|text| engine.add_policy(path.to_owned(), text).ok());
        added.map_or_else(|| engine.add_policy(path.to_owned(), text.to_owned()), Ok)
    };
    as_version(false).or_else(|error| as_version(true).map_err(|_| problem(&error.to_string())))
}

fn bound_ranges(engine: &mut Engine) {
    #[derive(Debug, thiserror::Error)]
    #[error("more than {RANGE_LIMIT} numbers are asked for")]
    struct TooMany;

    fn range(from: &Value, to: &Value, step: u64) -> Result<Value, TooMany> {
        let (Ok(from), Ok(to)) = (from.as_i64(), to.as_i64()) else { return Ok(Value::Undefined) };
        if step == 0 {
            return Ok(Value::Undefined);
        }
        if from.abs_diff(to) / step >= RANGE_LIMIT {
            return Err(TooMany);
        }
        let count = from.abs_diff(to) / step;
        let number = |index: u64| match from <= to {
            true => from.saturating_add_unsigned(index * step),
            false => from.saturating_sub_unsigned(index * step),
        };
        Ok(Value::from((0..=count).map(|index| Value::from(number(index))).collect::<Vec<_>>()))
    }
    let by_one = |given: Vec<Value>| match given.as_slice() {
        [from, to] => Ok(range(from, to, 1)?),
        _ => Ok(Value::Undefined),
    };
    let by_step = |given: Vec<Value>| match given.as_slice() {
        [from, to, step] => Ok(range(from, to, step.as_u64().unwrap_or(0))?),
        _ => Ok(Value::Undefined),
    };
    for added in [
        engine.add_extension("numbers.range".to_owned(), 2, Box::new(by_one)),
        engine.add_extension("numbers.range_step".to_owned(), 3, Box::new(by_step)),
    ] {
        added.expect("nothing of these names was added to a new engine");
    }
}

impl Policies {
    /// Returns an interpreter of one's own: one of them does one thing at a time.
    pub(super) fn interpreter(&self) -> Interpreter {
        Interpreter(self.engine.clone())
    }
}

/// Asks policies about documents.
#[derive(Debug)]
pub(super) struct Interpreter(Engine);

impl Interpreter {
    /// Sets the document that is asked about.
    pub(super) fn set(&mut self, document: &Json) -> Result<(), serde_json::Error> {
        self.0.set_input(serde_json::from_value(document.clone())?);
        Ok(())
    }

    /// Asks the rules of a package that `wanted` does not leave out.
    pub(super) fn ask(&mut self, package: &Package, wanted: impl Fn(&str) -> bool) -> Said {
        let mut said = Said::default();
        let excused = match self.exceptions(package) {
            Ok(excused) => excused,
            Err(problem) => {
                said.failed.push(("exception".to_owned(), problem.what));
                return said;
            }
        };
        for rule in package.rules.keys().filter(|rule| wanted(rule)) {
            let (kind, name) = rule.split_once('_').unwrap_or((rule, ""));
            match self.evaluate(package, rule) {
                Ok(value) => {
                    let found = denials(rule, kind == "warn", &value);
                    match excused.contains(name) {
                        true => said.excused += found.len() as u64,
                        false => said.denials.extend(found),
                    }
                }
                Err(problem) => said.failed.push((rule.clone(), problem.what)),
            }
        }
        said
    }

    fn evaluate(&mut self, package: &Package, rule: &str) -> Result<Json, Problem> {
        let value = self
            .0
            .eval_rule(format!("{}.{rule}", package.path))
            .map_err(|error| out_of_time(&error.to_string()).unwrap_or_else(|| problem(&error.to_string())));
        let _ = self.0.take_prints();
        match value? {
            Value::Undefined => Ok(Json::Null),
            value => serde_json::to_value(&value).map_err(|error| Problem { what: error.to_string(), line: None }),
        }
    }

    /// Returns the names of rules that conftest would not ask, without `deny_`: `exception` is a set of lists of them.
    fn exceptions(&mut self, package: &Package) -> Result<BTreeSet<String>, Problem> {
        if !package.has_exceptions {
            return Ok(BTreeSet::new());
        }
        let value = self.evaluate(package, "exception")?;
        let lists = value.as_array().into_iter().flatten().filter_map(Json::as_array);
        Ok(lists.flatten().filter_map(Json::as_str).map(str::to_owned).collect())
    }
}

/// Returns what a rule says: a set or list of texts or of objects with `msg`, a text, or merely `true`.
fn denials(rule: &str, is_warning: bool, value: &Json) -> Vec<Denial> {
    let denial = |message: Option<&str>, line| Denial {
        rule: rule.to_owned(),
        is_warning,
        message: message.unwrap_or("no message is given").chars().take(MESSAGE_LIMIT).collect(),
        line,
    };
    let one = |value: &Json| match value {
        Json::Null | Json::Bool(false) => None,
        Json::String(message) => Some(denial(Some(message), None)),
        Json::Object(fields) => {
            let line = value.pointer("/_loc/line").and_then(Json::as_u64).and_then(|line| u32::try_from(line).ok());
            Some(denial(fields.get("msg").and_then(Json::as_str), line.filter(|line| *line > 0)))
        }
        Json::Bool(true) | Json::Number(_) | Json::Array(_) => Some(denial(None, None)),
    };
    match value {
        Json::Array(items) => items.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

/// Returns what is told of a rule that took too long: never how long to the nanosecond, which differs each time.
fn out_of_time(words: &str) -> Option<Problem> {
    let is_late = words.contains("time limit");
    is_late.then(|| Problem { what: format!("it takes longer than {} s", TIME_LIMIT.as_secs()), line: None })
}

/// Reads the line and what is wrong from the interpreter's words: the place, the line itself, and `error: …`.
fn problem(words: &str) -> Problem {
    static PLACE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"--> .*:(\d+):\d+").expect("the pattern is well-formed"));
    let line = PLACE.captures(words).and_then(|found| found.get(1)?.as_str().parse().ok());
    let what = words.lines().rev().find_map(|line| line.trim().strip_prefix("error: "));
    let what = what.unwrap_or_else(|| words.lines().last().unwrap_or_default()).trim();
    Problem { what: what.chars().take(MESSAGE_LIMIT).collect(), line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_that_would_take_forever_are_refused() {
        let many = "[".repeat(40);
        let deep = format!("package a\n\nx := {many}1{}\n", "]".repeat(40));
        let policies = load(&[("a.rego".to_owned(), deep)]);
        let (_, problem) = &policies.problems[0];
        assert_eq!((problem.what.contains("nested"), problem.line), (true, Some(3)), "{problem:?}");
        let quiet =
            format!("package a\n# {many}\nx := \"{many}\\\"{many}\"\ny := `{many}\n{many}`\nz := [[1], {{2: (3)}}]\n");
        assert_eq!(too_deep(&quiet), None);
    }
}
