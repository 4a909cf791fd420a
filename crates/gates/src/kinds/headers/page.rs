//! What a page itself says about its security, and the scripts it loads.

use url::Url;

use crate::html::{self, StartTag, Visitor};

/// What is in a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The policies of `<meta http-equiv="Content-Security-Policy">`.
    pub(super) policies: Vec<String>,
    /// What `<meta name="referrer">` says, the last that says something.
    pub(super) referrer: Option<String>,
    /// How many scripts there are, with and without an address.
    scripts: usize,
    /// The scripts with an address.
    loaded: Vec<Script>,
}

#[derive(Debug)]
struct Script {
    address: String,
    integrity: bool,
    at: usize,
}

/// A script from elsewhere that a browser does not check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unchecked<'a> {
    pub(super) address: &'a str,
    /// Where its tag begins, in bytes.
    pub(super) at: usize,
    /// Whether it could be replaced on its way, too.
    pub(super) is_insecure: bool,
    pub(super) has_integrity: bool,
}

impl Visitor for Page {
    fn start(&mut self, tag: &StartTag<'_>) {
        let attribute = |name: &str| tag.attributes.get(name);
        match tag.name {
            b"meta" if !tag.inert => {
                let value = |name: &str| attribute(name).map(|value| value.trim().to_ascii_lowercase());
                let content = attribute("content");
                if let (Some(equiv), Some(content)) = (value("http-equiv"), content) {
                    if equiv == "content-security-policy" && !content.is_empty() {
                        self.policies.push(content.to_owned());
                    }
                } else if value("name").as_deref() == Some("referrer")
                    && let Some(content) = content.filter(|content| !content.is_empty())
                {
                    self.referrer = Some(content.to_owned());
                }
            }
            b"script" if !tag.inert => {
                self.scripts += 1;
                let address = if tag.foreign { None } else { attribute("src").map(str::trim) };
                if let Some(address) = address.filter(|address| !address.is_empty()) {
                    let integrity = attribute("integrity").is_some_and(|value| !value.is_empty());
                    let address = Url::parse(address).map_or_else(|_| address.to_owned(), String::from);
                    self.loaded.push(Script { address, integrity, at: tag.at });
                }
            }
            _ => {}
        }
    }
}

/// Reads a page.
pub(super) fn read(content: &[u8]) -> Page {
    let mut page = Page::default();
    html::read(content, &mut page);
    page
}

/// Where a script comes from.
enum Origin {
    Own,
    /// With the scheme left to the page.
    Schemeless,
    Foreign(bool),
}

impl Script {
    fn origin(&self, host: Option<&str>, is_https: bool) -> (Origin, bool) {
        let address = self.address.as_str();
        let is_schemeless = address.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        if is_schemeless {
            return (Origin::Schemeless, false);
        }
        if !address.starts_with("http://") && !address.starts_with("https://") {
            return (Origin::Own, is_https);
        }
        let is_secure = address.starts_with("https://");
        let theirs = Url::parse(address).ok();
        match (theirs.as_ref().and_then(Url::host_str), host) {
            (Some(theirs), Some(ours)) if is_own(theirs, ours) => (Origin::Own, is_secure),
            _ => (Origin::Foreign(is_secure), is_secure),
        }
    }
}

impl Page {
    /// Says what the Observatory makes of the scripts of the page.
    pub(super) fn integrity(&self, host: Option<&str>, is_https: bool) -> &'static str {
        const ORDER: [&str; 4] = [
            "sri-implemented-and-all-scripts-loaded-securely",
            "sri-implemented-but-external-scripts-not-loaded-securely",
            "sri-not-implemented-but-external-scripts-loaded-securely",
            "sri-not-implemented-and-external-scripts-not-loaded-securely",
        ];
        if self.scripts == 0 {
            return "sri-not-implemented-but-no-scripts-loaded";
        }
        let (mut worst, mut has_foreign) = (None, false);
        for script in &self.loaded {
            let (origin, is_secure) = script.origin(host, is_https);
            let found = match origin {
                Origin::Own => (script.integrity && is_secure && worst.is_none()).then_some(0),
                Origin::Schemeless | Origin::Foreign(_) => {
                    has_foreign = true;
                    match (script.integrity, is_secure) {
                        (true, true) => None,
                        (true, false) => Some(1),
                        (false, true) => Some(2),
                        (false, false) => Some(3),
                    }
                }
            };
            worst = worst.max(found);
        }
        match (worst, has_foreign) {
            (Some(worst), _) => ORDER[worst],
            (None, true) => "sri-implemented-and-external-scripts-loaded-securely",
            (None, false) => "sri-not-implemented-but-all-scripts-loaded-from-secure-origin",
        }
    }

    /// Returns the scripts from elsewhere that the browser cannot check.
    pub(super) fn unchecked(&self, host: Option<&str>) -> Vec<Unchecked<'_>> {
        let unchecked = |script: &Script| match script.origin(host, true) {
            (Origin::Own, _) => false,
            (Origin::Schemeless, _) => true,
            (Origin::Foreign(is_secure), _) => !script.integrity || !is_secure,
        };
        let scripts = self.loaded.iter().filter(|script| unchecked(script));
        let told = |script: &'_ Script| {
            let is_insecure = !script.address.starts_with("https://");
            (is_insecure, script.integrity)
        };
        scripts
            .map(|script| {
                let (is_insecure, has_integrity) = told(script);
                Unchecked { address: &script.address, at: script.at, is_insecure, has_integrity }
            })
            .collect()
    }
}

/// Says whether a host is the site's own: the same, one below it, or the same with or without `www.`.
///
/// The Observatory goes by the domain that somebody registered, for which a program must know every registry's suffixes.
/// This is stricter: of two hosts side by side nobody knows without such a list that one owner has both.
fn is_own(theirs: &str, ours: &str) -> bool {
    let plain = |host: &str| {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        host.strip_prefix("www.").map(str::to_owned).unwrap_or(host)
    };
    let (theirs, ours) = (plain(theirs), plain(ours));
    theirs == ours || theirs.strip_suffix(&ours).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_own_one_or_below_it() {
        for (theirs, ours, expected) in [
            ("www.example.org", "example.org", true),
            ("example.org", "www.example.org", true),
            ("cdn.example.org", "www.example.org", true),
            ("a.b.example.org", "example.org", true),
            ("example.org", "shop.example.org", false),
            ("badexample.org", "example.org", false),
            ("bob.github.io", "ann.github.io", false),
            ("other.co.uk", "shop.example.co.uk", false),
        ] {
            assert_eq!(is_own(theirs, ours), expected, "{theirs} on {ours}");
        }
    }
}
