//! Nothing is deployed that is not in the commit.

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::{Change, ChangeKind};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{Gate, GateError, Subject};

charter_deploy_model::kind! {
    /// Refuses to deploy while the work tree differs from the commit.
    ///
    /// What users get must be what the commit says, or the record of it is worth nothing and nobody can build it
    /// again. Ignored files do not count.
    pub static META: "clean-tree", needs Source, lane Shared {
        /// A file is not in the commit as it is in the work tree.
        ///
        /// It was changed, added or deleted and not committed. Commit it, stash it, or list it in `.gitignore` when
        /// it is not part of the source.
        "clean-tree/uncommitted": Error, principle Some(LocalValidation);
    }
}

/// The section `[gates.clean-tree]`, which has no keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CleanTreeConfig {}

/// Compares the work tree with the commit that is checked out.
#[derive(Debug, Clone, Copy)]
pub struct CleanTree;

/// Builds the gate.
///
/// # Errors
/// Never; the signature is that of every kind.
pub fn gate(_: CleanTreeConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    Ok(Box::new(CleanTree))
}

#[async_trait]
impl Gate for CleanTree {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    async fn inspect(&self, subject: &Subject, _: &Scope) -> Result<Inspection, GateError> {
        let repository = subject.source()?.repository.clone();
        blocking(move || {
            let changes = repository.changes().map_err(|source| GateError::Other {
                doing: "comparing the work tree with the commit".to_owned(),
                source: source.into(),
            })?;
            // What git leaves out of the list is equal, so the whole tree was looked at however short the list is.
            let looked_at = LookedAt::of("work-trees", 1);
            Ok(Inspection::Looked { findings: changes.iter().map(finding).collect(), measures: Vec::new(), looked_at })
        })
        .await
    }
}

fn finding(change: &Change) -> Finding {
    let path = &change.path;
    let (message, exists) = match change.kind {
        ChangeKind::Untracked => (format!("`{path}` is neither committed nor ignored"), true),
        ChangeKind::Deleted => (format!("`{path}` is deleted and that is not committed"), false),
        ChangeKind::Added => (format!("`{path}` is new and not committed"), true),
        ChangeKind::Conflicted => (format!("`{path}` is in conflict"), true),
        _ => (format!("`{path}` has changes that are not committed"), true),
    };
    let finding =
        Finding::new("clean-tree/uncommitted", path, message).help("commit it, stash it, or list it in `.gitignore`");
    if exists { finding.at(Location::file(path).in_source()) } else { finding }
}
