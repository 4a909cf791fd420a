//! A change of infrastructure begins with a spec.

use std::collections::BTreeSet;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::{ChangedPath, HistoryEntry, RepositoryError};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::since::{self, COMMIT_LIMIT, Since};
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

/// So many commits are named in one finding.
const NAMED_LIMIT: usize = 3;

charter_deploy_model::kind! {
    /// Refuses changes of infrastructure that no spec asks for.
    ///
    /// It compares the commit with the last deployment; before the first one, with what was there `last` commits ago, whatever merges
    /// have brought in since. When files of the infrastructure differ, so must a spec. A commit may also name a spec that is there already, in a trailer
    /// `Spec: specs/ports.md`: that covers the files which that commit changes. What was changed and changed back in between
    /// is no change. Merges are judged by what they merge.
    ///
    /// It applies to projects that have a spec, or say `required = true`.
    ///
    /// ```toml
    /// [gates.spec-driven]
    /// files = ["Dockerfile", "deploy/**"]
    /// specs = ["docs/specs/**"]
    /// ```
    ///
    /// ```markdown,source=docs/specs/image.md
    /// The site is served by nginx.
    /// ```
    ///
    /// ```dockerfile,source=Dockerfile,passes
    /// FROM nginx:1.29
    /// ```
    pub static META: "spec-driven", needs Source, lane Shared {
        /// A file of the infrastructure was changed, and no spec was.
        ///
        /// Write down what the change is for and how one sees that it works, in the same commit or before it.
        ///
        /// ```toml
        /// [gates.spec-driven]
        /// required = true
        /// ```
        ///
        /// ```dockerfile,source=Dockerfile,blocks=spec-driven/no-spec
        /// FROM nginx:1.29
        /// ```
        "spec-driven/no-spec": Error, principle Some(LocalValidation);
        /// A commit names a spec that is not there.
        ///
        /// The path in its trailer is misspelt, or the spec was never added or was deleted since.
        "spec-driven/missing-spec": Error, principle Some(LocalValidation);
    }
}

/// The section `[gates.spec-driven]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SpecDrivenConfig {
    /// Globs over the files that are infrastructure.
    pub files: Vec<String>,
    /// Globs over those of them that need no spec.
    pub exclude: Vec<String>,
    /// Globs over the files that are specs.
    pub specs: Vec<String>,
    /// The trailers in which a commit names a spec that is there; none, when only a change of a spec counts.
    pub trailers: Vec<String>,
    /// Whether a project without any spec is held to this as well.
    pub required: bool,
    /// With how many commits ago it is compared when there is no production branch yet.
    pub last: u32,
}

impl Default for SpecDrivenConfig {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            files: names(&[
                "**/{Dockerfile,Containerfile}",
                "**/{Dockerfile,Containerfile}.*",
                "**/{compose,docker-compose}*.{yml,yaml}",
                "**/{k8s,kubernetes,helm,charts,terraform,ansible,deploy,infra}/**",
                "**/*.{tf,tfvars}",
                "**/{nginx,haproxy}.*",
                "**/Caddyfile*",
                "**/{nginx,haproxy}/**",
                ".github/workflows/**",
                ".gitlab-ci.yml",
                "Jenkinsfile",
            ]),
            exclude: names(&["**/*.md"]),
            // RSpec keeps its tests in `spec/`, so only documents count there.
            specs: names(&["specs/**", "spec/**/*.{md,adoc,rst,txt}", "docs/specs/**", "docs/adr/**", ".specify/**"]),
            trailers: names(&["Spec"]),
            required: false,
            last: 20,
        }
    }
}

/// Compares what changed with the specs.
#[derive(Debug, Clone)]
pub struct SpecDriven {
    files: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    specs: Vec<GlobMatcher>,
    trailers: Vec<String>,
    required: bool,
    last: usize,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, or nothing would be compared.
pub fn gate(config: SpecDrivenConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    if config.last == 0 {
        return Err(Refusal(
            "`last` must be at least 1, or nothing is compared before the first deployment".to_owned(),
        ));
    }
    Ok(Box::new(SpecDriven {
        files: glob::compile_all("files", &config.files)?,
        exclude: glob::compile_all("exclude", &config.exclude)?,
        specs: glob::compile_all("specs", &config.specs)?,
        trailers: config.trailers,
        required: config.required,
        last: config.last as usize,
    }))
}

#[async_trait]
impl Gate for SpecDriven {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, _: &Scope) -> Result<Inspection, GateError> {
        let (own, source) = (self.clone(), subject.source()?.clone());
        blocking(move || own.look(&source)).await
    }
}

fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "comparing the commit with the last deployment".to_owned(), source: source.into() }
}

impl SpecDriven {
    fn look(&self, source: &Source) -> Result<Inspection, GateError> {
        let all = source.repository.files(&source.commit).map_err(failed)?;
        let specs: BTreeSet<&str> =
            all.iter().map(|file| file.path.as_str()).filter(|path| glob::any(&self.specs, path)).collect();
        if specs.is_empty() && !self.required {
            let reason = "the project has no spec: add one, or set `required`".to_owned();
            return Ok(Inspection::NotApplicable { reason });
        }
        let Since { mut commits, branch, base, mut is_cut } = since::deployment(source, self.last)?;
        // A merge among the last commits brings in what others did before them.
        if let (None, Some(base)) = (&branch, &base) {
            (commits, is_cut) = since::base(source, base)?;
        }
        let changed = source.repository.changed_paths(base.as_ref(), &source.commit).map_err(failed)?;
        let infrastructure: Vec<&ChangedPath> = changed.iter().filter(|it| self.is_infrastructure(it)).collect();
        let mut looked_at = LookedAt::of("files", infrastructure.len() as u64);
        looked_at.counts.insert("commits".to_owned(), commits.len() as u64);
        looked_at.counts.insert("specs".to_owned(), specs.len() as u64);
        if is_cut {
            looked_at.undecided.push(format!("there are more than {COMMIT_LIMIT} new commits"));
        }
        let mut findings = self.missing(&commits, &specs);
        if infrastructure.is_empty() && findings.is_empty() {
            let since = branch.map(|branch| format!(" since `{branch}`")).unwrap_or_default();
            return Ok(Inspection::NotApplicable { reason: format!("no infrastructure was changed{since}") });
        }
        // To delete a spec asks for nothing.
        let has_spec = changed.iter().any(|it| !it.is_deleted && glob::any(&self.specs, &it.path));
        if !has_spec {
            let open = self.open(source, &commits, &specs)?;
            for change in &infrastructure {
                let of_it =
                    open.iter().filter(|(path, _)| path == &change.path || Some(path) == change.moved_from.as_ref());
                let named: Vec<&HistoryEntry> = of_it.map(|(_, commit)| *commit).collect();
                let is_covered = named.is_empty() && self.is_covered(source, &commits, &specs, change)?;
                findings.extend((!is_covered).then(|| no_spec(change, &named, &all)));
            }
        }
        findings.sort();
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }

    fn is_infrastructure(&self, change: &ChangedPath) -> bool {
        let is_one = |path: &str| {
            glob::any(&self.files, path) && !glob::any(&self.exclude, path) && !glob::any(&self.specs, path)
        };
        is_one(&change.path) || change.moved_from.as_deref().is_some_and(is_one)
    }

    /// Returns the paths that a commit's trailers name.
    fn named<'a>(&'a self, commit: &'a HistoryEntry) -> impl Iterator<Item = &'a str> {
        let is_one = |key: &str| self.trailers.iter().any(|trailer| trailer.eq_ignore_ascii_case(key));
        let values = commit.trailers.iter().filter(move |(key, _)| is_one(key)).map(|(_, value)| value.trim());
        values.map(|value| value.split('#').next().unwrap_or(value).trim_start_matches("./"))
    }

    fn names_spec(&self, commit: &HistoryEntry, specs: &BTreeSet<&str>) -> bool {
        self.named(commit).any(|path| specs.contains(path))
    }

    /// Returns the files that commits without a spec change, with the commits.
    fn open<'a>(
        &self,
        source: &Source,
        commits: &'a [HistoryEntry],
        specs: &BTreeSet<&str>,
    ) -> Result<Vec<(String, &'a HistoryEntry)>, GateError> {
        let mut open = Vec::new();
        for commit in commits.iter().filter(|commit| commit.parents < 2 && !self.names_spec(commit, specs)) {
            let touched = touched(source, commit)?;
            open.extend(touched.into_iter().map(|path| (path, commit)));
        }
        Ok(open)
    }

    /// Says whether a commit that names a spec changes a file: one that only a merge itself changes is not covered.
    fn is_covered(
        &self,
        source: &Source,
        commits: &[HistoryEntry],
        specs: &BTreeSet<&str>,
        change: &ChangedPath,
    ) -> Result<bool, GateError> {
        for commit in commits.iter().filter(|commit| self.names_spec(commit, specs)) {
            if touched(source, commit)?.contains(&change.path) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn missing(&self, commits: &[HistoryEntry], specs: &BTreeSet<&str>) -> Vec<Finding> {
        let named = commits.iter().flat_map(|commit| self.named(commit).map(move |path| (commit, path)));
        let gone = named.filter(|(_, path)| glob::any(&self.specs, path) && !specs.contains(path));
        gone.map(|(commit, path)| {
            let (short, summary) = (commit.hash.short(), &commit.summary);
            let message = format!("the commit `{short}` (`{summary}`) names the spec `{path}`, which is not there");
            Finding::new("spec-driven/missing-spec", commit.hash.as_str(), message)
                .key(path)
                .help("add the spec, or correct the commit's trailer")
        })
        .collect()
    }
}

/// Returns the files that a commit changes; of a merge, those in which it differs from what it was merged into.
fn touched(source: &Source, commit: &HistoryEntry) -> Result<BTreeSet<String>, GateError> {
    let content = source.repository.commit_content(&commit.hash).map_err(failed)?;
    let parent = content.and_then(|content| content.parents.into_iter().next());
    let changed = source.repository.changed_paths(parent.as_ref(), &commit.hash).map_err(failed)?;
    Ok(changed.into_iter().flat_map(|it| [Some(it.path), it.moved_from]).flatten().collect())
}

fn no_spec(change: &ChangedPath, commits: &[&HistoryEntry], all: &[charter_repository::CommittedFile]) -> Finding {
    let path = &change.path;
    let how = match (&change.moved_from, change.is_deleted) {
        (Some(from), _) => format!("was moved from `{from}`"),
        (None, true) => "was deleted".to_owned(),
        (None, false) => "was changed".to_owned(),
    };
    let by: Vec<String> = commits.iter().take(NAMED_LIMIT).map(|it| format!("`{}`", it.hash.short())).collect();
    let more = commits.len().saturating_sub(NAMED_LIMIT);
    let by = match (by.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" by {}", by.join(", ")),
        (false, more) => format!(" by {} and {more} more", by.join(", ")),
    };
    let message = format!("`{path}` {how}{by}, and no spec was");
    let finding = Finding::new("spec-driven/no-spec", path, message)
        .key("no-spec")
        .help("write or change its spec, or name the spec in a line `Spec: …` at the end of the commit's message");
    match all.binary_search_by(|file| file.path.as_str().cmp(path)) {
        Ok(_) => finding.at(Location::file(path).in_source()),
        Err(_) => finding,
    }
}
