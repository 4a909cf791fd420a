//! What axe is asked, and what it answers (axe-core 4, `doc/API.md`, "Results Object").

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Level, Version};

/// A rule that a page breaks, or may break.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) rule: String,
    tags: Vec<String>,
    pub(super) help: String,
    pub(super) help_url: String,
    pub(super) count: u64,
    pub(super) first: Option<String>,
    pub(super) needs_review: bool,
}

impl Found {
    /// Returns the level that the rule belongs to; the lowest, should axe name several.
    pub(super) fn level(&self) -> Level {
        let of = |tag: &String| {
            let level = tag.strip_prefix("wcag")?.trim_start_matches(|letter: char| letter.is_ascii_digit());
            match level {
                "a" => Some(Level::A),
                "aa" => Some(Level::Aa),
                "aaa" => Some(Level::Aaa),
                _ => None,
            }
        };
        self.tags.iter().filter_map(of).min().unwrap_or(Level::A)
    }
}

/// Returns the tags of the rules that pages are held to.
fn tags(level: Level, version: Version) -> Vec<String> {
    let versions = [(Version::V20, "wcag2"), (Version::V21, "wcag21"), (Version::V22, "wcag22")];
    let levels = [(Level::A, "a"), (Level::Aa, "aa"), (Level::Aaa, "aaa")];
    let wanted_levels = || levels.iter().filter(|(each, _)| *each <= level);
    let wanted_versions = versions.iter().filter(|(each, _)| *each <= version);
    wanted_versions.flat_map(|(_, of)| wanted_levels().map(move |(_, name)| format!("{of}{name}"))).collect()
}

/// Returns the script that has axe judge the document and gives what is needed of its answer.
pub(super) fn call(level: Level, version: Version) -> String {
    let mut options = json!({
        "runOnly": { "type": "tag", "values": tags(level, version) },
        "resultTypes": ["violations", "incomplete"],
        "elementRef": false,
        "ancestry": false,
    });
    if level == Level::Aaa {
        // Off in axe unless it is asked for by name.
        options["rules"] = json!({ "color-contrast-enhanced": { "enabled": true } });
    }
    format!(
        "axe.run(document, {options}).then(({{ violations, incomplete }}) => {{
            const brief = needsReview => ({{ id, tags, help, helpUrl, nodes }}) => ({{
                rule: id, tags, help, helpUrl, needsReview, count: nodes.length,
                first: nodes.length ? nodes[0].html.slice(0, 200) : null,
            }});
            return violations.map(brief(false)).concat(incomplete.map(brief(true)));
        }})"
    )
}

/// Reads what the script gave.
pub(super) fn read(given: &Value) -> Result<Vec<Found>, String> {
    let mut found: Vec<Found> =
        Vec::deserialize(given).map_err(|error| format!("axe's answer is not what is documented: {error}"))?;
    for found in &mut found {
        // One line, without what would end the code that it is shown as.
        found.first = found.first.take().map(|html| {
            let line: Vec<&str> = html.split_whitespace().collect();
            line.join(" ").replace('`', "'")
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_and_a_version_hold_those_before_them() {
        assert_eq!(tags(Level::A, Version::V20), ["wcag2a"]);
        assert_eq!(tags(Level::Aa, Version::V21), ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]);
        assert_eq!(tags(Level::Aaa, Version::V22).len(), 9);
    }

    #[test]
    fn an_answer_is_read_with_the_level_of_its_rule() {
        let given = json!([{
            "rule": "color-contrast", "tags": ["cat.color", "wcag2aa", "wcag143", "ACT"], "help": "Enough contrast",
            "helpUrl": "https://example.org/", "needsReview": true, "count": 2, "first": "<p>\n  `a`",
        }]);
        let found = read(&given).unwrap();
        assert_eq!((found[0].level(), found[0].first.as_deref()), (Level::Aa, Some("<p> 'a'")));
        assert!(read(&json!([{ "rule": 7 }])).is_err());
        assert!(read(&json!(null)).is_err());
    }
}
