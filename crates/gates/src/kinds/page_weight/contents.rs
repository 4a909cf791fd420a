//! What a page makes the browser fetch, and the scripts and styles that it holds itself.

use crate::html::{self, Attributes, EndTag, StartTag, Visitor};

use super::stylesheet::Stylesheet;

/// The URLs in a page, as they are written and in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// `<base href>`, the first one.
    pub(super) base: Option<String>,
    /// Scripts that are no modules.
    pub(super) scripts: Vec<String>,
    /// Modules, and what the modules in the page import.
    pub(super) modules: Vec<String>,
    /// Stylesheets, and what the styles in the page import.
    pub(super) styles: Vec<String>,
    /// Of each image the files of which the browser takes one.
    pub(super) images: Vec<Vec<String>>,
    /// Fonts that the page preloads, and those of its own styles.
    pub(super) fonts: Vec<String>,
    /// The text of all scripts in the page itself.
    pub(super) inline_script: Vec<u8>,
    /// The text of all styles in the page itself.
    pub(super) inline_style: Vec<u8>,
}

/// Reads a page.
///
/// Only what a browser with scripts switched on fetches when it loads the page counts: not what is in comments,
/// `<noscript>` or an inert `<template>`, no `nomodule` script, no data block such as JSON-LD, no disabled or alternate
/// stylesheet, no image that waits until it is seen (`loading="lazy"`), no icon.
pub(super) fn read(page: &[u8]) -> Contents {
    let mut reader = Reader::default();
    html::read(page, &mut reader);
    reader.contents
}

#[derive(Debug, Default)]
struct Reader {
    contents: Contents,
    text: Text,
    /// The files of the sources of an open `<picture>`.
    picture: Option<Vec<String>>,
}

/// Where the text that comes next belongs, and where in it an open element began.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Text {
    #[default]
    Content,
    Script,
    Module(usize),
    Style(usize),
}

impl Visitor for Reader {
    fn start(&mut self, tag: &StartTag<'_>) {
        self.text = Text::Content;
        if tag.inert {
            return;
        }
        let attributes = tag.attributes;
        if tag.foreign {
            return self.foreign(tag);
        }
        match tag.name {
            b"script" => self.script(attributes, "src"),
            b"style" => self.text = Text::Style(self.contents.inline_style.len()),
            b"link" => self.link(attributes),
            b"base" if self.contents.base.is_none() => self.contents.base = value(attributes, "href"),
            b"picture" => self.picture = Some(Vec::new()),
            b"source" => {
                if let (Some(picture), Some(set)) = (&mut self.picture, attributes.get("srcset")) {
                    picture.extend(srcset(set));
                }
            }
            b"img" => {
                let mut files = self.picture.as_mut().map(std::mem::take).unwrap_or_default();
                files.extend(attributes.get("srcset").into_iter().flat_map(srcset));
                files.extend(value(attributes, "src"));
                if !is(attributes, "loading", "lazy") {
                    self.contents.images.push(files);
                }
            }
            b"video" => self.contents.images.extend(value(attributes, "poster").map(|url| vec![url])),
            b"input" if is(attributes, "type", "image") => {
                self.contents.images.extend(value(attributes, "src").map(|url| vec![url]));
            }
            _ => {}
        }
        if let Some(style) = attributes.get("style") {
            self.style(style);
        }
    }

    fn end(&mut self, tag: &EndTag<'_>) {
        match std::mem::take(&mut self.text) {
            Text::Module(start) => {
                let Contents { inline_script, modules, .. } = &mut self.contents;
                html::module::imports(&inline_script[start..], |specifier| modules.push(specifier.to_owned()));
            }
            Text::Style(start) => {
                let text = String::from_utf8_lossy(&self.contents.inline_style[start..]).into_owned();
                self.style(&text);
            }
            Text::Content | Text::Script => {}
        }
        if tag.name == b"picture" {
            self.picture = None;
        }
    }

    fn text(&mut self, text: &[u8], _: usize) {
        match self.text {
            Text::Script | Text::Module(_) => self.contents.inline_script.extend_from_slice(text),
            Text::Style(_) => self.contents.inline_style.extend_from_slice(text),
            Text::Content => {}
        }
    }
}

impl Reader {
    fn foreign(&mut self, tag: &StartTag<'_>) {
        let attributes = tag.attributes;
        let href = || ["href", "xlink:href"].iter().find_map(|name| value(attributes, name));
        match tag.name {
            b"image" | b"use" | b"feimage" => {
                self.contents.images.extend(href().filter(|url| !url.starts_with('#')).map(|url| vec![url]));
            }
            // Elements of SVG may close themselves.
            b"style" if !tag.self_closing => self.text = Text::Style(self.contents.inline_style.len()),
            b"script" => {
                self.script(attributes, if attributes.has("href") { "href" } else { "xlink:href" });
                if tag.self_closing {
                    self.text = Text::Content;
                }
            }
            _ => {}
        }
    }

    fn script(&mut self, attributes: &Attributes, source: &str) {
        let kind = value(attributes, "type").unwrap_or_default().to_ascii_lowercase();
        let is_module = kind == "module";
        if !is_module && (attributes.has("nomodule") || !is_javascript(&kind)) {
            return;
        }
        match value(attributes, source) {
            Some(url) if is_module => self.contents.modules.push(url),
            Some(url) => self.contents.scripts.push(url),
            // One with an empty `src` runs nothing, not even its text.
            None if attributes.has(source) => {}
            None if is_module => self.text = Text::Module(self.contents.inline_script.len()),
            None => self.text = Text::Script,
        }
    }

    fn link(&mut self, attributes: &Attributes) {
        let rel = attributes.get("rel").unwrap_or_default();
        let has = |token: &str| rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(token));
        let used_as = value(attributes, "as").unwrap_or_default().to_ascii_lowercase();
        let href = value(attributes, "href");
        let contents = &mut self.contents;
        match used_as.as_str() {
            "" | "script" if has("modulepreload") => contents.modules.extend(href),
            "script" if has("preload") => contents.scripts.extend(href),
            _ if has("stylesheet") && !has("alternate") && !attributes.has("disabled") => contents.styles.extend(href),
            "style" if has("preload") => contents.styles.extend(href),
            "font" if has("preload") => contents.fonts.extend(href),
            "image" if has("preload") => {
                let mut files: Vec<String> = attributes.get("imagesrcset").into_iter().flat_map(srcset).collect();
                files.extend(href);
                contents.images.push(files);
            }
            _ => {}
        }
    }

    fn style(&mut self, css: &str) {
        let Stylesheet { imports, fonts, images } = Stylesheet::read(css);
        self.contents.styles.extend(imports);
        self.contents.fonts.extend(fonts);
        self.contents.images.extend(images.into_iter().map(|url| vec![url]));
    }
}

/// Returns an attribute's value without blanks around it; nothing when it is empty.
fn value(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name).map(str::trim_ascii).filter(|value| !value.is_empty()).map(str::to_owned)
}

fn is(attributes: &Attributes, name: &str, expected: &str) -> bool {
    attributes.get(name).is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(expected))
}

/// Says whether a browser runs a script of this type, in lower case: a JavaScript type, or none at all.
fn is_javascript(kind: &str) -> bool {
    match kind.split_once('/') {
        None => kind.is_empty(),
        Some(("text" | "application", subtype)) => subtype.ends_with("javascript") || subtype.ends_with("ecmascript"),
        Some(_) => false,
    }
}

/// Returns the URLs of a `srcset`, as the HTML standard parses it: a URL may hold commas, but not end with one.
fn srcset(set: &str) -> impl Iterator<Item = String> {
    let mut rest = set;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == ',');
        let end = rest.find(|letter: char| letter.is_ascii_whitespace()).unwrap_or(rest.len());
        let (url, behind) = rest.split_at(end);
        rest = match url.ends_with(',') {
            true => behind,
            false => behind.split_once(',').map_or("", |(_, next)| next),
        };
        let url = url.trim_end_matches(',');
        (!url.is_empty()).then(|| url.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contents(html: &str) -> Contents {
        read(html.as_bytes())
    }

    fn scripts(html: &str) -> Vec<String> {
        contents(html).scripts
    }

    #[test]
    fn a_page_names_its_scripts_and_styles() {
        let page = contents(
            r#"<!doctype html><base href="/docs/"><link rel="StyleSheet" href="a.css"><link rel=preload as=style href=b.css>
            <link rel="modulepreload" href="c.js"><link rel=preload as=script href="d.js">
            <SCRIPT TYPE="module" SRC="e.js?v=1&amp;w=2"></SCRIPT><script src=f.js async></script>"#,
        );
        assert_eq!(page.base.as_deref(), Some("/docs/"));
        assert_eq!(page.styles, ["a.css", "b.css"]);
        assert_eq!(page.modules, ["c.js", "e.js?v=1&w=2"]);
        assert_eq!(page.scripts, ["d.js", "f.js"]);
    }

    #[test]
    fn what_the_browser_does_not_fetch_does_not_count() {
        for html in [
            "<!-- <script src=a.js></script> -->",
            "<noscript><script src=a.js></script></noscript>",
            "<template><script src=a.js></script></template>",
            "<textarea><script src=a.js></script></textarea>",
            "<title><script src=a.js></script></title>",
            "<style>/* <script src=a.js></script> */</style>",
            "<script>'<script src=a.js>'</script>",
            "<script nomodule src=a.js></script>",
            "<script type=text/template src=a.js></script>",
            "<link rel=prefetch as=script href=a.js>",
            "<link rel=preload as=image href=a.js>",
        ] {
            assert_eq!(scripts(html), Vec::<String>::new(), "{html}");
        }
        for html in ["<link rel='alternate stylesheet' href=a.css>", "<link rel=stylesheet disabled href=a.css>"] {
            assert_eq!(contents(html).styles, Vec::<String>::new(), "{html}");
        }
        for html in
            ["<img loading=lazy src=a.png>", "<link rel=icon href=a.png>", "<noscript><img src=a.png></noscript>"]
        {
            assert_eq!(contents(html).images, Vec::<Vec<String>>::new(), "{html}");
        }
    }

    #[test]
    fn what_is_odd_but_fetched_counts() {
        for html in [
            "<template shadowrootmode=open><script src=a.js></script></template>",
            "<template></template><script src=a.js></script>",
            "<svg><title/><style/></svg><script src=a.js></script>",
            "<svg><p><script src=a.js></script>",
            "<svg/><script src=a.js></script>",
            "<svg><script href=a.js /></svg>",
            "<script src=a.js src=b.js></script>",
            "<script src=' a.js '/></script>",
            "<p title='<script>'><script src=a.js></script>",
            "<noscript><p></noscript><script src=a.js></script>",
        ] {
            assert_eq!(scripts(html), ["a.js"], "{html}");
        }
    }

    #[test]
    fn text_of_scripts_and_styles_is_kept_and_data_is_not() {
        let page = contents(
            "<script>one</script>x<script type=application/ld+json>{}</script><style>two</style>\
             <script type=module>three</script><script src=a.js>not run</script>",
        );
        assert_eq!(page.inline_script, b"onethree");
        assert_eq!(page.inline_style, b"two");
    }

    #[test]
    fn scripts_and_styles_in_the_page_name_files_too() {
        let page = contents(
            "<script type=module>import './a.js'</script><script>import('./b.js')</script>\
             <style>@import 'c.css'; @font-face { src: url(d.woff2) } body { background: url(e.png) }</style>\
             <p style='background: url(f.png)'>",
        );
        assert_eq!(page.modules, ["./a.js"]);
        assert_eq!(page.styles, ["c.css"]);
        assert_eq!(page.fonts, ["d.woff2"]);
        assert_eq!(page.images, [["e.png"], ["f.png"]]);
    }

    #[test]
    fn of_an_image_all_files_are_known_that_a_browser_may_take() {
        let page = contents(
            "<picture><source srcset='a.avif 1x, a2.avif 2x'><img src=a.png></picture><img src=b.png>\
             <video poster=c.png></video><input type=image src=d.png><svg><image href=e.png /><use href='#x'/></svg>\
             <link rel=preload as=image href=f.png imagesrcset='f2.png 2x'>",
        );
        assert_eq!(
            page.images,
            [
                vec!["a.avif", "a2.avif", "a.png"],
                vec!["b.png"],
                vec!["c.png"],
                vec!["d.png"],
                vec!["e.png"],
                vec!["f2.png", "f.png"]
            ]
        );
    }

    #[test]
    fn a_srcset_is_taken_apart_as_browsers_do() {
        for (set, expected) in [
            ("a.png", vec!["a.png"]),
            ("a.png, b.png 2x", vec!["a.png", "b.png"]),
            ("a.png 1x,b.png 2x", vec!["a.png", "b.png"]),
            (" ,a,b.png 100w , c.png", vec!["a,b.png", "c.png"]),
            ("data:image/png;base64,AA== 1x, b.png", vec!["data:image/png;base64,AA==", "b.png"]),
            ("", vec![]),
            (",,", vec![]),
        ] {
            assert_eq!(srcset(set).collect::<Vec<_>>(), expected, "{set}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            read(&bytes);
        }

        #[test]
        fn a_script_is_found_behind_any_harmless_text(text in "[^<>]{0,64}", tag in "[a-z]{1,3}") {
            let html = format!("<{tag}>{text}</{tag}><script src=a.js></script>");
            prop_assert_eq!(scripts(&html), ["a.js"]);
        }

        #[test]
        fn a_srcset_of_plain_urls_is_found_whole(urls in prop::collection::vec("[a-z]{1,8}\\.png", 0..8)) {
            let set = urls.iter().map(|url| format!("{url} 2x")).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(srcset(&set).collect::<Vec<_>>(), urls);
        }
    }
}
