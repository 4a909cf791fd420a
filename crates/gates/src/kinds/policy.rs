//! The project's own rules, written in Rego.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::{BlobId, Blobs, CommittedFile, FileSort, RepositoryError};
use globset::GlobMatcher;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

pub(crate) mod documents;
mod metadata;
mod rego;
mod rewrite;

use documents::Input;
use rego::{Denial, Package, Policies, Problem};

/// A larger policy file is not read, in bytes.
const POLICY_LIMIT: u64 = 1 << 20;

charter_deploy_model::kind! {
    /// Holds JSON, YAML and TOML files of the commit to rules that the project wrote itself, in Rego.
    ///
    /// [Rego](https://www.openpolicyagent.org/docs/policy-language) is the language of Open Policy Agent. The rules are those that
    /// `conftest` takes, so that policies written for it are read as they are: `deny`, `violation` and `warn`, also `deny_<name>`,
    /// in every package; each document of a file is `input`. They say what is wrong as a text, or as an object with
    /// `msg`. `exception` excuses a rule by its name. Both Rego of today and that of before 1.0 are read. Tests, in files called
    /// `*_test.rego`, are not asked.
    ///
    /// Which files a package is about it says itself, in `custom.documents` of its annotations; `documents` of the
    /// configuration is for those that do not. One that is about no file is an error: nothing passes because nobody asked.
    ///
    /// A policy sees the document and nothing else: no network, no clock, no files. A rule that takes longer than two seconds
    /// over one document is stopped. Keys of YAML are as written (`on` is `"on"`); values are what Kubernetes takes them for,
    /// so that `yes` is `true`. Functions that Open Policy Agent has and this interpreter does not (`http.send`, `time.*`,
    /// `parse_config*` of conftest) make the rule that calls them an error. So does what this interpreter
    /// takes more strictly: helper rules that use a variable before the line that sets it. Three forms that it would refuse, of
    /// what goes through something that is no collection and of `x = all[x]`, are handed to it in words that mean the same.
    ///
    /// ```toml
    /// [gates.policy]
    /// documents = ["k8s/**/*.yaml"]
    /// ```
    ///
    /// ```rego,source=policies/pods.rego
    /// package main
    ///
    /// deny contains msg if {
    ///   input.kind == "Deployment"
    ///   not input.spec.template.spec.securityContext.runAsNonRoot
    ///   msg := sprintf("%s may run as root", [input.metadata.name])
    /// }
    /// ```
    ///
    /// ```yaml,source=k8s/app.yaml,passes
    /// kind: Deployment
    /// metadata: {name: app}
    /// spec: {template: {spec: {securityContext: {runAsNonRoot: true}}}}
    /// ```
    pub static META: "policy", needs Source, lane Shared {
        /// A rule denies a document.
        ///
        /// The finding says which rule and in which file it is.
        ///
        /// ```rego,source=policies/packages.rego
        /// # METADATA
        /// # title: What is published has a licence.
        /// # custom:
        /// #   documents: [package.json]
        /// package npm
        ///
        /// deny contains "a licence is missing" if not input.license
        /// ```
        ///
        /// ```json,source=package.json,blocks=policy/denied
        /// {"name": "site"}
        /// ```
        "policy/denied": Error, principle Some(LocalValidation);
        /// A rule warns of a document.
        ///
        /// It is called `warn` or `warn_<name>`.
        ///
        /// ```rego,source=policies/packages.rego
        /// # METADATA
        /// # custom:
        /// #   documents: ["*.toml"]
        /// package cargo
        ///
        /// warn_edition[msg] { input.package.edition != "2024"; msg := "the edition is old" }
        /// ```
        ///
        /// ```toml,source=Cargo.toml,blocks=policy/warned
        /// [package]
        /// edition = "2021"
        /// ```
        "policy/warned": Warning, principle Some(LocalValidation);
        /// A policy is about no file, so that it never says anything.
        ///
        /// Correct the globs of its annotation or of `documents`, or delete the policy.
        ///
        /// ```rego,source=policies/pods.rego,blocks=policy/no-document
        /// # METADATA
        /// # custom:
        /// #   documents: [kubernetes/*.yaml]
        /// package main
        ///
        /// deny contains "no" if input.kind == "Pod"
        /// ```
        "policy/no-document": Error, principle Some(LocalValidation);
        /// None of the policy files has a rule that would be asked.
        ///
        /// Its name must be `deny`, `violation` or `warn`, or begin with one of them and `_`.
        ///
        /// ```rego,source=policies/pods.rego,blocks=policy/no-rule
        /// package main
        ///
        /// denied contains "no" if input.kind == "Pod"
        /// ```
        "policy/no-rule": Warning, principle Some(LocalValidation);
        /// A policy file cannot be read.
        ///
        /// It is no Rego, its annotations are no YAML, or it is larger than 1 MiB.
        ///
        /// ```rego,source=policies/pods.rego,blocks=policy/unreadable
        /// package main
        ///
        /// deny contains "no" if {
        /// ```
        "policy/unreadable": Error, principle Some(LocalValidation);
        /// A rule came to no end over some document, and what else it said is left out.
        ///
        /// It took longer than two seconds, asked for a million numbers, contradicts itself or calls a function that there is not.
        ///
        /// ```toml
        /// [gates.policy]
        /// documents = ["*.json"]
        /// ```
        ///
        /// ```rego,source=policies/pods.rego
        /// package main
        ///
        /// deny contains "no" if http.send({"method": "get", "url": "http://192.0.2.1"}).status_code == 200
        /// ```
        ///
        /// ```json,source=a.json,blocks=policy/failed
        /// {}
        /// ```
        "policy/failed": Error, principle Some(LocalValidation);
        /// A document that a policy is about cannot be read.
        ///
        /// It is no JSON, YAML or TOML, whichever its name says, or is larger than 8 MiB.
        ///
        /// ```toml
        /// [gates.policy]
        /// documents = ["*.json"]
        /// ```
        ///
        /// ```rego,source=policies/pods.rego
        /// package main
        ///
        /// deny contains "no" if input.kind == "Pod"
        /// ```
        ///
        /// ```json,source=a.json,blocks=policy/document
        /// {"kind": "Pod"
        /// ```
        "policy/document": Error, principle Some(LocalValidation);
    }
}

/// The section `[gates.policy]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// Globs over the files of the project that are policies.
    pub files: Vec<String>,
    /// Globs over the files that those policies are about which do not say it themselves.
    pub documents: Vec<String>,
    /// Globs over files that no policy is about.
    pub exclude: Vec<String>,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        let files = ["policies/**/*.rego", "policy/**/*.rego"].map(str::to_owned).to_vec();
        Self { files, documents: Vec::new(), exclude: Vec::new() }
    }
}

/// Asks the project's policies about its documents.
#[derive(Debug, Clone)]
pub struct OwnPolicy {
    files: Vec<GlobMatcher>,
    documents: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: PolicyConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let PolicyConfig { files, documents, exclude } = config;
    Ok(Box::new(OwnPolicy {
        files: glob::compile_all("files", &files)?,
        documents: glob::compile_all("documents", &documents)?,
        exclude: glob::compile_all("exclude", &exclude)?,
    }))
}

#[async_trait]
impl Gate for OwnPolicy {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Commit
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let (own, subject, scope) = (self.clone(), subject.clone(), scope.clone());
        blocking(move || own.look(&source, &subject, &scope)).await
    }
}

/// What the policies said of one file.
#[derive(Debug, Default)]
struct Judged {
    findings: Vec<(Option<(usize, String)>, Finding)>,
    /// Rules that came to no end, by their package's number and name.
    failed: Vec<((usize, String), String)>,
    documents: u64,
    excused: u64,
}

impl OwnPolicy {
    fn look(&self, source: &Source, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let mut all = source.repository.files(&source.commit).map_err(failed)?;
        all.retain(|file| file.sort != FileSort::Link);
        let policies: Vec<&CommittedFile> = all
            .iter()
            .filter(|file| glob::any(&self.files, &file.path) && !file.path.ends_with("_test.rego"))
            .collect();
        if policies.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "there is no policy file".to_owned() });
        }
        // A policy that changed may say something new of any document.
        let is_about_policies = policies.iter().any(|file| subject.is_about_source(&file.path));
        let (texts, unread) = read(&source.repository.blobs().map_err(failed)?, &policies).map_err(failed)?;
        let loaded = rego::load(&texts);
        let Policies { packages, problems, .. } = &loaded;
        let mut findings: Vec<Finding> =
            unread.iter().chain(problems).map(|(path, problem)| unreadable(path, problem)).collect();
        if packages.is_empty() && findings.is_empty() {
            findings.push(no_rule(&policies[0].path));
        }

        let about: Vec<Vec<GlobMatcher>> = packages.iter().map(|package| self.about(package)).collect();
        let mut matched = vec![false; packages.len()];
        let mut asked: Vec<(&str, BlobId, Vec<usize>)> = Vec::new();
        for file in all.iter().filter(|file| !glob::any(&self.exclude, &file.path)) {
            let is_one = |number: &usize| glob::any(&about[*number], &file.path);
            let numbers: Vec<usize> = (0..packages.len()).filter(is_one).collect();
            numbers.iter().for_each(|number| matched[*number] = true);
            if !numbers.is_empty() && (is_about_policies || subject.is_about_source(&file.path)) {
                asked.push((&file.path, file.blob, numbers));
            }
        }
        let idle = packages.iter().zip(&matched).filter(|(_, is_matched)| !**is_matched);
        findings.extend(idle.map(|(package, _)| no_document(package, self.documents.is_empty())));

        let judged: Vec<Judged> = asked
            .par_iter()
            .map_init(
                || (source.repository.blobs(), loaded.interpreter()),
                |(blobs, interpreter), (path, blob, numbers)| {
                    if scope.cancel.is_cancelled() {
                        return Err(GateError::Cancelled);
                    }
                    match blobs {
                        Ok(blobs) => judge(blobs, interpreter, packages, path, *blob, numbers).map_err(failed),
                        // Opened once more for its error, which cannot be had twice.
                        Err(_) => Err(source.repository.blobs().map_or_else(failed, |_| GateError::Cancelled)),
                    }
                },
            )
            .collect::<Result<_, _>>()?;

        let mut broken: BTreeMap<&(usize, String), &String> = BTreeMap::new();
        for (rule, why) in judged.iter().flat_map(|judged| &judged.failed) {
            let first = broken.entry(rule).or_insert(why);
            *first = (*first).min(why);
        }
        findings.extend(broken.iter().map(|((number, rule), why)| rule_failed(&packages[*number], rule, why)));
        let counts = BTreeMap::from([
            ("policies".to_owned(), policies.len() as u64),
            ("rules".to_owned(), packages.iter().map(|package| package.rules.len() as u64).sum()),
            ("documents".to_owned(), judged.iter().map(|judged| judged.documents).sum()),
            ("exceptions".to_owned(), judged.iter().map(|judged| judged.excused).sum()),
        ]);
        let said = judged.iter().flat_map(|judged| &judged.findings);
        // What else a broken rule said depends on which documents it was asked about before.
        let holds = said.filter(|(rule, _)| rule.as_ref().is_none_or(|rule| !broken.contains_key(rule)));
        findings.extend(holds.map(|(_, finding)| finding.clone()));
        findings.sort();
        let looked_at = LookedAt { counts, ..LookedAt::default() };
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }

    /// Returns the globs of what a package is about.
    fn about(&self, package: &Package) -> Vec<GlobMatcher> {
        match package.documents.is_empty() {
            true => self.documents.clone(),
            false => package.documents.iter().filter_map(|pattern| glob::compile(pattern).ok()).collect(),
        }
    }
}

fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the policies and documents of the commit".to_owned(), source: source.into() }
}

type Texts = (Vec<(String, String)>, Vec<(String, Problem)>);

fn read(blobs: &Blobs, policies: &[&CommittedFile]) -> Result<Texts, RepositoryError> {
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for file in policies {
        let mut refuse = |what: &str| problems.push((file.path.clone(), Problem { what: what.to_owned(), line: None }));
        if blobs.size(file.blob)? > POLICY_LIMIT {
            refuse("is larger than 1 MiB");
            continue;
        }
        match blobs.read(file.blob, |content| std::str::from_utf8(content).map(str::to_owned))? {
            Ok(text) => texts.push((file.path.clone(), text)),
            Err(_) => refuse("is not UTF-8"),
        }
    }
    Ok((texts, problems))
}

fn judge(
    blobs: &Blobs,
    interpreter: &mut rego::Interpreter,
    packages: &[Package],
    path: &str,
    blob: BlobId,
    numbers: &[usize],
) -> Result<Judged, RepositoryError> {
    let unread = |problem: &documents::Problem| Judged {
        findings: vec![(None, document_unread(path, problem))],
        ..Judged::default()
    };
    if blobs.size(blob)? > documents::SIZE_LIMIT {
        return Ok(unread(&documents::Problem { what: "is larger than 8 MiB".to_owned(), line: None }));
    }
    let (inputs, lines) =
        blobs.read(blob, |content| (documents::read(path, content), content.split(|byte| *byte == b'\n').count()))?;
    let inputs = match inputs {
        Ok(inputs) => inputs,
        Err(problem) => return Ok(unread(&problem)),
    };
    let mut judged = Judged { documents: inputs.len() as u64, ..Judged::default() };
    let mut stopped: BTreeSet<(usize, String)> = BTreeSet::new();
    for Input { line, value } in &inputs {
        if let Err(error) = interpreter.set(value) {
            let problem = documents::Problem { what: format!("cannot be asked about: {error}"), line: Some(*line) };
            judged.findings.push((None, document_unread(path, &problem)));
            continue;
        }
        for number in numbers {
            let package = &packages[*number];
            // One that took two seconds over a document would take them over the next as well.
            let said = interpreter.ask(package, |rule| !stopped.contains(&(*number, rule.to_owned())));
            judged.excused += said.excused;
            for denial in said.denials {
                let line = denial.line.filter(|line| *line as usize <= lines).unwrap_or(*line);
                judged.findings.push((Some((*number, denial.rule.clone())), denied(path, line, package, &denial)));
            }
            for (rule, why) in said.failed {
                stopped.insert((*number, rule.clone()));
                judged.failed.push(((*number, rule), why));
            }
        }
    }
    Ok(judged)
}

fn denied(path: &str, line: u32, package: &Package, denial: &Denial) -> Finding {
    let Denial { rule, is_warning, message, .. } = denial;
    let code = if *is_warning { "policy/warned" } else { "policy/denied" };
    let file = package.rules.get(rule).map_or("", String::as_str);
    Finding::new(code, path, format!("`{path}`: {message}"))
        .at(Location::file(path).line(line).in_source())
        .key(format!("{}.{rule}: {message}", package.name))
        .help(format!("the rule `{}.{rule}` of `{file}` demands it", package.name))
}

fn document_unread(path: &str, problem: &documents::Problem) -> Finding {
    let location = Location::file(path).in_source();
    Finding::new("policy/document", path, format!("`{path}` {}", problem.what))
        .at(Location { line: problem.line.filter(|line| *line > 1), ..location })
        .key("unreadable")
        .help("correct it; what is no such document can be left out with `exclude`")
}

fn unreadable(path: &str, problem: &Problem) -> Finding {
    let location = Location::file(path).in_source();
    Finding::new("policy/unreadable", path, format!("`{path}` cannot be read: {}", problem.what))
        .at(Location { line: problem.line.filter(|line| *line > 1), ..location })
        .key("unreadable")
        .help("correct the policy; until then nothing is held to it")
}

fn rule_failed(package: &Package, rule: &str, why: &str) -> Finding {
    let name = format!("{}.{rule}", package.name);
    let file = package.rules.get(rule).or_else(|| package.rules.values().next()).map_or("", String::as_str);
    Finding::new("policy/failed", file, format!("the rule `{name}` came to no end: {why}"))
        .at(Location::file(file).in_source())
        .key(name)
        .help("correct the rule; until then no document is held to it")
}

fn no_document(package: &Package, is_unconfigured: bool) -> Finding {
    let file = package.rules.values().next().map_or("", String::as_str);
    let globs: Vec<String> = package.documents.iter().map(|pattern| format!("`{pattern}`")).collect();
    let name = &package.name;
    let message = match globs.is_empty() {
        true if is_unconfigured => {
            format!("the policies of the package `{name}` do not say which files they are about")
        }
        true => format!("no file matches `documents`, so nothing was held to the package `{name}`"),
        false => format!("no file matches {}, so nothing was held to the package `{name}`", globs.join(", ")),
    };
    Finding::new("policy/no-document", file, message).at(Location::file(file).in_source()).key(name).help(
        "name the files in `documents` of `[gates.policy]`, or in `custom.documents` of the package's annotations",
    )
}

fn no_rule(file: &str) -> Finding {
    let message = format!("neither `{file}` nor any other policy file has a rule `deny`, `violation` or `warn`");
    Finding::new("policy/no-rule", file, message)
        .at(Location::file(file).in_source())
        .key("no-rule")
        .help("name the rules so; a file of tests or functions alone holds nothing to anything")
}

/// Reads any content as each sort of document, and as a policy, for the fuzzer: every line it names is there.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let lines = content.iter().filter(|byte| **byte == b'\n').count() + 1;
    let is_there = |line: Option<u32>| line.is_none_or(|line| (1..=lines).contains(&(line as usize)));
    for path in ["a.json", "a.yaml", "a.toml"] {
        match documents::read(path, content) {
            Ok(inputs) => assert!(inputs.iter().all(|input| is_there(Some(input.line)))),
            Err(problem) => assert!(is_there(problem.line), "{problem:?}"),
        }
    }
    if let Ok(text) = std::str::from_utf8(content) {
        if let Err(problem) = metadata::documents(text) {
            assert!(is_there(problem.line), "{problem:?}");
        }
        for is_old in [false, true].into_iter().filter(|_| rego::too_deep(text).is_none()) {
            let other = rewrite::rewrite("a.rego", text, is_old);
            assert!(other.is_none_or(|other| other.lines().count() == text.lines().count()), "a line is lost");
        }
    }
}
