//! A gate of your own, in one file.
//!
//! `no-todo` refuses pages on which something was left unfinished. This file is all there is to a gate: what it says
//! of itself, its configuration, and how it looks. `tests/contract.rs` holds it to the contract of all gates, over the
//! samples in `test-data/` and the examples in its docs; `src/main.rs` is an xtask with it, `examples/alone.rs` uses it
//! without the rest of Charter.

use std::sync::Arc;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_gates::{Gate, GateError, Subject};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;

charter_deploy_model::kind! {
    /// Refuses pages on which something was left unfinished.
    ///
    /// It looks for words that authors leave behind for themselves.
    ///
    /// ```html,passes
    /// <!doctype html><p>All done.
    /// ```
    pub static META: "no-todo", needs Artifact, lane Shared {
        /// A page contains a word that marks unfinished work.
        ///
        /// Finish it, or take it out until it is finished.
        ///
        /// ```html,blocks=no-todo/unfinished
        /// <!doctype html><p>TODO: write this.
        /// ```
        "no-todo/unfinished": Error, principle None;
    }
}

/// The section `[gates.no-todo]`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NoTodoConfig {
    /// What must not be on a page, with upper and lower case as written.
    pub words: Vec<String>,
}

impl Default for NoTodoConfig {
    fn default() -> Self {
        Self { words: vec!["TODO".to_owned(), "Lorem ipsum".to_owned()] }
    }
}

/// Looks for words.
#[derive(Debug)]
struct NoTodo {
    words: Vec<String>,
}

/// Builds the gate.
///
/// # Errors
/// When there is a word that every page contains.
pub fn gate(config: NoTodoConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    if config.words.iter().any(String::is_empty) {
        return Err(Refusal("`words`: an empty word is on every page".to_owned()));
    }
    Ok(Box::new(NoTodo { words: config.words }))
}

#[async_trait]
impl Gate for NoTodo {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = Arc::clone(subject.artifact()?);
        let mut findings = Vec::new();
        let mut pages = 0;
        for file in artifact.files.iter().filter(|file| file.path.ends_with(".html")) {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            let path = artifact.root.join(&file.path);
            let page = tokio::fs::read(&path).await.map_err(|source| GateError::Unreadable { path, source })?;
            for (line, text) in (1..).zip(String::from_utf8_lossy(&page).lines()) {
                findings.extend(self.words.iter().filter(|word| text.contains(*word)).map(|word| {
                    let message = format!("`{}` says `{word}`", file.path);
                    Finding::new("no-todo/unfinished", &file.path, message).at(Location::file(&file.path).line(line))
                }));
            }
            pages += 1;
        }
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at: LookedAt::of("pages", pages) })
    }
}
