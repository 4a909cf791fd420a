//! A status page for everyone: files that any web server can send.

mod badge;
mod public;
mod statuspage;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};

use crate::server::feeds::{ICON, STYLE};
use crate::server::pages::{DAYS, Row, date};
use crate::{View, show};
use public::{PublicIncident, PublicWindow};

/// Where the status page is going to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicSite {
    /// Its address, with a slash at the end, such as `https://status.example.org/`.
    pub url: String,
}

/// Why there is no status page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The address is none, or not that of a folder.
    #[error("`{url}` is not the address of a folder on the web")]
    Address {
        /// The address.
        url: String,
    },
    /// It could not be written; that is a bug.
    #[error("the page could not be written")]
    Write {
        /// What the writer said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ExportError {
    /// Returns what to do next.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Address { .. } => "give an address such as `https://status.example.org/`, with a slash at its end",
            Self::Write { .. } => "report this with the file `api/v1/view.json` of the dashboard",
        }
    }
}

/// Makes a public status page of a view: paths below the page's folder, and what is in the files.
///
/// There are `index.html` and `incidents.html`, which run no script; `feed.atom` (RFC 4287); for each endpoint
/// `badges/<endpoint>.svg`, and `badges/<endpoint>.json` as shields.io reads it; and below `api/v2/` the documents of
/// Statuspage's public API. What everyone may not know is left out: endpoints that are hidden, addresses that are not
/// public, who did or said something, what is not marked as public in an incident, and whatever an error said. An
/// endpoint that is not being measured is left out of `api/v2/`, whose words have none for that, and is not called up.
///
/// # Errors
/// When the address is not that of a folder on the web.
pub fn export(view: &View, site: &PublicSite) -> Result<Vec<(String, Vec<u8>)>, ExportError> {
    let url = site.url.as_str();
    if show::link(url).is_none() || !url.ends_with('/') || url.contains(['?', '#']) {
        return Err(ExportError::Address { url: url.to_owned() });
    }
    let public = public::of(view);
    let today = date(view.at);
    let components: Vec<Component<'_>> = (public.endpoints.iter())
        .map(|endpoint| Component {
            row: Row::new(endpoint, today),
            days90: show::availability(&endpoint.uptime.days90),
            link: endpoint.url.as_deref().and_then(show::link),
            badge: slug(&endpoint.name),
        })
        .collect();
    let open: Vec<&PublicIncident> = public.incidents.iter().filter(|incident| incident.is_open()).collect();
    let page = |heading: &'static str| Frame { application: &view.application, heading, at: view };
    let index = Index {
        frame: page("Status"),
        summary: statuspage::description(&public),
        tone: statuspage::tone(&public),
        days: DAYS,
        components,
        open,
        windows: public.windows.iter().filter(|window| window.until > view.at).collect(),
    };
    let incidents = Incidents { frame: page("Incidents"), incidents: &public.incidents };
    let feed = Feed { application: &view.application, url, at: view, incidents: &public.incidents };
    let mut files = vec![
        ("index.html".to_owned(), render(&index)?),
        ("incidents.html".to_owned(), render(&incidents)?),
        ("feed.atom".to_owned(), without_forbidden(&render(&feed)?)),
        ("style.css".to_owned(), STYLE.as_bytes().to_vec()),
        ("favicon.svg".to_owned(), ICON.as_bytes().to_vec()),
    ];
    for endpoint in &public.endpoints {
        let name = slug(&endpoint.name);
        files.push((format!("badges/{name}.svg"), without_forbidden(badge::svg(endpoint).as_bytes())));
        files.push((format!("badges/{name}.json"), json(&badge::shields(endpoint))?));
    }
    for (path, document) in statuspage::documents(&public, url, &view.application, view.at) {
        files.push((format!("api/v2/{path}.json"), json(&document)?));
    }
    Ok(files)
}

/// What every page has.
struct Frame<'a> {
    application: &'a str,
    heading: &'static str,
    at: &'a View,
}

/// One endpoint on the page.
struct Component<'a> {
    row: Row<'a>,
    days90: Option<(crate::words::Share, crate::words::Share)>,
    link: Option<&'a str>,
    badge: String,
}

#[derive(Template)]
#[template(path = "public.html")]
struct Index<'a> {
    frame: Frame<'a>,
    summary: String,
    tone: &'static str,
    days: u16,
    components: Vec<Component<'a>>,
    open: Vec<&'a PublicIncident>,
    windows: Vec<&'a PublicWindow>,
}

#[derive(Template)]
#[template(path = "public_incidents.html")]
struct Incidents<'a> {
    frame: Frame<'a>,
    incidents: &'a [PublicIncident],
}

#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed<'a> {
    application: &'a str,
    url: &'a str,
    at: &'a View,
    incidents: &'a [PublicIncident],
}

fn render(template: &impl Template) -> Result<Vec<u8>, ExportError> {
    let written = template.render().map(String::into_bytes);
    written.map_err(|source| ExportError::Write { source: Box::new(source) })
}

fn json(document: &serde_json::Value) -> Result<Vec<u8>, ExportError> {
    serde_json::to_vec_pretty(document).map_err(|source| ExportError::Write { source: Box::new(source) })
}

/// Leaves out the characters that no document of XML 1.0 may hold, however they are written.
fn without_forbidden(text: &[u8]) -> Vec<u8> {
    let allowed = |each: &char| !matches!(each, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    String::from_utf8_lossy(text).chars().filter(allowed).collect::<String>().into_bytes()
}

/// Returns a name that can be a file's and part of an address: the same for the same, another for any other.
fn slug(name: &str) -> String {
    let plain = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-';
    if !name.is_empty() && name.len() <= 60 && name.chars().all(plain) {
        return name.to_owned();
    }
    let digits: String = hash(name).iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = name.to_lowercase().chars().take(40).map(|each| if plain(each) { each } else { '-' }).collect();
    format!("{}_{digits}", kept.trim_matches('-'))
}

/// Returns what is the same for the same text.
fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_name_becomes_a_file_of_its_own(names in prop::collection::btree_set(".*", 0..20)) {
            let slugs: BTreeSet<String> = names.iter().map(|name| slug(name)).collect();
            prop_assert_eq!(slugs.len(), names.len());
            for slug in slugs {
                prop_assert!(slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
                prop_assert!(!slug.is_empty() && slug.len() < 80);
            }
        }
    }
}
