//! `.pa11yci`, the configuration of pa11y-ci.

use serde_json::Value as Json;

use super::{Exemption, Imported, UNLIKE, entries, members};

/// Rules of axe that its level AA asks for.
const AA: [&str; 7] = [
    "autocomplete-valid",
    "avoid-inline-spacing",
    "color-contrast",
    "css-orientation-lock",
    "meta-viewport",
    "target-size",
    "valid-lang",
];

/// Rules of axe that its level AAA asks for.
const AAA: [&str; 3] = ["color-contrast-enhanced", "identical-links-same-purpose", "meta-refresh-no-exceptions"];

/// Rules of axe that its level A asks for.
#[rustfmt::skip]
const A: [&str; 65] = [
    "area-alt", "aria-allowed-attr", "aria-braille-equivalent", "aria-command-name", "aria-conditional-attr",
    "aria-deprecated-role", "aria-hidden-body", "aria-hidden-focus", "aria-input-field-name", "aria-meter-name",
    "aria-progressbar-name", "aria-prohibited-attr", "aria-required-attr", "aria-required-children",
    "aria-required-parent", "aria-roledescription", "aria-roles", "aria-tab-name", "aria-toggle-field-name",
    "aria-tooltip-name", "aria-valid-attr-value", "aria-valid-attr", "audio-caption", "blink", "button-name", "bypass",
    "definition-list", "dlitem", "document-title", "duplicate-id-aria", "form-field-multiple-labels",
    "frame-focusable-content", "frame-title-unique", "frame-title", "html-has-lang", "html-lang-valid",
    "html-xml-lang-mismatch", "image-alt", "input-button-name", "input-image-alt", "label-content-name-mismatch",
    "label", "link-in-text-block", "link-name", "list", "listitem", "marquee", "meta-refresh", "nested-interactive",
    "no-autoplay-audio", "object-alt", "p-as-heading", "role-img-alt", "scrollable-region-focusable", "select-name",
    "server-side-image-map", "summary-name", "svg-img-alt", "table-fake-caption", "td-has-header", "td-headers-attr",
    "th-has-data-cells", "video-caption", "duplicate-id", "duplicate-id-active",
];

/// Techniques of HTML_CodeSniffer that are one rule of axe.
const TECHNIQUES: [(&str, &str); 11] = [
    ("1_4_3.G18", "color-contrast"),
    ("1_4_3.G145", "color-contrast"),
    ("1_4_6.G17", "color-contrast-enhanced"),
    ("1_1_1.H37", "image-alt"),
    ("1_1_1.H36", "input-image-alt"),
    ("1_1_1.H24", "area-alt"),
    ("2_4_1.H64", "frame-title"),
    ("2_4_2.H25", "document-title"),
    ("3_1_1.H57.2", "html-has-lang"),
    ("3_1_1.H57.3", "html-lang-valid"),
    ("1_3_1.F68", "label"),
];

/// Says whether axe has a rule of this name.
pub(super) fn is_rule(name: &str) -> bool {
    AA.contains(&name) || AAA.contains(&name) || A.contains(&name)
}

pub(super) fn import(tree: &Json, out: &mut Imported) {
    for (key, value) in members(tree) {
        match key {
            "defaults" => members(value).for_each(|(key, value)| default(key, value, out)),
            "urls" => urls(value, out),
            "concurrency" | "useIncognitoBrowserContext" => out.leave(key, "the gate runs the browser itself"),
            _ => out.leave(key, UNLIKE),
        }
    }
}

fn default(key: &str, value: &Json, out: &mut Imported) {
    let foreign = format!("defaults.{key}");
    match key {
        "standard" => {
            let level = match value.as_str() {
                Some("WCAG2A") => "a",
                Some("WCAG2AA") => "aa",
                Some("WCAG2AAA") => "aaa",
                _ => return out.leave(&foreign, "it is none of WCAG2A, WCAG2AA, WCAG2AAA"),
            };
            out.set(&foreign, "gates.accessibility", "level", level);
        }
        "ignore" => {
            entries(value).iter().filter_map(Json::as_str).for_each(|code| ignored(code, out));
        }
        "hideElements" | "rootElement" => {
            out.leave(&foreign, "pages are judged as visitors get them; waive what is found in that part");
        }
        "threshold" => {
            out.leave(
                &foreign,
                "what is wrong now may stand by `cargo xtask gates baseline --accept-new`, and no more of it",
            );
        }
        "runners" | "includeNotices" | "includeWarnings" | "levelCapWhenNeedsReview" => {
            out.leave(&foreign, "axe is asked, and what it cannot decide a person has to look at");
        }
        "rules" => out.leave(&foreign, "every rule of the level is asked"),
        "actions" => out.leave(&foreign, "pages are judged as they are when they have loaded"),
        "headers"
        | "postData"
        | "method"
        | "userAgent"
        | "viewport"
        | "timeout"
        | "wait"
        | "chromeLaunchConfig"
        | "log"
        | "reporters"
        | "concurrency"
        | "useIncognitoBrowserContext"
        | "browser"
        | "page" => {
            out.leave(&foreign, "the gate serves the release and runs the browser itself");
        }
        _ => out.leave(&foreign, UNLIKE),
    }
}

fn urls(urls: &Json, out: &mut Imported) {
    out.leave("urls", "every page of the site is looked at, but for `exclude`");
    for url in entries(urls) {
        for (key, _) in members(url).filter(|(key, _)| *key != "url") {
            out.leave(&format!("urls: {key}"), "it is for one page only; waive what is found on that page");
        }
    }
}

/// Waives a rule on every page.
fn ignored(code: &str, out: &mut Imported) {
    let foreign = format!("defaults.ignore: {code}");
    let technique = TECHNIQUES.iter().find(|(technique, _)| {
        let mut rest = code.split(technique);
        rest.next().is_some_and(|before| before.ends_with('.'))
            && rest.next().is_some_and(|behind| behind.is_empty() || behind.starts_with(['.', ',']))
    });
    let rule = technique.map_or(code, |(_, rule)| rule);
    let level = match rule {
        _ if AAA.contains(&rule) => "accessibility/aaa",
        _ if AA.contains(&rule) => "accessibility/aa",
        _ if A.contains(&rule) => "accessibility/a",
        "notice" | "warning" => {
            return out.leave(&foreign, "there are no notices, and what axe cannot decide a person has to look at");
        }
        _ if code.starts_with("WCAG2") => {
            return out.leave(&foreign, "it is a technique of HTML_CodeSniffer that is no one rule of axe");
        }
        _ => return out.leave(&foreign, "no level of WCAG asks for it, so it is not asked here"),
    };
    let subject = Some(format!("{rule}: {{*,**/*}}"));
    out.waive(&foreign, Exemption { code: level, subject, reason: None, expires: None }, ", on every page");
}
