//! What a page makes the browser fetch, read from its HTML as a stream.

use std::io::{self, Read};

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{IoReader, Span, State, Tokenizer};

/// The scripts and styles that a page names or contains, URLs as they are written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// `<base href>`, the first one.
    pub(super) base: Option<String>,
    /// URLs of scripts, in the order of the page.
    pub(super) scripts: Vec<String>,
    /// URLs of stylesheets, in the order of the page.
    pub(super) styles: Vec<String>,
    /// The text of all scripts in the page itself.
    pub(super) inline_script: Vec<u8>,
    /// The text of all styles in the page itself.
    pub(super) inline_style: Vec<u8>,
}

/// Reads a page; holds one tag or one text at a time.
///
/// Only what a browser with scripts switched on fetches counts: not what is in comments, `<noscript>` or an inert
/// `<template>`, no `nomodule` script, no data block such as JSON-LD, no disabled or alternate stylesheet.
pub(super) fn read(page: impl Read) -> io::Result<Contents> {
    let mut reader = Reader::default();
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| reader.event(event));
    let mut tokenizer = Tokenizer::new_with_emitter(IoReader::new(page), emitter);
    // The browser's tree builder tells its tokenizer how to read on behind some tags; `Reader` stands in for it.
    while let Some(state) = tokenizer.next() {
        tokenizer.set_state(state?);
    }
    drop(tokenizer);
    Ok(reader.contents)
}

#[derive(Debug, Default)]
struct Reader {
    contents: Contents,
    tag: Tag,
    attribute: Option<Attribute>,
    text_is: Text,
    /// How many `<svg>` and `<math>` are open: what looks like HTML in them is none.
    foreign: usize,
    /// Whether each open `<template>` is inert.
    templates: Vec<bool>,
}

/// Where the text that comes next belongs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Text {
    #[default]
    Content,
    Script,
    Style,
}

/// The start tag being read; only what decides something is kept.
#[derive(Debug, Default)]
struct Tag {
    name: Vec<u8>,
    src: Option<String>,
    href: Option<String>,
    rel: Option<String>,
    kind: Option<String>,
    used_as: Option<String>,
    is_nomodule: bool,
    is_disabled: bool,
    is_shadow_root: bool,
}

#[derive(Debug, Clone, Copy)]
enum Attribute {
    Src,
    Href,
    Rel,
    Type,
    As,
}

impl Reader {
    /// Hears of a piece of the page, and returns how the tokenizer must read on where that is not the usual way.
    fn event(&mut self, event: CallbackEvent<'_>) -> Option<State> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Tag { name: name.to_vec(), ..Tag::default() };
                self.attribute = None;
            }
            CallbackEvent::AttributeName { name } => self.attribute = self.attribute_named(name),
            CallbackEvent::AttributeValue { value } => self.attribute_value(value),
            CallbackEvent::CloseStartTag { self_closing } => return self.start_tag(self_closing),
            CallbackEvent::EndTag { name } => self.end_tag(name),
            CallbackEvent::String { value } => match self.text_is {
                Text::Script => self.contents.inline_script.extend_from_slice(value),
                Text::Style => self.contents.inline_style.extend_from_slice(value),
                Text::Content => {}
            },
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
        None
    }

    fn attribute_named(&mut self, name: &[u8]) -> Option<Attribute> {
        if !matches!(self.tag.name.as_slice(), b"script" | b"link" | b"base" | b"template") {
            return None;
        }
        match name {
            b"nomodule" => self.tag.is_nomodule = true,
            b"disabled" => self.tag.is_disabled = true,
            b"shadowrootmode" => self.tag.is_shadow_root = true,
            _ => {}
        }
        let attribute = match name {
            b"src" => Attribute::Src,
            b"href" => Attribute::Href,
            b"rel" => Attribute::Rel,
            b"type" => Attribute::Type,
            b"as" => Attribute::As,
            _ => return None,
        };
        // Of two attributes of one name the first counts; one without a value is empty.
        let slot = self.tag.slot(attribute);
        slot.is_none().then(|| {
            *slot = Some(String::new());
            attribute
        })
    }

    fn attribute_value(&mut self, value: &[u8]) {
        if let Some(attribute) = self.attribute.take() {
            *self.tag.slot(attribute) = Some(String::from_utf8_lossy(value).trim().to_owned());
        }
    }

    fn start_tag(&mut self, self_closing: bool) -> Option<State> {
        let tag = std::mem::take(&mut self.tag);
        self.text_is = Text::Content;
        if leaves_foreign_content(&tag.name) {
            self.foreign = 0;
        }
        if matches!(tag.name.as_slice(), b"svg" | b"math") {
            self.foreign += usize::from(!self_closing);
            return None;
        }
        let counts = !self.templates.contains(&true);
        if self.foreign > 0 {
            // Elements of SVG may close themselves, and the tokenizer reads on as if nothing had happened.
            if counts && !self_closing {
                self.text_is = text_of(&tag);
            }
            return None;
        }
        let next = html5gum::naive_next_state(&tag.name);
        match tag.name.as_slice() {
            b"template" => self.templates.push(!tag.is_shadow_root),
            _ if !counts => {}
            b"base" => self.contents.base = self.contents.base.take().or(tag.href),
            b"link" => self.link(tag),
            b"script" if tag.src.is_some() => {
                if tag.is_script() {
                    self.contents.scripts.extend(tag.src);
                }
            }
            _ => self.text_is = text_of(&tag),
        }
        next
    }

    fn link(&mut self, tag: Tag) {
        let Some(href) = tag.href else { return };
        let rel = tag.rel.unwrap_or_default().to_ascii_lowercase();
        let has = |token| rel.split_ascii_whitespace().any(|word| word == token);
        let used_as = tag.used_as.unwrap_or_default().to_ascii_lowercase();
        let is_module = has("modulepreload") && matches!(used_as.as_str(), "" | "script");
        let is_style = has("stylesheet") && !has("alternate") && !tag.is_disabled;
        if is_module || (has("preload") && used_as == "script") {
            self.contents.scripts.push(href);
        } else if is_style || (has("preload") && used_as == "style") {
            self.contents.styles.push(href);
        }
    }

    fn end_tag(&mut self, name: &[u8]) {
        self.text_is = Text::Content;
        match name {
            b"svg" | b"math" => self.foreign = self.foreign.saturating_sub(1),
            b"template" if self.foreign == 0 => {
                self.templates.pop();
            }
            _ => {}
        }
    }
}

impl Tag {
    const fn slot(&mut self, attribute: Attribute) -> &mut Option<String> {
        match attribute {
            Attribute::Src => &mut self.src,
            Attribute::Href => &mut self.href,
            Attribute::Rel => &mut self.rel,
            Attribute::Type => &mut self.kind,
            Attribute::As => &mut self.used_as,
        }
    }

    /// Says whether a `<script>` holds or names what a browser runs: a module, or a JavaScript type, or none at all.
    fn is_script(&self) -> bool {
        let kind = self.kind.as_deref().unwrap_or_default().to_ascii_lowercase();
        let runs = match kind.split_once('/') {
            None => matches!(kind.as_str(), "" | "module"),
            Some(("text" | "application", subtype)) => {
                subtype.ends_with("javascript") || subtype.ends_with("ecmascript")
            }
            Some(_) => false,
        };
        runs && !self.is_nomodule
    }
}

fn text_of(tag: &Tag) -> Text {
    match tag.name.as_slice() {
        b"script" if tag.is_script() => Text::Script,
        b"style" => Text::Style,
        _ => Text::Content,
    }
}

/// Says whether a tag ends all open `<svg>` and `<math>`, as the HTML standard lists them ("breaks out").
fn leaves_foreign_content(name: &[u8]) -> bool {
    const TAGS: &[&str] = &[
        "b",
        "big",
        "blockquote",
        "body",
        "br",
        "center",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "embed",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "i",
        "img",
        "li",
        "listing",
        "menu",
        "meta",
        "nobr",
        "ol",
        "p",
        "pre",
        "ruby",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tt",
        "u",
        "ul",
        "var",
    ];
    std::str::from_utf8(name).is_ok_and(|name| TAGS.binary_search(&name).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contents(html: &str) -> Contents {
        read(html.as_bytes()).unwrap()
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
        assert_eq!(page.scripts, ["c.js", "d.js", "e.js?v=1&w=2", "f.js"]);
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
    }

    #[test]
    fn what_is_odd_but_fetched_counts() {
        for html in [
            "<template shadowrootmode=open><script src=a.js></script></template>",
            "<template></template><script src=a.js></script>",
            "<svg><title/><style/></svg><script src=a.js></script>",
            "<svg><p><script src=a.js></script>",
            "<svg/><script src=a.js></script>",
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

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            prop_assert!(read(bytes.as_slice()).is_ok());
        }

        #[test]
        fn a_script_is_found_behind_any_harmless_text(text in "[^<>]{0,64}", tag in "[a-z]{1,3}") {
            let html = format!("<{tag}>{text}</{tag}><script src=a.js></script>");
            prop_assert_eq!(scripts(&html), ["a.js"]);
        }
    }
}
