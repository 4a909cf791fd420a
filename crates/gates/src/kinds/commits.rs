//! Every change that reaches users was reviewed and has a reason on record.

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::HistoryEntry;
use globset::GlobMatcher;
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::since::{self, COMMIT_LIMIT, Since};
use crate::{DependsOn, Gate, GateError, Subject, glob};

mod protection;
mod review;

charter_deploy_model::kind! {
    /// Holds commits to what the policies demand: a review by another, a spec, a branch that cannot be rewritten.
    ///
    /// It judges the commits that are new since the last deployment: those that no production branch has, or the last
    /// `last` when there is no production branch yet. Merges are not judged themselves, but what they merge is. Nothing
    /// is demanded until the configuration says so, and then the gate does not apply.
    ///
    /// A review is on record when a trailer at the end of the commit's message names somebody other than its authors, or,
    /// with a GitHub token, when such a person approved the last commit of its pull request. Trailers are the word of
    /// whoever wrote the commit; who wants more than that word demands pull requests on GitHub.
    ///
    /// ```toml
    /// [gates.commits]
    /// require-review = true
    /// require-spec = true
    /// exempt-authors = ["*@bots.example.org"]
    /// ```
    ///
    /// ```commits,passes
    /// Show the prices of 2027
    ///
    /// Spec: specs/prices.md
    /// Reviewed-by: Bob <bob@example.org>
    /// ```
    pub static META: "commits", needs Source, lane Shared {
        /// A commit that goes live has no review by another on record.
        ///
        /// Let somebody look at it, and add `Reviewed-by: Name <address>` at the end of its message, or have its pull
        /// request approved. A review by the author, or by one named in `Co-authored-by`, is none.
        ///
        /// ```toml
        /// [gates.commits]
        /// require-review = true
        /// ```
        ///
        /// ```commits,blocks=commits/unreviewed
        /// Show the prices of 2027
        ///
        /// Reviewed-by: Ann <ann@example.org>
        /// ```
        "commits/unreviewed": Error, principle Some(LocalValidation);
        /// A commit that goes live names no spec.
        ///
        /// Name what it carries out in a trailer such as `Spec: specs/prices.md` or `Refs: #12`, or in whatever form
        /// `spec-pattern` knows.
        ///
        /// ```toml
        /// [gates.commits]
        /// require-spec = true
        /// spec-pattern = "PRICE-[0-9]+"
        /// ```
        ///
        /// ```commits,blocks=commits/no-spec
        /// PRICE-7: Show the prices of 2027
        /// ---
        /// Correct a typing error
        /// ```
        "commits/no-spec": Error, principle Some(LocalValidation);
        /// The default branch on GitHub can be rewritten or deleted.
        ///
        /// Forbid force pushes and deletion, by a ruleset or by branch protection: what was deployed must stay in the
        /// history.
        "commits/unprotected": Error, principle Some(BranchPreservation);
    }
}

/// The section `[gates.commits]`. Nothing is demanded unless it says so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CommitsConfig {
    /// Whether each commit needs a review by somebody else.
    pub require_review: bool,
    /// Whether each commit needs to name a spec.
    pub require_spec: bool,
    /// Whether the default branch on GitHub must forbid force pushes and deletion; that needs a token.
    pub require_protection: bool,
    /// The trailers that record a review.
    pub review_trailers: Vec<String>,
    /// The trailers that name a spec.
    pub spec_trailers: Vec<String>,
    /// A regular expression that finds the name of a spec anywhere in a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub spec_pattern: Option<String>,
    /// Globs over the addresses of authors whose commits are not judged.
    pub exempt_authors: Vec<String>,
    /// Globs over the first lines of messages of commits that are not judged.
    pub exempt_subjects: Vec<String>,
    /// How many commits are judged when there is no production branch yet.
    pub last: u32,
}

impl Default for CommitsConfig {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            require_review: false,
            require_spec: false,
            require_protection: false,
            review_trailers: names(&["Reviewed-by", "Approved-by"]),
            spec_trailers: names(&["Spec", "Refs"]),
            spec_pattern: None,
            exempt_authors: Vec::new(),
            exempt_subjects: Vec::new(),
            last: 20,
        }
    }
}

/// Reads the messages of commits, and asks GitHub for reviews.
#[derive(Debug, Clone)]
pub struct Commits {
    config: CommitsConfig,
    spec_pattern: Option<Regex>,
    exempt_authors: Vec<GlobMatcher>,
    exempt_subjects: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob or the regular expression is malformed, or no commit would be judged.
pub fn gate(config: CommitsConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let compile = |pattern: &String| {
        Regex::new(pattern).map_err(|_| Refusal(format!("`spec-pattern`: `{pattern}` is not a regular expression")))
    };
    if config.last == 0 {
        return Err(Refusal(
            "`last` must be at least 1, or no commit is judged before the first deployment".to_owned(),
        ));
    }
    Ok(Box::new(Commits {
        spec_pattern: config.spec_pattern.as_ref().map(compile).transpose()?,
        exempt_authors: glob::compile_all("exempt-authors", &config.exempt_authors)?,
        exempt_subjects: glob::compile_all("exempt-subjects", &config.exempt_subjects)?,
        config,
    }))
}

#[async_trait]
impl Gate for Commits {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let CommitsConfig { require_review, require_spec, require_protection, .. } = self.config;
        if !(require_review || require_spec || require_protection) {
            let reason = "nothing is demanded of commits: set `require-review`, `require-spec` or `require-protection`";
            return Ok(Inspection::NotApplicable { reason: reason.to_owned() });
        }
        let github = subject.github.as_deref().filter(|github| github.has_token());
        let mut findings = Vec::new();
        let mut looked_at = LookedAt::default();
        if require_review || require_spec {
            let (source, last) = (subject.source()?.clone(), self.config.last as usize);
            let Since { mut commits, branch: since, is_cut, .. } =
                blocking(move || since::deployment(&source, last)).await?;
            if is_cut {
                looked_at.undecided.push(format!("there are more than {COMMIT_LIMIT} new commits"));
            }
            let new = commits.len();
            commits.retain(|commit| self.is_judged(commit));
            if commits.is_empty() && !require_protection {
                return Ok(Inspection::NotApplicable { reason: nothing_new(new, since.as_deref()) });
            }
            looked_at.counts.insert("commits".to_owned(), commits.len() as u64);
            if require_spec {
                findings.extend(
                    commits.iter().filter(|commit| !self.names_spec(commit)).map(|commit| self.no_spec(commit)),
                );
            }
            if require_review {
                let open: Vec<&HistoryEntry> =
                    commits.iter().filter(|it| !review::is_recorded(it, &self.config.review_trailers)).collect();
                let reviewed = review::on_github(github, &open, scope).await?;
                findings.extend(reviewed.findings);
                looked_at.undecided.extend(reviewed.undecided);
            }
        }
        if require_protection {
            let seen = protection::look(github).await;
            looked_at.counts.insert("branches".to_owned(), seen.branches);
            findings.extend(seen.findings);
            looked_at.undecided.extend(seen.undecided);
        }
        findings.sort();
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }
}

impl Commits {
    fn is_judged(&self, commit: &HistoryEntry) -> bool {
        let any = |globs: &[GlobMatcher], text: &str| globs.iter().any(|glob| glob.is_match(text));
        commit.parents < 2
            && !any(&self.exempt_authors, &commit.author.email)
            && !any(&self.exempt_subjects, &commit.summary)
    }

    fn names_spec(&self, commit: &HistoryEntry) -> bool {
        let is_spec = |(key, value): &(String, String)| {
            !value.trim().is_empty() && self.config.spec_trailers.iter().any(|known| known.eq_ignore_ascii_case(key))
        };
        commit.trailers.iter().any(is_spec)
            || self.spec_pattern.as_ref().is_some_and(|pattern| pattern.is_match(&commit.message))
    }

    fn no_spec(&self, commit: &HistoryEntry) -> Finding {
        let trailer = self.config.spec_trailers.first().map_or("Spec", String::as_str);
        let message = format!("the commit `{}` (`{}`) names no spec", commit.hash.short(), commit.summary);
        Finding::new("commits/no-spec", commit.hash.as_str(), message)
            .help(format!("say what it carries out in a line `{trailer}: …` at the end of its message"))
    }
}

fn nothing_new(new: usize, since: Option<&str>) -> String {
    let since = since.map(|branch| format!(" since `{branch}`")).unwrap_or_default();
    match new {
        0 => format!("there are no new commits{since}"),
        1 => format!("the only new commit{since} is a merge or exempt"),
        new => format!("all {new} new commits{since} are merges or exempt"),
    }
}
