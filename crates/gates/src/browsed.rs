//! What gates that open pages in Chromium have in common: which pages, how many of them, and the browser.

use std::time::Duration;

use charter_artifact::Artifact;
use charter_browser::{Browser, BrowserError, BrowserOptions};
use charter_host::Environment;
use globset::GlobMatcher;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::html::is_page;
use crate::{GateError, Subject, glob};

/// Returns the pages of a site that are not left out.
pub(crate) fn pages(artifact: &Artifact, exclude: &[GlobMatcher]) -> Vec<String> {
    let paths = artifact.files.iter().map(|file| &file.path);
    paths.filter(|path| is_page(path) && !glob::any(exclude, path)).cloned().collect()
}

/// Leaves out pages beyond a limit, and says so; `done` is what they would have been, as in `were not measured`.
pub(crate) fn bound(pages: &mut Vec<String>, limit: usize, done: &str, undecided: &mut Vec<String>) {
    let (all, over) = (pages.len(), pages.len().saturating_sub(limit));
    if over > 0 {
        undecided.push(format!("{over} of {all} pages were not {done}"));
        pages.truncate(limit);
    }
}

/// Returns where the release that is judged is served.
pub(crate) fn preview(subject: &Subject) -> Result<&str, GateError> {
    let unserved = || GateError::Unavailable { reason: "the staged release is not served".to_owned() };
    subject.preview.as_deref().ok_or_else(unserved)
}

/// Returns the address of a path of the preview.
pub(crate) fn address(preview: &str, path: &str) -> String {
    const SPECIAL: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');
    format!("{}/{}", preview.trim_end_matches('/'), utf8_percent_encode(path, SPECIAL))
}

/// Starts a browser for so many pages at once, each of which may take `limit`.
pub(crate) async fn start(
    environment: &Environment,
    pages_at_once: usize,
    limit: Duration,
) -> Result<Browser, GateError> {
    let options = BrowserOptions { pages_at_once, limit, ..BrowserOptions::default() };
    Browser::start(environment, &options).await.map_err(|error| {
        let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
        GateError::Unavailable { reason: format!("{}{help}", with_cause(&error)) }
    })
}

/// Says what went wrong in the browser, and why.
pub(crate) fn with_cause(error: &BrowserError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
