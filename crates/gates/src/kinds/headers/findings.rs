//! What is told of results.

use std::collections::BTreeMap;

use charter_deploy_model::{Finding, Location};

use super::grade::{self, Grade};
use super::page::Unchecked;
use super::rules::Problem;
use super::{FILE, Graded, Judged};
use crate::html;

/// Further addresses of a page are only counted.
const MAX_SCRIPTS: usize = 50;

/// Tells what a page says wrongly about itself.
pub(super) fn of_page(path: &str, test: &str, result: &str) -> Finding {
    let (what, help) = grade::words(result);
    Finding::new(format!("headers/{test}"), path, format!("`{path}` {what} (`{result}`)"))
        .at(Location::file(path))
        .key(result)
        .help(help)
}

/// Tells which scripts of a page nothing checks.
pub(super) fn of_scripts(path: &str, content: &[u8], scripts: &[Unchecked<'_>]) -> Vec<Finding> {
    let mut first: BTreeMap<&str, &Unchecked<'_>> = BTreeMap::new();
    for script in scripts {
        first.entry(script.address).or_insert(script);
    }
    let told = first.into_values().take(MAX_SCRIPTS).map(|script| {
        let lacks = match (script.has_integrity, script.is_insecure) {
            (false, false) => "without `integrity`",
            (false, true) => "without `integrity`, and not always with TLS",
            (true, _) => "not always with TLS",
        };
        let (line, column) = html::position(content, script.at);
        let address = short(script.address);
        Finding::new("headers/subresource-integrity", path, format!("`{path}` loads `{address}` {lacks}"))
            .at(Location::file(path).line(line).column(column))
            .key(script.address)
            .help("add `integrity` and `crossorigin`, and write `https:`; or serve the script yourself")
    });
    told.collect()
}

/// Cuts what somebody wrote to what a message can hold.
fn short(text: &str) -> String {
    const LIMIT: usize = 120;
    let clean: String = text
        .chars()
        .map(|letter| if letter.is_control() || letter == '`' { ' ' } else { letter })
        .take(LIMIT)
        .collect();
    if text.chars().nth(LIMIT).is_some() { format!("{clean}…") } else { clean }
}

/// Tells what the server sends wrongly, one finding for each result, and whether the grade is good enough.
pub(super) fn of_server(pages: &[Judged], subject: &str, minimum: Grade) -> Vec<Finding> {
    let graded: Vec<(&Judged, &Graded)> =
        pages.iter().filter_map(|page| page.graded.as_ref().map(|graded| (page, graded))).collect();
    let mut by_result: BTreeMap<(&str, &str), Vec<(&Judged, &Graded)>> = BTreeMap::new();
    for &(page, of_page) in &graded {
        for result in &of_page.sent {
            by_result.entry(*result).or_default().push((page, of_page));
        }
    }
    let at = |finding: Finding| if subject == FILE { finding.at(Location::file(FILE)) } else { finding };
    let mut findings = Vec::new();
    for ((test, result), pages) in by_result {
        let (what, help) = grade::words(result);
        let cookie = pages[0].1.cookie.as_deref().filter(|_| test == "cookies");
        let cookie = cookie.map(|name| format!(" (`{}`)", short(name))).unwrap_or_default();
        let for_pages = match (graded.len(), pages.len()) {
            (1, _) => String::new(),
            (all, some) if all == some => format!(" for all {all} pages"),
            (all, some) => format!(" for {some} of {all} pages, first `{}`", pages[0].0.path),
        };
        let message = format!("`{subject}` {what}{cookie}{for_pages} (`{result}`, {} points)", grade::modifier(result));
        findings.push(at(Finding::new(format!("headers/{test}"), subject, message).key(result).help(help)));
    }
    if let Some((page, worst)) = graded.iter().min_by_key(|(page, graded)| (graded.points, &page.path))
        && worst.grade < minimum
    {
        let mut lost = worst.lost.clone();
        lost.sort_by_key(|result| grade::modifier(result));
        let lost: Vec<String> = lost.iter().map(|result| format!("`{result}` {}", grade::modifier(result))).collect();
        let message = format!(
            "`{}` gets {} with {} points, and {minimum} is asked for: {}",
            page.path,
            worst.grade,
            worst.points,
            lost.join(", ")
        );
        findings.push(at(Finding::new("headers/grade", subject, message)
            .help("correct what costs most first; only what costs nothing counts towards A+")));
    }
    findings
}

/// Tells that a page of a host without headers brings no policy.
pub(super) fn no_policy(page: &Judged) -> Finding {
    let path = &page.path;
    let message = format!("`{path}` brings no Content Security Policy, and its host sends none");
    Finding::new("headers/no-policy", path, message)
        .at(Location::file(path))
        .help("add `<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'; object-src 'none'\">`")
}

/// Tells that a line says nothing.
pub(super) fn syntax(problem: &Problem) -> Finding {
    let message = format!("line {} of `{FILE}` {}", problem.line, problem.what);
    Finding::new("headers/syntax", FILE, message)
        .at(Location::file(FILE).line(problem.line))
        .key(problem.what)
        .help("write a path at the start of a line, and below it `Name: value`")
}

/// Tells that nobody reads the file.
pub(super) fn ignored() -> Finding {
    Finding::new("headers/ignored", FILE, format!("`{FILE}` is not read by the host, and none of it is sent"))
        .at(Location::file(FILE))
        .help("delete it; or set `reads-headers-file = true` where Netlify or Cloudflare Pages publish this branch")
}
