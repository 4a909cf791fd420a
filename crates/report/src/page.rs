//! The page of the documentation that a kind of gate writes about itself.

use std::fmt::Write as _;

use charter_deploy_model::KindMeta;
use serde_json::Value;

use crate::explain::{unindented, waiver};
use crate::words;

/// What says that nobody should edit the page.
const GENERATED: &str = "<!-- Written by `cargo xtask codegen` from the gate's own code. -->\n\n";

/// Returns the Markdown page of a gate: its docs, its configuration as `schema` has it, and each thing it can find.
/// `samples` is a link to what it found in public projects.
#[must_use]
pub fn page(meta: &KindMeta, schema: &Value, samples: Option<&str>) -> String {
    let mut text = format!("{GENERATED}# `{}`\n\n{}\n", meta.id, docs(meta.docs));
    let _ = writeln!(text, "Needs {}; runs {}.", words::needs(meta.needs), words::lane(meta.lane));
    if let Some(link) = samples {
        let _ = writeln!(text, "[What it found in public projects, and whether that was right]({link}).");
    }
    text += &configuration(meta.id, schema);
    text += "\n## What it finds\n";
    for code in meta.codes {
        let principle = code.principle.map(|it| format!(", principle {}", words::principle(it))).unwrap_or_default();
        let severity = words::severity(code.default_severity);
        let _ = write!(text, "\n### `{}`\n\n*{severity}{principle}*\n\n{}", code.id, docs(code.docs));
    }
    let example = meta.codes.first().map_or(meta.id, |code| code.id);
    let _ =
        write!(text, "\n## Letting a finding stand\n\nFor a while and for a reason, in `charter.toml`:\n\n```toml\n");
    text + &waiver(example) + "```\n"
}

/// Returns the list of all pages.
#[must_use]
pub fn index(kinds: &[&KindMeta]) -> String {
    let mut text = format!("{GENERATED}# Gates\n\n| gate | what it does | codes |\n| --- | --- | --- |\n");
    for meta in kinds {
        let _ = writeln!(text, "| [`{0}`]({0}.md) | {1} | {2} |", meta.id, meta.summary(), meta.codes.len());
    }
    text
}

/// Returns a doc comment as a page has it: what the examples promise is for tests.
fn docs(source: &str) -> String {
    let mut text = String::new();
    for line in unindented(source) {
        match line.strip_prefix("```").and_then(|info| info.split_once(',')) {
            Some((language, promise)) => {
                text += &caption(promise);
                let _ = writeln!(text, "```{language}");
            }
            None => {
                text += line;
                text.push('\n');
            }
        }
    }
    text
}

/// Returns what stands above an example: which file it is, and what becomes of it.
fn caption(promise: &str) -> String {
    let mut words = Vec::new();
    for part in promise.split(',') {
        match part.split_once('=') {
            None if part == "passes" => words.push("passes".to_owned()),
            Some(("blocks", code)) => words.push(format!("`{code}`")),
            Some(("site" | "source", path)) => words.push(format!("`{path}`")),
            Some(("under", path)) => words.push(format!("served under `{path}`")),
            _ => {}
        }
    }
    if words.is_empty() { String::new() } else { format!("{}:\n\n", words.join(", ")) }
}

fn configuration(id: &str, schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        return String::new();
    };
    let mut text = format!(
        "\n## Configuration\n\nThe section `[gates.{id}]` of `charter.toml`:\n\n| key | default | what it is |\n| --- | --- | --- |\n"
    );
    for (key, schema) in properties {
        let default = schema.get("default").map(|default| format!("`{default}`")).unwrap_or_default();
        let what = schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "| `{key}` | {} | {} |", cell(&default), cell(&what));
    }
    text
}

/// Returns a text that does not end a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    charter_deploy_model::kind! {
        /// Looks at tides.
        ///
        /// ```toml
        /// [gates.tides]
        /// ```
        static META: "tides", needs Artifact, lane Shared {
            /// The tide is out.
            ///
            /// ```html,site=a.html,blocks=tides/out
            /// <p>Out</p>
            /// ```
            "tides/out": Warning, principle None;
        }
    }

    #[test]
    fn a_page_has_docs_keys_codes_and_a_way_out() {
        let schema = json!({ "properties": { "at": { "default": [1], "description": "When |\n it is." } } });
        let page = page(&META, &schema, Some("../samples/tides.md"));
        for part in [
            "# `tides`\n\nLooks at tides.",
            "| `at` | `[1]` | When \\| it is. |",
            "(../samples/tides.md)",
            "### `tides/out`\n\n*warning*\n\nThe tide is out.",
            "`a.html`, `tides/out`:\n\n```html\n<p>Out</p>\n```",
            "code = \"tides/out\"",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        assert!(index(&[&META]).contains("| [`tides`](tides.md) | Looks at tides. | 1 |"));
    }
}
