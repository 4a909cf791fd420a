//! References in files that are no pages: web app manifests, sitemaps, feeds, `robots.txt`.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

use super::references::{Contents, Role};

/// Why a file could not be read to its end, and where, in bytes.
pub(crate) type Torn = Option<(String, usize)>;

/// Reads a web app manifest: its pages, icons and screenshots.
///
/// Source: <https://www.w3.org/TR/appmanifest/>.
pub(crate) fn of_manifest(text: &str) -> (Contents, Torn) {
    let mut contents = Contents::default();
    let manifest: Value = match serde_json::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let at = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            return (contents, Some(("is not JSON".to_owned(), at)));
        }
    };
    let mut refer = |role, value: &Value| {
        if let Some(url) = value.as_str() {
            // serde_json does not say where a string was; as manifests are written, it is found as it is.
            let at = text.find(&format!("\"{url}\"")).map_or(0, |quote| quote + 1);
            contents.refer(role, url, at);
        }
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    refer(Role::Link, &manifest["start_url"]);
    for image in list(&manifest["icons"]).iter().chain(&list(&manifest["screenshots"])) {
        refer(Role::Resource, &image["src"]);
    }
    for shortcut in list(&manifest["shortcuts"]) {
        refer(Role::Link, &shortcut["url"]);
        list(&shortcut["icons"]).iter().for_each(|icon| refer(Role::Resource, &icon["src"]));
    }
    (contents, None)
}

/// The sorts of XML that refer to pages, told by the root element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// `urlset` and `sitemapindex`: <https://www.sitemaps.org/protocol.html>.
    Sitemap,
    /// RSS, whose `link` holds text.
    Rss,
    /// Atom, whose `link` has an attribute: RFC 4287.
    Atom,
}

/// Reads a sitemap or a feed; any other XML refers to nothing.
pub(crate) fn of_xml(xml: &str) -> (Contents, Torn) {
    let mut contents = Contents::default();
    let mut reader = Reader::from_str(xml);
    reader.config_mut().allow_dangling_amp = true;
    let mut sort = None;
    // Where the text of the innermost element begins, when that is a URL.
    let mut open: Option<usize> = None;
    loop {
        let before = position(&reader);
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                sort = sort.or_else(|| sort_of(&tag));
                let Some(sort) = sort else { return (contents, None) };
                open = holds_url(sort, &tag).then(|| position(&reader));
                attributes(&mut contents, sort, &tag, before);
            }
            Ok(Event::Empty(tag)) => {
                let Some(sort) = sort else { return (contents, None) };
                attributes(&mut contents, sort, &tag, before);
            }
            Ok(Event::End(_)) => {
                if let Some(start) = open.take() {
                    text(&mut contents, xml.get(start..before).unwrap_or_default(), start);
                }
            }
            Ok(Event::Eof) => return (contents, None),
            Ok(_) => {}
            Err(error) => {
                let torn = sort.is_some().then(|| (format!("is not well-formed: {error}"), before));
                return (contents, torn);
            }
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn sort_of(root: &BytesStart<'_>) -> Option<Sort> {
    match root.local_name().into_inner() {
        "urlset" | "sitemapindex" => Some(Sort::Sitemap),
        "rss" | "RDF" => Some(Sort::Rss),
        "feed" => Some(Sort::Atom),
        _ => None,
    }
}

fn holds_url(sort: Sort, tag: &BytesStart<'_>) -> bool {
    match sort {
        Sort::Sitemap => tag.local_name().into_inner() == "loc",
        Sort::Rss => tag.name().into_inner() == "link",
        Sort::Atom => false,
    }
}

fn attributes(contents: &mut Contents, sort: Sort, tag: &BytesStart<'_>, at: usize) {
    let (role, attribute) = match (sort, tag.local_name().into_inner()) {
        (_, "link") => (Role::Link, "href"),
        (Sort::Rss, "enclosure") => (Role::Resource, "url"),
        (Sort::Atom, "content") => (Role::Link, "src"),
        _ => return,
    };
    if let Ok(Some(url)) = tag.try_get_attribute(attribute)
        && let Ok(url) = url.normalized_value(XmlVersion::Implicit1_0)
    {
        contents.refer(role, &url, at);
    }
}

fn text(contents: &mut Contents, raw: &str, at: usize) {
    let bare = raw.trim();
    let at = at + (raw.len() - raw.trim_start().len());
    match bare.strip_prefix("<![CDATA[").and_then(|bare| bare.strip_suffix("]]>")) {
        Some(url) => contents.refer(Role::Link, url, at),
        None => {
            if let Ok(url) = quick_xml::escape::unescape(bare) {
                contents.refer(Role::Link, &url, at);
            }
        }
    }
}

/// Reads a `sitemap.txt`: a URL a line.
pub(crate) fn of_lines(text: &str) -> Contents {
    let mut contents = Contents::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        contents.refer(Role::Link, line, at);
        at += line.len();
    }
    contents
}

/// Reads a `robots.txt`: the sitemaps that it names.
pub(crate) fn of_robots(text: &str) -> Contents {
    let mut contents = Contents::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some((field, url)) = line.split_once(':')
            && field.trim().eq_ignore_ascii_case("sitemap")
        {
            let url_end = url.find('#').unwrap_or(url.len());
            contents.refer(Role::Link, &url[..url_end], at + field.len() + 1);
        }
        at += line.len();
    }
    contents
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(contents: &Contents) -> Vec<&str> {
        contents.references.iter().map(|one| contents.text(one)).collect()
    }

    #[test]
    fn a_manifest_names_pages_and_images() {
        let text = r#"{"start_url": "/", "icons": [{"src": "a.png"}], "screenshots": [{"src": "b.png"}],
            "shortcuts": [{"url": "c.html", "icons": [{"src": "d.png"}]}], "scope": 7}"#;
        let (contents, torn) = of_manifest(text);
        assert_eq!(texts(&contents), ["/", "a.png", "b.png", "c.html", "d.png"]);
        assert!(contents.references.iter().all(|one| text[one.at..].starts_with(contents.text(one))));
        assert_eq!(torn, None);
        assert_eq!(of_manifest("{\n  oops").1, Some(("is not JSON".to_owned(), 2)));
    }

    #[test]
    fn sitemaps_and_feeds_name_pages() {
        for (xml, expected) in [
            (
                "<?xml version='1.0'?><urlset xmlns='x'><url><loc> https://example.org/a?b=1&amp;c </loc></url></urlset>",
                vec!["https://example.org/a?b=1&c"],
            ),
            ("<sitemapindex><sitemap><loc>a.xml</loc></sitemap></sitemapindex>", vec!["a.xml"]),
            (
                "<urlset><url><loc>a</loc><xhtml:link rel='alternate' href='b'/><image:loc>c</image:loc></url></urlset>",
                vec!["a", "b", "c"],
            ),
            (
                "<rss><channel><link>a</link><atom:link href='b'/><item><link><![CDATA[c]]></link>\
                 <enclosure url='d.mp3'/></item></channel></rss>",
                vec!["a", "b", "c", "d.mp3"],
            ),
            (
                "<feed><link href='a&amp;b'/><entry><link href='c'></link><content src='d'/></entry></feed>",
                vec!["a&b", "c", "d"],
            ),
            ("<note><link href='a'/></note>", vec![]),
        ] {
            let (contents, torn) = of_xml(xml);
            assert_eq!(texts(&contents), expected, "{xml}");
            assert_eq!(torn, None, "{xml}");
        }
    }

    #[test]
    fn what_stands_before_a_tear_is_read() {
        let (contents, torn) = of_xml("<urlset><url><loc>a</loc></oops>");
        assert_eq!(texts(&contents), ["a"]);
        assert!(torn.as_ref().is_some_and(|(_, at)| *at == 25), "{torn:?}");
        assert_eq!(of_xml("<note></oops>").1, None);
    }

    #[test]
    fn text_files_name_urls_by_line() {
        let text = "https://example.org/a\r\n\n  https://example.org/b";
        let contents = of_lines(text);
        assert_eq!(texts(&contents), ["https://example.org/a", "https://example.org/b"]);
        assert!(contents.references.iter().all(|one| text[one.at..].starts_with(contents.text(one))));
        let contents = of_robots("User-agent: *\nSITEMAP : https://example.org/sitemap.xml # here\nDisallow: /x\n");
        assert_eq!(texts(&contents), ["https://example.org/sitemap.xml"]);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(<|>|/|urlset|rss|feed|loc|link|href=|'|\"|&|;|!\\[CDATA\\[|\\]\\]|\\{|:|\n|é){0,40}") {
            let _ = (of_xml(&text), of_manifest(&text), of_lines(&text), of_robots(&text));
        }
    }
}
