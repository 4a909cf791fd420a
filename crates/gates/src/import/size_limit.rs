//! What Size Limit is told: `.size-limit.json`, or `size-limit` of `package.json`.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::{About, Imported, entries, members};
use crate::glob;

pub(super) fn import(tree: &Json, about: &About, out: &mut Imported) {
    for (index, entry) in entries(tree).iter().enumerate() {
        let name = entry.get("name").and_then(Json::as_str);
        let foreign = name.map_or_else(|| format!("[{index}]"), |name| format!("[{index}] {name}"));
        one(&foreign, entry, about, out);
    }
}

fn one(foreign: &str, entry: &Json, about: &About, out: &mut Imported) {
    let compression = match (entry.get("gzip").and_then(Json::as_bool), entry.get("brotli").and_then(Json::as_bool)) {
        (Some(true), _) => "gzip",
        (_, Some(false)) => "none",
        _ => "brotli",
    };
    for (key, _) in members(entry) {
        let because = match key {
            "name" | "path" | "limit" | "gzip" | "brotli" => continue,
            "import" => return out.leave(foreign, "it is about a part of a module, which is no file of the site"),
            "running" | "time" => "how long a script runs is measured by `core-web-vitals`, as `max-tbt-ms`",
            "ignore"
            | "webpack"
            | "modifyWebpackConfig"
            | "modifyEsbuildConfig"
            | "config"
            | "entry"
            | "uiReports"
            | "disablePlugins"
            | "disableModuleConcatenation"
            | "highlightLess"
            | "hidePassed" => "a file is weighed as the build left it",
            _ => super::UNLIKE,
        };
        out.leave(&format!("{foreign}.{key}"), because);
    }
    let limit = entry.get("limit");
    let Some(bytes) = limit.and_then(|limit| limit.as_str().and_then(size).or_else(|| limit.as_u64())) else {
        return out.leave(foreign, "its limit is no size: what takes time is measured by `lighthouse`");
    };
    let Some(path) = entry.get("path").filter(|path| !path.is_null()) else {
        return out.leave(foreign, "it names no file");
    };
    for path in entries(path).iter().filter_map(Json::as_str) {
        let foreign = format!("{foreign}: {path}");
        match within(path, about.output.as_deref()) {
            Err(because) => out.leave(&foreign, because),
            Ok(pattern) => {
                let is_of_many = pattern.contains(['*', '?', '[', '{']);
                let note = if is_of_many { ", each file for itself, where Size Limit adds them up" } else { "" };
                let mut budget = Table::from_iter([
                    ("glob".to_owned(), Value::from(pattern)),
                    ("max-bytes".to_owned(), Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX))),
                ]);
                if compression != "brotli" {
                    budget.insert("compression".to_owned(), compression.into());
                }
                out.add(&foreign, "gates.page-weight.files", budget, note);
            }
        }
    }
}

/// Returns a path relative to the built site, given one relative to the project.
fn within(path: &str, output: Option<&str>) -> Result<String, String> {
    if path.starts_with('!') {
        return Err("it leaves files out, and a budget here names those that it is for".to_owned());
    }
    let plain = |path: &str| path.trim_start_matches("./").trim_matches('/').to_owned();
    let (path, output) = (plain(path), plain(output.unwrap_or_default()));
    let below = match output.as_str() {
        "" | "." => Some(path.as_str()),
        output => path.strip_prefix(output).and_then(|rest| rest.strip_prefix('/')),
    };
    let Some(below) = below.filter(|below| !below.is_empty() && !below.split('/').any(|part| part == "..")) else {
        return Err(format!("it is not below `{output}`, which is what `[build]` makes"));
    };
    glob::compile(below).map(|_| below.to_owned()).map_err(|error| format!("it is not a glob: {}", error.kind()))
}

/// Returns the bytes of a size such as `10 kB` (10,000) or `1 KiB` (1,024).
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = (text[..end].parse::<f64>().ok()?, text[end..].trim().to_ascii_lowercase());
    let factor = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * factor;
    (bytes <= 1e12).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_in_thousands_unless_it_says_otherwise() {
        for (text, expected) in [
            ("10 kB", Some(10_000)),
            ("10 KB", Some(10_000)),
            ("1.5 kb", Some(1_500)),
            ("1 KiB", Some(1_024)),
            ("1MB", Some(1_000_000)),
            ("500 B", Some(500)),
            ("500", Some(500)),
            ("2 s", None),
            ("100 ms", None),
            ("", None),
            ("kB", None),
            ("-1 kB", None),
            ("9e99 kB", None),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }

    #[test]
    fn a_path_is_relative_to_the_built_site() {
        assert_eq!(within("./dist/assets/*.js", Some("dist/")), Ok("assets/*.js".to_owned()));
        assert_eq!(within("a.js", Some(".")), Ok("a.js".to_owned()));
        for path in ["distant/a.js", "lib/a.js", "dist", "dist/../a.js", "!dist/a.js", "dist/[a"] {
            assert!(within(path, Some("dist")).is_err(), "{path}");
        }
    }
}
