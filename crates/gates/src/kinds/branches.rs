//! Production branches bear names that can be sorted, parsed and found again.

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, LookedAt, ProductionBranch};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::Branch;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{Gate, GateError, Subject};

charter_deploy_model::kind! {
    /// Refuses production branches whose names do not follow `YYYYMMDD-HHMMSS-prod-description`.
    ///
    /// A branch is taken for a production branch when its name contains `-prod-` or begins like a time stamp. Other
    /// branches may be called whatever their owners like. Remote branches count as they were at the last fetch.
    ///
    /// ```branches,passes
    /// main
    /// 20261121-020711-prod-new-prices
    /// ```
    pub static META: "branches", needs Source, lane Shared {
        /// A branch looks like a production branch and its name does not parse.
        ///
        /// The time must be one that exists, and the description may hold lower-case letters, digits and hyphens. Tools
        /// that sort, prune or roll back by name would overlook the branch. Push the same commit under a correct
        /// name; production branches are never deleted, so waive the old one.
        ///
        /// ```branches,blocks=branches/name
        /// 20261121-prod-new-prices
        /// ```
        "branches/name": Error, principle Some(BranchPreservation);
    }
}

/// The section `[gates.branches]`, which has no keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BranchesConfig {}

/// Reads the names of all branches.
#[derive(Debug, Clone, Copy)]
pub struct Branches;

/// Builds the gate.
///
/// # Errors
/// Never; the signature is that of every kind.
pub fn gate(_: BranchesConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    Ok(Box::new(Branches))
}

#[async_trait]
impl Gate for Branches {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    async fn inspect(&self, subject: &Subject, _: &Scope) -> Result<Inspection, GateError> {
        let repository = subject.source()?.repository.clone();
        blocking(move || {
            let branches = repository.branches().map_err(|source| GateError::Other {
                doing: "listing the branches".to_owned(),
                source: source.into(),
            })?;
            if branches.is_empty() {
                return Ok(Inspection::NotApplicable { reason: "there are no branches".to_owned() });
            }
            let findings = branches.iter().filter(|branch| is_misnamed(&branch.name)).map(finding).collect();
            Ok(Inspection::Looked {
                findings,
                measures: Vec::new(),
                looked_at: LookedAt::of("branches", branches.len() as u64),
            })
        })
        .await
    }
}

fn is_misnamed(name: &str) -> bool {
    (name.contains("-prod-") || begins_like_a_stamp(name)) && name.parse::<ProductionBranch>().is_err()
}

fn begins_like_a_stamp(name: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| name.as_bytes()[range].iter().all(u8::is_ascii_digit);
    name.len() >= 15 && digits(0..8) && name.as_bytes()[8] == b'-' && digits(9..15)
}

fn finding(branch: &Branch) -> Finding {
    let place = branch.remote.as_deref().map(|remote| format!(" on `{remote}`")).unwrap_or_default();
    let message = format!("the branch `{}`{place} is not named YYYYMMDD-HHMMSS-prod-[a-z0-9-]+", branch.name);
    Finding::new("branches/name", &branch.name, message)
        .help(format!("push {} under a correct name and waive this one", branch.commit.short()))
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::Stamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_looks_like_a_production_branch_is_held_to_the_form() {
        for (name, misnamed) in [
            ("main", false),
            ("feature/20261121", false),
            ("production", false),
            ("20261121-020711-prod-new-prices", false),
            ("20261121-020711-prod-", true),
            ("20261121-020711-new-prices", true),
            ("20261321-020711-prod-x", true),
            ("release/20261121-020711-prod-x", true),
            ("my-prod-branch", true),
            ("20261121-020711", true),
            ("2026112é-020711", false),
        ] {
            assert_eq!(is_misnamed(name), misnamed, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_this_system_makes_is_never_refused(second in 0_i64..4_102_444_800, description in ".{0,80}") {
            let stamp = Stamp::of(jiff::Timestamp::from_second(second).unwrap());
            prop_assert!(!is_misnamed(&ProductionBranch::new(stamp, &description).to_string()));
        }

        #[test]
        fn any_name_can_be_judged(name in ".{0,40}") {
            let _ = is_misnamed(&name);
        }
    }
}
