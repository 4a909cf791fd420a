//! From what a page writes to where a browser goes.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

/// The host that stands for the site itself: `.invalid` is no one's, by RFC 2606.
const HERE: &str = "site.invalid";

/// What means something else in a URL than in a file's name, or is dropped from it.
const NOT_PLAIN: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'\\');

/// Where a reference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    /// To this site's host; the path is in the caller's buffer.
    Site {
        /// Whether it says `http:` itself.
        insecure: bool,
    },
    /// To another host.
    Elsewhere {
        /// Whether it says `http:` itself.
        insecure: bool,
    },
    /// To the machine of whoever wrote it: `file:`, or a loopback host.
    OwnMachine,
    /// Nowhere: to data within it, a script, or what another program opens.
    Nowhere,
    /// No browser can make a URL of it.
    Malformed,
}

/// The URLs under which browsers reach the site.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    root: Url,
    /// Decoded, with a `/` at both ends.
    base_path: String,
    hosts: Vec<String>,
}

/// What relative references of a page start from.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    url: Url,
    /// The decoded path, when the base is on this site's host.
    path: Option<String>,
}

impl Site {
    /// Puts a site under a base path; URLs to one of `hosts` lead to it as well.
    pub(crate) fn new(base_path: &str, hosts: &[String]) -> Self {
        let trimmed = base_path.trim_matches('/');
        let base_path = if trimmed.is_empty() { "/".to_owned() } else { format!("/{trimmed}/") };
        let mut root: Url = format!("https://{HERE}/").parse().expect("a constant that is a URL");
        root.set_path(&utf8_percent_encode(&base_path, NOT_PLAIN).to_string());
        Self { root, base_path, hosts: hosts.to_vec() }
    }

    /// Returns what a decoded path from the host's root is below the site, or nothing when it is not below it.
    pub(crate) fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.base_path.as_str())
    }

    /// Returns the decoded path under which the site is served, with a `/` at both ends.
    pub(crate) fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Says whether a path is the site's root without its last slash.
    pub(crate) fn is_bare_root(&self, path: &str) -> bool {
        self.base_path.strip_suffix('/').is_some_and(|bare| bare == path && !bare.is_empty())
    }

    /// Returns the base of the file at `path` below the site, in which `<base href>` may say another.
    pub(crate) fn base_of(&self, path: &str, base_href: Option<&str>) -> Base {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{}", self.root.path(), utf8_percent_encode(path, NOT_PLAIN)));
        match base_href.and_then(|href| url.join(href).ok()) {
            Some(other) => Base { path: self.is_here(&other).then(|| decoded(&other)), url: other },
            None => Base { path: Some(format!("{}{path}", self.base_path)), url },
        }
    }

    /// Finds out where a reference leads. The path of [`Address::Site`] is written to `path`, decoded and from the
    /// host's root; query and fragment are left out.
    pub(crate) fn resolve(&self, base: &Base, reference: &str, path: &mut String) -> Address {
        path.clear();
        if let Some(start) = &base.path
            && join_plain(start, reference, path)
        {
            return Address::Site { insecure: false };
        }
        if let Some(host) = plain_https_host(reference)
            && !self.is_ours(host)
            && !is_loopback(host)
        {
            return Address::Elsewhere { insecure: false };
        }
        path.clear();
        let Ok(url) = base.url.join(reference) else { return Address::Malformed };
        let insecure = url.scheme() == "http";
        match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(_)) if self.is_here(&url) => {
                path.push_str(&decoded(&url));
                Address::Site { insecure }
            }
            ("http" | "https", Some(host)) if is_loopback(host) => Address::OwnMachine,
            ("file", _) => Address::OwnMachine,
            ("http" | "https", Some(_)) => Address::Elsewhere { insecure },
            _ => Address::Nowhere,
        }
    }

    fn is_here(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| self.is_ours(host))
    }

    fn is_ours(&self, host: &str) -> bool {
        host == HERE || self.hosts.iter().any(|ours| ours == host)
    }
}

fn decoded(url: &Url) -> String {
    percent_decode_str(url.path()).decode_utf8_lossy().into_owned()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Follows a reference of which every character means itself, without the URL parser; most are of this sort.
/// Returns false, whatever it wrote, when the reference is of another sort.
fn join_plain(start: &str, reference: &str, path: &mut String) -> bool {
    let end = reference.find(['?', '#']).unwrap_or(reference.len());
    let plain = &reference[..end];
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/' | b'+');
    if !plain.bytes().all(is_plain) || plain.starts_with("//") {
        return false;
    }
    if plain.is_empty() {
        path.push_str(start);
        return true;
    }
    let folder = start.rfind('/').map_or(0, |slash| slash + 1);
    let relative = match plain.strip_prefix('/') {
        Some(relative) => {
            path.push('/');
            relative
        }
        None => {
            path.push_str(&start[..folder]);
            plain
        }
    };
    let mut segments = relative.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => {
                let parent = path[..path.len() - 1].rfind('/').map_or(1, |slash| slash + 1);
                path.truncate(parent);
            }
            _ => {
                path.push_str(segment);
                if segments.peek().is_some() {
                    path.push('/');
                }
            }
        }
    }
    true
}

/// Says whether browsers drop a character from the end of a URL.
const fn is_stripped(character: char) -> bool {
    character <= ' '
}

/// Returns the host of a reference that plainly is to `https://` one.
fn plain_https_host(reference: &str) -> Option<&str> {
    let rest = reference.strip_prefix("https://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.');
    // Digits could be an address, and `xn--` may be malformed: those are the parser's.
    (host.starts_with(|first: char| first.is_ascii_lowercase())
        && host.bytes().all(is_plain)
        && !host.contains("xn--")
        && !host.contains(".."))
    .then_some(host)
}

/// Splits a reference at its fragment. Of the fragment, directives to the browser such as `:~:text=` are left out.
pub(crate) fn fragment_of(reference: &str) -> &str {
    let Some((_, fragment)) = reference.split_once('#') else { return "" };
    let fragment = fragment.split_once(":~:").map_or(fragment, |(fragment, _)| fragment);
    fragment.trim_end_matches(is_stripped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn located(page: &str, base_href: Option<&str>, reference: &str) -> String {
        let site = Site::new("docs", &["example.org".to_owned()]);
        let mut path = String::new();
        match site.resolve(&site.base_of(page, base_href), reference, &mut path) {
            Address::Site { .. } => path,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn references_lead_where_browsers_go() {
        for (page, base, reference, expected) in [
            ("index.html", None, "app.js", "/docs/app.js"),
            ("index.html", None, "", "/docs/index.html"),
            ("a/b.html", None, "#part", "/docs/a/b.html"),
            ("a/b.html", None, "?q=1#part", "/docs/a/b.html"),
            ("a/b.html", Some("/docs/"), "#part", "/docs/"),
            ("a/b.html", Some("/docs/x/y.html"), "z.html", "/docs/x/z.html"),
            ("a/b.html", None, "..", "/docs/"),
            ("a/b.html", None, "../..", "/"),
            ("a/b.html", None, "../../../../x", "/x"),
            ("a/b.html", None, ".", "/docs/a/"),
            ("a/b.html", None, "./c/./d/../e.html", "/docs/a/c/e.html"),
            ("a/b.html", None, "/other", "/other"),
            ("a/b.html", None, "%2e%2e/c%20d.html", "/docs/c d.html"),
            ("a/b.html", None, r"..\c.html", "/docs/c.html"),
            ("a/b.html", None, " c.html\n", "/docs/a/c.html"),
            ("a/b.html", None, "ünï.html", "/docs/a/ünï.html"),
            ("a/b.html", None, "//EXAMPLE.org/docs/c", "/docs/c"),
            ("a/b.html", None, "https://example.org", "/"),
            ("a/b.html", None, "https:c.html", "/docs/a/c.html"),
            ("50%/what?/#1.html", None, "x.html", "/docs/50%/what?/x.html"),
            ("a/b.html", Some("https://example.net/"), "c.html", "Elsewhere { insecure: false }"),
            ("a/b.html", None, "https://example.com/x", "Elsewhere { insecure: false }"),
            ("a/b.html", None, "http://example.com/x", "Elsewhere { insecure: true }"),
            ("a/b.html", None, "http://localhost:3000/x", "OwnMachine"),
            ("a/b.html", None, "https://127.1/x", "OwnMachine"),
            ("a/b.html", None, "http://[::1]/x", "OwnMachine"),
            ("a/b.html", None, "file:///home/ann/x.html", "OwnMachine"),
            ("a/b.html", None, "mailto:ann@example.org", "Nowhere"),
            ("a/b.html", None, "javascript:void(0)", "Nowhere"),
            ("a/b.html", None, "data:text/plain,x", "Nowhere"),
            ("a/b.html", None, "https://[", "Malformed"),
            ("a/b.html", None, "https://exa mple.org/", "Malformed"),
            ("a/b.html", None, "https://example.org:99999/", "Malformed"),
        ] {
            assert_eq!(located(page, base, reference), expected, "{reference} on {page} with {base:?}");
        }
    }

    #[test]
    fn a_fragment_is_what_the_browser_scrolls_to() {
        for (reference, expected) in [
            ("a.html", ""),
            ("a.html#", ""),
            ("a.html#b", "b"),
            ("#b#c", "b#c"),
            ("#b:~:text=word", "b"),
            ("#:~:text=word", ""),
            ("a?b=#c ", "c"),
        ] {
            assert_eq!(fragment_of(reference), expected, "{reference}");
        }
    }

    #[test]
    fn the_root_may_lack_its_slash() {
        let site = Site::new("/docs/", &[]);
        assert!(site.is_bare_root("/docs") && !site.is_bare_root("/docs/") && !site.is_bare_root("/doc"));
        assert!(!Site::new("/", &[]).is_bare_root(""));
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_url_standard_agree(
            folder in "([a-z]{1,3}/){0,3}",
            reference in "(/)?(([a-c]{1,2}|\\.|\\.\\.|)/){0,5}([a-c.]{0,3})(\\?[a-z/?.]{0,3})?(#[a-z/.#?]{0,3})?",
        ) {
            let site = Site::new("/docs/", &[]);
            let base = site.base_of(&format!("{folder}page.html"), None);
            let mut path = String::new();
            if join_plain(base.path.as_deref().unwrap(), &reference, &mut path) {
                prop_assert_eq!(path, decoded(&base.url.join(&reference).unwrap()));
            }
        }

        #[test]
        fn a_plain_host_is_the_one_the_url_standard_sees(reference in "https://[a-z.-]{0,12}(/[a-z]{0,3})?") {
            if let Some(host) = plain_https_host(&reference) {
                let url: Url = reference.parse().unwrap();
                prop_assert_eq!(url.host_str(), Some(host));
            }
        }

        #[test]
        fn anything_can_be_resolved(page in "[^\\\\]{0,20}", reference in any::<String>(), base_href in any::<Option<String>>()) {
            let site = Site::new("/docs/", &[]);
            let mut path = String::new();
            if let Address::Site { .. } = site.resolve(&site.base_of(&page, base_href.as_deref()), &reference, &mut path) {
                prop_assert!(path.starts_with('/'), "{path}");
            }
        }
    }
}
