//! Whether the default branch on GitHub can be rewritten or deleted.

use charter_deploy_model::Finding;
use charter_github::{BranchProtection, GitHub, GitHubError, Rule};

/// What was learnt of the default branch.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) branches: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
}

/// Looks whether it is protected; without a token that stays undecided.
pub(super) async fn look(github: Option<&GitHub>) -> Seen {
    let Some(github) = github else {
        let reason = "without a GitHub token nobody knows whether the default branch is protected";
        return Seen { undecided: vec![reason.to_owned()], ..Seen::default() };
    };
    match ask(github).await {
        Ok(finding) => Seen { branches: 1, findings: finding.into_iter().collect(), undecided: Vec::new() },
        Err(error) => {
            let reason = format!("the protection of the default branch could not be asked for: {error}");
            Seen { undecided: vec![reason], ..Seen::default() }
        }
    }
}

/// Asks for the rules of the default branch, and says what they lack.
async fn ask(github: &GitHub) -> Result<Option<Finding>, GitHubError> {
    let branch = github.repository().await?.default_branch;
    let rules = github.rules(&branch).await?;
    if allowed(&rules, None).is_empty() {
        return Ok(None);
    }
    // Only one who may administer the repository can ask for the older protection.
    let protection = github.protection(&branch).await?;
    let allowed = allowed(&rules, protection.as_ref());
    if allowed.is_empty() {
        return Ok(None);
    }
    let slug = github.place().slug();
    let message = format!("the branch `{branch}` of `{slug}` can be {}", allowed.join(" and "));
    Ok(Some(
        Finding::new("commits/unprotected", &branch, message)
            .help(format!("add a ruleset for `{branch}` that blocks force pushes and restricts deletions")),
    ))
}

/// Returns what can still be done to a branch.
fn allowed(rules: &[Rule], protection: Option<&BranchProtection>) -> Vec<&'static str> {
    let forbidden = |rule: &str, allows: fn(&BranchProtection) -> bool| {
        rules.iter().any(|it| it.kind == rule) || protection.is_some_and(|protection| !allows(protection))
    };
    let mut allowed = Vec::new();
    if !forbidden("non_fast_forward", |protection| protection.allow_force_pushes.enabled) {
        allowed.push("rewritten by a force push");
    }
    if !forbidden("deletion", |protection| protection.allow_deletions.enabled) {
        allowed.push("deleted");
    }
    allowed
}

#[cfg(test)]
mod tests {
    use charter_github::Toggle;

    use super::*;

    #[test]
    fn rules_and_the_older_protection_add_up() {
        let rules = |kinds: &[&str]| kinds.iter().map(|&kind| Rule { kind: kind.to_owned() }).collect::<Vec<_>>();
        let protection = |force, deletion| BranchProtection {
            allow_force_pushes: Toggle { enabled: force },
            allow_deletions: Toggle { enabled: deletion },
        };
        let (rewritten, deleted) = ("rewritten by a force push", "deleted");
        for (kinds, protection, expected) in [
            (&["non_fast_forward", "deletion"][..], None, &[][..]),
            (&["pull_request"], None, &[rewritten, deleted]),
            (&["deletion"], None, &[rewritten]),
            (&["deletion"], Some(protection(false, true)), &[]),
            (&[], Some(protection(false, false)), &[]),
            (&[], Some(protection(true, false)), &[rewritten]),
            (&[], Some(protection(false, true)), &[deleted]),
        ] {
            assert_eq!(allowed(&rules(kinds), protection.as_ref()), expected, "{kinds:?} {protection:?}");
        }
    }
}
