//! The parsers of this crate, laid open to the fuzzers in `fuzz/`. No API: it changes without notice.
//!
//! Each takes whatever comes, and panics when a promise of the parser does not hold.

use std::borrow::Cow;

use crate::html::css::{self, Piece};
use crate::html::{self, EndTag, StartTag, Visitor};
use crate::import;
use crate::kinds::{
    code_quality, compose, core_web_vitals, dependencies, dockerfile, headers, html as html_gate, kubernetes, licenses,
    lighthouse, links, migrations, page_weight, policy, pwa, runbook, sbom, secrets, typescript, zero_actions,
};

/// Reads a page: every tag and text is where it is said to be.
pub fn html(page: &[u8]) {
    /// The page, and where the last error is: to find the line of each would take too long.
    struct Checks<'a>(&'a [u8], usize);

    impl Visitor for Checks<'_> {
        const WANTS_ERRORS: bool = true;

        fn start(&mut self, tag: &StartTag<'_>) {
            assert_eq!(self.0.get(tag.at), Some(&b'<'), "a start tag begins elsewhere");
            for (name, _) in tag.attributes.iter() {
                assert!(tag.attributes.has(name), "an attribute is listed that is not there");
                let at = tag.attributes.at(name).expect("it is there");
                assert!((tag.at..=self.0.len()).contains(&at), "an attribute is outside its tag");
            }
        }

        fn end(&mut self, tag: &EndTag<'_>) {
            assert_eq!(self.0.get(tag.at), Some(&b'<'), "an end tag begins elsewhere");
        }

        fn text(&mut self, _text: &[u8], at: usize) {
            assert!(at <= self.0.len(), "a text is outside the page");
        }

        fn error(&mut self, _error: html5gum::Error, at: usize) {
            assert!(at <= self.0.len(), "an error is outside the page");
            self.1 = at;
        }
    }

    let mut checks = Checks(page, 0);
    html::read(page, &mut checks);
    let (line, column) = html::position(page, checks.1);
    let lines = page.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!((1..=lines).contains(&(line as usize)) && column > 0, "an error is in no line of the page");
}

/// Judges a page as the gate `html` does, and finds what it loads as `page-weight` does.
pub fn page(page: &[u8]) {
    html_gate::fuzz(page);
    page_weight::fuzz(page);
}

/// Reads a stylesheet: every piece is where it is said to be.
pub fn css(text: &str) {
    css::read(text, |piece, at| {
        assert!(text.is_char_boundary(at), "a piece is outside the text");
        // One with escapes in it is not in the text as it is.
        if let Piece::Import(Cow::Borrowed(url)) | Piece::Font(Cow::Borrowed(url)) | Piece::Other(Cow::Borrowed(url)) =
            piece
        {
            assert!(text[at..].starts_with(url), "a URL is elsewhere");
        }
    });
}

/// Reads a module's imports.
pub fn module(script: &[u8]) {
    html::module::imports(script, |_| {});
}

/// Reads all that a page, an SVG image or a stylesheet refers to: every reference is in the file.
pub fn references(file: &[u8]) {
    let of_style = links::references::of_stylesheet(&String::from_utf8_lossy(file));
    for contents in [links::references::of_page(file), of_style] {
        for reference in &contents.references {
            assert!(!contents.text(reference).is_empty(), "an empty reference leads nowhere");
        }
    }
    links::syntax::candidates(&String::from_utf8_lossy(file), |url, _| assert!(!url.is_empty()));
}

/// Reads web app manifests, sitemaps, feeds and lists of URLs.
pub fn documents(text: &str) {
    use links::documents;
    for (_, torn) in [documents::of_manifest(text), documents::of_xml(text)] {
        assert!(torn.is_none_or(|(_, at)| at <= text.len()), "it is torn outside the text");
    }
    for contents in [documents::of_lines(text), documents::of_robots(text)] {
        for reference in &contents.references {
            assert!(reference.is_overlong || text[reference.at..].starts_with(contents.text(reference)));
        }
    }
}

/// Returns where a reference on a page of a site under `/docs/` leads, when that is a path of its host.
#[must_use]
pub fn address(page: &str, reference: &str) -> Option<String> {
    let site = links::address::Site::new("/docs/", &[]);
    let mut path = String::new();
    match site.resolve(&site.base_of(page, None), reference, &mut path) {
        links::address::Address::Site { .. } => Some(path),
        _ => None,
    }
}

/// Looks for secrets in a file.
pub fn secrets(file: &[u8]) {
    secrets::fuzz(file);
}

/// Reads a workflow of GitHub Actions.
pub fn workflow(file: &[u8]) {
    zero_actions::fuzz(file);
}

/// Judges a Dockerfile: every line it names is in the file.
pub fn dockerfile(file: &[u8]) {
    dockerfile::fuzz(file);
}

/// Reads manifests of Kubernetes and judges them: every fault is in a line of the file.
pub fn manifest(file: &[u8]) {
    kubernetes::fuzz(file);
}

/// Reads a Compose file and judges it: every fault is in a line of the file.
pub fn compose_file(file: &[u8]) {
    compose::fuzz(file);
}

/// Reads a lock file, whatever program wrote it.
pub fn lock(text: &str) {
    crate::packages::fuzz(text);
}

/// Reads an advisory of OSV or RustSec, and asks it about a version.
pub fn advisory(file: &[u8]) {
    dependencies::fuzz(file);
}

/// Reads Content Security Policies, one a line, and a cookie.
pub fn csp(text: &str) {
    headers::fuzz_csp(text);
}

/// Reads a file `_headers`: every problem is in a line of it.
pub fn headers_file(text: &str) {
    headers::fuzz_file(text);
}

/// Reads Lighthouse's report: every figure is a number that can be one.
pub fn lhr(file: &[u8]) {
    lighthouse::fuzz(file);
}

/// Reads what a page says of its own vitals.
pub fn vitals(answer: &[u8]) {
    core_web_vitals::fuzz(answer);
}

/// Judges a text as migrations of each database: every line it names is in the file.
pub fn migration(file: &[u8]) {
    migrations::fuzz(file);
}

/// Reads a document that a policy is about, whatever its name says, and the annotations of a policy.
pub fn policy(file: &[u8]) {
    policy::fuzz(file);
}

/// Finds the sections of a Markdown file.
pub fn runbook(text: &str) {
    runbook::fuzz(text);
}

/// Reads what a package says of its licence where it is installed, and judges it.
pub fn license(text: &str) {
    licenses::fuzz(text);
}

/// Reads a bill of materials: what it lists has a name and a version.
pub fn bill(text: &str) {
    sbom::fuzz(text);
}

/// Reads what linters print.
pub fn linter(printed: &[u8]) {
    code_quality::fuzz(printed);
}

/// Imports a file under each name that is looked for.
pub fn foreign(file: &[u8]) {
    for name in import::USUAL {
        import::fuzz(name, file);
    }
}

/// Reads what type checkers print: every error has a place that can be one.
pub fn types(printed: &[u8]) {
    typescript::fuzz(printed);
}

/// Reads a web app manifest and the head of an icon.
pub fn app_manifest(file: &[u8]) {
    pwa::fuzz(file);
}
