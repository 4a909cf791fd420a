//! Whether somebody else looked at a commit.

use std::collections::BTreeMap;

use charter_deploy_model::Finding;
use charter_github::{GitHub, GitHubError, PullRequest, approvers};
use charter_host::Scope;
use charter_repository::HistoryEntry;

use crate::GateError;

/// For so many commits GitHub is asked in one run.
const ASKED_LIMIT: usize = 100;
const CO_AUTHOR: &str = "Co-authored-by";

/// Says whether a trailer names a reviewer who is not one of the authors.
pub(super) fn is_recorded(commit: &HistoryEntry, trailers: &[String]) -> bool {
    let named = |keys: &[String]| -> Vec<(String, String)> {
        let is_one = |key: &str| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
        commit.trailers.iter().filter(|(key, _)| is_one(key)).filter_map(|(_, value)| person(value)).collect()
    };
    let mut authors = named(&[CO_AUTHOR.to_owned()]);
    authors.push((commit.author.name.trim().to_lowercase(), commit.author.email.trim().to_lowercase()));
    // The same name or the same address is the same person: whoever wants to pass for another has to lie.
    let is_author = |(name, email): &(String, String)| {
        authors.iter().any(|(own, address)| own == name && !name.is_empty() || address == email && !email.is_empty())
    };
    named(trailers).iter().any(|reviewer| !is_author(reviewer))
}

/// Reads `Name <address>`, either of which may be missing, in lower case; `None` when both are.
fn person(value: &str) -> Option<(String, String)> {
    let value = value.trim().to_lowercase();
    let (name, email) = match value.split_once('<') {
        Some((name, email)) => (name.trim(), email.trim_end_matches('>').trim()),
        None if value.contains('@') && !value.contains(' ') => ("", value.trim_start_matches('@')),
        None => (value.as_str(), ""),
    };
    (!name.is_empty() || !email.is_empty()).then(|| (name.to_owned(), email.to_owned()))
}

/// What GitHub knows of commits that have no review on record.
#[derive(Debug, Default)]
pub(super) struct Reviewed {
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
}

/// Asks GitHub who approved the pull requests of `commits`; without a token they are not reviewed.
pub(super) async fn on_github(
    github: Option<&GitHub>,
    commits: &[&HistoryEntry],
    scope: &Scope,
) -> Result<Reviewed, GateError> {
    let mut seen = Reviewed::default();
    // Commits of one pull request share its reviews.
    let mut approved: BTreeMap<u64, bool> = BTreeMap::new();
    for (number, commit) in commits.iter().enumerate() {
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        let Some(github) = github else {
            seen.findings.push(unreviewed(commit, "no review by another on record"));
            continue;
        };
        if number >= ASKED_LIMIT {
            let left = commits.len() - number;
            seen.undecided.push(format!("GitHub was not asked for the reviews of {left} more commits"));
            break;
        }
        scope.progress(number as u64, Some(commits.len() as u64), "asking GitHub for reviews");
        match is_approved(github, commit, &mut approved).await {
            Ok(true) => {}
            Ok(false) => {
                seen.findings.push(unreviewed(commit, "no review by another on record, and no approved pull request"));
            }
            Err(error) => {
                let short = commit.hash.short();
                seen.undecided.push(format!("the reviews of `{short}` could not be asked for: {error}"));
                // What stands between us and GitHub stands there for the next one too.
                if !matches!(error, GitHubError::Refused { .. }) {
                    let left = commits.len() - number - 1;
                    if left > 0 {
                        seen.undecided.push(format!("GitHub was not asked for the reviews of {left} more commits"));
                    }
                    break;
                }
            }
        }
    }
    Ok(seen)
}

async fn is_approved(
    github: &GitHub,
    commit: &HistoryEntry,
    approved: &mut BTreeMap<u64, bool>,
) -> Result<bool, GitHubError> {
    let pulls = match github.pulls_of(commit.hash.as_str()).await {
        Ok(pulls) => pulls,
        // GitHub does not have it, so nobody can have approved it there.
        Err(GitHubError::Refused { status: 422, .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    for pull in &pulls {
        if is_pull_approved(github, pull, approved).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_pull_approved(
    github: &GitHub,
    pull: &PullRequest,
    approved: &mut BTreeMap<u64, bool>,
) -> Result<bool, GitHubError> {
    if let Some(known) = approved.get(&pull.number) {
        return Ok(*known);
    }
    let reviews = github.reviews(pull.number).await?;
    let is_approved = !approvers(pull, &reviews).is_empty();
    approved.insert(pull.number, is_approved);
    Ok(is_approved)
}

fn unreviewed(commit: &HistoryEntry, what: &str) -> Finding {
    let message =
        format!("the commit `{}` (`{}`) by `{}` has {what}", commit.hash.short(), commit.summary, commit.author.name);
    Finding::new("commits/unreviewed", commit.hash.as_str(), message).help(
        "have somebody look at it who adds `Reviewed-by: Name <address>` to its message, or approves its pull request",
    )
}

#[cfg(test)]
mod tests {
    use charter_repository::Person;

    use super::*;

    fn is_reviewed(trailers: &[(&str, &str)]) -> bool {
        let text = |text: &str| text.to_owned();
        let commit = HistoryEntry {
            hash: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            author: Person { name: text("Ann"), email: text("ann@example.org") },
            parents: 1,
            summary: text("Change"),
            message: text("Change"),
            trailers: trailers.iter().map(|(key, value)| (text(key), text(value))).collect(),
        };
        is_recorded(&commit, &["Reviewed-by".to_owned(), "Approved-by".to_owned()])
    }

    #[test]
    fn only_somebody_else_reviews() {
        for (trailers, expected) in [
            (&[("Reviewed-by", "Bob <bob@example.org>")][..], true),
            (&[("reviewed-BY", "Bob <bob@example.org>")], true),
            (&[("Approved-by", "Bob")], true),
            (&[("Approved-by", "bob@example.org")], true),
            (&[("Approved-by", "@bob")], true),
            (&[("Reviewed-by", "Ann <ann@example.org>")], false),
            (&[("Reviewed-by", "ANN <other@example.org>")], false),
            (&[("Reviewed-by", "Someone <Ann@Example.org>")], false),
            (&[("Reviewed-by", "Ann"), ("Reviewed-by", "Bob")], true),
            (&[("Reviewed-by", "Bob <bob@example.org>"), ("Co-Authored-By", "Bob <bob@example.org>")], false),
            (&[("Reviewed-by", "")], false),
            (&[("Reviewed-by", "<>")], false),
            (&[("Signed-off-by", "Bob <bob@example.org>")], false),
            (&[], false),
        ] {
            assert_eq!(is_reviewed(trailers), expected, "{trailers:?}");
        }
    }
}
