//! Which rule a result is of.

use std::collections::HashMap;
use std::iter;

use super::{Rule, Run, SarifResult};

/// No id has more parts.
const MOST_PARTS: usize = 16;

/// The rules of a run. A report may have a hundred thousand of them, and as many results.
pub(super) struct Rules<'a> {
    by_index: &'a [Rule],
    by_id: HashMap<&'a str, &'a Rule>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(run: &'a Run) -> Self {
        let mut by_id = HashMap::new();
        for rule in iter::once(&run.tool.driver).chain(&run.tool.extensions).flat_map(|component| &component.rules) {
            by_id.entry(rule.id.as_str()).or_insert(rule);
        }
        Self { by_index: &run.tool.driver.rules, by_id }
    }

    /// Returns the rule that a result names, by index or by id.
    ///
    /// Ids of results may be more precise than those of rules: `CA1000/1` is of `CA1000`.
    pub(super) fn find(&self, result: &SarifResult) -> Option<&'a Rule> {
        let reference = result.rule.as_ref();
        let index = result.rule_index.or_else(|| reference.and_then(|rule| rule.index));
        let id = result.rule_id.as_deref().or_else(|| reference.and_then(|rule| rule.id.as_deref()));
        let is_of = |id: &str, rule: &Rule| {
            id.strip_prefix(rule.id.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let by_index = index.and_then(|index| self.by_index.get(usize::try_from(index).ok()?));
        by_index.filter(|rule| id.is_none_or(|id| is_of(id, rule))).or_else(|| {
            let ids = iter::successors(id, |id| Some(id.rsplit_once('/')?.0));
            ids.take(MOST_PARTS).find_map(|id| self.by_id.get(id).copied())
        })
    }
}
