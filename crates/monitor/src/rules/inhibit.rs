//! Which alerts go without saying while another one lasts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::labels::{Labels, Matcher, all_match};

/// While an alert that `source` is about lasts, nobody is told of those that `target` is about and that are equal to it in
/// some labels. It works as in Prometheus' Alertmanager.
///
/// ```
/// use charter_monitor::rules::inhibit::{Inhibition, inhibited};
/// use charter_monitor::rules::labels::Labels;
///
/// let rule = Inhibition {
///     source: vec!["kind=host-down".parse()?],
///     target: vec!["kind!=host-down".parse()?],
///     equal: vec!["host".to_owned()],
/// };
/// let alert = |kind: &str| Labels::from([("kind".to_owned(), kind.to_owned()), ("host".to_owned(), "a".to_owned())]);
/// let (down, slow) = (alert("host-down"), alert("slow"));
/// assert_eq!(inhibited(&[rule.clone()], &slow, [&down, &slow]), Some(&down));
/// assert_eq!(inhibited(&[rule], &down, [&down, &slow]), None);
/// # Ok::<(), charter_monitor::rules::labels::MatcherError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Inhibition {
    /// What the alert that is told of is like.
    pub source: Vec<Matcher>,
    /// What the alerts are like that go without saying.
    pub target: Vec<Matcher>,
    /// The labels in which both must be equal; two that lack one are equal in it.
    #[serde(default)]
    pub equal: Vec<String>,
}

impl Inhibition {
    fn holds(&self, source: &Labels, target: &Labels) -> bool {
        let is_equal = |name: &String| source.get(name).map_or("", |it| it) == target.get(name).map_or("", |it| it);
        // Two that could each be the other's reason would silence each other, and one would silence itself.
        let both = |labels: &Labels| all_match(&self.source, labels) && all_match(&self.target, labels);
        all_match(&self.source, source)
            && all_match(&self.target, target)
            && self.equal.iter().all(is_equal)
            && !(both(source) && both(target))
    }
}

/// Returns the alert because of which nobody is told of `target`; nothing when people are to be told.
pub fn inhibited<'a>(
    rules: &[Inhibition],
    target: &Labels,
    firing: impl IntoIterator<Item = &'a Labels>,
) -> Option<&'a Labels> {
    firing.into_iter().find(|source| rules.iter().any(|rule| rule.holds(source, target)))
}
