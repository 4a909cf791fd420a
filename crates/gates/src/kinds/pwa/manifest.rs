//! What a web app manifest says, and whether it is so.
//!
//! Source: <https://www.w3.org/TR/appmanifest/>; what browsers ask for to offer an installation,
//! <https://web.dev/articles/install-criteria>.

use std::collections::BTreeSet;

use charter_deploy_model::{Finding, Location};
use serde_json::{Map, Value};
use url::Url;

use super::icon::{self, Picture};
use super::pages::{Leads, Link, Place};

/// A larger manifest is not read, in bytes.
const LARGEST: u64 = 1 << 20;
/// A larger icon is not read, in bytes.
const LARGEST_ICON: u64 = 16 << 20;
/// More icons are not looked at.
const MOST_ICONS: usize = 100;
/// How an app is shown that is no mere page of a browser.
const DISPLAYS: [&str; 6] =
    ["standalone", "minimal-ui", "fullscreen", "window-controls-overlay", "tabbed", "borderless"];

/// What became of a manifest.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// What findings are about.
    pub(super) path: String,
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
    /// Whether it is a manifest at all.
    pub(super) is_readable: bool,
    /// Where the app starts, when that is on the site's host.
    pub(super) start: Option<Url>,
    /// The page that links it.
    pub(super) page: Option<Url>,
}

/// Reads a manifest and everything that it names.
pub(super) fn judge(place: &Place, link: Link, sizes: &[u32]) -> Judged {
    let Link { url, written, page, line, from } = link;
    let mut judged = Judged { path: page.clone(), ..Judged::default() };
    let Some(url) = url else {
        judged
            .undecided
            .push(format!("`{page}` links the manifest `{written}` of another host, which is not looked at"));
        return judged;
    };
    let gone = |message: String| {
        let place = Location::file(&page).line(line);
        Finding::new("pwa/manifest", &page, message).key(&written).at(place)
    };
    let Some(file) = place.file(&url) else {
        judged.findings.push(gone(format!("`{page}` links the manifest `{written}`, which is not in the site")));
        return judged;
    };
    judged.path.clone_from(&file.path);
    let bytes = match place.read(file, LARGEST) {
        Ok(bytes) => bytes,
        Err(what) => {
            judged.undecided.push(what);
            return judged;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let manifest = match parse(&text) {
        Ok(manifest) => manifest,
        Err((what, line)) => {
            let message = format!("`{}` is no web app manifest: {what}", file.path);
            let place = Location::file(&file.path).line(line);
            judged.findings.push(Finding::new("pwa/manifest", &file.path, message).key("unreadable").at(place));
            return judged;
        }
    };
    judged.is_readable = true;
    judged.page = Some(from);
    let reader = Reader { place, manifest: &manifest, text: &text, url: &url, path: &file.path };
    judged.findings.extend(reader.name());
    judged.findings.extend(reader.display());
    let (start, finding) = reader.start();
    judged.start = start;
    judged.findings.extend(finding);
    reader.icons(sizes, &mut judged);
    judged
}

/// Reads the text of a manifest; what is wrong with it, and in which line.
fn parse(text: &str) -> Result<Map<String, Value>, (String, u32)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX).max(1);
    match serde_json::from_str(text) {
        Ok(Value::Object(manifest)) => Ok(manifest),
        Ok(_) => Err(("it is no JSON object".to_owned(), 1)),
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
            Err((format!("it is no JSON: {error}"), line.clamp(1, lines)))
        }
    }
}

/// A manifest while it is read.
struct Reader<'a> {
    place: &'a Place,
    manifest: &'a Map<String, Value>,
    text: &'a str,
    url: &'a Url,
    path: &'a str,
}

impl Reader<'_> {
    fn finding(&self, code: &str, property: &str, key: &str, message: String) -> Finding {
        let place = Location::file(self.path);
        // JSON's reader does not say where a property is; as manifests are written, its name is found.
        let line = self.text.lines().position(|line| line.contains(&format!("\"{property}\"")));
        let place = match line.and_then(|line| u32::try_from(line + 1).ok()) {
            Some(line) => place.line(line),
            None => place,
        };
        Finding::new(format!("pwa/{code}"), self.path, message).key(key).at(place)
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.manifest.get(property)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    fn name(&self) -> Option<Finding> {
        let is_named = self.text("name").or_else(|| self.text("short_name")).is_some();
        (!is_named).then(|| {
            let message = format!("`{}` has neither a `name` nor a `short_name`", self.path);
            self.finding("name", "name", "name", message)
                .help("write `\"name\": \"…\"`, as it is to stand under the icon")
        })
    }

    fn display(&self) -> Option<Finding> {
        let is_app = |value: &Value| value.as_str().is_some_and(|value| DISPLAYS.contains(&value));
        let overrides = self.manifest.get("display_override").and_then(Value::as_array);
        let display = self.manifest.get("display");
        if display.is_some_and(is_app) || overrides.is_some_and(|values| values.iter().any(is_app)) {
            return None;
        }
        let message = match display.and_then(Value::as_str) {
            Some(value) => format!("`{}` asks for the display `{value}`, which is not an app's", self.path),
            None => format!("`{}` has no `display`, so that it is shown as a page of the browser", self.path),
        };
        Some(self.finding("display", "display", "display", message).help("write `\"display\": \"standalone\"`"))
    }

    /// Returns where the app starts, and what is wrong about that or its scope.
    fn start(&self) -> (Option<Url>, Option<Finding>) {
        let wrong = |key: &str, message: String| self.finding("start-url", "start_url", key, message);
        let Some(written) = self.text("start_url") else {
            let message =
                format!("`{}` has no `start_url`, so that the app starts wherever it was installed", self.path);
            let help = "write `\"start_url\": \"/\"`, or the path of the start page";
            return (None, Some(wrong("missing", message).help(help)));
        };
        let Leads::Here(start) = self.place.lead(self.url, written) else {
            let message = format!("`{}` starts at `{written}`, which is not on the site's host", self.path);
            let help = "write it without a host, or list the host in `hosts` when it is this site's";
            return (None, Some(wrong("elsewhere", message).help(help)));
        };
        let scope = self.text("scope").map(|written| (written, self.place.lead(self.url, written)));
        let finding = match scope {
            Some((_, Leads::Here(scope))) if start.path().starts_with(scope.path()) => None,
            Some((scope, _)) => {
                let message = format!("`{}` starts at `{written}`, which is outside of its scope `{scope}`", self.path);
                Some(wrong("scope", message).help("browsers ignore such a scope; widen it, or start within it"))
            }
            None => None,
        };
        (Some(start), finding)
    }

    fn icons(&self, sizes: &[u32], judged: &mut Judged) {
        let empty = Vec::new();
        let icons = self.manifest.get("icons").and_then(Value::as_array).unwrap_or(&empty);
        let (mut there, mut is_uncertain, mut has_maskable) = (BTreeSet::new(), false, false);
        for icon in icons.iter().take(MOST_ICONS) {
            let purpose = icon["purpose"].as_str().unwrap_or("any").to_ascii_lowercase();
            let is_for = |wanted: &str| purpose.split_ascii_whitespace().any(|word| word == wanted);
            match self.icon(icon) {
                Icon::Is(_) if !is_for("any") && !is_for("maskable") => {}
                Icon::Is(size) => {
                    has_maskable |= is_for("maskable");
                    there.extend(Some(size).filter(|_| is_for("any")));
                }
                Icon::NotTaken => {}
                Icon::Unknown(what) => {
                    is_uncertain = true;
                    judged.undecided.push(what);
                }
                Icon::Wrong { what, size } => {
                    there.extend(size.filter(|_| is_for("any")).map(Some));
                    let src = icon["src"].as_str().unwrap_or("icons");
                    judged.findings.push(self.finding("icon", src, src, what));
                }
            }
        }
        if icons.len() > MOST_ICONS {
            judged.undecided.push(format!("`{}` names more than {MOST_ICONS} icons", self.path));
        }
        for size in sizes {
            let is_there = there.iter().any(|icon| icon.is_none_or(|pixels| pixels >= *size));
            if !is_there && !is_uncertain {
                let message =
                    format!("`{}` names no icon that really is {size} pixels wide and high or larger", self.path);
                let help = "add a square PNG, WebP or SVG of that size whose `purpose` is `any`";
                judged.findings.push(self.finding("icon", "icons", &size.to_string(), message).help(help));
            }
        }
        if !has_maskable && !icons.is_empty() && !is_uncertain {
            let message = format!("`{}` names no icon that is `maskable`", self.path);
            judged.findings.push(self.finding("maskable", "icons", "maskable", message));
        }
    }

    /// Looks at an icon.
    fn icon(&self, icon: &Value) -> Icon {
        let Some(written) = icon["src"].as_str() else {
            return Icon::Wrong { what: format!("`{}` has an icon without a `src`", self.path), size: None };
        };
        let about = |what: &str| format!("`{}` names the icon `{written}`, which {what}", self.path);
        let wrong = |what: &str| Icon::Wrong { what: about(what), size: None };
        let url = match self.place.lead(self.url, written) {
            Leads::Here(url) => url,
            Leads::Malformed => return wrong("is no URL"),
            Leads::Elsewhere => {
                let short: String = written.chars().take(80).collect();
                let what = format!("`{}` names the icon `{short}`, which is no file of the site", self.path);
                return Icon::Unknown(what);
            }
        };
        let Some(file) = self.place.file(&url) else { return wrong("is not in the site") };
        let bytes = match self.place.read(file, LARGEST_ICON) {
            Ok(bytes) => bytes,
            Err(what) => return Icon::Unknown(what),
        };
        let sizes = icon["sizes"].as_str().unwrap_or_default().to_ascii_lowercase();
        match icon::read(&bytes) {
            Picture::None => wrong("is no picture that is whole"),
            Picture::Other => Icon::NotTaken,
            Picture::Drawing => Icon::Is(None),
            Picture::Pixels { width, height } => {
                let real = format!("{width}x{height}");
                let mut said = sizes.split_ascii_whitespace().filter(|size| *size != "any");
                match said.clone().find(|size| *size != real) {
                    // What is right of it counts all the same.
                    Some(size) => Icon::Wrong {
                        what: about(&format!("is {real} pixels large, and not {size}")),
                        size: said.any(|size| size == real && width == height).then_some(width),
                    },
                    None if width == height => Icon::Is(Some(width)),
                    None => Icon::NotTaken,
                }
            }
        }
    }
}

/// What an icon is.
enum Icon {
    /// A square of so many pixels, or a drawing of any size.
    Is(Option<u32>),
    /// A picture that is no icon for an app, which may be there beside those that are.
    NotTaken,
    /// It is at fault, which a sentence says, and may still be of one of the sizes that it claims.
    Wrong { what: String, size: Option<u32> },
    /// It could not be looked at, a sentence.
    Unknown(String),
}

/// Reads any file as a manifest, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(super) fn fuzz(file: &[u8]) {
    let text = String::from_utf8_lossy(file);
    let lines = text.lines().count().max(1);
    match parse(&text) {
        Ok(manifest) => {
            let root: Url = "http://127.0.0.1:1/docs/".parse().expect("a constant that is a URL");
            let artifact = charter_artifact::Artifact::from_files(std::path::PathBuf::new(), Vec::new());
            let place = Place::new(std::sync::Arc::new(artifact), root.clone(), Vec::new());
            let reader = Reader { place: &place, manifest: &manifest, text: &text, url: &root, path: "app" };
            let _ = (reader.name(), reader.display(), reader.start());
            let mut judged = Judged::default();
            reader.icons(&[192], &mut judged);
            let places = judged.findings.iter().flat_map(|finding| &finding.locations);
            assert!(places.filter_map(|place| place.line).all(|line| (line as usize) <= lines), "a line is outside");
        }
        Err((_, line)) => assert!((1..=lines).contains(&(line as usize)), "a line is outside"),
    }
}
