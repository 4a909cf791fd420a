//! No credentials in what is published, or in the source it is made from.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Refusal, Scope, Setup, nearest};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Subject, glob};

mod contents;
pub(crate) mod named;
mod names;
mod proof;
mod rules;
mod scan;
#[cfg(test)]
mod tests;

use contents::{Holder, Trees};
use rules::RULES;
use scan::Secret;

charter_deploy_model::kind! {
    /// Looks for credentials in the site and in the files of the commit.
    ///
    /// It knows the tokens of some sixty services by their form, private keys, passwords in URLs, and whatever is
    /// called a password or a secret and looks like one. Where a token carries a checksum, it must be right. What
    /// stands in documentation instead of a secret (`EXAMPLE`, `xxxxx`, `${NAME}`, `changeme`) is none.
    ///
    /// A secret is never shown: a message names the rule and the place, and at most the secret's first four
    /// characters. Two findings are told apart by the beginning of the secret's SHA-256; for what people choose, and
    /// others could guess, by a number instead, so that a password that is exchanged for another at its place stays
    /// the same finding.
    ///
    /// All files are read as bytes, whatever they are: scripts, source maps, images, programs; UTF-16 is understood.
    /// Archives are not opened, and neither is the history of the repository looked through: what was ever pushed
    /// must be taken for known, and be revoked.
    ///
    /// ```toml
    /// [gates.secrets]
    /// exclude = ["tests/keys/**"]
    ///
    /// [[gates.secrets.allow]]
    /// rule = "google-api-key"
    /// path = "assets/map.js"
    /// reason = "restricted to example.org"
    /// ```
    ///
    /// ```js,site=assets/map.js,passes
    /// const key = process.env.MAP_KEY ?? "AIzaSyEXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-E";
    /// ```
    pub static META: "secrets", needs Artifact, lane Shared {
        /// A private key is where others can read it.
        ///
        /// Whoever has it can sign, decrypt or log in as its owner. Make a new one, replace the old one wherever it is
        /// trusted, and keep the new one out of the repository.
        ///
        /// ```text,source=deploy.txt,blocks=secrets/private-key
        /// AGE-SECRET-KEY-1Q8ZP0YR9X2GFTVDW7S3JN54KHCE6MUALQ3ZP0YR9X2GFTVDW7S3JN5MULA
        /// ```
        "secrets/private-key": Error, principle Some(UserPreservation);
        /// A token of some service is where others can read it.
        ///
        /// Programs look for such tokens all day and use them within minutes. Revoke it first; then take it out, and
        /// hand the new one to the build or the server through the environment.
        ///
        /// ```text,site=notes.txt,blocks=secrets/token
        /// PULUMI_ACCESS_TOKEN=pul-5b7e1c0f9a3d2846e1f7c0b9d8a35264f1e0c7b9
        /// ```
        "secrets/token": Error, principle Some(UserPreservation);
        /// A URL has a password in it.
        ///
        /// Change the password, and put the URL together from the environment where it is needed.
        ///
        /// ```text,source=settings.txt,blocks=secrets/url-credentials
        /// postgres://shop:vK8qLw2Zr5@db.internal:5432/orders
        /// ```
        "secrets/url-credentials": Error, principle Some(UserPreservation);
        /// Something that is called a password or a secret is written out.
        ///
        /// This is judged by the name and the look of the value, and can be wrong: then allow it, with the reason.
        /// Otherwise change the password, and read the new one from the environment.
        ///
        /// ```js,source=settings.js,blocks=secrets/password
        /// const settings = { password: "vK8q!Lw2Zr5x" };
        /// ```
        "secrets/password": Warning, principle Some(UserPreservation);
        /// A key that browsers may have is published.
        ///
        /// It is meant for that, as long as it works for this site and these services only. Restrict it with the
        /// provider, then allow it here.
        ///
        /// ```js,site=map.js,blocks=secrets/browser-key
        /// load("https://maps.example/js?key=AIzaSyB7q2Lk9Xv4Tz1Wm8Rc5Jn3Hd6Gf0Yp-Qs");
        /// ```
        "secrets/browser-key": Warning, principle Some(UserPreservation);
        /// A file that holds secrets by its very name is part of the site.
        ///
        /// Such as `.env`, `.npmrc` or `id_rsa`. Leave it out of the build, and revoke what is in it if it was ever
        /// published.
        ///
        /// ```text,site=.env,blocks=secrets/published-file
        /// MODE=production
        /// ```
        "secrets/published-file": Error, principle Some(UserPreservation);
        /// An entry of `allow` allows nothing.
        ///
        /// What it was made for is gone. Remove it, before it covers something else.
        "secrets/unused-allowance": Note, principle None;
    }
}

/// The section `[gates.secrets]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SecretsConfig {
    /// Globs over the paths of files that are not looked at, in the site and in the source.
    pub exclude: Vec<String>,
    /// What may stay where it is.
    pub allow: Vec<Allowance>,
}

/// The owners' word that what one rule finds at some place is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Allowance {
    /// The rule's id, such as `google-api-key`; a finding names it.
    pub rule: String,
    /// A glob over paths, of the site and of the source.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Looks for secrets.
#[derive(Debug, Clone)]
pub struct Secrets {
    exclude: Vec<GlobMatcher>,
    allow: Vec<(Allowance, GlobMatcher)>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, there is no such rule, or a reason is empty.
pub fn gate(config: SecretsConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    let allow = config.allow.into_iter().map(|allowance| {
        let Allowance { rule, path, reason } = &allowance;
        if !RULES.iter().any(|known| known.id == rule) {
            let meant = nearest(rule, RULES.iter().map(|known| known.id));
            let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            return Err(Refusal(format!("`allow`: there is no rule `{rule}`{hint}")));
        }
        if reason.trim().is_empty() {
            return Err(Refusal(format!("`allow`: say for what reason `{rule}` is allowed in `{path}`")));
        }
        let glob = glob::compile_of("allow", path)?;
        Ok((allowance, glob))
    });
    Ok(Box::new(Secrets { exclude, allow: allow.collect::<Result<_, _>>()? }))
}

#[async_trait]
impl Gate for Secrets {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::ArtifactAndCommit
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        if subject.artifact.is_none() && subject.source.is_none() {
            return Err(GateError::Unavailable {
                reason: "nothing was built, and there is no git repository".to_owned(),
            });
        }
        let (gate, subject, scope) = (self.clone(), subject.clone(), scope.clone());
        blocking(move || gate.look(&subject, &scope)).await
    }
}

impl Secrets {
    fn look(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let trees = Trees::list(subject, |path| !self.exclude.iter().any(|glob| glob.is_match(path)))?;
        let holders = trees.look_through(scope)?;
        let mut findings: Vec<Finding> = trees.site().filter_map(|path| published(&trees, path)).collect();
        let mut undecided = holders.undecided;
        let mut used = BTreeSet::new();
        for Holder { path, in_source, seen } in &holders.found {
            if let Some(why) = seen.incomplete {
                undecided.push(format!("`{path}` may hold more secrets: {why}"));
            }
            let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
            for secret in seen.secrets.iter().filter(|secret| secret.rule.applies_to(path)) {
                let number = numbers.entry(secret.rule.id).or_default();
                *number += 1;
                match self.allowance(secret.rule.id, path) {
                    Some(index) => _ = used.insert(index),
                    None => findings.push(finding(path, *in_source, secret, *number)),
                }
            }
        }
        if subject.only.is_none() {
            findings.extend(self.unused(&used));
        }
        findings.sort();
        undecided.sort();
        let counts = BTreeMap::from([
            ("files".to_owned(), holders.files),
            ("contents".to_owned(), holders.contents),
            ("bytes".to_owned(), holders.bytes),
        ]);
        Ok(Inspection::Looked {
            findings,
            measures: Vec::new(),
            looked_at: LookedAt { counts, undecided, ..LookedAt::default() },
        })
    }

    fn allowance(&self, rule: &str, path: &str) -> Option<usize> {
        self.allow.iter().position(|(allowance, glob)| allowance.rule == rule && glob.is_match(path))
    }

    fn unused<'a>(&'a self, used: &'a BTreeSet<usize>) -> impl Iterator<Item = Finding> + 'a {
        let unused = self.allow.iter().enumerate().filter(|(index, _)| !used.contains(index));
        unused.map(|(_, (Allowance { rule, path, .. }, _))| {
            let message = format!("`allow` lets `{rule}` stay in `{path}`, and there is none");
            Finding::new("secrets/unused-allowance", path, message).key(rule).help("remove the entry")
        })
    }
}

fn finding(path: &str, in_source: bool, secret: &Secret, number: usize) -> Finding {
    let Secret { rule, shown, digest, places, count } = secret;
    let often = if *count > 1 { format!(", {count} times") } else { String::new() };
    let what = if shown == "…" { rule.what.to_owned() } else { format!("{}, `{shown}`", rule.what) };
    let message = format!("`{path}` holds {what}{often} (rule `{}`)", rule.id);
    let key = digest.clone().unwrap_or_else(|| number.to_string());
    let mut finding = Finding::new(rule.family.code(), path, message).key(format!("{}:{key}", rule.id));
    for (line, column) in places {
        let location = Location::file(path).line(*line).column(*column);
        finding = finding.at(if in_source { location.in_source() } else { location });
    }
    finding.help(rule.family.help())
}

fn published(trees: &Trees, path: &str) -> Option<Finding> {
    let is_key = || names::is_key(path) && trees.begins(path).is_some_and(|begin| names::is_unknown_key(&begin));
    let what = names::private(path).or_else(|| is_key().then_some("named like a key and not known to be public"))?;
    let message = format!("`{path}` is {what}, and would be published");
    let finding = Finding::new("secrets/published-file", path, message).at(Location::file(path));
    Some(finding.help("leave it out of the build; if it was published before, revoke what is in it"))
}

/// Returns what sort of secret a text holds, with its article; of several the first.
pub(crate) fn first_in(text: &str) -> Option<&'static str> {
    let seen = scan::look_through_bytes(text.as_bytes());
    seen.secrets.iter().find(|secret| secret.rule.endings.is_empty()).map(|secret| secret.rule.what)
}

/// Looks through any content, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let _ = scan::look_through_bytes(content);
}
