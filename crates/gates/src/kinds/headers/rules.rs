//! The file `_headers`, by which Netlify, Cloudflare Pages and others are told what to send.
//!
//! Its form is the one that both document: a line with a path, and below it lines with a name, a colon and a value.
//! In a path `*` stands for anything and `:name` for one part.

use regex::Regex;

use super::answer::Headers;

/// A larger file is not read, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Further rules are not read; Cloudflare takes 100.
const MAX_RULES: usize = 2_000;

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// What hosts pass over.
    pub(super) problems: Vec<Problem>,
}

/// A line that says nothing to a host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Counted from 1.
    pub(super) line: u32,
    pub(super) what: &'static str,
}

#[derive(Debug)]
struct Rule {
    host: Option<Pattern>,
    pattern: Pattern,
    /// Names and values; a name without a value is taken out again.
    fields: Vec<(String, Option<String>)>,
}

#[derive(Debug)]
enum Pattern {
    Exactly(String),
    Below(String),
    Any(Regex),
}

impl Pattern {
    fn new(path: &str) -> Option<Self> {
        let is_plain = |text: &str| !text.contains('*') && !text.contains("/:");
        if is_plain(path) {
            return Some(Self::Exactly(path.to_owned()));
        }
        if let Some(start) = path.strip_suffix('*').filter(|start| is_plain(start)) {
            return Some(Self::Below(start.to_owned()));
        }
        Self::of_parts(path, '/', "[^/]+")
    }

    /// Reads a host, in which `:name` stands for one label.
    fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        if host.contains([':', '*']) { Self::of_parts(&host, '.', "[^./]+") } else { Some(Self::Exactly(host)) }
    }

    fn of_parts(text: &str, mark: char, placeholder: &str) -> Option<Self> {
        let part = |part: &str| match part.strip_prefix(':') {
            Some(name) if !name.is_empty() => placeholder.to_owned(),
            _ => regex::escape(part).replace(r"\*", ".*"),
        };
        let parts: Vec<String> = text.split(mark).map(part).collect();
        Regex::new(&format!("^{}$", parts.join(&regex::escape(&mark.to_string())))).ok().map(Self::Any)
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exactly(exactly) => path == exactly,
            Self::Below(start) => path.starts_with(start.as_str()),
            Self::Any(pattern) => pattern.is_match(path),
        }
    }
}

/// Reads a file.
pub(super) fn read(text: &str) -> Rules {
    let mut read = Rules::default();
    let mut is_in_rule = false;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line_number = u32::try_from(number).unwrap_or(u32::MAX - 1) + 1;
        let mut problem = |what| read.problems.push(Problem { line: line_number, what });
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (host, path) = match line.strip_prefix("https://").or_else(|| line.strip_prefix("http://")) {
            Some(rest) => rest.split_once('/').map_or((Some(rest), "/"), |(host, _)| (Some(host), &rest[host.len()..])),
            None => (None, line),
        };
        if path.starts_with('/') {
            if read.rules.len() == MAX_RULES {
                problem("is the path of one rule too many");
                break;
            }
            is_in_rule = match (Pattern::new(path), host.map(Pattern::of_host)) {
                (Some(pattern), host @ (None | Some(Some(_)))) => {
                    read.rules.push(Rule { host: host.flatten(), pattern, fields: Vec::new() });
                    true
                }
                _ => {
                    problem("has an address that is too long");
                    false
                }
            };
            continue;
        }
        let field = match (line.strip_prefix('!'), line.split_once(':')) {
            (Some(name), _) => Some((name.trim(), None)),
            (None, Some((name, value))) => Some((name.trim(), Some(value.trim()))),
            (None, None) => None,
        };
        match (field.filter(|(name, _)| is_name(name)), is_in_rule, read.rules.last_mut()) {
            (Some((name, value)), true, Some(rule)) => {
                rule.fields.push((name.to_owned(), value.map(str::to_owned)));
            }
            (Some(_), ..) => problem("stands below no path"),
            (None, ..) => problem("is neither a path nor a name and a value"),
        }
    }
    read
}

/// Says whether a text can be the name of a header field (RFC 9110, `token`).
fn is_name(text: &str) -> bool {
    let is_mark = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}

impl Rules {
    /// Returns what is sent with any of the paths under which one file is served.
    pub(super) fn headers(&self, host: Option<&str>, paths: &[String]) -> Headers {
        let mut headers = Headers::default();
        // Rules for some hosts, usually those of previews, hold for none that is not known to be one of them.
        let is_of_host =
            |rule: &Rule| rule.host.as_ref().is_none_or(|theirs| host.is_some_and(|ours| theirs.matches(ours)));
        let rules = self.rules.iter().filter(|rule| is_of_host(rule));
        for rule in rules.filter(|rule| paths.iter().any(|path| rule.pattern.matches(path))) {
            for (name, value) in &rule.fields {
                match value {
                    Some(value) => headers.add(name, value),
                    None => headers.remove(name),
                }
            }
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str, path: &str, name: &str) -> Option<String> {
        read(text).headers(None, &[path.to_owned()]).get(name).map(str::to_owned)
    }

    #[test]
    fn a_rule_holds_for_the_paths_it_names() {
        let text = "# All\n/*\n  X-Frame-Options: DENY\n/docs/:page/print*\n  X-One: a: b\n/docs/*\n  X-One: c\n  ! X-Frame-Options\n";
        assert_eq!(sent(text, "/", "x-frame-options").as_deref(), Some("DENY"));
        assert_eq!(sent(text, "/docs/a", "x-frame-options"), None);
        assert_eq!(sent(text, "/docs/a/print.html", "x-one").as_deref(), Some("a: b, c"));
        assert_eq!(sent(text, "/docs/a/b/print", "x-one").as_deref(), Some("c"));
        assert!(read(text).problems.is_empty());
    }

    #[test]
    fn a_line_that_says_nothing_is_told() {
        let problems = read("X-Early: 1\n/*\n  nonsense\n  Two Words: x\n").problems;
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 3, 4]);
    }

    #[test]
    fn a_rule_with_a_host_holds_for_that_host() {
        let rules = read("https://a.example/x\n  X-One: 1\n");
        let of = |host| rules.headers(host, &["/x".to_owned()]).get("x-one").is_some();
        assert!(of(Some("a.example")) && !of(Some("b.example")) && !of(None));
        let rules = read("https://:project.pages.example/*\n  X-One: 1\n");
        let of = |host| rules.headers(Some(host), &["/x".to_owned()]).get("x-one").is_some();
        assert!(of("site.pages.example") && !of("a.site.pages.example") && !of("pages.example"));
    }
}
