//! From the URLs that a page writes to the files of the site.

use charter_artifact::Artifact;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

/// The host that stands for the site itself: `.invalid` is no one's, by RFC 2606.
const HERE: &str = "site.invalid";

/// What means something else in a URL than in a file's name, or is dropped from it.
const NOT_PLAIN: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'\\');

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To a file of the site, by its place in the artifact.
    File(u32),
    /// To the site, where no such file is: its path below the site, or from the host's root when it is not below.
    Missing(String),
    /// To another host.
    Elsewhere(String),
    /// Nowhere: the content is in the URL itself.
    Here,
    /// Nowhere: the browser fetches nothing.
    Nowhere,
}

/// The site as browsers address it.
#[derive(Debug)]
pub(super) struct Site<'a> {
    artifact: &'a Artifact,
    root: Url,
    base_path: String,
    hosts: &'a [String],
}

impl<'a> Site<'a> {
    /// Puts an artifact under a base path; URLs to one of `hosts` lead to it as well.
    pub(super) fn new(artifact: &'a Artifact, base_path: &str, hosts: &'a [String]) -> Self {
        let trimmed = base_path.trim_matches('/');
        let base_path = if trimmed.is_empty() { "/".to_owned() } else { format!("/{trimmed}/") };
        let mut root: Url = format!("http://{HERE}/").parse().expect("a constant that is a URL");
        root.set_path(&base_path);
        Self { artifact, root, base_path, hosts }
    }

    /// Returns the URL that relative URLs of a page start from.
    pub(super) fn base_of(&self, page: &str, base_href: Option<&str>) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{}", self.root.path(), utf8_percent_encode(page, NOT_PLAIN)));
        base_href.and_then(|href| url.join(href).ok()).unwrap_or(url)
    }

    /// Finds out where a URL leads that is written in a page with this base.
    pub(super) fn locate(&self, base: &Url, reference: &str) -> Place {
        if reference.is_empty() {
            return Place::Nowhere;
        }
        let Ok(url) = base.join(reference) else { return Place::Nowhere };
        match (url.scheme(), url.host_str()) {
            ("data", _) => Place::Here,
            ("http" | "https", Some(host)) if host == HERE || self.hosts.iter().any(|ours| ours == host) => {
                self.file(url.path())
            }
            ("http" | "https", Some(host)) => Place::Elsewhere(host.to_owned()),
            _ => Place::Nowhere,
        }
    }

    fn file(&self, path: &str) -> Place {
        let path = percent_decode_str(path).decode_utf8_lossy();
        match path.strip_prefix(self.base_path.as_str()) {
            Some(below) => match self.artifact.files.binary_search_by(|file| file.path.as_str().cmp(below)) {
                Ok(index) => Place::File(u32::try_from(index).expect("no site has four thousand million files")),
                Err(_) => Place::Missing(below.to_owned()),
            },
            None => Place::Missing(path.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use charter_artifact::{ArtifactFile, FileStat};
    use charter_deploy_model::Digest;
    use proptest::prelude::*;

    use super::*;

    fn artifact(paths: &[&str]) -> Artifact {
        let file = |path: &&str| ArtifactFile {
            path: (*path).to_owned(),
            size: 0,
            digest: Digest::new([0; 32]),
            stat: FileStat { mtime_ns: 0, ctime_ns: 0, inode: 0 },
        };
        Artifact::from_files("/nowhere".into(), paths.iter().map(file).collect())
    }

    fn located(page: &str, base_href: Option<&str>, reference: &str) -> String {
        let artifact = artifact(&["app.js", "a/app.js", "ünï code.js", "100%.js", "#.js"]);
        let hosts = ["example.org".to_owned()];
        let site = Site::new(&artifact, "docs", &hosts);
        match site.locate(&site.base_of(page, base_href), reference) {
            Place::File(index) => artifact.files[index as usize].path.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn urls_lead_where_browsers_go() {
        for (page, base, reference, expected) in [
            ("index.html", None, "app.js", "app.js"),
            ("index.html", None, "./app.js?v=3#x", "app.js"),
            ("a/b/index.html", None, "../app.js", "a/app.js"),
            ("a/index.html", None, "/docs/app.js", "app.js"),
            ("a/index.html", None, "/app.js", r#"Missing("/app.js")"#),
            ("a/index.html", Some("/docs/"), "app.js", "app.js"),
            ("a/index.html", Some("../"), "app.js", "app.js"),
            ("index.html", Some("https://cdn.example.net/x/"), "app.js", r#"Elsewhere("cdn.example.net")"#),
            ("index.html", None, "//EXAMPLE.org/docs/app.js", "app.js"),
            ("index.html", None, "https://example.com/app.js", r#"Elsewhere("example.com")"#),
            ("index.html", None, "%C3%BCn%C3%AF%20code.js", "ünï code.js"),
            ("index.html", None, "ünï code.js", "ünï code.js"),
            ("index.html", None, "100%25.js", "100%.js"),
            ("index.html", None, "%23.js", "#.js"),
            ("what?/#1%/index.html", None, "../../app.js", "app.js"),
            ("index.html", None, "gone.js", r#"Missing("gone.js")"#),
            ("index.html", None, "data:text/javascript,1", "Here"),
            ("index.html", None, "blob:x", "Nowhere"),
            ("index.html", None, "", "Nowhere"),
            ("index.html", None, "http://[", "Nowhere"),
        ] {
            assert_eq!(located(page, base, reference), expected, "{reference} on {page}");
        }
    }

    proptest! {
        #[test]
        fn every_file_is_found_from_its_own_folder(folder in "[^/\\\\0]{1,12}", name in "[a-z0-9]{1,8}\\.js") {
            prop_assume!(!matches!(folder.as_str(), "." | ".."));
            let path = format!("{folder}/{name}");
            let artifact = artifact(&[&path]);
            let site = Site::new(&artifact, "/", &[]);
            let base = site.base_of(&format!("{folder}/index.html"), None);
            prop_assert!(matches!(site.locate(&base, &name), Place::File(_)), "{:?}", site.locate(&base, &name));
        }
    }
}
