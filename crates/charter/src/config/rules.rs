//! What a configuration must be beyond its shape.

use std::path::{Component, Path};

use charter_deploy_model::Period;
use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeValue;

use super::retention::minimums;
use super::shape::{Document, Found};

/// A rule about one text: says what is wrong with it, and what to do.
type TextRule = fn(&str) -> Option<(&'static str, &'static str)>;

/// The rules about texts, by the paths they hold for.
const TEXT_RULES: &[(&str, TextRule)] = &[
    ("application.name", not_blank),
    ("application.homepage", web_address),
    ("environments.*.url", web_address),
    ("environments.*.base-path", absolute_path),
    ("environments.*.verify.checks.*.path", absolute_path),
    ("environments.*.verify.checks.*.contains", not_empty),
    ("environments.*.branches.remote", remote_name),
    ("build.lock-file", inside_the_project),
    ("build.carry.*", inside_the_project),
    ("build.keep.*", one_name),
    ("build.pass.*", variable_name),
    ("build.secrets.*.env", variable_name),
    ("waivers.*.code", not_blank),
    ("waivers.*.reason", not_blank),
    ("waivers.*.owner", not_blank),
    ("waivers.*.expires", date),
    ("ratchet.baseline", inside_the_project),
    ("github.remote", remote_name),
    ("github.token.env", variable_name),
    ("github.server", host_name),
    ("backup.folder", folder),
    ("records.folder", folder),
];

/// The arrays that say nothing when they are empty.
const NOT_EMPTY: &[&str] = &["build.install", "build.command", "environments.*.verify.checks"];

/// Returns every broken rule. Values of the wrong type are left to the schema.
pub(super) fn check(document: &Document<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (pattern, rule) in TEXT_RULES {
        for (path, value) in document.select(pattern) {
            if let Some((wrong, help)) = text(value).and_then(|text| rule(&text)) {
                found.push(Found::new(value.span(), &path, format!("`{path}` {wrong}")).help(help));
            }
        }
    }
    for pattern in NOT_EMPTY {
        for (path, value) in document.select(pattern) {
            if value.get_ref().as_array().is_some_and(|array| array.is_empty()) {
                let empty = Found::new(value.span(), &path, format!("`{path}` is empty"));
                found.push(empty.help("leave the key out when there is nothing to say"));
            }
        }
    }
    found.extend(["build.install", "build.command"].iter().filter_map(|path| program(document, path)));
    found.extend(output(document));
    found.extend(pointless(document));
    found.extend(environments(document));
    found.extend(unwatched(document));
    found.extend(repeated_waivers(document));
    found.extend(revealed_secrets(document));
    found.extend(periods(document));
    found
}

/// Returns the periods that are none, and those that are shorter than what is settled.
fn periods(document: &Document<'_>) -> Vec<Found> {
    let any = ("retention.deployments.archive-after", None);
    let rules = minimums().into_iter().map(|(path, minimum)| (path, Some(minimum))).chain([any]);
    rules
        .filter_map(|(path, minimum)| {
            let value = document.get(path)?;
            let found = |wrong: &str, help: String| {
                Some(Found::new(value.span(), path, format!("`{path}` {wrong}")).help(help))
            };
            match (text(value)?.parse::<Period>(), minimum) {
                (Err(_), _) => {
                    found("is not a period", "such as `1 year`, `6 months`, `90 days`, `indefinite`".to_owned())
                }
                (Ok(period), Some(minimum)) if period.is_shorter_than(minimum) => {
                    found("is shorter than what is settled", format!("at least `{minimum}`"))
                }
                _ => None,
            }
        })
        .collect()
}

fn text(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        _ => None,
    }
}

fn not_blank(text: &str) -> Option<(&'static str, &'static str)> {
    text.trim().is_empty().then_some(("is empty", "say it in a few words"))
}

/// Every page contains the empty text, so looking for it would find nothing out.
fn not_empty(text: &str) -> Option<(&'static str, &'static str)> {
    text.is_empty().then_some(("is empty", "give text that only the right page has, or leave the key out"))
}

/// Says whether a text is an http or https address without credentials.
pub(crate) fn is_web_address(text: &str) -> bool {
    web_address(text).is_none()
}

fn web_address(text: &str) -> Option<(&'static str, &'static str)> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() || text.contains(char::is_whitespace) {
        return Some(("is not an http or https address", "such as `https://example.org/`"));
    }
    host.contains('@').then_some(("holds a user name or password", "leave out what stands before the `@`"))
}

fn absolute_path(text: &str) -> Option<(&'static str, &'static str)> {
    (!text.starts_with('/') || text.starts_with("//")).then_some(("does not begin with one `/`", "such as `/docs/`"))
}

fn remote_name(text: &str) -> Option<(&'static str, &'static str)> {
    (text.is_empty() || text.starts_with('-') || text.contains(char::is_whitespace))
        .then_some(("is not the name of a git remote", "`git remote` lists the names, such as `origin`"))
}

fn host_name(text: &str) -> Option<(&'static str, &'static str)> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    (text.is_empty() || !text.bytes().all(is_part)).then_some(("is not a host", "such as `git.example.org`"))
}

fn inside_the_project(text: &str) -> Option<(&'static str, &'static str)> {
    if Path::new(text).is_absolute() {
        return Some(("is absolute", "give it relative to the project"));
    }
    match depth(text) {
        None => Some(("leads out of the project", "give a path inside the project")),
        Some(0) => Some(("names no file", "give a path inside the project")),
        Some(_) => None,
    }
}

/// Returns how many folders deep a relative path ends; nothing when it leaves where it begins.
fn depth(path: &str) -> Option<usize> {
    Path::new(path).components().try_fold(0_usize, |depth, component| match component {
        Component::ParentDir => depth.checked_sub(1),
        Component::Normal(_) => Some(depth + 1),
        _ => Some(depth),
    })
}

fn one_name(text: &str) -> Option<(&'static str, &'static str)> {
    (text.is_empty() || text.contains('/') || text == "." || text == "..")
        .then_some(("is not one name", "give the name of a file or folder without `/`"))
}

fn variable_name(text: &str) -> Option<(&'static str, &'static str)> {
    let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (!is_name).then_some(("is not the name of a variable", "give a name such as `API_TOKEN`, not the value"))
}

fn date(text: &str) -> Option<(&'static str, &'static str)> {
    text.parse::<Date>().is_err().then_some(("is not a date", "such as `2027-01-31`"))
}

fn folder(text: &str) -> Option<(&'static str, &'static str)> {
    if text.starts_with('~') {
        return Some(("begins with `~`, which only a shell understands", "give the whole path"));
    }
    text.trim().is_empty().then_some(("is empty", "leave the key out for the default"))
}

/// The program to start must have a name.
fn program(document: &Document<'_>, path: &str) -> Option<Found> {
    let first = document.get(&format!("{path}.0"))?;
    let is_blank = first.get_ref().as_str()?.trim().is_empty();
    is_blank.then(|| Found::new(first.span(), path, format!("`{path}` names no program")))
}

/// The output of a build lies in the worktree it runs in; what is shown as it is may lie anywhere.
fn output(document: &Document<'_>) -> Option<Found> {
    let value = document.get("build.output")?;
    let output = value.get_ref().as_str()?;
    let found = |wrong: &str, help: &str| {
        Some(Found::new(value.span(), "build.output", format!("`build.output` {wrong}")).help(help))
    };
    if output.starts_with('~') {
        return found("begins with `~`, which only a shell understands", "give the whole path");
    }
    let in_tree = document.get("build.in").and_then(|place| place.get_ref().as_str()) == Some("tree");
    if document.get("build.command").is_some() && !in_tree {
        if Path::new(output).is_absolute() {
            return found("is absolute, and the build runs elsewhere", "give it relative to the project");
        }
        if depth(output).is_none() {
            return found("leads out of the worktree that the build runs in", "give a folder inside the project");
        }
    }
    if depth(output) == Some(0) {
        return found("is the project itself", "put what is to be shown into a folder of its own, such as `public`");
    }
    None
}

/// Installing serves a build, and a lock file serves installing.
fn pointless(document: &Document<'_>) -> Vec<Found> {
    [("build.install", "build.command"), ("build.lock-file", "build.install")]
        .into_iter()
        .filter_map(|(path, needs)| {
            let value = document.get(path)?;
            document.get(needs).is_none().then(|| {
                let pointless = Found::new(value.span(), path, format!("`{path}` does nothing without `{needs}`"));
                pointless.help(format!("give `{needs}`, or leave `{path}` out"))
            })
        })
        .collect()
}

fn environments(document: &Document<'_>) -> Option<Found> {
    let value = document.get("environments")?;
    value.get_ref().as_table()?.is_empty().then(|| {
        Found::new(value.span(), "environments", "`environments` names none")
            .help("add a table `[environments.production]`")
    })
}

/// What a branch's host shows can only be seen at its address.
fn unwatched(document: &Document<'_>) -> Vec<Found> {
    document
        .select("environments.*.target.kind")
        .into_iter()
        .filter_map(|(path, kind)| {
            let environment = path.strip_suffix(".target.kind")?;
            let is_seen = document.get(&format!("{environment}.url")).is_some();
            (kind.get_ref().as_str() == Some("git-branch") && !is_seen).then(|| {
                let message = format!("`{environment}` publishes to a branch, but has no `url` to watch");
                Found::new(kind.span(), &path, message).help("add `url`, the address at which users find the site")
            })
        })
        .collect()
}

/// Two waivers of one code and subject would leave open whose word counts.
fn repeated_waivers(document: &Document<'_>) -> Vec<Found> {
    let waivers = document.select("waivers.*");
    let identity = |value: &Spanned<DeValue<'_>>| {
        let member = |key: &str| value.get_ref().as_table()?.get(key)?.get_ref().as_str().map(str::to_owned);
        Some((member("code")?, member("subject")))
    };
    waivers
        .iter()
        .enumerate()
        .filter_map(|(index, (path, value))| {
            let first = waivers[..index].iter().find(|(_, earlier)| identity(earlier) == identity(value))?;
            identity(value)?;
            let message = format!("`{path}` waives the same code for the same subject as `{}`", first.0);
            Some(Found::new(value.span(), path, message).help("keep one of them"))
        })
        .collect()
}

/// A variable that is named as a secret must not have its value in the file.
fn revealed_secrets(document: &Document<'_>) -> Vec<Found> {
    document
        .select("build.secrets.*.env")
        .into_iter()
        .filter_map(|(_, name)| {
            let name = name.get_ref().as_str()?;
            let table = document.get("build.environment")?.get_ref().as_table()?;
            let (key, _) = table.get_key_value(name)?;
            let path = "build.environment";
            let message = format!("`{path}` gives the value of a variable that `build.secrets` names");
            Some(Found::new(key.span(), path, message).help("leave the value out; it comes from the environment"))
        })
        .collect()
}
