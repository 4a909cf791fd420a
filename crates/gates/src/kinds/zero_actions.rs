//! Nothing routine runs on GitHub Actions.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, LeftOut, LookedAt, Measure};
use charter_host::{Clock, Refusal, Scope, Setup};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Subject, glob};

mod files;
mod usage;
mod workflow;

charter_deploy_model::kind! {
    /// Refuses workflows that GitHub would run by itself, and minutes of Actions that were used.
    ///
    /// It reads `.github/workflows/*.yml` and `*.yaml` of the commit and of every branch, local ones and those of
    /// remotes as they were at the last fetch, because a workflow runs from the branch it is on. A workflow may stay
    /// when it runs only on `workflow_dispatch`, where somebody must ask for each run, or on `workflow_call`, where
    /// another workflow must: neither is routine. A job with `if: false` is no way out, since the run begins all the
    /// same; a filter is one when it ignores every branch and tag.
    ///
    /// With a token (`GITHUB_TOKEN`, `GH_TOKEN` or a `gh` that is logged in) it also asks GitHub which workflows ran in
    /// the last thirty days and how many minutes this month were used. The run by which Pages publish a branch is
    /// GitHub's own and free, and does not count. Without a token nothing is claimed about either.
    ///
    /// ```toml
    /// [gates.zero-actions]
    /// exclude-branches = ["archive/**"]
    /// ```
    ///
    /// ```yaml,source=.github/workflows/by-hand.yml,passes
    /// on: workflow_dispatch
    /// jobs: {}
    /// ```
    pub static META: "zero-actions", needs Source, lane Shared {
        /// A workflow runs whenever somebody pushes.
        ///
        /// Run what it does on your own machine, and either delete the file or let it run when it is asked to:
        /// `on: workflow_dispatch`. Where that word or list stands alone on its line, the fix writes this.
        ///
        /// ```yaml,source=.github/workflows/ci.yml,blocks=zero-actions/push
        /// on: push
        /// jobs:
        ///   test:
        ///     if: false
        ///     runs-on: ubuntu-latest
        ///     steps: []
        /// ```
        ///
        /// ```yaml,source=.github/workflows/never.yml,passes
        /// on:
        ///   push:
        ///     branches-ignore: ['**']
        /// jobs: {}
        /// ```
        "zero-actions/push": Error, principle Some(ZeroGitHubActions);
        /// A workflow runs for pull requests, reviews of them or comments.
        ///
        /// Anybody can open a pull request, so others decide how much it runs. Judge a change on the machine of the one
        /// who merges it.
        ///
        /// ```yaml,source=.github/workflows/ci.yml,blocks=zero-actions/pull-request
        /// on:
        ///   pull_request:
        ///     types: [opened]
        /// jobs: {}
        /// ```
        "zero-actions/pull-request": Error, principle Some(ZeroGitHubActions);
        /// A workflow runs at set times.
        ///
        /// Let a timer of your own machine do it. GitHub runs it from the default branch only, but a branch that has it
        /// brings it there with the next merge.
        ///
        /// ```yaml,source=.github/workflows/nightly.yaml,blocks=zero-actions/schedule
        /// on:
        ///   schedule:
        ///     - cron: '0 5 * * *'
        /// jobs: {}
        /// ```
        "zero-actions/schedule": Error, principle Some(ZeroGitHubActions);
        /// A workflow runs on something else that happens by itself, or on an event that GitHub does not know.
        ///
        /// Such as `release`, `workflow_run`, `deployment`, `merge_group` or `repository_dispatch`. Only
        /// `workflow_dispatch` and `workflow_call` need somebody who asks.
        ///
        /// ```yaml,source=.github/workflows/release.yml,blocks=zero-actions/other-event
        /// on: [workflow_dispatch, release]
        /// jobs: {}
        /// ```
        "zero-actions/other-event": Error, principle Some(ZeroGitHubActions);
        /// A workflow file cannot be read, so nobody knows when it runs.
        ///
        /// It is no YAML, holds more than one document, names no event, is larger than 1 MiB or is a symbolic link. GitHub
        /// lists a failed run for such a file at every push.
        ///
        /// ```yaml,source=.github/workflows/ci.yml,blocks=zero-actions/unreadable
        /// on: [push
        /// jobs: {}
        /// ```
        "zero-actions/unreadable": Error, principle Some(ZeroGitHubActions);
        /// Dependabot is configured, and its updates run as workflows.
        ///
        /// They cost nothing and are listed among the runs of Actions, where `zero-actions/runs` counts them. Keep
        /// dependencies up to date from your own machine instead, and delete the file.
        ///
        /// ```yaml,source=.github/dependabot.yml,passes
        /// version: 2
        /// updates: []
        /// ```
        "zero-actions/dependabot": Note, principle Some(ZeroGitHubActions);
        /// The repository used minutes of Actions this month.
        ///
        /// What counts are minutes that cost something, and minutes that cost nothing as long as runs other than those
        /// of Pages are listed. The month is GitHub's, in UTC. Stop what ran, and waive this to the end of the month.
        "zero-actions/minutes": Error, principle Some(ZeroGitHubActions);
        /// Workflows other than the one of Pages ran in the last thirty days.
        ///
        /// The finding says which. Stop what begins them; runs that somebody asked for count as well. They are history
        /// after thirty days, and a waiver can bridge that.
        "zero-actions/runs": Warning, principle Some(ZeroGitHubActions);
    }
}

/// The section `[gates.zero-actions]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ZeroActionsConfig {
    /// Globs over the names of branches that are not looked at, without the name of their remote.
    pub exclude_branches: Vec<String>,
    /// Whether to ask GitHub for runs and minutes when there is a token.
    pub ask_github: bool,
}

impl Default for ZeroActionsConfig {
    fn default() -> Self {
        Self { exclude_branches: Vec::new(), ask_github: true }
    }
}

/// Reads workflow files, and asks GitHub what ran.
#[derive(Debug, Clone)]
pub struct ZeroActions {
    exclude_branches: Vec<GlobMatcher>,
    ask_github: bool,
    clock: Arc<dyn Clock>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: ZeroActionsConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude_branches = glob::compile_all("exclude-branches", &config.exclude_branches)?;
    Ok(Box::new(ZeroActions { exclude_branches, ask_github: config.ask_github, clock: Arc::clone(&setup.host.clock) }))
}

/// What one part of the gate saw.
#[derive(Debug, Default)]
struct Seen {
    findings: Vec<Finding>,
    counts: BTreeMap<String, u64>,
    undecided: Vec<String>,
}

#[async_trait]
impl Gate for ZeroActions {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let (exclude, inner) = (self.exclude_branches.clone(), scope.clone());
        let mut seen = blocking(move || files::look(&source, &exclude, &inner)).await?;
        let mut measures = Vec::new();
        if let Some(github) = subject.github.as_ref().filter(|github| self.ask_github && github.has_token()) {
            scope.progress(0, None, "asking GitHub what ran");
            let used = usage::ask(github, self.clock.now()).await;
            seen.findings.extend(used.findings);
            seen.undecided.extend(used.undecided);
            measures = used.measures;
        }
        seen.findings.sort();
        let left_out = self.left_out(subject, &measures);
        let looked_at = LookedAt { counts: seen.counts, undecided: seen.undecided, left_out };
        Ok(Inspection::Looked { findings: seen.findings, measures, looked_at })
    }
}

/// What only GitHub knows: the code, and the measure that tells that it was asked.
const ASKED: [(&str, &str); 2] = [("zero-actions/minutes", "billed-minutes"), ("zero-actions/runs", "foreign-runs")];

impl ZeroActions {
    /// Returns what GitHub did not tell, and why.
    fn left_out(&self, subject: &Subject, measures: &[Measure]) -> BTreeMap<String, LeftOut> {
        let (why, could_be) = match &subject.github {
            None => ("the project has no repository on GitHub", false),
            Some(_) if !self.ask_github => ("`ask-github` is off", true),
            Some(github) if !github.has_token() => ("there is no token to ask GitHub with", true),
            Some(_) => ("GitHub did not tell", true),
        };
        let told = |name: &str| measures.iter().any(|measure| measure.name == name);
        let untold = ASKED.into_iter().filter(|(_, measure)| !told(measure));
        untold.map(|(code, _)| (code.to_owned(), LeftOut { why: why.to_owned(), could_be })).collect()
    }
}

/// Reads any content as a workflow, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let _ = workflow::read(content);
}
